//! When a raised allotment takes effect: only when no till can sell it any more.

use crate::support::TestStore;
use crate::till::{TestTill, new_code, sale, stock_shop};
use daybook_domain::amount::Quantity;
use daybook_domain::ids::{LocationId, Sku};
use daybook_store::args;
use daybook_store::db::DbError;
use daybook_store::quarantine;
use daybook_store::stock;
use daybook_store::tills::{TillState, relocate, set_state};
use serde_json::json;
use uuid::Uuid;

fn rice() -> (LocationId, Sku) {
    ("shop".parse().unwrap(), "RICE".parse().unwrap())
}

fn allot(store: &TestStore, milli: i64) {
    let (at, sku) = rice();
    store.gate().write(move |tx| stock::allot(tx, &at, &sku, Quantity(milli))).unwrap();
}

/// Effective and proposed.
fn allotted(store: &TestStore) -> (i64, i64) {
    let (at, sku) = rice();
    let level = store.gate().read(|tx| stock::find(tx, &at, &sku)).unwrap().unwrap().level;
    (level.allotted_milli.0, level.allotted_proposed_milli.0)
}

fn round(store: &TestStore) {
    daybook_store::jobs::round(store.gate()).unwrap();
}

on_both! {
    fn a_raise_waits_until_each_till_has_seen_it(store) {
        store.gate().write(stock_shop).unwrap();
        let (mut first, mut second) = (TestTill::enrolled(&store, 1), TestTill::enrolled(&store, 2));
        first.exchange(&store);
        second.exchange(&store);
        allot(&store, 6000);
        first.exchange(&store);
        first.exchange(&store);
        second.exchange(&store);
        round(&store);
        assert_eq!(allotted(&store), (0, 6000), "the second till has been sent the row, but has not said that it has it");
        second.exchange(&store);
        assert_eq!(allotted(&store), (6000, 6000), "the exchange itself lets it take effect");
        assert_eq!(second.row("stock/shop/RICE").unwrap().1["allotted_milli"], 6000);
    }

    fn a_raise_waits_for_sales_that_are_on_their_way(store) {
        store.gate().write(stock_shop).unwrap();
        let mut till = TestTill::enrolled(&store, 1);
        till.exchange(&store);
        till.sell("RICE", 9000, "T1A-1");
        allot(&store, 6000);
        let answer = till.poll(&store);
        till.take(&answer);
        let answer = till.poll(&store);
        till.take(&answer);
        round(&store);
        assert_eq!(allotted(&store), (0, 6000), "the store knows of an entry that it does not hold");
        till.exchange(&store);
        till.exchange(&store);
        assert_eq!(allotted(&store), (1000, 6000), "there is one left to set aside");
    }

    fn a_raise_waits_for_sales_in_quarantine(store) {
        store.gate().write(stock_shop).unwrap();
        let mut till = TestTill::enrolled(&store, 1);
        till.exchange(&store);
        let mut wrong = sale(Uuid::from_u128(77), "RICE", 9000, "T1A-1", till.till);
        wrong["document"]["totals"]["payable_minor"] = json!(1);
        till.write("sale.completed", &wrong);
        allot(&store, 6000);
        till.exchange(&store);
        till.exchange(&store);
        round(&store);
        assert_eq!(allotted(&store), (0, 6000), "nine may have left the shelf");
        let place: quarantine::Place = format!("{}/1/1", till.code).parse().unwrap();
        store.gate().write(move |tx| quarantine::resolve(tx, &place, "kavya", "never happened")).unwrap();
        round(&store);
        assert_eq!(allotted(&store), (6000, 6000));
    }

    fn raises_that_wait_keep_no_others_waiting(store) {
        store.gate().write(stock_shop).unwrap();
        // More of them than one exchange looks at, all before RICE in the order of SKUs, at a shop whose till is silent.
        store.gate().write(|tx| {
            let tenant = tx.tenant();
            tx.execute("INSERT INTO location (tenant_id, location_id, kind, seller) VALUES ($1, 'east', 'shop', '{\"name\":\"East\"}')", args![tenant])?;
            for n in 0..25 {
                let sku = format!("A{n}");
                tx.execute(
                    "INSERT INTO item (tenant_id, sku, product, name, uom, tax_class) VALUES ($1, $2, 'A', 'A', 'each', 'gst-18')",
                    args![tenant, sku],
                )?;
                tx.execute(
                    "INSERT INTO stock_level (tenant_id, location_id, sku, on_hand_milli) VALUES ($1, 'east', $2, 1000)",
                    args![tenant, sku],
                )?;
                stock::allot(tx, &"east".parse().unwrap(), &sku.parse().unwrap(), Quantity(1000)).unwrap();
            }
            Ok::<_, DbError>(())
        }).unwrap();
        let silent = TestTill::enrolled(&store, 2);
        let code = silent.code.clone();
        store.gate().write(move |tx| relocate(tx, &code, &"east".parse().unwrap(), "kavya")).unwrap();
        let mut till = TestTill::enrolled(&store, 1);
        allot(&store, 6000);
        till.exchange(&store);
        till.exchange(&store);
        assert_eq!(allotted(&store), (6000, 6000));
    }

    fn a_retired_till_is_not_waited_for(store) {
        store.gate().write(stock_shop).unwrap();
        let till = TestTill::enrolled(&store, 1);
        till.send(&store);
        allot(&store, 6000);
        round(&store);
        assert_eq!(allotted(&store), (0, 6000));
        let code = till.code.clone();
        store.gate().write(move |tx| set_state(tx, &code, TillState::Retired, "kavya")).unwrap();
        round(&store);
        assert_eq!(allotted(&store), (6000, 6000));
    }

    fn lowering_takes_effect_at_once_and_a_later_raise_waits_anew(store) {
        store.gate().write(stock_shop).unwrap();
        let mut till = TestTill::enrolled(&store, 1);
        allot(&store, 6000);
        till.exchange(&store);
        till.exchange(&store);
        assert_eq!(allotted(&store), (6000, 6000));
        allot(&store, 1000);
        assert_eq!(allotted(&store), (1000, 1000));
        till.exchange(&store);
        till.exchange(&store);
        // As an import does it: by the level itself.
        let (at, sku) = rice();
        store.gate().write(move |tx| {
            let found = stock::lock(tx, &at, &sku)?.unwrap();
            stock::save(tx, &at, &sku, &stock::proposed(found.level, Quantity(5000)))
        }).unwrap();
        round(&store);
        assert_eq!(allotted(&store), (1000, 5000), "what the till saw was another proposal");
        till.exchange(&store);
        till.exchange(&store);
        assert_eq!(allotted(&store), (5000, 5000));
    }

    fn a_machine_that_took_over_is_waited_for_until_its_first_entry(store) {
        store.gate().write(stock_shop).unwrap();
        let mut till = TestTill::enrolled(&store, 1);
        till.exchange(&store);
        let answer = crate::till::enrol_now(&store, &new_code(&store, Some(&till.code)), 1).unwrap();
        till.journal.incarnation = answer.incarnation;
        till.session = answer.session;
        allot(&store, 6000);
        till.exchange(&store);
        till.exchange(&store);
        assert_eq!(allotted(&store), (0, 6000), "earlier entries come first and may still be unsent");
        till.sell("RICE", 1000, "T1B-1");
        till.exchange(&store);
        till.exchange(&store);
        assert_eq!(allotted(&store), (6000, 6000));
    }
}
