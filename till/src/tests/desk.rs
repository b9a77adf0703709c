//! The till as its window uses it: nothing twice, nothing lost.

use super::fixture::{PIN, Shop};
use crate::desk::view::{
    Closing, DiscountInput, Display, Found, LineStock, Offer, Paid, Pieces, Refund, ReturnLine,
    Scanned, Sold, TenderAmount, TenderReference, UpiState,
};
use crate::desk::{
    Approval, Caption, Desk, Fault, Goods, HistoryFilter, LedgerCheck, MoveKind, PaperForm,
    Preferences, ScanCommand, Signal, Start, StockMove, Theme,
};
use crate::ledger::{Identity, Ledger, Topic};
use daybook_domain::amount::{Minor, Quantity, RatePpm, UnitPrice};
use daybook_domain::document::{DocumentKind, TenderType};
use serde_json::json;
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub(super) fn desk(shop: &Shop) -> Desk {
    Desk::open(&shop.till(), Arc::new(|_| {}))
}

/// A till where asha works in an open shift.
pub(super) fn selling(shop: &Shop) -> Desk {
    let desk = desk(shop);
    assert_eq!(desk.start(), Start::Ready);
    desk.sign_in("asha", PIN).unwrap();
    desk.open_shift(Minor(50_000), &[Pieces { face_minor: Minor(50_000), pieces: 1 }], None)
        .unwrap();
    desk
}

pub(super) fn manager() -> Approval {
    Approval { staff: "kavya".to_owned(), pin: PIN.to_owned() }
}

pub(super) fn scan(desk: &Desk, code: &str) -> u32 {
    match desk.scan(code, None).unwrap() {
        Scanned::Added { line, .. } => line,
        other => panic!("{code}: {other:?}"),
    }
}

pub(super) fn offer(tender_type: TenderType, amount: Option<i64>, given: Option<i64>) -> Offer {
    Offer {
        tender_type,
        amount_minor: amount.map(Minor),
        given_minor: given.map(Minor),
        reference: None,
    }
}

pub(super) fn cash() -> Offer {
    offer(TenderType::Cash, None, None)
}

pub(super) fn sold(paid: Result<Paid, Fault>) -> Sold {
    match paid.unwrap() {
        Paid::Sold { sold } => *sold,
        Paid::More { payment } => panic!("{payment:?}"),
    }
}

fn left(paid: Result<Paid, Fault>) -> i64 {
    match paid.unwrap() {
        Paid::More { payment } => payment.left_minor.0,
        Paid::Sold { sold } => panic!("{sold:?}"),
    }
}

fn documents(shop: &Shop) -> i64 {
    let conn = crate::ledger::schema::open_reader(&shop.till().join("till.db")).unwrap();
    conn.query_row("SELECT count(*) FROM document", [], |row| row.get(0)).unwrap()
}

pub(super) fn code<T: std::fmt::Debug>(result: Result<T, Fault>) -> String {
    result.unwrap_err().code
}

#[test]
fn a_scan_then_enter_is_a_sale_and_the_next_scan_begins_the_next() {
    let shop = Shop::open();
    let desk = selling(&shop);
    scan(&desk, "8904000210037");
    scan(&desk, "TEA");
    let basket = desk.basket().unwrap();
    assert_eq!(basket.lines.len(), 1, "the same goods join their line");
    assert_eq!((basket.lines[0].quantity_milli, basket.pieces), (Quantity(2000), 2));
    assert_eq!(basket.totals.total_minor, Minor(20_000));
    let payment = desk.begin_payment().unwrap();
    assert_eq!(payment.quick_minor[..2], [Minor(20_000), Minor(50_000)]);
    let sale = sold(desk.pay(&offer(TenderType::Cash, None, Some(50_000)), None));
    assert_eq!((sale.change_minor, sale.payable_minor), (Minor(30_000), Minor(20_000)));
    let shown = || desk.display().unwrap().shown;
    assert!(matches!(shown(), Display::Done { change_minor: Minor(30_000), .. }));
    assert_eq!(desk.last_sale().unwrap().unwrap().number, sale.number);
    scan(&desk, "CREME");
    assert!(matches!(shown(), Display::Basket { .. }));
    assert_eq!(documents(&shop), 1);
}

#[test]
fn a_second_press_of_pay_answers_the_same_sale() {
    let shop = Shop::open();
    let desk = Arc::new(selling(&shop));
    scan(&desk, "TEA");
    desk.begin_payment().unwrap();
    let presses: Vec<_> = (0..4)
        .map(|_| {
            let desk = Arc::clone(&desk);
            std::thread::spawn(move || sold(desk.pay(&cash(), None)))
        })
        .collect();
    let sales: Vec<Sold> = presses.into_iter().map(|press| press.join().unwrap()).collect();
    assert_eq!(sales.iter().filter(|sale| !sale.again).count(), 1);
    assert!(sales.iter().all(|sale| sale.number == sales[0].number));
    assert_eq!(documents(&shop), 1);
}

#[test]
fn a_card_of_commands_says_what_to_do_wherever_it_is_scanned() {
    let shop = Shop::open();
    let desk = selling(&shop);
    scan(&desk, "TEA");
    desk.begin_payment().unwrap();
    for (code, expected) in [
        ("DAYBOOK-PAY", ScanCommand::Pay),
        ("daybook-cash", ScanCommand::Cash),
        ("DAYBOOK-CARD ", ScanCommand::Card),
        ("DAYBOOK-UNDO", ScanCommand::Undo),
        ("DAYBOOK-BACK", ScanCommand::Back),
    ] {
        let scanned = desk.scan(code, None).unwrap();
        assert_eq!(scanned, Scanned::Command { command: expected }, "also while it is paid");
    }
    assert_eq!(code(desk.scan("DAYBOOK-TEA", None)), "payment.open");
    let words = |command, words: &str| Caption { command, words: words.to_owned() };
    let captions = [words(ScanCommand::Cash, "नकद, ठीक रकम"), words(ScanCommand::Back, "رجوع")];
    let file = desk.command_card("Scan what to do", &captions).unwrap();
    assert!(std::fs::read(&file).unwrap().starts_with(b"%PDF"));
    assert!(desk.saved_paper(&file).is_ok(), "it can be opened");
    let long = [words(ScanCommand::Pay, &"x".repeat(101))];
    assert_eq!(code(desk.command_card("", &long)), "input.invalid");
}

#[test]
fn a_power_cut_before_payment_loses_no_line() {
    let shop = Shop::open();
    let first = selling(&shop);
    scan(&first, "TEA");
    first.set_note(Some("ring twice"), Some("for Mira")).unwrap();
    let before = first.basket().unwrap();
    drop(first);
    let second = desk(&shop);
    second.sign_in("asha", PIN).unwrap();
    assert_eq!(second.basket().unwrap(), before);
}

#[test]
fn a_power_cut_between_the_sale_and_the_end_of_its_basket_sells_nothing_twice() {
    let shop = Shop::open();
    let first = selling(&shop);
    scan(&first, "TEA");
    first.begin_payment().unwrap();
    let draft: serde_json::Value = state(&shop, "draft");
    let sale = sold(first.pay(&cash(), None));
    drop(first);
    // As if the program had ended right after the commit: the basket is still there.
    let mut ledger = Ledger::open(&shop.till()).unwrap();
    ledger.write_state(|conn| crate::ledger::state::set(conn, "draft", &draft)).unwrap();
    ledger.close().unwrap();
    let second = desk(&shop);
    second.sign_in("asha", PIN).unwrap();
    let basket = second.basket().unwrap();
    assert!(basket.lines.is_empty() && !basket.paying);
    let again = sold(second.pay(&cash(), None));
    assert_eq!((again.number, again.again), (sale.number, true));
    assert_eq!(documents(&shop), 1);
}

fn state(shop: &Shop, name: &str) -> serde_json::Value {
    let conn = crate::ledger::schema::open_reader(&shop.till().join("till.db")).unwrap();
    crate::ledger::state::get(&conn, name).unwrap().unwrap()
}

