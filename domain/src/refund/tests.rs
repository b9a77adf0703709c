use super::*;
use crate::balance::{Key, Medium, Number, changes};
use crate::basket::{Basket, Discount, Rules};
use crate::document::TenderType;
use crate::figures::verify;
use crate::fixtures::{correcting, issued, item, rules, sum};
use crate::rounding::CashRounding;
use crate::tender::{Offer, give_back, settle};
use proptest::prelude::*;

const RUPEE: CashRounding = CashRounding::to(Minor(100));

fn cash() -> [Offer; 1] {
    [Offer::of(TenderType::Cash, None)]
}

fn sale(items: &[(i64, i64, i64)], bill_discount: i64, rules: &Rules) -> Document {
    let mut basket = Basket::new();
    for (price, pieces, percent) in items {
        basket.add(item("A", *price, *percent), Quantity(pieces * 1000)).unwrap();
    }
    basket.set_bill_discount(Some(Discount::Amount(Minor(bill_discount)))).unwrap();
    let figures = basket.checkout(rules).unwrap();
    let settled = settle(&figures.totals, &cash(), RUPEE).unwrap();
    let mut document = issued(1, DocumentKind::TaxInvoice, figures, settled);
    document.tax_inclusive = rules.tax.inclusive;
    document
}

fn back(line: u32, pieces: i64) -> ReturnLine {
    ReturnLine { line, quantity: Quantity(pieces * 1000), restock: true }
}

fn credit(no: u128, original: &Document, before: &[Document], wanted: &[ReturnLine]) -> Document {
    let plan = plan(original, before, wanted).unwrap();
    let settled = give_back(&plan.figures.totals, &cash(), RUPEE, &plan.refundable).unwrap();
    correcting(original, issued(no, DocumentKind::CreditNote, plan.figures, settled))
}

#[test]
fn one_of_two_comes_back_at_its_own_price() {
    let original = sale(&[(99_900, 2, 18)], 0, &rules("IN", true));
    let note = credit(2, &original, &[], &[back(1, 1)]);
    assert_eq!(note.totals.total_minor, Minor(99_900));
    let line = &note.lines[0];
    assert_eq!((line.original_line, line.restock), (Some(1), Some(true)));
    assert_eq!(line.taxes[0].component, "CGST");
    assert_eq!(verify(&note), Ok(()));
}

#[test]
fn refund_cannot_exceed_what_was_bought() {
    let original = sale(&[(1000, 3, 18), (500, 1, 5)], 0, &rules("IN", true));
    let first = credit(2, &original, &[], &[back(1, 2)]);
    let before = [first];
    let refused = |wanted: &[ReturnLine]| plan(&original, &before, wanted).unwrap_err();
    let left = Quantity(1000);
    assert_eq!(refused(&[back(1, 2)]), RefundError::ExceedsBought { line: 1, left });
    assert_eq!(refused(&[back(3, 1)]), RefundError::UnknownLine { line: 3 });
    assert_eq!(refused(&[back(2, 1), back(2, 1)]), RefundError::LineTwice { line: 2 });
    assert_eq!(refused(&[]), RefundError::Nothing);
    for absurd in [0, -1000, 500, i64::MIN] {
        let wanted = ReturnLine { quantity: Quantity(absurd), ..back(1, 1) };
        assert_eq!(refused(&[wanted]), RefundError::Quantity { line: 1 });
    }
    let everything = ReturnLine { quantity: Quantity(i64::MAX - 807), ..back(1, 1) };
    assert_eq!(refused(&[everything]).code(), "refund.exceeds_bought");
}

#[test]
fn refund_cannot_exceed_what_was_paid() {
    let original = sale(&[(1000, 2, 18)], 0, &rules("IN", true));
    let mut allowance = credit(2, &original, &[], &[back(1, 1)]);
    // Goods of one piece, but money of nearly two: another till was generous.
    allowance.lines[0].total_minor = Minor(1500);
    let refused = plan(&original, &[allowance], &[back(1, 1)]).unwrap_err();
    assert_eq!(refused, RefundError::ExceedsPaid { left: Minor(500) });
    let mut unpaid = original;
    unpaid.tenders.clear();
    assert_eq!(plan(&unpaid, &[], &[back(1, 1)]).unwrap_err().code(), "refund.not_paid");
}

