//! The till's rules over a real ledger in a temporary folder, fed by hand instead of by a store.

mod balances;
mod desk;
pub(crate) mod fixture;
mod import;
mod loss;
mod orders;
mod printing;
mod wipe;

use crate::cli::look::status_of;
use crate::error::TillError;
use crate::import::{FileLine, Outcome as Imported, close_as_expected, sell_record};
use crate::ledger::query::{self, By};
use crate::ledger::{Ledger, Standing, rebuild, verify};
use crate::refund::{ReturnRequest, refund, void};
use crate::sell::{SaleRequest, Sold, sell, snapshot};
use crate::shift::{self, Counted};
use crate::staff::{Who, check_pin};
use crate::{backup, catalogue, clock, export, goods, random, search, stock, sync_driver};
use daybook_domain::amount::{Minor, Quantity};
use daybook_domain::basket::Basket;
use daybook_domain::document::TenderType;
use daybook_domain::entry::{DrawerOpened, Fact};
use daybook_domain::ids::{DocumentId, Sku};
use daybook_domain::tender::Offer;
use daybook_sync::client::Applied;
use daybook_sync::message::{Outcome, RequestAnswer};
use fixture::{Shop, who};
use std::collections::BTreeMap;

fn sale(ledger: &mut Ledger, who: &Who, sku: &str, quantity: i64) -> Result<Sold, TillError> {
    let day = ledger.live()?.shift.as_ref().map(|shift| shift.day.clone()).unwrap_or_default();
    let item = catalogue::item(ledger.reader(), &Sku::new(sku)?)?.expect("the item is there");
    let item = snapshot(ledger.reader(), &item, who.at_ms(), &day)?;
    let mut basket = Basket::new();
    basket.add(item, Quantity(quantity)).unwrap();
    let offers = vec![Offer::of(TenderType::Cash, None)];
    let request = SaleRequest::of(DocumentId(random::id(who.at_ms())?), basket, offers);
    sell(ledger, who, &request)
}

fn returning(number: &str) -> ReturnRequest {
    ReturnRequest {
        id: DocumentId(random::id(1).unwrap()),
        number: number.to_owned(),
        lines: Vec::new(),
        restock: true,
        offers: Vec::new(),
        reason: "returned".to_owned(),
    }
}

fn on_hand(ledger: &Ledger, sku: &str) -> i64 {
    let location = &ledger.identity().unwrap().location;
    let shown = stock::shown(ledger.reader(), location, &Sku::new(sku).unwrap()).unwrap();
    shown.level.on_hand_milli.0
}

fn all_holds(ledger: &Ledger) {
    verify::full(ledger.reader(), ledger.live().unwrap(), &mut |_| {}).unwrap();
}

#[test]
fn a_day_of_sales_refunds_and_voids_closes_to_the_coin() {
    let shop = Shop::open();
    let mut ledger = shop.ledger();
    let (who, boss) = (who(&mut ledger, "asha", None), who(&mut ledger, "asha", Some("kavya")));
    shift::open(&mut ledger, &who, Minor(50_000), BTreeMap::new()).unwrap();
    let first = sale(&mut ledger, &who, "TEA", 2000).unwrap().document;
    let second = sale(&mut ledger, &who, "TEA", 1000).unwrap().document;
    assert!(first.number.ends_with("-000001") && second.number.ends_with("-000002"));
    assert_eq!(on_hand(&ledger, "TEA"), 7000);
    refund(&mut ledger, &who, &returning(&first.number)).unwrap();
    let again = refund(&mut ledger, &who, &returning(&first.number)).unwrap_err();
    assert_eq!(again.code(), "refund.nothing");
    let id = DocumentId(random::id(2).unwrap());
    let alone = void(&mut ledger, &who, id, &second.number, "wrong").unwrap_err();
    assert_eq!(alone.code(), "approval.missing");
    void(&mut ledger, &boss, id, &second.number, "wrong").unwrap();
    assert_eq!(on_hand(&ledger, "TEA"), 10_000);
    let counted = Counted {
        amounts: BTreeMap::from([(TenderType::Cash, Minor(50_000))]),
        ..Counted::default()
    };
    let (z, _) = shift::close(&mut ledger, &who, counted, Some(&mut |_| {})).unwrap();
    assert_eq!((z.z_no, z.perpetual.net_minor, z.perpetual.documents), (1, Minor(0), 4));
    all_holds(&ledger);
}

