//! The document on an 80 mm roll: the same sums in the same order as on A4.

use crate::content::{self, Emphasis, Row};
use crate::options::{Labels, Options};
use crate::sheet::Style;
use crate::strip::{About, Piece, Strip};
use crate::{PrintError, figures};
use daybook_domain::document::{Document, DocumentLine};

const NAME: Style = Style::bold(1_200);
const BODY: Style = Style::regular(820);
const SMALL: Style = Style::soft(700);

/// The receipt of a document.
///
/// # Errors
/// [`PrintError`] when the moment of issue is no date.
pub fn receipt(document: &Document, options: &Options) -> Result<Strip, PrintError> {
    let labels = &options.labels;
    let about = About {
        title: format!("{} {}", content::title(document, labels), document.number),
        author: document.seller.name.clone(),
        at_ms: document.issued_at_ms,
        id: *document.id.0.as_bytes(),
        print_no: options.print_no(),
    };
    let mut strip = Strip::new(about, document.training.then_some(labels.training));
    seller(&mut strip, document, labels);
    heading(&mut strip, document, options)?;
    strip.rule();
    for line in &document.lines {
        item(&mut strip, document, line, labels);
    }
    strip.rule();
    for row in content::totals(document, labels) {
        if row.emphasis == Emphasis::Grand {
            strip.space(250);
        }
        strip.row(row);
    }
    strip.space(250);
    for row in content::settlement(document, labels) {
        strip.row(row);
    }
    tax_summary(&mut strip, document, labels);
    payment_code(&mut strip, document, labels);
    balances(&mut strip, document, labels);
    closing(&mut strip, document, options);
    Ok(strip)
}

fn seller(strip: &mut Strip, document: &Document, labels: &Labels) {
    let seller = &document.seller;
    strip.centred(NAME, &seller.name);
    strip.space(100);
    for line in &seller.address {
        strip.centred(SMALL, line);
    }
    strip.centred(SMALL, &content::contact(seller));
    if let Some(tax_id) = &seller.tax_id {
        let label = content::tax_id_label(document, labels);
        strip.centred(Style::regular(740), &format!("{label} {tax_id}"));
    }
    if let Some(state) = &seller.state {
        strip.centred(SMALL, &format!("{} {}", labels.state, content::place(state)));
    }
    strip.space(500);
}

fn heading(strip: &mut Strip, document: &Document, options: &Options) -> Result<(), PrintError> {
    let labels = &options.labels;
    strip.centred(Style::bold(940), content::title(document, labels));
    strip.centred(SMALL, &options.mark());
    if document.training {
        strip.centred(Style::bold(740), labels.training_notice);
    }
    strip.space(300);
    let row = |label: &str, value: String| Row::plain(label, value);
    strip.row(Row::strong(labels.number, document.number.clone()));
    let moment = figures::moment(document.issued_at_ms, document.offset_min)?;
    strip.row(row(labels.date, moment));
    if figures::local_day(document.issued_at_ms, document.offset_min)? != document.day {
        strip.row(row(labels.business_day, figures::day(&document.day)));
    }
    if let Some(original) = &document.original {
        strip.row(row(labels.against, original.number.clone()));
        strip.row(row(labels.dated, figures::day(&original.day)));
    }
    if let Some(reason) = &document.reason {
        strip.left(SMALL, &format!("{}: {reason}", labels.reason));
    }
    if let Some(code) = &document.till_code {
        strip.row(row(labels.till, code.to_string()));
    }
    strip.left(SMALL, &format!("{} {}", labels.cashier, document.cashier));
    if let Some(place) = &document.place_of_supply {
        let place = content::place(place);
        strip.left(SMALL, &format!("{} {place}", labels.place_of_supply));
    }
    if document.reverse_charge {
        strip.left(SMALL, &format!("{}: {}", labels.reverse_charge, labels.yes));
    }
    if let Some(buyer) = &document.buyer {
        let label = content::buyer_label(document, labels);
        strip.space(250);
        strip.left(SMALL, label);
        strip.left(Style::bold(820), &buyer.name);
        for line in &buyer.address {
            strip.left(SMALL, line);
        }
        if let Some(tax_id) = &buyer.tax_id {
            let label = content::tax_id_label(document, labels);
            strip.left(Style::regular(740), &format!("{label} {tax_id}"));
        }
        if let Some(state) = &buyer.state {
            strip.left(SMALL, &format!("{} {}", labels.state, content::place(state)));
        }
    }
    Ok(())
}

