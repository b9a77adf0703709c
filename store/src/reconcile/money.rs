//! Shifts by tender: the store's documents and cash movements beside what the till reported.

use super::journal::Journal;
use super::report::MoneyLine;
use super::{Scope, out_of_range};
use crate::args;
use crate::db::{DbError, Tx};
use crate::master::by_word;
use daybook_domain::amount::Minor;
use daybook_domain::document::TenderType;
use daybook_domain::ids::{ShiftId, TillId};
use daybook_domain::reconcile::{Explanation, MoneyView, explain_money};
use std::collections::BTreeMap;

/// Tenders as they stand in columns.
pub(super) const TENDERS: [(&str, TenderType); 8] = [
    ("cash", TenderType::Cash),
    ("card", TenderType::Card),
    ("upi", TenderType::Upi),
    ("store_credit", TenderType::StoreCredit),
    ("gift_card", TenderType::GiftCard),
    ("coupon", TenderType::Coupon),
    ("online", TenderType::Online),
    ("cod", TenderType::Cod),
];

/// Stands for the shift where an entry names none.
pub(super) const NO_SHIFT: &str = "no shift";

struct Shift {
    till: TillId,
    location: String,
    day: String,
    opened_at_ms: i64,
}

type Sums = BTreeMap<(ShiftId, TenderType), i64>;

pub(super) fn lines(
    tx: &mut Tx<'_>,
    journal: &Journal,
    scope: &Scope,
) -> Result<Vec<MoneyLine>, DbError> {
    let mut sums = Sums::new();
    let shifts = shifts(tx, &mut sums)?;
    tenders(tx, &mut sums)?;
    cash(tx, &mut sums)?;
    for view in journal.shifts.values() {
        for tender in &view.totals.tenders {
            sums.entry((view.totals.shift, tender.tender_type)).or_default();
        }
    }
    let mut lines = Vec::new();
    for ((shift, tender), store_minor) in sums {
        let known = shifts.get(&shift);
        let elsewhere = known.is_some_and(|known| {
            scope.location.as_ref().is_some_and(|only| only.as_str() != known.location)
        });
        if !elsewhere {
            let opened = known.map_or(0, |known| known.opened_at_ms);
            lines.push((opened, line(journal, known, shift, tender, store_minor)?));
        }
    }
    for line in without_shift(tx, scope)? {
        lines.push((i64::MAX, line));
    }
    lines.sort_by(|one, other| {
        (&one.1.till, one.0, &one.1.shift).cmp(&(&other.1.till, other.0, &other.1.shift))
    });
    Ok(lines.into_iter().map(|(_, line)| line).collect())
}

fn line(
    journal: &Journal,
    known: Option<&Shift>,
    shift: ShiftId,
    tender: TenderType,
    store_minor: i64,
) -> Result<MoneyLine, DbError> {
    let view = journal.shifts.get(&shift);
    let said = view
        .and_then(|view| view.totals.tenders.iter().find(|totals| totals.tender_type == tender));
    let facts = journal.money.get(&(shift, tender)).map_or(&[][..], Vec::as_slice);
    let explanation = view
        .map(|view| {
            // A tender that the report does not name brought nothing.
            let expected_minor = said.map_or(Minor::ZERO, |said| said.expected_minor);
            let view = MoneyView { expected_minor, ledger: view.ledger.clone() };
            explain_money(Minor(store_minor), &view, facts).map_err(out_of_range("shift", shift))
        })
        .transpose()?;
    let left = explanation.as_ref().map_or(0, |found: &Explanation| found.unexplained);
    let unread =
        view.map_or_else(Vec::new, |view| journal.unread_of(view.till, &view.ledger, left));
    let till = view.map(|view| view.till).or(known.map(|known| known.till));
    let code = till.and_then(|till| journal.codes.get(&till)).cloned();
    Ok(MoneyLine {
        till: code.unwrap_or_default(),
        shift: shift.to_string(),
        day: known.map_or_else(String::new, |known| known.day.clone()),
        z_no: view.and_then(|view| view.z_no),
        tender: crate::master::word(&TENDERS, tender),
        explanation,
        store_minor,
        counted_minor: said.and_then(|said| said.counted_minor).map(|counted| counted.0),
        over_short_minor: said.and_then(|said| said.over_short_minor).map(|over| over.0),
        unread,
    })
}

