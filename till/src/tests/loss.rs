//! What happens to the files beside the ledger, and what the till makes of it.

use super::fixture::{PIN, Shop, receive, who};
use super::{returning, sale};
use crate::desk::Start;
use crate::ledger::{Act, Ledger, Standing, verify};
use crate::refund::refund;
use crate::sell::{SaleRequest, sell_parked, snapshot};
use crate::staff::{Who, sign_in};
use crate::{backup, catalogue, clock, feed, goods, random, shift};
use daybook_domain::amount::{Minor, Quantity};
use daybook_domain::basket::Basket;
use daybook_domain::document::TenderType;
use daybook_domain::ids::{BasketId, DocumentId, Sku};
use daybook_domain::tender::Offer;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// A till that has sold, closed; who sold, and the number of the document.
fn sold() -> (Shop, Who, String) {
    let shop = Shop::open();
    let mut ledger = shop.ledger();
    let cashier = who(&mut ledger, "asha", None);
    shift::open(&mut ledger, &cashier, Minor::ZERO, BTreeMap::new()).unwrap();
    let number = sale(&mut ledger, &cashier, "TEA", 1000).unwrap().document.number;
    ledger.close().unwrap();
    (shop, cashier, number)
}

fn all_verifies(ledger: &Ledger) {
    verify::full(ledger.reader(), ledger.live().unwrap(), &mut |_| {}).unwrap();
}

#[test]
fn a_till_whose_signing_key_is_lost_goes_on_in_a_new_incarnation_and_everything_verifies() {
    let (shop, cashier, first) = sold();
    fs::remove_file(shop.till().join("keys/seed")).unwrap();
    let mut ledger = shop.ledger();
    assert!(matches!(ledger.standing(), Standing::NeedsIncarnation(_)));
    let refused = sale(&mut ledger, &cashier, "TEA", 1000).unwrap_err();
    assert_eq!(refused.code(), "till.needs_incarnation");
    ledger.begin_provisional(Act::of_program(clock::now())).unwrap();
    sale(&mut ledger, &cashier, "TEA", 1000).unwrap();
    // What the lost key signed is still good, and still comes back.
    refund(&mut ledger, &cashier, &returning(&first)).unwrap();
    all_verifies(&ledger);
    ledger.close().unwrap();
    assert_eq!(shop.ledger().standing(), Standing::Ready);
}

#[test]
fn pins_that_another_machine_sealed_are_asked_of_the_store_once_more() {
    let (shop, ..) = sold();
    let mut ledger = shop.ledger();
    assert!(feed::cursor(ledger.reader()).unwrap().is_some());
    ledger.close().unwrap();
    fs::remove_file(shop.till().join("keys/seal")).unwrap();
    ledger = shop.ledger();
    let asha = "asha".parse().unwrap();
    let refused = sign_in(&mut ledger, clock::now(), &asha, PIN).unwrap_err();
    assert_eq!(refused.code(), "staff.sealed_elsewhere");
    assert!(feed::cursor(ledger.reader()).unwrap().is_none(), "the next exchange begins anew");
    let told = super::fixture::staff("asha", "cashier");
    receive(&mut ledger, 900, &[told]);
    sign_in(&mut ledger, clock::now(), &asha, PIN).unwrap();
}

#[test]
fn a_restored_ledger_that_the_store_does_not_know_here_asks_to_be_enrolled() {
    let (shop, ..) = sold();
    let file = shop.path().join("backup.db");
    backup::backup(&shop.till().join("till.db"), &file, &mut |_, _| {}).unwrap();
    backup::restore(&shop.till(), &file, 1).unwrap();
    let started = || super::desk::desk(&shop).start();
    assert!(matches!(started(), Start::WaitingForStore { .. }));
    fs::remove_file(shop.till().join("keys/request")).unwrap();
    assert!(matches!(started(), Start::Enrol { .. }));
}

