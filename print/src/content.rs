//! What a document says, in the order in which every form says it: the same on A4 and on the roll.

use crate::figures;
use crate::options::Labels;
use daybook_domain::amount::{Currency, Minor, RatePpm};
use daybook_domain::balance::{self, Key, Medium, Number};
use daybook_domain::document::{
    Document, DocumentKind, DocumentLine, LineFlag, Party, Place, Tender, TenderType,
};
use daybook_domain::upi::PayLink;

/// How much a row stands out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Emphasis {
    Plain,
    Strong,
    /// What is owed.
    Grand,
}

/// A label with a figure.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) label: String,
    /// A further word to the label, less important.
    pub(crate) detail: String,
    pub(crate) value: String,
    pub(crate) emphasis: Emphasis,
}

impl Row {
    pub(crate) fn plain(label: &str, value: String) -> Self {
        let (label, detail) = (label.to_owned(), String::new());
        Self { label, detail, value, emphasis: Emphasis::Plain }
    }

    pub(crate) fn strong(label: &str, value: String) -> Self {
        Self { emphasis: Emphasis::Strong, ..Self::plain(label, value) }
    }
}

/// Title of the form.
pub(crate) fn title(document: &Document, labels: &Labels) -> &'static str {
    match document.kind {
        DocumentKind::TaxInvoice => labels.tax_invoice,
        DocumentKind::BillOfSupply => labels.bill_of_supply,
        DocumentKind::InvoiceCumBill => labels.invoice_cum_bill,
        DocumentKind::Receipt => labels.receipt,
        DocumentKind::CreditNote => labels.credit_note,
    }
}

/// Name of the tax number where the document was issued.
pub(crate) fn tax_id_label(document: &Document, labels: &Labels) -> &'static str {
    match document.jurisdiction.as_str() {
        "IN" => labels.tax_id_in,
        "GB" | "GB-line" | "EU" | "EU-line" => labels.vat_id,
        _ => labels.tax_id,
    }
}

/// What the buyer is called.
pub(crate) fn buyer_label(document: &Document, labels: &Labels) -> &'static str {
    if document.kind == DocumentKind::CreditNote { labels.credit_to } else { labels.bill_to }
}

/// A State with its code, e.g. `Karnataka (29)`.
pub(crate) fn place(place: &Place) -> String {
    if place.code.is_empty() {
        place.name.clone()
    } else {
        format!("{} ({})", place.name, place.code)
    }
}

/// Telephone and e-mail in one line.
pub(crate) fn contact(party: &Party) -> String {
    let parts = [party.phone.as_deref(), party.email.as_deref()];
    parts.into_iter().flatten().collect::<Vec<_>>().join("  ·  ")
}

/// Components in the order in which they first occur.
pub(crate) fn components(document: &Document) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    let of_lines = document.lines.iter().flat_map(|line| &line.taxes).map(|tax| &tax.component);
    let of_table = document.tax_table.iter().map(|row| &row.component);
    for name in of_lines.chain(of_table) {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    names
}

/// What a component is called on paper.
pub(crate) fn component_name<'a>(component: &'a str, labels: &Labels) -> &'a str {
    if component == "SALES" { labels.sales_tax } else { component }
}

/// Sum of one component of a line.
pub(crate) fn component_amount(line: &DocumentLine, component: &str) -> Minor {
    let taxes = line.taxes.iter().filter(|tax| tax.component == component);
    saturating_total(taxes.map(|tax| tax.amount_minor))
}

/// Rate of a line, all components together.
pub(crate) fn line_rate(line: &DocumentLine) -> RatePpm {
    RatePpm(line.taxes.iter().fold(0, |sum, tax| sum.saturating_add(tax.rate_ppm.0)))
}

/// A sum for display. The document's own sums are checked when it is issued.
pub(crate) fn saturating_total(amounts: impl IntoIterator<Item = Minor>) -> Minor {
    Minor(amounts.into_iter().fold(0, |sum, amount| sum.saturating_add(amount.0)))
}

/// Discount of a line: its own and its share of the bill's.
pub(crate) fn line_discount(line: &DocumentLine) -> Minor {
    saturating_total([line.discount_minor, line.bill_discount_minor])
}

/// What a line adds to the value of what was supplied; money on a gift card is no supply.
pub(crate) fn supplied(line: &DocumentLine) -> Minor {
    if line.gift_card.is_some() { Minor::ZERO } else { line.taxable_minor }
}

fn negated(amount: Minor) -> Minor {
    Minor(amount.0.saturating_neg())
}

