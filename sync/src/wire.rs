//! Bodies with entries: one header line, then for each entry a frame line, its bytes and a newline.

use crate::frame::FramedEntry;
use crate::limits::{
    ENTRY_BYTES_MAX, INFLATED_BYTES_MAX, LINE_BYTES_MAX, PROTOCOL, PUSH_BYTES_MAX,
    PUSH_ENTRIES_MAX, REQUESTS_MAX,
};
use crate::message::{EntriesHeader, ErrorBody, ErrorDetail, ExchangeHeader, FrameLine};
use daybook_json::Misread;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io::{Read, Write};

/// An exchange as sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExchangeRequest {
    /// First line.
    pub header: ExchangeHeader,
    /// Entries in order.
    pub entries: Vec<FramedEntry>,
}

/// Entries as downloaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntriesAnswer {
    /// First line.
    pub header: EntriesHeader,
    /// Entries in order.
    pub entries: Vec<FramedEntry>,
}

/// What is wrong with a body. A variant per remedy of the sender.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// Not gzip, or cut off.
    #[error("the body is not complete gzip")]
    Gzip,
    /// Larger than allowed, before or after decompression.
    #[error("the body has more than {max} bytes")]
    BodyTooLarge {
        /// The limit.
        max: usize,
    },
    /// Ends in the middle of a line or an entry.
    #[error("the body ends inside {inside}")]
    Truncated {
        /// What was being read.
        inside: &'static str,
    },
    /// A line is longer than allowed.
    #[error("{line} is longer than {max} bytes")]
    LineTooLong {
        /// Which line.
        line: &'static str,
        /// The limit.
        max: usize,
    },
    /// A line is not UTF-8.
    #[error("{line} is not UTF-8")]
    NotUtf8 {
        /// Which line.
        line: &'static str,
    },
    /// A line is not JSON of the right fields and types.
    #[error("{line}: {misread}")]
    NotJson {
        /// Which line.
        line: &'static str,
        /// What is wrong, and in which field.
        misread: Misread,
    },
    /// A number of things is above its limit.
    #[error("{field} is {found}, at most {max} are allowed")]
    TooMany {
        /// Which field.
        field: &'static str,
        /// As sent.
        found: usize,
        /// The limit.
        max: usize,
    },
    /// The byte after an entry is not a newline: `len` is wrong.
    #[error("entry {index} does not end where its len says")]
    WrongLen {
        /// Position in the body, from 0.
        index: usize,
    },
    /// Bytes follow the last entry.
    #[error("{count} bytes follow the last entry")]
    TrailingBytes {
        /// How many.
        count: usize,
    },
    /// A protocol version that this code does not speak.
    #[error("protocol {found} is not spoken here, only {PROTOCOL}")]
    Protocol {
        /// As sent.
        found: u32,
    },
}

impl WireError {
    /// Stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Gzip => "sync.bad_gzip",
            Self::BodyTooLarge { .. } => "sync.body_too_large",
            Self::Truncated { .. } => "sync.truncated",
            Self::LineTooLong { .. } => "sync.line_too_long",
            Self::NotUtf8 { .. } => "sync.not_utf8",
            Self::NotJson { .. } => "sync.bad_json",
            Self::TooMany { .. } => "sync.too_many",
            Self::WrongLen { .. } => "sync.wrong_len",
            Self::TrailingBytes { .. } => "sync.trailing_bytes",
            Self::Protocol { .. } => "sync.protocol",
        }
    }

    /// HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::BodyTooLarge { .. } | Self::TooMany { .. } => 413,
            Self::Protocol { .. } => 426,
            Self::Gzip
            | Self::Truncated { .. }
            | Self::LineTooLong { .. }
            | Self::NotUtf8 { .. }
            | Self::NotJson { .. }
            | Self::WrongLen { .. }
            | Self::TrailingBytes { .. } => 400,
        }
    }

    /// The offending field, where there is one.
    #[must_use]
    pub fn field(&self) -> Option<&str> {
        match self {
            Self::NotJson { misread, .. } if !misread.field.is_empty() => Some(&misread.field),
            Self::Gzip | Self::BodyTooLarge { .. } | Self::TrailingBytes { .. } => Some("body"),
            Self::Truncated { inside } => Some(inside),
            Self::LineTooLong { line, .. }
            | Self::NotUtf8 { line }
            | Self::NotJson { line, .. } => Some(line),
            Self::TooMany { field, .. } => Some(field),
            Self::WrongLen { .. } => Some("len"),
            Self::Protocol { .. } => Some("protocol"),
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

impl ExchangeRequest {
    /// The body, not compressed.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        encode(&self.header, &self.entries)
    }

    /// Reads a body that is no longer compressed.
    ///
    /// # Errors
    /// [`WireError`] says what is wrong and where. Frames are not verified here.
    pub fn decode(body: &[u8]) -> Result<Self, WireError> {
        let mut reader = Reader::new(body)?;
        let header: ExchangeHeader = reader.header()?;
        at_most("entries", header.entries, PUSH_ENTRIES_MAX)?;
        at_most("requests", header.requests.len(), REQUESTS_MAX)?;
        let entries = reader.entries(header.entries)?;
        Ok(Self { header, entries })
    }
}

impl EntriesAnswer {
    /// The body, not compressed.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        encode(&self.header, &self.entries)
    }

    /// Reads a body that is no longer compressed.
    ///
    /// # Errors
    /// [`WireError`] says what is wrong and where. Frames are not verified here.
    pub fn decode(body: &[u8]) -> Result<Self, WireError> {
        let mut reader = Reader::new(body)?;
        let header: EntriesHeader = reader.header()?;
        at_most("entries", header.entries, PUSH_ENTRIES_MAX)?;
        let entries = reader.entries(header.entries)?;
        Ok(Self { header, entries })
    }
}