#[test]
fn several_tenders_pay_one_basket_and_only_cash_gives_change() {
    let shop = Shop::open();
    let desk = selling(&shop);
    scan(&desk, "TEA");
    desk.set_quantity(1, Quantity(5000)).unwrap();
    assert_eq!(left(desk.pay(&offer(TenderType::Cash, None, Some(10_000)), None)), 40_000);
    let too_much = desk.pay(&offer(TenderType::Card, Some(40_001), None), None);
    assert_eq!(code(too_much), "tender.exceeds_due");
    assert_eq!(left(desk.pay(&offer(TenderType::Card, Some(15_000), None), None)), 25_000);
    assert_eq!(code(desk.scan("TEA", None)), "payment.open");
    let sale = sold(desk.pay(&offer(TenderType::Cash, None, Some(30_000)), None));
    let tenders: Vec<_> =
        sale.tenders.iter().map(|tender| (tender.tender_type, tender.amount_minor.0)).collect();
    assert_eq!(tenders, [(TenderType::Card, 15_000), (TenderType::Cash, 35_000)]);
    assert_eq!(sale.change_minor, Minor(5_000));
}

#[test]
fn a_card_that_takes_the_rest_completes_what_cash_began() {
    let shop = Shop::open();
    let desk = selling(&shop);
    scan(&desk, "TEA");
    assert_eq!(left(desk.pay(&offer(TenderType::Cash, Some(4_000), None), None)), 6_000);
    let sale = sold(desk.pay(&offer(TenderType::Card, None, None), None));
    assert_eq!(sale.tenders.len(), 2);
    assert_eq!(sale.payable_minor, Minor(10_000));
}

#[test]
fn a_upi_payment_that_nobody_saw_is_unknown_after_a_restart_and_never_failed_by_itself() {
    let shop = Shop::open();
    let mut ledger = shop.ledger();
    super::fixture::receive(&mut ledger, 20, &[("settings".to_owned(), settings_with_upi())]);
    ledger.close().unwrap();
    let first = selling(&shop);
    scan(&first, "TEA");
    let payment = first.start_upi(None).unwrap();
    let attempt = payment.upi.unwrap();
    assert_eq!(attempt.state, UpiState::Waiting);
    assert!(attempt.qr_svg.contains("<svg") && attempt.uri.contains("am=100.00"));
    assert_eq!(code(first.pay(&cash(), None)), "payment.upi_open");
    assert_eq!(code(first.leave_payment()), "payment.upi_open");
    drop(first);
    let second = desk(&shop);
    second.sign_in("asha", PIN).unwrap();
    let payment = second.payment().unwrap();
    assert_eq!(payment.upi.unwrap().state, UpiState::Unknown);
    assert_eq!(code(second.start_upi(None)), "payment.upi_open", "it is not retried silently");
    let alone = second.settle_upi(attempt.id, UpiState::Failed, None, None);
    assert_eq!(code(alone), "approval.missing");
    let sale = sold(second.settle_upi(attempt.id, UpiState::Paid, Some("428812345678"), None));
    assert_eq!(sale.tenders[0].tender_type, TenderType::Upi);
    assert_eq!(sale.tenders[0].reference.as_deref(), Some("428812345678"));
    assert_eq!(documents(&shop), 1);
}

fn settings_with_upi() -> serde_json::Value {
    json!({"business": "Shop", "jurisdiction": "IN", "currency": "INR", "tax_inclusive": true,
           "cash_rounding_minor": 100, "hsn_digits": 4, "fiscal_year_start_month": 4,
           "offset_min": 330, "cashier_discount_max_ppm": 50_000, "over_short_limit_minor": 1000,
           "upi_vpa": "shop@upi"})
}

#[test]
fn a_discount_above_the_limit_takes_a_manager_each_time_it_grows() {
    let shop = Shop::open();
    let desk = selling(&shop);
    let line = scan(&desk, "TEA");
    let part = |ppm| Some(DiscountInput::Rate { ppm: RatePpm(ppm) });
    desk.discount_line(line, part(50_000), Some("regular"), None).unwrap();
    let alone = desk.discount_line(line, part(100_000), Some("regular"), None).unwrap_err();
    assert_eq!(
        (alone.code.as_str(), alone.values["role"].as_str()),
        ("approval.missing", "manager")
    );
    assert_eq!(desk.basket().unwrap().totals.total_minor, Minor(9_500), "nothing was changed");
    desk.discount_line(line, part(100_000), Some("damaged"), Some(&manager())).unwrap();
    assert_eq!(code(desk.discount_line(line, part(200_000), Some("x"), None)), "approval.missing");
    assert_eq!(code(desk.discount_line(line, part(10_000), None, None)), "basket.reason");
    let sale = sold(desk.pay(&cash(), None));
    assert_eq!(sale.payable_minor, Minor(9_000));
}

#[test]
fn a_price_is_overridden_with_a_reason_and_a_manager() {
    let shop = Shop::open();
    let desk = selling(&shop);
    let line = scan(&desk, "TEA");
    let price = UnitPrice(80_000_000);
    assert_eq!(code(desk.override_price(line, price, "torn", None)), "approval.missing");
    let basket = desk.override_price(line, price, "torn", Some(&manager())).unwrap();
    assert_eq!(basket.lines[0].was_micros, Some(UnitPrice(100_000_000)));
    assert_eq!(sold(desk.pay(&cash(), None)).payable_minor, Minor(8_000));
}

#[test]
fn a_parked_basket_comes_back_with_all_that_was_said_about_it() {
    let shop = Shop::open();
    let desk = selling(&shop);
    scan(&desk, "TEA");
    desk.set_note(Some("back in five minutes"), None).unwrap();
    let before = desk.basket().unwrap();
    assert!(desk.park(Some("  lady in red ")).unwrap().lines.is_empty());
    assert_eq!(desk.session().unwrap().parked, 1);
    scan(&desk, "CREME");
    let parked = desk.parked().unwrap();
    assert_eq!((parked[0].label.as_str(), parked[0].total_minor), ("lady in red", Minor(10_000)));
    assert_eq!(code(desk.recall(parked[0].basket)), "basket.not_empty");
    desk.clear_basket(Some("left")).unwrap();
    let after = desk.recall(parked[0].basket).unwrap();
    assert_eq!((after.lines, after.note), (before.lines, before.note));
    assert_eq!(code(desk.recall(parked[0].basket)), "basket.not_empty");
    assert!(desk.parked().unwrap().is_empty());
}

#[test]
fn a_sale_that_a_power_cut_took_from_the_screen_is_told_when_the_till_starts_again() {
    let shop = Shop::open();
    let first = selling(&shop);
    scan(&first, "TEA");
    let sale = sold(first.pay(&offer(TenderType::Cash, None, Some(50_000)), None));
    drop(first);
    let told =
        |desk: &Desk| desk.session().unwrap().done.map(|done| (done.number, done.change_minor.0));
    let again = desk(&shop);
    assert_eq!(told(&again), Some((sale.number.clone(), 40_000)));
    assert!(again.sign_in("asha", PIN).unwrap().done.is_some(), "whoever signs in is told");
    again.set_note(Some("for Meera"), None).unwrap();
    drop(again);
    let again = desk(&shop);
    assert_eq!(told(&again), Some((sale.number.clone(), 40_000)));
    again.sign_in("asha", PIN).unwrap();
    let noted = again.basket().unwrap().note;
    assert_eq!(noted.as_deref(), Some("for Meera"), "what was said about the next sale");
    scan(&again, "TEA");
    assert_eq!(told(&again), None, "the next basket puts it away");
    again.clear_basket(None).unwrap();
    drop(again);
    let third = desk(&shop);
    assert_eq!(told(&third), None);
    third.sign_in("asha", PIN).unwrap();
    scan(&third, "TEA");
    sold(third.pay(&cash(), None));
    third.leave_sale().unwrap();
    assert_eq!(told(&third), None);
    drop(third);
    let fourth = desk(&shop);
    assert_eq!(told(&fourth), None, "who put it away has seen it");
    fourth.sign_in("asha", PIN).unwrap();
    scan(&fourth, "TEA");
    sold(fourth.pay(&cash(), None));
    fourth.sign_out().unwrap();
    drop(fourth);
    assert_eq!(told(&desk(&shop)), None, "who signed out has seen it");
}

