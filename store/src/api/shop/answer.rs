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

    /// A body that cannot be read. The reader names the field where it knows one.
    pub(super) fn body(error: &serde_json::Error) -> Self {
        let message = error.to_string();
        let named = ["missing field `", "unknown field `", "duplicate field `"];
        let rest = named.iter().find_map(|start| message.strip_prefix(start));
        let field = rest.and_then(|rest| rest.split('`').next()).map(str::to_owned);
        let status = if error.is_data() {
            StatusCode::UNPROCESSABLE_ENTITY
        } else {
            StatusCode::BAD_REQUEST
        };
        let code = if error.is_data() { "request.field" } else { "request.json" };
        Self { field, ..Self::new(status, code, message) }
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
