//! Answers: JSON, and errors with a stable code that name the field.

use crate::db::{DbError, Remedy};
use crate::orders::OrderError;
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Value, json};

/// Why a request failed.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    code: String,
    message: String,
    field: Option<String>,
    data: Box<Value>,
}

impl Problem {
    #[expect(
        clippy::needless_pass_by_value,
        reason = "callers hand over texts, errors and ids alike"
    )]
    pub(super) fn new(status: StatusCode, code: &str, message: impl ToString) -> Self {
        let (code, message) = (code.to_owned(), message.to_string());
        Self { status, code, message, field: None, data: Box::default() }
    }

    pub(super) fn field(field: &str, message: impl ToString) -> Self {
        let problem = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "request.field", message);
        Self { field: Some(field.to_owned()), ..problem }
    }

    pub(super) fn no_key() -> Self {
        let message = "a valid key is needed: Authorization: Bearer …";
        Self::new(StatusCode::UNAUTHORIZED, "auth.key", message)
    }

    pub(super) fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "store.internal", "something failed here")
    }

    /// A body that cannot be read, with the path of the field where it is one.
    pub(super) fn body(path: &str, error: &serde_json::Error) -> Self {
        let message = error.to_string();
        if !error.is_data() {
            return Self::new(StatusCode::BAD_REQUEST, "request.json", message);
        }
        let named = ["missing field `", "unknown field `", "duplicate field `"];
        let rest = named.iter().find_map(|start| message.strip_prefix(start));
        let name = rest.and_then(|rest| rest.split('`').next());
        // The reader is at the object that misses a field, and at the field that is one too many.
        let field = match (path, name) {
            (".", name) => name.map(str::to_owned),
            (path, Some(name)) if path != name && !path.ends_with(&format!(".{name}")) => {
                Some(format!("{path}.{name}"))
            }
            (path, _) => Some(path.to_owned()),
        };
        Self { field, ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, "request.field", message) }
    }

    pub(super) fn response(self) -> Response {
        let mut error = json!({ "code": self.code, "message": self.message, "field": self.field });
        if let (Some(error), Value::Object(data)) = (error.as_object_mut(), *self.data) {
            error.extend(data);
        }
        let mut response = (self.status, Json(json!({ "error": error }))).into_response();
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
        }
        response
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        self.response()
    }
}

impl From<DbError> for Problem {
    fn from(error: DbError) -> Self {
        let status = match error.remedy() {
            Remedy::Retry => StatusCode::SERVICE_UNAVAILABLE,
            Remedy::Refuse => StatusCode::CONFLICT,
            // The disk is full or cannot be written, or the database is away: the same call may be done later.
            Remedy::Recover if error.code() == "store.io" => {
                tracing::error!(%error, "a request failed");
                StatusCode::SERVICE_UNAVAILABLE
            }
            Remedy::Recover | Remedy::Report => {
                tracing::error!(%error, "a request failed");
                StatusCode::INTERNAL_SERVER_ERROR
            }
        };
        Self::new(status, error.code(), "the store could not do this now")
    }
}

impl From<OrderError> for Problem {
    fn from(error: OrderError) -> Self {
        let status = match &error {
            OrderError::Field { .. } | OrderError::Amount { .. } | OrderError::Basket(_) => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            OrderError::Unknown => StatusCode::NOT_FOUND,
            OrderError::Frozen => StatusCode::SERVICE_UNAVAILABLE,
            OrderError::Conflict
            | OrderError::PriceChanged { .. }
            | OrderError::NotAvailable { .. }
            | OrderError::NoSettings
            | OrderError::Rule(_)
            | OrderError::Refund(_)
            | OrderError::Catalogue(_)
            | OrderError::Tax(_)
            | OrderError::Number(_)
            | OrderError::Stock(_)
            | OrderError::OutOfRange(_) => StatusCode::CONFLICT,
            OrderError::Db(error) => return Self::from(error.clone()),
        };
        let data = match &error {
            OrderError::PriceChanged { sku, now, .. } => {
                json!({ "sku": sku, "unit_price_micros": now })
            }
            OrderError::NotAvailable { sku, available, .. } => {
                json!({ "sku": sku, "available_milli": available })
            }
            _ => Value::Null,
        };
        let field = error.field_name().map(str::to_owned);
        Self { field, data: Box::new(data), ..Self::new(status, error.code(), &error) }
    }
}

/// An answer as JSON.
pub(super) fn answer(status: StatusCode, value: &impl Serialize) -> Result<Response, Problem> {
    let value = serde_json::to_value(value).map_err(|_| Problem::internal())?;
    Ok((status, Json(value)).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_or_database_that_fails_is_no_bug_and_the_call_may_come_again() {
        use rusqlite::ffi;
        let disk =
            |code| DbError::from(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None));
        let away = DbError::Pool("connection refused".to_owned());
        for error in
            [disk(ffi::SQLITE_FULL), disk(ffi::SQLITE_READONLY), disk(ffi::SQLITE_IOERR), away]
        {
            let response = Problem::from(error).response();
            assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
            assert!(response.headers().contains_key(header::RETRY_AFTER));
        }
        let damaged = Problem::from(disk(ffi::SQLITE_CORRUPT)).response();
        assert_eq!(damaged.status(), StatusCode::INTERNAL_SERVER_ERROR);
    }
}