#[test]
fn the_customers_window_follows_language_and_theme_marks_practice_and_is_remembered() {
    let shop = Shop::open();
    let screens = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&screens);
    let desk = Desk::open(
        &shop.till(),
        Arc::new(move |signal| {
            if let Signal::Display(screen) = signal {
                heard.lock().unwrap().push(screen);
            }
        }),
    );
    let last = || screens.lock().unwrap().last().cloned().unwrap();
    desk.sign_in("asha", PIN).unwrap();
    let usual = desk.preferences().unwrap();
    let hindi = Preferences { language: "hi".to_owned(), theme: Theme::Dark, ..usual };
    desk.set_preferences(&hindi).unwrap();
    assert_eq!(
        (last().language.as_str(), last().theme, last().training),
        ("hi", Theme::Dark, false)
    );
    desk.enter_training().unwrap();
    assert!(last().training && desk.display().unwrap().training);
    desk.leave_training().unwrap();
    assert!(!last().training);
    assert!(!desk.had_customer_window());
    desk.keep_customer_window(true).unwrap();
    drop(desk);
    assert!(self::desk(&shop).had_customer_window());
}

#[test]
fn locking_keeps_the_basket_for_whoever_signs_in_next() {
    let shop = Shop::open();
    let desk = selling(&shop);
    scan(&desk, "TEA");
    assert!(desk.lock().unwrap().locked);
    assert_eq!(code(desk.scan("TEA", None)), "session.locked");
    assert_eq!(code(desk.sign_out()), "basket.not_empty");
    let session = desk.sign_in("kavya", PIN).unwrap();
    assert!(!session.locked && session.basket_lines == 1);
    assert_eq!(sold(desk.pay(&cash(), None)).payable_minor, Minor(10_000));
}

#[test]
fn short_stock_is_said_with_what_is_left_and_a_strict_pool_takes_a_manager() {
    let shop = Shop::open();
    let desk = selling(&shop);
    scan(&desk, "TEA");
    let basket = desk.set_quantity(1, Quantity(11_000)).unwrap();
    assert!(matches!(
        basket.lines[0].stock,
        LineStock::Short { available_milli: Quantity(10_000), .. }
    ));
    desk.clear_basket(None).unwrap();
    scan(&desk, "UNIQUE");
    let refused = desk.pay(&cash(), None).unwrap_err();
    let said = ["name", "available"].map(|name| refused.values[name].as_str());
    assert_eq!((refused.code.as_str(), said), ("stock.beyond_rights", ["One vase", "0"]));
    let sale = sold(desk.pay(&cash(), Some(&manager())));
    assert_eq!(sale.beyond[0].sku, "UNIQUE");
}

#[test]
fn what_a_shelf_has_set_aside_for_the_web_takes_a_manager_and_what_only_the_books_lack_does_not() {
    let shop = Shop::open();
    let mut ledger = shop.ledger();
    let level = json!({"sku": "TEA", "location": "shop", "policy": "ring_fenced", "on_hand_milli": 10_000,
        "reserved_milli": 0, "allotted_milli": 4000, "allotted_proposed_milli": 4000,
        "leased_milli": 0, "in_doubt_milli": 0});
    super::fixture::receive(&mut ledger, 20, &[("stock/shop/TEA".to_owned(), level)]);
    ledger.close().unwrap();
    let desk = selling(&shop);
    scan(&desk, "TEA");
    let short = |quantity: i64| {
        let basket = desk.set_quantity(1, Quantity(quantity)).unwrap();
        match basket.lines[0].stock {
            LineStock::Short { needs_approval, .. } => Some(needs_approval),
            LineStock::Enough => None,
        }
    };
    assert_eq!((short(6000), short(7000)), (None, Some(true)));
    assert_eq!(code(desk.pay(&cash(), None)), "stock.beyond_rights");
    sold(desk.pay(&cash(), Some(&manager())));
    scan(&desk, "MILK");
    let more = desk.basket().unwrap().lines[0].quantity_milli.0 + 100_000;
    desk.set_quantity(1, Quantity(more)).unwrap();
    assert_eq!(sold(desk.pay(&cash(), None)).beyond[0].sku, "MILK");
}

#[test]
fn an_unknown_code_is_said_and_a_receipt_is_recognised() {
    let shop = Shop::open();
    let desk = selling(&shop);
    assert_eq!(
        desk.scan("4006381333931", None).unwrap(),
        Scanned::Unknown { code: "4006381333931".to_owned() }
    );
    scan(&desk, "TEA");
    let sale = sold(desk.pay(&cash(), None));
    let scanned = desk.scan(&sale.number.to_lowercase(), None).unwrap();
    assert_eq!(scanned, Scanned::Document { number: sale.number });
}

#[test]
fn a_code_is_looked_up_without_a_shift_and_sells_nothing() {
    let shop = Shop::open();
    let desk = desk(&shop);
    desk.sign_in("asha", PIN).unwrap();
    let Found::Items { items, quantity_milli } = desk.look_up(" 8904000210037 ").unwrap() else {
        panic!("the notebook has this code");
    };
    assert_eq!((items.len(), quantity_milli), (1, None));
    assert!(desk.basket().unwrap().lines.is_empty());
    let unknown = "4006381333931".to_owned();
    assert_eq!(desk.look_up(&unknown).unwrap(), Found::Unknown { code: unknown });
    assert_eq!(code(desk.look_up("4006381333932")), "barcode.check_digit");
    desk.open_shift(Minor(0), &[], None).unwrap();
    scan(&desk, "TEA");
    let sale = sold(desk.pay(&cash(), None));
    let found = desk.look_up(&sale.number.to_lowercase()).unwrap();
    assert_eq!(found, Found::Document { number: sale.number });
}

#[test]
fn what_a_person_said_of_goods_without_a_price_is_asked_once() {
    let shop = Shop::open();
    let mut ledger = shop.ledger();
    let open_price = |sku: &str, by_weight: bool| {
        let row = json!({"sku": sku, "product": sku, "name": sku, "uom": "kg", "sold_by_weight": by_weight,
            "tax_class": "gst-5", "prices": []});
        (format!("item/{sku}"), row)
    };
    let rows = [open_price("REPAIR", false), open_price("SCRAP", true)];
    super::fixture::receive(&mut ledger, 20, &rows);
    ledger.close().unwrap();
    let desk = selling(&shop);
    let three = Some(Quantity(3000));
    let price = Some(UnitPrice(20_000_000));
    let Scanned::NeedsPrice { quantity_milli, .. } = desk.scan("REPAIR", three).unwrap() else {
        panic!("it has no price");
    };
    assert_eq!(quantity_milli, three);
    let asked = desk.add("SCRAP", None, price).unwrap();
    let Scanned::NeedsQuantity { unit_price_micros, .. } = asked else {
        panic!("it is weighed: {asked:?}");
    };
    assert_eq!(unit_price_micros, price);
    let added = desk.add("SCRAP", three, unit_price_micros).unwrap();
    assert!(matches!(added, Scanned::Added { .. }), "{added:?}");
}

