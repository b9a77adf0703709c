//! The Z report of a closed shift on an 80 mm roll.

use crate::content::{self, Emphasis, Row};
use crate::fonts::Fonts;
use crate::options::{Labels, Options};
use crate::pdf::Meta;
use crate::roll::Roll;
use crate::sheet::Style;
use crate::{PrintError, figures};
use daybook_domain::amount::{Currency, Minor, RatePpm};
use daybook_domain::document::Party;
use daybook_domain::entry::ZReport;
use daybook_domain::ids::TillCode;

const SMALL: Style = Style::soft(700);

/// What a Z report does not say itself: whose till it is, and how its figures read.
#[derive(Debug, Clone)]
pub struct ZHeading {
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
    /// Name of who closed the shift.
    pub cashier: String,
    /// Exercise: no turnover.
    pub training: bool,
}

/// The strip with what every row needs.
struct Report<'a> {
    roll: Roll<'a>,
    report: &'a ZReport,
    heading: &'a ZHeading,
    labels: &'a Labels,
}

/// Renders the Z report as 80 mm PDF.
///
/// # Errors
/// [`PrintError`] when a moment is no date, or the report does not fit a file.
pub fn render_z_report(
    fonts: &Fonts,
    report: &ZReport,
    heading: &ZHeading,
    options: &Options,
) -> Result<Vec<u8>, PrintError> {
    let labels = &options.labels;
    let mut out = Report { roll: Roll::new(fonts), report, heading, labels };
    out.head(options)?;
    out.turnover();
    out.taxes();
    out.drawer();
    out.tenders();
    out.denominations();
    out.counts();
    out.numbers();
    out.perpetual();
    out.close();
    let meta = Meta {
        title: &format!("{} {} {}", labels.z_report, heading.till_code, report.z_no),
        author: &heading.seller.name,
        at_ms: report.closed_at_ms,
        id: *report.totals.shift.0.as_bytes(),
        print_no: options.print_no(),
    };
    out.roll.finish(heading.training.then_some(labels.training), &meta)
}

