//! Enrolment: a one-time code becomes a till, or the next incarnation of one.

mod code;
mod keys;

pub use code::EnrolCode;
pub use keys::{Rotation, request_key, retire, rotate, rotation};

use crate::args;
use crate::db::{DbError, Tx, storable};
use crate::gate::Gate;
use crate::keyring::Keyring;
use crate::leases;
use crate::tenant;
use crate::tills::{self, Incarnation, Till, TillError, TillState, record};
use daybook_domain::ids::LocationId;
use daybook_sync::decide;
use daybook_sync::frame::Journal;
use daybook_sync::hash::Hash;
use daybook_sync::limits::{PROTOCOL, PROVISIONAL_FROM};
use daybook_sync::message::{
    EnrolAnswer, EnrolRequest, HeldJournal, IncarnationAnswer, IncarnationRequest, NewKey,
};
use daybook_sync::refusal::Refusal;
use uuid::Uuid;

/// Counter of the tills.
pub(crate) const TILLS: &str = "till";
/// How long a code may be used.
pub const CODE_TTL_MS: i64 = 10 * 60 * 1_000;
/// Wrong tries before a code is void.
pub const CODE_TRIES: i64 = 5;
/// How long to wait after too many wrong codes.
const RETRY_AFTER_SECONDS: u32 = 60;

/// A key whose signatures prove nothing.
const UNSOUND_KEY: Refusal = Refusal::OutOfRange { field: "public_key" };

/// Secrets drawn for one enrolment before its transaction.
#[derive(Debug, Clone)]
pub struct Fresh {
    /// First session.
    pub session: String,
    /// Id of the request key.
    pub key_id: String,
    /// Secret of the request key.
    pub secret: [u8; 32],
}

impl Fresh {
    /// Draws them.
    #[must_use]
    pub fn draw() -> Self {
        let session: [u8; 16] = crate::clock::random();
        let key_id: [u8; 8] = crate::clock::random();
        Self {
            session: hex::encode(session),
            key_id: hex::encode(key_id),
            secret: crate::clock::random(),
        }
    }
}

/// Purpose under which request secrets are sealed.
pub const SEAL_REQUEST_KEY: &str = "till.request-key";
const SEAL_ENROL_ANSWER: &str = "enrol.answer";

/// Makes a code for a new till at a location, or for a machine that takes over a till: drawn again while its public half is
/// that of another code, which a chain that enrols a thousand tills meets. Returns when it ends, UTC milliseconds.
///
/// # Errors
/// [`TillError`] when the location or the till is unknown.
pub fn new_code(
    gate: &Gate,
    location: &LocationId,
    resume: Option<&str>,
) -> Result<(EnrolCode, i64), TillError> {
    loop {
        let code = EnrolCode::draw();
        let (made, at, resume) = (code.clone(), location.clone(), resume.map(str::to_owned));
        let expires = gate.write(move |tx| make_code(tx, &made, &at, resume.as_deref()))?;
        if let Some(expires_at_ms) = expires {
            return Ok((code, expires_at_ms));
        }
    }
}

/// Nothing when the public half of the code is that of another.
fn make_code(
    tx: &mut Tx<'_>,
    code: &EnrolCode,
    location: &LocationId,
    resume: Option<&str>,
) -> Result<Option<i64>, TillError> {
    let (tenant, now_ms) = (tx.tenant(), tx.now_ms());
    let known = tx.query_opt(
        "SELECT 1 FROM location WHERE tenant_id = $1 AND location_id = $2 AND active = 1",
        args![tenant, location],
    )?;
    if known.is_none() {
        return Err(TillError::UnknownLocation(location.to_string()));
    }
    let resume = match resume {
        Some(code) => Some(resumable(tx, code, location)?),
        None => None,
    };
    let expires_at_ms = now_ms + CODE_TTL_MS;
    let made = tx.execute(
        "INSERT INTO enrolment_code (tenant_id, handle, secret_hash, location_id, resume_till_id, tries_left,
             expires_at_ms, created_at_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (tenant_id, handle) DO NOTHING",
        args![tenant, code.handle(), code.secret_hash(), location, resume, CODE_TRIES, expires_at_ms, now_ms],
    )?;
    Ok((made == 1).then_some(expires_at_ms))
}