#[test]
fn a_credit_note_is_no_sale_and_others_notes_do_not_count() {
    let original = sale(&[(1000, 2, 18)], 0, &rules("IN", true));
    let mut note = credit(2, &original, &[], &[back(1, 2)]);
    assert_eq!(plan(&note, &[], &[back(1, 1)]).unwrap_err().code(), "refund.not_a_sale");
    if let Some(reference) = &mut note.original {
        reference.id = Some(note.id);
    }
    assert!(plan(&original, &[note], &[back(1, 2)]).is_ok());
}

#[test]
fn rounded_cash_refunds_of_parts_sum_to_what_was_paid() {
    let original = sale(&[(5050, 1, 0), (4950, 1, 0)], 0, &rules("IN", true));
    let first = credit(2, &original, &[], &[back(1, 1)]);
    assert_eq!(first.totals.payable_minor, Minor(5100));
    let second = credit(3, &original, std::slice::from_ref(&first), &[back(2, 1)]);
    assert_eq!(second.totals.payable_minor, Minor(4900));
    assert_eq!(original.totals.payable_minor, Minor(10_000));
}

#[test]
fn a_card_refund_never_exceeds_a_sale_that_was_rounded_down() {
    let original = sale(&[(10_040, 1, 0)], 0, &rules("IN", true));
    assert_eq!(original.totals.payable_minor, Minor(10_000));
    let plan = plan(&original, &[], &[back(1, 1)]).unwrap();
    let card = [Offer::of(TenderType::Card, None)];
    let settled = give_back(&plan.figures.totals, &card, RUPEE, &plan.refundable).unwrap();
    assert_eq!(settled.totals.payable_minor, Minor(10_000));
    let more = [Offer::of(TenderType::Card, Some(Minor(10_040)))];
    assert!(give_back(&plan.figures.totals, &more, RUPEE, &plan.refundable).is_err());
}

#[test]
fn a_void_mirrors_everything_and_comes_first() {
    let original = sale(&[(117_950, 1, 18), (333, 3, 5)], 7, &rules("IN", true));
    let void_of = void(&original, &[]).unwrap();
    assert_eq!(void_of.figures.totals, original.totals);
    assert_eq!(void_of.figures.tax_table, original.tax_table);
    let settled =
        crate::tender::Settled { totals: void_of.figures.totals, tenders: void_of.tenders.clone() };
    let note = issued(2, DocumentKind::CreditNote, void_of.figures, settled);
    assert_eq!(verify(&note), Ok(()));
    let before = [credit(3, &original, &[], &[back(1, 1)])];
    assert_eq!(void(&original, &before).unwrap_err().code(), "refund.already_returned");
}

#[test]
fn an_exchange_nets_returned_and_sold_lines() {
    let original = sale(&[(99_900, 2, 18)], 0, &rules("IN", true));
    let returned = plan(&original, &[], &[back(1, 1)]).unwrap();
    let mut basket = Basket::new();
    basket.add(item("B", 50_000, 5), Quantity(1000)).unwrap();
    basket.add_return(&returned.figures.lines[0]).unwrap();
    let figures = basket.checkout(&rules("IN", true)).unwrap();
    assert_eq!(figures.totals.total_minor, Minor(-49_900));
    assert_eq!(figures.lines[1].quantity_milli, Quantity(-1000));
    let settled = settle(&figures.totals, &cash(), RUPEE).unwrap();
    let exchange = correcting(&original, issued(2, DocumentKind::TaxInvoice, figures, settled));
    assert_eq!(verify(&exchange), Ok(()));
    let before = [exchange.clone()];
    assert!(plan(&original, &before, &[back(1, 1)]).is_ok());
    assert_eq!(
        plan(&original, &before, &[back(1, 2)]).unwrap_err().code(),
        "refund.exceeds_bought"
    );
    assert_eq!(plan(&exchange, &[], &[back(2, 1)]).unwrap_err().code(), "refund.unknown_line");
    assert!(plan(&exchange, &[], &[back(1, 1)]).is_ok());
    assert_eq!(void(&exchange, &[]).unwrap_err().code(), "refund.exchange");
}

