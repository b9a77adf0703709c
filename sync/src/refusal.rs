//! Refusals by HTTP status: the request as a whole cannot be taken. Their codes are stable.

use crate::limits::EPOCH_MAX;
use crate::message::{ErrorBody, ErrorDetail, ExchangeHeader};
use crate::wire::{ExchangeRequest, WireError};

/// Highest sequence number; exact in every JSON reader.
const SEQ_MAX: i64 = 1 << 53;

/// Code of [`Refusal::Blocked`], which a till goes by.
pub const BLOCKED: &str = "sync.blocked";

/// Code of [`Refusal::Slow`]: less at once arrives in time.
pub const SLOW: &str = "sync.slow";

/// Why a request is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The body cannot be read.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// A header of the authentication is missing or not readable.
    #[error("header {name} is missing or not readable")]
    MissingHeader {
        /// Its name.
        name: &'static str,
    },
    /// No such till or key, or the key is retired.
    #[error(
        "the till or its key is not known here; a till that was enrolled after the backup from which the store was restored is enrolled anew"
    )]
    UnknownKey,
    /// The MAC does not match.
    #[error("the MAC does not match method, path, body and session")]
    BadMac,
    /// Header and body name different tills, or the key is another till's.
    #[error("the body speaks for another till than the key")]
    WrongTill,
    /// The office blocked or retired the till: it is given nothing. Exchanges are still taken.
    #[error("this till is blocked; its entries are still taken")]
    Blocked,
    /// Header and body name different sessions.
    #[error("the session in the header is not the one in the body")]
    WrongSession,
    /// A field is outside its range.
    #[error("{field} is out of range")]
    OutOfRange {
        /// Which.
        field: &'static str,
    },
    /// No such enrolment code, or it has expired.
    #[error("the enrolment code is not known or has expired")]
    CodeUnknown,
    /// The code was used by another key.
    #[error("the enrolment code was used already")]
    CodeUsed,
    /// Too many wrong codes.
    #[error("too many tries; ask for a new code")]
    TooManyTries {
        /// For `Retry-After`.
        retry_after_seconds: u32,
    },
    /// The id was used for another request.
    #[error("the id was used for another request")]
    RequestConflict,
    /// The store holds nothing of that journal.
    #[error("nothing is held of incarnation {incarnation}")]
    UnknownJournal {
        /// Its number.
        incarnation: u32,
    },
    /// A compression that the store does not read.
    #[error("the body is encoded in a way that is not read here, only gzip is")]
    Encoding,
    /// The body took too long to arrive.
    #[error("the body did not arrive within {within_seconds} s")]
    Slow {
        /// How long it may take.
        within_seconds: u64,
    },
    /// No such path under `/sync/v1`.
    #[error("there is no such path")]
    UnknownPath,
    /// Every call of the protocol is a `POST`.
    #[error("the method must be POST")]
    Method,
    /// The store is busy.
    #[error("too many at once; come back later")]
    Busy {
        /// For `Retry-After`.
        retry_after_seconds: u32,
    },
    /// The store itself failed; nothing was stored.
    #[error("the store failed; nothing was stored")]
    Internal,
}

