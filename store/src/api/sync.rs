//! The endpoint of the sync protocol.

mod authenticate;

use super::{Api, is_larger};
use crate::db::DbError;
use crate::enrol::{self, Fresh, Rotation, SEAL_REQUEST_KEY};
use crate::exchange::{self, refusal};
use authenticate::{Caller, caller, names_a_key, plain_body};
use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use daybook_sync::auth::{PATH_ENROL, PATH_ENTRIES, PATH_EXCHANGE, PATH_INCARNATION};
use daybook_sync::hash::Hash;
use daybook_sync::limits::BODY_BYTES_MAX;
use daybook_sync::message::{
    EnrolRequest, EntriesRequest, IncarnationRequest, NewKey, PushVerdict,
};
use daybook_sync::refusal::{Refusal, check_exchange};
use daybook_sync::wire::{ExchangeRequest, WireError, decode_request, deflate, encode_json};
use std::time::Duration;

/// What a till is told that finds the store busy.
const BUSY: Refusal = Refusal::Busy { retry_after_seconds: 2 };
/// Largest body of a call that brings no entries.
const JSON_BYTES_MAX: usize = 16 * 1024;
/// How long a body without entries may take to arrive.
const JSON_WITHIN: Duration = Duration::from_secs(10);
/// How long one with entries may take: those of weeks over a slow line.
const BODY_WITHIN: Duration = Duration::from_secs(120);
/// Answers below this are not worth compressing.
const COMPRESS_FROM_BYTES: usize = 1_024;

pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route(PATH_ENROL, post(enrol))
        .route(PATH_EXCHANGE, post(exchange))
        .route(PATH_INCARNATION, post(incarnation))
        .route(PATH_ENTRIES, post(entries))
}

async fn enrol(State(api): State<Api>, request: Request) -> Response {
    serve(api, request, Call::Json, enrol_now).await
}

async fn exchange(State(api): State<Api>, request: Request) -> Response {
    serve(api, request, Call::Exchange, exchange_now).await
}

async fn incarnation(State(api): State<Api>, request: Request) -> Response {
    serve(api, request, Call::Json, incarnation_now).await
}

async fn entries(State(api): State<Api>, request: Request) -> Response {
    serve(api, request, Call::Json, entries_now).await
}

/// What a body may be, and whose places it takes while it arrives: calls that need no key keep no exchange out.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Call {
    /// A few fields.
    Json,
    /// Entries.
    Exchange,
}

/// A request as it came, whole.
struct Received {
    path: String,
    headers: HeaderMap,
    body: Bytes,
}

type Handler = fn(&Api, &Received) -> Result<Vec<u8>, Refusal>;

/// Reads the body up to its limit and runs the handler on a blocking thread; a full store answers at once. While a body
/// arrives it takes no place among those at work.
async fn serve(api: Api, request: Request, call: Call, handler: Handler) -> Response {
    let received = match receive(&api, request, call).await {
        Ok(received) => received,
        Err(refusal) => return refuse(&refusal),
    };
    let Ok(_permit) = api.in_flight.clone().try_acquire_owned() else {
        return refuse(&BUSY);
    };
    let compress = accepts_gzip(&received.headers);
    let work = tokio::task::spawn_blocking(move || handler(&api, &received));
    match work.await {
        Ok(Ok(body)) => respond(body, compress),
        Ok(Err(refusal)) => refuse(&refusal),
        Err(_) => refuse(&Refusal::Internal),
    }
}

/// Whoever sends by drops must not keep others out: a few fields must be there at once, and time for more is given only to
/// who names a key of a till.
async fn receive(api: &Api, request: Request, call: Call) -> Result<Received, Refusal> {
    let (parts, body) = request.into_parts();
    let (arriving, max, within) = match call {
        Call::Json => (&api.arriving_json, JSON_BYTES_MAX, JSON_WITHIN),
        Call::Exchange => (&api.arriving, BODY_BYTES_MAX, BODY_WITHIN),
    };
    let too_large = Refusal::Wire(WireError::BodyTooLarge { max });
    if is_larger(&body, max) {
        return Err(too_large);
    }
    let _permit = arriving.try_acquire().map_err(|_| BUSY)?;
    if call == Call::Exchange {
        let (api, headers) = (api.clone(), parts.headers.clone());
        let known = tokio::task::spawn_blocking(move || names_a_key(&api, &headers));
        known.await.map_err(|_| Refusal::Internal)??;
    }
    let body = match tokio::time::timeout(within, to_bytes(body, max)).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => return Err(too_large),
        // A slow line may be faster later.
        Err(_) => return Err(Refusal::Slow { within_seconds: within.as_secs() }),
    };
    Ok(Received { path: parts.uri.path().to_owned(), headers: parts.headers, body })
}

