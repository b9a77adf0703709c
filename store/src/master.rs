//! Words of the master data as they stand in columns and files, and the rules of the business.

use crate::args;
use crate::db::{DbError, Tx};
use daybook_domain::amount::Uom;
use daybook_domain::feed::{LocationKind, Role, Settings, StockPolicy};
use daybook_domain::order::Fulfilment;

/// Units of measure.
pub const UOMS: [(&str, Uom); 5] = [
    ("each", Uom::Each),
    ("kg", Uom::Kg),
    ("litre", Uom::Litre),
    ("metre", Uom::Metre),
    ("gallon", Uom::Gallon),
];

/// How stock is shared.
pub const POLICIES: [(&str, StockPolicy); 3] = [
    ("ring_fenced", StockPolicy::RingFenced),
    ("pooled_strict", StockPolicy::PooledStrict),
    ("pooled_soft", StockPolicy::PooledSoft),
];

/// Roles of staff.
pub const ROLES: [(&str, Role); 3] =
    [("cashier", Role::Cashier), ("manager", Role::Manager), ("admin", Role::Admin)];

/// Kinds of location.
pub const LOCATION_KINDS: [(&str, LocationKind); 2] =
    [("shop", LocationKind::Shop), ("warehouse", LocationKind::Warehouse)];

/// How orders reach their customers.
pub const FULFILMENTS: [(&str, Fulfilment); 2] =
    [("collect", Fulfilment::Collect), ("ship", Fulfilment::Ship)];

/// The unit of measure of a word.
#[must_use]
pub fn uom(word: &str) -> Option<Uom> {
    by_word(&UOMS, word)
}

/// The policy of a word.
#[must_use]
pub fn policy(word: &str) -> Option<StockPolicy> {
    by_word(&POLICIES, word)
}

/// The value of a word.
#[must_use]
pub fn by_word<T: Copy>(words: &[(&str, T)], word: &str) -> Option<T> {
    words.iter().find(|(known, _)| *known == word).map(|(_, value)| *value)
}

/// The word of a value.
///
/// # Panics
/// When the list lacks the value: the lists above are complete.
#[must_use]
pub fn word<T: Copy + PartialEq>(words: &[(&'static str, T)], value: T) -> &'static str {
    let found = words.iter().find(|(_, known)| *known == value);
    found.map(|(word, _)| *word).expect("the list of words is complete")
}

/// The rules of the business, once they are set.
///
/// # Errors
/// [`DbError`].
pub fn settings(tx: &mut Tx<'_>) -> Result<Option<Settings>, DbError> {
    named(tx, "settings")
}

/// A named value of the settings table.
///
/// # Errors
/// [`DbError`]; a value that does not fit its type is corrupt.
pub fn named<T: serde::de::DeserializeOwned>(
    tx: &mut Tx<'_>,
    name: &str,
) -> Result<Option<T>, DbError> {
    let tenant = tx.tenant();
    let row = tx.query_opt(
        "SELECT value FROM setting WHERE tenant_id = $1 AND name = $2",
        args![tenant, name],
    )?;
    let read = |row: crate::db::Row| {
        serde_json::from_str(row.text(0)?).map_err(|_| DbError::corrupt("setting", name))
    };
    row.map(read).transpose()
}

/// Writes a named value.
///
/// # Errors
/// [`DbError`].
pub fn set_named<T: serde::Serialize>(
    tx: &mut Tx<'_>,
    name: &str,
    value: &T,
) -> Result<(), DbError> {
    let tenant = tx.tenant();
    let value = serde_json::to_string(value).map_err(|_| DbError::corrupt("setting", name))?;
    tx.execute(
        "INSERT INTO setting (tenant_id, name, value) VALUES ($1, $2, $3)
         ON CONFLICT (tenant_id, name) DO UPDATE SET value = excluded.value",
        args![tenant, name, value],
    )?;
    Ok(())
}
