//! The Z report of a closed shift, and the X report of an open one, on a strip.

use crate::content::{self, Emphasis, Row};
use crate::options::{Labels, Options};
use crate::sheet::Style;
use crate::strip::{About, Strip};
use crate::{PrintError, figures};
use daybook_domain::amount::{Currency, Minor, RatePpm};
use daybook_domain::document::Party;
use daybook_domain::entry::{ShiftTotals, ZReport};
use daybook_domain::ids::TillCode;

const SMALL: Style = Style::soft(700);

/// What a report does not say itself: whose till it is, and how its figures read.
#[derive(Debug, Clone)]
pub struct ReportHeading {
    /// Seller as printed.
    pub seller: Party,
    /// Short code of the till.
    pub till_code: TillCode,
    /// Currency of all amounts.
    pub currency: Currency,
    /// Offset of the shop's local time from UTC, minutes.
    pub offset_min: i32,
    /// Business day `YYYY-MM-DD`.
    pub day: String,
    /// Name of who asked for it: who closed the shift, in a Z report.
    pub cashier: String,
    /// Exercise: no turnover.
    pub training: bool,
}

/// The strip with what every row needs.
struct Report<'a> {
    strip: Strip,
    totals: &'a ShiftTotals,
    heading: &'a ReportHeading,
    labels: &'a Labels,
}

/// The Z report of a shift.
///
/// # Errors
/// [`PrintError`] when a moment is no date.
pub fn z_report(
    report: &ZReport,
    heading: &ReportHeading,
    options: &Options,
) -> Result<Strip, PrintError> {
    let labels = &options.labels;
    let title = format!("{} {}", labels.z_report, report.z_no);
    let mut out = Report::begin(&title, &report.totals, report.closed_at_ms, heading, options);
    out.head(&title, &options.mark())?;
    out.moments(labels.closed, report.closed_at_ms)?;
    out.turnover();
    out.taxes();
    out.drawer();
    out.tenders();
    out.counted(report);
    out.counts();
    out.numbers();
    out.perpetual(report);
    out.close(report);
    Ok(out.strip)
}

/// The X report: the running totals of an open shift, as of a moment (Unix milliseconds).
///
/// # Errors
/// [`PrintError`] when a moment is no date.
pub fn x_report(
    totals: &ShiftTotals,
    as_of_ms: i64,
    heading: &ReportHeading,
    options: &Options,
) -> Result<Strip, PrintError> {
    let labels = &options.labels;
    let mut out = Report::begin(labels.x_report, totals, as_of_ms, heading, options);
    out.head(labels.x_report, labels.running_totals)?;
    out.moments(labels.as_of, as_of_ms)?;
    out.turnover();
    out.taxes();
    out.drawer();
    out.tenders();
    out.counts();
    out.numbers();
    Ok(out.strip)
}

impl<'a> Report<'a> {
    fn begin(
        title: &str,
        totals: &'a ShiftTotals,
        at_ms: i64,
        heading: &'a ReportHeading,
        options: &'a Options,
    ) -> Self {
        let labels = &options.labels;
        let about = About {
            title: format!("{title} {}", heading.till_code),
            author: heading.seller.name.clone(),
            at_ms,
            id: *totals.shift.0.as_bytes(),
            print_no: options.print_no(),
        };
        let strip = Strip::new(about, heading.training.then_some(labels.training));
        Self { strip, totals, heading, labels }
    }

    fn amount(&mut self, label: &str, amount: Minor) {
        let value = figures::money(amount, self.heading.currency);
        self.strip.row(Row::plain(label, value));
    }

    fn strong_amount(&mut self, label: &str, amount: Minor) {
        let value = figures::money(amount, self.heading.currency);
        self.strip.row(Row::strong(label, value));
    }

    fn count(&mut self, label: &str, count: i64) {
        self.strip.row(Row::plain(label, count.to_string()));
    }

    fn section(&mut self, label: &str) {
        self.strip.rule();
        self.strip.left(Style::bold(820), label);
        self.strip.space(100);
    }

    fn head(&mut self, title: &str, mark: &str) -> Result<(), PrintError> {
        let (heading, labels) = (self.heading, self.labels);
        self.strip.centred(Style::bold(1_100), &heading.seller.name);
        for line in &heading.seller.address {
            self.strip.centred(SMALL, line);
        }
        if let Some(tax_id) = &heading.seller.tax_id {
            let rupees = heading.currency == Currency::INR;
            let label = if rupees { labels.tax_id_in } else { labels.tax_id };
            self.strip.centred(SMALL, &format!("{label} {tax_id}"));
        }
        self.strip.space(400);
        self.strip.centred(Style::bold(1_200), title);
        self.strip.centred(SMALL, mark);
        if heading.training {
            self.strip.centred(Style::bold(740), labels.training);
        }
        self.strip.space(300);
        self.strip.row(Row::plain(labels.till, heading.till_code.to_string()));
        self.strip.row(Row::plain(labels.business_day, figures::day(&heading.day)));
        self.strip.row(Row::plain(labels.cashier, heading.cashier.clone()));
        let opened = figures::moment(self.totals.opened_at_ms, heading.offset_min)?;
        self.strip.row(Row::plain(labels.opened, opened));
        Ok(())
    }

