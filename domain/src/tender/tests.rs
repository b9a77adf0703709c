use super::*;
use proptest::prelude::*;

const RUPEE: CashRounding = CashRounding::to(Minor(100));

fn totals(total: i64) -> Totals {
    Totals { total_minor: Minor(total), payable_minor: Minor(total), ..Totals::default() }
}

fn offer(tender_type: TenderType, amount: i64) -> Offer {
    Offer::of(tender_type, Some(Minor(amount)))
}

fn cash() -> Offer {
    Offer::of(TenderType::Cash, None)
}

fn given(amount: i64) -> Offer {
    Offer { given: Some(Minor(amount)), ..cash() }
}

fn refused(total: i64, offers: &[Offer]) -> TenderError {
    settle(&totals(total), offers, RUPEE).unwrap_err()
}

#[test]
fn only_the_cash_part_of_a_split_is_rounded() {
    let offers = [offer(TenderType::Card, 50_025), given(70_000)];
    let settled = settle(&totals(117_950), &offers, RUPEE).unwrap();
    assert_eq!(settled.totals.rounding_minor, Minor(-25));
    assert_eq!(settled.totals.payable_minor, Minor(117_925));
    let amounts: Vec<i64> = settled.tenders.iter().map(|tender| tender.amount_minor.0).collect();
    assert_eq!(amounts, [50_025, 67_900]);
    assert_eq!(settled.tenders[1].change_minor, Some(Minor(2100)));
}

#[test]
fn cards_and_upi_pay_exactly() {
    let settled = settle(&totals(117_950), &[offer(TenderType::Upi, 117_950)], RUPEE).unwrap();
    assert_eq!(settled.totals.rounding_minor, Minor(0));
    let rest = settle(&totals(117_950), &[Offer::of(TenderType::Card, None)], RUPEE).unwrap();
    assert_eq!(rest.tenders[0].amount_minor, Minor(117_950));
}

#[test]
fn what_is_missing_is_said() {
    assert_eq!(refused(1000, &[]), TenderError::NotEnough { missing: Minor(1000) });
    let card = [offer(TenderType::Card, 400)];
    assert_eq!(refused(1000, &card), TenderError::NotEnough { missing: Minor(600) });
    assert_eq!(refused(1000, &[given(900)]), TenderError::NotEnough { missing: Minor(100) });
    let cash = [offer(TenderType::Cash, 900)];
    assert_eq!(refused(1000, &cash), TenderError::NotEnough { missing: Minor(100) });
}

#[test]
fn only_cash_gives_change() {
    let card = [offer(TenderType::Card, 1001)];
    assert_eq!(refused(1000, &card), TenderError::ExceedsDue { by: Minor(1) });
    let both = [offer(TenderType::Card, 1001), cash()];
    assert_eq!(refused(1000, &both), TenderError::ExceedsDue { by: Minor(1) });
    let cash = [offer(TenderType::Cash, 2000)];
    assert_eq!(refused(1000, &cash), TenderError::ExceedsDue { by: Minor(1000) });
    let given = [Offer { given: Some(Minor(5)), ..offer(TenderType::Card, 1000) }];
    assert_eq!(refused(1000, &given), TenderError::Given { no: 1 });
}

#[test]
fn a_makers_coupon_above_the_total_pays_cash_back_only_when_stated() {
    let coupon = offer(TenderType::Coupon, 300);
    let back = [coupon.clone(), offer(TenderType::Cash, -100)];
    let settled = settle(&totals(200), &back, CashRounding::EXACT).unwrap();
    assert_eq!(settled.tenders[1].amount_minor, Minor(-100));
    assert_eq!(settled.totals.payable_minor, Minor(200));
    let unstated = [coupon.clone(), cash()];
    assert_eq!(refused(200, &unstated), TenderError::ExceedsDue { by: Minor(100) });
    assert_eq!(refused(200, &[coupon]), TenderError::ExceedsDue { by: Minor(100) });
    let card = [offer(TenderType::Card, 300), offer(TenderType::Cash, -100)];
    assert_eq!(refused(200, &card), TenderError::ExceedsDue { by: Minor(100) });
    let nothing = [offer(TenderType::Coupon, 50), offer(TenderType::Cash, -50)];
    assert!(settle(&totals(0), &nothing, CashRounding::EXACT).is_ok());
}

#[test]
fn nothing_due_needs_no_tender() {
    assert_eq!(settle(&totals(0), &[], RUPEE).unwrap().tenders, []);
    assert_eq!(settle(&totals(0), &[cash()], RUPEE).unwrap().tenders, []);
    assert_eq!(refused(0, &[offer(TenderType::Card, 1)]), TenderError::ExceedsDue { by: Minor(1) });
}

