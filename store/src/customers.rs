//! Erasing a customer: what is personal goes, what the law wants on documents and what proves the journal stays.

use crate::args;
use crate::db::{DbError, Lookup, Tx};
use crate::gate::Dirty;
use daybook_domain::ids::{CustomerId, OrderId};
use serde::Serialize;
use std::collections::BTreeSet;
use uuid::Uuid;

const ERASED: Lookup = Lookup {
    table: "customer",
    by: &["tenant_id", "customer_id"],
    columns: &["customer_id", "erased_by"],
};

/// Characters of an id as text.
const ID_CHARS: usize = 36;

/// Why a customer was not erased.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CustomerError {
    /// There is no such customer.
    #[error("customer: there is no {0}")]
    Unknown(CustomerId),
    /// Orders of theirs are under way.
    #[error("customer: order {number} is {state}; finish or call it off first")]
    OpenOrder {
        /// Its number.
        number: String,
        /// Its state.
        state: String,
    },
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl CustomerError {
    /// Stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unknown(_) => "customer.unknown",
            Self::OpenOrder { .. } => "customer.open_order",
            Self::Db(error) => error.code(),
        }
    }
}

/// What was erased.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Erased {
    /// Who it was.
    pub customer: CustomerId,
    /// Texts beside journal entries.
    pub sidecars: u64,
    /// Orders whose addresses are gone.
    pub orders: usize,
}

/// Erases a customer: the row, the sidecars of entries that name them, the addresses of their orders. Their id stays,
/// and every till is told to forget them. Erasing twice is the same as once.
///
/// # Errors
/// [`CustomerError`].
pub fn erase(
    tx: &mut Tx<'_>,
    customer: CustomerId,
    by: &str,
    reason: &str,
) -> Result<Erased, CustomerError> {
    let (tenant, now_ms) = (tx.tenant(), tx.now_ms());
    let known = tx.execute(
        "UPDATE customer SET name = '', phone = NULL, email = NULL, whatsapp = NULL, tax_id = NULL,
             erased_at_ms = coalesce(erased_at_ms, $3), erased_by = coalesce(erased_by, $4),
             erased_reason = coalesce(erased_reason, $5)
         WHERE tenant_id = $1 AND customer_id = $2",
        args![tenant, customer, now_ms, *by, *reason],
    )?;
    if known == 0 {
        return Err(CustomerError::Unknown(customer));
    }
    let orders = orders(tx, customer)?;
    let sidecars = sidecars(tx, customer, by)?;
    tx.touch(Dirty::Customer(customer));
    Ok(Erased { customer, sidecars, orders })
}

/// Ids that stand anywhere in a text.
pub(crate) fn ids_in(text: &[u8]) -> impl Iterator<Item = Uuid> {
    let hyphened = |part: &&[u8]| part.get(8) == Some(&b'-') && part.get(13) == Some(&b'-');
    let parts = text.windows(ID_CHARS).filter(hyphened);
    parts.filter_map(|part| Uuid::try_parse_ascii(part).ok())
}

/// Which of these are customers that a person erased.
///
/// # Errors
/// [`DbError`].
pub(crate) fn erased_of(tx: &mut Tx<'_>, ids: &BTreeSet<Uuid>) -> Result<BTreeSet<Uuid>, DbError> {
    let tenant = tx.tenant();
    let keys: Vec<_> = ids.iter().map(|id| args![tenant, *id].to_vec()).collect();
    let mut erased = BTreeSet::new();
    for row in tx.find(&ERASED, &keys)? {
        if row.opt_text(1)?.is_some() {
            erased.insert(row.uuid(0)?);
        }
    }
    Ok(erased)
}

fn orders(tx: &mut Tx<'_>, customer: CustomerId) -> Result<usize, CustomerError> {
    let tenant = tx.tenant();
    let rows = tx.query(
        "SELECT order_id, number, state FROM web_order WHERE tenant_id = $1 AND customer_id = $2 ORDER BY order_id",
        args![tenant, customer],
    )?;
    for row in &rows {
        let state = row.text(2)?;
        if !matches!(state, "delivered" | "cancelled" | "refunded") {
            let number = row.text(1)?.to_owned();
            return Err(CustomerError::OpenOrder { number, state: state.to_owned() });
        }
        let order = OrderId(row.uuid(0)?);
        tx.execute(
            "UPDATE web_order SET shipping_address = NULL, billing_address = NULL, note = NULL, gift_message = NULL,
                 version = version + 1
             WHERE tenant_id = $1 AND order_id = $2",
            args![tenant, order],
        )?;
        tx.touch(Dirty::Order(order));
    }
    Ok(rows.len())
}

/// The bytes of an entry name its sidecar by a salted hash alone, so its chain holds without it.
fn sidecars(tx: &mut Tx<'_>, customer: CustomerId, by: &str) -> Result<u64, DbError> {
    let (tenant, now_ms) = (tx.tenant(), tx.now_ms());
    let names = format!("%{customer}%");
    let trunk = tx.execute(
        "UPDATE journal_sidecar SET text = NULL, erased_at_ms = $3, erased_by = $4
         WHERE tenant_id = $1 AND text LIKE $2",
        args![tenant, names, now_ms, *by],
    )?;
    let branches = tx.execute(
        "UPDATE journal_branch_entry SET sidecar = NULL WHERE tenant_id = $1 AND sidecar LIKE $2",
        args![tenant, names],
    )?;
    // Of a customer's own entry the sidecar may leave the id to the body.
    let own = tx.execute(
        "UPDATE journal_sidecar SET text = NULL, erased_at_ms = $3, erased_by = $4
         WHERE tenant_id = $1 AND text IS NOT NULL AND EXISTS (
             SELECT 1 FROM document d WHERE d.tenant_id = journal_sidecar.tenant_id
                 AND d.till_id = journal_sidecar.till_id AND d.incarnation = journal_sidecar.incarnation
                 AND d.seq = journal_sidecar.seq AND d.customer_id = $2)",
        args![tenant, customer, now_ms, *by],
    )?;
    Ok(trunk + branches + own + created(tx, customer, by)?)
}

/// The entry that made the customer names them in its body.
fn created(tx: &mut Tx<'_>, customer: CustomerId, by: &str) -> Result<u64, DbError> {
    let (tenant, now_ms) = (tx.tenant(), tx.now_ms());
    let rows = tx.query(
        "SELECT e.till_id, e.incarnation, e.seq, e.bytes FROM journal_entry e
         JOIN journal_sidecar s ON s.tenant_id = e.tenant_id AND s.till_id = e.till_id
              AND s.incarnation = e.incarnation AND s.seq = e.seq
         WHERE e.tenant_id = $1 AND e.kind = 'customer.created' AND s.text IS NOT NULL",
        args![tenant],
    )?;
    let id = customer.to_string();
    let mut erased = 0;
    for row in &rows {
        if !row.bytes(3)?.windows(id.len()).any(|part| part == id.as_bytes()) {
            continue;
        }
        erased += tx.execute(
            "UPDATE journal_sidecar SET text = NULL, erased_at_ms = $5, erased_by = $6
             WHERE tenant_id = $1 AND till_id = $2 AND incarnation = $3 AND seq = $4",
            args![tenant, row.uuid(0)?, row.u32(1)?, row.int(2)?, now_ms, *by],
        )?;
    }
    Ok(erased)
}
