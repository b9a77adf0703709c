//! Gift cards and store credit: what the documents of the journals say beside what is booked.

use super::journal::Journal;
use crate::balances::books;
use crate::db::{DbError, Tx};
use std::collections::BTreeMap;

/// Balances whose amount, changes and documents are not one figure.
pub(super) fn faults(tx: &mut Tx<'_>, journal: &Journal) -> Result<Vec<String>, DbError> {
    let mut figures: BTreeMap<(String, String), (i64, i64, i64)> = BTreeMap::new();
    for book in books(tx)? {
        figures.insert((book.medium, book.number), (0, book.changes_minor, book.amount_minor));
    }
    for (key, stated) in &journal.balances {
        let at = (key.medium.name().to_owned(), key.number.clone());
        figures.entry(at).or_default().0 = *stated;
    }
    let differ = figures
        .into_iter()
        .filter(|(_, (stated, changes, amount))| stated != changes || changes != amount);
    Ok(differ
        .map(|((medium, number), (stated, changes, amount))| {
            let medium = medium.replace('_', " ");
            format!(
                "{medium} {number}: documents state {stated}, booked are {changes}, the amount is {amount}"
            )
        })
        .collect())
}
