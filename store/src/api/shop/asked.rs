//! What a call brings: names in its path, its query, its body. What is wrong with them is an error body like every other.

use super::answer::Problem;
use super::{Api, BODY_BYTES_MAX};
use crate::api::is_larger;
use crate::apply::limits;
use crate::db::DbError;
use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use daybook_domain::ids::OrderId;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::Duration;

/// How long a body may take to arrive.
const BODY_WITHIN: Duration = Duration::from_secs(20);

/// The names in the path.
pub(super) struct Named(BTreeMap<String, String>);

impl Named {
    pub(super) fn text(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// The order that the path names.
    pub(super) fn order(&self) -> Result<OrderId, Problem> {
        let id = self.text("id").parse();
        id.map(OrderId).map_err(|_| Problem::field("id", "must be a UUID"))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let names = Path::from_request_parts(parts, state).await;
        let Path(names) = names.map_err(|rejection| {
            Problem::new(StatusCode::BAD_REQUEST, "request.path", rejection.body_text())
        })?;
        without_nul(names).map(Self)
    }
}

/// The query.
pub(super) struct Asked(BTreeMap<String, String>);

impl Asked {
    /// A field of the query, if it is there.
    pub(super) fn get<T: FromStr<Err: ToString>>(&self, name: &str) -> Result<Option<T>, Problem> {
        let read = self.0.get(name).map(|text| text.parse()).transpose();
        read.map_err(|error: T::Err| Problem::field(name, error))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Asked {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let query = Query::from_request_parts(parts, state).await;
        let Query(fields) = query.map_err(|rejection| {
            Problem::new(StatusCode::BAD_REQUEST, "request.query", rejection.body_text())
        })?;
        without_nul(fields).map(Self)
    }
}

/// No text of a store holds U+0000, so that both engines answer alike.
fn without_nul(texts: BTreeMap<String, String>) -> Result<BTreeMap<String, String>, Problem> {
    match texts.iter().find(|(_, text)| text.contains('\0')) {
        Some((name, _)) => Err(Problem::field(name, "a text may not hold U+0000")),
        None => Ok(texts),
    }
}

/// The body, up to its limit.
pub(super) struct Body(Bytes);

impl Body {
    /// Reads JSON; what is wrong with it names its field.
    pub(super) fn read<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        if limits::holds_nul(&self.0) {
            let message = "a text may not hold U+0000";
            return Err(Problem::new(StatusCode::BAD_REQUEST, "request.json", message));
        }
        let mut reader = serde_json::Deserializer::from_slice(&self.0);
        let read = serde_path_to_error::deserialize(&mut reader)
            .map_err(|error| Problem::body(&error.path().to_string(), error.inner()))?;
        reader.end().map_err(|error| Problem::body(".", &error))?;
        Ok(read)
    }

    /// Reads JSON where there is any.
    pub(super) fn read_or_default<T: DeserializeOwned + Default>(&self) -> Result<T, Problem> {
        if self.0.is_empty() { Ok(T::default()) } else { self.read() }
    }
}

impl FromRequest<Api> for Body {
    type Rejection = Problem;
    async fn from_request(request: Request, api: &Api) -> Result<Self, Problem> {
        // Said to be too large: nothing of it is waited for.
        if is_larger(request.body(), BODY_BYTES_MAX) {
            let message = format!("a body may have {BODY_BYTES_MAX} bytes");
            return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "request.too_large", message));
        }
        let _arriving =
            api.arriving_shop.try_acquire().map_err(|_| Problem::from(DbError::Busy))?;
        let arriving = Bytes::from_request(request, api);
        let Ok(bytes) = tokio::time::timeout(BODY_WITHIN, arriving).await else {
            let message = "the body did not arrive in time";
            return Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "request.timeout", message));
        };
        bytes.map(Self).map_err(|rejection| {
            let status = rejection.status();
            let code = if status == StatusCode::PAYLOAD_TOO_LARGE {
                "request.too_large"
            } else {
                "request.body"
            };
            Problem::new(status, code, rejection.body_text())
        })
    }
}