#[test]
fn the_same_act_sent_twice_is_one_document() {
    let shop = Shop::open();
    let mut ledger = shop.ledger();
    let who = who(&mut ledger, "asha", None);
    shift::open(&mut ledger, &who, Minor(0), BTreeMap::new()).unwrap();
    let line =
        r#"{"basket":7,"store":1,"at":"2026-11-21T09:00:00Z","lines":[{"sku":"TEA","qty":1}]}"#;
    let sold =
        sell_record(&mut ledger, &who, FileLine { no: 1, text: line }, true).unwrap().outcome;
    assert!(matches!(sold, Imported::Sold(_)));
    let again =
        sell_record(&mut ledger, &who, FileLine { no: 1, text: line }, true).unwrap().outcome;
    assert!(matches!(again, Imported::Already(_)));
    all_holds(&ledger);
}

#[test]
fn pooled_strict_stock_is_not_sold_without_a_lease() {
    let shop = Shop::open();
    let mut ledger = shop.ledger();
    let (who, boss) = (who(&mut ledger, "asha", None), who(&mut ledger, "asha", Some("kavya")));
    shift::open(&mut ledger, &who, Minor(0), BTreeMap::new()).unwrap();
    let refused = sale(&mut ledger, &who, "UNIQUE", 1000).unwrap_err();
    assert_eq!(refused.code(), "stock.beyond_rights");
    let sold = sale(&mut ledger, &boss, "UNIQUE", 1000).unwrap();
    assert_eq!(sold.beyond.len(), 1);
    all_holds(&ledger);
}

/// An answer of an epoch with these outcomes and nothing else.
fn answered(epoch: i64, answers: Vec<RequestAnswer>) -> Applied {
    Applied {
        epoch,
        store_now_ms: 0,
        session: None,
        key: None,
        acked: None,
        history: None,
        page: None,
        fill_begins: false,
        fill_ends: false,
        refetch: None,
        answers,
        location: None,
        want_incarnation: None,
    }
}

fn granted(ledger: &mut Ledger, who: &Who, fence: i64) -> RequestAnswer {
    let sku = Sku::new("UNIQUE").unwrap();
    let id = sync_driver::ask_lease(ledger, who.moment, &sku, Quantity(1000)).unwrap();
    let outcome = Outcome::Granted { fence, quantity_milli: 1000, ttl_ms: 3_600_000 };
    RequestAnswer { id, outcome }
}

#[test]
fn leases_are_dropped_with_the_first_answer_of_another_epoch() {
    let shop = Shop::open();
    let mut ledger = shop.ledger();
    let who = who(&mut ledger, "asha", None);
    shift::open(&mut ledger, &who, Minor(0), BTreeMap::new()).unwrap();
    sync_driver::take_applied(&mut ledger, &answered(1, vec![])).unwrap();
    let answer = granted(&mut ledger, &who, 7);
    sync_driver::take_applied(&mut ledger, &answered(1, vec![answer])).unwrap();
    sync_driver::take_applied(&mut ledger, &answered(1, vec![])).unwrap();
    sale(&mut ledger, &who, "UNIQUE", 1000).unwrap();
    let (first, second) = (granted(&mut ledger, &who, 8), granted(&mut ledger, &who, 9));
    sync_driver::take_applied(&mut ledger, &answered(1, vec![first])).unwrap();
    // A restored store repeats what it granted before its backup.
    sync_driver::take_applied(&mut ledger, &answered(2, vec![second])).unwrap();
    let refused = sale(&mut ledger, &who, "UNIQUE", 1000).unwrap_err();
    assert_eq!(refused.code(), "stock.beyond_rights");
    let answer = granted(&mut ledger, &who, 10);
    sync_driver::take_applied(&mut ledger, &answered(2, vec![answer])).unwrap();
    sale(&mut ledger, &who, "UNIQUE", 1000).unwrap();
    all_holds(&ledger);
}

#[test]
fn ledger_rows_are_never_changed() {
    let shop = Shop::open();
    let mut ledger = shop.ledger();
    let who = who(&mut ledger, "asha", None);
    shift::open(&mut ledger, &who, Minor(0), BTreeMap::new()).unwrap();
    sale(&mut ledger, &who, "TEA", 1000).unwrap();
    for table in ["entry", "document", "movement", "shift", "incarnation"] {
        for sql in [format!("DELETE FROM {table}"), format!("UPDATE {table} SET rowid = 1")] {
            let sql = sql
                .replace("rowid = 1", "pos = pos")
                .replace("incarnation SET pos = pos", "incarnation SET ord = ord");
            let error = ledger.reader().execute_batch(&sql).unwrap_err().to_string();
            assert!(error.contains("append-only"), "{sql}: {error}");
        }
    }
}

