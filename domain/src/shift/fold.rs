//! The fold.

use crate::amount::{Minor, OutOfRange};
use crate::document::{Document, DocumentLine, TaxRow, Tender, TenderType};
use crate::entry::{
    Fact, NumberRange, ShiftCounts, ShiftOpened, ShiftTotals, TaxTotals, TenderTotals,
};

/// Running totals of a shift. Feed it every fact of the shift in the order of the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShiftFold {
    totals: ShiftTotals,
}

/// Which way a document's figures count: a credit note carries positive figures that go back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    Out,
    Back,
}

impl Direction {
    fn signed(self, amount: Minor) -> Result<Minor, OutOfRange> {
        match self {
            Self::Out => Ok(amount),
            Self::Back => amount.checked_neg(),
        }
    }
}

impl ShiftFold {
    /// Starts with the float.
    #[must_use]
    pub fn open(opened: &ShiftOpened, opened_at_ms: i64) -> Self {
        let cash = TenderTotals {
            tender_type: TenderType::Cash,
            sales_minor: Minor::ZERO,
            refunds_minor: Minor::ZERO,
            expected_minor: opened.opening_float_minor,
            counted_minor: None,
            over_short_minor: None,
        };
        Self {
            totals: ShiftTotals {
                shift: opened.shift,
                opened_at_ms,
                opening_float_minor: opened.opening_float_minor,
                sales_minor: Minor::ZERO,
                returns_minor: Minor::ZERO,
                discounts_minor: Minor::ZERO,
                rounding_minor: Minor::ZERO,
                paid_in_minor: Minor::ZERO,
                paid_out_minor: Minor::ZERO,
                loaned_minor: Minor::ZERO,
                dropped_minor: Minor::ZERO,
                tenders: vec![cash],
                taxes: Vec::new(),
                counts: ShiftCounts::default(),
                numbers: Vec::new(),
            },
        }
    }

    /// Goes on from totals that were folded before (a read model, an X report). What was counted is dropped,
    /// rows are put in order.
    #[must_use]
    pub fn resume(mut totals: ShiftTotals) -> Self {
        totals.tenders.sort_by_key(|tender| tender.tender_type);
        totals.taxes.sort_by(|a, b| {
            (a.component.as_str(), a.rate_ppm).cmp(&(b.component.as_str(), b.rate_ppm))
        });
        for tender in &mut totals.tenders {
            tender.counted_minor = None;
            tender.over_short_minor = None;
        }
        Self { totals }
    }

    /// The totals so far: what an X report says.
    #[must_use]
    pub fn totals(&self) -> &ShiftTotals {
        &self.totals
    }

    /// Takes in one fact. On an error nothing has changed.
    ///
    /// # Errors
    /// [`OutOfRange`] when a sum does not fit.
    pub fn apply(&mut self, fact: &Fact) -> Result<(), OutOfRange> {
        let mut next = self.totals.clone();
        fold(&mut next, fact)?;
        refresh_expected(&mut next)?;
        self.totals = next;
        Ok(())
    }
}

/// What the drawer must hold: float + cash taken − cash given back + paid in + loans − paid out − drops.
///
/// # Errors
/// [`OutOfRange`].
pub fn expected_cash(totals: &ShiftTotals) -> Result<Minor, OutOfRange> {
    let cash = totals.tenders.iter().find(|tender| tender.tender_type == TenderType::Cash);
    let (taken, given_back) =
        cash.map_or((Minor::ZERO, Minor::ZERO), |cash| (cash.sales_minor, cash.refunds_minor));
    totals
        .opening_float_minor
        .checked_add(taken)?
        .checked_sub(given_back)?
        .checked_add(totals.paid_in_minor)?
        .checked_add(totals.loaned_minor)?
        .checked_sub(totals.paid_out_minor)?
        .checked_sub(totals.dropped_minor)
}

fn fold(totals: &mut ShiftTotals, fact: &Fact) -> Result<(), OutOfRange> {
    match fact {
        Fact::SaleCompleted(sale) => {
            let Some(document) = counted(&sale.document) else { return Ok(()) };
            totals.counts.sales += 1;
            add_document(totals, document, Direction::Out)?;
        }
        Fact::ExchangeCompleted(sale) => {
            let Some(document) = counted(&sale.document) else { return Ok(()) };
            totals.counts.refunds += 1;
            add_document(totals, document, Direction::Out)?;
        }
        Fact::RefundCompleted(sale) => {
            let Some(document) = counted(&sale.document) else { return Ok(()) };
            totals.counts.refunds += 1;
            add_document(totals, document, Direction::Back)?;
        }
        Fact::SaleVoided(sale) => {
            let Some(document) = counted(&sale.document) else { return Ok(()) };
            totals.counts.voids += 1;
            add_document(totals, document, Direction::Back)?;
        }
        Fact::CashPaidIn(moved) => raise(&mut totals.paid_in_minor, moved.amount_minor)?,
        Fact::CashPaidOut(moved) => raise(&mut totals.paid_out_minor, moved.amount_minor)?,
        Fact::CashDropped(moved) => raise(&mut totals.dropped_minor, moved.amount_minor)?,
        Fact::CashLoaned(moved) => raise(&mut totals.loaned_minor, moved.amount_minor)?,
        Fact::DrawerOpened(_) => totals.counts.no_sales += 1,
        Fact::BasketAborted(_) => totals.counts.aborted += 1,
        Fact::ReceiptReprinted(_) => totals.counts.reprints += 1,
        Fact::IncarnationStarted(_)
        | Fact::AppStarted(_)
        | Fact::StaffSignedIn(_)
        | Fact::StaffSignedOut(_)
        | Fact::StaffSignInFailed(_)
        | Fact::StaffLocked(_)
        | Fact::ShiftOpened(_)
        | Fact::ShiftClosed(_)
        | Fact::XReport(_)
        | Fact::BasketParked(_)
        | Fact::BasketRecalled(_)
        | Fact::StockReceived(_)
        | Fact::StockAdjusted(_)
        | Fact::StockWrittenOff(_)
        | Fact::StockTransferredOut(_)
        | Fact::StockTransferredIn(_)
        | Fact::StockCounted(_)
        | Fact::CustomerCreated(_)
        | Fact::OrderPicked(_)
        | Fact::OrderShipped(_)
        | Fact::OrderHandedOver(_)
        | Fact::ClockJumped(_)
        | Fact::Statement(_) => {}
    }
    Ok(())
}