fn accepts_gzip(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    accepted.is_some_and(|text| text.split(',').any(names_gzip))
}

/// Whether a part of `Accept-Encoding` asks for gzip: a weight of nothing asks for anything else (RFC 9110, 12.5.3).
fn names_gzip(part: &str) -> bool {
    let mut words = part.split(';').map(str::trim);
    let named = words.next().is_some_and(|coding| coding.eq_ignore_ascii_case("gzip"));
    let weight = words.find_map(|word| word.strip_prefix("q=").or(word.strip_prefix("Q=")));
    let nothing =
        |weight: &str| weight.starts_with('0') && weight.chars().all(|c| c == '0' || c == '.');
    named && !weight.is_some_and(nothing)
}

fn respond(body: Vec<u8>, compress: bool) -> Response {
    let json = (header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if compress && body.len() >= COMPRESS_FROM_BYTES {
        let gzip = (header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        return ([json, gzip], deflate(&body)).into_response();
    }
    ([json], body).into_response()
}

pub(super) fn refuse(refusal: &Refusal) -> Response {
    let status =
        StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, encode_json(&refusal.body())).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(seconds) = refusal.retry_after_seconds() {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

fn enrol_now(api: &Api, received: &Received) -> Result<Vec<u8>, Refusal> {
    let request: EnrolRequest = decode_request(&plain_body(received)?)?;
    let (keyring, fresh) = (api.store.keyring.clone(), Fresh::draw());
    let answer = api
        .store
        .gate
        .write(move |tx| enrol::enrol(tx, &keyring, &request, &fresh))
        .map_err(|error| refusal(&error))?;
    answer.map(|answer| encode_json(&answer))
}

fn exchange_now(api: &Api, received: &Received) -> Result<Vec<u8>, Refusal> {
    let Caller { till, session, key_id } = caller(api, received)?;
    let request = ExchangeRequest::decode(&plain_body(received)?)?;
    check_exchange(&request, &till, &session)?;
    let mut answer =
        exchange::exchange(&api.store.gate, &api.store.signer, &api.store.keyring, request)?;
    // Beside what was exchanged: an answer is owed whatever becomes of the key.
    if answer.push.verdict != PushVerdict::Blocked {
        answer.key = next_key(api, &key_id).map_err(|error| refusal(&error))?;
    }
    Ok(encode_json(&answer))
}

/// The key that takes the place of the one used, where there is one; the one before it ends.
fn next_key(api: &Api, used: &str) -> Result<Option<NewKey>, DbError> {
    let gate = &api.store.gate;
    match gate.read(|tx| enrol::rotation(tx, used))? {
        Rotation::None => Ok(None),
        Rotation::Give { key_id, sealed } => {
            let secret = api.store.keyring.unseal(SEAL_REQUEST_KEY, &sealed);
            let secret = secret.ok().and_then(|secret| Hash::from_slice(&secret));
            let secret = secret.ok_or_else(|| DbError::corrupt("till_key", &key_id))?;
            Ok(Some(NewKey { key_id, secret }))
        }
        Rotation::Retire { key_id } => {
            gate.write(move |tx| enrol::retire(tx, &key_id))?;
            Ok(None)
        }
    }
}

fn incarnation_now(api: &Api, received: &Received) -> Result<Vec<u8>, Refusal> {
    let caller = caller(api, received)?;
    let request: IncarnationRequest = decode_request(&plain_body(received)?)?;
    if request.till != caller.till {
        return Err(Refusal::WrongTill);
    }
    let session = Fresh::draw().session;
    let answer = api
        .store
        .gate
        .write(move |tx| enrol::next_incarnation(tx, &request, &session))
        .map_err(|error| refusal(&error))?;
    answer.map(|answer| encode_json(&answer))
}

fn entries_now(api: &Api, received: &Received) -> Result<Vec<u8>, Refusal> {
    let caller = caller(api, received)?;
    let request: EntriesRequest = decode_request(&plain_body(received)?)?;
    if request.till != caller.till {
        return Err(Refusal::WrongTill);
    }
    let answer = api
        .store
        .gate
        .read(|tx| exchange::download(tx, &request))
        .map_err(|error| refusal(&error))?;
    answer.map(|answer| answer.encode())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_given_to_whom_it_is_welcome() {
        for (asked, given) in [
            ("gzip", true),
            ("br, GZIP", true),
            ("gzip;q=0.5", true),
            ("gzip; q=0", false),
            ("gzip;q=0.000, br", false),
            ("gzipped", false),
            ("br", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(asked));
            assert_eq!(accepts_gzip(&headers), given, "{asked}");
        }
    }
}
