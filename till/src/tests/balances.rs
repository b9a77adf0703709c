//! Gift cards and store credit at the desk: asked for, taken once, given back, and never made up offline.

use super::desk::{cash, code, desk, manager, offer, scan, selling, sold};
use super::fixture::{self, PIN, Shop};
use crate::balances;
use crate::clock;
use crate::desk::view::{Paid, Payment, Refund, ReturnLine, Scanned, Sold, UnreferencedReturn};
use crate::desk::{Desk, Fault};
use crate::ledger::{rebuild, state};
use crate::refund::{self, ReturnRequest};
use crate::{random, sync_driver};
use daybook_domain::amount::{Minor, Quantity};
use daybook_domain::balance::{Key, Medium, Number};
use daybook_domain::basket::Basket;
use daybook_domain::document::{DocumentKind, TenderType};
use daybook_domain::ids::DocumentId;
use daybook_sync::client::Shown;
use daybook_sync::message::{Outcome, Request, RequestAnswer, RequestBody};
use uuid::Uuid;

const CREDIT: &str = "9112345678901237";
const TTL_MS: i64 = 900_000;

/// The store has just answered.
fn online(desk: &Desk) {
    let now = clock::now().at_ms;
    desk.heard(Shown::Online);
    desk.behind(|ledger| {
        ledger.write_state(|conn| state::set(conn, "last_exchange_at_ms", &now)).unwrap();
    });
}

/// What about balances waits to be sent to the store.
fn waiting(desk: &Desk) -> Vec<(Uuid, RequestBody)> {
    desk.behind(|ledger| {
        let mut rows = ledger.reader().prepare("SELECT fields FROM request ORDER BY id").unwrap();
        let rows = rows.query_map([], |row| row.get::<_, String>(0)).unwrap();
        let requests = rows.map(|text| {
            let request: Request = serde_json::from_str(&text.unwrap()).unwrap();
            (request.id, request.body().unwrap())
        });
        let about = |(_, body): &(Uuid, RequestBody)| match body {
            RequestBody::BalanceSpend { .. } | RequestBody::BalanceRelease { .. } => true,
            RequestBody::LeaseAcquire { .. }
            | RequestBody::LeaseRelease { .. }
            | RequestBody::OrderCancel { .. } => false,
        };
        requests.filter(about).collect()
    })
}

fn answer(desk: &Desk, id: Uuid, outcome: Outcome) {
    let answer = RequestAnswer { id, outcome };
    let now = clock::now().at_ms;
    desk.behind(|ledger| sync_driver::take_answer(ledger, &answer, now).unwrap());
}

fn held(amount_minor: i64, left_minor: i64) -> Outcome {
    Outcome::Held { amount_minor, left_minor, ttl_ms: TTL_MS }
}

fn holds(desk: &Desk) -> i64 {
    desk.behind(|ledger| {
        let sql = "SELECT count(*) FROM balance_hold";
        ledger.reader().query_row(sql, [], |row| row.get(0)).unwrap()
    })
}

fn more(paid: Result<Paid, Fault>) -> Payment {
    match paid.unwrap() {
        Paid::More { payment } => *payment,
        Paid::Sold { sold } => panic!("{sold:?}"),
    }
}

/// Sells a card of 500.00 for cash and answers its number.
fn sell_card(desk: &Desk) -> (String, Sold) {
    let Scanned::Added { basket, .. } = desk.add_gift_card(Minor(50_000), None).unwrap() else {
        panic!("the card is in the basket")
    };
    let number = basket.lines.last().unwrap().gift_card.clone().unwrap();
    (number, sold(desk.pay(&cash(), None)))
}

fn known(desk: &Desk, medium: Medium, number: &str) -> Option<Minor> {
    let key = Key { medium, number: number.to_owned() };
    desk.behind(|ledger| balances::known(ledger.reader(), &key).unwrap())
}

fn all_holds(desk: &Desk) {
    desk.behind(|ledger| rebuild::compare(ledger.reader()).unwrap());
}