#[test]
fn a_ledger_that_is_gone_is_missed_and_no_empty_one_takes_its_place() {
    let (shop, ..) = sold();
    let database = shop.till().join("till.db");
    let kept = shop.path().join("kept.db");
    backup::backup(&database, &kept, &mut |_, _| {}).unwrap();
    fs::remove_file(&database).unwrap();
    assert_eq!(Ledger::open(&shop.till()).unwrap_err().code(), "ledger.damaged");
    fs::write(&database, b"").unwrap();
    assert_eq!(Ledger::open(&shop.till()).unwrap_err().code(), "ledger.damaged");
    backup::restore(&shop.till(), &kept, 1).unwrap();
    assert!(matches!(shop.ledger().standing(), Standing::NeedsIncarnation(_)));
}

#[test]
fn a_backup_goes_over_nothing_that_the_till_lives_from() {
    let (shop, ..) = sold();
    let database = shop.till().join("till.db");
    let refused = |file: &Path| {
        let before = fs::read(file).ok();
        let refused = backup::backup(&database, file, &mut |_, _| {}).unwrap_err();
        assert_eq!(refused.code(), "input.invalid", "{}", file.display());
        assert!(fs::read(file).ok() == before, "{}", file.display());
    };
    for own in ["till.db", "till.db-wal", "lock", "witness", "install", "keys/seed", "new.db"] {
        refused(&shop.till().join(own));
    }
    refused(Path::new("/dev/null"));
    refused(&shop.path().join("no such folder/a.db"));
    let fine = shop.path().join("a.db");
    for _ in 0..2 {
        backup::backup(&database, &fine, &mut |_, _| {}).unwrap();
    }
}

/// Leaves a folder as a restore leaves it that was cut off after so many of its renames.
fn cut_off(shop: &Shop, file: &Path, renames: usize) {
    let dir = shop.till();
    fs::copy(file, dir.join("till.db.restoring")).unwrap();
    fs::write(dir.join("restoring"), "till.db.before-7").unwrap();
    for suffix in ["-shm", "-wal", ""].iter().take(renames) {
        let from = dir.join(format!("till.db{suffix}"));
        fs::rename(from, dir.join(format!("till.db.before-7{suffix}"))).unwrap();
    }
    if renames > 3 {
        fs::rename(dir.join("till.db.restoring"), dir.join("till.db")).unwrap();
    }
}

#[test]
fn a_restore_that_is_cut_off_anywhere_is_ended_by_the_next_start_and_loses_nothing_of_either() {
    for renames in 0..=4 {
        let (shop, cashier, _) = sold();
        let file = shop.path().join("backup.db");
        backup::backup(&shop.till().join("till.db"), &file, &mut |_, _| {}).unwrap();
        let mut ledger = shop.ledger();
        let later = sale(&mut ledger, &cashier, "TEA", 1000).unwrap().document.number;
        // As a killed process leaves it: the last sale lies in the log.
        let beside = shop.path().join("beside");
        fs::create_dir(&beside).unwrap();
        for name in ["till.db", "till.db-wal", "till.db-shm"] {
            fs::copy(shop.till().join(name), beside.join(name)).unwrap();
        }
        drop(ledger);
        for name in ["till.db", "till.db-wal", "till.db-shm"] {
            fs::copy(beside.join(name), shop.till().join(name)).unwrap();
        }
        cut_off(&shop, &file, renames);

        let ledger = shop.ledger();
        assert!(matches!(ledger.standing(), Standing::NeedsIncarnation(_)), "{renames}");
        all_verifies(&ledger);
        drop(ledger);
        assert!(!shop.till().join("restoring").exists());
        let kept = crate::ledger::schema::open_reader(&shop.till().join("till.db.before-7"));
        let last = crate::ledger::query::last_document(&kept.unwrap()).unwrap().unwrap();
        assert_eq!(last.sale.document.number, later, "{renames}: kept with its log");
    }
}

