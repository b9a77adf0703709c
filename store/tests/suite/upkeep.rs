//! What a person decides about tills, leases, customers and endangered orders.

use crate::support::TestStore;
use crate::till::{TestTill, enrol_now, new_code, stock_shop};
use daybook_domain::amount::Quantity;
use daybook_domain::ids::{CustomerId, LocationId, OrderId, Sku};
use daybook_store::args;
use daybook_store::customers;
use daybook_store::enrol::{Fresh, Rotation, retire, rotate, rotation};
use daybook_store::exceptions;
use daybook_store::leases;
use daybook_store::orders::{self, By};
use daybook_store::quarantine;
use daybook_store::stock;
use daybook_store::tenant::SyncSettings;
use daybook_store::tills::{TillState, relocate, set_state};
use daybook_store::verify::verify;
use daybook_sync::message::{
    Outcome, PullAnswer, PushVerdict, RefetchReason, Request, RequestBody,
};
use serde_json::json;
use uuid::Uuid;

fn kinds(store: &TestStore) -> Vec<String> {
    let open = store.gate().read(|tx| exceptions::list(tx, false)).unwrap();
    open.into_iter().map(|one| one.kind).collect()
}

fn lease(store: &TestStore, till: &mut TestTill, quantity_milli: i64) -> i64 {
    let body =
        RequestBody::LeaseAcquire { sku: "VASE".into(), location: "shop".into(), quantity_milli };
    till.requests.push(Request::new(Uuid::from_u128(till.till.as_u128() + 9), &body));
    match till.exchange(store).answers[0].outcome {
        Outcome::Granted { fence, .. } => fence,
        ref other => panic!("{other:?}"),
    }
}

fn level(store: &TestStore, location: &str, sku: &str) -> daybook_domain::stock::Level {
    let (location, sku) = (LocationId::new(location).unwrap(), Sku::new(sku).unwrap());
    store.gate().read(|tx| stock::find(tx, &location, &sku)).unwrap().unwrap().level
}

fn add_location(store: &TestStore, location: &'static str) {
    store
        .gate()
        .write(move |tx| {
            let tenant = tx.tenant();
            tx.execute(
                "INSERT INTO location (tenant_id, location_id, kind, seller) VALUES ($1, $2, 'shop', '{\"name\":\"Other\"}')",
                args![tenant, *location],
            )?;
            tx.execute(
                "INSERT INTO stock_level (tenant_id, location_id, sku, policy, on_hand_milli) VALUES ($1, $2, 'TEA', 'pooled_soft', 5000)",
                args![tenant, *location],
            )?;
            tx.touch(daybook_store::gate::Dirty::Stock(location.parse().unwrap(), "TEA".parse().unwrap()));
            Ok::<_, daybook_store::db::DbError>(())
        })
        .unwrap();
}

