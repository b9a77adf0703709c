//! Journal frames: how opaque entry bytes are chained by hash and signed by their till.

use crate::hash::{Hash, PublicKey, Signature};
use crate::limits::{ENTRY_BYTES_MAX, SIDECAR_BYTES_MAX};
use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

const GENESIS_TAG: &[u8] = b"daybook/genesis/v1\n";
const ENTRY_TAG: &[u8] = b"daybook/entry/v1\n";
const HEAD_TAG: &[u8] = b"daybook/head/v1\n";
const ACK_TAG: &[u8] = b"daybook/ack/v1\n";
const SIDECAR_TAG: &[u8] = b"daybook/sidecar/v1\n";

/// Which journal: one gapless sequence per till and incarnation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Journal {
    /// The till.
    pub till: Uuid,
    /// Its incarnation, from 1.
    pub incarnation: u32,
}

impl Journal {
    /// What stands as previous hash before the first entry.
    #[must_use]
    pub fn genesis(&self) -> Hash {
        Hash::of(&[GENESIS_TAG, self.till.as_bytes(), &self.incarnation.to_be_bytes()])
    }

    /// The head of this journal while it is empty.
    #[must_use]
    pub fn start(&self) -> Head {
        Head { seq: 0, hash: self.genesis() }
    }

    fn head_message(&self, head: &Head) -> Vec<u8> {
        let mut message = HEAD_TAG.to_vec();
        message.extend_from_slice(self.till.as_bytes());
        message.extend_from_slice(&self.incarnation.to_be_bytes());
        // A sequence number is never negative, so these are the bytes of an unsigned one.
        message.extend_from_slice(&head.seq.to_be_bytes());
        message.extend_from_slice(&head.hash.0);
        message
    }
}

/// How far a journal goes, and the hash there. Before the first entry: 0 and the genesis hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Head {
    /// Last sequence number, 0 for none.
    pub seq: i64,
    /// Hash there.
    pub hash: Hash,
}

/// Hash of an entry on its chain.
#[must_use]
pub fn entry_hash(prev: &Hash, bytes: &[u8]) -> Hash {
    Hash::of(&[ENTRY_TAG, &prev.0, bytes])
}

/// Hash of an erasable sidecar as it stands in the entry. The sidecar holds its own random salt.
#[must_use]
pub fn sidecar_hash(sidecar: &str) -> Hash {
    Hash::of(&[SIDECAR_TAG, sidecar.as_bytes()])
}

/// Place of an entry in its journal, and the till's word for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame {
    /// Sequence number, from 1.
    pub seq: i64,
    /// Hash of the entry before, or the genesis hash.
    pub prev: Hash,
    /// Hash of this entry.
    pub hash: Hash,
    /// Signature of the till over the head that this entry makes.
    pub sig: Signature,
}

impl Frame {
    /// The head that this entry makes.
    #[must_use]
    pub fn head(&self) -> Head {
        Head { seq: self.seq, hash: self.hash }
    }
}

/// An entry on its way: frame, bytes as they were written, sidecar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FramedEntry {
    /// Place and signature.
    pub frame: Frame,
    /// The entry itself; opaque here.
    pub bytes: Vec<u8>,
    /// Erasable personal data beside the entry; opaque here.
    pub sidecar: Option<String>,
}

/// A signing key: of a till for its heads, of a store for its acknowledgements.
#[derive(Clone)]
pub struct Signer(SigningKey);

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Signer({})", self.public_key())
    }
}

impl Signer {
    /// The key made from 32 secret random bytes (RFC 8032's private key).
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// What others verify with.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        PublicKey(self.0.verifying_key().to_bytes())
    }

    /// Makes the frame of the next entry after `prev`.
    #[must_use]
    pub fn frame(&self, journal: &Journal, prev: &Head, bytes: &[u8]) -> Frame {
        let head = Head { seq: prev.seq + 1, hash: entry_hash(&prev.hash, bytes) };
        Frame {
            seq: head.seq,
            prev: prev.hash,
            hash: head.hash,
            sig: Signature(self.0.sign(&journal.head_message(&head)).to_bytes()),
        }
    }

    /// Signs what the store has taken durably.
    #[must_use]
    pub fn acknowledge(&self, ack: &Acknowledgement) -> Signature {
        Signature(self.0.sign(&ack.message()).to_bytes())
    }
}

/// What a store states about a head: that it durably holds the journal up to there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Acknowledgement {
    /// Business on that store.
    pub tenant: Uuid,
    /// The journal.
    pub journal: Journal,
    /// The head it holds.
    pub head: Head,
    /// Epoch of the store.
    pub epoch: i64,
    /// When, UTC milliseconds.
    pub at_ms: i64,
}

impl Acknowledgement {
    fn message(&self) -> Vec<u8> {
        let mut message = ACK_TAG.to_vec();
        message.extend_from_slice(self.tenant.as_bytes());
        message.extend_from_slice(self.journal.till.as_bytes());
        message.extend_from_slice(&self.journal.incarnation.to_be_bytes());
        message.extend_from_slice(&self.head.seq.to_be_bytes());
        message.extend_from_slice(&self.head.hash.0);
        message.extend_from_slice(&self.epoch.to_be_bytes());
        message.extend_from_slice(&self.at_ms.to_be_bytes());
        message
    }