/// An exercise is no turnover.
fn counted(document: &Document) -> Option<&Document> {
    (!document.training).then_some(document)
}

fn add_document(
    totals: &mut ShiftTotals,
    document: &Document,
    direction: Direction,
) -> Result<(), OutOfRange> {
    let payable = direction.signed(document.totals.payable_minor)?;
    // An exchange counts by its balance: what the customer paid on top, or got back.
    if payable < Minor::ZERO {
        raise(&mut totals.returns_minor, payable.checked_neg()?)?;
    } else {
        raise(&mut totals.sales_minor, payable)?;
    }
    raise(&mut totals.discounts_minor, direction.signed(document.totals.discount_minor)?)?;
    raise(&mut totals.rounding_minor, direction.signed(document.totals.rounding_minor)?)?;
    if direction == Direction::Out {
        totals.counts.discounts += count(&document.lines, |line| {
            !line.discount_minor.is_zero() || !line.bill_discount_minor.is_zero()
        });
        totals.counts.price_overrides +=
            count(&document.lines, |line| line.price_override.is_some());
    }
    for tender in &document.tenders {
        add_tender(&mut totals.tenders, tender, direction)?;
    }
    for row in &document.tax_table {
        add_tax(&mut totals.taxes, row, direction)?;
    }
    add_number(&mut totals.numbers, document);
    Ok(())
}

/// Returned lines of an exchange give no discount today.
fn count(lines: &[DocumentLine], holds: impl Fn(&DocumentLine) -> bool) -> i64 {
    let found = lines.iter().filter(|line| line.original_line.is_none() && holds(line)).count();
    i64::try_from(found).unwrap_or(i64::MAX)
}

fn add_tender(
    tenders: &mut Vec<TenderTotals>,
    tender: &Tender,
    direction: Direction,
) -> Result<(), OutOfRange> {
    let amount = direction.signed(tender.amount_minor)?;
    let at = match tenders.binary_search_by_key(&tender.tender_type, |row| row.tender_type) {
        Ok(at) => at,
        Err(at) => {
            tenders.insert(
                at,
                TenderTotals {
                    tender_type: tender.tender_type,
                    sales_minor: Minor::ZERO,
                    refunds_minor: Minor::ZERO,
                    expected_minor: Minor::ZERO,
                    counted_minor: None,
                    over_short_minor: None,
                },
            );
            at
        }
    };
    if amount < Minor::ZERO {
        raise(&mut tenders[at].refunds_minor, amount.checked_neg()?)
    } else {
        raise(&mut tenders[at].sales_minor, amount)
    }
}

fn add_tax(
    taxes: &mut Vec<TaxTotals>,
    row: &TaxRow,
    direction: Direction,
) -> Result<(), OutOfRange> {
    let key = (row.component.as_str(), row.rate_ppm.0);
    let at = match taxes.binary_search_by_key(&key, |tax| (tax.component.as_str(), tax.rate_ppm)) {
        Ok(at) => at,
        Err(at) => {
            taxes.insert(
                at,
                TaxTotals {
                    component: row.component.clone(),
                    rate_ppm: row.rate_ppm.0,
                    taxable_minor: Minor::ZERO,
                    amount_minor: Minor::ZERO,
                },
            );
            at
        }
    };
    raise(&mut taxes[at].taxable_minor, direction.signed(row.taxable_minor)?)?;
    raise(&mut taxes[at].amount_minor, direction.signed(row.amount_minor)?)
}

fn add_number(numbers: &mut Vec<NumberRange>, document: &Document) {
    match numbers.iter_mut().find(|range| range.series == document.series) {
        Some(range) => {
            range.last.clone_from(&document.number);
            range.count += 1;
        }
        None => numbers.push(NumberRange {
            series: document.series.clone(),
            first: document.number.clone(),
            last: document.number.clone(),
            count: 1,
        }),
    }
}

fn refresh_expected(totals: &mut ShiftTotals) -> Result<(), OutOfRange> {
    let cash = expected_cash(totals)?;
    for tender in &mut totals.tenders {
        tender.expected_minor = match tender.tender_type {
            TenderType::Cash => cash,
            TenderType::Card
            | TenderType::Upi
            | TenderType::StoreCredit
            | TenderType::GiftCard
            | TenderType::Coupon
            | TenderType::Online
            | TenderType::Cod => tender.sales_minor.checked_sub(tender.refunds_minor)?,
        };
    }
    Ok(())
}

fn raise(sum: &mut Minor, by: Minor) -> Result<(), OutOfRange> {
    *sum = sum.checked_add(by)?;
    Ok(())
}
