//! Movements by the store's own doing.

use crate::args;
use crate::db::{DbError, Table, Tx};
use crate::gate::Dirty;
use daybook_domain::amount::Quantity;
use daybook_domain::ids::{LocationId, OrderId, Sku};
use std::collections::BTreeMap;

/// What moved it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MovementKind {
    /// First stock.
    Opening,
    /// By hand, or a later import.
    Adjustment,
    /// A web order was paid.
    Order,
    /// Goods of a web order came back.
    OrderReturn,
}

impl MovementKind {
    fn word(self) -> &'static str {
        match self {
            Self::Opening => "opening",
            Self::Adjustment => "adjustment",
            Self::Order => "order",
            Self::OrderReturn => "order_return",
        }
    }
}

/// A movement to post.
#[derive(Debug, Clone)]
pub struct Posting {
    /// Where.
    pub location: LocationId,
    /// What.
    pub sku: Sku,
    /// Signed, thousandths, not zero.
    pub quantity_milli: Quantity,
    /// What for.
    pub kind: MovementKind,
    /// Why, for a person.
    pub reason: Option<String>,
    /// Of which order.
    pub order: Option<OrderId>,
    /// Who.
    pub actor: String,
}

const LEVEL: Table = Table {
    name: "stock_level",
    columns: &["tenant_id", "location_id", "sku", "on_hand_milli"],
    then: "ON CONFLICT (tenant_id, location_id, sku) DO UPDATE
           SET on_hand_milli = stock_level.on_hand_milli + excluded.on_hand_milli, version = stock_level.version + 1",
};

const MOVEMENT: Table = Table {
    name: "stock_movement",
    columns: &[
        "tenant_id",
        "txn",
        "no",
        "location_id",
        "sku",
        "quantity_milli",
        "kind",
        "reason",
        "order_id",
        "actor",
        "at_ms",
    ],
    then: "",
};

/// Posts movements and changes the levels by them, in a fixed order of rows. A missing level row is made.
///
/// # Errors
/// [`DbError`]; an unknown SKU or location, and a movement of zero, break a rule of the schema.
pub fn post(tx: &mut Tx<'_>, postings: &[Posting]) -> Result<(), DbError> {
    let (tenant, txn, now_ms) = (tx.tenant(), tx.txn(), tx.now_ms());
    let mut sums: BTreeMap<(&LocationId, &Sku), i64> = BTreeMap::new();
    for posting in postings {
        let sum = sums.entry((&posting.location, &posting.sku)).or_default();
        let moved = sum.checked_add(posting.quantity_milli.0);
        *sum = moved.ok_or_else(|| DbError::corrupt("stock_level", &posting.sku))?;
    }
    let levels: Vec<_> = sums
        .iter()
        .map(|((location, sku), sum)| args![tenant, *location, *sku, *sum].to_vec())
        .collect();
    tx.insert(&LEVEL, &levels)?;
    let numbers: Vec<i64> = postings.iter().map(|_| tx.next_movement_no()).collect();
    let words: Vec<&str> = postings.iter().map(|posting| posting.kind.word()).collect();
    let rows: Vec<_> = postings
        .iter()
        .zip(numbers.iter().zip(&words))
        .map(|(posting, (no, word))| {
            args![
                tenant,
                txn,
                *no,
                posting.location,
                posting.sku,
                posting.quantity_milli,
                *word,
                posting.reason,
                posting.order,
                posting.actor,
                now_ms
            ]
            .to_vec()
        })
        .collect();
    tx.insert(&MOVEMENT, &rows)?;
    for (location, sku) in sums.keys() {
        tx.touch(Dirty::Stock((*location).clone(), (*sku).clone()));
    }
    Ok(())
}