#[test]
fn a_refund_sent_twice_gives_back_once() {
    let shop = Shop::open();
    let desk = selling(&shop);
    scan(&desk, "TEA");
    desk.set_quantity(1, Quantity(3000)).unwrap();
    let sale = sold(desk.pay(&cash(), None));
    let returnable = desk.returnable(&sale.number).unwrap();
    assert!(returnable.voidable && returnable.lines[0].left_milli == Quantity(3000));
    let one = ReturnLine { line: 1, quantity_milli: Quantity(1000), restock: true };
    let preview = desk.preview_return(&sale.number, &[one], None).unwrap();
    assert_eq!(preview.back_minor, Minor(10_000));
    let refund = Refund {
        act: returnable.act,
        number: sale.number.clone(),
        lines: vec![one],
        tender: None,
        references: Vec::new(),
        reason: "unwanted".to_owned(),
    };
    let first = desk.refund(&refund, None).unwrap();
    let second = desk.refund(&refund, None).unwrap();
    assert_eq!((first.back_minor, first.kind), (Minor(10_000), DocumentKind::CreditNote));
    assert_eq!((second.number, second.again), (first.number, true));
    let after = desk.returnable(&sale.number).unwrap();
    assert_eq!((after.lines[0].left_milli, after.left_minor), (Quantity(2000), Minor(20_000)));
    assert_eq!(
        code(desk.void_sale(&sale.number, "wrong", Some(&manager()))),
        "refund.already_returned"
    );
}

#[test]
fn what_was_paid_several_ways_goes_back_the_way_it_came() {
    let shop = Shop::open();
    let desk = selling(&shop);
    scan(&desk, "TEA");
    desk.set_quantity(1, Quantity(5000)).unwrap();
    assert_eq!(left(desk.pay(&offer(TenderType::Card, Some(15_000), None), None)), 35_000);
    let sale = sold(desk.pay(&cash(), None));
    let of = desk.returnable(&sale.number).unwrap();
    let media = [TenderType::Cash, TenderType::StoreCredit];
    assert_eq!((of.several_ways, of.media_back.as_slice()), (true, media.as_slice()));
    let lines = |pieces: i64| {
        vec![ReturnLine { line: 1, quantity_milli: Quantity(pieces * 1000), restock: true }]
    };
    let by = |tenders: &[TenderAmount]| -> Vec<_> {
        tenders.iter().map(|tender| (tender.tender_type, tender.amount_minor.0)).collect()
    };
    let preview = desk.preview_return(&sale.number, &lines(4), None).unwrap();
    let expected = [(TenderType::Card, 15_000), (TenderType::Cash, 25_000)];
    assert_eq!((preview.back_minor, by(&preview.tenders)), (Minor(40_000), expected.to_vec()));
    let all_by_card = desk.preview_return(&sale.number, &lines(4), Some(TenderType::Card));
    assert_eq!(code(all_by_card), "refund.tender");
    let named = |tender_type, reference: &str| TenderReference {
        tender_type,
        reference: reference.to_owned(),
    };
    let mut refund = Refund {
        act: of.act,
        number: sale.number.clone(),
        lines: lines(4),
        tender: None,
        references: vec![named(TenderType::Card, " SLIP 9 "), named(TenderType::Upi, "U1")],
        reason: "unwanted".to_owned(),
    };
    let note = desk.refund(&refund, None).unwrap();
    let tenders: Vec<_> = note
        .tenders
        .iter()
        .map(|tender| (tender.tender_type, tender.amount_minor.0, tender.reference.as_deref()))
        .collect();
    let expected = [(TenderType::Card, 15_000, Some("SLIP 9")), (TenderType::Cash, 25_000, None)];
    assert_eq!(tenders, expected);
    assert!(desk.refund(&refund, None).unwrap().again);
    // Of the card nothing is left.
    refund = Refund { act: desk.returnable(&sale.number).unwrap().act, lines: lines(1), ..refund };
    refund.tender = Some(TenderType::Card);
    assert_eq!(code(desk.refund(&refund, None)), "refund.tender");
    refund.tender = None;
    let rest = desk.refund(&refund, None).unwrap();
    assert_eq!((rest.tenders[0].tender_type, rest.back_minor), (TenderType::Cash, Minor(10_000)));
}

#[test]
fn an_exchange_pays_or_gives_back_the_difference() {
    let shop = Shop::open();
    let desk = selling(&shop);
    scan(&desk, "TEA");
    desk.set_quantity(1, Quantity(2000)).unwrap();
    let sale = sold(desk.pay(&cash(), None));
    let back = ReturnLine { line: 1, quantity_milli: Quantity(2000), restock: false };
    let basket = desk.exchange(&sale.number, &[back], "wrong taste").unwrap();
    assert_eq!(basket.totals.total_minor, Minor(-20_000));
    scan(&desk, "CREME");
    let payment = desk.begin_payment().unwrap();
    assert_eq!((payment.left_minor, payment.cash_left_minor), (Minor(-10_000), Minor(-10_000)));
    assert!(payment.quick_minor.is_empty());
    let exchanged = sold(desk.pay(&cash(), None));
    assert_eq!((exchanged.back_minor, exchanged.payable_minor), (Minor(10_000), Minor(-10_000)));
    assert_eq!(code(desk.exchange(&sale.number, &[back], "again")), "refund.exceeds_bought");
}

#[test]
fn a_blind_count_tells_nothing_and_closes_with_a_reason() {
    let shop = Shop::open();
    let desk = selling(&shop);
    scan(&desk, "TEA");
    sold(desk.pay(&offer(TenderType::Card, None, None), None));
    let form = desk.count_form().unwrap();
    assert_eq!(form.tenders, [TenderType::Card]);
    let pieces = [Pieces { face_minor: Minor(10_000), pieces: 4 }];
    assert_eq!(desk.sum_pieces(&pieces).unwrap(), Minor(40_000));
    let closing = Closing {
        cash_minor: Minor(40_000),
        pieces: pieces.to_vec(),
        others: Vec::new(),
        reason: Some("a note is missing".to_owned()),
    };
    let alone = desk.close_shift(&closing, None, &mut |_| {}).unwrap_err();
    assert_eq!(alone.code, "approval.missing");
    assert!(!format!("{alone:?}").contains("50"), "what should be there is not told");
    let report = desk.close_shift(&closing, Some(&manager()), &mut |_| {}).unwrap();
    assert_eq!((report.z_no, report.totals.sales_minor), (Some(1), Minor(10_000)));
    assert_eq!(desk.z_reports().unwrap()[0].over_short_minor, Minor(-10_000));
    assert_eq!(desk.z_report(1).unwrap(), report);
    assert_eq!(code(desk.z_report(2)), "shift.no_z");
    assert_eq!(code(desk.scan("TEA", None)), "shift.none_open");
}

#[test]
fn goods_are_found_by_category_variant_and_favourite() {
    let shop = Shop::open();
    let mut ledger = shop.ledger();
    let variant = |sku: &str, size: &str| {
        (
            format!("item/{sku}"),
            json!({"sku": sku, "product": "shirt", "name": "Shirt", "category": "Clothes",
                   "options": [["Size", size]], "tax_class": "gst-5",
                   "prices": [{"from_ms": 0, "unit_price_micros": 500_000_000}]}),
        )
    };
    super::fixture::receive(&mut ledger, 20, &[variant("S-M", "M"), variant("S-L", "L")]);
    ledger.close().unwrap();
    let desk = selling(&shop);
    let categories = desk.categories().unwrap();
    let clothes = categories.iter().find(|category| category.name == "Clothes").unwrap();
    assert_eq!(clothes.products, 1);
    let page = desk.products("Clothes", 0, 10).unwrap();
    assert_eq!((page.total, page.items.len(), page.items[0].variants), (1, 1, 2));
    let variants = desk.variants("shirt").unwrap();
    assert_eq!(variants[1].options.as_deref(), Some("L"));
    assert!(desk.set_favourite("S-L", true).unwrap()[0].favourite);
    assert_eq!(desk.favourites().unwrap()[0].sku, "S-L");
    assert_eq!(desk.search("shi", 10).unwrap().len(), 2);
    assert_eq!(code(desk.set_favourite("NONE", true)), "item.unknown");
}

