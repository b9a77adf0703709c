//! Web orders from the same stock as the tills.

use crate::import::{LOCATIONS, SETTINGS, TAXES, load, sources};
use crate::support::TestStore;
use daybook_domain::amount::{Minor, Quantity, UnitPrice};
use daybook_domain::feed::Role;
use daybook_domain::ids::{LocationId, OrderId, Sku};
use daybook_domain::order::Actor;
use daybook_store::args;
use daybook_store::orders::{
    self, By, Charge, NewLine, NewOrder, NewRefund, OnPaymentFailed, Order, OrderError,
    OrderSettings, Paid, RefundLine,
};
use daybook_store::reconcile::{Scope, reconcile};
use daybook_store::stock;
use uuid::Uuid;

const MINUTES: i64 = 60_000;
const STOCK: &str = "sku,location,on_hand,policy,allotted\nCUP,ware,10,pooled_soft,\nONE,ware,1,pooled_strict,\nCUP,shop,10,ring_fenced,4\n";
const PRODUCTS: &str = "sku,name,tax_class,price\nCUP,Cup,gst-18,999.00\nONE,One of a kind,gst-18,100.00\nLOOSE,Loose,exempt,\nGIFT,Gift bag,exempt,10.00\n";

fn shop(store: &TestStore) {
    let files = [
        ("settings.json", SETTINGS),
        ("locations.csv", LOCATIONS),
        ("taxes.csv", TAXES),
        ("products.csv", PRODUCTS),
        ("stock.csv", STOCK),
    ];
    load(store, &sources(&files)).unwrap();
}

fn customer() -> By {
    By { actor: "web".into(), role: Actor::Customer, reason: String::new() }
}

fn manager() -> By {
    By { actor: "kavya".into(), role: Actor::Staff(Role::Manager), reason: "asked for".into() }
}

fn order(id: u128, lines: &[(&str, i64)]) -> NewOrder {
    let line = |(sku, units): &(&str, i64)| NewLine {
        sku: Sku::new(*sku).unwrap(),
        quantity_milli: Quantity(units * 1000),
        unit_price_micros: None,
    };
    NewOrder {
        id: OrderId(Uuid::from_u128(id)),
        lines: lines.iter().map(line).collect(),
        location: Some(LocationId::new("ware").unwrap()),
        customer: None,
        fulfilment: None,
        shipping_address: None,
        billing_address: None,
        shipping_minor: None,
        note: None,
        gift_message: None,
        source: None,
    }
}

fn place(store: &TestStore, new: &NewOrder) -> Result<Order, OrderError> {
    let new = new.clone();
    store.gate().write(move |tx| orders::place(tx, &new, &customer()))
}

fn charge(id: u128, outcome: Result<(), &str>) -> Charge {
    Charge {
        id: Uuid::from_u128(id),
        gateway: "test".into(),
        amount_minor: None,
        reference: None,
        outcome: outcome.map_err(str::to_owned),
    }
}

fn pay(store: &TestStore, order: u128, charge: Charge) -> Result<Paid, OrderError> {
    store
        .gate()
        .write(move |tx| orders::pay(tx, OrderId(Uuid::from_u128(order)), &charge, &customer()))
}

fn refund(store: &TestStore, order: u128, new: NewRefund) -> Result<orders::Refunded, OrderError> {
    store
        .gate()
        .write(move |tx| orders::refund(tx, OrderId(Uuid::from_u128(order)), &new, &manager()))
}

fn whole(id: u128, restock: bool) -> NewRefund {
    NewRefund { id: Uuid::from_u128(id), lines: None, restock, reason: "broken".into() }
}

fn level(store: &TestStore, location: &str, sku: &str) -> (i64, i64) {
    let (location, sku) = (LocationId::new(location).unwrap(), Sku::new(sku).unwrap());
    let found = store.gate().read(|tx| stock::find(tx, &location, &sku)).unwrap().unwrap();
    (found.level.on_hand_milli.0 / 1000, found.level.reserved_milli.0 / 1000)
}

fn expire(store: &TestStore) -> usize {
    store.gate().write(|tx| orders::expire(tx, 100)).unwrap()
}

fn exceptions(store: &TestStore) -> Vec<String> {
    let found = store.gate().read(|tx| daybook_store::exceptions::list(tx, false)).unwrap();
    found.into_iter().map(|exception| exception.kind).collect()
}

