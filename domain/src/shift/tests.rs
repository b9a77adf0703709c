use super::*;
use crate::amount::{Currency, Quantity, RatePpm, UnitPrice, Uom};
use crate::document::*;
use crate::entry::*;
use crate::ids::{DocumentId, LocationId, ShiftId, Sku};
use proptest::prelude::*;
use std::collections::BTreeMap;
use uuid::Uuid;

fn opened(float: i64) -> ShiftOpened {
    ShiftOpened {
        shift: ShiftId(Uuid::from_u128(1)),
        day: "2026-11-22".into(),
        fiscal_year: "26-27".into(),
        opening_float_minor: Minor(float),
        denominations: Denominations::new(),
    }
}

/// A document of one line at 18 % inclusive, settled by the given tenders.
fn document(number: u32, tenders: &[(TenderType, i64)]) -> Document {
    let total: i64 = tenders.iter().map(|(_, amount)| amount).sum();
    let tax = total * 18 / 118;
    Document {
        id: DocumentId(Uuid::from_u128(number.into())),
        kind: DocumentKind::TaxInvoice,
        number: format!("T1A/26-27/{number}"),
        series: "T1A/26-27/".into(),
        issued_at_ms: 0,
        offset_min: 330,
        day: "2026-11-22".into(),
        fiscal_year: "26-27".into(),
        till: None,
        till_code: None,
        location: LocationId::new("mg-road").unwrap(),
        cashier: "Asha".into(),
        currency: Currency::INR,
        jurisdiction: "IN".into(),
        tax_inclusive: true,
        seller: Party::default(),
        buyer: None,
        customer: None,
        place_of_supply: None,
        reverse_charge: false,
        original: None,
        reason: None,
        lines: vec![line(total)],
        tax_table: vec![TaxRow {
            component: "IGST".into(),
            rate_ppm: RatePpm(180_000),
            taxable_minor: Minor(total - tax),
            amount_minor: Minor(tax),
        }],
        totals: Totals {
            gross_minor: Minor(total + 7),
            discount_minor: Minor(7),
            taxable_minor: Minor(total - tax),
            tax_minor: Minor(tax),
            total_minor: Minor(total),
            rounding_minor: Minor(0),
            payable_minor: Minor(total),
        },
        tenders: tenders
            .iter()
            .map(|(tender_type, amount)| Tender {
                tender_type: *tender_type,
                amount_minor: Minor(*amount),
                given_minor: None,
                change_minor: None,
                reference: None,
                hold: None,
            })
            .collect(),
        note: None,
        gift_message: None,
        terms: vec![],
        upi_vpa: None,
        training: false,
    }
}

fn line(total: i64) -> DocumentLine {
    DocumentLine {
        no: 1,
        sku: Sku::new("tea-250").unwrap(),
        name: "Tea".into(),
        options: None,
        hsn: None,
        quantity_milli: Quantity(1000),
        uom: Uom::Each,
        unit_price_micros: UnitPrice(total * 10_000),
        mrp_minor: None,
        gross_minor: Minor(total + 7),
        discount_minor: Minor(7),
        bill_discount_minor: Minor(0),
        net_minor: Minor(total),
        taxable_minor: Minor(total),
        taxes: vec![],
        total_minor: Minor(total),
        price_override: None,
        discount_reason: None,
        flags: vec![],
        original_line: None,
        restock: None,
        gift_card: None,
    }
}

fn act(document: Document) -> Sale {
    Sale { document, movements: vec![], source: None }
}

fn sale(number: u32, tenders: &[(TenderType, i64)]) -> Fact {
    Fact::SaleCompleted(act(document(number, tenders)))
}

fn refund(number: u32, tenders: &[(TenderType, i64)]) -> Fact {
    Fact::RefundCompleted(act(document(number, tenders)))
}

fn cash(amount: i64) -> CashMoved {
    CashMoved { amount_minor: Minor(amount), reason: "change".into() }
}

fn folded(float: i64, facts: &[Fact]) -> ShiftFold {
    let mut fold = ShiftFold::open(&opened(float), 5);
    for fact in facts {
        fold.apply(fact).unwrap();
    }
    fold
}

