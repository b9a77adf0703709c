//! The document on an 80 mm roll: the same sums in the same order as on A4.

use crate::content::{self, Emphasis, Row};
use crate::fonts::Fonts;
use crate::options::{Labels, Options};
use crate::pdf::Meta;
use crate::roll::Roll;
use crate::sheet::{Style, mm};
use crate::{PrintError, figures, qr, roll};
use daybook_domain::document::{Document, DocumentLine};

const NAME: Style = Style::bold(1_200);
const BODY: Style = Style::regular(820);
const SMALL: Style = Style::soft(700);
const QR_SIZE: i32 = mm(38);

/// Renders the 80 mm receipt.
///
/// # Errors
/// [`PrintError`] when the moment of issue is no date, or the document does not fit a file.
pub fn render_receipt(
    fonts: &Fonts,
    document: &Document,
    options: &Options,
) -> Result<Vec<u8>, PrintError> {
    let labels = &options.labels;
    let mut roll = Roll::new(fonts);
    seller(&mut roll, document, labels);
    heading(&mut roll, document, options)?;
    roll.rule();
    for line in &document.lines {
        item(&mut roll, document, line, labels);
    }
    roll.rule();
    for row in content::totals(document, labels) {
        if row.emphasis == Emphasis::Grand {
            roll.space(250);
        }
        roll.row(&row);
    }
    roll.space(250);
    for row in content::settlement(document, labels) {
        roll.row(&row);
    }
    tax_summary(&mut roll, document, labels);
    payment_code(&mut roll, document, labels)?;
    closing(&mut roll, document, options);
    let title = content::title(document, labels);
    let meta = Meta {
        title: &format!("{title} {}", document.number),
        author: &document.seller.name,
        at_ms: document.issued_at_ms,
        id: *document.id.0.as_bytes(),
        print_no: options.print_no(),
    };
    roll.finish(document.training.then_some(labels.training), &meta)
}

fn seller(roll: &mut Roll<'_>, document: &Document, labels: &Labels) {
    let seller = &document.seller;
    roll.centred(NAME, &seller.name);
    roll.space(100);
    for line in &seller.address {
        roll.centred(SMALL, line);
    }
    roll.centred(SMALL, &content::contact(seller));
    if let Some(tax_id) = &seller.tax_id {
        let label = content::tax_id_label(document, labels);
        roll.centred(Style::regular(740), &format!("{label} {tax_id}"));
    }
    if let Some(state) = &seller.state {
        roll.centred(SMALL, &format!("{} {}", labels.state, content::place(state)));
    }
    roll.space(500);
}

fn heading(roll: &mut Roll<'_>, document: &Document, options: &Options) -> Result<(), PrintError> {
    let labels = &options.labels;
    roll.centred(Style::bold(940), content::title(document, labels));
    roll.centred(SMALL, &options.mark());
    if document.training {
        roll.centred(Style::bold(740), labels.training_notice);
    }
    roll.space(300);
    let row = |label: &str, value: String| Row::plain(label, value);
    roll.row(&Row::strong(labels.number, document.number.clone()));
    let moment = figures::moment(document.issued_at_ms, document.offset_min)?;
    roll.row(&row(labels.date, moment));
    if figures::local_day(document.issued_at_ms, document.offset_min)? != document.day {
        roll.row(&row(labels.business_day, figures::day(&document.day)));
    }
    if let Some(original) = &document.original {
        roll.row(&row(labels.against, original.number.clone()));
        roll.row(&row(labels.dated, figures::day(&original.day)));
    }
    if let Some(reason) = &document.reason {
        roll.left(SMALL, &format!("{}: {reason}", labels.reason));
    }
    if let Some(code) = &document.till_code {
        roll.row(&row(labels.till, code.to_string()));
    }
    roll.left(SMALL, &format!("{} {}", labels.cashier, document.cashier));
    if let Some(place) = &document.place_of_supply {
        let place = content::place(place);
        roll.left(SMALL, &format!("{} {place}", labels.place_of_supply));
    }
    if document.reverse_charge {
        roll.left(SMALL, &format!("{}: {}", labels.reverse_charge, labels.yes));
    }
    if let Some(buyer) = &document.buyer {
        let label = content::buyer_label(document, labels);
        roll.space(250);
        roll.left(SMALL, label);
        roll.left(Style::bold(820), &buyer.name);
        for line in &buyer.address {
            roll.left(SMALL, line);
        }
        if let Some(tax_id) = &buyer.tax_id {
            let label = content::tax_id_label(document, labels);
            roll.left(Style::regular(740), &format!("{label} {tax_id}"));
        }
        if let Some(state) = &buyer.state {
            roll.left(SMALL, &format!("{} {}", labels.state, content::place(state)));
        }
    }
    Ok(())
}

/// Name and amount, then how the amount came about.
fn item(roll: &mut Roll<'_>, document: &Document, line: &DocumentLine, labels: &Labels) {
    let currency = document.currency;
    let total = figures::money(line.total_minor, currency);
    let block = roll.pair(&line.name, BODY, &total, BODY);
    roll.push(block);
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
    roll.left(SMALL, &parts.join("  ·  "));
    let details = content::line_details(document, line, labels);
    if !details.is_empty() {
        roll.left(SMALL, &details);
    }
    roll.space(220);
}

/// One row per rate and component.
fn tax_summary(roll: &mut Roll<'_>, document: &Document, labels: &Labels) {
    if document.tax_table.is_empty() {
        return;
    }
    roll.rule();
    let small = Style::regular(720);
    let head = format!("{} · {}", labels.tax_summary, labels.taxable);
    let block = roll.pair(&head, SMALL, labels.tax, SMALL);
    roll.push(block);
    for row in &document.tax_table {
        let taxable = figures::money(row.taxable_minor, document.currency);
        let label = format!("{} {}  ·  {taxable}", row.component, figures::rate(row.rate_ppm));
        let amount = figures::money(row.amount_minor, document.currency);
        let block = roll.pair(&label, small, &amount, small);
        roll.push(block);
    }
}

/// A code to pay with while nothing has been paid.
fn payment_code(
    roll: &mut Roll<'_>,
    document: &Document,
    labels: &Labels,
) -> Result<(), PrintError> {
    let Some(link) = content::payment_link(document) else { return Ok(()) };
    roll.rule();
    roll.push(qr::block(&link, (roll::WIDTH - QR_SIZE) / 2, QR_SIZE)?);
    roll.centred(Style::bold(820), labels.scan_to_pay);
    roll.centred(SMALL, document.upi_vpa.as_deref().unwrap_or_default());
    Ok(())
}

fn closing(roll: &mut Roll<'_>, document: &Document, options: &Options) {
    roll.rule();
    for said in [&document.note, &document.gift_message].into_iter().flatten() {
        roll.centred(Style::regular(760), said);
        roll.space(250);
    }
    for term in &document.terms {
        roll.centred(SMALL, term);
    }
    if let Some(code) = &options.journal_code {
        roll.space(250);
        roll.centred(Style::soft(620), &format!("{} {code}", options.labels.journal));
    }
}