#[test]
fn tampering_with_any_entry_is_found() {
    let tampers = [
        "UPDATE entry SET bytes = CAST(replace(CAST(bytes AS TEXT), 'TEA', 'TEE') AS BLOB)
         WHERE pos = (SELECT max(pos) FROM document)",
        "DELETE FROM entry WHERE pos = (SELECT min(pos) + 2 FROM entry)",
        "UPDATE entry SET signature = zeroblob(64) WHERE pos = (SELECT max(pos) FROM entry)",
        "UPDATE document SET payable_minor = payable_minor + 1",
        "DELETE FROM movement WHERE no = 1",
        "UPDATE number_series SET last = last + 1",
    ];
    for tamper in tampers {
        let shop = Shop::open();
        let mut ledger = shop.ledger();
        let who = who(&mut ledger, "asha", None);
        shift::open(&mut ledger, &who, Minor(0), BTreeMap::new()).unwrap();
        sale(&mut ledger, &who, "TEA", 1000).unwrap();
        all_holds(&ledger);
        let conn = ledger.reader();
        conn.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
        let mut triggers =
            conn.prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'").unwrap();
        let names: Vec<String> =
            triggers.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        drop(triggers);
        for name in names {
            conn.execute_batch(&format!("DROP TRIGGER {name}")).unwrap();
        }
        conn.execute_batch(tamper).unwrap();
        let found = verify::full(conn, ledger.live().unwrap(), &mut |_| {});
        assert_eq!(found.unwrap_err().code(), "ledger.damaged", "{tamper}");
    }
}

#[test]
fn goods_go_to_another_location_that_exists_and_a_count_in_two_places_is_one() {
    let shop = Shop::open();
    let mut ledger = shop.ledger();
    let boss = who(&mut ledger, "kavya", None);
    shift::open(&mut ledger, &boss, Minor(0), BTreeMap::new()).unwrap();
    let tea = Sku::new("TEA").unwrap();
    let goods = [(tea.clone(), Quantity(1000))];
    for place in ["shop", "nowhere"] {
        let how = goods::Move::TransferOut(place.parse().unwrap());
        let refused = goods::move_goods(&mut ledger, &boss, &how, &goods, None).unwrap_err();
        assert!(refused.to_string().contains("location"), "{refused}");
    }
    let counted = [(tea.clone(), Quantity(4000)), (tea.clone(), Quantity(5000))];
    goods::count(&mut ledger, &boss, &counted).unwrap();
    let pos = ledger.live().unwrap().pos();
    let mut lines = Vec::new();
    query::each_entry(ledger.reader(), pos, |entry| {
        if let Fact::StockCounted(count) = query::fact_of(&entry.bytes, entry.pos)? {
            lines.extend(count.lines);
        }
        Ok(())
    })
    .unwrap();
    assert_eq!(lines.len(), 1);
    assert_eq!(
        (lines[0].counted_milli, lines[0].expected_milli),
        (Quantity(9000), Quantity(10_000))
    );
    let absurd = [(tea, Quantity(i64::MAX))];
    assert_eq!(goods::count(&mut ledger, &boss, &absurd).unwrap_err().code(), "input.invalid");
    all_holds(&ledger);
}

#[test]
fn a_restored_backup_never_continues_its_numbers() {
    let shop = Shop::open();
    let mut ledger = shop.ledger();
    let boss = who(&mut ledger, "kavya", None);
    shift::open(&mut ledger, &boss, Minor(0), BTreeMap::new()).unwrap();
    let before = sale(&mut ledger, &boss, "TEA", 1000).unwrap().document;
    let file = shop.path().join("backup.db");
    backup::backup(&ledger.home().database(), &file, &mut |_, _| {}).unwrap();
    let lost = sale(&mut ledger, &boss, "TEA", 1000).unwrap().document;
    ledger.close().unwrap();
    backup::restore(&shop.till(), &file, 1).unwrap();
    let mut ledger = Ledger::open(&shop.till()).unwrap();
    assert!(matches!(ledger.standing(), Standing::NeedsIncarnation(_)));
    let refused = sale(&mut ledger, &boss, "TEA", 1000).unwrap_err();
    assert_eq!(refused.code(), "till.needs_incarnation");
    ledger.begin_provisional(boss.act()).unwrap();
    let after = sale(&mut ledger, &boss, "TEA", 1000).unwrap().document;
    assert_ne!(after.series, before.series);
    assert_ne!(after.number, lost.number);
    all_holds(&ledger);
}