fn counted(amount: i64) -> Count {
    Count {
        counted_minor: BTreeMap::from([(TenderType::Cash, Minor(amount))]),
        denominations: Denominations::new(),
        blind: true,
        reason: None,
        approved: false,
        limit_minor: Minor(100),
    }
}

fn head() -> JournalHead {
    JournalHead { incarnation: 1, seq: 9, hash: "00".into() }
}

fn close_with(fold: &ShiftFold, count: Count) -> Result<ZReport, ShiftError> {
    close(fold, count, Carried::default(), 99, head())
}

fn tender(totals: &ShiftTotals, tender_type: TenderType) -> &TenderTotals {
    totals.tenders.iter().find(|row| row.tender_type == tender_type).unwrap()
}

#[test]
fn expected_cash_is_float_and_everything_that_moved() {
    let fold = folded(
        10_000,
        &[
            sale(1, &[(TenderType::Cash, 700), (TenderType::Upi, 300)]),
            refund(2, &[(TenderType::Cash, 200)]),
            Fact::CashPaidIn(cash(50)),
            Fact::CashLoaned(cash(1_000)),
            Fact::CashPaidOut(cash(30)),
            Fact::CashDropped(cash(5_000)),
        ],
    );
    let expected = 10_000 + 700 - 200 + 50 + 1_000 - 30 - 5_000;
    assert_eq!(expected_cash(fold.totals()).unwrap(), Minor(expected));
    assert_eq!(tender(fold.totals(), TenderType::Cash).expected_minor, Minor(expected));
    assert_eq!(tender(fold.totals(), TenderType::Upi).expected_minor, Minor(300));
}

#[test]
fn a_sale_and_its_full_refund_leave_no_net_and_no_tax() {
    let fold =
        folded(0, &[sale(1, &[(TenderType::Cash, 1180)]), refund(2, &[(TenderType::Cash, 1180)])]);
    let totals = fold.totals();
    assert_eq!(totals.sales_minor, totals.returns_minor);
    assert_eq!(totals.discounts_minor, Minor(0));
    assert_eq!((totals.taxes[0].taxable_minor, totals.taxes[0].amount_minor), (Minor(0), Minor(0)));
    assert_eq!(expected_cash(totals).unwrap(), Minor(0));
}

#[test]
fn an_exchange_counts_by_its_balance() {
    let fold = folded(
        0,
        &[
            Fact::ExchangeCompleted(act(document(1, &[(TenderType::Cash, -250)]))),
            Fact::ExchangeCompleted(act(document(2, &[(TenderType::Card, 100)]))),
        ],
    );
    let totals = fold.totals();
    assert_eq!((totals.sales_minor, totals.returns_minor), (Minor(100), Minor(250)));
    assert_eq!(tender(totals, TenderType::Cash).refunds_minor, Minor(250));
    assert_eq!(totals.counts.refunds, 2);
}

#[test]
fn a_training_sale_is_no_turnover() {
    let mut exercise = document(1, &[(TenderType::Cash, 500)]);
    exercise.training = true;
    let fold = folded(0, &[Fact::SaleCompleted(act(exercise))]);
    assert_eq!(fold.totals(), folded(0, &[]).totals());
}

#[test]
fn what_happens_beside_sales_is_counted() {
    let aside = BasketAside {
        basket: crate::ids::BasketId(Uuid::from_u128(4)),
        lines: 1,
        total_minor: Minor(5),
        items: vec![],
        reason: None,
    };
    let reprint =
        Reprint { document: DocumentId(Uuid::from_u128(1)), number: "1".into(), copy_no: 1 };
    let fold = folded(
        0,
        &[
            Fact::DrawerOpened(DrawerOpened { reason: "change".into() }),
            Fact::BasketAborted(aside.clone()),
            Fact::BasketParked(aside),
            Fact::ReceiptReprinted(reprint),
            Fact::SaleVoided(act(document(1, &[(TenderType::Card, 10)]))),
        ],
    );
    let counts = fold.totals().counts;
    assert_eq!((counts.no_sales, counts.aborted, counts.reprints, counts.voids), (1, 1, 1, 1));
}

#[test]
fn numbers_are_reported_as_ranges_per_series() {
    let fold = folded(0, &[sale(7, &[]), sale(8, &[]), sale(9, &[])]);
    let range = &fold.totals().numbers[0];
    assert_eq!((range.first.as_str(), range.last.as_str()), ("T1A/26-27/7", "T1A/26-27/9"));
    assert_eq!(range.count, 3);
}