/// What tills took and paid out without naming a shift: in no Z, so it is compared with nothing.
fn without_shift(tx: &mut Tx<'_>, scope: &Scope) -> Result<Vec<MoneyLine>, DbError> {
    let tenant = tx.tenant();
    let rows = tx.query(
        "SELECT l.code, l.location_id, m.tender_type, CAST(SUM(m.amount_minor) AS BIGINT)
         FROM (SELECT d.till_id, t.tender_type,
                      CASE WHEN d.fact IN ('refund', 'void') THEN -t.amount_minor ELSE t.amount_minor END AS amount_minor
               FROM document d JOIN document_tender t ON t.tenant_id = d.tenant_id AND t.document_id = d.document_id
               WHERE d.tenant_id = $1 AND d.shift_id IS NULL AND d.till_id IS NOT NULL AND d.training = 0
               UNION ALL
               SELECT till_id, 'cash', CASE WHEN kind IN ('paid_in', 'loaned') THEN amount_minor ELSE -amount_minor END
               FROM cash_movement WHERE tenant_id = $1 AND shift_id IS NULL) m
         JOIN till l ON l.tenant_id = $1 AND l.till_id = m.till_id
         GROUP BY l.code, l.location_id, m.tender_type ORDER BY l.code, m.tender_type",
        args![tenant],
    )?;
    let mut lines = Vec::new();
    for row in &rows {
        let location = row.text(1)?;
        if scope.location.as_ref().is_some_and(|only| only.as_str() != location) {
            continue;
        }
        let tender = row.text(2)?;
        let tender =
            by_word(&TENDERS, tender).ok_or_else(|| DbError::corrupt("document_tender", tender))?;
        lines.push(MoneyLine {
            till: row.text(0)?.to_owned(),
            shift: NO_SHIFT.to_owned(),
            day: NO_SHIFT.to_owned(),
            z_no: None,
            tender: crate::master::word(&TENDERS, tender),
            explanation: None,
            store_minor: row.int(3)?,
            counted_minor: None,
            over_short_minor: None,
            unread: Vec::new(),
        });
    }
    Ok(lines)
}

fn shifts(tx: &mut Tx<'_>, sums: &mut Sums) -> Result<BTreeMap<ShiftId, Shift>, DbError> {
    let tenant = tx.tenant();
    let rows = tx.query(
        "SELECT shift_id, till_id, location_id, day, opened_at_ms, opening_float_minor FROM shift WHERE tenant_id = $1",
        args![tenant],
    )?;
    let mut shifts = BTreeMap::new();
    for row in &rows {
        let id = ShiftId(row.uuid(0)?);
        add(sums, (id, TenderType::Cash), row.int(5)?)?;
        let shift = Shift {
            till: TillId(row.uuid(1)?),
            location: row.text(2)?.to_owned(),
            day: row.text(3)?.to_owned(),
            opened_at_ms: row.int(4)?,
        };
        shifts.insert(id, shift);
    }
    Ok(shifts)
}

fn tenders(tx: &mut Tx<'_>, sums: &mut Sums) -> Result<(), DbError> {
    let tenant = tx.tenant();
    let rows = tx.query(
        "SELECT d.shift_id, t.tender_type,
                CAST(SUM(CASE WHEN d.fact IN ('refund', 'void') THEN -t.amount_minor ELSE t.amount_minor END) AS BIGINT)
         FROM document d JOIN document_tender t ON t.tenant_id = d.tenant_id AND t.document_id = d.document_id
         WHERE d.tenant_id = $1 AND d.shift_id IS NOT NULL AND d.training = 0
         GROUP BY d.shift_id, t.tender_type",
        args![tenant],
    )?;
    for row in &rows {
        let tender = row.text(1)?;
        let tender =
            by_word(&TENDERS, tender).ok_or_else(|| DbError::corrupt("document_tender", tender))?;
        add(sums, (ShiftId(row.uuid(0)?), tender), row.int(2)?)?;
    }
    Ok(())
}

fn cash(tx: &mut Tx<'_>, sums: &mut Sums) -> Result<(), DbError> {
    let tenant = tx.tenant();
    let rows = tx.query(
        "SELECT shift_id, CAST(SUM(CASE WHEN kind IN ('paid_in', 'loaned') THEN amount_minor ELSE -amount_minor END) AS BIGINT)
         FROM cash_movement WHERE tenant_id = $1 AND shift_id IS NOT NULL GROUP BY shift_id",
        args![tenant],
    )?;
    for row in &rows {
        add(sums, (ShiftId(row.uuid(0)?), TenderType::Cash), row.int(1)?)?;
    }
    Ok(())
}

fn add(sums: &mut Sums, key: (ShiftId, TenderType), amount: i64) -> Result<(), DbError> {
    let sum = sums.entry(key).or_default();
    *sum = sum.checked_add(amount).ok_or_else(|| DbError::corrupt("shift", key.0))?;
    Ok(())
}