#[test]
fn goods_move_and_are_counted_from_the_window() {
    let shop = Shop::open();
    let desk = selling(&shop);
    let goods = |milli| vec![Goods { sku: "TEA".to_owned(), quantity_milli: Quantity(milli) }];
    let moved = |kind, milli, reason: Option<&str>| StockMove {
        kind,
        goods: goods(milli),
        reason: reason.map(str::to_owned),
        other_location: None,
        transfer: None,
    };
    desk.move_stock(&moved(MoveKind::Receive, 5_000, Some("note 7")), None).unwrap();
    let adjust = moved(MoveKind::Adjust, -1_000, Some("broken"));
    assert_eq!(code(desk.move_stock(&adjust, None)), "approval.missing");
    desk.move_stock(&adjust, Some(&manager())).unwrap();
    let stock = desk.stock_of("TEA").unwrap();
    assert_eq!((stock.on_hand_milli, stock.own_unsent_milli), (Quantity(14_000), Quantity(4_000)));
    desk.count_stock(&goods(13_000)).unwrap();
    let out = moved(MoveKind::TransferOut, 1_000, None);
    let missing = desk.move_stock(&out, Some(&manager())).unwrap_err();
    assert_eq!(missing.field.as_deref(), Some("other_location"));
}

#[test]
fn a_second_program_on_the_same_ledger_is_told_so() {
    let shop = Shop::open();
    let first = selling(&shop);
    let second = desk(&shop);
    assert!(matches!(second.start(), Start::Locked { .. }));
    assert_eq!(code(second.basket()), "ledger.locked");
    drop(first);
    assert_eq!(second.try_again(), Start::Ready);
}

#[test]
fn whoever_shows_the_till_hears_what_changed() {
    let shop = Shop::open();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let ears = Arc::clone(&heard);
    let desk = Desk::open(&shop.till(), Arc::new(move |signal| ears.lock().unwrap().push(signal)));
    desk.sign_in("asha", PIN).unwrap();
    desk.open_shift(Minor(0), &[], None).unwrap();
    heard.lock().unwrap().clear();
    scan(&desk, "TEA");
    let signals = heard.lock().unwrap().clone();
    let told = |topic| {
        signals
            .iter()
            .any(|signal| matches!(signal, Signal::Changed(topics) if topics.contains(&topic)))
    };
    assert!(told(Topic::Basket));
    assert!(signals.iter().any(|signal| matches!(signal, Signal::Display(screen) if matches!(screen.shown, Display::Basket { .. }))));
}

#[test]
fn a_customer_is_found_by_phone_or_entered_once_and_stands_on_the_sale() {
    let shop = Shop::open();
    let desk = selling(&shop);
    let new = |phone: &str| desk.create_customer("Meera Rao".to_owned(), phone.to_owned(), None);
    let first = new("098450 12345").unwrap();
    assert_eq!(first.phone.as_deref(), Some("+919845012345"));
    assert_eq!(new("+91 98450-12345").unwrap().id, first.id, "one number, one customer");
    assert_eq!(code(new("12")), "customer.phone");
    for query in ["98450", "meera", "rao me"] {
        assert_eq!(desk.find_customers(query).unwrap(), std::slice::from_ref(&first), "{query}");
    }
    scan(&desk, "TEA");
    let basket = desk.set_customer(Some(first.id)).unwrap();
    assert_eq!(basket.customer.unwrap().name, "Meera Rao");
    let sale = sold(desk.pay(&cash(), None));
    let returnable = desk.returnable(&sale.number).unwrap();
    assert_eq!(returnable.customer.as_deref(), Some("Meera Rao"));
    let conn = crate::ledger::schema::open_reader(&shop.till().join("till.db")).unwrap();
    let said: String = conn
        .query_row("SELECT group_concat(CAST(bytes AS TEXT)) FROM entry", [], |row| row.get(0))
        .unwrap();
    assert!(!said.contains("Meera"), "personal data stand beside the journal, not in it");
}

/// Longest silence before a test gives up.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// A gate that waits until something is so; the desk's other threads tell when to look again.
pub(super) struct Bell(Mutex<u64>, std::sync::Condvar);

impl Bell {
    pub(super) fn desk(shop: &Shop) -> (Desk, Arc<Self>) {
        let bell = Arc::new(Self(Mutex::new(0), std::sync::Condvar::new()));
        let rung = Arc::clone(&bell);
        let notify = Arc::new(move |_| {
            *rung.0.lock().unwrap() += 1;
            rung.1.notify_all();
        });
        (Desk::open(&shop.till(), notify), bell)
    }

    /// Waits until it is so, looking again at each ring only: a state that nobody announces is found out here.
    pub(super) fn until(&self, so: impl Fn() -> bool) {
        loop {
            let before = *self.0.lock().unwrap();
            if so() {
                return;
            }
            let heard = self.0.lock().unwrap();
            let (heard, waited) =
                self.1.wait_timeout_while(heard, PATIENCE, |rings| *rings == before).unwrap();
            drop(heard);
            assert!(!waited.timed_out() || so(), "it never came to be, and nobody rang");
            assert!(!waited.timed_out(), "it came to be, and nobody rang");
        }
    }
}

#[test]
fn the_whole_ledger_is_checked_beside_the_selling_at_every_start() {
    let shop = Shop::open();
    drop(selling(&shop));
    let (desk, bell) = Bell::desk(&shop);
    desk.sign_in("asha", PIN).unwrap();
    bell.until(|| matches!(desk.ledger_check(), LedgerCheck::Holds { entries: 3.., .. }));
}

#[test]
fn a_ledger_that_is_found_damaged_sells_nothing_more_and_says_where() {
    let shop = Shop::open();
    let first = selling(&shop);
    scan(&first, "TEA");
    sold(first.pay(&cash(), None));
    drop(first);
    damage(&shop.till().join("till.db"));
    let (desk, bell) = Bell::desk(&shop);
    bell.until(|| matches!(desk.ledger_check(), LedgerCheck::Damaged { .. }));
    let Start::Damaged { fault } = desk.start() else { panic!("{:?}", desk.start()) };
    assert_eq!(
        (fault.code.as_str(), fault.values["where"].contains("movement")),
        ("ledger.damaged", true)
    );
    assert_eq!(code(desk.sign_in("asha", PIN)), "ledger.damaged");
    assert_eq!(code(desk.scan("TEA", None)), "ledger.damaged");
}

/// The tail is verified at the start; this lies before it, in a table that was made from the journal.
fn damage(database: &std::path::Path) {
    let conn = rusqlite::Connection::open(database).unwrap();
    conn.execute_batch(
        "DROP TRIGGER IF EXISTS movement_never_changes; UPDATE movement SET quantity_milli = -7000",
    )
    .unwrap();
}