/// A till that a new machine may take over: it is in use, and stands where the code is for.
fn resumable(tx: &mut Tx<'_>, code: &str, location: &LocationId) -> Result<Uuid, TillError> {
    let till = Till::by_code(tx, code)?.ok_or_else(|| TillError::Unknown(code.to_owned()))?;
    if till.state == TillState::Retired {
        return Err(TillError::Retired(code.to_owned()));
    }
    if till.location != *location {
        return Err(TillError::Elsewhere { till: code.to_owned(), stands: till.location });
    }
    Ok(till.till)
}

struct Pending {
    location: LocationId,
    resume: Option<Uuid>,
}

/// Takes an enrolment. The inner refusal is committed too: a wrong try counts.
///
/// # Errors
/// [`DbError`].
pub fn enrol(
    tx: &mut Tx<'_>,
    keyring: &Keyring,
    request: &EnrolRequest,
    fresh: &Fresh,
) -> Result<Result<EnrolAnswer, Refusal>, DbError> {
    let Some(code) = EnrolCode::parse(&request.code) else {
        return Ok(Err(Refusal::CodeUnknown));
    };
    let pending = match redeem(tx, keyring, &code, request)? {
        Redeemed::Now(_) if !request.public_key.is_sound() => return Ok(Err(UNSOUND_KEY)),
        Redeemed::Now(pending) => pending,
        Redeemed::Before(answer) => return Ok(Ok(*answer)),
        Redeemed::No(refusal) => return Ok(Err(refusal)),
    };
    let answer = admit(tx, keyring, &pending, request, fresh)?;
    let tenant = tx.tenant();
    let sealed = keyring.seal(SEAL_ENROL_ANSWER, &daybook_sync::wire::encode_json(&answer));
    let now_ms = tx.now_ms();
    tx.execute(
        "UPDATE enrolment_code SET used_at_ms = $3, used_by = $4, sealed_answer = $5
         WHERE tenant_id = $1 AND handle = $2",
        args![tenant, code.handle(), now_ms, request.public_key, sealed],
    )?;
    Ok(Ok(answer))
}

enum Redeemed {
    Now(Pending),
    Before(Box<EnrolAnswer>),
    No(Refusal),
}

fn redeem(
    tx: &mut Tx<'_>,
    keyring: &Keyring,
    code: &EnrolCode,
    request: &EnrolRequest,
) -> Result<Redeemed, DbError> {
    let (tenant, now_ms) = (tx.tenant(), tx.now_ms());
    // Written first, so that two who try one code at once come one after the other.
    let known = tx.execute(
        "UPDATE enrolment_code SET tries_left = tries_left WHERE tenant_id = $1 AND handle = $2",
        args![tenant, code.handle()],
    )?;
    let row = tx.query_opt(
        "SELECT secret_hash, location_id, resume_till_id, tries_left, expires_at_ms, used_by, sealed_answer
         FROM enrolment_code WHERE tenant_id = $1 AND handle = $2",
        args![tenant, code.handle()],
    )?;
    let Some(row) = row.filter(|_| known == 1) else {
        return Ok(Redeemed::No(Refusal::CodeUnknown));
    };
    if row.int(3)? == 0 {
        return Ok(Redeemed::No(Refusal::TooManyTries {
            retry_after_seconds: RETRY_AFTER_SECONDS,
        }));
    }
    if row.int(4)? <= now_ms {
        return Ok(Redeemed::No(Refusal::CodeUnknown));
    }
    if !code.matches(&row.hash(0)?) {
        tx.execute(
            "UPDATE enrolment_code SET tries_left = tries_left - 1 WHERE tenant_id = $1 AND handle = $2",
            args![tenant, code.handle()],
        )?;
        return Ok(Redeemed::No(Refusal::CodeUnknown));
    }
    match (row.opt_bytes(5)?, row.opt_bytes(6)?) {
        (Some(by), Some(sealed)) if by == request.public_key.as_bytes() => {
            let plain = keyring.unseal(SEAL_ENROL_ANSWER, sealed);
            let answer = plain.ok().and_then(|plain| serde_json::from_slice(&plain).ok());
            answer
                .map(|answer| Redeemed::Before(Box::new(answer)))
                .ok_or_else(|| DbError::corrupt("enrolment_code", code.handle()))
        }
        (None, None) => Ok(Redeemed::Now(Pending {
            location: row.parsed(1, "enrolment_code")?,
            resume: row.opt_uuid(2)?,
        })),
        (Some(_) | None, _) => Ok(Redeemed::No(Refusal::CodeUsed)),
    }
}