/// Tea for 100.00 is in the basket.
fn tea(desk: &Desk) {
    scan(desk, "TEA");
    desk.begin_payment().unwrap();
}

fn refund_of(desk: &Desk, sale: &Sold, tender: TenderType) -> Result<Sold, Fault> {
    let act = desk.returnable(&sale.number).unwrap().act;
    let lines = vec![ReturnLine { line: 1, quantity_milli: Quantity(1000), restock: true }];
    let (references, reason) = (Vec::new(), "unwanted".to_owned());
    let number = sale.number.clone();
    desk.refund(&Refund { act, number, lines, tender: Some(tender), references, reason }, None)
}

#[test]
fn offline_a_card_is_taken_where_it_was_sold_as_far_as_it_goes() {
    let shop = Shop::open();
    let desk = selling(&shop);
    let (number, sale) = sell_card(&desk);
    assert_eq!((sale.kind, sale.payable_minor), (DocumentKind::Receipt, Minor(50_000)));
    assert_eq!(known(&desk, Medium::GiftCard, &number), Some(Minor(50_000)));
    let line = scan(&desk, "TEA");
    desk.set_quantity(line, Quantity(6000)).unwrap();
    desk.begin_payment().unwrap();
    let grouped = Number::new(&number).unwrap().grouped();
    let payment = more(desk.pay_from_balance(&grouped, None, None));
    assert_eq!((payment.left_minor, payment.tendered.len()), (Minor(10_000), 1));
    assert_eq!(payment.tendered[0].balance_left_minor, Some(Minor(0)));
    assert_eq!(code(desk.pay_from_balance(&number, None, None)), "balance.twice");
    let sale = sold(desk.pay(&cash(), None));
    assert_eq!(sale.tenders[0].tender_type, TenderType::GiftCard);
    assert_eq!(known(&desk, Medium::GiftCard, &number), Some(Minor(0)));
    tea(&desk);
    assert_eq!(code(desk.pay_from_balance(&number, None, None)), "balance.empty");
    assert_eq!(code(desk.pay_from_balance(CREDIT, None, None)), "balance.offline");
    assert_eq!(code(desk.pay_from_balance("9112345678901238", None, None)), "balance.check_digit");
    assert_eq!(code(desk.pay_from_balance("12", None, None)), "balance.number");
    let unseen = offer(TenderType::GiftCard, None, None);
    assert_eq!(code(desk.pay(&unseen, None)), "balance.number");
    assert!(waiting(&desk).is_empty());
    all_holds(&desk);
}

#[test]
fn goods_that_need_a_manager_are_paid_for_once_when_the_manager_has_come() {
    let shop = Shop::open();
    let desk = selling(&shop);
    let (number, _) = sell_card(&desk);
    scan(&desk, "UNIQUE");
    desk.begin_payment().unwrap();
    assert_eq!(code(desk.pay_from_balance(&number, None, None)), "stock.beyond_rights");
    let sale = sold(desk.pay_from_balance(&number, None, Some(&manager())));
    assert_eq!(sale.tenders.len(), 1, "taken once");
    let left = Minor(50_000).checked_sub(sale.payable_minor).unwrap();
    assert_eq!(known(&desk, Medium::GiftCard, &number), Some(left));
    // The same where the store set it aside.
    online(&desk);
    scan(&desk, "UNIQUE");
    desk.begin_payment().unwrap();
    more(desk.pay_from_balance(CREDIT, None, None));
    let (id, _) = waiting(&desk).pop().unwrap();
    answer(&desk, id, held(sale.payable_minor.0, 0));
    assert_eq!(code(desk.settle_balance(None)), "stock.beyond_rights");
    let second = sold(desk.settle_balance(Some(&manager())));
    assert_eq!((second.tenders.len(), second.payable_minor), (1, sale.payable_minor));
    all_holds(&desk);
}