#[test]
fn a_damaged_ledger_is_read_sealed_and_replaced_by_the_newest_backup_that_holds() {
    let shop = Shop::open();
    let first = selling(&shop);
    scan(&first, "TEA");
    let sale = sold(first.pay(&cash(), None));
    first.backup_now().unwrap();
    scan(&first, "TEA");
    let later = sold(first.pay(&cash(), None));
    let bad = first.backup_now().unwrap();
    assert_eq!(code(first.restore_backup(Some(&manager()))), "restore.healthy");
    drop(first);
    damage(&shop.till().join("till.db"));
    damage(std::path::Path::new(&bad));
    let (desk, bell) = Bell::desk(&shop);
    bell.until(|| matches!(desk.ledger_check(), LedgerCheck::Damaged { .. }));
    assert!(matches!(desk.start(), Start::Damaged { .. }));

    let rows = desk.history(&HistoryFilter::default(), None).unwrap();
    assert_eq!(rows[0].number, later.number, "it can be read");
    assert!(desk.document(&sale.number).unwrap().entry.json.contains(&sale.number));
    assert_eq!(desk.shop().unwrap().till_code, "A1");

    assert_eq!(code(desk.may_end(false)), "quit.damaged");
    desk.may_end(true).expect("a person who was told may end it");
    let file = desk.sealed_export("correct horse battery").unwrap();
    desk.may_end(false).expect("all of it is in the file");
    let plain = shop.path().join("plain.db");
    crate::sealed::open(std::path::Path::new(&file), &plain, "correct horse battery").unwrap();
    let conn = crate::ledger::schema::open_reader(&plain).unwrap();
    let moved: i64 = conn
        .query_row("SELECT quantity_milli FROM movement LIMIT 1", [], |row| row.get(0))
        .unwrap();
    assert_eq!(moved, -7000, "as it is");

    let listed = desk.backups().unwrap();
    let numbers = listed.iter().map(|row| row.last_number.clone().unwrap()).collect::<Vec<_>>();
    assert_eq!(numbers, [later.number, sale.number.clone()]);
    let cashier = Approval { staff: "asha".to_owned(), ..manager() };
    let guess = Approval { pin: "0000".to_owned(), ..manager() };
    assert_eq!(code(desk.restore_backup(None)), "approval.missing");
    assert_eq!(code(desk.restore_backup(Some(&cashier))), "approval.missing");
    assert_eq!(code(desk.restore_backup(Some(&guess))), "staff.wrong_pin");
    let start = desk.restore_backup(Some(&manager())).unwrap();
    assert!(matches!(start, Start::WaitingForStore { fault: Some(_) }), "{start:?}");
    let rows = desk.history(&HistoryFilter::default(), None).unwrap();
    assert_eq!((rows.len(), rows[0].number.as_str()), (1, sale.number.as_str()));
    let kept = std::fs::read_dir(shop.till()).unwrap().flatten();
    let kept = kept.filter(|entry| entry.file_name().to_string_lossy().contains("before-"));
    assert!(kept.count() > 0, "the damaged ledger stays beside it");
    desk.ensure_sent().expect_err("what it holds is not at the store");
}

#[test]
fn pins_for_a_damaged_ledger_are_not_guessed_without_end() {
    let shop = Shop::open();
    drop(selling(&shop));
    damage_tail(&shop);
    let desk = desk(&shop);
    assert!(matches!(desk.start(), Start::Damaged { .. }));
    let guess = Approval { pin: "0000".to_owned(), ..manager() };
    let codes = (0..12).map(|_| code(desk.restore_backup(Some(&guess)))).collect::<Vec<_>>();
    assert_eq!((codes[0].as_str(), codes[11].as_str()), ("staff.wrong_pin", "staff.locked"));
    assert_eq!(code(desk.restore_backup(Some(&manager()))), "staff.locked");
}

#[test]
fn a_dismissed_manager_restores_nothing_whatever_an_older_backup_says() {
    let shop = Shop::open();
    let first = selling(&shop);
    first.backup_now().unwrap();
    drop(first);
    damage_tail(&shop);
    let conn = rusqlite::Connection::open(shop.till().join("till.db")).unwrap();
    let key = format!("staff/{}", manager().staff);
    let sql =
        "UPDATE feed_row SET value = json_set(value, '$.active', json('false')) WHERE key = ?1";
    assert_eq!(conn.execute(sql, [key]).unwrap(), 1);
    drop(conn);
    let desk = desk(&shop);
    assert!(matches!(desk.start(), Start::Damaged { .. }));
    assert_eq!(code(desk.restore_backup(Some(&manager()))), "staff.inactive");
}

#[test]
fn a_manager_whom_only_a_backup_knows_restores_it() {
    let shop = Shop::open();
    let first = selling(&shop);
    first.backup_now().unwrap();
    drop(first);
    damage_tail(&shop);
    let conn = rusqlite::Connection::open(shop.till().join("till.db")).unwrap();
    let key = format!("staff/{}", manager().staff);
    assert_eq!(conn.execute("DELETE FROM feed_row WHERE key = ?1", [key]).unwrap(), 1);
    drop(conn);
    let desk = desk(&shop);
    assert!(matches!(desk.start(), Start::Damaged { .. }));
    let start = desk.restore_backup(Some(&manager())).unwrap();
    assert!(matches!(start, Start::WaitingForStore { .. }));
}

/// What is found at once when the till starts.
fn damage_tail(shop: &Shop) {
    let conn = rusqlite::Connection::open(shop.till().join("till.db")).unwrap();
    conn.execute_batch(
        "DROP TRIGGER IF EXISTS entry_never_changes;
         UPDATE entry SET bytes = CAST(bytes || ' ' AS BLOB)
         WHERE pos = (SELECT max(pos) FROM entry);
         DELETE FROM state WHERE name = 'verified_pos'",
    )
    .unwrap();
}

#[test]
fn a_code_typed_as_cash_is_not_believed_and_a_large_note_is() {
    let shop = Shop::open();
    let desk = selling(&shop);
    scan(&desk, "TEA");
    let typed = offer(TenderType::Cash, None, Some(4_040_404_000));
    let refused = desk.pay(&typed, None).unwrap_err();
    assert_eq!(
        (refused.code.as_str(), refused.values["change_minor"].as_str()),
        ("payment.change", "4040394000")
    );
    assert!(desk.payment().unwrap().tendered.is_empty(), "nothing was taken");
    let change = sold(desk.pay(&offer(TenderType::Cash, None, Some(200_000)), None)).change_minor;
    assert_eq!(change, Minor(190_000));
}

#[test]
fn gs1_codes_say_what_it_is_and_how_much_of_it() {
    let shop = Shop::open();
    let mut ledger = shop.ledger();
    let grapes = json!({"sku": "GRAPES", "product": "GRAPES", "name": "Grapes", "uom": "kg",
        "sold_by_weight": true, "tax_class": "gst-5", "barcodes": ["98904000210030"],
        "prices": [{"from_ms": 0, "unit_price_micros": 80_000_000}]});
    super::fixture::receive(&mut ledger, 20, &[("item/GRAPES".to_owned(), grapes)]);
    ledger.close().unwrap();
    let desk = selling(&shop);
    let line = |code: &str| {
        let no = scan(&desk, code);
        let basket = desk.basket().unwrap();
        let line = basket.lines.iter().find(|line| line.no == no).unwrap();
        (line.sku.clone(), line.quantity_milli.0, line.total_minor.0)
    };
    let tea = |milli, minor| ("TEA".to_owned(), milli, minor);
    let grapes = |milli, minor| ("GRAPES".to_owned(), milli, minor);
    assert_eq!(line("]d2010890400021003717271231\u{1d}10LOT-7"), tea(1000, 10_000));
    assert_eq!(line("]E08904000210037"), tea(2000, 20_000), "the kind of an EAN is dropped too");
    assert_eq!(line("]C102089040002100373712"), tea(14_000, 140_000), "a case of twelve");
    assert_eq!(line("01989040002100303103000750"), grapes(750, 6000));
    assert_eq!(line("]C1019890400021003039224000"), grapes(500, 4000), "the price on the pack");
    assert_eq!(code(desk.scan("]C10108904000210038", None)), "barcode.check_digit");
    let unknown = desk.scan("]C10104006381333931", None).unwrap();
    assert!(matches!(unknown, Scanned::Unknown { .. }), "{unknown:?}");
}

