//! HTTP: small handlers that read, run one use-case on a blocking thread, and answer.

mod shop;
mod sync;
mod unknown;

use crate::open::Store;
use axum::Router;
use axum::body::{Body, HttpBody};
use axum::routing::get;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Requests at work or waiting for the database at once; more are told to come back.
const IN_FLIGHT_MAX: usize = 256;
/// Pushes on their way in at once, as many as a chain has tills.
const ARRIVING_MAX: usize = 1_024;
/// Small calls on their way in at once.
const ARRIVING_JSON_MAX: usize = 256;
/// Calls of the shop on their way in at once.
const ARRIVING_SHOP_MAX: usize = 256;

/// What every handler is given.
#[derive(Clone)]
pub struct Api {
    store: Store,
    in_flight: Arc<Semaphore>,
    arriving: Arc<Semaphore>,
    arriving_json: Arc<Semaphore>,
    arriving_shop: Arc<Semaphore>,
}

impl Api {
    /// Handlers over an open store.
    #[must_use]
    pub fn new(store: Store) -> Self {
        let places = |count| Arc::new(Semaphore::new(count));
        Self {
            store,
            in_flight: places(IN_FLIGHT_MAX),
            arriving: places(ARRIVING_MAX),
            arriving_json: places(ARRIVING_JSON_MAX),
            arriving_shop: places(ARRIVING_SHOP_MAX),
        }
    }

    /// The open store.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }
}

/// Whether a body says of itself that it is larger.
fn is_larger(body: &Body, max: usize) -> bool {
    usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX) > max
}

/// All routes. Each area merges its own.
pub fn router(api: Api) -> Router {
    Router::new()
        .route("/health", get(|| async { "ok" }))
        .merge(sync::routes())
        .merge(shop::routes())
        .fallback(unknown::path)
        .method_not_allowed_fallback(unknown::method)
        .with_state(api)
}
