//! Web orders at the till.

use super::all_holds;
use super::fixture::{Shop, receive, who};
use crate::ledger::{Ledger, Topic, state};
use crate::orders::{self, Parcel, Standing, Which};
use crate::requests::{self, RequestState};
use crate::{clock, sync_driver};
use daybook_domain::ids::OrderId;
use daybook_sync::message::{Outcome, RequestAnswer};
use serde_json::{Value, json};
use uuid::Uuid;

fn id(order: u128) -> OrderId {
    OrderId(Uuid::from_u128(order))
}

fn row(order: u128, state: &str, fulfilment: &str) -> (String, Value) {
    let paid = state != "pending" && state != "cancelled";
    let mut row = json!({
        "order": id(order), "number": format!("ORD-20261122-{order:03}"), "state": state, "total_minor": 20_000,
        "lines": [["TEA", 2000], ["SHIPPING", 1000]], "fulfilment": fulfilment, "placed_at_ms": 1000 - order,
    });
    if paid {
        row["stage"] = json!(if state == "partially_refunded" { "paid" } else { state });
    }
    (format!("order/{}", id(order)), row)
}

fn listed(ledger: &Ledger, which: Which) -> Vec<u128> {
    let views = orders::list(ledger.reader(), which).unwrap();
    views.iter().map(|view| view.row.order.0.as_u128()).collect()
}

fn standing(ledger: &Ledger, order: u128) -> Standing {
    orders::detail(ledger.reader(), id(order)).unwrap().standing
}

fn code<T: std::fmt::Debug>(result: Result<T, crate::error::TillError>) -> String {
    result.unwrap_err().code().to_owned()
}

#[test]
fn orders_with_something_left_to_do_are_listed_oldest_first() {
    let shop = Shop::open();
    let mut ledger = shop.ledger();
    let rows = [
        row(1, "paid", "collect"),
        row(2, "processing", "ship"),
        row(3, "pending", "ship"),
        row(4, "delivered", "ship"),
        row(5, "cancelled", "collect"),
        row(6, "partially_refunded", "ship"),
    ];
    receive(&mut ledger, 20, &rows);
    assert_eq!(listed(&ledger, Which::Open), [6, 2, 1]);
    assert_eq!(listed(&ledger, Which::All), [1, 2, 3, 4, 5, 6]);
    let view = orders::by_number(ledger.reader(), "ord-20261122-001").unwrap();
    let names: Vec<Option<&str>> = view.items.iter().map(|item| item.name.as_deref()).collect();
    assert_eq!(names, [Some("Assam tea"), None]);
    assert_eq!(code(orders::detail(ledger.reader(), id(9))), "order.unknown");
}

#[test]
fn what_was_done_here_counts_before_the_store_has_heard_of_it() {
    let shop = Shop::open();
    let mut ledger = shop.ledger();
    let asha = who(&mut ledger, "asha", None);
    receive(&mut ledger, 20, &[row(1, "paid", "collect"), row(2, "paid", "ship")]);
    let topics = orders::pick(&mut ledger, &asha, id(1)).unwrap();
    assert!(topics.contains(&Topic::Orders));
    assert_eq!(standing(&ledger, 1), Standing::Picked);
    assert_eq!(code(orders::pick(&mut ledger, &asha, id(1))), "order.done_before");
    let parcel = Parcel { carrier: Some(" Post ".into()), tracking: " EE1 ".into() };
    assert_eq!(code(orders::ship(&mut ledger, &asha, id(1), &parcel)), "order.collected");
    orders::hand_over(&mut ledger, &asha, id(1)).unwrap();
    assert_eq!(standing(&ledger, 1), Standing::Delivered);
    assert_eq!(code(orders::hand_over(&mut ledger, &asha, id(1))), "order.done_before");
    let none = Parcel { carrier: None, tracking: " ".into() };
    assert_eq!(code(orders::ship(&mut ledger, &asha, id(2), &none)), "order.tracking");
    orders::ship(&mut ledger, &asha, id(2), &parcel).unwrap();
    assert_eq!(standing(&ledger, 2), Standing::Shipped);
    assert_eq!(listed(&ledger, Which::Open), Vec::<u128>::new());
    all_holds(&ledger);
}

#[test]
fn what_this_till_knows_to_be_called_off_or_unpaid_is_not_given_out() {
    let shop = Shop::open();
    let mut ledger = shop.ledger();
    let asha = who(&mut ledger, "asha", None);
    let rows =
        [row(1, "pending", "collect"), row(2, "cancelled", "collect"), row(3, "refunded", "ship")];
    receive(&mut ledger, 20, &rows);
    assert_eq!(code(orders::hand_over(&mut ledger, &asha, id(1))), "order.unpaid");
    assert_eq!(code(orders::hand_over(&mut ledger, &asha, id(2))), "order.called_off");
    assert_eq!(code(orders::pick(&mut ledger, &asha, id(3))), "order.called_off");
}

#[test]
fn calling_off_is_asked_of_the_store_and_never_offered_offline() {
    let shop = Shop::open();
    let mut ledger = shop.ledger();
    let (asha, boss) = (who(&mut ledger, "asha", None), who(&mut ledger, "asha", Some("kavya")));
    receive(&mut ledger, 20, &[row(1, "paid", "collect"), row(2, "pending", "ship")]);
    assert_eq!(code(orders::ask_cancel(&mut ledger, &boss, id(1), "no")), "store.offline");
    let now = clock::now().at_ms;
    ledger.write_state(|conn| state::set(conn, "last_exchange_at_ms", &now)).unwrap();
    assert_eq!(code(orders::ask_cancel(&mut ledger, &asha, id(1), "no")), "approval.missing");
    assert_eq!(code(orders::ask_cancel(&mut ledger, &boss, id(1), "  ")), "order.reason");
    let request = orders::ask_cancel(&mut ledger, &boss, id(1), "customer called").unwrap();
    orders::ask_cancel(&mut ledger, &asha, id(2), "customer called").unwrap();
    assert_eq!(code(orders::ask_cancel(&mut ledger, &boss, id(1), "again")), "request.waiting");
    let waits = requests::state_of(ledger.reader(), request).unwrap();
    assert_eq!(waits, Some(RequestState::Waiting));
    let outcome = Outcome::refused("order.not_possible");
    let answer = RequestAnswer { id: request, outcome: outcome.clone() };
    sync_driver::take_answer(&mut ledger, &answer, now).unwrap();
    sync_driver::take_answer(&mut ledger, &answer, now).unwrap();
    let view = orders::detail(ledger.reader(), id(1)).unwrap();
    assert_eq!(view.cancel, Some(RequestState::Answered { outcome }));
    assert_eq!(view.standing, Standing::ToPick, "a refused wish changes nothing");
}
