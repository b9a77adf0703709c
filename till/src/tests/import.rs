//! Baskets of a file: sold once, as they say, and never at the price of a shift.

use super::fixture::{self, Shop, who};
use crate::error::TillError;
use crate::import::{FileLine, Outcome, sell_record};
use crate::ledger::Ledger;
use crate::shift;
use crate::staff::Who;
use daybook_domain::amount::Minor;
use serde_json::json;
use std::collections::BTreeMap;

fn selling(ledger: &mut Ledger) -> Who {
    let who = who(ledger, "asha", None);
    shift::open(ledger, &who, Minor(0), BTreeMap::new()).unwrap();
    who
}

fn sold(ledger: &mut Ledger, who: &Who, text: &str) -> Result<Outcome, TillError> {
    sell_record(ledger, who, FileLine { no: 3, text }, false).map(|done| done.outcome)
}

fn code(ledger: &mut Ledger, who: &Who, text: &str) -> String {
    sold(ledger, who, text).unwrap_err().code().to_owned()
}

/// A basket of one line, with further fields.
fn basket(key: &str, line: &str, more: &str) -> String {
    format!(r#"{{"basket":{key},"lines":[{line}]{more}}}"#)
}

const TEA: &str = r#"{"sku":"TEA","qty":1}"#;

#[test]
fn a_record_that_is_refused_leaves_the_shift_as_it_was() {
    let shop = Shop::open();
    let mut ledger = shop.ledger();
    let who = selling(&mut ledger);
    let before = ledger.live().unwrap().clone();
    let past = r#","at":"2026-10-01T09:00:00Z""#;
    let cash = |given: &str| format!(r#"{past},"tenders":[{{"type":"cash"{given}}}]"#);
    for bad in [
        basket("1", r#"{"sku":"NOPE","qty":1}"#, past),
        basket("1", r#"{"sku":"TEA","qty":0}"#, past),
        basket("1", r#"{"sku":"UNIQUE","qty":1}"#, past),
        basket("1", TEA, &cash(r#","given_minor":1"#)),
        basket("1", TEA, &cash(r#","given_minor":90000000"#)),
        basket("1", TEA, r#","at":"2200-10-01T09:00:00Z""#),
        "{".to_owned(),
    ] {
        let line = FileLine { no: 1, text: &bad };
        assert!(sell_record(&mut ledger, &who, line, true).is_err(), "{bad}");
        let now = ledger.live().unwrap();
        assert_eq!((&now.shift, now.head.seq), (&before.shift, before.head.seq), "{bad}");
    }
    let good = basket("1", TEA, past);
    sell_record(&mut ledger, &who, FileLine { no: 1, text: &good }, true).unwrap();
    let turned = ledger.live().unwrap().shift.as_ref().map(|shift| shift.day.clone());
    assert_eq!(turned.as_deref(), Some("2026-10-01"));
    super::all_holds(&ledger);
}

#[test]
fn a_file_that_was_sold_opens_nothing_when_it_is_sold_again() {
    let shop = Shop::open();
    let mut ledger = shop.ledger();
    let boss = who(&mut ledger, "kavya", None);
    let text = basket("1", TEA, r#","at":"2026-10-01T09:00:00Z""#);
    let line = FileLine { no: 1, text: &text };
    sell_record(&mut ledger, &boss, line, true).unwrap();
    crate::import::close_as_expected(&mut ledger, &boss, None).unwrap();
    let again = sell_record(&mut ledger, &boss, line, true).unwrap().outcome;
    assert!(matches!(again, Outcome::Already(_)));
    assert!(ledger.live().unwrap().shift.is_none());
}

#[test]
fn a_key_that_was_sold_with_other_goods_is_a_conflict() {
    let shop = Shop::open();
    let mut ledger = shop.ledger();
    let who = selling(&mut ledger);
    let Outcome::Sold(first) = sold(&mut ledger, &who, &basket("1", TEA, "")).unwrap() else {
        panic!("it was not sold")
    };
    let same = sold(&mut ledger, &who, &basket(r#""1""#, r#"{"sku":"TEA","qty_milli":1000}"#, ""));
    assert!(matches!(same.unwrap(), Outcome::Already(_)));
    let other = sold(&mut ledger, &who, &basket("1", r#"{"sku":"TEA","qty":2}"#, "")).unwrap_err();
    assert_eq!(other.code(), "sell.conflict");
    assert!(other.to_string().contains(&first.document.number), "{other}");
}

#[test]
fn keys_of_two_baskets_never_meet() {
    let shop = Shop::open();
    let mut ledger = shop.ledger();
    let who = selling(&mut ledger);
    for (key, store) in [
        (r#""1""#, r#","store":"y/x""#),
        (r#""x/1""#, r#","store":"y""#),
        (r#""y/x/1""#, ""),
        (r#""x%2F1""#, r#","store":"y""#),
    ] {
        let text = basket(key, TEA, store);
        assert!(matches!(sold(&mut ledger, &who, &text).unwrap(), Outcome::Sold(_)), "{text}");
    }
    let line =
        FileLine { no: 1, text: r#"{"basket":7,"store":406,"lines":[{"sku":"TEA","qty":1}]}"# };
    assert_eq!(sell_record(&mut ledger, &who, line, false).unwrap().source, "406/7");
}

#[test]
fn what_is_no_longer_sold_is_only_recorded() {
    let shop = Shop::open();
    let mut ledger = shop.ledger();
    let who = selling(&mut ledger);
    let row = json!({"sku": "OLD", "product": "OLD", "name": "Old", "tax_class": "gst-5",
        "archived": true, "prices": [{"from_ms": 0, "unit_price_micros": 100_000_000}]});
    fixture::receive(&mut ledger, 20, &[("item/OLD".to_owned(), row)]);
    let refused = sold(&mut ledger, &who, &basket("1", r#"{"sku":"OLD","qty":1}"#, ""));
    assert_eq!(
        refused.unwrap_err().to_string(),
        "line 3: basket.lines[0].sku: OLD is not in the catalogue, and the line gives no amount"
    );
    let happened = basket("1", r#"{"sku":"OLD","qty":1,"list":100,"sales":100}"#, "");
    let Outcome::Sold(sold) = sold(&mut ledger, &who, &happened).unwrap() else {
        panic!("it was not sold")
    };
    assert_eq!(sold.document.lines[0].name, "Old");
}

#[test]
fn a_basket_of_another_location_is_sold_where_the_till_stands() {
    let shop = Shop::open();
    let mut ledger = shop.ledger();
    let who = selling(&mut ledger);
    let row = json!({"location": "annex", "kind": "shop", "seller": {"name": "Annex"}});
    fixture::receive(&mut ledger, 20, &[("location/annex".to_owned(), row)]);
    for store in ["annex", "shop", "elsewhere", "406", "Annex 2"] {
        let text = basket("1", TEA, &format!(r#","store":"{store}""#));
        let Outcome::Sold(sold) = sold(&mut ledger, &who, &text).unwrap() else {
            panic!("{store}: sold before")
        };
        assert_eq!(sold.document.location.as_str(), "shop");
    }
}

#[test]
fn absurd_cash_is_refused_by_the_number_of_its_tender() {
    let shop = Shop::open();
    let mut ledger = shop.ledger();
    let who = selling(&mut ledger);
    let with = |given: i64| {
        let tenders = format!(
            r#","tenders":[{{"type":"card","amount_minor":100}},{{"type":"cash","given_minor":{given}}}]"#
        );
        basket("1", TEA, &tenders)
    };
    for (given, code) in
        [(1_000_000_000_000_000, "tender.too_large"), (1_000_000, "payment.change")]
    {
        let refused = sold(&mut ledger, &who, &with(given)).unwrap_err();
        assert_eq!((refused.code(), refused.exit_status()), (code, 3));
        assert!(refused.to_string().starts_with("tender 2: "), "{refused}");
    }
    // What has happened is recorded as it is, while a document can hold it.
    let happened = with(1_000_000).replace(r#""qty":1"#, r#""qty":1,"list":200,"sales":200"#);
    assert!(sold(&mut ledger, &who, &happened).is_ok());
    let lines = vec![r#"{"sku":"NEW","qty":1,"list":1000000000000,"sales":1000000000000}"#; 20];
    let sum = basket("2", &lines.join(","), "");
    assert_eq!(code(&mut ledger, &who, &sum), "amount.out_of_range");
}

#[test]
fn what_is_wrong_is_named_by_line_of_the_file_and_place_in_the_basket() {
    let shop = Shop::open();
    let mut ledger = shop.ledger();
    let who = selling(&mut ledger);
    for (line, problem) in [
        (r#"{"sku":"TEA"}"#, "basket.lines[0].qty is missing"),
        (
            r#"{"sku":null,"qty":1}"#,
            "basket.lines[0].sku: invalid type: null, expected a whole number or text",
        ),
    ] {
        let wrong = sold(&mut ledger, &who, &basket("1", line, "")).unwrap_err();
        assert_eq!(wrong.to_string(), format!("line 3: {problem}"));
        assert_eq!(wrong.exit_status(), 4);
    }
}

#[test]
fn characters_that_no_font_has_are_known_before_the_paper_is_read() {
    let shop = Shop::open();
    let mut ledger = shop.ledger();
    let who = selling(&mut ledger);
    let row = json!({"sku": "CHA", "product": "CHA", "name": "Green tea 茶 தேநீர் 茶", "tax_class": "gst-5",
        "prices": [{"from_ms": 0, "unit_price_micros": 100_000_000}]});
    fixture::receive(&mut ledger, 20, &[("item/CHA".to_owned(), row)]);
    let text = basket("1", r#"{"sku":"CHA","qty":1}"#, "");
    let Outcome::Sold(sold) = sold(&mut ledger, &who, &text).unwrap() else {
        panic!("it was not sold")
    };
    let fonts = daybook_print::Fonts::load().unwrap();
    let number = &sold.document.number;
    let missing = crate::paper::missing_glyphs(ledger.reader(), &fonts, number).unwrap();
    assert_eq!(missing, ['茶']);
}