#[test]
fn a_database_put_back_by_hand_is_noticed() {
    let shop = Shop::open();
    let mut ledger = shop.ledger();
    let boss = who(&mut ledger, "kavya", None);
    ledger.close().unwrap();
    let database = shop.till().join("till.db");
    let copy = shop.path().join("copy.db");
    std::fs::copy(&database, &copy).unwrap();
    let mut ledger = Ledger::open(&shop.till()).unwrap();
    assert_eq!(ledger.standing(), Standing::Ready);
    shift::open(&mut ledger, &boss, Minor(0), BTreeMap::new()).unwrap();
    ledger.close().unwrap();
    let needs = || status_of(&shop.till()).unwrap()["needs_incarnation"].clone();
    assert_eq!(needs(), false);
    std::fs::copy(&copy, &database).unwrap();
    assert_eq!(needs(), true, "it is seen from beside, too");
    let ledger = Ledger::open(&shop.till()).unwrap();
    assert!(matches!(ledger.standing(), Standing::NeedsIncarnation(_)));
}

#[test]
fn what_an_earlier_incarnation_did_not_send_is_unsent_too() {
    let shop = Shop::open();
    let mut ledger = shop.ledger();
    let boss = who(&mut ledger, "kavya", None);
    shift::open(&mut ledger, &boss, Minor(0), BTreeMap::new()).unwrap();
    let before = ledger.live().unwrap().head.seq;
    ledger.set_standing(Standing::NeedsIncarnation("copied"));
    ledger.begin_provisional(boss.act()).unwrap();
    let now = ledger.live().unwrap().head.seq;
    assert_eq!(status_of(&shop.till()).unwrap()["unsent"], before + now);
}

#[test]
fn a_shift_closed_as_expected_verifies_the_ledger_as_a_counted_one_does() {
    let shop = Shop::open();
    let mut ledger = shop.ledger();
    let boss = who(&mut ledger, "kavya", None);
    shift::open(&mut ledger, &boss, Minor(0), BTreeMap::new()).unwrap();
    sale(&mut ledger, &boss, "TEA", 1000).unwrap();
    let conn = rusqlite::Connection::open(ledger.home().database()).unwrap();
    conn.execute_batch(
        "DROP TRIGGER movement_never_changes; UPDATE movement SET quantity_milli = -7000",
    )
    .unwrap();
    let closed = close_as_expected(&mut ledger, &boss, Some(&mut |_| {}));
    assert_eq!(closed.unwrap_err().code(), "ledger.damaged");
}

#[test]
fn wrong_pins_lock_and_the_right_one_does_not_help_then() {
    let shop = Shop::open();
    let mut ledger = shop.ledger();
    let staff = "asha".parse().unwrap();
    for _ in 0..5 {
        let wrong = check_pin(&mut ledger, clock::now(), &staff, "0000").unwrap_err();
        assert_eq!(wrong.code(), "staff.wrong_pin");
    }
    let locked = check_pin(&mut ledger, clock::now(), &staff, fixture::PIN).unwrap_err();
    assert_eq!(locked.code(), "staff.locked");
    all_holds(&ledger);
}

#[test]
fn products_are_found_by_words_parts_and_codes_in_any_script() {
    let shop = Shop::open();
    let ledger = shop.ledger();
    let first = |query: &str| {
        let found = search::search(ledger.reader(), query, 5).unwrap();
        found.first().map(|item| item.sku.to_string())
    };
    for query in ["tea", "T", "te", "assam tea", "tea ass", "ssam", "TEA"] {
        assert_eq!(first(query).as_deref(), Some("TEA"), "{query}");
    }
    assert_eq!(first("creme").as_deref(), Some("CREME"));
    assert_eq!(first("दूध").as_deref(), Some("MILK"));
    assert_eq!(first("حليب").as_deref(), Some("MILK"));
    assert_eq!(first("zzz"), None);
    assert_eq!(first("\"*("), None);
    let scanned = catalogue::by_scan(ledger.reader(), "8904000210037").unwrap();
    assert_eq!(scanned.first().map(|item| item.sku.as_str()), Some("TEA"));
}