/// The sums, from the goods to what is owed.
pub(crate) fn totals(document: &Document, labels: &Labels) -> Vec<Row> {
    let totals = &document.totals;
    let currency = document.currency;
    let money = |amount| figures::money(amount, currency);
    let mut rows = Vec::new();
    if !totals.discount_minor.is_zero() {
        let mut gross = Row::plain(labels.gross, money(totals.gross_minor));
        if document.tax_inclusive && !totals.tax_minor.is_zero() {
            labels.incl_tax.clone_into(&mut gross.detail);
        }
        rows.push(gross);
        rows.push(Row::plain(labels.discount, money(negated(totals.discount_minor))));
    }
    if !document.tax_table.is_empty() {
        let supplied = document.lines.iter().map(supplied);
        rows.push(Row::plain(labels.taxable, money(saturating_total(supplied))));
        for component in components(document) {
            let of = document.tax_table.iter().filter(|row| row.component == component);
            let sum = saturating_total(of.map(|row| row.amount_minor));
            rows.push(Row::plain(component_name(component, labels), money(sum)));
        }
    }
    let cards = document.lines.iter().filter(|line| line.gift_card.is_some());
    let cards = saturating_total(cards.map(|line| line.total_minor));
    if !cards.is_zero() && !document.tax_table.is_empty() {
        rows.push(Row::plain(labels.gift_card, money(cards)));
    }
    if !totals.rounding_minor.is_zero() {
        rows.push(Row::plain(labels.total, money(totals.total_minor)));
        rows.push(Row::plain(labels.round_off, signed(money(totals.rounding_minor))));
    }
    let label = match document.kind {
        DocumentKind::CreditNote => labels.to_refund,
        DocumentKind::TaxInvoice
        | DocumentKind::BillOfSupply
        | DocumentKind::InvoiceCumBill
        | DocumentKind::Receipt
            if totals.payable_minor.0 < 0 =>
        {
            labels.to_refund_exchange
        }
        DocumentKind::TaxInvoice
        | DocumentKind::BillOfSupply
        | DocumentKind::InvoiceCumBill
        | DocumentKind::Receipt => labels.payable,
    };
    rows.push(Row {
        emphasis: Emphasis::Grand,
        ..Row::plain(label, figures::money_signed(totals.payable_minor, currency))
    });
    rows
}

/// A figure with its sign, also where it is positive.
fn signed(figures: String) -> String {
    if figures.starts_with('\u{2212}') { figures } else { format!("+{figures}") }
}

/// How it was settled, and what is still owed.
pub(crate) fn settlement(document: &Document, labels: &Labels) -> Vec<Row> {
    let money = |amount| figures::money(amount, document.currency);
    let mut rows = Vec::new();
    for tender in &document.tenders {
        let mut row =
            Row::plain(tender_name(tender.tender_type, labels), money(tender.amount_minor));
        let mut details = Vec::new();
        if let Some(given) = tender.given_minor.filter(|given| *given != tender.amount_minor) {
            details.push(format!("{} {}", labels.given, money(given)));
        }
        if let Some(reference) = &tender.reference {
            let reference = match Medium::of(tender.tender_type) {
                Some(_) if takes(document, tender) => masked(reference),
                Some(_) => grouped(reference),
                None => reference.clone(),
            };
            details.push(format!("{} {reference}", labels.reference));
        }
        row.detail = details.join(" · ");
        rows.push(row);
        if let Some(change) = tender.change_minor.filter(|change| !change.is_zero()) {
            rows.push(Row::plain(labels.change, money(change)));
        }
    }
    let balance = balance(document);
    if balance.0 > 0 && document.kind != DocumentKind::CreditNote {
        let value = figures::money_signed(balance, document.currency);
        rows.push(Row::strong(labels.balance_due, value));
    }
    rows
}

/// Whether a tender from a balance takes from it, rather than puts something on it.
fn takes(document: &Document, tender: &Tender) -> bool {
    document.kind != DocumentKind::CreditNote && tender.amount_minor.0 > 0
}

/// The end of a number that may be spent by whoever reads it.
fn masked(number: &str) -> String {
    let count = number.chars().count();
    let end: String = number.chars().skip(count.saturating_sub(4)).collect();
    format!("•••• {end}")
}

/// A number of a balance as people read it.
pub(crate) fn grouped(number: &str) -> String {
    Number::new(number).map_or_else(|_| number.to_owned(), |number| number.grouped())
}

