//! The shift: opened, cash in between, counted blind, closed; X and Z.

use super::view::{
    CashKind, Closing, Count, CountForm, Denomination, Numbers, Pieces, Report, Session,
    ShiftTotals, TaxRow, TenderRow, ZRow,
};
use super::{Approval, Desk, Fault, Turn};
use crate::error::TillError;
use crate::ledger::{Topic, query};
use crate::shift::{self, Cash, Counted};
use daybook_domain::amount::{Minor, RatePpm};
use daybook_domain::balance::Medium;
use daybook_domain::cash::denominations;
use daybook_domain::document::TenderType;
use daybook_domain::entry::{self, CashMoved, Denominations, ZReport};
use daybook_domain::staff::Action;
use std::collections::BTreeMap;

/// How many Z reports a list shows.
const Z_MAX: usize = 400;

impl Desk {
    /// Opens a shift with the float that was counted.
    ///
    /// # Errors
    /// `shift.open_already`, `cash.…`, `shift.denominations`, `approval.…`.
    pub fn open_shift(
        &self,
        float: Minor,
        pieces: &[Pieces],
        approval: Option<&Approval>,
    ) -> Result<Session, Fault> {
        self.act(|turn| {
            let who = turn.who_with(approval)?;
            let (_, topics) = shift::open(turn.ledger, &who, float, by_face(pieces)?)?;
            turn.changed(topics);
            turn.drawer = true;
            turn.session()
        })
    }

    /// What notes and coins come to.
    ///
    /// # Errors
    /// `amount.…`.
    pub fn sum_pieces(&self, pieces: &[Pieces]) -> Result<Minor, Fault> {
        sum(pieces).map_err(|error| Fault::from(&error))
    }

    /// Moves cash without a document.
    ///
    /// # Errors
    /// `shift.none_open`, `cash.…`, `approval.…`.
    pub fn move_cash(
        &self,
        kind: CashKind,
        amount: Minor,
        reason: &str,
        approval: Option<&Approval>,
    ) -> Result<Session, Fault> {
        self.act(|turn| {
            let who = turn.who_with(approval)?;
            let cash = match kind {
                CashKind::In => Cash::In,
                CashKind::Out => Cash::Out,
                CashKind::Drop => Cash::Drop,
                CashKind::Loan => Cash::Loan,
            };
            let moved = CashMoved { amount_minor: amount, reason: reason.trim().to_owned() };
            let topics = shift::move_cash(turn.ledger, &who, cash, moved)?;
            turn.changed(topics);
            turn.drawer = true;
            turn.session()
        })
    }

    /// Opens the drawer without a document.
    ///
    /// # Errors
    /// `shift.none_open`, `approval.…`.
    pub fn no_sale(&self, reason: &str, approval: Option<&Approval>) -> Result<Session, Fault> {
        self.act(|turn| {
            let who = turn.who_with(approval)?;
            let topics = shift::no_sale(turn.ledger, &who, reason.trim())?;
            turn.changed(topics);
            turn.drawer = true;
            turn.session()
        })
    }

    /// What is to be counted to close the shift.
    ///
    /// # Errors
    /// `shift.none_open`.
    pub fn count_form(&self) -> Result<CountForm, Fault> {
        self.act(|turn| turn.count_form())
    }

    /// Counts and closes the shift: Z. The whole ledger is verified before. The basket must be empty; parked ones stay.
    ///
    /// # Errors
    /// `shift.…`, `basket.not_empty`, `approval.…`, `ledger.damaged`.
    pub fn close_shift(
        &self,
        closing: &Closing,
        approval: Option<&Approval>,
        progress: &mut dyn FnMut(i64),
    ) -> Result<Report, Fault> {
        self.act(|turn| turn.close_shift(closing, approval, progress))
    }

    /// X: the running totals, journalled; without the tenders for who counts blind.
    ///
    /// # Errors
    /// `shift.none_open`.
    pub fn x_report(&self) -> Result<Report, Fault> {
        self.act(|turn| {
            let who = turn.who()?;
            turn.allow(&who, Action::OpenShift)?;
            let (totals, pos) = shift::x_report(turn.ledger, &who)?;
            turn.counter.last_x = Some(pos);
            turn.changed([Topic::Journal]);
            let open = turn.ledger.live()?.shift.as_ref();
            let day = open.map(|open| open.day.clone()).unwrap_or_default();
            Ok(Report {
                day,
                z_no: None,
                closed_at_ms: None,
                totals: ShiftTotals::from(&totals),
                over_short_reason: None,
                perpetual_sales_minor: None,
                perpetual_returns_minor: None,
            })
        })
    }

    /// Z reports of this till, the latest first.
    ///
    /// # Errors
    /// `ledger.…`.
    pub fn z_reports(&self) -> Result<Vec<ZRow>, Fault> {
        self.look(|conn| {
            let rows = query::z_reports(conn, Z_MAX)?;
            Ok(rows.iter().map(|(day, z)| ZRow::of(day, z)).collect())
        })
    }

    /// One Z report.
    ///
    /// # Errors
    /// `shift.no_z`.
    pub fn z_report(&self, z_no: i64) -> Result<Report, Fault> {
        self.look(|conn| {
            let found = query::z_report(conn, z_no)?;
            let (day, z) = found.ok_or_else(|| {
                TillError::refused("shift.no_z", format!("there is no Z {z_no} here"))
                    .with("number", z_no)
            })?;
            Ok(Report::of(day, &z))
        })
    }
}

