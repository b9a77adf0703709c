//! Web orders at a till: facts are kept whatever the order's state, calling off is a wish.

use crate::import::{LOCATIONS, SETTINGS, TAXES, load, sources};
use crate::support::TestStore;
use crate::till::TestTill;
use daybook_domain::amount::Quantity;
use daybook_domain::feed::{OrderRow, Role};
use daybook_domain::ids::{LocationId, OrderId, Sku};
use daybook_domain::order::{Actor, Fulfilment};
use daybook_store::exceptions;
use daybook_store::orders::{self, Address, By, Charge, NewLine, NewOrder, Order};
use daybook_store::reconcile::{Scope, reconcile};
use daybook_sync::message::{Outcome, Request, RequestBody};
use serde_json::json;
use uuid::Uuid;

const PRODUCTS: &str = "sku,name,tax_class,price\nCUP,Cup,gst-18,999.00\n";
const STOCK: &str =
    "sku,location,on_hand,policy,allotted\nCUP,shop,10,ring_fenced,8\nCUP,ware,10,pooled_soft,\n";
const STAFF: &str = "staff,name,role,pin,active\nasha,Asha,cashier,2580,true\nkavya,Kavya,manager,2580,true\nleft,Left,manager,2580,false\n";
const AT_MS: i64 = crate::support::START_MS;

pub(crate) fn shop(store: &TestStore) -> TestTill {
    let files = [
        ("settings.json", SETTINGS),
        ("locations.csv", LOCATIONS),
        ("taxes.csv", TAXES),
        ("products.csv", PRODUCTS),
        ("staff.csv", STAFF),
        ("stock.csv", STOCK),
    ];
    load(store, &sources(&files)).unwrap();
    TestTill::enrolled(store, 1)
}

fn id(order: u128) -> OrderId {
    OrderId(Uuid::from_u128(order))
}

fn web() -> By {
    By { actor: "web".into(), role: Actor::Customer, reason: String::new() }
}

fn meera() -> Address {
    Address {
        name: "Meera".into(),
        lines: vec!["4 Temple Road".into()],
        state_code: Some("29".into()),
        tax_id: None,
        phone: Some("+91980".into()),
        email: None,
    }
}

fn place_at(store: &TestStore, location: &str, order: u128, address: Option<Address>) {
    let new = NewOrder {
        id: id(order),
        lines: vec![NewLine {
            sku: Sku::new("CUP").unwrap(),
            quantity_milli: Quantity(2000),
            unit_price_micros: None,
        }],
        location: Some(LocationId::new(location).unwrap()),
        customer: None,
        fulfilment: None,
        shipping_address: address,
        billing_address: None,
        shipping_minor: None,
        note: Some("ring twice".into()),
        gift_message: None,
        source: None,
    };
    store.gate().write(move |tx| orders::place(tx, &new, &web())).unwrap();
}

pub(crate) fn place(store: &TestStore, order: u128) {
    place_at(store, "shop", order, Some(meera()));
}

pub(crate) fn pay(store: &TestStore, order: u128) {
    let charge = Charge {
        id: Uuid::from_u128(order + 1000),
        gateway: "test".into(),
        amount_minor: None,
        reference: None,
        outcome: Ok(()),
    };
    store.gate().write(move |tx| orders::pay(tx, id(order), &charge, &web())).unwrap();
}

fn find(store: &TestStore, order: u128) -> Order {
    store.gate().read(|tx| orders::find(tx, id(order))).unwrap()
}

fn kinds(store: &TestStore) -> Vec<String> {
    let open = store.gate().read(|tx| exceptions::list(tx, false)).unwrap();
    open.into_iter().map(|one| one.kind).collect()
}

fn row(till: &TestTill, order: u128) -> OrderRow {
    serde_json::from_value(till.row(&format!("order/{}", id(order))).unwrap().1).unwrap()
}

