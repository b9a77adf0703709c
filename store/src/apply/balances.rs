//! What documents put on gift cards and store credit, and take from them.

use super::{Placed, Unapplied, sales::sale_of};
use crate::args;
use crate::db::{Arg, Bind, Table, Tx};
use crate::exceptions::{self, Raised, raise};
use daybook_domain::amount::Minor;
use daybook_domain::balance::{Key, Medium, changes};
use daybook_domain::document::Document;
use std::collections::BTreeMap;
use uuid::Uuid;

const BALANCE: Table = Table {
    name: "balance",
    columns: &["tenant_id", "medium", "number", "amount_minor"],
    then: "ON CONFLICT (tenant_id, medium, number) DO UPDATE
           SET amount_minor = balance.amount_minor + excluded.amount_minor, version = balance.version + 1
           RETURNING medium, number, amount_minor",
};

const CHANGE: Table = Table {
    name: "balance_change",
    columns: &["tenant_id", "document_id", "medium", "number", "amount_minor"],
    then: "",
};

const OVERSPENT: &str = "balance.overspent";

pub(super) fn apply(tx: &mut Tx<'_>, facts: &[Placed<'_>]) -> Result<(), Unapplied> {
    let sales = facts.iter().filter_map(|placed| Some((placed.till, sale_of(placed.fact)?.1)));
    let documents: Vec<(Uuid, &Document)> =
        sales.map(|(till, sale)| (till, &sale.document)).collect();
    let mut changed: Vec<(&Document, Key, Minor)> = Vec::new();
    // By number in a fixed order, so that two tills never wait for each other in a circle.
    let mut sums: BTreeMap<Key, (Minor, Uuid)> = BTreeMap::new();
    for (till, document) in &documents {
        let out_of_range = |error| Unapplied::new("document.figures", error);
        for (key, amount) in changes(document).map_err(out_of_range)? {
            let sum = sums.entry(key.clone()).or_insert((Minor::ZERO, *till));
            sum.0 = sum.0.checked_add(amount).map_err(out_of_range)?;
            changed.push((document, key, amount));
        }
        unnamed(tx, *till, document)?;
    }
    if changed.is_empty() {
        return Ok(());
    }
    let tenant = tx.tenant();
    let rows: Vec<Vec<Arg<'_>>> = sums
        .iter()
        .map(|(key, (sum, _))| {
            vec![Arg::Int(tenant), Arg::Text(key.medium.name()), key.number.arg(), sum.arg()]
        })
        .collect();
    let now = tx.insert_returning(&BALANCE, &rows)?;
    let rows: Vec<Vec<Arg<'_>>> = changed
        .iter()
        .map(|(document, key, amount)| {
            vec![
                Arg::Int(tenant),
                document.id.arg(),
                Arg::Text(key.medium.name()),
                key.number.arg(),
                amount.arg(),
            ]
        })
        .collect();
    tx.insert(&CHANGE, &rows)?;
    end_holds(tx, &documents)?;
    for row in &now {
        let (medium, number, amount) = (row.text(0)?, row.text(1)?, row.int(2)?);
        let till = sums.iter().find(|(key, _)| key.medium.name() == medium && key.number == number);
        judge(tx, till.map(|(_, (_, till))| *till), medium, number, amount)?;
    }
    Ok(())
}

/// What was set aside for a tender is spent with it.
fn end_holds(tx: &mut Tx<'_>, documents: &[(Uuid, &Document)]) -> Result<(), Unapplied> {
    let (tenant, now_ms) = (tx.tenant(), tx.now_ms());
    for (till, document) in documents {
        for hold in document.tenders.iter().filter_map(|tender| tender.hold) {
            tx.execute(
                "UPDATE balance_hold SET state = 'spent', ended_at_ms = $4
                 WHERE tenant_id = $1 AND hold_id = $2 AND till_id = $3 AND state = 'held'",
                args![tenant, hold, *till, now_ms],
            )?;
        }
    }
    Ok(())
}

/// More was taken from it than was put on it: both facts stand, and a person is asked, until what is missing comes.
fn judge(
    tx: &mut Tx<'_>,
    till: Option<Uuid>,
    medium: &str,
    number: &str,
    amount: i64,
) -> Result<(), Unapplied> {
    let subject = format!("balance/{medium}/{number}");
    if amount >= 0 {
        return Ok(exceptions::close(tx, OVERSPENT, &subject, "store", "covered again")?);
    }
    let what = medium.replace('_', " ");
    let raised = Raised {
        kind: OVERSPENT,
        subject,
        till,
        detail: format!("{what} {number} is overspent by {} minor units", -amount),
        ..Raised::default()
    };
    Ok(raise(tx, &raised)?)
}

/// A tender that does not say which balance it was taken from or put on.
fn unnamed(tx: &mut Tx<'_>, till: Uuid, document: &Document) -> Result<(), Unapplied> {
    let tender = document
        .tenders
        .iter()
        .find(|tender| Medium::of(tender.tender_type).is_some() && tender.reference.is_none());
    let Some(tender) = tender.filter(|_| !document.training) else { return Ok(()) };
    let raised = Raised {
        kind: "balance.unnamed",
        subject: format!("document/{}", document.id.0),
        location: Some(document.location.clone()),
        till: Some(till),
        document: Some(document.id.0),
        detail: format!(
            "{}: {} minor units by {} without its number",
            document.number,
            tender.amount_minor.0,
            crate::documents::tender_name(tender.tender_type).replace('_', " ")
        ),
        ..Raised::default()
    };
    Ok(raise(tx, &raised)?)
}