fn admit(
    tx: &mut Tx<'_>,
    keyring: &Keyring,
    pending: &Pending,
    request: &EnrolRequest,
    fresh: &Fresh,
) -> Result<EnrolAnswer, DbError> {
    let business = tenant::load(tx)?.ok_or_else(|| DbError::corrupt("tenant", tx.tenant()))?;
    let app = storable(&request.app);
    let till = match pending.resume {
        Some(till) => till,
        None => new_till(tx, &pending.location, &app)?,
    };
    let held = held(tx, till)?;
    let incarnation = open_incarnation(
        tx,
        till,
        &Opening {
            reason: if pending.resume.is_some() { "replaced" } else { "enrolled" },
            install: request.install,
            public_key: request.public_key,
            session: &fresh.session,
            previous: None,
            epoch: business.epoch,
        },
    )?;
    keys::add(tx, keyring, till, fresh, None)?;
    record(tx, till, "enrolled", "till", &app)?;
    let row = Till::load(tx, till)?.ok_or_else(|| DbError::corrupt("till", till))?;
    Ok(EnrolAnswer {
        protocol: PROTOCOL,
        tenant: business.tenant,
        till,
        till_code: row.code.to_string(),
        location: row.location.to_string(),
        incarnation,
        session: fresh.session.clone(),
        epoch: business.epoch,
        key: NewKey { key_id: fresh.key_id.clone(), secret: Hash(fresh.secret) },
        store_public_key: business.public_key,
        now_ms: tx.now_ms(),
        held,
    })
}

fn new_till(tx: &mut Tx<'_>, location: &LocationId, app: &str) -> Result<Uuid, DbError> {
    let (tenant, now_ms, till) = (tx.tenant(), tx.now_ms(), tx.new_id());
    let number = crate::counter::next(tx, TILLS)?;
    tx.execute(
        "INSERT INTO till (tenant_id, till_id, code, location_id, state, incarnation, enrolled_at_ms, app)
         VALUES ($1, $2, $3, $4, 'active', 0, $5, $6)",
        args![tenant, till, code::till_code(number), location, now_ms, app],
    )?;
    Ok(till)
}

struct Opening<'a> {
    reason: &'a str,
    install: Uuid,
    public_key: daybook_sync::hash::PublicKey,
    session: &'a str,
    previous: Option<u32>,
    epoch: i64,
}

/// The next number that the store grants; provisional ones, which a till took by itself, do not count.
fn open_incarnation(tx: &mut Tx<'_>, till: Uuid, opening: &Opening<'_>) -> Result<u32, DbError> {
    let tenant = tx.tenant();
    let row = tx.query_one(
        "SELECT coalesce(max(incarnation), 0) FROM till_incarnation
         WHERE tenant_id = $1 AND till_id = $2 AND incarnation < $3",
        args![tenant, till, PROVISIONAL_FROM],
    )?;
    let incarnation = decide::next_incarnation(row.u32(0)?, opening.previous, opening.epoch);
    let start = Journal { till, incarnation }.start();
    let opened = Incarnation {
        incarnation,
        received_seq: start.seq,
        received_hash: start.hash,
        reported_seq: 0,
        public_key: opening.public_key,
        session_current: opening.session.to_owned(),
        session_previous: opening.session.to_owned(),
    };
    opened.insert(tx, till, opening.reason, Some(opening.install))?;
    tx.execute(
        "UPDATE till SET incarnation = $3 WHERE tenant_id = $1 AND till_id = $2",
        args![tenant, till, incarnation],
    )?;
    // Leases end with the incarnation that asked for them; what its ledger sold may never arrive.
    leases::end(tx, till, Some(incarnation))?;
    Ok(incarnation)
}