/// Name and amount, then how the amount came about.
fn item(strip: &mut Strip, document: &Document, line: &DocumentLine, labels: &Labels) {
    let currency = document.currency;
    let total = figures::money(line.total_minor, currency);
    strip.pair(&line.name, BODY, &total, BODY);
    let quantity = figures::quantity(line.quantity_milli, currency);
    let unit = figures::unit(line.uom, &document.jurisdiction);
    let price = figures::unit_price(line.unit_price_micros, currency);
    let mut parts = vec![format!("{quantity} {unit} × {price}")];
    let discount = content::line_discount(line);
    if !discount.is_zero() {
        parts.push(format!("{} {}", labels.discount, figures::money(discount, currency)));
    }
    let rate = content::line_rate(line);
    if rate.0 != 0 {
        parts.push(figures::rate(rate));
    }
    if let Some(hsn) = &line.hsn {
        parts.push(format!("HSN {hsn}"));
    }
    strip.left(SMALL, &parts.join("  ·  "));
    let details = content::line_details(document, line, labels);
    if !details.is_empty() {
        strip.left(SMALL, &details);
    }
    strip.space(220);
}

/// One row per rate and component.
fn tax_summary(strip: &mut Strip, document: &Document, labels: &Labels) {
    if document.tax_table.is_empty() {
        return;
    }
    strip.rule();
    let small = Style::regular(720);
    let head = format!("{} · {}", labels.tax_summary, labels.taxable);
    strip.pair(&head, SMALL, labels.tax, SMALL);
    for row in &document.tax_table {
        let taxable = figures::money(row.taxable_minor, document.currency);
        let name = content::component_name(&row.component, labels);
        let label = format!("{name} {}  ·  {taxable}", figures::rate(row.rate_ppm));
        let amount = figures::money(row.amount_minor, document.currency);
        strip.pair(&label, small, &amount, small);
    }
}

/// A code to pay with while nothing has been paid.
fn payment_code(strip: &mut Strip, document: &Document, labels: &Labels) {
    let Some(link) = content::payment_link(document) else { return };
    strip.rule();
    strip.push(Piece::Qr(link));
    strip.centred(Style::bold(820), labels.scan_to_pay);
    strip.centred(SMALL, document.upi_vpa.as_deref().unwrap_or_default());
}

/// What the customer can spend with this paper: its amount, and its number to be read and scanned.
fn balances(strip: &mut Strip, document: &Document, labels: &Labels) {
    for (key, amount) in content::put_on(document) {
        strip.rule();
        strip.space(200);
        strip.centred(Style::bold(940), content::tender_name(key.medium.tender_type(), labels));
        let worth = figures::money_signed(amount, document.currency);
        strip.row(Row { emphasis: Emphasis::Grand, ..Row::plain(labels.worth, worth) });
        strip.space(200);
        if key.number.bytes().all(|byte| byte.is_ascii_graphic()) {
            strip.push(Piece::Barcode(key.number.clone()));
        }
        strip.centred(Style::bold(940), &content::grouped(&key.number));
        strip.centred(SMALL, labels.to_spend);
        strip.space(300);
    }
}

fn closing(strip: &mut Strip, document: &Document, options: &Options) {
    strip.rule();
    for said in [&document.note, &document.gift_message].into_iter().flatten() {
        strip.centred(Style::regular(760), said);
        strip.space(250);
    }
    for term in &document.terms {
        strip.centred(SMALL, term);
    }
    // To be scanned when something comes back.
    if document.number.bytes().all(|byte| byte.is_ascii_graphic()) {
        strip.space(300);
        strip.push(Piece::Barcode(document.number.clone()));
    }
    if let Some(code) = &options.journal_code {
        strip.space(250);
        strip.centred(Style::soft(620), &format!("{} {code}", options.labels.journal));
    }
}