#[test]
fn a_card_does_not_buy_a_card_and_its_line_is_not_changed() {
    let shop = Shop::open();
    let desk = selling(&shop);
    let (number, _) = sell_card(&desk);
    assert_eq!(code(desk.add_gift_card(Minor(0), None)), "basket.amount");
    assert_eq!(code(desk.add_gift_card(Minor(100), Some(CREDIT))), "balance.not_a_card");
    let Scanned::Added { line, .. } = desk.add_gift_card(Minor(100), Some("gift-0001")).unwrap()
    else {
        panic!("the card is in the basket")
    };
    assert_eq!(code(desk.add_gift_card(Minor(100), Some("GIFT 0001"))), "basket.gift_card_twice");
    assert_eq!(code(desk.set_quantity(line, Quantity(2000))), "basket.given_amount");
    let payment = desk.begin_payment().unwrap();
    assert!(!payment.offered.contains(&TenderType::GiftCard));
    assert_eq!(code(desk.pay_from_balance(&number, None, None)), "payment.not_offered");
    sold(desk.pay(&cash(), None));
    assert_eq!(known(&desk, Medium::GiftCard, "GIFT0001"), Some(Minor(100)));
}

#[test]
fn online_the_store_is_asked_and_its_answer_becomes_the_tender() {
    let shop = Shop::open();
    let desk = selling(&shop);
    online(&desk);
    tea(&desk);
    let payment = more(desk.pay_from_balance(CREDIT, None, None));
    let asking = payment.asking.unwrap();
    assert_eq!((asking.tender_type, asking.amount_minor), (TenderType::StoreCredit, Minor(10_000)));
    let [(request, body)] = &waiting(&desk)[..] else { panic!("one wish") };
    let (medium, number) = ("store_credit".to_owned(), CREDIT.to_owned());
    assert_eq!(*body, RequestBody::BalanceSpend { medium, number, amount_minor: 10_000 });
    // Nothing else happens meanwhile.
    assert_eq!(code(desk.pay(&cash(), None)), "payment.balance_open");
    assert_eq!(code(desk.pay_from_balance(CREDIT, None, None)), "payment.balance_open");
    assert!(more(desk.settle_balance(None)).asking.is_some(), "no answer yet");
    answer(&desk, *request, held(4000, 0));
    let payment = more(desk.settle_balance(None));
    assert_eq!((payment.left_minor, payment.asking), (Minor(6000), None));
    let sale = sold(desk.pay(&cash(), None));
    assert_eq!(sale.tenders[0].reference.as_deref(), Some(CREDIT));
    assert_eq!(holds(&desk), 0, "spent with the sale");
    assert!(waiting(&desk).is_empty(), "and not given back");
    assert_eq!(known(&desk, Medium::StoreCredit, CREDIT), None, "not issued here");
    assert_eq!(sold(desk.settle_balance(None)).number, sale.number, "a late second press");
    all_holds(&desk);
}

#[test]
fn what_is_not_spent_is_given_back() {
    let shop = Shop::open();
    let desk = selling(&shop);
    online(&desk);
    tea(&desk);
    let released = |desk: &Desk, hold: Uuid| {
        waiting(desk).iter().any(|(_, body)| *body == RequestBody::BalanceRelease { hold })
    };
    // Taken, then removed.
    more(desk.pay_from_balance(CREDIT, Some(Minor(5000)), None));
    let (first, _) = waiting(&desk)[0];
    answer(&desk, first, held(5000, 0));
    let payment = more(desk.settle_balance(None));
    let payment = desk.remove_tender(payment.tendered[0].no).unwrap();
    assert_eq!(payment.left_minor, Minor(10_000));
    assert!(released(&desk, first));
    assert_eq!(holds(&desk), 0);
    // Let go before the answer, which comes all the same.
    more(desk.pay_from_balance(CREDIT, None, None));
    let wish = |(_, body): &(Uuid, RequestBody)| matches!(body, RequestBody::BalanceSpend { .. });
    let second = waiting(&desk).into_iter().find(wish).unwrap().0;
    assert_eq!(desk.drop_balance().unwrap().asking, None);
    answer(&desk, second, held(10_000, 0));
    let release =
        |(_, body): &(Uuid, RequestBody)| *body == RequestBody::BalanceRelease { hold: second };
    let release = waiting(&desk).into_iter().find(release).unwrap().0;
    answer(&desk, release, Outcome::Done);
    assert_eq!(holds(&desk), 0);
    // Back to the basket.
    more(desk.pay_from_balance(CREDIT, None, None));
    let third = waiting(&desk).into_iter().find(wish).unwrap().0;
    answer(&desk, third, held(100, 0));
    more(desk.settle_balance(None));
    desk.leave_payment().unwrap();
    assert!(released(&desk, third));
    assert_eq!(holds(&desk), 0);
}