/// What the document puts on gift cards and store credit: the customer spends it with this paper.
pub(crate) fn put_on(document: &Document) -> Vec<(Key, Minor)> {
    let changes = balance::changes(document).unwrap_or_default();
    changes.into_iter().filter(|(_, amount)| amount.0 > 0).collect()
}

/// What is not settled.
pub(crate) fn balance(document: &Document) -> Minor {
    let settled = saturating_total(document.tenders.iter().map(|tender| tender.amount_minor));
    Minor(document.totals.payable_minor.0.saturating_sub(settled.0))
}

/// Whether a payment code belongs on the document: something is owed, and nothing has been paid.
pub(crate) fn wants_payment(document: &Document) -> bool {
    document.tenders.is_empty()
        && document.totals.payable_minor.0 > 0
        && document.kind != DocumentKind::CreditNote
        && !document.training
}

pub(crate) fn tender_name(tender: TenderType, labels: &Labels) -> &'static str {
    match tender {
        TenderType::Cash => labels.cash,
        TenderType::Card => labels.card,
        TenderType::Upi => labels.upi,
        TenderType::StoreCredit => labels.store_credit,
        TenderType::GiftCard => labels.gift_card,
        TenderType::Coupon => labels.coupon,
        TenderType::Online => labels.online,
        TenderType::Cod => labels.cod,
    }
}

/// One line of the tax summary: a rate with the amount of each component.
#[derive(Debug, Clone)]
pub(crate) struct TaxSlab {
    pub(crate) rate_ppm: RatePpm,
    pub(crate) taxable_minor: Minor,
    /// Rate of the component and amount, in the order of [`components`]; nothing where it has no share.
    pub(crate) shares: Vec<Option<(RatePpm, Minor)>>,
    pub(crate) tax_minor: Minor,
}

/// The tax table by slab: components of one rate on one taxable value (CGST and SGST) share a line.
pub(crate) fn tax_slabs(document: &Document) -> Vec<TaxSlab> {
    let components = components(document);
    let mut slabs: Vec<TaxSlab> = Vec::new();
    for row in &document.tax_table {
        let Some(place) = components.iter().position(|name| *name == row.component) else {
            continue;
        };
        let share = Some((row.rate_ppm, row.amount_minor));
        let fits = |slab: &&mut TaxSlab| {
            slab.taxable_minor == row.taxable_minor
                && slab.shares.get(place).is_some_and(Option::is_none)
                && slab.shares.iter().flatten().all(|(rate, _)| *rate == row.rate_ppm)
        };
        if let Some(slab) = slabs.iter_mut().find(fits) {
            slab.shares[place] = share;
            slab.rate_ppm.0 = slab.rate_ppm.0.saturating_add(row.rate_ppm.0);
            slab.tax_minor = saturating_total([slab.tax_minor, row.amount_minor]);
        } else {
            let mut shares = vec![None; components.len()];
            shares[place] = share;
            slabs.push(TaxSlab {
                rate_ppm: row.rate_ppm,
                taxable_minor: row.taxable_minor,
                shares,
                tax_minor: row.amount_minor,
            });
        }
    }
    slabs
}

/// What stands beside the name of a line: options, old price, MRP, its origin in a return.
pub(crate) fn line_details(document: &Document, line: &DocumentLine, labels: &Labels) -> String {
    let mut parts = Vec::new();
    parts.extend(line.options.clone());
    if line.quantity_milli.0 < 0 {
        parts.push(labels.returned.to_owned());
    }
    if let Some(price) = &line.price_override {
        let was = figures::unit_price(price.was_micros, document.currency);
        parts.push(format!("{} {was}", labels.was));
    }
    if let Some(mrp) = line.mrp_minor {
        parts.push(format!("{} {}", labels.mrp, figures::money(mrp, document.currency)));
    }
    if let Some(number) = &line.gift_card {
        parts.push(grouped(number));
    }
    if line.flags.contains(&LineFlag::OpenItem) && line.gift_card.is_none() {
        parts.push(line.sku.to_string());
    }
    parts.join(" · ")
}

/// The UPI link to pay what is owed: only rupees, only while nothing is paid, and only to a usable address.
pub(crate) fn payment_link(document: &Document) -> Option<String> {
    let vpa = document.upi_vpa.as_deref()?;
    if !wants_payment(document) || document.currency != Currency::INR {
        return None;
    }
    let (payee, reference) = (document.seller.name.as_str(), document.number.as_str());
    let link = PayLink { vpa, payee, amount: document.totals.payable_minor, reference };
    // An address that no app would take prints without a code; the balance due is there all the same.
    link.to_uri().ok()
}