on_both! {
    fn a_lease_ends_with_its_incarnation_and_a_named_person_writes_it_off(store) {
        store.gate().write(stock_shop).unwrap();
        let mut till = TestTill::enrolled(&store, 1);
        let fence = lease(&store, &mut till, 3000);
        assert_eq!(level(&store, "shop", "VASE").leased_milli, Quantity(3000));
        let (by, other) = ("kavya".parse().unwrap(), "kavya".parse().unwrap());
        let early = store.gate().write(move |tx| leases::write_off(tx, fence, &by, "too early")).unwrap();
        assert!(!early, "the till may still sell");
        enrol_now(&store, &new_code(&store, Some(&till.code)), 2).unwrap();
        let now = level(&store, "shop", "VASE");
        assert_eq!((now.leased_milli, now.in_doubt_milli), (Quantity(0), Quantity(3000)));
        assert_eq!(store.gate().read(|tx| leases::list(tx, false)).unwrap()[0].state, "in_doubt");
        assert!(store.gate().write(move |tx| leases::write_off(tx, fence, &other, "disk dead")).unwrap());
        assert_eq!(level(&store, "shop", "VASE").in_doubt_milli, Quantity(0));
        assert_eq!(store.gate().read(|tx| leases::list(tx, false)).unwrap(), []);
        let settled = store.gate().read(|tx| leases::list(tx, true)).unwrap();
        assert_eq!(settled[0].settled_by.as_deref(), Some("kavya"));
        let row = store.gate().read(|tx| tx.query_one("SELECT actor, detail FROM till_event WHERE kind = 'lease_written_off'", &[])).unwrap();
        assert_eq!((row.text(0).unwrap(), row.text(1).unwrap().contains("disk dead")), ("kavya", true));
    }

    fn a_sale_in_quarantine_keeps_its_lease_in_doubt_until_a_person_closes_the_case(store) {
        store.gate().write(stock_shop).unwrap();
        let mut till = TestTill::enrolled(&store, 1);
        let fence = lease(&store, &mut till, 3000);
        let code = till.code.clone();
        store.gate().write(move |tx| set_state(tx, &code, TillState::Blocked, "kavya")).unwrap();
        for number in ["T1A-1", "T1A-2"] {
            till.sell_at("VASE", 1000, number, crate::support::START_MS, Some(fence));
        }
        store.clock.advance_ms(2 * leases::TTL_MS);
        daybook_store::jobs::round(store.gate()).unwrap();
        till.exchange(&store);
        let now = level(&store, "shop", "VASE");
        assert_eq!((now.in_doubt_milli, now.free().unwrap()), (Quantity(3000), Quantity(7000)), "two are in a customer's bag");
        let (first, second) = (format!("{}/1/1", till.code), format!("{}/1/2", till.code));
        let (first, second): (quarantine::Place, quarantine::Place) = (first.parse().unwrap(), second.parse().unwrap());
        let tried = store.gate().write(move |tx| quarantine::retry(tx, &second, "kavya")).unwrap();
        assert_eq!(tried.code, None, "{}", tried.detail);
        let now = level(&store, "shop", "VASE");
        assert_eq!((now.on_hand_milli, now.in_doubt_milli), (Quantity(9000), Quantity(2000)), "the other still waits");
        store.gate().write(move |tx| quarantine::resolve(tx, &first, "kavya", "never happened")).unwrap();
        let now = level(&store, "shop", "VASE");
        assert_eq!((now.on_hand_milli, now.in_doubt_milli), (Quantity(9000), Quantity(0)), "all is known without another word of the till");
    }

    fn a_closed_case_settles_no_lease_whose_till_has_not_spoken_since(store) {
        store.gate().write(stock_shop).unwrap();
        let mut till = TestTill::enrolled(&store, 1);
        lease(&store, &mut till, 3000);
        till.write_raw(b"not an entry", None);
        till.exchange(&store);
        store.clock.advance_ms(2 * leases::TTL_MS);
        daybook_store::jobs::round(store.gate()).unwrap();
        let place: quarantine::Place = format!("{}/1/1", till.code).parse().unwrap();
        store.gate().write(move |tx| quarantine::resolve(tx, &place, "kavya", "noise")).unwrap();
        assert_eq!(level(&store, "shop", "VASE").in_doubt_milli, Quantity(3000));
        till.exchange(&store);
        assert_eq!(level(&store, "shop", "VASE").in_doubt_milli, Quantity(0));
    }

    fn a_lease_of_a_moved_till_is_settled_when_the_till_knows_that_it_moved(store) {
        store.gate().write(stock_shop).unwrap();
        add_location(&store, "north");
        let mut till = TestTill::enrolled(&store, 1);
        till.exchange(&store);
        let fence = lease(&store, &mut till, 3000);
        let code = till.code.clone();
        store.gate().write(move |tx| relocate(tx, &code, &"north".parse().unwrap(), "kavya")).unwrap();
        till.sell_at("VASE", 1000, "T1A-1", crate::support::START_MS, Some(fence));
        till.exchange(&store);
        assert_eq!(level(&store, "shop", "VASE").in_doubt_milli, Quantity(2000), "the answer may be lost");
        till.sell_at("VASE", 1000, "T1A-2", crate::support::START_MS, Some(fence));
        till.exchange(&store);
        assert_eq!(level(&store, "shop", "VASE").in_doubt_milli, Quantity(1000));
        assert_eq!(kinds(&store), Vec::<String>::new(), "sold under its lease");
        till.cursor = None;
        till.exchange(&store);
        assert_eq!(level(&store, "shop", "VASE").in_doubt_milli, Quantity(1000), "no cursor says nothing");
        till.exchange(&store);
        assert_eq!(level(&store, "shop", "VASE").in_doubt_milli, Quantity(0), "it has rows of its new location");
    }

    fn a_lease_of_a_moved_till_that_never_learns_is_settled_when_its_time_is_over(store) {
        store.gate().write(stock_shop).unwrap();
        add_location(&store, "north");
        let mut till = TestTill::enrolled(&store, 1);
        till.exchange(&store);
        lease(&store, &mut till, 3000);
        let code = till.code.clone();
        store.gate().write(move |tx| relocate(tx, &code, &"north".parse().unwrap(), "kavya")).unwrap();
        till.send(&store);
        assert_eq!(level(&store, "shop", "VASE").in_doubt_milli, Quantity(3000));
        store.clock.advance_ms(2 * leases::TTL_MS);
        till.send(&store);
        assert_eq!(level(&store, "shop", "VASE").in_doubt_milli, Quantity(0));
    }

    fn a_dead_tills_leases_keep_no_question_open_that_endangers_nobody(store) {
        store.gate().write(stock_shop).unwrap();
        let (mut dead, mut other) = (TestTill::enrolled(&store, 1), TestTill::enrolled(&store, 2));
        lease(&store, &mut dead, 3000);
        other.sell("VASE", 8000, "T2A-1");
        other.exchange(&store);
        assert_eq!(kinds(&store), ["stock.oversold"], "the lease is endangered");
        let code = dead.code.clone();
        store.gate().write(move |tx| set_state(tx, &code, TillState::Retired, "kavya")).unwrap();
        assert_eq!(kinds(&store), Vec::<String>::new());
        other.sell("VASE", 1000, "T2A-2");
        other.exchange(&store);
        assert_eq!(kinds(&store), Vec::<String>::new(), "what is in doubt is promised to nobody");
    }

    fn a_moved_till_is_told_where_it_stands_and_fetches_its_new_location(store) {
        store.gate().write(stock_shop).unwrap();
        add_location(&store, "north");
        let mut till = TestTill::enrolled(&store, 1);
        assert_eq!(till.exchange(&store).location.as_deref(), Some("shop"), "a fill says where");
        assert_eq!(till.exchange(&store).location, None);
        assert!(till.row("stock/shop/RICE").is_some() && till.row("stock/north/TEA").is_none());
        let code = till.code.clone();
        let unknown = store.gate().write(move |tx| relocate(tx, &code, &"nowhere".parse().unwrap(), "kavya")).unwrap_err();
        assert_eq!(unknown.code(), "location.unknown");
        let code = till.code.clone();
        store.gate().write(move |tx| relocate(tx, &code, &"north".parse().unwrap(), "kavya")).unwrap();
        for _ in 0..2 {
            let answer = till.send(&store);
            assert_eq!(answer.pull, PullAnswer::Refetch { reason: RefetchReason::Scope });
            assert_eq!(answer.location.as_deref(), Some("north"), "told until it was heard");
        }
        till.cursor = None;
        till.rows.clear();
        till.exchange(&store);
        assert!(till.row("stock/north/TEA").is_some() && till.row("stock/shop/RICE").is_none());
        assert!(matches!(till.exchange(&store).pull, PullAnswer::Page(_)), "once is enough");
    }

    fn a_key_is_replaced_while_both_count(store) {
        store.gate().write(stock_shop).unwrap();
        let till = TestTill::enrolled(&store, 1);
        let row = store.gate().read(|tx| tx.query_one("SELECT key_id FROM till_key", &[])).unwrap();
        let old = row.text(0).unwrap().to_owned();
        let keyring = store.keyring();
        let look = |key: &str| store.gate().read(|tx| rotation(tx, key)).unwrap();
        assert_eq!(look(&old), Rotation::None);
        for _ in 0..2 {
            let (code, keyring) = (till.code.clone(), keyring.clone());
            store.gate().write(move |tx| rotate(tx, &keyring, &code, "kavya", Fresh::draw)).unwrap();
        }
        let Rotation::Give { key_id: second, .. } = look(&old) else { panic!() };
        let Rotation::Give { key_id: third, .. } = look(&second) else { panic!() };
        let valid = |key: &str| store.gate().read(|tx| daybook_store::enrol::request_key(tx, key)).unwrap().is_some();
        assert!(valid(&old) && valid(&second) && valid(&third), "whatever answer was lost");
        assert_eq!(look(&third), Rotation::Retire { key_id: second.clone() });
        store.gate().write(move |tx| retire(tx, &second)).unwrap();
        assert_eq!(look(&third), Rotation::None);
    }

    fn a_till_too_old_for_the_feed_still_delivers(store) {
        store.gate().write(stock_shop).unwrap();
        let mut till = TestTill::enrolled(&store, 1);
        till.exchange(&store);
        store.gate().write(|tx| SyncSettings { minimum_protocol: 2 }.store(tx)).unwrap();
        till.sell("TEA", 1000, "T1A-1");
        let answer = till.exchange(&store);
        assert_eq!(answer.pull, PullAnswer::UpgradeRequired { minimum: 2 });
        assert_eq!((answer.push.verdict, answer.push.received_through), (PushVerdict::Accepted, 1));
        assert_eq!(level(&store, "shop", "TEA").on_hand_milli, Quantity(9000));
    }

    fn an_erased_customer_is_gone_everywhere_and_the_chain_still_holds(store) {
        store.gate().write(stock_shop).unwrap();
        store.gate().write(|tx| tx.execute("UPDATE stock_level SET on_hand_milli = 0", &[])).unwrap();
        let mut till = TestTill::enrolled(&store, 1);
        let customer = Uuid::from_u128(42);
        till.write_with_sidecar("customer.created", &json!({"customer": customer}), r#"{"salt":"x","name":"Ravi","phone":"+91"}"#);
        let named = format!(r#"{{"salt":"y","customer":"{customer}","name":"Ravi"}}"#);
        till.write_with_sidecar("drawer.opened", &json!({"reason": "change"}), &named);
        till.write_with_sidecar("drawer.opened", &json!({"reason": "change"}), r#"{"salt":"z","name":"Someone else"}"#);
        till.exchange(&store);
        assert!(till.row(&format!("customer/{customer}")).is_some());
        let erase = move |tx: &mut daybook_store::db::Tx<'_>| customers::erase(tx, CustomerId(customer), "kavya", "asked for it");
        let erased = store.gate().write(erase).unwrap();
        assert_eq!((erased.sidecars, erased.orders), (2, 0));
        assert_eq!(store.gate().write(erase).unwrap().sidecars, 0, "twice is once");
        till.exchange(&store);
        let (_, key, value) = till.rows.iter().find(|(_, key, _)| key.starts_with("customer/")).unwrap();
        assert_eq!((key.as_str(), value), (format!("customer/{customer}").as_str(), &None));
        let row = store.gate().read(|tx| tx.query_one(
            "SELECT c.name, c.erased_by, c.erased_reason, (SELECT count(*) FROM journal_sidecar s WHERE s.text IS NOT NULL)
             FROM customer c WHERE c.erased_at_ms IS NOT NULL", &[])).unwrap();
        assert_eq!((row.text(0).unwrap(), row.text(1).unwrap(), row.text(2).unwrap(), row.int(3).unwrap()), ("", "kavya", "asked for it", 1));
        let report = store.gate().read(verify).unwrap();
        assert_eq!((report.entries, report.faults.len()), (3, 0), "{report:?}");
        let nobody = store.gate().write(|tx| customers::erase(tx, CustomerId(Uuid::nil()), "kavya", "x")).unwrap_err();
        assert_eq!(nobody.code(), "customer.unknown");
    }

    fn an_endangered_line_is_taken_from_another_location(store) {
        let mut till = crate::order_at_till::shop(&store);
        crate::order_at_till::place(&store, 1);
        crate::order_at_till::pay(&store, 1);
        crate::order_at_till::place(&store, 2);
        let by = || By { actor: "kavya".into(), role: daybook_domain::order::Actor::Staff(daybook_domain::feed::Role::Manager), reason: "shelf is empty".into() };
        till.write("stock.adjusted", &json!({"movements": [{"sku": "CUP", "location": "shop", "quantity_milli": -8000, "reason": "adjustment"}], "reason": "broken"}));
        till.exchange(&store);
        assert_eq!(kinds(&store), ["stock.oversold"]);
        let sku: Sku = "CUP".parse().unwrap();
        for order in [1, 2] {
            let sku = sku.clone();
            store.gate().write(move |tx| orders::relocate(tx, OrderId(Uuid::from_u128(order)), &sku, &"ware".parse().unwrap(), &by())).unwrap();
        }
        let (shop, ware) = (level(&store, "shop", "CUP"), level(&store, "ware", "CUP"));
        assert_eq!((shop.on_hand_milli, shop.reserved_milli), (Quantity(2000), Quantity(0)));
        assert_eq!((ware.on_hand_milli, ware.reserved_milli), (Quantity(8000), Quantity(2000)));
        let order = store.gate().read(|tx| orders::find(tx, OrderId(Uuid::from_u128(1)))).unwrap();
        let last = order.history.last().unwrap();
        assert_eq!((last.event.as_str(), last.by.as_str(), last.reason.as_str()), ("line_moved", "kavya", "CUP from shop to ware: shelf is empty"));
        crate::order_at_till::pay(&store, 2);
        assert_eq!(level(&store, "ware", "CUP").on_hand_milli, Quantity(6000));
        crate::order_at_till::books_hold(&store);
        till.write("order.handed_over", &json!({"order": OrderId(Uuid::from_u128(1))}));
        till.exchange(&store);
        let gone = store.gate().write(move |tx| orders::relocate(tx, OrderId(Uuid::from_u128(1)), &sku, &"shop".parse().unwrap(), &by())).unwrap_err();
        assert_eq!(gone.code(), "order.not_possible");
    }
}
