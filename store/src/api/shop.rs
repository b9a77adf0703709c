//! The web shop's own API: orders, payments, refunds, stock. Every call carries a key (`api-key create`).

mod answer;
mod asked;
mod orders;
mod stock;

use super::Api;
use crate::api_keys;
use crate::db::DbError;
use answer::Problem;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use axum::routing::{get, post};

/// Largest body of a request.
const BODY_BYTES_MAX: usize = 256 * 1024;

pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/orders", post(orders::place).get(orders::list))
        .route("/orders/{id}", get(orders::find))
        .route("/orders/{id}/pay", post(orders::pay))
        .route("/orders/{id}/cancel", post(orders::cancel))
        .route("/orders/{id}/start", post(orders::start))
        .route("/orders/{id}/ship", post(orders::ship))
        .route("/orders/{id}/deliver", post(orders::deliver))
        .route("/orders/{id}/refunds", post(orders::refund))
        .route("/orders/{id}/documents", get(orders::documents))
        .route("/orders/{id}/documents/{number}/pdf", get(orders::pdf))
        .route("/products/{sku}/stock/check", get(stock::check))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
}

/// The answer where there is no such path.
pub(super) fn unknown_path(path: &str) -> Response {
    let message = format!("there is no {path}");
    Problem::new(StatusCode::NOT_FOUND, "request.unknown_path", message).response()
}

/// The answer where the path takes other methods; they stand in `Allow`.
pub(super) fn wrong_method(path: &str) -> Response {
    let message = format!("{path} does not take this method");
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "request.method", message).response()
}

/// Checks the key and runs the work on a blocking thread. The work is given the name of the key.
async fn serve(
    api: Api,
    headers: HeaderMap,
    work: impl FnOnce(&Api, &str) -> Result<Response, Problem> + Send + 'static,
) -> Response {
    let Ok(_permit) = api.in_flight.clone().try_acquire_owned() else {
        return Problem::from(DbError::Busy).response();
    };
    let done = tokio::task::spawn_blocking(move || {
        let name = key_name(&api, &headers)?;
        work(&api, &name)
    });
    match done.await {
        Ok(Ok(response)) => response,
        Ok(Err(problem)) => problem.response(),
        Err(_) => Problem::internal().response(),
    }
}

fn key_name(api: &Api, headers: &HeaderMap) -> Result<String, Problem> {
    let said = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let key = said.and_then(|text| text.strip_prefix("Bearer ")).map(str::trim);
    let key = key.ok_or_else(Problem::no_key)?;
    api.store.gate.read(|tx| api_keys::verify(tx, key))?.ok_or_else(Problem::no_key)
}
