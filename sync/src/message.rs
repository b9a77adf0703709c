//! Messages between till and store, as they stand in JSON. Readers ignore fields that they do not know.

use crate::absent::or_default;
use crate::frame::{Frame, Head};
use crate::hash::{Hash, PublicKey, Signature};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use uuid::Uuid;

/// First line of an exchange: who speaks, what it has, what it wants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExchangeHeader {
    /// Protocol version.
    pub protocol: u32,
    /// The till.
    pub till: Uuid,
    /// The live incarnation: the one that writes new entries and holds the session.
    pub incarnation: u32,
    /// Session as last received for the live incarnation; empty when it has none yet (provisional incarnation).
    pub session: String,
    /// Epoch of the last answer that was applied, 0 before the first.
    pub epoch: i64,
    /// The journal that this push is about; an older incarnation while its entries are still being delivered.
    pub journal: JournalStatus,
    /// Where the pull goes on; absent to begin from nothing.
    #[serde(default)]
    pub cursor: Option<Cursor>,
    /// Requests without an answer yet, resent with their ids until answered.
    #[serde(default, deserialize_with = "or_default")]
    pub requests: Vec<Request>,
    /// Largest page wanted.
    #[serde(default, deserialize_with = "or_default")]
    pub page: PageLimits,
    /// How many frames follow.
    pub entries: usize,
}

/// A journal as the till has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalStatus {
    /// Incarnation.
    pub incarnation: u32,
    /// Last sequence number written, sent or not; 0 for none.
    pub head: i64,
    /// Hash there; the genesis hash at 0.
    pub head_hash: Hash,
    /// Last sequence number that the till knows to be acknowledged.
    pub acked: i64,
}

impl JournalStatus {
    /// Last entry written.
    #[must_use]
    pub fn head(&self) -> Head {
        Head { seq: self.head, hash: self.head_hash }
    }
}

/// Where a till is in the feed. The till echoes it as received and looks only at `epoch` and `feed`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// Epoch it was made in.
    pub epoch: i64,
    /// Last feed number received.
    pub feed: i64,
    /// Digest of the feed's history, so that a rewritten history is noticed.
    pub digest: Hash,
    /// During a fill from nothing: top of the feed when the fill began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fill: Option<i64>,
}

/// Largest page a till wants; the store may send less, but always at least one row when there is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageLimits {
    /// Rows, 1 to [`crate::limits::PAGE_ROWS_MAX`].
    pub rows: u32,
    /// Bytes of keys and values, 1 to [`crate::limits::PAGE_BYTES_MAX`].
    pub bytes: u32,
}

impl Default for PageLimits {
    fn default() -> Self {
        Self { rows: crate::limits::PAGE_ROWS_MAX, bytes: crate::limits::PAGE_BYTES_MAX }
    }
}

/// Something that may be refused. A refused id never succeeds later; a retry that may differ takes a new id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Made where the act starts, stored, resent until answered.
    pub id: Uuid,
    /// What is wanted, e.g. `lease.acquire`.
    pub kind: String,
    /// The fields of the kind, see [`RequestBody`], in the order of their names whatever JSON library is built in.
    #[serde(flatten)]
    pub fields: BTreeMap<String, serde_json::Value>,
}

/// Requests of this protocol version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind")]
pub enum RequestBody {
    /// Wants the right to sell so much offline.
    #[serde(rename = "lease.acquire")]
    LeaseAcquire {
        /// SKU.
        sku: String,
        /// Location.
        location: String,
        /// How much, thousandths, positive.
        quantity_milli: i64,
    },
    /// Gives what is left of a lease back, when every sale under it is in the journal.
    #[serde(rename = "lease.release")]
    LeaseRelease {
        /// Fence of the grant.
        fence: i64,
    },
    /// Calls a web order off: unpaid ones are cancelled, paid ones that have not left are refunded whole.
    #[serde(rename = "order.cancel")]
    OrderCancel {
        /// Which order.
        order: Uuid,
        /// Why.
        reason: String,
        /// Who asks.
        staff: String,
        /// Who approves, if someone does.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        approver: Option<String>,
    },
    /// Wants so much of a balance set aside for a tender of this till.
    #[serde(rename = "balance.spend")]
    BalanceSpend {
        /// `gift_card` or `store_credit`.
        medium: String,
        /// Its number.
        number: String,
        /// How much, minor units; zero only asks what is left.
        amount_minor: i64,
    },
    /// Gives what was set aside back: it is not going to be a tender.
    #[serde(rename = "balance.release")]
    BalanceRelease {
        /// Id of the request that set it aside.
        hold: Uuid,
    },
}