#[test]
fn where_the_store_is_lost_while_it_is_asked_what_this_till_issued_is_taken() {
    let shop = Shop::open();
    let desk = selling(&shop);
    let (number, _) = sell_card(&desk);
    online(&desk);
    tea(&desk);
    more(desk.pay_from_balance(&number, None, None));
    let (request, _) = waiting(&desk)[0];
    assert!(more(desk.settle_balance(None)).asking.is_some());
    desk.heard(Shown::Offline);
    let sale = sold(desk.settle_balance(None));
    assert_eq!(sale.tenders[0].reference.as_ref(), Some(&number));
    assert_eq!(known(&desk, Medium::GiftCard, &number), Some(Minor(40_000)));
    // The store may have set it aside: it is told that nothing comes of that.
    let release = RequestBody::BalanceRelease { hold: request };
    assert!(waiting(&desk).iter().any(|(_, body)| *body == release));
    // Of another's card nothing is known: the wish waits.
    online(&desk);
    tea(&desk);
    more(desk.pay_from_balance(CREDIT, None, None));
    desk.heard(Shown::Offline);
    assert!(more(desk.settle_balance(None)).asking.is_some());
    all_holds(&desk);
}

#[test]
fn a_refusal_of_the_store_leaves_the_payment_as_it_was() {
    let shop = Shop::open();
    let desk = selling(&shop);
    online(&desk);
    tea(&desk);
    for refusal in ["balance.unknown", "balance.empty", "store.frozen"] {
        more(desk.pay_from_balance(CREDIT, None, None));
        let wish =
            |(_, body): &(Uuid, RequestBody)| matches!(body, RequestBody::BalanceSpend { .. });
        let request = waiting(&desk).into_iter().find(wish).unwrap().0;
        answer(&desk, request, Outcome::refused(refusal));
        assert_eq!(code(desk.settle_balance(None)), refusal);
        let payment = desk.payment().unwrap();
        assert_eq!((payment.asking, payment.left_minor), (None, Minor(10_000)));
    }
    sold(desk.pay(&cash(), None));
}

#[test]
fn a_power_cut_while_the_store_is_asked_loses_neither_wish_nor_answer() {
    let shop = Shop::open();
    let first = selling(&shop);
    online(&first);
    tea(&first);
    more(first.pay_from_balance(CREDIT, None, None));
    let (request, _) = waiting(&first)[0];
    drop(first);
    let second = desk(&shop);
    second.sign_in("asha", PIN).unwrap();
    assert!(second.payment().unwrap().asking.is_some());
    answer(&second, request, held(10_000, 500));
    drop(second);
    let third = desk(&shop);
    third.sign_in("asha", PIN).unwrap();
    assert_eq!(holds(&third), 1, "still wanted");
    let sale = sold(third.settle_balance(None));
    assert_eq!(sale.payable_minor, Minor(10_000));
    assert_eq!(holds(&third), 0);
    all_holds(&third);
}