#[test]
fn an_exchange_in_the_customers_favour_pays_out() {
    let settled = settle(&totals(-118_050), &[cash()], RUPEE).unwrap();
    assert_eq!(settled.tenders[0].amount_minor, Minor(-118_100));
    assert_eq!(settled.totals.rounding_minor, Minor(-50));
    let card = settle(&totals(-500), &[offer(TenderType::Card, -500)], RUPEE).unwrap();
    assert_eq!(card.totals.payable_minor, Minor(-500));
    assert_eq!(refused(-500, &[offer(TenderType::Card, 500)]), TenderError::Amount { no: 1 });
    assert_eq!(refused(-500, &[given(100)]), TenderError::Given { no: 1 });
    let short = [offer(TenderType::Card, -400)];
    assert_eq!(refused(-500, &short), TenderError::NotEnough { missing: Minor(-100) });
}

#[test]
fn a_stated_cash_amount_may_be_exact_or_rounded() {
    for stated in [117_950, 118_000] {
        let settled = settle(&totals(117_950), &[offer(TenderType::Cash, stated)], RUPEE).unwrap();
        assert_eq!(settled.totals.payable_minor, Minor(118_000));
    }
}

#[test]
fn two_takers_of_the_rest_are_refused() {
    let both = [cash(), Offer::of(TenderType::Card, None)];
    assert_eq!(refused(100, &both), TenderError::AmountMissing { no: 2 });
    assert_eq!(refused(100, &[given(50), given(50)]), TenderError::AmountMissing { no: 2 });
}

#[test]
fn absurd_offers_are_refused() {
    assert_eq!(refused(100, &[offer(TenderType::Card, 0)]), TenderError::Amount { no: 1 });
    assert_eq!(refused(100, &[offer(TenderType::Card, -5)]), TenderError::Amount { no: 1 });
    assert_eq!(refused(100, &vec![cash(); TENDERS_MAX + 1]), TenderError::TooMany);
    let long = Offer { reference: Some("x".repeat(65)), ..cash() };
    assert_eq!(refused(100, &[long]), TenderError::Reference { no: 1 });
    for unnamed in [TenderType::GiftCard, TenderType::StoreCredit] {
        assert_eq!(refused(100, &[offer(unnamed, 100)]), TenderError::Reference { no: 1 });
    }
    let huge = [offer(TenderType::Card, i64::MAX), offer(TenderType::Upi, i64::MAX)];
    assert_eq!(refused(100, &huge), TenderError::TooLarge { no: 1, found: Minor(i64::MAX) });
    assert!(settle(&totals(100), &[offer(TenderType::Cash, i64::MIN)], RUPEE).is_err());
    assert!(settle(&totals(100), &[given(i64::MIN)], RUPEE).is_err());
}

fn any_offer() -> impl Strategy<Value = Offer> {
    let kinds = vec![TenderType::Cash, TenderType::Card, TenderType::Coupon, TenderType::Upi];
    let amount = prop_oneof![any::<i64>(), -500_i64..500];
    let fields = (prop::sample::select(kinds), prop::option::of(amount), any::<Option<i64>>());
    fields.prop_map(|(tender_type, amount, given)| Offer {
        tender_type,
        amount: amount.map(Minor),
        given: given.map(Minor),
        reference: None,
        hold: None,
    })
}

proptest! {
    #[test]
    fn whatever_is_offered_either_sums_to_payable_or_is_refused(
        total in prop_oneof![any::<i64>(), -500_i64..500],
        offers in prop::collection::vec(any_offer(), 0..4),
        left in any::<i64>(),
        rounded in -50_i64..50,
    ) {
        let refundable = Refundable { left_minor: Minor(left), rounded_minor: Minor(rounded) };
        let totals = totals(total);
        let given_back = give_back(&totals, &offers, RUPEE, &refundable);
        for settled in [settle(&totals, &offers, RUPEE), given_back].into_iter().flatten() {
            let sum = Minor::total(settled.tenders.iter().map(|tender| tender.amount_minor));
            prop_assert_eq!(sum, Ok(settled.totals.payable_minor));
            for tender in &settled.tenders {
                let change = tender.change_minor.unwrap_or_default();
                prop_assert!(change.0 >= 0);
            }
        }
    }
}

#[test]
fn more_than_a_document_can_hold_is_refused_by_the_number_of_its_tender() {
    let huge = Minor(1_000_000_000_000_000);
    let refused = refused(100, &[offer(TenderType::Card, 50), given(huge.0)]);
    assert_eq!(refused, TenderError::TooLarge { no: 2, found: huge });
    assert_eq!(
        refused.to_string(),
        "tender 2: 1000000000000000 minor units are more than a document can hold"
    );
}

#[test]
fn a_reference_holds_no_characters_of_control() {
    let slip = Offer { reference: Some("7\n8".to_owned()), ..offer(TenderType::Card, 100) };
    assert_eq!(refused(100, &[slip]), TenderError::Reference { no: 1 });
}