impl Refusal {
    /// Stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Wire(error) => error.code(),
            Self::MissingHeader { .. } => "sync.missing_header",
            Self::UnknownKey => "sync.unknown_key",
            Self::BadMac => "sync.bad_mac",
            Self::WrongTill => "sync.wrong_till",
            Self::Blocked => BLOCKED,
            Self::WrongSession => "sync.wrong_session",
            Self::OutOfRange { .. } => "sync.out_of_range",
            Self::CodeUnknown => "sync.code_unknown",
            Self::CodeUsed => "sync.code_used",
            Self::RequestConflict => "request.conflict",
            Self::TooManyTries { .. } => "sync.too_many_tries",
            Self::UnknownJournal { .. } => "sync.unknown_journal",
            Self::Encoding => "sync.encoding",
            Self::Slow { .. } => SLOW,
            Self::UnknownPath => "sync.unknown_path",
            Self::Method => "sync.method",
            Self::Busy { .. } => "sync.busy",
            Self::Internal => "sync.internal",
        }
    }

    /// HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::Wire(error) => error.status(),
            Self::WrongSession | Self::OutOfRange { .. } => 400,
            Self::MissingHeader { .. } | Self::UnknownKey | Self::BadMac => 401,
            Self::WrongTill | Self::Blocked | Self::CodeUnknown => 403,
            Self::UnknownJournal { .. } | Self::UnknownPath => 404,
            Self::Method => 405,
            Self::Encoding => 415,
            Self::CodeUsed | Self::RequestConflict => 409,
            Self::TooManyTries { .. } => 429,
            Self::Internal => 500,
            Self::Busy { .. } | Self::Slow { .. } => 503,
        }
    }

    /// Value of the header `Retry-After`, where there is one.
    #[must_use]
    pub fn retry_after_seconds(&self) -> Option<u32> {
        match self {
            Self::TooManyTries { retry_after_seconds } | Self::Busy { retry_after_seconds } => {
                Some(*retry_after_seconds)
            }
            Self::Wire(_)
            | Self::MissingHeader { .. }
            | Self::UnknownKey
            | Self::BadMac
            | Self::WrongTill
            | Self::Blocked
            | Self::WrongSession
            | Self::OutOfRange { .. }
            | Self::CodeUnknown
            | Self::CodeUsed
            | Self::RequestConflict
            | Self::UnknownJournal { .. }
            | Self::Encoding
            | Self::Slow { .. }
            | Self::UnknownPath
            | Self::Method
            | Self::Internal => None,
        }
    }

    /// The offending field, where there is one.
    #[must_use]
    pub fn field(&self) -> Option<&str> {
        match self {
            Self::Wire(error) => error.field(),
            Self::MissingHeader { name } => Some(name),
            Self::UnknownKey => Some(crate::auth::HEADER_KEY),
            Self::BadMac => Some(crate::auth::HEADER_MAC),
            Self::WrongTill => Some("till"),
            Self::WrongSession => Some("session"),
            Self::OutOfRange { field } => Some(field),
            Self::CodeUnknown | Self::CodeUsed | Self::TooManyTries { .. } => Some("code"),
            Self::RequestConflict => Some("id"),
            Self::UnknownJournal { .. } => Some("incarnation"),
            Self::Encoding => Some("content-encoding"),
            Self::Slow { .. } => Some("body"),
            Self::Blocked
            | Self::UnknownPath
            | Self::Method
            | Self::Busy { .. }
            | Self::Internal => None,
        }
    }

    /// Body of the refusal.
    #[must_use]
    pub fn body(&self) -> ErrorBody {
        ErrorBody {
            error: ErrorDetail {
                code: self.code().to_owned(),
                message: self.to_string(),
                field: self.field().map(str::to_owned),
            },
        }
    }
}

/// Checks an exchange against who sent it, before anything is looked up.
///
/// # Errors
/// [`Refusal::WrongTill`], [`Refusal::WrongSession`] or [`Refusal::OutOfRange`].
pub fn check_exchange(
    request: &ExchangeRequest,
    till: &uuid::Uuid,
    session: &str,
) -> Result<(), Refusal> {
    let header = &request.header;
    if header.till != *till {
        return Err(Refusal::WrongTill);
    }
    if header.session != session {
        return Err(Refusal::WrongSession);
    }
    check_ranges(header)?;
    let last = request.entries.last().map_or(0, |entry| entry.frame.seq);
    if last > header.journal.head {
        return Err(Refusal::OutOfRange { field: "journal.head" });
    }
    Ok(())
}

fn check_ranges(header: &ExchangeHeader) -> Result<(), Refusal> {
    let journal = &header.journal;
    let checks = [
        ("incarnation", header.incarnation >= 1),
        ("journal.incarnation", journal.incarnation >= 1),
        ("journal.head", (0..SEQ_MAX).contains(&journal.head)),
        ("journal.acked", (0..=journal.head).contains(&journal.acked)),
        ("epoch", (0..=EPOCH_MAX).contains(&header.epoch)),
        ("session", header.session.len() <= 200),
    ];
    match checks.into_iter().find(|(_, holds)| !holds) {
        Some((field, _)) => Err(Refusal::OutOfRange { field }),
        None => Ok(()),
    }
}
