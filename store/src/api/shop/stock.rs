//! How much of a product there is for the web.

use super::answer::{Problem, answer};
use super::{Api, serve};
use crate::stock::{self, Availability};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use daybook_domain::ids::{LocationId, Sku};
use serde::Deserialize;

#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    location: Option<String>,
}

pub(super) async fn check(
    State(api): State<Api>,
    Path(sku): Path<String>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Response {
    serve(api, headers, move |api, _| {
        let sku = Sku::new(sku).map_err(|error| Problem::field("sku", error))?;
        let location = asked.location.map(LocationId::new).transpose();
        let location = location.map_err(|error| Problem::field("location", error))?;
        let found: Option<Availability> =
            api.store.gate.read(|tx| stock::available(tx, &sku, location.as_ref()))?;
        match found {
            Some(found) => answer(StatusCode::OK, &found),
            None => Err(Problem::new(StatusCode::NOT_FOUND, "stock.unknown_sku", "sku: unknown")),
        }
    })
    .await
}
