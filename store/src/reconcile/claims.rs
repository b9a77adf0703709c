//! Who holds a right to goods of a level, and who sold beyond any right.

use super::journal::{Key, entry_ref};
use super::stock::key;
use crate::args;
use crate::db::{DbError, Tx};
use serde::Serialize;
use std::collections::HashMap;
use std::fmt;

/// A part of a level that somebody has a right to, or took without one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Claim {
    /// By what.
    pub kind: ClaimKind,
    /// The order's number, the lease's till and fence, or the entry.
    pub reference: String,
    /// How much, thousandths, above zero.
    pub quantity_milli: i64,
}

/// By what goods are claimed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ClaimKind {
    /// A web order holds them.
    Reservation,
    /// A till may sell them.
    Lease,
    /// A till may have sold them under a lease that is over.
    InDoubt,
    /// A till sold them beyond its rights, and nobody has counted since.
    BeyondRights,
}

impl fmt::Display for ClaimKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Reservation => "reservation",
            Self::Lease => "lease",
            Self::InDoubt => "in_doubt",
            Self::BeyondRights => "beyond_rights",
        })
    }
}

/// All claims by SKU and location, in the order of [`ClaimKind`].
pub(super) fn read(tx: &mut Tx<'_>) -> Result<HashMap<Key, Vec<Claim>>, DbError> {
    let tenant = tx.tenant();
    let mut claims: HashMap<Key, Vec<Claim>> = HashMap::new();
    let mut add = |of: Key, kind, reference, quantity_milli| {
        claims.entry(of).or_default().push(Claim { kind, reference, quantity_milli });
    };
    let reserved = tx.query(
        "SELECT r.location_id, r.sku, r.quantity_milli, o.number
         FROM reservation r
         JOIN web_order o ON o.tenant_id = r.tenant_id AND o.order_id = r.order_id
         WHERE r.tenant_id = $1 AND r.state = 'held' ORDER BY r.created_at_ms, r.reservation_id",
        args![tenant],
    )?;
    for row in &reserved {
        add(key(row, 0)?, ClaimKind::Reservation, row.text(3)?.to_owned(), row.int(2)?);
    }
    let leased = tx.query(
        "SELECT l.location_id, l.sku, l.remaining_milli, l.state, l.lease_id, t.code
         FROM lease l JOIN till t ON t.tenant_id = l.tenant_id AND t.till_id = l.till_id
         WHERE l.tenant_id = $1 AND l.state IN ('granted', 'in_doubt') AND l.remaining_milli > 0
         ORDER BY l.state DESC, l.lease_id",
        args![tenant],
    )?;
    for row in &leased {
        let kind = match row.text(3)? {
            "granted" => ClaimKind::Lease,
            _ => ClaimKind::InDoubt,
        };
        let reference = format!("{} fence {}", row.text(5)?, row.int(4)?);
        add(key(row, 0)?, kind, reference, row.int(2)?);
    }
    let beyond = tx.query(
        "SELECT m.till_id, m.incarnation, m.seq, m.location_id, m.sku, m.quantity_milli
         FROM stock_movement m
         WHERE m.tenant_id = $1 AND m.beyond_rights = 1 AND m.quantity_milli < 0 AND NOT EXISTS (
             SELECT 1 FROM stocktake_line s
             WHERE s.tenant_id = m.tenant_id AND s.location_id = m.location_id AND s.sku = m.sku
                 AND s.counted_at_ms >= m.at_ms)
         ORDER BY m.txn, m.no",
        args![tenant],
    )?;
    for row in &beyond {
        let entry = entry_ref(row, 0)?.to_string();
        add(key(row, 3)?, ClaimKind::BeyondRights, entry, row.int(5)?.saturating_neg());
    }
    Ok(claims)
}