#[test]
fn a_ledger_on_a_disk_that_takes_nothing_is_saved_with_what_lies_in_its_log() {
    let (shop, cashier, _) = sold();
    let mut ledger = shop.ledger();
    let last = sale(&mut ledger, &cashier, "TEA", 1000).unwrap().document.number;
    let dead = shop.path().join("dead");
    fs::create_dir_all(dead.join("keys")).unwrap();
    for name in ["till.db", "till.db-wal"] {
        fs::copy(shop.till().join(name), dead.join(name)).unwrap();
    }
    let before = fs::read_dir(&dead).unwrap().count();
    let file = shop.path().join("saved.db");
    let running = backup::rescue(&shop.till(), &file, &mut |_, _| {}).unwrap_err();
    assert_eq!(running.code(), "ledger.locked");
    backup::rescue(&dead, &file, &mut |_, _| {}).unwrap();
    assert_eq!(fs::read_dir(&dead).unwrap().count(), before, "nothing is written there");
    let saved = crate::ledger::schema::open_reader(&file).unwrap();
    let found = crate::ledger::query::last_document(&saved).unwrap().unwrap();
    assert_eq!(found.sale.document.number, last);
    let beside: Vec<_> = fs::read_dir(shop.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("saved"))
        .collect();
    assert_eq!(beside, ["saved.db"]);
}

#[test]
fn a_parked_basket_leaves_its_place_with_its_sale_or_not_at_all() {
    let (shop, cashier, _) = sold();
    let mut ledger = shop.ledger();
    let item = catalogue::item(ledger.reader(), &Sku::new("TEA").unwrap()).unwrap().unwrap();
    let day = ledger.live().unwrap().shift.as_ref().unwrap().day.clone();
    let mut basket = Basket::new();
    let tea = snapshot(ledger.reader(), &item, cashier.at_ms(), &day).unwrap();
    basket.add(tea, Quantity(2000)).unwrap();
    let id = BasketId(random::id(1).unwrap());
    goods::park(&mut ledger, &cashier, id, &basket, "window seat").unwrap();
    let request =
        |basket, offer| SaleRequest::of(DocumentId(random::id(1).unwrap()), basket, vec![offer]);
    let little = Offer::of(TenderType::Card, Some(Minor(1)));
    let refused = sell_parked(&mut ledger, &cashier, id, |basket| request(basket, little));
    assert_eq!(refused.unwrap_err().code(), "tender.not_enough");
    assert_eq!(goods::count_parked(ledger.reader()).unwrap(), 1);
    let card = Offer::of(TenderType::Card, None);
    sell_parked(&mut ledger, &cashier, id, |basket| request(basket, card)).unwrap();
    assert_eq!(goods::count_parked(ledger.reader()).unwrap(), 0);
    all_verifies(&ledger);
}

#[test]
fn a_till_whose_clock_is_days_off_the_stores_opens_a_shift_only_with_a_manager() {
    const DAY: i64 = 24 * 3_600_000;
    let shop = Shop::open();
    let mut ledger = shop.ledger();
    let (cashier, boss) = (who(&mut ledger, "asha", None), who(&mut ledger, "asha", Some("kavya")));
    let now = cashier.moment.at_ms;
    let mut spoke = |store: i64, here: i64| {
        ledger
            .write_state(|conn| {
                crate::ledger::state::set(conn, "store_now_ms", &store)?;
                crate::ledger::state::set(conn, "last_exchange_at_ms", &here)
            })
            .unwrap();
        shift::clock_in_doubt(&ledger, cashier.moment).unwrap()
    };
    assert!(!spoke(now - 40 * DAY, now - 40 * DAY), "weeks without a network");
    assert!(!spoke(now - DAY, now - 3 * DAY), "it was behind and was set");
    assert!(!spoke(now, now + 3 * DAY), "it was ahead and was set");
    assert!(spoke(now - 9 * DAY, now - DAY), "it is eight days ahead");
    assert!(spoke(now + 900 * DAY, now), "it is years behind");
    let refused = shift::open(&mut ledger, &cashier, Minor::ZERO, BTreeMap::new());
    assert_eq!(refused.unwrap_err().code(), "approval.missing");
    shift::open(&mut ledger, &boss, Minor::ZERO, BTreeMap::new()).unwrap();
}