#[test]
fn what_was_set_aside_for_a_basket_that_is_gone_is_given_back_at_the_next_start() {
    let shop = Shop::open();
    let first = selling(&shop);
    online(&first);
    tea(&first);
    more(first.pay_from_balance(CREDIT, None, None));
    let (request, _) = waiting(&first)[0];
    answer(&first, request, held(10_000, 0));
    first.behind(|ledger| {
        let none: Option<()> = None;
        ledger.write_state(|conn| state::set(conn, "draft", &none)).unwrap();
        ledger
            .write_state(|conn| Ok(conn.execute("DELETE FROM state WHERE name = 'draft'", [])?))
            .unwrap();
    });
    drop(first);
    let second = desk(&shop);
    assert_eq!(holds(&second), 0);
    assert!(
        waiting(&second)
            .iter()
            .any(|(_, body)| *body == RequestBody::BalanceRelease { hold: request })
    );
}

#[test]
fn what_was_set_aside_too_long_ago_is_not_taken() {
    let shop = Shop::open();
    let desk = selling(&shop);
    online(&desk);
    tea(&desk);
    more(desk.pay_from_balance(CREDIT, Some(Minor(4000)), None));
    let (request, _) = waiting(&desk)[0];
    answer(&desk, request, held(4000, 0));
    let payment = more(desk.settle_balance(None));
    desk.behind(|ledger| {
        let sql = "UPDATE balance_hold SET asked_mono_ms = asked_mono_ms - ttl_ms";
        ledger.write_state(|conn| Ok(conn.execute(sql, [])?)).unwrap();
    });
    assert_eq!(code(desk.pay(&cash(), None)), "balance.hold_over");
    desk.remove_tender(payment.tendered[0].no).unwrap();
    let sale = sold(desk.pay(&cash(), None));
    assert_eq!(sale.tenders.len(), 1);
}

#[test]
fn goods_come_back_as_store_credit_that_pays_the_next_sale() {
    let shop = Shop::open();
    let desk = selling(&shop);
    scan(&desk, "TEA");
    let sale = sold(desk.pay(&cash(), None));
    let media = desk.returnable(&sale.number).unwrap().media_back;
    assert_eq!(media, [TenderType::Cash, TenderType::StoreCredit]);
    let note = refund_of(&desk, &sale, TenderType::StoreCredit).unwrap();
    let number = note.tenders[0].reference.clone().unwrap();
    assert_eq!(Number::new(&number).unwrap().medium(), Some(Medium::StoreCredit));
    assert_eq!(known(&desk, Medium::StoreCredit, &number), Some(Minor(10_000)));
    tea(&desk);
    let paid = sold(desk.pay_from_balance(&number, None, None));
    assert_eq!(known(&desk, Medium::StoreCredit, &number), Some(Minor(0)));
    // What was paid with credit does not come out in cash, and goes to the same number.
    assert_eq!(code(refund_of(&desk, &paid, TenderType::Cash)), "refund.tender");
    let back = refund_of(&desk, &paid, TenderType::StoreCredit).unwrap();
    assert_eq!(back.tenders[0].reference, Some(number.clone()));
    assert_eq!(known(&desk, Medium::StoreCredit, &number), Some(Minor(10_000)));
    all_holds(&desk);
}

#[test]
fn without_a_receipt_and_in_an_exchange_the_money_may_stay_in_the_shop() {
    let shop = Shop::open();
    let desk = selling(&shop);
    scan(&desk, "TEA");
    let back = |tender| UnreferencedReturn {
        tender,
        reference: None,
        restock: true,
        reason: "a gift".to_owned(),
    };
    let gift_card = desk.return_without_receipt(&back(TenderType::GiftCard), Some(&manager()));
    assert_eq!(code(gift_card), "refund.tender");
    let note =
        desk.return_without_receipt(&back(TenderType::StoreCredit), Some(&manager())).unwrap();
    assert_eq!(
        known(&desk, Medium::StoreCredit, note.tenders[0].reference.as_ref().unwrap()),
        Some(Minor(10_000))
    );

    let line = scan(&desk, "TEA");
    desk.set_quantity(line, Quantity(2000)).unwrap();
    let sale = sold(desk.pay(&cash(), None));
    let lines = [ReturnLine { line: 1, quantity_milli: Quantity(2000), restock: true }];
    desk.exchange(&sale.number, &lines, "other size").unwrap();
    scan(&desk, "CREME");
    let payment = desk.begin_payment().unwrap();
    assert!(payment.offered.contains(&TenderType::StoreCredit));
    assert!(!payment.offered.contains(&TenderType::GiftCard));
    let exchanged = sold(desk.pay(&offer(TenderType::StoreCredit, None, None), None));
    let number = exchanged.tenders[0].reference.clone().unwrap();
    assert_eq!(exchanged.tenders[0].amount_minor, Minor(-10_000));
    assert_eq!(known(&desk, Medium::StoreCredit, &number), Some(Minor(10_000)));
    all_holds(&desk);
}