/// Why a request cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("request {id} of kind {kind:?}: {source}")]
pub struct BadRequest {
    /// The request.
    pub id: Uuid,
    /// Its kind.
    pub kind: String,
    /// What is wrong.
    #[source]
    pub source: serde_json::Error,
}

impl Request {
    /// Makes a request of a known kind.
    #[must_use]
    pub fn new(id: Uuid, body: &RequestBody) -> Self {
        let Ok(serde_json::Value::Object(mut fields)) = serde_json::to_value(body) else {
            unreachable!("a tagged enum of texts and integers is an object");
        };
        let Some(serde_json::Value::String(kind)) = fields.remove("kind") else {
            unreachable!("the tag of the enum is a text");
        };
        Self { id, kind, fields: fields.into_iter().collect() }
    }

    /// Reads the fields by kind. A kind of a newer till is an error too: it is answered with the refusal
    /// `request.unknown`, and the exchange goes on.
    ///
    /// # Errors
    /// [`BadRequest`] when the kind is unknown or a field is missing or of another type.
    pub fn body(&self) -> Result<RequestBody, BadRequest> {
        let kind = ("kind".to_owned(), serde_json::Value::String(self.kind.clone()));
        let fields = self.fields.clone().into_iter().chain([kind]).collect();
        serde_json::from_value(serde_json::Value::Object(fields)).map_err(|source| BadRequest {
            id: self.id,
            kind: self.kind.clone(),
            source,
        })
    }
}

/// A frame as its own line before the bytes of its entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrameLine {
    /// Place and signature.
    #[serde(flatten)]
    pub frame: Frame,
    /// Length of the entry in bytes, the newline after it not counted.
    pub len: usize,
    /// Erasable personal data beside the entry, or null.
    pub sidecar: Option<String>,
}

/// Answer to an exchange.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExchangeAnswer {
    /// Protocol version of this answer.
    pub protocol: u32,
    /// Epoch of the store.
    pub epoch: i64,
    /// Clock of the store, UTC milliseconds.
    pub now_ms: i64,
    /// Session for the next exchange; absent when the session sent is not valid.
    #[serde(default)]
    pub session: Option<String>,
    /// What became of the entries.
    pub push: PushAnswer,
    /// What there is to know.
    pub pull: PullAnswer,
    /// Outcomes of requests, in their order.
    #[serde(default, deserialize_with = "or_default")]
    pub answers: Vec<RequestAnswer>,
    /// Where the till stands, told when the pull begins from nothing or must: a till that was moved learns it so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// A new request key to use from now on; the old one stays valid until the new one was used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<NewKey>,
}

/// A request key.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewKey {
    /// Goes into the header `Daybook-Key`.
    pub key_id: String,
    /// Secret of the request MAC, 32 bytes, hex.
    pub secret: Hash,
}

impl std::fmt::Debug for NewKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewKey").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

/// What became of the entries, and how far the store durably holds this journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushAnswer {
    /// Verdict.
    #[serde(flatten)]
    pub verdict: PushVerdict,
    /// The journal this is about.
    pub incarnation: u32,
    /// Last sequence number that the store durably holds of this journal as this till has it (on a fork: of this
    /// till's branch).
    pub received_through: i64,
    /// Hash there.
    pub received_hash: Hash,
    /// When the store signed this, UTC milliseconds.
    pub ack_at_ms: i64,
    /// The store's signature over the acknowledged head.
    pub ack_sig: Signature,
}