    /// Whether the store with this key signed this statement.
    #[must_use]
    pub fn is_signed_by(&self, store: &PublicKey, signature: &Signature) -> bool {
        signed(store, &self.message(), signature)
    }
}

/// Whether the till with this key signed this head.
#[must_use]
pub fn head_is_signed_by(
    key: &PublicKey,
    journal: &Journal,
    head: &Head,
    signature: &Signature,
) -> bool {
    signed(key, &journal.head_message(head), signature)
}

fn signed(key: &PublicKey, message: &[u8], signature: &Signature) -> bool {
    VerifyingKey::from_bytes(&key.0).is_ok_and(|key| {
        // Strict, so that every verifier of an export agrees.
        key.verify_strict(message, &ed25519_dalek::Signature::from_bytes(&signature.0)).is_ok()
    })
}

/// Why a frame is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameFault {
    /// Does not follow the entry before it in the same body.
    #[error("sequence numbers must follow each other from 1")]
    Sequence,
    /// `prev` is not the hash of the entry before it in the same body, or not the genesis hash at 1.
    #[error("prev is not the hash of the entry before")]
    Prev,
    /// `hash` is not the hash of `prev` and the bytes.
    #[error("hash does not match the bytes")]
    Hash,
    /// The signature is not the till's.
    #[error("signature does not verify with the till's key")]
    Signature,
    /// Entry or sidecar above the limit.
    #[error("entry or sidecar is too large")]
    TooLarge,
}

impl FrameFault {
    /// Stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Sequence => "sync.frame_sequence",
            Self::Prev => "sync.frame_prev",
            Self::Hash => "sync.frame_hash",
            Self::Signature => "sync.frame_signature",
            Self::TooLarge => "sync.frame_too_large",
        }
    }
}

/// The first frame that is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadFrame {
    /// Its sequence number as sent.
    pub seq: i64,
    /// What is wrong.
    pub fault: FrameFault,
}

/// Entries whose chain and signatures hold, up to the first that does not. Only [`verify_frames`] makes it.
#[derive(Debug, Clone)]
pub struct Verified<'a> {
    entries: &'a [FramedEntry],
    bad: Option<BadFrame>,
}

impl<'a> Verified<'a> {
    /// The entries that hold, in order, without a gap.
    #[must_use]
    pub fn entries(&self) -> &'a [FramedEntry] {
        self.entries
    }

    /// The first that does not hold, if any.
    #[must_use]
    pub fn bad(&self) -> Option<BadFrame> {
        self.bad
    }
}

/// [`Verified`] with its entries, to be kept until a transaction takes it.
#[derive(Debug, Clone)]
pub struct VerifiedPush {
    entries: Vec<FramedEntry>,
    bad: Option<BadFrame>,
}

impl VerifiedPush {
    /// Checks as [`verify_frames`] does, and keeps the entries that hold.
    #[must_use]
    pub fn verify(key: &PublicKey, journal: &Journal, mut entries: Vec<FramedEntry>) -> Self {
        let verified = verify_frames(key, journal, &entries);
        let (held, bad) = (verified.entries.len(), verified.bad);
        entries.truncate(held);
        Self { entries, bad }
    }

    /// The entries that hold, and the first that does not.
    #[must_use]
    pub fn view(&self) -> Verified<'_> {
        Verified { entries: &self.entries, bad: self.bad }
    }
}

/// Checks hashes, chain and every signature. Needs nothing but the till's key, so it runs before any transaction.
#[must_use]
pub fn verify_frames<'a>(
    key: &PublicKey,
    journal: &Journal,
    entries: &'a [FramedEntry],
) -> Verified<'a> {
    let mut before: Option<Head> = None;
    for (index, entry) in entries.iter().enumerate() {
        if let Err(fault) = verify_frame(key, journal, before.as_ref(), entry) {
            let bad = Some(BadFrame { seq: entry.frame.seq, fault });
            return Verified { entries: entries.get(..index).unwrap_or_default(), bad };
        }
        before = Some(entry.frame.head());
    }
    Verified { entries, bad: None }
}

fn verify_frame(
    key: &PublicKey,
    journal: &Journal,
    before: Option<&Head>,
    entry: &FramedEntry,
) -> Result<(), FrameFault> {
    let frame = &entry.frame;
    let sidecar_bytes = entry.sidecar.as_ref().map_or(0, String::len);
    if entry.bytes.len() > ENTRY_BYTES_MAX || sidecar_bytes > SIDECAR_BYTES_MAX {
        return Err(FrameFault::TooLarge);
    }
    let follows = before.is_none_or(|before| before.seq.checked_add(1) == Some(frame.seq));
    if frame.seq < 1 || !follows {
        return Err(FrameFault::Sequence);
    }
    let expected_prev = match before {
        Some(before) => Some(before.hash),
        None if frame.seq == 1 => Some(journal.genesis()),
        None => None,
    };
    if expected_prev.is_some_and(|prev| prev != frame.prev) {
        return Err(FrameFault::Prev);
    }
    if entry_hash(&frame.prev, &entry.bytes) != frame.hash {
        return Err(FrameFault::Hash);
    }
    if !head_is_signed_by(key, journal, &frame.head(), &frame.sig) {
        return Err(FrameFault::Signature);
    }
    Ok(())
}
