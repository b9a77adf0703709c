//! What several modules' tests need: items, rules, issued documents.

use crate::amount::{Currency, Minor, RatePpm, UnitPrice};
use crate::basket::Rules;
use crate::catalogue::Snapshot;
use crate::document::{Document, DocumentKind, OriginalRef, Party};
use crate::figures::Figures;
use crate::ids::{DocumentId, LocationId, Sku};
use crate::tax::{Jurisdiction, Supply, TaxRules};
use crate::tender::Settled;
use uuid::Uuid;

pub(crate) fn rules(code: &str, inclusive: bool) -> Rules {
    let jurisdiction = Jurisdiction::by_code(code).unwrap();
    let tax = TaxRules { jurisdiction, supply: Supply::Intra, inclusive };
    Rules { currency: Currency::INR, tax, hsn_digits: 8 }
}

pub(crate) fn item(sku: &str, price_minor: i64, percent: i64) -> Snapshot {
    let mut item = Snapshot::open_item(Sku::new(sku).unwrap(), sku, RatePpm(percent * 10_000));
    item.unit_price_micros = Some(UnitPrice(price_minor * 10_000));
    item.open = false;
    item
}

pub(crate) fn issued(no: u128, kind: DocumentKind, figures: Figures, settled: Settled) -> Document {
    Document {
        id: DocumentId(Uuid::from_u128(no)),
        kind,
        number: format!("A1-AI26-{no:06}"),
        series: "A1-AI26".into(),
        issued_at_ms: 0,
        offset_min: 330,
        day: "2026-11-22".into(),
        fiscal_year: "26-27".into(),
        till: None,
        till_code: None,
        location: LocationId::new("shop").unwrap(),
        cashier: "Asha".into(),
        currency: Currency::INR,
        jurisdiction: "IN".into(),
        tax_inclusive: true,
        seller: Party::default(),
        buyer: None,
        customer: None,
        place_of_supply: None,
        reverse_charge: false,
        original: None,
        reason: None,
        lines: figures.lines,
        tax_table: figures.tax_table,
        totals: settled.totals,
        tenders: settled.tenders,
        note: None,
        gift_message: None,
        terms: Vec::new(),
        upi_vpa: None,
        training: false,
    }
}

pub(crate) fn correcting(original: &Document, mut note: Document) -> Document {
    note.tax_inclusive = original.tax_inclusive;
    note.original = Some(OriginalRef {
        id: Some(original.id),
        number: original.number.clone(),
        day: original.day.clone(),
    });
    note
}

pub(crate) fn sum(figures: &[Minor]) -> i64 {
    figures.iter().map(|minor| minor.0).sum()
}
