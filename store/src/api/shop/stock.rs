//! How much of a product there is for the web.

use super::answer::{Problem, answer};
use super::asked::{Asked, Named};
use super::{Api, serve};
use crate::stock::{self, Availability};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use daybook_domain::ids::{LocationId, Sku};

pub(super) async fn check(
    State(api): State<Api>,
    named: Named,
    asked: Asked,
    headers: HeaderMap,
) -> Response {
    serve(api, headers, move |api, _| {
        let sku = Sku::new(named.text("sku")).map_err(|error| Problem::field("sku", error))?;
        let location: Option<LocationId> = asked.get("location")?;
        let found: Option<Availability> =
            api.store.gate.read(|tx| stock::available(tx, &sku, location.as_ref()))?;
        match found {
            Some(found) => answer(StatusCode::OK, &found),
            None => Err(Problem::new(StatusCode::NOT_FOUND, "stock.unknown_sku", "sku: unknown")),
        }
    })
    .await
}
