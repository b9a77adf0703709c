//! HTTP: small handlers that read, run one use-case on a blocking thread, and answer.

mod shop;
mod sync;
mod unknown;

use crate::open::Store;
use axum::Router;
use axum::routing::get;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Requests at work or waiting for the database at once; more are told to come back.
const IN_FLIGHT_MAX: usize = 256;
/// Pushes on their way in at once, as many as a chain has tills.
const ARRIVING_MAX: usize = 1_024;
/// Small calls on their way in at once.
const ARRIVING_JSON_MAX: usize = 256;

/// What every handler is given.
#[derive(Clone)]
pub struct Api {
    store: Store,
    in_flight: Arc<Semaphore>,
    arriving: Arc<Semaphore>,
    arriving_json: Arc<Semaphore>,
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
        }
    }

    /// The open store.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }
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
