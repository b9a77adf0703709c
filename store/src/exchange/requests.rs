//! Requests of a till: each answered once for ever under its id.

use super::Push;
use crate::apply::limits;
use crate::args;
use crate::balances;
use crate::db::{DbError, Tx};
use crate::leases;
use crate::orders::{self, CancelWish};
use crate::tenant::Tenant;
use crate::tills::{Incarnation, Till};
use daybook_domain::ids::OrderId;
use daybook_sync::hash::Hash;
use daybook_sync::message::{Outcome, Request, RequestAnswer, RequestBody};
use daybook_sync::wire::encode_json;
use uuid::Uuid;

/// What the ids of requests are bound to begins so.
const ASKER_TAG: &[u8] = b"daybook/request-of/v1\n";

pub(super) fn answer(
    tx: &mut Tx<'_>,
    business: &Tenant,
    till: &Till,
    push: &Push,
) -> Result<Vec<RequestAnswer>, DbError> {
    if push.header.requests.is_empty() {
        return Ok(Vec::new());
    }
    let incarnation = push.header.incarnation;
    // A life of which nothing is known but its number gets nothing, and may ask again when it has shown itself.
    if Incarnation::load(tx, till.till, incarnation)?.is_none() {
        return Ok(Vec::new());
    }
    let newest = Till::load(tx, till.till)?.is_some_and(|now| now.incarnation == incarnation);
    let mut answers = Vec::with_capacity(push.header.requests.len());
    for request in &push.header.requests {
        let outcome = one(tx, business, till, push, Asked { request, newest })?;
        answers.push(RequestAnswer { id: request.id, outcome });
    }
    Ok(answers)
}

/// A request, and whether the till's newest life asks.
#[derive(Clone, Copy)]
struct Asked<'a> {
    request: &'a Request,
    newest: bool,
}

fn one(
    tx: &mut Tx<'_>,
    business: &Tenant,
    till: &Till,
    push: &Push,
    asked: Asked<'_>,
) -> Result<Outcome, DbError> {
    let (tenant, now_ms, request) = (tx.tenant(), tx.now_ms(), asked.request);
    let body = encode_json(request);
    let life = push.header.incarnation.to_be_bytes();
    let body_hash = Hash::of(&[ASKER_TAG, till.till.as_bytes(), &life, &body]);
    let before = tx.query_opt(
        "SELECT body_hash, answer, till_id FROM request_answer WHERE tenant_id = $1 AND request_id = $2",
        args![tenant, request.id],
    )?;
    if let Some(row) = before {
        // An answer may be bound to its till alone: then any life of that till has asked.
        let of_till = || Ok::<_, DbError>(row.opt_uuid(2)? == Some(till.till));
        let kept = row.hash(0)?;
        if kept != body_hash && !(kept == Hash::of(&[&body]) && of_till()?) {
            return Ok(Outcome::refused("request.conflict"));
        }
        let outcome = serde_json::from_str(row.text(1)?)
            .map_err(|_| DbError::corrupt("request_answer", request.id))?;
        return again(tx, request.id, outcome);
    }
    let outcome = match request.body() {
        Ok(RequestBody::LeaseAcquire { .. } | RequestBody::BalanceSpend { .. })
            if !asked.newest =>
        {
            Outcome::refused("till.replaced")
        }
        Ok(_) if limits::holds_nul(&body) => Outcome::refused("request.unknown"),
        Ok(_) if business.frozen => Outcome::refused("store.frozen"),
        Ok(RequestBody::LeaseAcquire { sku, location, quantity_milli }) => {
            let wish = leases::Wish { request: request.id, sku, location, quantity_milli };
            leases::acquire(tx, till, push.header.incarnation, &wish)?
        }
        Ok(RequestBody::LeaseRelease { fence }) => {
            leases::release(tx, till, push.header.journal.head, fence)?
        }
        Ok(RequestBody::OrderCancel { order, reason, staff, approver }) => {
            let order = OrderId(order);
            let wish = CancelWish { request: request.id, order, reason, staff, approver };
            orders::cancel_wished(tx, till, &wish)?
        }
        Ok(RequestBody::BalanceSpend { medium, number, amount_minor }) => {
            let wish = balances::Wish { request: request.id, medium, number, amount_minor };
            balances::spend(tx, till, &wish)?
        }
        Ok(RequestBody::BalanceRelease { hold }) => balances::release(tx, till, hold)?,
        Err(_) => Outcome::refused("request.unknown"),
    };
    let text = serde_json::to_string(&outcome)
        .map_err(|_| DbError::corrupt("request_answer", request.id))?;
    tx.execute(
        "INSERT INTO request_answer (tenant_id, request_id, body_hash, answer, at_ms, till_id)
         VALUES ($1, $2, $3, $4, $5, $6)",
        args![tenant, request.id, body_hash, text, now_ms, till.till],
    )?;
    Ok(outcome)
}

/// An outcome told again: what is left of a grant since it was first given, or that it has ended.
fn again(tx: &mut Tx<'_>, request: Uuid, outcome: Outcome) -> Result<Outcome, DbError> {
    Ok(match outcome {
        Outcome::Granted { fence, quantity_milli, .. } => match leases::left_ms(tx, fence)? {
            Some(ttl_ms) => Outcome::Granted { fence, quantity_milli, ttl_ms },
            None => Outcome::refused("lease.ended"),
        },
        Outcome::Held { amount_minor: amount_minor @ 1.., left_minor, .. } => {
            match balances::left_ms(tx, request)? {
                Some(ttl_ms) => Outcome::Held { amount_minor, left_minor, ttl_ms },
                None => Outcome::refused("balance.ended"),
            }
        }
        Outcome::Held { .. } | Outcome::Done | Outcome::Refused { .. } => outcome,
    })
}
