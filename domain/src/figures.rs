//! What lines add up to: tax table and totals, and whether a document keeps its word.

use crate::amount::{Minor, OutOfRange, RatePpm};
use crate::document::{Document, DocumentLine, TaxRow, Totals};
use crate::stock::MOVEMENT_MILLI_MAX;
use std::collections::BTreeMap;

/// The figures of a document before it is settled: lines, tax table and totals without rounding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figures {
    /// Lines, numbered from 1.
    pub lines: Vec<DocumentLine>,
    /// One row per rate and component, lowest rate first.
    pub tax_table: Vec<TaxRow>,
    /// Sums; nothing rounded yet, payable is the total.
    pub totals: Totals,
}

/// A figure of a document that does not follow from the others.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FigureError {
    /// A line contradicts itself.
    #[error("line {line}: {field} does not follow from the line's other figures")]
    Line {
        /// Line number.
        line: u32,
        /// Which figure.
        field: &'static str,
    },
    /// Totals, table or tenders are not the sum of their parts.
    #[error("{field} is not the sum of its parts")]
    Sum {
        /// Which figure.
        field: &'static str,
    },
    /// An amount or a quantity is too large, or a sum does not fit.
    #[error(transparent)]
    OutOfRange(#[from] OutOfRange),
}

impl FigureError {
    /// Stable code for the edge.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Line { .. } => "figures.line",
            Self::Sum { .. } => "figures.sum",
            Self::OutOfRange(_) => "amount.out_of_range",
        }
    }
}

impl Figures {
    /// Adds up lines.
    ///
    /// # Errors
    /// [`OutOfRange`] when a sum does not fit.
    pub fn of(lines: Vec<DocumentLine>) -> Result<Self, OutOfRange> {
        let sum = |figure: fn(&DocumentLine) -> Minor| Minor::total(lines.iter().map(figure));
        let taxes = lines.iter().flat_map(|line| &line.taxes).map(|tax| tax.amount_minor);
        let total_minor = sum(|line| line.total_minor)?;
        let totals = Totals {
            gross_minor: sum(|line| line.gross_minor)?,
            discount_minor: sum(|line| line.discount_minor)?
                .checked_add(sum(|line| line.bill_discount_minor)?)?,
            taxable_minor: sum(|line| line.taxable_minor)?,
            tax_minor: Minor::total(taxes)?,
            total_minor,
            rounding_minor: Minor::ZERO,
            payable_minor: total_minor,
        };
        Ok(Self { tax_table: tax_table(&lines)?, totals, lines })
    }
}

fn tax_table(lines: &[DocumentLine]) -> Result<Vec<TaxRow>, OutOfRange> {
    let mut rows: BTreeMap<(RatePpm, &str), (Minor, Minor)> = BTreeMap::new();
    for line in lines {
        for tax in &line.taxes {
            let row = rows.entry((tax.rate_ppm, &tax.component)).or_default();
            row.0 = row.0.checked_add(line.taxable_minor)?;
            row.1 = row.1.checked_add(tax.amount_minor)?;
        }
    }
    let row = |((rate_ppm, component), (taxable_minor, amount_minor)): ((_, &str), _)| TaxRow {
        component: component.to_owned(),
        rate_ppm,
        taxable_minor,
        amount_minor,
    };
    Ok(rows.into_iter().map(row).collect())
}

/// Largest amount on a document, minor units, either sign: sums of a million documents stay in range.
pub const AMOUNT_MINOR_MAX: i64 = 10_000_000_000_000;

/// Checks how large the amounts and quantities of a document are.
///
/// # Errors
/// [`OutOfRange`] above [`AMOUNT_MINOR_MAX`] or, for a quantity, [`MOVEMENT_MILLI_MAX`].
pub fn check_amounts(document: &Document) -> Result<(), FigureError> {
    let totals = &document.totals;
    let sums = [
        totals.gross_minor,
        totals.discount_minor,
        totals.taxable_minor,
        totals.tax_minor,
        totals.total_minor,
        totals.rounding_minor,
        totals.payable_minor,
    ];
    let of_lines = document.lines.iter().flat_map(|line| {
        [
            line.gross_minor,
            line.discount_minor,
            line.bill_discount_minor,
            line.net_minor,
            line.taxable_minor,
            line.total_minor,
        ]
    });
    let of_taxes = document.lines.iter().flat_map(|line| &line.taxes).map(|tax| tax.amount_minor);
    let of_tenders = document.tenders.iter().flat_map(|tender| {
        let optional = |amount: Option<Minor>| amount.unwrap_or_default();
        [tender.amount_minor, optional(tender.given_minor), optional(tender.change_minor)]
    });
    let mut amounts = sums.into_iter().chain(of_lines).chain(of_taxes).chain(of_tenders);
    let mut quantities = document.lines.iter().map(|line| line.quantity_milli);
    let fits = |number: i64, limit: i64| number.unsigned_abs() <= limit.unsigned_abs();
    if amounts.all(|amount| fits(amount.0, AMOUNT_MINOR_MAX))
        && quantities.all(|quantity| fits(quantity.0, MOVEMENT_MILLI_MAX))
    {
        return Ok(());
    }
    Err(OutOfRange.into())
}

