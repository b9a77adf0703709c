//! Answers of the store about gift cards and store credit.

use crate::balances;
use crate::error::TillError;
use crate::requests::Asked;
use daybook_domain::amount::Minor;
use daybook_domain::balance::{Key, Medium};
use daybook_sync::message::{Outcome, RequestBody};
use rusqlite::Connection;
use uuid::Uuid;

/// Takes the outcome of a request about a balance.
pub(super) fn take_outcome(
    conn: &Connection,
    id: Uuid,
    asked: &Asked,
    outcome: &Outcome,
) -> Result<(), TillError> {
    match (&asked.body, outcome) {
        (
            RequestBody::BalanceSpend { medium, number, .. },
            Outcome::Held { amount_minor: amount_minor @ 1.., left_minor, ttl_ms },
        ) => {
            let found = Medium::ALL.into_iter().find(|known| known.name() == medium);
            let medium = found.ok_or_else(|| TillError::corrupt("request", id, "medium"))?;
            let key = Key { medium, number: number.clone() };
            let amounts = (Minor(*amount_minor), Minor(*left_minor));
            balances::keep(conn, id, &key, amounts, asked.at, *ttl_ms)
        }
        // The wish to give it back may have overtaken the answer.
        (RequestBody::BalanceRelease { hold }, _) => balances::forget(conn, *hold),
        _ => Ok(()),
    }
}
