//! Whatever a document holds, it prints, and no price is lost.

#![expect(clippy::unwrap_used, reason = "a test that cannot print has failed")]

mod common;
mod reader;

use common::Item;
use daybook_domain::amount::{Currency, Minor, Uom};
use daybook_domain::document::{Document, DocumentKind, Party, TaxRow};
use daybook_print::{Fonts, Options, render_a4};
use proptest::prelude::*;
use std::sync::OnceLock;

fn fonts() -> &'static Fonts {
    static FONTS: OnceLock<Fonts> = OnceLock::new();
    FONTS.get_or_init(|| Fonts::load().unwrap())
}

fn rates() -> impl Strategy<Value = Vec<(&'static str, i64)>> {
    prop_oneof![
        Just(Vec::new()),
        Just(common::GST5.to_vec()),
        Just(common::GST18.to_vec()),
        Just(common::IGST18.to_vec()),
        Just(vec![("CGST", 140_000), ("SGST", 140_000), ("CESS", 120_000)]),
    ]
}

fn item() -> impl Strategy<Value = Item> {
    let name = prop_oneof![
        "[A-Za-z0-9 ,.&()/-]{1,60}",
        "[क-हा-ौ्ंa-z ]{1,40}",
        "[ء-يa-z0-9 ]{1,40}",
        "\\PC{0,80}",
        "[A-Za-z]{200,400}",
    ];
    let quantity = prop_oneof![1_i64..20_000, -5_000_i64..0, Just(0)];
    (name, 0_i64..100_000_000, quantity, rates(), 0_i64..500).prop_map(
        |(name, price, quantity, rates, discount)| {
            Item::new(&name, price, &rates).quantity(quantity).discount(discount).uom(Uom::Kg)
        },
    )
}

fn document() -> impl Strategy<Value = Document> {
    let kind = prop_oneof![
        Just(DocumentKind::TaxInvoice),
        Just(DocumentKind::InvoiceCumBill),
        Just(DocumentKind::Receipt),
        Just(DocumentKind::CreditNote),
    ];
    let currency = prop_oneof![Just("INR"), Just("USD"), Just("JPY"), Just("KWD")];
    let party = ("\\PC{0,120}", prop::collection::vec("\\PC{0,80}", 0..4));
    let texts = (prop::collection::vec("\\PC{0,200}", 0..8), prop::option::of("\\PC{0,300}"));
    let items = prop::collection::vec(item(), 0..45);
    let flags = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    (items, kind, currency, party, texts, flags).prop_map(
        |(items, kind, currency, (name, address), (terms, note), flags)| {
            let (inclusive, paid, training, reverse_charge) = flags;
            let document = common::document("S1T2/26-27/00077", inclusive, &items);
            let document = if paid { common::paid(document) } else { document };
            Document {
                kind,
                currency: Currency::try_from(currency.to_owned()).unwrap(),
                buyer: Some(Party { name, address, ..Party::default() }),
                terms,
                note,
                training,
                reverse_charge,
                ..document
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_document_prints_with_all_its_prices(document in document()) {
        let options = Options::copy(1);
        for bytes in [
            render_a4(fonts(), &document, &options).unwrap(),
            daybook_print::receipt(&document, &options).and_then(|strip| strip.pdf(fonts())).unwrap(),
        ] {
            // A watermark crosses figures, which confuses the reader, not a person.
            let text = if document.training { continue } else { reader::text(&bytes) };
            for line in &document.lines {
                let figures = reader::money(line.total_minor, document.currency);
                prop_assert!(text.contains(&figures), "{figures} of line {} in:\n{text}", line.no);
            }
        }
    }
}

#[test]
fn four_hundred_lines_print() {
    let item = |no: i64| {
        Item::new(&format!("Item {no} with a name of usual length"), 100 * no, &common::GST5)
    };
    let items: Vec<Item> = (1..=400).map(item).collect();
    let document = common::paid(common::document("S1T2/26-27/00400", true, &items));
    let pages = reader::pages(&render_a4(fonts(), &document, &Options::default()).unwrap());
    let shown = pages.iter().flat_map(|page| page.lines()).filter(|line| line.contains("NOS"));
    assert_eq!(shown.count(), 400);
    daybook_print::receipt(&document, &Options::default())
        .and_then(|strip| strip.pdf(fonts()))
        .unwrap();
}

#[test]
fn the_largest_amounts_and_many_rates_print() {
    let mut document = common::one_line();
    for amount in [i64::MAX, i64::MIN] {
        document.lines[0].total_minor = Minor(amount);
        document.totals.payable_minor = Minor(amount);
        document.tax_table = (1..=120)
            .map(|rate| TaxRow {
                component: format!("TAX{}", rate % 3),
                rate_ppm: daybook_domain::amount::RatePpm(rate),
                taxable_minor: Minor(amount),
                amount_minor: Minor(amount),
            })
            .collect();
        render_a4(fonts(), &document, &Options::default()).unwrap();
        daybook_print::receipt(&document, &Options::default())
            .and_then(|strip| strip.pdf(fonts()))
            .unwrap();
    }
}

#[test]
fn a_moment_outside_the_calendar_is_refused_by_name() {
    let document = Document { issued_at_ms: i64::MAX, ..common::one_line() };
    let error = render_a4(fonts(), &document, &Options::default()).unwrap_err();
    assert_eq!(error.code(), "print.moment");
    assert!(error.to_string().contains("issued_at_ms"));
}