/// Checks every stated invariant of a document: amounts, lines, table, totals, tenders. Nothing is computed anew from
/// rates; a document keeps the figures it was issued with.
///
/// # Errors
/// [`FigureError`] names the first figure that does not follow.
pub fn verify(document: &Document) -> Result<(), FigureError> {
    check_amounts(document)?;
    for line in &document.lines {
        verify_line(line, document.tax_inclusive)?;
    }
    let expected = Figures::of(document.lines.clone())?;
    let totals = document.totals;
    let rounding_minor = totals.rounding_minor;
    let payable_minor = totals.total_minor.checked_add(rounding_minor)?;
    if totals != (Totals { rounding_minor, payable_minor, ..expected.totals }) {
        return Err(FigureError::Sum { field: "totals" });
    }
    let key = |row: &TaxRow| (row.rate_ppm, row.component.clone());
    let mut table = document.tax_table.clone();
    table.sort_by_key(key);
    if table != expected.tax_table {
        return Err(FigureError::Sum { field: "tax_table" });
    }
    let tendered = Minor::total(document.tenders.iter().map(|tender| tender.amount_minor))?;
    if !document.tenders.is_empty() && tendered != totals.payable_minor {
        return Err(FigureError::Sum { field: "tenders" });
    }
    Ok(())
}

fn verify_line(line: &DocumentLine, inclusive: bool) -> Result<(), FigureError> {
    let wrong = |field| Err(FigureError::Line { line: line.no, field });
    let tax = Minor::total(line.taxes.iter().map(|tax| tax.amount_minor))?;
    let discounts = line.discount_minor.checked_add(line.bill_discount_minor)?;
    let base = if inclusive { line.total_minor } else { line.taxable_minor };
    if line.net_minor != line.gross_minor.checked_sub(discounts)? {
        return wrong("net_minor");
    }
    if base != line.net_minor {
        return wrong(if inclusive { "total_minor" } else { "taxable_minor" });
    }
    if line.total_minor != line.taxable_minor.checked_add(tax)? {
        return wrong("taxes");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::amount::Quantity;
    use crate::basket::Basket;
    use crate::document::{DocumentKind, TenderType};
    use crate::fixtures::{issued, item, rules};
    use crate::rounding::CashRounding;
    use crate::tender::{Offer, settle};

    fn sale() -> Document {
        let mut basket = Basket::new();
        basket.add(item("A", 99_900, 18), Quantity(2000)).unwrap();
        basket.add(item("B", 4_950, 5), Quantity(1000)).unwrap();
        let figures = basket.checkout(&rules("IN", true)).unwrap();
        let cash = [Offer::of(TenderType::Cash, None)];
        let settled = settle(&figures.totals, &cash, CashRounding::to(Minor(100))).unwrap();
        issued(1, DocumentKind::TaxInvoice, figures, settled)
    }

    #[test]
    fn the_tax_table_has_one_row_per_rate_and_component() {
        let table = sale().tax_table;
        let rows: Vec<(i64, &str)> =
            table.iter().map(|row| (row.rate_ppm.0, row.component.as_str())).collect();
        assert_eq!(rows, [(25_000, "CGST"), (25_000, "SGST"), (90_000, "CGST"), (90_000, "SGST")]);
    }

    #[test]
    fn each_altered_figure_is_found_and_named() {
        type Forgery = fn(&mut Document);
        let line = |field| FigureError::Line { line: 1, field };
        let sum = |field| FigureError::Sum { field };
        let forgeries: [(FigureError, Forgery); 7] = [
            (line("net_minor"), |sale| sale.lines[0].gross_minor.0 += 1),
            (line("total_minor"), |sale| sale.lines[0].total_minor.0 -= 1),
            (line("taxes"), |sale| sale.lines[0].taxes[0].amount_minor.0 += 1),
            (sum("totals"), |sale| sale.totals.payable_minor.0 -= 1),
            (sum("totals"), |sale| drop(sale.lines.pop())),
            (sum("tax_table"), |sale| sale.tax_table[0].taxable_minor.0 += 1),
            (sum("tenders"), |sale| sale.tenders[0].amount_minor.0 -= 1),
        ];
        assert_eq!(verify(&sale()), Ok(()));
        for (expected, forge) in forgeries {
            let mut forged = sale();
            forge(&mut forged);
            assert_eq!(verify(&forged), Err(expected));
        }
    }

    #[test]
    fn absurd_figures_are_an_error_and_no_panic() {
        let mut absurd = sale();
        for line in &mut absurd.lines {
            line.gross_minor = Minor(i64::MIN);
            line.discount_minor = Minor(i64::MAX);
        }
        assert_eq!(verify(&absurd).unwrap_err().code(), "amount.out_of_range");
        let mut balanced = sale();
        let mut back = balanced.tenders[0].clone();
        balanced.tenders[0].amount_minor.0 += AMOUNT_MINOR_MAX + 1;
        back.amount_minor.0 = -AMOUNT_MINOR_MAX - 1;
        balanced.tenders.push(back);
        assert_eq!(verify(&balanced).unwrap_err().code(), "amount.out_of_range");
    }
}