impl PushAnswer {
    /// The head that the store acknowledges.
    #[must_use]
    pub fn received(&self) -> Head {
        Head { seq: self.received_through, hash: self.received_hash }
    }
}

/// Verdict on a push. Whatever it says, `received_through` counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum PushVerdict {
    /// Stored, or stored before.
    Accepted,
    /// Something is missing before the first entry sent; nothing of this push was stored.
    Gap {
        /// Send again from here.
        expected: i64,
    },
    /// The store holds another entry at one of these numbers. Both are kept; the rest of this journal is still
    /// taken, on a branch. Begin a new incarnation.
    Fork {
        /// First number that differs.
        at: i64,
        /// The other history's head at the store.
        trunk: Head,
    },
    /// This copy of the ledger is not the live one, or is behind what it once reported. Begin a new incarnation.
    Recover {
        /// Why.
        reason: RecoverReason,
        /// Head of this journal at the store.
        store: Head,
    },
    /// A frame does not hold; it and what follows it was not stored.
    BadFrame {
        /// First bad sequence number as sent.
        at: i64,
        /// `sync.frame_sequence`, `sync.frame_prev`, `sync.frame_hash`, `sync.frame_signature`,
        /// `sync.frame_too_large`.
        code: String,
    },
    /// The till is blocked: entries are stored and wait for approval, nothing else is given.
    Blocked,
}

/// Why a ledger must not go on in its incarnation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecoverReason {
    /// The session is older than the previous one: another copy has spoken since.
    Session,
    /// The journal ends before a head that it once reported.
    Behind,
}

/// What a till should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "PullText", into = "PullText")]
pub enum PullAnswer {
    /// Rows after the cursor.
    Page(FeedPage),
    /// The cursor is not of this feed: begin from nothing. The journal is not touched.
    Refetch {
        /// Why.
        reason: RefetchReason,
    },
    /// This till's program is too old for the feed. Pushing goes on.
    UpgradeRequired {
        /// Lowest protocol version that still gets rows.
        minimum: u32,
    },
    /// The till is blocked.
    Blocked,
    /// Nothing yet: the store holds entries of this journal beyond those that it could compare, so it cannot say
    /// whose the acknowledgements are. Deliver the rest first.
    Wait,
}

/// Rows of the feed in the order of their numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedPage {
    /// The rows.
    pub rows: Vec<FeedRow>,
    /// Cursor after them.
    pub cursor: Cursor,
    /// Whether there is more now.
    pub more: bool,
}

/// A pull answer as it stands in JSON. Written out because serde cannot read raw values inside a tagged enum.
#[derive(Default, Serialize, Deserialize)]
struct PullText {
    verdict: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rows: Option<Vec<FeedRow>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cursor: Option<Cursor>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    more: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<RefetchReason>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    minimum: Option<u32>,
}

impl From<PullAnswer> for PullText {
    fn from(answer: PullAnswer) -> Self {
        let verdict = |verdict: &str| Self { verdict: verdict.to_owned(), ..Self::default() };
        match answer {
            PullAnswer::Page(FeedPage { rows, cursor, more }) => {
                Self { rows: Some(rows), cursor: Some(cursor), more: Some(more), ..verdict("page") }
            }
            PullAnswer::Refetch { reason } => Self { reason: Some(reason), ..verdict("refetch") },
            PullAnswer::UpgradeRequired { minimum } => {
                Self { minimum: Some(minimum), ..verdict("upgrade_required") }
            }
            PullAnswer::Blocked => verdict("blocked"),
            PullAnswer::Wait => verdict("wait"),
        }
    }
}

