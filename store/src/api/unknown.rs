//! Paths and methods that this server does not have: an error body like every other, in the words of the area.

use super::{shop, sync};
use axum::http::Uri;
use axum::response::Response;
use daybook_sync::refusal::Refusal;

/// Where the protocol of the tills lives.
const SYNC: &str = "/sync/";

/// No such path.
pub(super) async fn path(uri: Uri) -> Response {
    if uri.path().starts_with(SYNC) {
        return sync::refuse(&Refusal::UnknownPath);
    }
    shop::unknown_path(uri.path())
}

/// The path is there, but not for this method.
pub(super) async fn method(uri: Uri) -> Response {
    if uri.path().starts_with(SYNC) {
        return sync::refuse(&Refusal::Method);
    }
    shop::wrong_method(uri.path())
}