#[test]
fn a_line_sold_with_quantity_zero_comes_back_once() {
    let mut basket = Basket::new();
    basket.add_given(item("A", 100, 0), Quantity(0), Minor(250)).unwrap();
    let figures = basket.checkout(&rules("none", true)).unwrap();
    let settled = settle(&figures.totals, &cash(), CashRounding::EXACT).unwrap();
    let original = issued(1, DocumentKind::Receipt, figures, settled);
    let wanted = [back(1, 0)];
    let note = credit(2, &original, &[], &wanted);
    assert_eq!(note.totals.total_minor, Minor(250));
    let again = plan(&original, &[note], &wanted).unwrap_err();
    assert_eq!(again.code(), "refund.exceeds_bought");
}

proptest! {
    #[test]
    fn a_sale_and_its_full_refund_come_to_nothing_however_split(
        items in prop::collection::vec(
            (1_i64..50_000, 1_i64..12, prop::sample::select(vec![0_i64, 5, 18, 40])), 1..6),
        off_ppm in 0_i64..=1_000_000,
        code in prop::sample::select(vec!["IN", "EU", "US", "GB-line"]),
        inclusive in any::<bool>(),
        steps in prop::collection::vec((0_usize..6, 1_i64..6), 0..30),
    ) {
        let value: i64 = items.iter().map(|(price, pieces, _)| price * pieces).sum();
        let rules = rules(code, inclusive);
        let original = sale(&items, value * off_ppm / 1_000_000, &rules);
        let mut notes: Vec<Document> = Vec::new();
        for (index, pieces) in steps {
            let line = u32::try_from(index + 1).unwrap();
            let left = remaining(&original, &notes, true).unwrap();
            let Some(rest) = left.iter().find(|rest| rest.line == line) else { continue };
            let pieces = pieces.min(rest.quantity.0 / 1000);
            let no = u128::try_from(notes.len()).unwrap() + 2;
            notes.push(credit(no, &original, &notes, &[back(line, pieces)]));
        }
        let left = remaining(&original, &notes, false).unwrap();
        if !left.is_empty() {
            let no = u128::try_from(notes.len()).unwrap() + 2;
            notes.push(credit(no, &original, &notes, &left));
        }
        for note in &notes {
            prop_assert_eq!(verify(note), Ok(()));
            prop_assert!(note.lines.iter().all(|l| l.total_minor.0 >= 0 && l.taxable_minor.0 >= 0));
        }
        let of = |figure: fn(&Totals) -> Minor| {
            sum(&notes.iter().map(|note| figure(&note.totals)).collect::<Vec<_>>())
        };
        prop_assert_eq!(of(|totals| totals.gross_minor), original.totals.gross_minor.0);
        prop_assert_eq!(of(|totals| totals.discount_minor), original.totals.discount_minor.0);
        prop_assert_eq!(of(|totals| totals.taxable_minor), original.totals.taxable_minor.0);
        prop_assert_eq!(of(|totals| totals.tax_minor), original.totals.tax_minor.0);
        prop_assert_eq!(of(|totals| totals.payable_minor), original.totals.payable_minor.0);
    }
}

/// A sale of goods and a card, paid in part from another balance.
fn sale_with_balances() -> (Document, Key, Key) {
    let sold = Number::from_random(Medium::GiftCard, 1);
    let spent = Number::from_random(Medium::StoreCredit, 2);
    let mut basket = Basket::new();
    basket.add(item("A", 1000, 18), Quantity(3000)).unwrap();
    let card = crate::catalogue::Snapshot { open: true, ..item("GIFT-CARD", 0, 0) };
    basket.add_gift_card(card, &sold, Minor(50_000)).unwrap();
    let figures = basket.checkout(&rules("IN", true)).unwrap();
    let credit = Offer {
        reference: Some(spent.as_str().to_owned()),
        ..Offer::of(TenderType::StoreCredit, Some(Minor(2000)))
    };
    let settled = settle(&figures.totals, &[credit, cash()[0].clone()], RUPEE).unwrap();
    let key = |medium, number: &Number| Key { medium, number: number.as_str().to_owned() };
    let document = issued(1, DocumentKind::TaxInvoice, figures, settled);
    (document, key(Medium::GiftCard, &sold), key(Medium::StoreCredit, &spent))
}