impl Report<'_> {
    fn amount(&mut self, label: &str, amount: Minor) {
        let value = figures::money(amount, self.heading.currency);
        self.roll.row(&Row::plain(label, value));
    }

    fn strong_amount(&mut self, label: &str, amount: Minor) {
        let value = figures::money(amount, self.heading.currency);
        self.roll.row(&Row::strong(label, value));
    }

    fn count(&mut self, label: &str, count: i64) {
        self.roll.row(&Row::plain(label, count.to_string()));
    }

    fn section(&mut self, label: &str) {
        self.roll.rule();
        self.roll.left(Style::bold(820), label);
        self.roll.space(100);
    }

    fn head(&mut self, options: &Options) -> Result<(), PrintError> {
        let (heading, labels) = (self.heading, self.labels);
        self.roll.centred(Style::bold(1_100), &heading.seller.name);
        for line in &heading.seller.address {
            self.roll.centred(SMALL, line);
        }
        if let Some(tax_id) = &heading.seller.tax_id {
            let rupees = heading.currency == Currency::INR;
            let label = if rupees { labels.tax_id_in } else { labels.tax_id };
            self.roll.centred(SMALL, &format!("{label} {tax_id}"));
        }
        self.roll.space(400);
        let title = format!("{} {}", labels.z_report, self.report.z_no);
        self.roll.centred(Style::bold(1_200), &title);
        self.roll.centred(SMALL, &options.mark());
        if heading.training {
            self.roll.centred(Style::bold(740), labels.training);
        }
        self.roll.space(300);
        self.roll.row(&Row::plain(labels.till, heading.till_code.to_string()));
        self.roll.row(&Row::plain(labels.business_day, figures::day(&heading.day)));
        let opened = figures::moment(self.report.totals.opened_at_ms, heading.offset_min)?;
        self.roll.row(&Row::plain(labels.opened, opened));
        let closed = figures::moment(self.report.closed_at_ms, heading.offset_min)?;
        self.roll.row(&Row::plain(labels.closed, closed));
        self.roll.row(&Row::plain(labels.cashier, heading.cashier.clone()));
        Ok(())
    }

    fn turnover(&mut self) {
        let (labels, totals) = (self.labels, &self.report.totals);
        self.section(labels.sales);
        self.amount(labels.sales, totals.sales_minor);
        self.amount(labels.returns, Minor(totals.returns_minor.0.saturating_neg()));
        let net = Minor(totals.sales_minor.0.saturating_sub(totals.returns_minor.0));
        let value = figures::money_signed(net, self.heading.currency);
        let grand = Row { emphasis: Emphasis::Grand, ..Row::plain(labels.net, value) };
        self.roll.row(&grand);
        self.amount(labels.discounts, totals.discounts_minor);
        self.amount(labels.rounding, totals.rounding_minor);
    }

    fn taxes(&mut self) {
        if self.report.totals.taxes.is_empty() {
            return;
        }
        self.section(self.labels.taxes);
        for tax in &self.report.totals.taxes {
            let rate = figures::rate(RatePpm(tax.rate_ppm));
            let taxable = figures::money(tax.taxable_minor, self.heading.currency);
            let amount = figures::money(tax.amount_minor, self.heading.currency);
            let label = format!("{} {rate}", tax.component);
            let detail = format!("{} {taxable}", self.labels.taxable);
            self.roll.row(&Row { detail, ..Row::plain(&label, amount) });
        }
    }

    fn drawer(&mut self) {
        let (labels, totals) = (self.labels, &self.report.totals);
        self.section(labels.cash_drawer);
        self.amount(labels.opening_float, totals.opening_float_minor);
        self.amount(labels.paid_in, totals.paid_in_minor);
        self.amount(labels.paid_out, Minor(totals.paid_out_minor.0.saturating_neg()));
        self.amount(labels.loaned, totals.loaned_minor);
        self.amount(labels.dropped, Minor(totals.dropped_minor.0.saturating_neg()));
    }

    fn tenders(&mut self) {
        let labels = self.labels;
        for tender in &self.report.totals.tenders {
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
        if let Some(reason) = &self.report.over_short_reason {
            self.roll.left(SMALL, &format!("{}: {reason}", labels.reason));
        }
        if self.report.blind {
            self.roll.left(SMALL, labels.blind_count);
        }
    }

    fn denominations(&mut self) {
        if self.report.denominations.is_empty() {
            return;
        }
        self.section(self.labels.denominations);
        for (value, count) in self.report.denominations.iter().rev() {
            let label =
                format!("{} × {count}", figures::money(Minor(*value), self.heading.currency));
            self.amount(&label, Minor(value.saturating_mul(*count)));
        }
    }

    fn counts(&mut self) {
        let (labels, counts) = (self.labels, self.report.totals.counts);
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
        if self.report.totals.numbers.is_empty() {
            return;
        }
        self.section(self.labels.numbers_used);
        for range in &self.report.totals.numbers {
            let span = format!("{} – {}", range.first, range.last);
            let label = range.series.clone();
            self.roll.row(&Row { detail: span, ..Row::plain(&label, range.count.to_string()) });
        }
    }

    fn perpetual(&mut self) {
        let (labels, perpetual) = (self.labels, &self.report.perpetual);
        self.section(labels.perpetual);
        self.amount(labels.sales, perpetual.sales_minor);
        self.amount(labels.returns, Minor(perpetual.returns_minor.0.saturating_neg()));
        self.strong_amount(labels.net, perpetual.net_minor);
        self.count(labels.documents, perpetual.documents);
    }

    fn close(&mut self) {
        let head = &self.report.head;
        self.roll.rule();
        let place = format!("{} {}/{}", self.labels.journal_head, head.incarnation, head.seq);
        self.roll.left(SMALL, &place);
        self.roll.left(Style::soft(560), &head.hash);
        self.roll.space(2_600);
        self.roll.rule();
        self.roll.left(SMALL, self.labels.signature_cashier);
    }
}