/// Reads a JSON body without entries: enrol, incarnation, entries request, answers.
///
/// # Errors
/// [`WireError`] says what is wrong.
pub fn decode_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, WireError> {
    let text = std::str::from_utf8(body).map_err(|_| WireError::NotUtf8 { line: "body" })?;
    json("body", text)
}

/// Reads a request without entries. Its protocol version comes first, so that a newer one is told apart from broken JSON.
///
/// # Errors
/// [`WireError`] says what is wrong.
pub fn decode_request<T: DeserializeOwned>(body: &[u8]) -> Result<T, WireError> {
    let text = std::str::from_utf8(body).map_err(|_| WireError::NotUtf8 { line: "body" })?;
    versioned("body", text)
}

/// Writes a JSON body.
#[must_use]
pub fn encode_json<T: Serialize>(message: &T) -> Vec<u8> {
    serde_json::to_vec(message).expect("messages are made of texts, integers and raw JSON")
}

/// Compresses a body with gzip.
#[must_use]
pub fn deflate(body: &[u8]) -> Vec<u8> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    writer.write_all(body).and_then(|()| writer.finish()).expect("writing to memory does not fail")
}

/// Decompresses a gzip body, and stops at [`INFLATED_BYTES_MAX`].
///
/// # Errors
/// [`WireError::Gzip`] or [`WireError::BodyTooLarge`].
pub fn inflate(body: &[u8]) -> Result<Vec<u8>, WireError> {
    let mut plain = Vec::new();
    let limit = u64::try_from(INFLATED_BYTES_MAX).unwrap_or(u64::MAX);
    flate2::read::MultiGzDecoder::new(body)
        .take(limit.saturating_add(1))
        .read_to_end(&mut plain)
        .map_err(|_| WireError::Gzip)?;
    within_limit(&plain)?;
    Ok(plain)
}

fn within_limit(body: &[u8]) -> Result<(), WireError> {
    if body.len() > INFLATED_BYTES_MAX {
        return Err(WireError::BodyTooLarge { max: INFLATED_BYTES_MAX });
    }
    Ok(())
}

fn at_most(field: &'static str, found: usize, max: usize) -> Result<(), WireError> {
    if found > max { Err(WireError::TooMany { field, found, max }) } else { Ok(()) }
}

fn encode<H: Serialize>(header: &H, entries: &[FramedEntry]) -> Vec<u8> {
    let mut body = encode_json(header);
    body.push(b'\n');
    for entry in entries {
        let line = FrameLine {
            frame: entry.frame,
            len: entry.bytes.len(),
            sidecar: entry.sidecar.clone(),
        };
        body.extend_from_slice(&encode_json(&line));
        body.push(b'\n');
        body.extend_from_slice(&entry.bytes);
        body.push(b'\n');
    }
    body
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn new(body: &'a [u8]) -> Result<Self, WireError> {
        within_limit(body)?;
        Ok(Self { rest: body })
    }

    fn header<T: DeserializeOwned>(&mut self) -> Result<T, WireError> {
        versioned("header", self.line("header")?)
    }

    fn entries(mut self, count: usize) -> Result<Vec<FramedEntry>, WireError> {
        let mut entries = Vec::with_capacity(count);
        let mut bytes = 0;
        for index in 0..count {
            let line: FrameLine = json("frame", self.line("frame")?)?;
            at_most("len", line.len, ENTRY_BYTES_MAX)?;
            bytes += line.len;
            at_most("entry bytes", bytes, PUSH_BYTES_MAX)?;
            let entry = self.take(line.len)?;
            if self.take(1)? != b"\n" {
                return Err(WireError::WrongLen { index });
            }
            entries.push(FramedEntry {
                frame: line.frame,
                bytes: entry.to_vec(),
                sidecar: line.sidecar,
            });
        }
        if self.rest.is_empty() {
            Ok(entries)
        } else {
            Err(WireError::TrailingBytes { count: self.rest.len() })
        }
    }

    fn line(&mut self, name: &'static str) -> Result<&'a str, WireError> {
        let window = self.rest.get(..LINE_BYTES_MAX).unwrap_or(self.rest);
        let Some(end) = window.iter().position(|byte| *byte == b'\n') else {
            return Err(if window.len() < LINE_BYTES_MAX {
                WireError::Truncated { inside: name }
            } else {
                WireError::LineTooLong { line: name, max: LINE_BYTES_MAX }
            });
        };
        let (line, rest) = self.rest.split_at(end);
        self.rest = rest.get(1..).unwrap_or_default();
        std::str::from_utf8(line).map_err(|_| WireError::NotUtf8 { line: name })
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], WireError> {
        let (taken, rest) =
            self.rest.split_at_checked(len).ok_or(WireError::Truncated { inside: "entry" })?;
        self.rest = rest;
        Ok(taken)
    }
}

/// Reads the protocol version first, so that a newer one is told apart from broken JSON.
fn versioned<T: DeserializeOwned>(line: &'static str, text: &str) -> Result<T, WireError> {
    #[derive(serde::Deserialize)]
    struct Version {
        protocol: u32,
    }
    let Version { protocol } = json(line, text)?;
    if protocol != PROTOCOL {
        return Err(WireError::Protocol { found: protocol });
    }
    json(line, text)
}

fn json<T: DeserializeOwned>(line: &'static str, text: &str) -> Result<T, WireError> {
    daybook_json::from_str(text).map_err(|misread| WireError::NotJson { line, misread })
}