#[test]
fn labels_of_the_scale_are_sold_by_the_weight_or_price_on_them() {
    let shop = Shop::open();
    let mut ledger = shop.ledger();
    let mut settings = settings_with_upi();
    settings["label_layouts"] = json!(["21IIIIIWWWWWC", "22IIIIIVPPPPC"]);
    let grapes = json!({"sku": "GRAPES", "product": "GRAPES", "name": "Grapes", "uom": "kg",
        "sold_by_weight": true, "tax_class": "gst-5", "barcodes": ["40123"],
        "prices": [{"from_ms": 0, "unit_price_micros": 80_000_000}]});
    let rows = [("settings".to_owned(), settings), ("item/GRAPES".to_owned(), grapes)];
    super::fixture::receive(&mut ledger, 20, &rows);
    ledger.close().unwrap();
    let desk = selling(&shop);
    let label = |body: &str| {
        let digit = daybook_domain::gtin::check_digit(body.as_bytes());
        format!("{body}{digit}")
    };
    scan(&desk, &label("214012301250"));
    let basket = desk.basket().unwrap();
    assert_eq!(basket.lines[0].quantity_milli, Quantity(1250));
    assert_eq!(basket.totals.total_minor, Minor(10_000));
    let verifier = daybook_domain::barcode::price_verifier("4000").unwrap();
    scan(&desk, &label(&format!("2240123{verifier}4000")));
    let basket = desk.basket().unwrap();
    assert_eq!((basket.lines.len(), basket.lines[1].total_minor), (2, Minor(4_000)));
    assert_eq!(basket.lines[1].quantity_milli, Quantity(500));
    let several = desk.scan(&label("214012301250"), Some(Quantity(3000)));
    assert_eq!(code(several), "barcode.label_quantity", "nothing that was typed is dropped");
    let mut misread = label("214012301250");
    misread.replace_range(8..9, "9");
    assert_eq!(code(desk.scan(&misread, None)), "barcode.check_digit");
    assert_eq!(code(desk.scan("4006381333932", None)), "barcode.check_digit");
    assert_eq!(code(desk.scan(&label("219999901250"), None)), "item.unknown");
}

#[test]
fn earlier_documents_are_found_page_by_page_and_each_paper_after_the_first_is_a_copy() {
    let shop = Shop::open();
    let desk = selling(&shop);
    let customer =
        desk.create_customer("Meera Rao".to_owned(), "9845012345".to_owned(), None).unwrap();
    let mut numbers = Vec::new();
    for no in 0..60 {
        scan(&desk, if no % 2 == 0 { "TEA" } else { "CREME" });
        if no == 7 {
            desk.set_quantity(1, Quantity(3000)).unwrap();
            desk.set_customer(Some(customer.id)).unwrap();
        }
        numbers.push(sold(desk.pay(&cash(), None)).number);
    }
    let all = HistoryFilter::default();
    let first = desk.history(&all, None).unwrap();
    let rest = desk.history(&all, first.last().map(|row| row.cursor)).unwrap();
    let mut listed: Vec<String> = first.iter().chain(&rest).map(|row| row.number.clone()).collect();
    listed.reverse();
    assert_eq!(listed, numbers, "each once, none missed");
    let only = |filter: HistoryFilter| {
        let found = desk.history(&filter, None).unwrap();
        found.into_iter().map(|row| row.number).collect::<Vec<_>>()
    };
    let of_customer = HistoryFilter { customer: Some(customer.id), ..HistoryFilter::default() };
    assert_eq!(only(of_customer), [numbers[7].clone()]);
    let dear = HistoryFilter { least_minor: Some(Minor(20_000)), ..HistoryFilter::default() };
    assert_eq!(only(dear), [numbers[7].clone()]);
    let numbered = HistoryFilter { number: Some("000012".to_owned()), ..HistoryFilter::default() };
    assert_eq!(only(numbered), [numbers[11].clone()]);
    let original = desk.save_pdf(&numbers[7], PaperForm::Receipt).unwrap();
    let copy = desk.save_pdf(&numbers[7], PaperForm::A4).unwrap();
    assert!(std::fs::read(&original).unwrap().starts_with(b"%PDF"));
    assert!(copy.ends_with("-a4-copy-1.pdf"), "{copy}");
    let document = desk.document(&numbers[7]).unwrap();
    assert_eq!((document.row.prints, document.row.sent), (2, false));
    assert_eq!(document.row.customer.as_deref(), Some("Meera Rao"));
    assert!(document.entry.json.contains(&numbers[7]) && document.entry.hash.len() == 64);
    assert_eq!(code(desk.document("NONE")), "document.unknown");
}

#[test]
fn a_basket_that_became_no_document_is_recorded_with_what_it_came_to() {
    let shop = Shop::open();
    let desk = selling(&shop);
    scan(&desk, "TEA");
    desk.set_quantity(1, Quantity(3000)).unwrap();
    scan(&desk, "CREME");
    desk.park(None).unwrap();
    desk.recall(desk.parked().unwrap()[0].basket).unwrap();
    desk.clear_basket(Some("left")).unwrap();
    drop(desk);
    let ledger = shop.ledger();
    let mut said = Vec::new();
    crate::ledger::query::each_entry(ledger.reader(), 0, |entry| {
        use daybook_domain::entry::Fact;
        match crate::ledger::query::fact_of(&entry.bytes, entry.pos)? {
            Fact::BasketParked(aside)
            | Fact::BasketRecalled(aside)
            | Fact::BasketAborted(aside) => {
                said.push((aside.total_minor.0, aside.items[0].total_minor.0));
            }
            _ => {}
        }
        Ok(())
    })
    .unwrap();
    assert_eq!(said, [(40_000, 30_000); 3]);
}

#[test]
fn training_has_its_own_ledger_and_numbers_and_leaves_the_till_as_it_was() {
    let shop = Shop::open();
    let desk = selling(&shop);
    let sale = |desk: &Desk| {
        scan(desk, "TEA");
        sold(desk.pay(&cash(), None))
    };
    let first = sale(&desk);
    scan(&desk, "CREME");
    let (basket, unsent) = (desk.basket().unwrap(), desk.unsent().unwrap());

    desk.enter_training().unwrap();
    assert!(desk.shop().unwrap().training);
    assert!(desk.basket().unwrap().lines.is_empty());
    assert!(desk.session().unwrap().shift.is_none(), "its own shift");
    assert_eq!(desk.session().unwrap().person.unwrap().staff, "asha");
    desk.open_shift(Minor(10_000), &[], None).unwrap();
    let exercise = sale(&desk);
    assert_ne!(exercise.number, first.number);
    assert!(exercise.number.contains("T"), "{}", exercise.number);
    let pdf = desk.save_pdf(&exercise.number, PaperForm::Receipt).unwrap();
    assert!(pdf.contains("training"), "{pdf}");
    desk.sign_in("kavya", PIN).expect("people of the shop sign in with their PINs");
    let on_hand = || desk.stock_of("TEA").unwrap().on_hand_milli;
    assert_eq!(on_hand(), Quantity(9_000));
    assert_eq!(desk.unsent().unwrap(), unsent, "what the store lacks is the till's");
    assert_eq!(code(desk.document(&first.number)), "document.unknown");

    desk.leave_training().unwrap();
    assert!(desk.session().unwrap().locked, "another person took over meanwhile");
    desk.sign_in("asha", PIN).unwrap();
    assert_eq!(desk.basket().unwrap(), basket);
    assert!(!desk.shop().unwrap().training);
    assert_eq!(desk.history(&HistoryFilter::default(), None).unwrap().len(), 1);
    assert_eq!(on_hand(), Quantity(9_000), "one was sold here too");

    desk.enter_training().unwrap();
    assert_eq!(on_hand(), Quantity(10_000), "the shelf is as the store stated it");
    drop(desk);
    let desk = self::desk(&shop);
    assert!(!desk.shop().unwrap().training, "a program that ended starts with the till");
    drop(desk);
    for folder in [shop.till(), shop.till().join("training")] {
        let ledger = Ledger::open(&folder).unwrap();
        crate::ledger::verify::full(ledger.reader(), ledger.live().unwrap(), &mut |_| {}).unwrap();
    }
}

