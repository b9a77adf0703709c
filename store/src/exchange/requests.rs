//! Requests of a till: each answered once for ever under its id.

use super::Push;
use crate::apply::limits;
use crate::args;
use crate::balances;
use crate::db::{DbError, Tx};
use crate::leases;
use crate::orders::{self, CancelWish};
use crate::tenant::Tenant;
use crate::tills::Till;
use daybook_domain::ids::OrderId;
use daybook_sync::hash::Hash;
use daybook_sync::message::{Outcome, Request, RequestAnswer, RequestBody};
use daybook_sync::wire::encode_json;

pub(super) fn answer(
    tx: &mut Tx<'_>,
    business: &Tenant,
    till: &Till,
    push: &Push,
) -> Result<Vec<RequestAnswer>, DbError> {
    let mut answers = Vec::with_capacity(push.header.requests.len());
    for request in &push.header.requests {
        let outcome = one(tx, business, till, push, request)?;
        answers.push(RequestAnswer { id: request.id, outcome });
    }
    Ok(answers)
}

fn one(
    tx: &mut Tx<'_>,
    business: &Tenant,
    till: &Till,
    push: &Push,
    request: &Request,
) -> Result<Outcome, DbError> {
    let (tenant, now_ms) = (tx.tenant(), tx.now_ms());
    let body = encode_json(request);
    let body_hash = Hash::of(&[&body]);
    let before = tx.query_opt(
        "SELECT body_hash, answer FROM request_answer WHERE tenant_id = $1 AND request_id = $2",
        args![tenant, request.id],
    )?;
    if let Some(row) = before {
        if row.hash(0)? != body_hash {
            return Ok(Outcome::refused("request.conflict"));
        }
        return serde_json::from_str(row.text(1)?)
            .map_err(|_| DbError::corrupt("request_answer", request.id));
    }
    let outcome = match request.body() {
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