    fn moments(&mut self, label: &str, at_ms: i64) -> Result<(), PrintError> {
        let moment = figures::moment(at_ms, self.heading.offset_min)?;
        self.strip.row(Row::plain(label, moment));
        Ok(())
    }

    fn turnover(&mut self) {
        let (labels, totals) = (self.labels, self.totals);
        self.section(labels.sales);
        self.amount(labels.sales, totals.sales_minor);
        self.amount(labels.returns, Minor(totals.returns_minor.0.saturating_neg()));
        let net = Minor(totals.sales_minor.0.saturating_sub(totals.returns_minor.0));
        let value = figures::money_signed(net, self.heading.currency);
        let grand = Row { emphasis: Emphasis::Grand, ..Row::plain(labels.net, value) };
        self.strip.row(grand);
        self.amount(labels.discounts, totals.discounts_minor);
        self.amount(labels.rounding, totals.rounding_minor);
    }

    fn taxes(&mut self) {
        if self.totals.taxes.is_empty() {
            return;
        }
        self.section(self.labels.taxes);
        for tax in &self.totals.taxes {
            let rate = figures::rate(RatePpm(tax.rate_ppm));
            let taxable = figures::money(tax.taxable_minor, self.heading.currency);
            let amount = figures::money(tax.amount_minor, self.heading.currency);
            let label = format!("{} {rate}", content::component_name(&tax.component, self.labels));
            let detail = format!("{} {taxable}", self.labels.taxable);
            self.strip.row(Row { detail, ..Row::plain(&label, amount) });
        }
    }

    fn drawer(&mut self) {
        let (labels, totals) = (self.labels, self.totals);
        self.section(labels.cash_drawer);
        self.amount(labels.opening_float, totals.opening_float_minor);
        self.amount(labels.paid_in, totals.paid_in_minor);
        self.amount(labels.paid_out, Minor(totals.paid_out_minor.0.saturating_neg()));
        self.amount(labels.loaned, totals.loaned_minor);
        self.amount(labels.dropped, Minor(totals.dropped_minor.0.saturating_neg()));
    }

    fn tenders(&mut self) {
        let labels = self.labels;
        for tender in &self.totals.tenders {
            self.section(content::tender_name(tender.tender_type, labels));
            self.amount(labels.sales, tender.sales_minor);
            self.amount(labels.refunds, Minor(tender.refunds_minor.0.saturating_neg()));
            self.amount(labels.expected, tender.expected_minor);
            if let Some(counted) = tender.counted_minor {
                self.amount(labels.counted, counted);
            }
            if let Some(over_short) = tender.over_short_minor {
                self.strong_amount(labels.over_short, over_short);
            }
        }
    }

    /// What only a closed shift has of its count.
    fn counted(&mut self, report: &ZReport) {
        if let Some(reason) = &report.over_short_reason {
            self.strip.left(SMALL, &format!("{}: {reason}", self.labels.reason));
        }
        if report.blind {
            self.strip.left(SMALL, self.labels.blind_count);
        }
        if report.denominations.is_empty() {
            return;
        }
        self.section(self.labels.denominations);
        for (value, count) in report.denominations.iter().rev() {
            let label =
                format!("{} × {count}", figures::money(Minor(*value), self.heading.currency));
            self.amount(&label, Minor(value.saturating_mul(*count)));
        }
    }

    fn counts(&mut self) {
        let (labels, counts) = (self.labels, self.totals.counts);
        self.section(labels.counts);
        let rows = [
            (labels.sales, counts.sales),
            (labels.refunds, counts.refunds),
            (labels.voids, counts.voids),
            (labels.aborted, counts.aborted),
            (labels.no_sales, counts.no_sales),
            (labels.reprints, counts.reprints),
            (labels.discount_lines, counts.discounts),
            (labels.price_overrides, counts.price_overrides),
        ];
        for (label, count) in rows {
            self.count(label, count);
        }
    }

    fn numbers(&mut self) {
        if self.totals.numbers.is_empty() {
            return;
        }
        self.section(self.labels.numbers_used);
        for range in &self.totals.numbers {
            let span = format!("{} – {}", range.first, range.last);
            let label = range.series.clone();
            self.strip.row(Row { detail: span, ..Row::plain(&label, range.count.to_string()) });
        }
    }

    fn perpetual(&mut self, report: &ZReport) {
        let (labels, perpetual) = (self.labels, &report.perpetual);
        self.section(labels.perpetual);
        self.amount(labels.sales, perpetual.sales_minor);
        self.amount(labels.returns, Minor(perpetual.returns_minor.0.saturating_neg()));
        self.strong_amount(labels.net, perpetual.net_minor);
        self.count(labels.documents, perpetual.documents);
    }

    fn close(&mut self, report: &ZReport) {
        let head = &report.head;
        self.strip.rule();
        let place = format!("{} {}/{}", self.labels.journal_head, head.incarnation, head.seq);
        self.strip.left(SMALL, &place);
        self.strip.left(Style::soft(560), &head.hash);
        self.strip.space(2_600);
        self.strip.rule();
        self.strip.left(SMALL, self.labels.signature_cashier);
    }
}
