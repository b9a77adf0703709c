//! Whether a document's figures agree with each other. They are never recomputed: a document that contradicts itself
//! waits for a person.

use super::Unapplied;
use daybook_domain::amount::{Minor, OutOfRange};
use daybook_domain::document::{Document, DocumentLine};
use daybook_domain::entry::{Fact, Movement};
use std::collections::BTreeMap;

/// Checks what a fact says of money and quantity.
pub(super) fn check(fact: &Fact) -> Result<(), Unapplied> {
    match fact {
        Fact::SaleCompleted(sale)
        | Fact::RefundCompleted(sale)
        | Fact::ExchangeCompleted(sale)
        | Fact::SaleVoided(sale) => {
            document(&sale.document)?;
            movements(&sale.movements)
        }
        Fact::StockReceived(moved)
        | Fact::StockAdjusted(moved)
        | Fact::StockWrittenOff(moved)
        | Fact::StockTransferredOut(moved)
        | Fact::StockTransferredIn(moved) => movements(&moved.movements),
        Fact::CashPaidIn(cash) | Fact::CashPaidOut(cash) | Fact::CashDropped(cash) | Fact::CashLoaned(cash) => {
            expect("body.amount_minor", cash.amount_minor.0 > 0)
        }
        Fact::IncarnationStarted(_)
        | Fact::AppStarted(_)
        | Fact::StaffSignedIn(_)
        | Fact::StaffSignedOut(_)
        | Fact::StaffSignInFailed(_)
        | Fact::StaffLocked(_)
        | Fact::ShiftOpened(_)
        | Fact::ShiftClosed(_)
        | Fact::XReport(_)
        | Fact::DrawerOpened(_)
        | Fact::BasketParked(_)
        | Fact::BasketRecalled(_)
        | Fact::BasketAborted(_)
        | Fact::StockCounted(_)
        | Fact::ReceiptReprinted(_)
        | Fact::CustomerCreated(_)
        | Fact::OrderHandedOver(_)
        | Fact::ClockJumped(_)
        | Fact::Statement(_) => Ok(()),
    }
}

fn movements(movements: &[Movement]) -> Result<(), Unapplied> {
    for (index, movement) in movements.iter().enumerate() {
        if movement.quantity_milli.is_zero() {
            let detail = format!("body.movements[{index}].quantity_milli is zero");
            return Err(Unapplied::new("movement.zero", detail));
        }
    }
    Ok(())
}

fn document(document: &Document) -> Result<(), Unapplied> {
    for line in &document.lines {
        let holds = line_holds(document, line).map_err(out_of_range)?;
        expect(&format!("document.lines[no {}]", line.no), holds)?;
    }
    let totals = &document.totals;
    let mut discounts = Vec::with_capacity(document.lines.len() * 2);
    discounts.extend(document.lines.iter().map(|line| line.discount_minor));
    discounts.extend(document.lines.iter().map(|line| line.bill_discount_minor));
    let sums = [
        ("gross_minor", totals.gross_minor, sum(document, |line| line.gross_minor)?),
        ("discount_minor", totals.discount_minor, Minor::total(discounts).map_err(out_of_range)?),
        ("taxable_minor", totals.taxable_minor, sum(document, |line| line.taxable_minor)?),
        ("total_minor", totals.total_minor, sum(document, |line| line.total_minor)?),
        (
            "total_minor",
            totals.total_minor,
            totals.taxable_minor.checked_add(totals.tax_minor).map_err(out_of_range)?,
        ),
        (
            "payable_minor",
            totals.payable_minor,
            totals.total_minor.checked_add(totals.rounding_minor).map_err(out_of_range)?,
        ),
    ];
    for (field, said, found) in sums {
        expect(&format!("document.totals.{field}"), said == found)?;
    }
    tax_table(document)?;
    tenders(document)
}

fn sum(document: &Document, of: impl Fn(&DocumentLine) -> Minor) -> Result<Minor, Unapplied> {
    Minor::total(document.lines.iter().map(of)).map_err(out_of_range)
}

fn line_holds(document: &Document, line: &DocumentLine) -> Result<bool, OutOfRange> {
    let net =
        line.gross_minor.checked_sub(line.discount_minor)?.checked_sub(line.bill_discount_minor)?;
    let tax = Minor::total(line.taxes.iter().map(|tax| tax.amount_minor))?;
    let total = line.taxable_minor.checked_add(tax)?;
    let base = if document.tax_inclusive { line.total_minor } else { line.taxable_minor };
    Ok(net == line.net_minor && total == line.total_minor && base == net)
}

fn tax_table(document: &Document) -> Result<(), Unapplied> {
    let mut lines: BTreeMap<(&str, i64), i128> = BTreeMap::new();
    for tax in document.lines.iter().flat_map(|line| &line.taxes) {
        *lines.entry((&tax.component, tax.rate_ppm.0)).or_default() += i128::from(tax.amount_minor.0);
    }
    let mut table: BTreeMap<(&str, i64), i128> = BTreeMap::new();
    for row in &document.tax_table {
        *table.entry((&row.component, row.rate_ppm.0)).or_default() += i128::from(row.amount_minor.0);
    }
    lines.retain(|_, sum| *sum != 0);
    table.retain(|_, sum| *sum != 0);
    expect("document.tax_table", lines == table)?;
    let whole: i128 = lines.values().sum();
    expect("document.totals.tax_minor", whole == i128::from(document.totals.tax_minor.0))
}

fn tenders(document: &Document) -> Result<(), Unapplied> {
    if document.tenders.is_empty() {
        return Ok(());
    }
    let paid = Minor::total(document.tenders.iter().map(|tender| tender.amount_minor)).map_err(out_of_range)?;
    expect("document.tenders", paid == document.totals.payable_minor)
}

fn expect(field: &str, holds: bool) -> Result<(), Unapplied> {
    if holds {
        return Ok(());
    }
    Err(Unapplied::new("document.figures", format!("{field} does not agree with the rest of the entry")))
}

fn out_of_range(error: OutOfRange) -> Unapplied {
    Unapplied::new("document.figures", error)
}
