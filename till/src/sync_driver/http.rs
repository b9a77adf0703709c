//! Messages over HTTP: signed, compressed, with limits on what comes back.

use super::pinned::{self, StoreTime};
use crate::error::TillError;
use crate::ledger::Identity;
use daybook_sync::auth::{
    HEADER_KEY, HEADER_MAC, HEADER_SESSION, HEADER_TILL, PATH_ENROL, PATH_ENTRIES, PATH_EXCHANGE,
    PATH_INCARNATION, Signed,
};
use daybook_sync::client::Failure;
use daybook_sync::frame::{Journal, verify_frames};
use daybook_sync::limits::INFLATED_BYTES_MAX;
use daybook_sync::message::{
    EnrolAnswer, EnrolRequest, EntriesRequest, ErrorBody, ExchangeAnswer, IncarnationAnswer,
    IncarnationRequest, NewKey,
};
use daybook_sync::wire::{
    EntriesAnswer, ExchangeRequest, WireError, decode_json, deflate, encode_json,
};
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Client, StatusCode, Url};
use serde::de::DeserializeOwned;
use std::sync::Once;
use std::time::Duration;
use uuid::Uuid;

/// How long the store may take to accept a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a whole answer may take.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

/// A refusal that a person mends with a new code; else the store asks with this status to be left alone for a while.
const TOO_MANY_TRIES: &str = "sync.too_many_tries";

/// Why there is no answer: for the state machine, and for a person.
pub(super) struct Failed {
    pub(super) failure: Failure,
    pub(super) error: TillError,
}

/// The way to one store.
pub(super) struct Transport {
    client: Client,
    base: Url,
    till: Uuid,
}

impl Transport {
    /// `known` is the last time that the store named.
    pub(super) fn new(identity: &Identity, known: Option<StoreTime>) -> Result<Self, TillError> {
        let (client, base) = client(&identity.store_url, identity.ca_pem.as_deref(), known)?;
        Ok(Self { client, base, till: identity.till.0 })
    }

    pub(super) async fn exchange(
        &self,
        key: &NewKey,
        request: &ExchangeRequest,
    ) -> Result<ExchangeAnswer, Failed> {
        let body = deflate(&request.encode());
        let session = &request.header.session;
        self.signed(PATH_EXCHANGE, key, session, body, true).await.and_then(|body| json(&body))
    }

    pub(super) async fn incarnation(
        &self,
        key: &NewKey,
        request: &IncarnationRequest,
    ) -> Result<IncarnationAnswer, Failed> {
        let body = encode_json(request);
        self.signed(PATH_INCARNATION, key, "", body, false).await.and_then(|body| json(&body))
    }

    /// Entries, verified here: they are believed for their signatures alone.
    pub(super) async fn entries(
        &self,
        key: &NewKey,
        request: &EntriesRequest,
    ) -> Result<EntriesAnswer, Failed> {
        let body = encode_json(request);
        let body = self.signed(PATH_ENTRIES, key, "", body, false).await?;
        let answer = EntriesAnswer::decode(&body).map_err(|error| unreadable(&error))?;
        let journal = Journal { till: self.till, incarnation: answer.header.incarnation };
        match verify_frames(&answer.header.public_key, &journal, &answer.entries).bad() {
            None => Ok(answer),
            Some(bad) => Err(Failed {
                failure: Failure::Transport,
                error: TillError::StoreRefused {
                    code: bad.fault.code().to_owned(),
                    message: format!("entry {} of the download does not verify", bad.seq),
                },
            }),
        }
    }

    async fn signed(
        &self,
        path: &str,
        key: &NewKey,
        session: &str,
        body: Vec<u8>,
        compressed: bool,
    ) -> Result<Vec<u8>, Failed> {
        let mac = Signed { method: "POST", path, body: &body, session }.mac(&key.secret.0);
        let mut request = self
            .client
            .post(url(&self.base, path)?)
            .header(CONTENT_TYPE, "application/octet-stream")
            .header(HEADER_TILL, self.till.to_string())
            .header(HEADER_KEY, &key.key_id)
            .header(HEADER_SESSION, session)
            .header(HEADER_MAC, mac);
        if compressed {
            request = request.header(CONTENT_ENCODING, "gzip");
        }
        answer_of(request.body(body)).await
    }
}

/// Enrols at a store that is not known yet.
pub(super) async fn enrol(
    store_url: &str,
    ca_pem: Option<&str>,
    request: &EnrolRequest,
) -> Result<EnrolAnswer, TillError> {
    let (client, base) = client(store_url, ca_pem, None)?;
    let url = url(&base, PATH_ENROL).map_err(|failed| failed.error)?;
    let post = client.post(url).header(CONTENT_TYPE, "application/json").body(encode_json(request));
    answer_of(post).await.and_then(|body| json(&body)).map_err(|failed| failed.error)
}

