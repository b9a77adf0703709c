//! The exchange: what a till sends is decided on by the protocol, carried out in one transaction, and answered with
//! what there is to know.

mod carry_out;
mod download;
mod pull;
mod requests;
mod view;

pub use download::download;

use crate::apply::{Prepared, prepare};
use crate::db::{DbError, Tx};
use crate::gate::Gate;
use crate::keyring::Keyring;
use crate::stock;
use crate::tenant::{self, Tenant};
use crate::tills::{Incarnation, Till, TillState};
use daybook_sync::decide::{PushPlan, SessionPlan, decide};
use daybook_sync::frame::{Acknowledgement, Head, Journal, Signer, VerifiedPush};
use daybook_sync::hash::PublicKey;
use daybook_sync::limits::PROTOCOL;
use daybook_sync::message::{
    ExchangeAnswer, ExchangeHeader, PullAnswer, PushAnswer, RequestAnswer,
};
use daybook_sync::refusal::Refusal;
use daybook_sync::wire::ExchangeRequest;
use std::sync::Arc;

/// Raised allotments that one exchange lets take effect; the round of jobs does the rest.
const ALLOTMENTS_AT_ONCE: i64 = 20;

/// A push with everything that was found out about it before the transaction.
struct Push {
    header: ExchangeHeader,
    key: PublicKey,
    verified: VerifiedPush,
    /// What each verified entry says.
    prepared: Vec<Prepared>,
    next_session: String,
}

/// What the transaction came to.
struct Done {
    business: Tenant,
    till: Till,
    plan: PushPlan,
    answers: Vec<RequestAnswer>,
}

/// Runs an exchange that has been authenticated and checked.
///
/// # Errors
/// [`Refusal`] when the store is busy or failed; then nothing was stored.
pub fn exchange(
    gate: &Gate,
    signer: &Signer,
    keyring: &Keyring,
    request: ExchangeRequest,
) -> Result<ExchangeAnswer, Refusal> {
    let push = Arc::new(examine(gate, request)?);
    let done = carry_out(gate, &push).map_err(|error| refusal(&error))?;
    let pull = if done.plan.hold_rows {
        PullAnswer::Wait
    } else {
        gate.read(|tx| pull::pull(tx, keyring, &done, &push.header))
            .map_err(|error| refusal(&error))?
    };
    let now_ms = gate.moment().at_ms;
    let journal = Journal { till: push.header.till, incarnation: push.header.journal.incarnation };
    Ok(ExchangeAnswer {
        protocol: PROTOCOL,
        epoch: done.business.epoch,
        now_ms,
        session: done.plan.session.answer(),
        push: acknowledge(signer, &done, journal, now_ms),
        location: begins_anew(&push.header, &pull).then(|| done.till.location.to_string()),
        pull,
        answers: done.answers,
        key: None,
    })
}

/// A till that fetches from nothing is told where it stands, again and again until it has begun.
fn begins_anew(header: &ExchangeHeader, pull: &PullAnswer) -> bool {
    match pull {
        PullAnswer::Refetch { .. } => true,
        PullAnswer::Page(_) | PullAnswer::UpgradeRequired { .. } | PullAnswer::Wait => {
            header.cursor.is_none()
        }
        PullAnswer::Blocked => false,
    }
}

/// Hashes, signatures and facts: all the work that needs no transaction.
fn examine(gate: &Gate, request: ExchangeRequest) -> Result<Push, Refusal> {
    let ExchangeRequest { header, entries } = request;
    let journal = header.journal.incarnation;
    let till = header.till;
    let key = gate
        .read(|tx| journal_key(tx, till, journal))
        .map_err(|error| refusal(&error))?
        .ok_or(Refusal::UnknownKey)?;
    let verified = VerifiedPush::verify(&key, &Journal { till, incarnation: journal }, entries);
    let prepared = verified.view().entries().iter().map(prepare).collect();
    let token: [u8; 16] = crate::clock::random();
    Ok(Push { header, key, verified, prepared, next_session: hex::encode(token) })
}

/// An incarnation that this store does not know yet, taken offline or after the backup it came from, still signs with
/// the till's last known key.
fn journal_key(
    tx: &mut Tx<'_>,
    till: uuid::Uuid,
    incarnation: u32,
) -> Result<Option<PublicKey>, DbError> {
    let journals = Incarnation::all(tx, till)?;
    let own = journals.iter().find(|journal| journal.incarnation == incarnation);
    Ok(own.or(journals.last()).map(|journal| journal.public_key))
}