#[test]
fn a_fact_out_of_range_changes_nothing() {
    let mut fold = folded(0, &[sale(1, &[(TenderType::Cash, 10)])]);
    let before = fold.clone();
    let mut absurd = document(2, &[(TenderType::Cash, 10)]);
    absurd.tenders[0].amount_minor = Minor(i64::MAX);
    assert_eq!(fold.apply(&Fact::SaleCompleted(act(absurd))), Err(OutOfRange));
    assert_eq!(fold, before);
}

#[test]
fn closing_writes_over_and_short_and_carries_totals_on() {
    let fold = folded(
        1_000,
        &[sale(1, &[(TenderType::Cash, 500)]), refund(2, &[(TenderType::Cash, 100)])],
    );
    let carried = Carried {
        z_no: 41,
        perpetual: PerpetualTotals {
            sales_minor: Minor(9_000),
            returns_minor: Minor(1_000),
            net_minor: Minor(8_000),
            documents: 70,
        },
    };
    let z = close(&fold, counted(1_350), carried, 99, head()).unwrap();
    assert_eq!(z.z_no, 42);
    assert_eq!(tender(&z.totals, TenderType::Cash).over_short_minor, Some(Minor(-50)));
    let expected = PerpetualTotals {
        sales_minor: Minor(9_500),
        returns_minor: Minor(1_100),
        net_minor: Minor(8_400),
        documents: 72,
    };
    assert_eq!(z.perpetual, expected);
    assert_eq!(verify_z(&z, &fold, carried).unwrap(), vec![]);
}

#[test]
fn above_the_limit_a_close_takes_approval_and_a_reason() {
    let fold = folded(1_000, &[]);
    let refused = close_with(&fold, counted(899)).unwrap_err();
    let expected =
        ShiftError::NeedsApproval { over_short_minor: Minor(-101), limit_minor: Minor(100) };
    assert_eq!(refused, expected);
    let approved = Count { approved: true, ..counted(899) };
    assert_eq!(close_with(&fold, approved.clone()).unwrap_err(), ShiftError::Reason);
    let reasoned = Count { reason: Some("float was wrong".into()), ..approved };
    assert!(close_with(&fold, reasoned).is_ok());
}

#[test]
fn cash_is_always_counted() {
    let count = Count { counted_minor: BTreeMap::new(), ..counted(0) };
    assert_eq!(close_with(&folded(0, &[]), count).unwrap_err(), ShiftError::CashNotCounted);
}

#[test]
fn denominations_add_up_to_the_count() {
    let fold = folded(1_000, &[]);
    let pieces = Denominations::from([(500, 1), (100, 4)]);
    let wrong = Count { denominations: pieces, ..counted(1_000) };
    let expected = ShiftError::Denominations { sum_minor: Minor(900), stated_minor: Minor(1_000) };
    assert_eq!(close_with(&fold, wrong).unwrap_err(), expected);
    let negative = Count { denominations: Denominations::from([(500, -2)]), ..counted(1_000) };
    assert!(matches!(close_with(&fold, negative), Err(ShiftError::Negative { .. })));
    let absurd = Count { denominations: Denominations::from([(i64::MAX, 2)]), ..counted(1_000) };
    assert!(matches!(close_with(&fold, absurd), Err(ShiftError::OutOfRange(_))));
}

#[test]
fn a_tender_never_taken_cannot_be_found() {
    let mut count = counted(0);
    count.counted_minor.insert(TenderType::Card, Minor(0));
    assert!(close_with(&folded(0, &[]), count.clone()).is_ok());
    count.counted_minor.insert(TenderType::Card, Minor(5));
    let refused = close_with(&folded(0, &[]), count).unwrap_err();
    assert_eq!(refused, ShiftError::NotTaken { tender_type: TenderType::Card });
}