fn books_hold(store: &TestStore) {
    let report = store.gate().read(|tx| reconcile(tx, &Scope::default())).unwrap();
    assert!(report.summary.holds(), "{:#?}", report.faults);
}

on_both! {
    fn two_at_999_with_tax_and_untaxed_shipping_cost_2407_64(store) {
        shop(&store);
        let placed = place(&store, &NewOrder { shipping_minor: Some(Minor(5_000)), ..order(1, &[("CUP", 2)]) }).unwrap();
        assert_eq!(placed.number, "ORD-20261122-001");
        assert_eq!((placed.subtotal_minor, placed.tax_minor, placed.shipping_minor), (199_800, 35_964, 5_000));
        assert_eq!(placed.total_minor, 240_764);
        assert_eq!(placed.state, "pending");
        assert_eq!(level(&store, "ware", "CUP"), (10, 2));
        books_hold(&store);
    }

    fn reserved_confirmed_deducted_and_given_back(store) {
        shop(&store);
        place(&store, &order(1, &[("CUP", 3)])).unwrap();
        let paid = pay(&store, 1, charge(11, Ok(()))).unwrap();
        assert_eq!((paid.payment.as_str(), paid.order.state.as_str()), ("captured", "paid"));
        assert_eq!(level(&store, "ware", "CUP"), (7, 0));
        books_hold(&store);

        let part = NewRefund { lines: Some(vec![RefundLine { line: 1, quantity_milli: Quantity(1000) }]), ..whole(21, true) };
        let done = refund(&store, 1, part.clone()).unwrap();
        assert_eq!((done.amount_minor, done.order.state.as_str()), (117_882, "partially_refunded"));
        assert_eq!(refund(&store, 1, part.clone()).unwrap(), done, "the same refund again is the same refund");
        assert_eq!(refund(&store, 1, NewRefund { restock: false, ..part }).unwrap_err().code(), "order.conflict");
        assert_eq!(level(&store, "ware", "CUP"), (8, 0));

        let rest = refund(&store, 1, whole(22, false)).unwrap();
        assert_eq!((rest.amount_minor, rest.order.state.as_str()), (235_764, "refunded"));
        assert_eq!(level(&store, "ware", "CUP"), (8, 0), "written off");
        assert!(refund(&store, 1, whole(23, true)).is_err(), "never above what was paid");
        let documents = store.gate().read(|tx| orders::documents_of(tx, OrderId(Uuid::from_u128(1)))).unwrap();
        let numbers: Vec<&str> = documents.iter().map(|document| document.number.as_str()).collect();
        assert_eq!(numbers, ["W1-AI26-000001", "W1-AC26-000001", "W1-AC26-000002"]);
        for document in &documents {
            daybook_domain::figures::verify(document).unwrap();
        }
        books_hold(&store);
    }

    fn an_order_of_nothing_is_paid_when_it_is_placed(store) {
        shop(&store);
        load(&store, &sources(&[("products.csv", "sku,name,tax_class,price\nCUP,Cup,gst-18,0\n")])).unwrap();
        let placed = place(&store, &order(1, &[("CUP", 3)])).unwrap();
        assert_eq!((placed.state.as_str(), placed.total_minor, placed.payments.len()), ("paid", 0, 0));
        assert_eq!(place(&store, &order(1, &[("CUP", 3)])).unwrap(), placed);
        assert_eq!(level(&store, "ware", "CUP"), (7, 0));
        for card in [Ok(()), Err("card_declined")] {
            let paid = pay(&store, 1, charge(11, card)).unwrap();
            assert_eq!((paid.payment.as_str(), paid.order.payments.len()), ("captured", 0));
        }
        assert_eq!(level(&store, "ware", "CUP"), (7, 0));
        store.clock.advance_ms(16 * MINUTES);
        assert_eq!(expire(&store), 0);
        books_hold(&store);

        let part = NewRefund { lines: Some(vec![RefundLine { line: 1, quantity_milli: Quantity(1000) }]), ..whole(21, true) };
        let done = refund(&store, 1, part.clone()).unwrap();
        assert_eq!((done.amount_minor, done.order.state.as_str()), (0, "paid"));
        assert_eq!(refund(&store, 1, part.clone()).unwrap(), done, "the same refund again is the same refund");
        assert_eq!(refund(&store, 1, NewRefund { restock: false, ..part }).unwrap_err().code(), "order.conflict");
        assert_eq!(level(&store, "ware", "CUP"), (8, 0));
        let rest = refund(&store, 1, whole(22, true)).unwrap();
        assert_eq!((rest.amount_minor, rest.order.state.as_str()), (0, "refunded"));
        assert_eq!(level(&store, "ware", "CUP"), (10, 0));
        assert!(refund(&store, 1, whole(23, true)).is_err());
        assert_eq!(pay(&store, 1, charge(11, Ok(()))).unwrap_err().code(), "order.not_possible");
        let documents = store.gate().read(|tx| orders::documents_of(tx, OrderId(Uuid::from_u128(1)))).unwrap();
        let numbers: Vec<&str> = documents.iter().map(|document| document.number.as_str()).collect();
        assert_eq!(numbers, ["W1-AI26-000001", "W1-AC26-000001", "W1-AC26-000002"]);
        for document in &documents {
            assert!(document.tenders.is_empty());
            daybook_domain::figures::verify(document).unwrap();
        }
        books_hold(&store);
    }

    fn a_gift_beside_what_was_paid_comes_back_without_money(store) {
        shop(&store);
        load(&store, &sources(&[("products.csv", "sku,name,tax_class,price\nONE,One,gst-18,0\n")])).unwrap();
        place(&store, &order(1, &[("CUP", 1), ("ONE", 1)])).unwrap();
        pay(&store, 1, charge(11, Ok(()))).unwrap();
        let gift = NewRefund { lines: Some(vec![RefundLine { line: 2, quantity_milli: Quantity(1000) }]), ..whole(21, true) };
        let done = refund(&store, 1, gift).unwrap();
        assert_eq!((done.amount_minor, done.order.state.as_str()), (0, "paid"));
        assert_eq!(level(&store, "ware", "ONE"), (1, 0));
        assert_eq!(refund(&store, 1, whole(22, true)).unwrap().order.state, "refunded");
        books_hold(&store);
    }

    fn an_order_not_paid_in_time_is_cancelled_and_its_goods_are_free(store) {
        shop(&store);
        place(&store, &order(1, &[("CUP", 3)])).unwrap();
        store.clock.advance_ms(15 * MINUTES - 1);
        assert_eq!(expire(&store), 0);
        store.clock.advance_ms(1);
        assert_eq!(expire(&store), 1);
        assert_eq!(expire(&store), 0);
        let order = store.gate().read(|tx| orders::find(tx, OrderId(Uuid::from_u128(1)))).unwrap();
        assert_eq!(order.state, "cancelled");
        assert_eq!(order.history.last().unwrap().reason, "the payment window ended");
        assert_eq!(level(&store, "ware", "CUP"), (10, 0));
        books_hold(&store);
    }

    fn a_late_payment_takes_the_goods_if_they_are_there_and_is_flagged_if_not(store) {
        shop(&store);
        place(&store, &order(1, &[("ONE", 1)])).unwrap();
        store.clock.advance_ms(16 * MINUTES);
        expire(&store);
        place(&store, &order(2, &[("ONE", 1)])).unwrap();
        let late = pay(&store, 1, charge(11, Ok(()))).unwrap();
        assert_eq!((late.order.state.as_str(), late.order.short, late.order.paid_minor), ("paid", true, 11_800));
        assert_eq!(exceptions(&store), ["order.short"]);
        pay(&store, 2, charge(12, Ok(()))).unwrap();
        assert_eq!(level(&store, "ware", "ONE"), (0, 0));
        refund(&store, 1, whole(21, true)).unwrap();
        assert_eq!(level(&store, "ware", "ONE"), (0, 0), "what never left does not come back");

        place(&store, &order(3, &[("CUP", 1)])).unwrap();
        store.clock.advance_ms(16 * MINUTES);
        expire(&store);
        let late = pay(&store, 3, charge(13, Ok(()))).unwrap();
        assert!(!late.order.short);
        assert_eq!(level(&store, "ware", "CUP"), (9, 0));
        books_hold(&store);
    }

    fn the_last_unit_goes_to_one_of_fifty_buyers(store) {
        shop(&store);
        let bought = std::thread::scope(|scope| {
            let buyers: Vec<_> = (1..=50_u128).map(|id| {
                let gate = store.gate().clone();
                scope.spawn(move || {
                    let new = order(id, &[("ONE", 1)]);
                    gate.write(move |tx| orders::place(tx, &new, &customer()))
                })
            }).collect();
            let answers: Vec<_> = buyers.into_iter().map(|buyer| buyer.join().unwrap()).collect();
            for refused in answers.iter().filter_map(|answer| answer.as_ref().err()) {
                assert_eq!(refused.code(), "stock.not_available", "{refused}");
            }
            answers.iter().filter(|answer| answer.is_ok()).count()
        });
        assert_eq!(bought, 1);
        assert_eq!(level(&store, "ware", "ONE"), (1, 1));
        books_hold(&store);
    }

    fn the_web_sells_only_its_allotment_of_a_ring_fenced_shelf(store) {
        shop(&store);
        let at_shop = |id, units| NewOrder { location: Some(LocationId::new("shop").unwrap()), ..order(id, &[("CUP", units)]) };
        let refused = place(&store, &at_shop(1, 5)).unwrap_err();
        assert_eq!(refused.to_string(), "lines[0].quantity_milli: only 4 of CUP are available");
        place(&store, &at_shop(2, 4)).unwrap();
        assert_eq!(place(&store, &at_shop(3, 1)).unwrap_err().code(), "stock.not_available");
        let cancelled = store.gate().write(|tx| orders::cancel(tx, OrderId(Uuid::from_u128(2)), &customer())).unwrap();
        assert_eq!(cancelled.state, "cancelled");
        place(&store, &at_shop(4, 4)).unwrap();
        books_hold(&store);
    }

    fn the_same_id_is_the_same_order_and_another_body_a_conflict(store) {
        shop(&store);
        let first = place(&store, &order(1, &[("CUP", 1)])).unwrap();
        assert_eq!(place(&store, &order(1, &[("CUP", 1)])).unwrap(), first);
        assert_eq!(place(&store, &order(1, &[("CUP", 2)])).unwrap_err().code(), "order.conflict");
        assert_eq!(level(&store, "ware", "CUP"), (10, 1));
        pay(&store, 1, charge(11, Ok(()))).unwrap();
        pay(&store, 1, charge(11, Ok(()))).unwrap();
        assert_eq!(level(&store, "ware", "CUP"), (9, 0), "paid once");
        let twice = pay(&store, 1, charge(12, Ok(()))).unwrap();
        assert_eq!(twice.order.paid_minor, 117_882);
        assert_eq!(exceptions(&store), ["payment.captured_twice"]);
        books_hold(&store);
    }

    fn a_payment_id_stands_for_one_attempt_with_one_body(store) {
        shop(&store);
        place(&store, &order(1, &[("CUP", 1)])).unwrap();
        let with = |reference: &str, charge: Charge| Charge { reference: Some(reference.into()), ..charge };
        let declined = || with("a", charge(11, Err("card_declined")));
        let first = pay(&store, 1, declined()).unwrap();
        assert_eq!(pay(&store, 1, declined()).unwrap(), first);
        for other in [
            with("b", charge(11, Err("card_declined"))),
            with("a", charge(11, Ok(()))),
            with("a", charge(11, Err("expired_card"))),
            Charge { amount_minor: Some(Minor(1)), ..declined() },
            Charge { gateway: "other".into(), ..declined() },
        ] {
            assert_eq!(pay(&store, 1, other).unwrap_err().code(), "order.conflict");
        }
        place(&store, &order(2, &[("CUP", 1)])).unwrap();
        assert_eq!(pay(&store, 2, declined()).unwrap_err().code(), "order.conflict");
        assert_eq!(pay(&store, 1, with("c", charge(12, Ok(())))).unwrap().payment, "captured");
        assert_eq!(pay(&store, 1, with("d", charge(12, Ok(())))).unwrap_err().code(), "order.conflict");
    }

    fn an_order_that_waits_for_no_payment_asks_no_gateway_for_one(store) {
        shop(&store);
        let ask = |order: u128, charge: Charge| {
            store.gate().write(move |tx| orders::ask(tx, OrderId(Uuid::from_u128(order)), &charge, &customer()))
        };
        place(&store, &order(1, &[("CUP", 1)])).unwrap();
        let paid = ask(1, charge(11, Ok(()))).unwrap();
        assert_eq!(ask(1, charge(11, Ok(()))).unwrap(), paid, "the same attempt is answered as it was");
        let refused = |order, id| {
            assert_eq!(ask(order, charge(id, Ok(()))).unwrap_err().code(), "order.not_possible");
            assert_eq!(ask(order, charge(id, Err("card_declined"))).unwrap_err().code(), "order.not_possible");
        };
        refused(1, 12);
        refund(&store, 1, whole(21, false)).unwrap();
        refused(1, 12);
        place(&store, &order(2, &[("CUP", 1)])).unwrap();
        store.gate().write(|tx| orders::cancel(tx, OrderId(Uuid::from_u128(2)), &customer())).unwrap();
        refused(2, 12);
        assert_eq!(exceptions(&store), Vec::<String>::new());
        assert_eq!(pay(&store, 2, charge(13, Ok(()))).unwrap().order.state, "paid", "a gateway reports what it took");
    }

    fn an_order_that_is_sent_many_times_at_once_is_placed_once(store) {
        shop(&store);
        let gates: Vec<_> = (0..8).map(|_| store.gate().clone()).collect();
        for (number, sku) in [(1, "ONE"), (2, "CUP"), (3, "GIFT")] {
            let together = std::sync::Barrier::new(gates.len());
            let placed: Vec<Order> = std::thread::scope(|scope| {
                let threads: Vec<_> = gates
                    .iter()
                    .map(|gate| {
                        let (new, together) = (order(number, &[(sku, 1)]), &together);
                        scope.spawn(move || {
                            together.wait();
                            gate.write(move |tx| orders::place(tx, &new, &customer()))
                        })
                    })
                    .collect();
                threads.into_iter().map(|thread| thread.join().unwrap().unwrap()).collect()
            });
            assert!(placed.iter().all(|order| *order == placed[0]), "{sku}");
        }
        assert_eq!(level(&store, "ware", "ONE"), (1, 1));
        assert_eq!(level(&store, "ware", "CUP"), (10, 1));
        books_hold(&store);
    }

    fn a_price_that_the_buyer_did_not_see_is_refused(store) {
        shop(&store);
        let mut new = order(1, &[("CUP", 1)]);
        new.lines[0].unit_price_micros = Some(UnitPrice(998_000_000));
        let OrderError::PriceChanged { field, now, .. } = place(&store, &new).unwrap_err() else { panic!() };
        assert_eq!((field.as_str(), now), ("lines[0].unit_price_micros", UnitPrice(999_000_000)));
        assert_eq!(level(&store, "ware", "CUP"), (10, 0));
    }

    fn a_failed_payment_keeps_the_window_or_cancels_as_the_setting_says(store) {
        shop(&store);
        place(&store, &order(1, &[("ONE", 1)])).unwrap();
        let failed = pay(&store, 1, charge(11, Err("card_declined"))).unwrap();
        assert_eq!((failed.payment.as_str(), failed.order.state.as_str()), ("failed", "pending"));
        assert_eq!(level(&store, "ware", "ONE"), (1, 1));
        let settings = OrderSettings { on_payment_failed: OnPaymentFailed::Cancel, ..OrderSettings::default() };
        store.gate().write(move |tx| settings.store(tx)).unwrap();
        let failed = pay(&store, 1, charge(12, Err("expired_card"))).unwrap();
        assert_eq!(failed.order.state, "cancelled");
        let attempts: Vec<_> = failed.order.payments.iter().map(|payment| payment.reason.clone().unwrap()).collect();
        assert_eq!(attempts, ["card_declined", "expired_card"]);
        assert_eq!(level(&store, "ware", "ONE"), (1, 0));
    }

    fn a_product_without_a_stock_row_is_sold_and_told(store) {
        shop(&store);
        place(&store, &order(1, &[("GIFT", 1)])).unwrap();
        let paid = pay(&store, 1, charge(11, Ok(()))).unwrap();
        assert_eq!(paid.order.state, "paid");
        assert_eq!(exceptions(&store), ["order.no_stock_row"]);
    }

    fn every_bad_request_names_its_field(store) {
        shop(&store);
        let cases: [(NewOrder, &str); 7] = [
            (order(1, &[]), "lines"),
            (order(1, &[("CUP", 0)]), "lines[0].quantity_milli"),
            (order(1, &[("CUP", -1)]), "lines[0].quantity_milli"),
            (order(1, &[("CUP", 1), ("CUP", 1)]), "lines[1].sku"),
            (order(1, &[("NOPE", 1)]), "lines[0].sku"),
            (order(1, &[("LOOSE", 1)]), "lines[0].sku"),
            (NewOrder { shipping_minor: Some(Minor(-1)), ..order(1, &[("CUP", 1)]) }, "shipping_minor"),
        ];
        for (new, field) in cases {
            let refused = place(&store, &new).unwrap_err();
            assert_eq!(refused.field_name(), Some(field), "{refused}");
        }
        assert_eq!(pay(&store, 1, charge(1, Ok(()))).unwrap_err().code(), "order.unknown");
    }

    fn a_report_over_damaged_books_is_an_alarm(store) {
        shop(&store);
        store.gate().write(|tx| {
            let tenant = tx.tenant();
            tx.execute("UPDATE stock_level SET on_hand_milli = on_hand_milli - 1000 WHERE tenant_id = $1 AND sku = 'ONE'", args![tenant])
        }).unwrap();
        let report = store.gate().read(|tx| reconcile(tx, &Scope::default())).unwrap();
        assert!(!report.summary.holds());
        assert!(report.faults[0].contains("on_hand"), "{:?}", report.faults);
        let text = daybook_store::reconcile::table(&report);
        assert!(text.contains("UNEXPLAINED") && text.contains("FAULT"), "{text}");
    }

    fn stock_by_hand_is_guarded_by_version_and_leaves_a_movement(store) {
        shop(&store);
        let (location, sku) = (LocationId::new("ware").unwrap(), Sku::new("CUP").unwrap());
        let version = store.gate().read(|tx| stock::find(tx, &location, &sku)).unwrap().unwrap().version;
        let posting = stock::Posting {
            location, sku, quantity_milli: Quantity(-2000), kind: stock::MovementKind::Adjustment,
            reason: Some("broken".into()), order: None, actor: "kavya".into(),
        };
        let (first, second) = (posting.clone(), posting);
        store.gate().write(move |tx| stock::adjust(tx, &first, Some(version))).unwrap();
        let stale = store.gate().write(move |tx| stock::adjust(tx, &second, Some(version))).unwrap_err();
        assert_eq!(stale.code(), "stock.version");
        assert_eq!(level(&store, "ware", "CUP"), (8, 0));
        let movement = store.gate().read(|tx| tx.query_one(
            "SELECT actor, reason FROM stock_movement WHERE kind = 'adjustment'", &[])).unwrap();
        assert_eq!((movement.text(0).unwrap(), movement.text(1).unwrap()), ("kavya", "broken"));
        books_hold(&store);
    }

    fn a_raised_allotment_takes_effect_at_once_where_no_till_is_waited_for(store) {
        shop(&store);
        let (location, sku) = (LocationId::new("shop").unwrap(), Sku::new("CUP").unwrap());
        let (at, what) = (location.clone(), sku.clone());
        store.gate().write(move |tx| stock::allot(tx, &at, &what, Quantity(7000))).unwrap();
        let before = store.gate().read(|tx| stock::find(tx, &location, &sku)).unwrap().unwrap().level;
        assert_eq!((before.allotted_milli.0, before.allotted_proposed_milli.0), (4000, 7000));
        assert_eq!(store.gate().write(|tx| stock::settle(tx, 100)).unwrap(), 1);
        let after = store.gate().read(|tx| stock::find(tx, &location, &sku)).unwrap().unwrap().level;
        assert_eq!(after.allotted_milli.0, 7000);
    }

    fn after_a_restore_only_what_is_set_aside_is_sold_until_each_till_has_spoken(store) {
        shop(&store);
        let mut till = crate::till::TestTill::enrolled(&store, 1);
        till.exchange(&store);
        store.gate().write(|tx| daybook_store::restore::begin_epoch(tx, 1)).unwrap();
        let pooled = place(&store, &order(1, &[("CUP", 1)])).unwrap_err();
        assert_eq!(pooled.code(), "store.frozen");
        assert_eq!(level(&store, "ware", "CUP"), (10, 0), "nothing is reserved");
        let aside = NewOrder { location: Some(LocationId::new("shop").unwrap()), ..order(2, &[("CUP", 1)]) };
        place(&store, &aside).unwrap();
        till.epoch = 2;
        till.cursor = None;
        till.exchange(&store);
        place(&store, &order(1, &[("CUP", 1)])).unwrap();
        assert_eq!(level(&store, "ware", "CUP"), (10, 1));
    }
}