fn carry_out(gate: &Gate, push: &Arc<Push>) -> Result<Done, DbError> {
    if let Some(idle) = gate.read(|tx| look(tx, push))? {
        return Ok(idle);
    }
    let push = Arc::clone(push);
    let done = gate.write(move |tx| carry_out::carry_out(tx, &push))?;
    if let Err(error) = settle_allotments(gate, &done.till) {
        // What the till brought is safe; the next exchange or round of jobs looks again.
        tracing::warn!(code = error.code(), %error, "allotments wait");
    }
    Ok(done)
}

/// A till that came further may be the last that a raised allotment waited for.
fn settle_allotments(gate: &Gate, till: &Till) -> Result<(), DbError> {
    if gate.read(|tx| stock::is_proposed(tx, &till.location))? {
        gate.write(|tx| stock::settle(tx, ALLOTMENTS_AT_ONCE))?;
    }
    Ok(())
}

/// An exchange that changes nothing costs no write.
fn look(tx: &mut Tx<'_>, push: &Push) -> Result<Option<Done>, DbError> {
    let (business, till) = parties(tx, push)?;
    let plan = plan(tx, push, &business, &till)?;
    let kept = matches!(plan.session, SessionPlan::Keep { .. } | SessionPlan::Refuse);
    let idle = kept
        && plan.append.is_none()
        && plan.report.is_none()
        && plan.alarms.is_empty()
        && push.header.requests.is_empty()
        && carry_out::sidecars::wanted(tx, push, None)?.is_empty()
        && !carry_out::has_news(tx, &till, &business, push)?;
    Ok(idle.then(|| Done { business, till, plan, answers: Vec::new() }))
}

fn parties(tx: &mut Tx<'_>, push: &Push) -> Result<(Tenant, Till), DbError> {
    let business = tenant::load(tx)?.ok_or_else(|| DbError::corrupt("tenant", tx.tenant()))?;
    let till = Till::load(tx, push.header.till)?
        .ok_or_else(|| DbError::corrupt("till", push.header.till))?;
    Ok((business, till))
}

fn plan(tx: &mut Tx<'_>, push: &Push, business: &Tenant, till: &Till) -> Result<PushPlan, DbError> {
    let view = view::push_view(tx, push, business, till.state != TillState::Active)?;
    Ok(decide(&view, &push.header, &push.verified.view()))
}

fn acknowledge(signer: &Signer, done: &Done, journal: Journal, now_ms: i64) -> PushAnswer {
    let head: Head = done.plan.received;
    let ack = Acknowledgement {
        tenant: done.business.tenant,
        journal,
        head,
        epoch: done.business.epoch,
        at_ms: now_ms,
    };
    PushAnswer {
        verdict: done.plan.verdict.clone(),
        incarnation: journal.incarnation,
        received_through: head.seq,
        received_hash: head.hash,
        ack_at_ms: now_ms,
        ack_sig: signer.acknowledge(&ack),
    }
}

/// How a failure of the database appears to a till: it keeps everything and comes back.
pub(crate) fn refusal(error: &DbError) -> Refusal {
    match error.remedy() {
        crate::db::Remedy::Retry => {
            tracing::warn!(code = error.code(), %error, "the store is busy");
            Refusal::Busy { retry_after_seconds: 2 }
        }
        // The disk is full or cannot be written, or the database is away.
        crate::db::Remedy::Recover if error.code() == "store.io" => {
            tracing::error!(code = error.code(), %error, "exchange failed");
            Refusal::Busy { retry_after_seconds: 10 }
        }
        crate::db::Remedy::Recover | crate::db::Remedy::Refuse | crate::db::Remedy::Report => {
            tracing::error!(code = error.code(), %error, "exchange failed");
            Refusal::Internal
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_till_comes_back_later_when_the_database_is_away_and_is_told_of_a_fault() {
        let away = DbError::Pool("no connection".to_owned());
        assert_eq!(refusal(&away), Refusal::Busy { retry_after_seconds: 10 });
        assert_eq!(refusal(&DbError::corrupt("document", 7)), Refusal::Internal);
    }
}