fn client(
    store_url: &str,
    ca_pem: Option<&str>,
    known: Option<StoreTime>,
) -> Result<(Client, Url), TillError> {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        // Whoever was first wins; both are the same provider.
        let _installed = rustls::crypto::ring::default_provider().install_default();
    });
    let base = Url::parse(store_url).map_err(|error| TillError::bad("store", error))?;
    if base.scheme() != "https" && !(base.scheme() == "http" && is_loopback(&base)) {
        return Err(TillError::bad("store", "must be https; plain http only on loopback"));
    }
    let mut builder = Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(ANSWER_TIMEOUT)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy();
    if let Some(pem) = ca_pem {
        builder = builder.tls_backend_preconfigured(pinned::config(pem, known)?);
    }
    let client = builder.build().map_err(|error| TillError::bad("ca", error))?;
    Ok((client, base))
}

fn is_loopback(url: &Url) -> bool {
    match url.host_str() {
        Some("localhost") => true,
        Some(host) => host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .parse::<std::net::IpAddr>()
            .is_ok_and(|ip| ip.is_loopback()),
        None => false,
    }
}

fn url(base: &Url, path: &str) -> Result<Url, Failed> {
    base.join(path).map_err(|error| Failed {
        failure: Failure::Transport,
        error: TillError::bad("store", error),
    })
}

async fn answer_of(request: reqwest::RequestBuilder) -> Result<Vec<u8>, Failed> {
    let mut response = request.send().await.map_err(|error| transport(&error))?;
    let status = response.status();
    let retry_after_ms = response
        .headers()
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok()?.parse::<i64>().ok())
        .map(|seconds| seconds.saturating_mul(1000));
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| transport(&error))? {
        body.extend_from_slice(&chunk);
        if body.len() > INFLATED_BYTES_MAX {
            return Err(unreadable(&WireError::BodyTooLarge { max: INFLATED_BYTES_MAX }));
        }
    }
    if status == StatusCode::OK {
        return Ok(body);
    }
    Err(refused(status, retry_after_ms, &body))
}

fn refused(status: StatusCode, retry_after_ms: Option<i64>, body: &[u8]) -> Failed {
    let detail = serde_json::from_slice::<ErrorBody>(body).ok().map(|body| body.error);
    let code = detail.as_ref().map(|detail| detail.code.clone());
    let message = detail.map_or_else(|| status.to_string(), |detail| detail.message);
    let busy = status == StatusCode::TOO_MANY_REQUESTS && code.as_deref() != Some(TOO_MANY_TRIES);
    let error = if status.is_server_error() || busy {
        TillError::Unreachable(message)
    } else {
        TillError::StoreRefused { code: code.clone().unwrap_or_default(), message }
    };
    Failed { failure: Failure::Refused { status: status.as_u16(), retry_after_ms, code }, error }
}

fn transport(error: &reqwest::Error) -> Failed {
    use std::error::Error;
    let mut message = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        message = format!("{message}: {inner}");
        cause = inner.source();
    }
    Failed { failure: Failure::Transport, error: TillError::Unreachable(message) }
}

fn unreadable(error: &WireError) -> Failed {
    Failed {
        failure: Failure::Transport,
        error: TillError::Unreachable(format!("its answer cannot be read: {error}")),
    }
}

fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Failed> {
    decode_json(body).map_err(|error| unreadable(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_many_wrong_codes_are_a_refusal_and_a_busy_store_is_not() {
        let of = |code: &str| {
            let body = format!(r#"{{"error":{{"code":"{code}","message":"no"}}}}"#);
            refused(StatusCode::TOO_MANY_REQUESTS, None, body.as_bytes()).error
        };
        let tries = of(TOO_MANY_TRIES);
        assert!(matches!(tries, TillError::StoreRefused { code, .. } if code == TOO_MANY_TRIES));
        assert!(matches!(of("sync.busy"), TillError::Unreachable(_)));
    }

    #[test]
    fn plain_http_is_for_loopback_only() {
        assert!(client("http://127.0.0.1:9", None, None).is_ok());
        assert!(client("http://[::1]:9", None, None).is_ok());
        assert!(client("http://store.example", None, None).is_err());
        assert!(client("ftp://127.0.0.1", None, None).is_err());
        assert!(client("no address", None, None).is_err());
    }
}