#[test]
fn a_void_takes_back_what_the_sale_did_to_balances() {
    let (sale, card, credit) = sale_with_balances();
    let did = changes(&sale).unwrap();
    let expected = [(card, Minor(50_000)), (credit, Minor(-2000))];
    assert_eq!(did, expected.clone().into_iter().collect());
    let void = void(&sale, &[]).unwrap();
    let settled = crate::tender::Settled { totals: void.figures.totals, tenders: void.tenders };
    let note = correcting(&sale, issued(2, DocumentKind::CreditNote, void.figures, settled));
    assert_eq!(verify(&note), Ok(()));
    let undone = expected.map(|(key, minor)| (key, Minor(-minor.0)));
    assert_eq!(changes(&note).unwrap(), undone.into_iter().collect());
    let practice = Document { training: true, ..sale };
    assert!(changes(&practice).unwrap().is_empty());
}

#[test]
fn a_sold_card_is_not_taken_back_and_its_money_does_not_go_out_with_the_goods() {
    let (sale, ..) = sale_with_balances();
    assert_eq!(plan(&sale, &[], &[back(2, 1)]), Err(RefundError::GiftCard { line: 2 }));
    assert_eq!(remaining(&sale, &[], true).unwrap(), [back(1, 3)]);
    assert_eq!(left_to_refund(&sale, &[]), Ok(Minor(3000)));
}

#[test]
fn what_came_from_a_balance_goes_to_a_balance() {
    let (mut sale, ..) = sale_with_balances();
    let (cash, credit) = (TenderType::Cash, TenderType::StoreCredit);
    // The card that was sold is no goods: of 20.00 by credit and 510.00 in cash, 30.00 may come back.
    assert_eq!(media_back(&sale).unwrap(), [credit]);
    let to = |tender_type, minor| check_ways(&sale, &[], &[(tender_type, Minor(minor))]);
    assert_eq!(to(cash, 1001), Err(RefundError::Way { tender_type: cash, left: Minor(1000) }));
    assert_eq!((to(cash, 1000), to(credit, 3000)), (Ok(()), Ok(())));
    assert_eq!(balance_back(&sale, credit), sale.tenders[0].reference.as_deref());
    assert_eq!(balance_back(&sale, TenderType::GiftCard), None);
    let mut paid_by = |tender_type| {
        sale.tenders.truncate(1);
        sale.tenders[0].tender_type = tender_type;
        media_back(&sale).unwrap()
    };
    assert_eq!(paid_by(TenderType::GiftCard), [TenderType::GiftCard, credit]);
    assert_eq!(paid_by(credit), [credit]);
    assert_eq!(paid_by(TenderType::Card), [TenderType::Card, cash, credit]);
}

/// A sale of three lines for 600.10, paid by so much of each, the rest in cash.
fn paid_in_parts(parts: &[(TenderType, i64)]) -> Document {
    let mut basket = Basket::new();
    for (price, pieces) in [(10_000, 3), (5_002, 5), (4_000, 1)] {
        basket.add(item("A", price, 18), Quantity(pieces * 1000)).unwrap();
    }
    let figures = basket.checkout(&rules("IN", true)).unwrap();
    let mut offers: Vec<Offer> = parts
        .iter()
        .zip(1..)
        .filter(|((_, minor), _)| *minor > 0)
        .map(|((tender_type, minor), seed)| Offer {
            reference: Medium::of(*tender_type)
                .map(|medium| Number::from_random(medium, seed).as_str().to_owned()),
            ..Offer::of(*tender_type, Some(Minor(*minor)))
        })
        .collect();
    offers.push(Offer::of(TenderType::Cash, None));
    let settled = settle(&figures.totals, &offers, RUPEE).unwrap();
    issued(1, DocumentKind::TaxInvoice, figures, settled)
}

