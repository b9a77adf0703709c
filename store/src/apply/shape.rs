//! What a fact may say whatever the figures are: words of its own, parts that fit each other, numbers as they are printed.
//! What the tables would trip over is told here by its field.

use super::Unapplied;
use super::sales::sale_of;
use super::stock::{movements_of, reason_name};
use daybook_domain::document::Document;
use daybook_domain::entry::{
    Fact, LINES_MAX, Movement, MovementReason, Sale, StockCounted, ZReport,
};
use std::collections::BTreeSet;

/// Longest document number, as printed.
const NUMBER_CHARS_MAX: usize = 16;

pub(super) fn check(fact: &Fact) -> Result<(), Unapplied> {
    movements(movements_of(fact).0)?;
    if let Some((_, sale)) = sale_of(fact) {
        return trade(sale);
    }
    if let Fact::ShiftClosed(report) = fact {
        return closed(report);
    }
    if let Fact::StockCounted(counted) = fact {
        return count(counted);
    }
    if let Fact::Statement(said) = fact {
        return part("statement.part", said.part, said.parts);
    }
    Ok(())
}

/// Counts, web orders and first stock are the store's own to book.
fn movements(movements: &[Movement]) -> Result<(), Unapplied> {
    for (index, movement) in movements.iter().enumerate() {
        let reason = movement.reason;
        match reason {
            MovementReason::Sale
            | MovementReason::Return
            | MovementReason::Void
            | MovementReason::Receipt
            | MovementReason::Adjustment
            | MovementReason::WriteOff
            | MovementReason::TransferOut
            | MovementReason::TransferIn => {}
            MovementReason::Order
            | MovementReason::OrderReturn
            | MovementReason::Opening
            | MovementReason::Count => {
                let detail = format!(
                    "body.movements[{index}].reason: {} is booked by the store alone",
                    reason_name(reason)
                );
                return Err(Unapplied::new("movement.reason", detail));
            }
        }
    }
    Ok(())
}

fn trade(sale: &Sale) -> Result<(), Unapplied> {
    document(&sale.document)?;
    if sale.document.training && !sale.movements.is_empty() {
        let detail = "body.movements: a document of training moves no stock";
        return Err(Unapplied::new("movement.training", detail));
    }
    Ok(())
}

fn document(document: &Document) -> Result<(), Unapplied> {
    let (lines, number) = (&document.lines, document.number.as_str());
    if lines.len() > LINES_MAX {
        let detail = format!("body.document.lines: {} lines, at most {LINES_MAX}", lines.len());
        return Err(Unapplied::new("document.too_many_lines", detail));
    }
    let mut seen = BTreeSet::new();
    if let Some(index) = lines.iter().position(|line| line.no == 0 || !seen.insert(line.no)) {
        let detail =
            format!("body.document.lines[{index}].no: lines are numbered from 1, each once");
        return Err(Unapplied::new("document.line_no", detail));
    }
    let printed = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '/' || c == '-';
    if number.is_empty() || number.len() > NUMBER_CHARS_MAX || !number.chars().all(printed) {
        let detail = format!(
            "body.document.number: {number:?} is not 1 to {NUMBER_CHARS_MAX} of A-Z, 0-9, / and -"
        );
        return Err(Unapplied::new("document.number", detail));
    }
    Ok(())
}

fn closed(report: &ZReport) -> Result<(), Unapplied> {
    let mut seen = BTreeSet::new();
    let twice = |index: &usize| {
        let tender = report.totals.tenders.get(*index).map(|totals| totals.tender_type);
        tender.is_some_and(|tender| !seen.insert(crate::documents::tender_name(tender)))
    };
    match (0..report.totals.tenders.len()).find(twice) {
        Some(index) => {
            let detail = format!("body.totals.tenders[{index}].tender_type: it stands there twice");
            Err(Unapplied::new("shift.tender_twice", detail))
        }
        None => Ok(()),
    }
}

fn count(counted: &StockCounted) -> Result<(), Unapplied> {
    part("count.part", counted.part, counted.parts)?;
    match counted.lines.iter().position(|line| line.counted_milli.0 < 0) {
        Some(index) => {
            let detail =
                format!("body.lines[{index}].counted_milli: what was found is not negative");
            Err(Unapplied::new("count.negative", detail))
        }
        None => Ok(()),
    }
}

fn part(code: &'static str, part: u32, parts: u32) -> Result<(), Unapplied> {
    if (1..=parts).contains(&part) {
        return Ok(());
    }
    Err(Unapplied::new(code, format!("body.part: {part} is not one of {parts} parts")))
}
