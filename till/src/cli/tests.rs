//! Arguments in, refusals out: run in this process over a till of the tests.

use super::args::Arguments;
use super::output::Output;
use super::{dispatch, session};
use crate::error::TillError;
use crate::tests::fixture::{PIN, Shop};
use clap::Parser;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

fn arguments<T: Into<OsString> + Clone>(shop: &Shop, of: &[T]) -> Arguments {
    let mut all: Vec<OsString> = vec!["daybook-till".into(), "--data".into(), shop.till().into()];
    all.extend(["--json", "--staff", "kavya", "--pin", PIN].map(OsString::from));
    all.extend(of.iter().cloned().map(Into::into));
    Arguments::try_parse_from(all).unwrap()
}

fn run<T: Into<OsString> + Clone>(shop: &Shop, of: &[T]) -> Result<(), TillError> {
    dispatch(&arguments(shop, of), &Output::new(true))
}

/// Code and exit status of a refusal with its words.
fn refused(shop: &Shop, of: &[&str]) -> (String, u8, String) {
    let error = run(shop, of).unwrap_err();
    (error.code().to_owned(), error.exit_status(), error.to_string())
}

fn selling() -> Shop {
    let shop = Shop::open();
    run(&shop, &["shift", "open"]).unwrap();
    shop
}

const TEA: [&str; 3] = ["sell", "--sku", "TEA"];

fn tea<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&TEA[..], more].concat()
}

#[test]
fn absurd_cash_is_a_refusal_and_no_damage() {
    let shop = selling();
    let (code, status, words) = refused(&shop, &tea(&["--cash", "10000000000000"]));
    assert_eq!((code.as_str(), status), ("tender.too_large", 3));
    assert!(words.starts_with("tender 1: "), "{words}");
    assert_eq!(refused(&shop, &tea(&["--cash", "100000"])).0, "payment.change");
    run(&shop, &tea(&["--cash", "500"])).unwrap();
}

#[test]
fn a_buyer_is_checked_as_at_the_window() {
    let shop = selling();
    let named = |more: &[&'static str]| tea(&[&["--buyer-name", "Himachal Stores"], more].concat());
    assert_eq!(refused(&shop, &tea(&["--buyer-name", ""])).2, "buyer-name: must be given");
    let wrong = refused(&shop, &named(&["--buyer-tax-id", "27AAPFU0939F1ZW"]));
    assert_eq!(wrong.0, "gstin.check_character");
    let other = named(&["--buyer-tax-id", "27AAPFU0939F1ZV", "--buyer-state", "04"]);
    assert!(refused(&shop, &other).2.starts_with("buyer-state: 04 is not the State"));
    let long = "x".repeat(201);
    let address = tea(&["--buyer-name", "B", "--buyer-address", &long]);
    assert!(refused(&shop, &address).2.starts_with("buyer-address: may have"));
    run(&shop, &named(&["--buyer-tax-id", "27AAPFU0939F1ZV"])).unwrap();
    let ledger = shop.ledger();
    let stored = crate::ledger::query::last_document(ledger.reader()).unwrap().unwrap();
    assert_eq!(stored.sale.document.place_of_supply.unwrap().code, "27");
}

#[test]
fn notes_reasons_and_labels_have_the_limits_of_the_window() {
    let shop = selling();
    let long = "x".repeat(5_000);
    for wrong in [long.as_str(), "a\u{7}b"] {
        assert!(refused(&shop, &tea(&["--note", wrong])).2.starts_with("note: may have 200"));
        let park = ["park", "--sku", "TEA", "--label", wrong];
        assert!(refused(&shop, &park).2.starts_with("label: may have 60"));
        let abort = ["abort", "--sku", "TEA", "--reason", wrong];
        assert!(refused(&shop, &abort).2.starts_with("reason: may have 100"));
    }
    run(&shop, &tea(&["--note", "Thank you"])).unwrap();
    let number = {
        let ledger = shop.ledger();
        crate::ledger::query::last_document(ledger.reader()).unwrap().unwrap().sale.document.number
    };
    for how in ["refund", "void"] {
        let back = [how, "--number", &number, "--reason", &long];
        assert!(refused(&shop, &back).2.starts_with("reason: may have 100"), "{how}");
    }
}

#[test]
fn what_is_wrong_with_an_argument_is_said_by_its_name() {
    let shop = selling();
    assert_eq!(refused(&shop, &["sell", "--sku", ""]).2, "sku: must have 1 to 64 characters");
    assert_eq!(refused(&shop, &["recall", "nope"]).2, "basket: \"nope\" is no UUID");
    for (file, problem) in [
        ("/nonexistent", "baskets: /nonexistent: No such file"),
        ("/tmp", "baskets: /tmp is a folder"),
    ] {
        let (code, status, words) = refused(&shop, &["sell", "--baskets", file]);
        assert_eq!((code.as_str(), status), ("input.invalid", 4));
        assert!(words.starts_with(problem), "{words}");
    }
}

#[test]
fn a_file_of_baskets_may_begin_with_a_byte_order_mark() {
    let shop = selling();
    let file = shop.path().join("baskets.ndjson");
    let line = r#"{"basket":1,"lines":[{"sku":"TEA","qty":1}]}"#;
    std::fs::write(&file, format!("\u{feff}{line}\n")).unwrap();
    run(&shop, &["sell", "--baskets", file.to_str().unwrap(), "--strict"]).unwrap();
}

#[test]
fn paths_need_not_be_text() {
    let shop = selling();
    let name = |name: &[u8]| {
        let mut path = shop.path().as_os_str().to_owned().into_vec();
        path.extend_from_slice(name);
        OsString::from_vec(path)
    };
    let (backup, folder) = (name(b"/\xff.db"), name(b"/\xfe"));
    run(&shop, &["backup".into(), backup.clone()]).unwrap();
    run(&shop, &["journal".into(), "export".into(), folder]).unwrap();
    run(&shop, &["restore".into(), backup]).unwrap();
}

#[test]
fn an_act_that_was_done_is_done_though_its_ledger_cannot_be_closed_in_order() {
    let shop = selling();
    let of = arguments(&shop, &["status"]);
    let done = session::with_ledger(&of, |ledger| {
        let conn = rusqlite::Connection::open(ledger.home().database()).unwrap();
        conn.execute_batch(
            "CREATE TRIGGER full BEFORE INSERT ON state BEGIN SELECT RAISE(ABORT, 'full'); END",
        )
        .unwrap();
        assert!(crate::ledger::verify::note_verified(ledger.reader(), 1).is_err());
        Ok(7)
    });
    assert_eq!(done.unwrap(), 7);
}

#[test]
fn a_file_that_is_sold_again_leaves_the_shift_in_which_somebody_works() {
    let shop = Shop::open();
    let file = shop.path().join("baskets.ndjson");
    let text = r#"{"basket":1,"at":"2026-10-01T09:00:00Z","lines":[{"sku":"TEA","qty":1}]}"#;
    std::fs::write(&file, text).unwrap();
    let sell = ["sell", "--auto-shift", "--close", "--baskets", file.to_str().unwrap()];
    let open = || shop.ledger().live().unwrap().shift.is_some();
    run(&shop, &sell).unwrap();
    assert!(!open(), "the shift of the file is closed");
    run(&shop, &sell).unwrap();
    assert!(!open(), "nothing was sold");
    run(&shop, &["shift", "open"]).unwrap();
    run(&shop, &sell).unwrap();
    assert!(open(), "the shift of today is not the file's");
}