fn back_as_it_came(
    no: u128,
    original: &Document,
    notes: &[Document],
    wanted: &[ReturnLine],
) -> Document {
    let plan = plan(original, notes, wanted).unwrap();
    let ways = ways_back(original, notes).unwrap();
    let offers = as_it_came(plan.figures.totals.total_minor, &plan.refundable, &ways).unwrap();
    let settled = give_back(&plan.figures.totals, &offers, RUPEE, &plan.refundable).unwrap();
    let back: Vec<_> =
        settled.tenders.iter().map(|tender| (tender.tender_type, tender.amount_minor)).collect();
    assert_eq!(check_ways(original, notes, &back), Ok(()));
    correcting(original, issued(no, DocumentKind::CreditNote, plan.figures, settled))
}

#[test]
fn what_came_by_card_goes_back_by_card_up_to_that_and_the_rest_in_cash() {
    let sale = paid_in_parts(&[(TenderType::Card, 15_000)]);
    assert_eq!(media_back(&sale).unwrap(), [TenderType::Cash, TenderType::StoreCredit]);
    let first = back_as_it_came(2, &sale, &[], &[back(1, 2)]);
    let by = |note: &Document| -> Vec<_> {
        note.tenders.iter().map(|tender| (tender.tender_type, tender.amount_minor.0)).collect()
    };
    assert_eq!(by(&first), [(TenderType::Card, 15_000), (TenderType::Cash, 5_000)]);
    let notes = [first];
    let card = [(TenderType::Card, Minor(1))];
    let refused = RefundError::Way { tender_type: TenderType::Card, left: Minor::ZERO };
    assert_eq!(check_ways(&sale, &notes, &card), Err(refused));
    let second = back_as_it_came(3, &sale, &notes, &[back(1, 1)]);
    assert_eq!(by(&second), [(TenderType::Cash, 10_000)]);
    let upi = [(TenderType::Upi, Minor(100))];
    let refused = RefundError::Way { tender_type: TenderType::Upi, left: Minor::ZERO };
    assert_eq!(check_ways(&sale, &[], &upi), Err(refused));
}

proptest! {
    #[test]
    fn whatever_parts_come_back_each_medium_gets_what_it_gave_and_no_balance_becomes_cash(
        gift in 0_i64..20_000, credit in 0_i64..15_000, card in 0_i64..15_000, upi in 0_i64..9_000,
        steps in prop::collection::vec((1_u32..4, 1_i64..4), 0..5),
    ) {
        let parts = [
            (TenderType::Card, card), (TenderType::GiftCard, gift),
            (TenderType::Upi, upi), (TenderType::StoreCredit, credit),
        ];
        let sale = paid_in_parts(&parts);
        let mut notes: Vec<Document> = Vec::new();
        for (line, pieces) in steps {
            let left = remaining(&sale, &notes, true).unwrap();
            let Some(rest) = left.iter().find(|rest| rest.line == line) else { continue };
            let no = u128::try_from(notes.len()).unwrap() + 2;
            let pieces = pieces.min(rest.quantity.0 / 1000);
            notes.push(back_as_it_came(no, &sale, &notes, &[back(line, pieces)]));
        }
        let left = remaining(&sale, &notes, true).unwrap();
        if !left.is_empty() {
            notes.push(back_as_it_came(99, &sale, &notes, &left));
        }
        let sums = |documents: &[Document]| {
            let mut sums = std::collections::BTreeMap::new();
            for tender in documents.iter().flat_map(|document| &document.tenders) {
                *sums.entry((format!("{:?}", tender.tender_type), tender.reference.clone())).or_insert(0) +=
                    tender.amount_minor.0;
            }
            sums
        };
        prop_assert_eq!(sums(&notes), sums(std::slice::from_ref(&sale)));
        prop_assert!(ways_back(&sale, &notes).unwrap().is_empty());
    }
}
