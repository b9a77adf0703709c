//! Who sends a request: key, till, session, MAC.

use super::Received;
use crate::api::Api;
use crate::enrol::{SEAL_REQUEST_KEY, request_key};
use crate::exchange::refusal;
use crate::tills::Till;
use axum::http::{HeaderMap, header};
use daybook_sync::auth::{HEADER_KEY, HEADER_MAC, HEADER_SESSION, HEADER_TILL, Signed};

use daybook_sync::refusal::Refusal;
use daybook_sync::wire::inflate;
use std::borrow::Cow;
use uuid::Uuid;

/// A till that proved to hold its key.
pub(super) struct Caller {
    pub(super) till: Uuid,
    pub(super) session: String,
    pub(super) key_id: String,
}

pub(super) fn caller(api: &Api, received: &Received) -> Result<Caller, Refusal> {
    let headers = &received.headers;
    let till = Uuid::parse_str(text(headers, HEADER_TILL)?)
        .map_err(|_| Refusal::MissingHeader { name: HEADER_TILL })?;
    let key_id = text(headers, HEADER_KEY)?.to_owned();
    let session = text(headers, HEADER_SESSION)?;
    let mac = text(headers, HEADER_MAC)?;
    let found =
        api.store().gate.read(|tx| request_key(tx, &key_id)).map_err(|error| refusal(&error))?;
    let (owner, sealed) = found.ok_or(Refusal::UnknownKey)?;
    let secret =
        api.store().keyring.unseal(SEAL_REQUEST_KEY, &sealed).map_err(|_| Refusal::UnknownKey)?;
    let signed = Signed { method: "POST", path: &received.path, body: &received.body, session };
    if !signed.verify(&secret, mac) {
        return Err(Refusal::BadMac);
    }
    if owner != till {
        let known = api.store().gate.read(|tx| Till::load(tx, till));
        let known = known.map_err(|error| refusal(&error))?.is_some();
        return Err(if known { Refusal::WrongTill } else { Refusal::UnknownKey });
    }
    Ok(Caller { till, session: session.to_owned(), key_id })
}

/// Whether the headers name a key that is known: no proof, but nobody guesses one.
pub(super) fn names_a_key(api: &Api, headers: &HeaderMap) -> Result<(), Refusal> {
    let key_id = text(headers, HEADER_KEY)?.to_owned();
    let found =
        api.store().gate.read(|tx| request_key(tx, &key_id)).map_err(|error| refusal(&error))?;
    found.map(drop).ok_or(Refusal::UnknownKey)
}

fn text<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<&'a str, Refusal> {
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    value.ok_or(Refusal::MissingHeader { name })
}

/// The body without its compression.
pub(super) fn plain_body(received: &Received) -> Result<Cow<'_, [u8]>, Refusal> {
    let Some(encoding) = received.headers.get(header::CONTENT_ENCODING) else {
        return Ok(Cow::Borrowed(&received.body));
    };
    let encoding = encoding.as_bytes().trim_ascii();
    if encoding.is_empty() || encoding.eq_ignore_ascii_case(b"identity") {
        return Ok(Cow::Borrowed(&received.body));
    }
    if encoding.eq_ignore_ascii_case(b"gzip") {
        return Ok(Cow::Owned(inflate(&received.body)?));
    }
    Err(Refusal::Encoding)
}