#[test]
fn an_export_verifies_without_the_ledger_and_a_changed_one_does_not() {
    let shop = Shop::open();
    let mut ledger = shop.ledger();
    let who = who(&mut ledger, "asha", None);
    shift::open(&mut ledger, &who, Minor(0), BTreeMap::new()).unwrap();
    let to = shop.path().join("export");
    export::export(&ledger, &to, 1).unwrap();
    assert_eq!(export::verify(&to).unwrap().entries, 3);
    let file = to.join("journal-1.ndjson");
    let text = std::fs::read_to_string(&file).unwrap().replace("shift.opened", "shift.closed");
    std::fs::write(&file, text).unwrap();
    assert_eq!(export::verify(&to).unwrap_err().code(), "ledger.damaged");
}

#[test]
fn a_customer_erased_at_the_store_is_forgotten_and_the_chain_holds() {
    let shop = Shop::open();
    let mut ledger = shop.ledger();
    let who = who(&mut ledger, "asha", None);
    let id = uuid::Uuid::from_u128(7);
    let opened = Fact::DrawerOpened(DrawerOpened { reason: "change".to_owned() });
    for name in [id, uuid::Uuid::from_u128(8)] {
        let sidecar = format!(r#"{{"salt":"00","customer":"{name}","name":"Meera"}}"#);
        ledger.write(who.act(), |gate| gate.append_with(&opened, Some(&sidecar))).unwrap();
    }
    let sidecars = |ledger: &Ledger| -> i64 {
        let count = "SELECT count(*) FROM sidecar";
        ledger.reader().query_row(count, [], |row| row.get(0)).unwrap()
    };
    assert_eq!(sidecars(&ledger), 2);
    let sent = query::entries_after(ledger.reader(), ledger.live().unwrap().ord, 0, 100, 1 << 20);
    let sent: Vec<String> = sent.unwrap().into_iter().filter_map(|entry| entry.sidecar).collect();
    assert!(sent.len() == 2 && sent[0].contains("Meera"), "they go out with their entries");
    fixture::forget(&mut ledger, 20, &format!("customer/{id}"));
    assert_eq!(sidecars(&ledger), 1);
    all_holds(&ledger);
}

#[test]
fn read_models_made_again_equal_the_live_ones() {
    let shop = Shop::open();
    let mut ledger = shop.ledger();
    let who = who(&mut ledger, "asha", None);
    shift::open(&mut ledger, &who, Minor(0), BTreeMap::new()).unwrap();
    for _ in 0..5 {
        let document = sale(&mut ledger, &who, "TEA", 1000).unwrap().document;
        refund(&mut ledger, &who, &returning(&document.number)).unwrap();
        assert!(query::document(ledger.reader(), By::Id(document.id)).unwrap().is_some());
    }
    rebuild::compare(ledger.reader()).unwrap();
}

#[test]
fn a_clock_that_jumped_by_a_day_never_stops_a_sale_and_asks_a_manager_at_the_next_shift() {
    let shop = Shop::open();
    let mut ledger = shop.ledger();
    let today = who(&mut ledger, "asha", None);
    shift::open(&mut ledger, &today, Minor(0), BTreeMap::new()).unwrap();
    let day = ledger.live().unwrap().shift.as_ref().unwrap().day.clone();
    let mut later = today.clone();
    later.moment.at_ms += 3 * 24 * 3_600_000;
    let sold = sale(&mut ledger, &later, "TEA", 1000).unwrap();
    assert_eq!(sold.document.day, day, "the business day of the shift stands");
    let counted = Counted {
        amounts: BTreeMap::from([(TenderType::Cash, Minor(10_000))]),
        ..Counted::default()
    };
    shift::close(&mut ledger, &later, counted, None).unwrap();
    let alone = shift::open(&mut ledger, &later, Minor(0), BTreeMap::new()).unwrap_err();
    assert_eq!(alone.code(), "approval.missing");
    let boss = Who { moment: later.moment, ..who(&mut ledger, "asha", Some("kavya")) };
    shift::open(&mut ledger, &boss, Minor(0), BTreeMap::new()).unwrap();
    let mut jumps = 0;
    query::each_entry(ledger.reader(), 0, |entry| {
        if let Fact::ClockJumped(_) = query::fact_of(&entry.bytes, entry.pos)? {
            jumps += 1;
        }
        Ok(())
    })
    .unwrap();
    assert_eq!(jumps, 1, "the jump is stated, once");
    all_holds(&ledger);
}