fn cancel(
    till: &mut TestTill,
    store: &TestStore,
    order: u128,
    request: u128,
    who: (&str, Option<&str>),
) -> Outcome {
    let body = RequestBody::OrderCancel {
        order: Uuid::from_u128(order),
        reason: "changed their mind".into(),
        staff: who.0.into(),
        approver: who.1.map(str::to_owned),
    };
    till.requests.push(Request::new(Uuid::from_u128(request), &body));
    till.exchange(store).answers.into_iter().next().unwrap().outcome
}

fn refused(code: &str) -> Outcome {
    Outcome::refused(code)
}

pub(crate) fn books_hold(store: &TestStore) {
    let report = store.gate().read(|tx| reconcile(tx, &Scope::default())).unwrap();
    assert!(report.summary.holds(), "{:#?}", report.faults);
}

on_both! {
    fn a_till_sees_the_orders_of_its_location_with_what_a_cashier_needs(store) {
        let mut till = shop(&store);
        place(&store, 1);
        place_at(&store, "shop", 2, None);
        place_at(&store, "ware", 3, None);
        pay(&store, 1);
        till.exchange(&store);
        let shipped = row(&till, 1);
        assert_eq!((shipped.state.as_str(), shipped.stage.as_deref(), shipped.fulfilment), ("paid", Some("paid"), Some(Fulfilment::Ship)));
        assert_eq!((shipped.customer_name.as_deref(), shipped.customer_phone.as_deref()), (Some("Meera"), Some("+91980")));
        assert_eq!(shipped.ship_to.unwrap().address, ["4 Temple Road"]);
        assert_eq!((shipped.paid_minor, shipped.placed_at_ms), (Some(shipped.total_minor), Some(AT_MS)));
        let collected = row(&till, 2);
        assert_eq!((collected.state.as_str(), collected.stage, collected.fulfilment), ("pending", None, Some(Fulfilment::Collect)));
        assert!(till.row(&format!("order/{}", id(3))).is_none(), "another location's");
    }

    fn picked_and_handed_over_stand_in_the_history_with_who_and_when(store) {
        let mut till = shop(&store);
        place_at(&store, "shop", 1, None);
        pay(&store, 1);
        till.write_at("order.picked", &json!({"order": id(1)}), AT_MS + 5);
        till.write_at("order.handed_over", &json!({"order": id(1)}), AT_MS + 9);
        till.exchange(&store);
        let order = find(&store, 1);
        assert_eq!((order.state.as_str(), order.picked_at_ms, order.handed_over_at_ms), ("delivered", Some(AT_MS + 5), Some(AT_MS + 9)));
        let history: Vec<_> = order.history.iter().map(|event| (event.event.as_str(), event.to.as_str(), event.by.as_str(), event.at_ms)).collect();
        assert_eq!(history[2..], [("picked", "processing", "asha", AT_MS + 5), ("handed_over", "delivered", "asha", AT_MS + 9)]);
        assert_eq!(row(&till, 1).stage.as_deref(), Some("delivered"));
        assert_eq!(kinds(&store), Vec::<String>::new());
        books_hold(&store);
    }

    fn a_parcel_leaves_with_its_tracking_number_and_a_second_one_asks_a_person(store) {
        let mut till = shop(&store);
        place(&store, 1);
        pay(&store, 1);
        till.write("order.shipped", &json!({"order": id(1), "carrier": "Post", "tracking": "EE1"}));
        till.write("order.shipped", &json!({"order": id(1), "carrier": "Post", "tracking": "EE1"}));
        till.exchange(&store);
        let order = find(&store, 1);
        assert_eq!((order.state.as_str(), order.carrier.as_deref(), order.tracking.as_deref()), ("shipped", Some("Post"), Some("EE1")));
        assert_eq!(kinds(&store), Vec::<String>::new(), "the same parcel twice is one parcel");
        till.write("order.shipped", &json!({"order": id(1), "tracking": "EE2"}));
        till.exchange(&store);
        assert_eq!(kinds(&store), ["order.shipped_twice"]);
        assert_eq!(find(&store, 1).tracking.as_deref(), Some("EE1"));
        till.write("order.shipped", &json!({"order": id(1), "tracking": " "}));
        till.exchange(&store);
        let waiting = store.gate().read(daybook_store::quarantine::open).unwrap();
        assert_eq!(waiting[0].code, "order.tracking");
    }

    fn handed_over_after_it_was_called_off_keeps_both_facts_and_asks_a_person(store) {
        let mut till = shop(&store);
        for order in 1..=3 {
            place(&store, order);
        }
        pay(&store, 1);
        let manager = By { actor: "kavya".into(), role: Actor::Staff(Role::Manager), reason: "broken".into() };
        let refund = orders::NewRefund { id: Uuid::from_u128(77), lines: None, restock: true, reason: "broken".into() };
        store.gate().write(move |tx| orders::refund(tx, id(1), &refund, &manager)).unwrap();
        store.gate().write(|tx| orders::cancel(tx, id(2), &web())).unwrap();
        for order in 1..=3 {
            till.write("order.handed_over", &json!({"order": id(order)}));
        }
        let answer = till.exchange(&store);
        assert_eq!(answer.push.received_through, 3);
        assert_eq!(kinds(&store), ["order.handed_over_cancelled", "order.handed_over_cancelled", "order.handed_over_unpaid"]);
        for (order, state) in [(1, "refunded"), (2, "cancelled"), (3, "pending")] {
            let order = find(&store, order);
            assert_eq!(order.state, state, "what was decided stays");
            assert_eq!(order.history.last().unwrap().event, "handed_over", "what happened stays");
        }
        books_hold(&store);
    }

    fn a_deed_with_an_order_that_is_not_known_waits(store) {
        let mut till = shop(&store);
        till.write("order.picked", &json!({"order": id(9)}));
        till.exchange(&store);
        let waiting = store.gate().read(daybook_store::quarantine::open).unwrap();
        assert_eq!(waiting[0].code, "order.unknown");
    }

    fn calling_off_is_a_wish_and_a_refused_id_never_succeeds(store) {
        let mut till = shop(&store);
        for order in 1..=3 {
            place(&store, order);
        }
        place_at(&store, "ware", 4, None);
        pay(&store, 2);
        pay(&store, 3);
        assert_eq!(cancel(&mut till, &store, 1, 101, ("asha", None)), Outcome::Done);
        assert_eq!(find(&store, 1).state, "cancelled");
        assert_eq!(cancel(&mut till, &store, 2, 102, ("asha", None)), refused("order.not_allowed"), "money went with it");
        assert_eq!(cancel(&mut till, &store, 2, 103, ("asha", Some("left"))), refused("order.not_allowed"));
        assert_eq!(find(&store, 2).state, "paid");
        assert_eq!(cancel(&mut till, &store, 2, 104, ("asha", Some("kavya"))), Outcome::Done);
        let refunded = find(&store, 2);
        assert_eq!((refunded.state.as_str(), refunded.refunded_minor), ("refunded", refunded.paid_minor));
        assert_eq!(refunded.history.last().unwrap().by, "asha, approved by kavya");
        till.write("order.shipped", &json!({"order": id(3), "tracking": "EE1"}));
        assert_eq!(cancel(&mut till, &store, 3, 105, ("kavya", None)), refused("order.not_possible"), "it has left");
        assert_eq!(cancel(&mut till, &store, 4, 106, ("kavya", None)), refused("order.unknown"), "another location's");
        assert_eq!(cancel(&mut till, &store, 3, 102, ("asha", None)), refused("request.conflict"));
        assert_eq!(cancel(&mut till, &store, 2, 102, ("asha", None)), refused("order.not_allowed"), "for ever");
        books_hold(&store);
    }
}
