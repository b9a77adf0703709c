//! HTTP: small handlers that read, run one use-case on a blocking thread, and answer.

mod shop;
mod sync;
mod unknown;

use crate::open::Store;
use axum::Router;
use axum::routing::get;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Requests of tills at work or waiting at once; more are told to come back.
const IN_FLIGHT_MAX: usize = 256;

/// What every handler is given.
#[derive(Clone)]
pub struct Api {
    store: Store,
    in_flight: Arc<Semaphore>,
}

impl Api {
    /// Handlers over an open store.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self { store, in_flight: Arc::new(Semaphore::new(IN_FLIGHT_MAX)) }
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