#[test]
fn what_runs_low_is_listed_and_an_item_tells_its_movements() {
    let shop = Shop::open();
    let desk = selling(&shop);
    let low = |desk: &Desk| {
        let rows = desk.low_stock().unwrap().into_iter();
        rows.map(|row| (row.item.sku, row.on_hand_milli.0)).collect::<Vec<_>>()
    };
    assert_eq!(low(&desk), [("UNIQUE".to_owned(), 1000)], "tea is ten, five is the limit");
    desk.scan("TEA", Some(Quantity(6000))).unwrap();
    let sale = sold(desk.pay(&cash(), None));
    assert_eq!(low(&desk), [("UNIQUE".to_owned(), 1000), ("TEA".to_owned(), 4000)]);
    let goods = vec![Goods { sku: "TEA".to_owned(), quantity_milli: Quantity(20_000) }];
    let came = StockMove {
        kind: MoveKind::Receive,
        goods,
        reason: Some("GRN 7".to_owned()),
        other_location: None,
        transfer: None,
    };
    desk.move_stock(&came, Some(&manager())).unwrap();
    assert_eq!(low(&desk).len(), 1);
    let moved = desk.movements("TEA").unwrap();
    assert_eq!(moved.iter().map(|row| row.quantity_milli.0).collect::<Vec<_>>(), [20_000, -6000]);
    assert_eq!(moved[1].number.as_deref(), Some(sale.number.as_str()));
    assert!(moved.iter().all(|row| row.staff.as_deref() == Some("asha") && !row.sent));
}

#[test]
fn what_the_store_lacks_may_leave_under_a_passphrase_and_is_all_there() {
    let shop = Shop::open();
    let desk = selling(&shop);
    scan(&desk, "TEA");
    let sale = sold(desk.pay(&cash(), None));
    assert_eq!(code(desk.ensure_sent()), "quit.unsent");
    let short = desk.sealed_export("short").unwrap_err();
    assert_eq!(
        (short.code.as_str(), short.field.as_deref()),
        ("input.invalid", Some("passphrase"))
    );
    let file = desk.sealed_export("correct horse battery").unwrap();
    desk.ensure_sent().expect("the program may end");
    scan(&desk, "TEA");
    sold(desk.pay(&cash(), None));
    assert_eq!(code(desk.ensure_sent()), "quit.unsent", "a later sale is not in the file");

    let sealed = std::path::Path::new(&file);
    let bytes = std::fs::read(sealed).unwrap();
    assert!(bytes.starts_with(b"age-encryption.org/v1\n-> scrypt "), "the age format");
    let beside = std::fs::read_dir(sealed.parent().unwrap()).unwrap();
    assert_eq!(beside.count(), 1, "nothing unsealed stays behind");
    let plain = shop.path().join("plain.db");
    let wrong = crate::sealed::open(sealed, &plain, "another passphrase").unwrap_err();
    assert_eq!(wrong.code(), "sealed.passphrase");
    let mut cut = bytes.clone();
    cut.truncate(bytes.len() - 40);
    std::fs::write(shop.path().join("cut.age"), cut).unwrap();
    let cut = crate::sealed::open(&shop.path().join("cut.age"), &plain, "correct horse battery");
    assert_eq!(cut.unwrap_err().code(), "ledger.damaged");
    crate::sealed::open(sealed, &plain, "correct horse battery").unwrap();
    let elsewhere = shop.path().join("elsewhere");
    crate::backup::restore(&elsewhere, &plain, 1).unwrap();
    let conn = crate::ledger::schema::open_reader(&elsewhere.join("till.db")).unwrap();
    let number: String =
        conn.query_row("SELECT number FROM document", [], |row| row.get(0)).unwrap();
    assert_eq!(number, sale.number);
}

#[test]
fn sending_now_does_not_wait_for_the_pause_after_a_failure() {
    use std::io::{Read, Write};
    let store = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let shop = Shop::open();
    let mut ledger = shop.ledger();
    let url = format!("http://{}", store.local_addr().unwrap());
    let identity = Identity { store_url: url, ..ledger.identity().unwrap().clone() };
    ledger.set_identity(identity).unwrap();
    let key = daybook_sync::message::NewKey {
        key_id: "k".to_owned(),
        secret: daybook_sync::hash::Hash([0; 32]),
    };
    ledger.keys().store_request_key(ledger.home(), &key).unwrap();
    ledger.close().unwrap();
    let (desk, bell) = Bell::desk(&shop);
    let busy = || {
        let (mut asked, _) = store.accept().unwrap();
        let mut some = [0; 1024];
        let _read = asked.read(&mut some).unwrap();
        asked
            .write_all(b"HTTP/1.1 503 Busy\r\nRetry-After: 3600\r\nContent-Length: 0\r\n\r\n")
            .unwrap();
    };
    busy();
    bell.until(|| desk.sync_state().unwrap().code == "sync.busy");
    desk.sync_now().unwrap();
    busy();
}

#[test]
fn a_backup_is_made_beside_the_selling_and_old_ones_go() {
    let shop = Shop::open();
    let desk = selling(&shop);
    let mut last = String::new();
    for _ in 0..12 {
        scan(&desk, "TEA");
        sold(desk.pay(&cash(), None));
        last = desk.backup_now().unwrap();
    }
    let folder = std::path::Path::new(&last).parent().unwrap();
    assert_eq!(std::fs::read_dir(folder).unwrap().count(), 10);
    let conn = crate::ledger::schema::open_reader(std::path::Path::new(&last)).unwrap();
    let count: i64 = conn.query_row("SELECT count(*) FROM document", [], |row| row.get(0)).unwrap();
    assert_eq!(count, 12);
    let health = desk.health().unwrap();
    assert!(health.last_backup_at_ms.is_some() && health.free_bytes > 0);
    assert_eq!((health.quarantined, health.leases.len()), (0, 0));
}

#[test]
fn goods_without_a_receipt_come_back_once_and_only_by_a_manager() {
    let shop = Shop::open();
    let desk = selling(&shop);
    let back = crate::desk::view::UnreferencedReturn {
        tender: TenderType::Cash,
        reference: None,
        restock: true,
        reason: "gift, no receipt".to_owned(),
    };
    assert_eq!(code(desk.return_without_receipt(&back, Some(&manager()))), "basket.empty");
    scan(&desk, "TEA");
    assert_eq!(code(desk.return_without_receipt(&back, None)), "approval.missing");
    let draft: serde_json::Value = state(&shop, "draft");
    let note = desk.return_without_receipt(&back, Some(&manager())).unwrap();
    assert_eq!((note.kind, note.back_minor), (DocumentKind::CreditNote, Minor(10_000)));
    assert!(desk.basket().unwrap().lines.is_empty());
    let document = desk.document(&note.number).unwrap();
    assert_eq!((document.original, document.reason.as_deref()), (None, Some("gift, no receipt")));
    assert_eq!(desk.stock_of("TEA").unwrap().on_hand_milli, Quantity(11_000));
    drop(desk);
    // As if the power had failed right after the commit: the basket is still there.
    let conn = rusqlite::Connection::open(shop.till().join("till.db")).unwrap();
    let sql = "UPDATE state SET value = ?1 WHERE name = 'draft'";
    conn.execute(sql, [draft.to_string()]).unwrap();
    drop(conn);
    let desk = self::desk(&shop);
    desk.sign_in("asha", PIN).unwrap();
    let again = desk.return_without_receipt(&back, Some(&manager())).unwrap();
    assert_eq!((again.again, again.number), (true, note.number));
    assert_eq!(documents(&shop), 1);
    scan(&desk, "TEA");
    let card = crate::desk::view::UnreferencedReturn { tender: TenderType::Coupon, ..back };
    assert_eq!(code(desk.return_without_receipt(&card, Some(&manager()))), "refund.tender");
}

#[test]
fn a_payment_code_of_training_pays_nobody() {
    let shop = Shop::open();
    let mut ledger = shop.ledger();
    super::fixture::receive(&mut ledger, 30, &[("settings".to_owned(), settings_with_upi())]);
    ledger.close().unwrap();
    let desk = selling(&shop);
    let link = |desk: &Desk| {
        scan(desk, "TEA");
        desk.start_upi(None).unwrap().upi.unwrap().uri
    };
    assert!(link(&desk).contains("shop@upi"), "the till itself asks for money");
    desk.enter_training().unwrap();
    desk.open_shift(Minor(0), &[], None).unwrap();
    let link = link(&desk);
    assert!(link.contains("training@invalid") && !link.contains("shop@upi"), "{link}");
}