#[test]
fn cash_moves_are_positive_bounded_and_reasoned() {
    assert_eq!(validate_cash(&cash(1)), Ok(()));
    assert_eq!(validate_cash(&cash(0)), Err(ShiftError::NotPositive));
    assert_eq!(validate_cash(&cash(-1)), Err(ShiftError::NotPositive));
    assert!(matches!(validate_cash(&cash(CASH_MINOR_MAX + 1)), Err(ShiftError::TooLarge { .. })));
    let silent = CashMoved { reason: "  ".into(), ..cash(1) };
    assert_eq!(validate_cash(&silent), Err(ShiftError::Reason));
    assert!(matches!(validate_opening(&opened(-1)), Err(ShiftError::Negative { .. })));
}

#[test]
fn every_forged_figure_of_a_z_is_found() {
    let fold = folded(100, &[sale(1, &[(TenderType::Cash, 500)])]);
    let z = close_with(&fold, counted(600)).unwrap();
    type Forge = fn(&mut ZReport);
    let forgeries: Vec<(&str, Forge)> = vec![
        ("z_no", |z| z.z_no += 1),
        ("sales_minor", |z| z.totals.sales_minor.0 -= 1),
        ("returns_minor", |z| z.totals.returns_minor.0 += 1),
        ("tenders", |z| z.totals.tenders[0].sales_minor.0 -= 1),
        ("taxes", |z| z.totals.taxes[0].amount_minor.0 -= 1),
        ("counts", |z| z.totals.counts.no_sales += 1),
        ("numbers", |z| z.totals.numbers[0].count -= 1),
        ("perpetual", |z| z.perpetual.sales_minor.0 -= 1),
        ("opening_float_minor", |z| z.totals.opening_float_minor.0 += 1),
        ("paid_out_minor", |z| z.totals.paid_out_minor.0 += 1),
        ("over_short_minor", |z| z.totals.tenders[0].over_short_minor = Some(Minor(3))),
    ];
    for (figure, forge) in forgeries {
        let mut forged = z.clone();
        forge(&mut forged);
        let found = verify_z(&forged, &fold, Carried::default()).unwrap();
        assert_eq!(found, vec![ZMismatch { figure }]);
    }
}

fn any_tender() -> impl Strategy<Value = (TenderType, i64)> {
    let kind = prop_oneof![
        Just(TenderType::Cash),
        Just(TenderType::Card),
        Just(TenderType::Upi),
        Just(TenderType::Coupon),
    ];
    (kind, 0..100_000_i64)
}

fn any_fact() -> impl Strategy<Value = Fact> {
    let tenders = || prop::collection::vec(any_tender(), 0..4);
    prop_oneof![
        4 => tenders().prop_map(|tenders| sale(1, &tenders)),
        1 => tenders().prop_map(|tenders| refund(1, &tenders)),
        1 => tenders().prop_map(|tenders| Fact::SaleVoided(act(document(1, &tenders)))),
        1 => (1..1000_i64).prop_map(|amount| Fact::CashPaidIn(cash(amount))),
        1 => (1..1000_i64).prop_map(|amount| Fact::CashDropped(cash(amount))),
    ]
}

proptest! {
    #[test]
    fn documents_tenders_and_totals_agree(facts in prop::collection::vec(any_fact(), 0..40)) {
        let fold = folded(5_000, &facts);
        let totals = fold.totals();
        let net = totals.sales_minor.0 - totals.returns_minor.0;
        let by_tender: i64 =
            totals.tenders.iter().map(|row| row.sales_minor.0 - row.refunds_minor.0).sum();
        let by_tax: i64 =
            totals.taxes.iter().map(|row| row.taxable_minor.0 + row.amount_minor.0).sum();
        prop_assert_eq!(net, by_tender);
        prop_assert_eq!(net, by_tax + totals.rounding_minor.0);
        let after = perpetual_after(PerpetualTotals::default(), totals).unwrap();
        prop_assert_eq!(after.net_minor, Minor(net));
    }

    #[test]
    fn a_fold_resumed_anywhere_ends_the_same(
        facts in prop::collection::vec(any_fact(), 0..20), cut in 0..20_usize,
    ) {
        let whole = folded(5_000, &facts);
        let cut = cut.min(facts.len());
        let mut resumed = ShiftFold::resume(folded(5_000, &facts[..cut]).totals().clone());
        for fact in &facts[cut..] {
            resumed.apply(fact).unwrap();
        }
        prop_assert_eq!(resumed, whole);
    }
}