#[test]
fn an_exchange_to_the_customers_good_gives_back_the_way_it_was_paid_unless_told_otherwise() {
    let shop = Shop::open();
    let desk = selling(&shop);
    scan(&desk, "TEA");
    let first = sold(desk.pay(&cash(), None));
    let note = refund_of(&desk, &first, TenderType::StoreCredit).unwrap();
    let credit = note.tenders[0].reference.clone().unwrap();
    tea(&desk);
    let sale = sold(desk.pay_from_balance(&credit, None, None));
    desk.behind(|ledger| {
        let who = fixture::who(ledger, "asha", None);
        let request = ReturnRequest {
            id: DocumentId(random::id(1).unwrap()),
            number: sale.number.clone(),
            lines: Vec::new(),
            restock: true,
            offers: Vec::new(),
            reason: "other size".to_owned(),
        };
        let (exchanged, _) = refund::exchange(ledger, &who, &request, Basket::new()).unwrap();
        let tender = &exchanged.tenders[0];
        assert_eq!(
            (tender.tender_type, tender.amount_minor),
            (TenderType::StoreCredit, Minor(-10_000))
        );
        assert_eq!(tender.reference.as_ref(), Some(&credit));
    });
    assert_eq!(known(&desk, Medium::StoreCredit, &credit), Some(Minor(10_000)));
    all_holds(&desk);
}

#[test]
fn a_void_takes_the_money_off_a_card_that_was_sold() {
    let shop = Shop::open();
    let desk = selling(&shop);
    let (number, sale) = sell_card(&desk);
    let returnable = desk.returnable(&sale.number).unwrap();
    assert_eq!((returnable.left_minor, returnable.lines[0].left_milli), (Minor(0), Quantity(0)));
    desk.void_sale(&sale.number, "wrong amount", Some(&manager())).unwrap();
    assert_eq!(known(&desk, Medium::GiftCard, &number), Some(Minor(0)));
    all_holds(&desk);
}

#[test]
fn what_is_left_can_be_asked_without_a_sale() {
    let shop = Shop::open();
    let desk = selling(&shop);
    assert_eq!(code(desk.ask_balance(CREDIT)), "store.offline");
    online(&desk);
    let request = desk.ask_balance(CREDIT).unwrap();
    assert_eq!(desk.balance_left(request).unwrap(), None);
    answer(&desk, request, held(0, 12_300));
    assert_eq!(desk.balance_left(request).unwrap().unwrap().left_minor, Minor(12_300));
    assert_eq!(holds(&desk), 0);
    let request = desk.ask_balance("9012345678901238").unwrap();
    answer(&desk, request, Outcome::refused("balance.unknown"));
    assert_eq!(code(desk.balance_left(request)), "balance.unknown");
}

#[test]
fn nobody_practises_with_balances() {
    let shop = Shop::open();
    let desk = selling(&shop);
    let (number, _) = sell_card(&desk);
    desk.enter_training().unwrap();
    desk.open_shift(Minor(0), &[], None).unwrap();
    tea(&desk);
    assert!(!desk.payment().unwrap().offered.contains(&TenderType::GiftCard));
    assert_eq!(code(desk.pay_from_balance(&number, None, None)), "payment.not_offered");
}