impl Turn<'_> {
    fn count_form(&self) -> Result<CountForm, TillError> {
        let totals = shift::totals(self.ledger)?;
        let taken = totals.tenders.iter().map(|row| row.tender_type);
        let pieces = denominations(self.settings()?.currency).into_iter();
        Ok(CountForm {
            denominations: pieces
                .map(|piece| Denomination { face_minor: piece.face, note: piece.note })
                .collect(),
            // Nothing lies in the drawer for what was spent from a balance.
            tenders: taken
                .filter(|tender| *tender != TenderType::Cash && Medium::of(*tender).is_none())
                .collect(),
        })
    }

    fn close_shift(
        &mut self,
        closing: &Closing,
        approval: Option<&Approval>,
        progress: &mut dyn FnMut(i64),
    ) -> Result<Report, TillError> {
        self.empty_basket()?;
        let who = self.who_with(approval)?;
        let mut amounts = BTreeMap::from([(TenderType::Cash, closing.cash_minor)]);
        for other in &closing.others {
            amounts.insert(other.tender_type, other.minor);
        }
        let reason = closing.reason.as_deref().map(str::trim).filter(|text| !text.is_empty());
        let counted = Counted {
            amounts,
            denominations: by_face(&closing.pieces)?,
            reason: reason.map(str::to_owned),
        };
        let day = self.day()?;
        let (z, topics) = shift::close(self.ledger, &who, counted, Some(progress))?;
        self.changed(topics);
        self.changed([Topic::Papers]);
        Ok(Report::of(day, &z))
    }
}

fn by_face(pieces: &[Pieces]) -> Result<Denominations, TillError> {
    let mut counted = Denominations::new();
    for row in pieces.iter().filter(|row| row.pieces != 0) {
        if row.pieces < 0 || row.face_minor.0 <= 0 {
            return Err(TillError::bad("pieces", "may not be below zero"));
        }
        // A coin and a note may have one face value.
        let sum = counted.entry(row.face_minor.0).or_default();
        *sum = sum.saturating_add(row.pieces);
    }
    Ok(counted)
}

fn sum(pieces: &[Pieces]) -> Result<Minor, TillError> {
    let mut sum = Minor::ZERO;
    for (face, count) in by_face(pieces)? {
        let value = face.checked_mul(count).ok_or(daybook_domain::amount::OutOfRange)?;
        sum = sum.checked_add(Minor(value))?;
    }
    Ok(sum)
}

impl Report {
    fn of(day: String, z: &ZReport) -> Self {
        Self {
            day,
            z_no: Some(z.z_no),
            closed_at_ms: Some(z.closed_at_ms),
            totals: ShiftTotals::from(&z.totals),
            over_short_reason: z.over_short_reason.clone(),
            perpetual_sales_minor: Some(z.perpetual.sales_minor),
            perpetual_returns_minor: Some(z.perpetual.returns_minor),
        }
    }
}

impl ZRow {
    fn of(day: &str, z: &ZReport) -> Self {
        let off = z.totals.tenders.iter().filter_map(|row| row.over_short_minor);
        Self {
            z_no: z.z_no,
            day: day.to_owned(),
            closed_at_ms: z.closed_at_ms,
            sales_minor: z.totals.sales_minor,
            over_short_minor: Minor(off.fold(0_i64, |sum, off| sum.saturating_add(off.0))),
        }
    }
}

impl From<&entry::ShiftTotals> for ShiftTotals {
    fn from(totals: &entry::ShiftTotals) -> Self {
        let counts = &totals.counts;
        let counts = [
            ("sales", counts.sales),
            ("refunds", counts.refunds),
            ("voids", counts.voids),
            ("aborted", counts.aborted),
            ("no_sales", counts.no_sales),
            ("reprints", counts.reprints),
            ("discounts", counts.discounts),
            ("price_overrides", counts.price_overrides),
        ];
        Self {
            opened_at_ms: totals.opened_at_ms,
            opening_float_minor: totals.opening_float_minor,
            sales_minor: totals.sales_minor,
            returns_minor: totals.returns_minor,
            discounts_minor: totals.discounts_minor,
            rounding_minor: totals.rounding_minor,
            paid_in_minor: totals.paid_in_minor,
            paid_out_minor: totals.paid_out_minor,
            loaned_minor: totals.loaned_minor,
            dropped_minor: totals.dropped_minor,
            tenders: totals
                .tenders
                .iter()
                .map(|row| TenderRow {
                    tender_type: row.tender_type,
                    sales_minor: row.sales_minor,
                    refunds_minor: row.refunds_minor,
                    expected_minor: row.expected_minor,
                    counted_minor: row.counted_minor,
                    over_short_minor: row.over_short_minor,
                })
                .collect(),
            taxes: totals
                .taxes
                .iter()
                .map(|row| TaxRow {
                    component: row.component.clone(),
                    rate_ppm: RatePpm(row.rate_ppm),
                    taxable_minor: row.taxable_minor,
                    amount_minor: row.amount_minor,
                })
                .collect(),
            counts: counts
                .into_iter()
                .map(|(name, count)| Count { name: name.to_owned(), count })
                .collect(),
            numbers: totals
                .numbers
                .iter()
                .map(|range| Numbers {
                    series: range.series.clone(),
                    first: range.first.clone(),
                    last: range.last.clone(),
                    count: range.count,
                })
                .collect(),
        }
    }
}