impl TryFrom<PullText> for PullAnswer {
    type Error = String;
    fn try_from(text: PullText) -> Result<Self, String> {
        let missing = |field: &str| format!("verdict {:?} needs the field {field}", text.verdict);
        match text.verdict.as_str() {
            "page" => Ok(Self::Page(FeedPage {
                cursor: text.cursor.ok_or_else(|| missing("cursor"))?,
                more: text.more.ok_or_else(|| missing("more"))?,
                rows: text.rows.ok_or("verdict \"page\" needs the field rows")?,
            })),
            "refetch" => {
                Ok(Self::Refetch { reason: text.reason.ok_or_else(|| missing("reason"))? })
            }
            "upgrade_required" => Ok(Self::UpgradeRequired {
                minimum: text.minimum.ok_or_else(|| missing("minimum"))?,
            }),
            "blocked" => Ok(Self::Blocked),
            "wait" => Ok(Self::Wait),
            other => Err(format!("unknown verdict {other:?} of the pull")),
        }
    }
}

/// Why a cursor cannot be continued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefetchReason {
    /// The store was restored from a backup since.
    Epoch,
    /// Beyond anything this feed has given out.
    Ahead,
    /// The history behind the cursor is another one.
    Digest,
    /// Deletions since the cursor are no longer known.
    Floor,
    /// The till belongs to another location now.
    Scope,
}

/// Latest version of one key.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FeedRow {
    /// Feed number, unique and rising.
    pub feed: i64,
    /// Key, e.g. `item/SKU-1`.
    pub key: String,
    /// Value, opaque here; absent on a deletion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Box<RawValue>>,
    /// The key is gone.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "std::ops::Not::not")]
    pub deleted: bool,
}

impl FeedRow {
    /// A value.
    ///
    /// # Errors
    /// When `value` is not JSON.
    pub fn value(feed: i64, key: impl Into<String>, value: String) -> serde_json::Result<Self> {
        let value = Some(RawValue::from_string(value)?);
        Ok(Self { feed, key: key.into(), value, deleted: false })
    }

    /// A deletion.
    #[must_use]
    pub fn tombstone(feed: i64, key: impl Into<String>) -> Self {
        Self { feed, key: key.into(), value: None, deleted: true }
    }

    /// Bytes that count against a page.
    #[must_use]
    pub fn size(&self) -> usize {
        self.key.len() + self.value.as_ref().map_or(0, |value| value.get().len())
    }
}

impl PartialEq for FeedRow {
    fn eq(&self, other: &Self) -> bool {
        let text = |row: &Self| row.value.as_ref().map(|value| value.get().to_owned());
        (self.feed, &self.key, self.deleted) == (other.feed, &other.key, other.deleted)
            && text(self) == text(other)
    }
}

impl Eq for FeedRow {}

/// Outcome of one request. The store remembers it for ever under the request's id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestAnswer {
    /// The request.
    pub id: Uuid,
    /// What came of it.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// What came of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// A lease.
    Granted {
        /// Number of the grant; stands on every movement sold under it.
        fence: i64,
        /// How much, thousandths: as asked or less.
        quantity_milli: i64,
        /// For how long, counted by the till from before it asked.
        ttl_ms: i64,
    },
    /// So much of a balance is set aside.
    Held {
        /// How much, minor units: as asked or what there was.
        amount_minor: i64,
        /// What is left of the balance beside all that is set aside, minor units.
        left_minor: i64,
        /// For how long the tender may be taken, counted by the till from before it asked.
        ttl_ms: i64,
    },
    /// Done; nothing to say.
    Done,
    /// Never.
    Refused {
        /// Stable code, e.g. `lease.none_free`.
        code: String,
    },
}

impl Outcome {
    /// The refusal with this code.
    #[must_use]
    pub fn refused(code: &str) -> Self {
        Self::Refused { code: code.to_owned() }
    }
}

/// `POST /sync/v1/enrol`: a one-time code becomes an identity. Not signed by a MAC: there is no key yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrolRequest {
    /// Protocol version.
    pub protocol: u32,
    /// One-time code as typed; case, spaces and `-` do not matter.
    pub code: String,
    /// The till's own Ed25519 key.
    pub public_key: PublicKey,
    /// Install id of this machine's copy.
    pub install: Uuid,
    /// Program and version.
    pub app: String,
}