fn held(tx: &mut Tx<'_>, till: Uuid) -> Result<Vec<HeldJournal>, DbError> {
    let journals = Incarnation::all(tx, till)?;
    Ok(journals
        .into_iter()
        .map(|journal| HeldJournal {
            incarnation: journal.incarnation,
            received_through: journal.received_seq,
            received_hash: journal.received_hash,
            reported: journal.reported_seq,
            public_key: journal.public_key,
        })
        .collect())
}

/// Grants the next incarnation. The same request gets the same one.
///
/// # Errors
/// [`DbError`]; the inner [`Refusal`] when the till is given nothing, or the id stands for another request.
pub fn next_incarnation(
    tx: &mut Tx<'_>,
    request: &IncarnationRequest,
    session: &str,
) -> Result<Result<IncarnationAnswer, Refusal>, DbError> {
    let (tenant, now_ms) = (tx.tenant(), tx.now_ms());
    let business = tenant::load(tx)?.ok_or_else(|| DbError::corrupt("tenant", tenant))?;
    // Taken first: one till asks one thing after the other.
    tx.execute(
        "UPDATE till SET last_seen_at_ms = $3 WHERE tenant_id = $1 AND till_id = $2",
        args![tenant, request.till, now_ms],
    )?;
    if !tills::is_served(tx, request.till)? {
        return Ok(Err(Refusal::Blocked));
    }
    let body_hash = Hash::of(&[&daybook_sync::wire::encode_json(request)]);
    // Of whichever till, and for whichever request.
    let before = tx.query_opt(
        "SELECT body_hash, answer FROM request_answer WHERE tenant_id = $1 AND request_id = $2",
        args![tenant, request.id],
    )?;
    let incarnation = match before {
        Some(row) if row.hash(0)? != body_hash => return Ok(Err(Refusal::RequestConflict)),
        Some(row) => row.parsed(1, "request_answer")?,
        None if !request.public_key.is_sound() => return Ok(Err(UNSOUND_KEY)),
        None => {
            let opening = Opening {
                reason: match request.reason {
                    daybook_sync::message::NewIncarnation::Restored => "restored",
                    daybook_sync::message::NewIncarnation::Forked => "forked",
                    daybook_sync::message::NewIncarnation::Replaced => "replaced",
                },
                install: request.install,
                public_key: request.public_key,
                session,
                previous: request.previous.map(|head| head.incarnation),
                epoch: business.epoch,
            };
            let incarnation = open_incarnation(tx, request.till, &opening)?;
            tx.execute(
                "INSERT INTO request_answer (tenant_id, request_id, body_hash, answer, at_ms, till_id)
                 VALUES ($1, $2, $3, $4, $5, $6)",
                args![tenant, request.id, body_hash, incarnation.to_string(), now_ms, request.till],
            )?;
            record(tx, request.till, "incarnation", "till", opening.reason)?;
            incarnation
        }
    };
    let opened = Incarnation::load(tx, request.till, incarnation)?
        .ok_or_else(|| DbError::corrupt("till_incarnation", incarnation))?;
    let mut held = held(tx, request.till)?;
    held.retain(|journal| journal.incarnation != incarnation);
    Ok(Ok(IncarnationAnswer {
        protocol: PROTOCOL,
        incarnation,
        session: opened.session_current,
        epoch: business.epoch,
        now_ms,
        held,
    }))
}