/// Answer to an enrolment. The same code with the same key gets it again while the code is valid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrolAnswer {
    /// Protocol version.
    pub protocol: u32,
    /// The business.
    pub tenant: Uuid,
    /// The till: new, or the one to resume.
    pub till: Uuid,
    /// Short code that stands in its document numbers.
    pub till_code: String,
    /// Where it stands.
    pub location: String,
    /// Incarnation to begin with.
    pub incarnation: u32,
    /// Its first session.
    pub session: String,
    /// Epoch of the store.
    pub epoch: i64,
    /// Request key.
    #[serde(flatten)]
    pub key: NewKey,
    /// Key that the store's acknowledgements are signed with.
    pub store_public_key: PublicKey,
    /// Clock of the store, UTC milliseconds.
    pub now_ms: i64,
    /// Journals of earlier incarnations that the store holds (resume).
    #[serde(default, deserialize_with = "or_default")]
    pub held: Vec<HeldJournal>,
}

/// `POST /sync/v1/incarnation`: the ledger must not go on as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncarnationRequest {
    /// Protocol version.
    pub protocol: u32,
    /// Made where the act starts; the same id gets the same incarnation.
    pub id: Uuid,
    /// The till.
    pub till: Uuid,
    /// Why.
    pub reason: NewIncarnation,
    /// Install id of this copy.
    pub install: Uuid,
    /// Key that signs the new journal.
    pub public_key: PublicKey,
    /// The ledger's own last head.
    #[serde(default)]
    pub previous: Option<IncarnationHead>,
}

/// Why a till begins a new incarnation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NewIncarnation {
    /// The ledger came back from a backup or was copied: another install id, or the verdict `recover`.
    Restored,
    /// The verdict `fork`.
    Forked,
    /// A new machine took over.
    Replaced,
}

/// Head of one incarnation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncarnationHead {
    /// Incarnation.
    pub incarnation: u32,
    /// Last sequence number, 0 for none.
    pub seq: i64,
    /// Hash there.
    pub hash: Hash,
}

/// Answer to an incarnation request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncarnationAnswer {
    /// Protocol version.
    pub protocol: u32,
    /// The new incarnation.
    pub incarnation: u32,
    /// Its first session.
    pub session: String,
    /// Epoch of the store.
    pub epoch: i64,
    /// Clock of the store, UTC milliseconds.
    pub now_ms: i64,
    /// What the store holds of all earlier ones.
    pub held: Vec<HeldJournal>,
}

/// How much the store holds of a journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldJournal {
    /// Incarnation.
    pub incarnation: u32,
    /// Last sequence number held.
    pub received_through: i64,
    /// Hash there.
    pub received_hash: Hash,
    /// Highest sequence number that the till ever reported to have written.
    pub reported: i64,
    /// Key that its frames verify with.
    pub public_key: PublicKey,
}

/// `POST /sync/v1/entries`: what the store holds and the till lacks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntriesRequest {
    /// Protocol version.
    pub protocol: u32,
    /// The till.
    pub till: Uuid,
    /// Which journal.
    pub incarnation: u32,
    /// Send what follows this sequence number.
    pub after: i64,
}

/// First line of the answer with entries; frames follow as in a push.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntriesHeader {
    /// Protocol version.
    pub protocol: u32,
    /// Which journal.
    pub incarnation: u32,
    /// Key that its frames verify with.
    pub public_key: PublicKey,
    /// Last sequence number held.
    pub received_through: i64,
    /// Whether there is more after these.
    pub more: bool,
    /// How many frames follow.
    pub entries: usize,
}

/// Body of every refusal by HTTP status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// The error.
    pub error: ErrorDetail,
}

/// An error as a program and a person read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorDetail {
    /// Stable code, e.g. `sync.bad_mac`.
    pub code: String,
    /// For a person.
    pub message: String,
    /// The offending field, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}
