use super::*;
use crate::document::DocumentKind;
use crate::entry::Movement;
use crate::figures;
use crate::fixtures::{issued, item, rules};
use crate::ids::{LocationId, Sku};
use crate::rounding::CashRounding;
use crate::tender::{Offer, settle};
use proptest::prelude::*;

fn one(item: Snapshot) -> Basket {
    let mut basket = Basket::new();
    basket.add(item, Quantity(1000)).unwrap();
    basket
}

#[test]
fn an_order_of_two_with_exclusive_tax_and_untaxed_shipping_comes_to_its_known_total() {
    let mut basket = Basket::new();
    basket.add(item("BAG", 99_900, 18), Quantity(2000)).unwrap();
    basket.add(item("SHIPPING", 5000, 0), Quantity(1000)).unwrap();
    for code in ["IN", "US", "EU"] {
        let totals = basket.checkout(&rules(code, false)).unwrap().totals;
        assert_eq!(totals.taxable_minor, Minor(204_800));
        assert_eq!(totals.tax_minor, Minor(35_964));
        assert_eq!(totals.total_minor, Minor(240_764), "{code}");
    }
}

#[test]
fn a_basket_without_lines_cannot_be_paid() {
    let rules = rules("IN", true);
    assert_eq!(Basket::new().checkout(&rules), Err(BasketError::Empty));
    assert_eq!(Basket::new().price(&rules).unwrap().totals.total_minor, Minor(0));
}

#[test]
fn a_discount_above_the_price_names_the_line() {
    let mut basket = one(item("A", 100, 18));
    let line = basket.add(item("B", 100, 18), Quantity(1000)).unwrap();
    basket.set_discount(line, Some(Discount::Amount(Minor(101)))).unwrap();
    let refused = basket.price(&rules("IN", true)).unwrap_err();
    assert_eq!(refused, BasketError::DiscountExceedsPrice { line: 2, most: Minor(100) });
    assert_eq!(refused.code(), "basket.discount_exceeds_price");
    let everything = Some(Discount::Rate(RatePpm(1_000_000)));
    basket.set_discount(line, everything).unwrap();
    assert_eq!(basket.price(&rules("IN", true)).unwrap().totals.total_minor, Minor(100));
    for wrong in [Discount::Amount(Minor(-1)), Discount::Rate(RatePpm(1_000_001))] {
        let refused = basket.set_discount(line, Some(wrong));
        assert_eq!(refused, Err(BasketError::Discount { line: Some(2) }));
        assert_eq!(
            basket.set_bill_discount(Some(wrong)),
            Err(BasketError::Discount { line: None })
        );
    }
}

#[test]
fn a_bill_discount_is_spread_by_value_before_tax() {
    let mut basket = Basket::new();
    for price in [1000, 2000, 3000] {
        basket.add(item("A", price, 18), Quantity(1000)).unwrap();
    }
    basket.set_bill_discount(Some(Discount::Amount(Minor(100)))).unwrap();
    let figures = basket.price(&rules("IN", true)).unwrap();
    let shares: Vec<i64> = figures.lines.iter().map(|line| line.bill_discount_minor.0).collect();
    assert_eq!(shares, [17, 33, 50]);
    assert_eq!(figures.totals.discount_minor, Minor(100));
    assert_eq!(figures.totals.total_minor, Minor(5900));
    basket.set_bill_discount(Some(Discount::Amount(Minor(6001)))).unwrap();
    let refused = basket.price(&rules("IN", true)).unwrap_err();
    assert_eq!(refused, BasketError::DiscountExceedsBill { most: Minor(6000) });
}

#[test]
fn nothing_sells_above_its_maximum_retail_price() {
    let mut capped = item("SOAP", 4500, 18);
    capped.mrp_minor = Some(Minor(4500));
    let mut basket = one(capped.clone());
    assert!(basket.price(&rules("IN", true)).is_ok());
    assert!(matches!(
        basket.price(&rules("IN", false)),
        Err(BasketError::AboveMrp { line: 1, .. })
    ));
    basket.override_price(1, UnitPrice(45_010_000), "typo").unwrap();
    let refused = basket.price(&rules("IN", true)).unwrap_err();
    assert_eq!(refused, BasketError::AboveMrp { line: 1, sku: capped.sku, mrp: Minor(4500) });
}

#[test]
fn a_code_is_cut_to_the_digits_of_the_shop_and_never_lengthened() {
    let printed = |code: &str, hsn_digits| {
        let mut tea = item("TEA", 4500, 5);
        tea.hsn = Some(code.into());
        let rules = Rules { hsn_digits, ..rules("IN", true) };
        one(tea).price(&rules).unwrap().lines[0].hsn.clone()
    };
    assert_eq!(printed("09024020", 4).as_deref(), Some("0902"));
    assert_eq!(printed("09024020", 6).as_deref(), Some("090240"));
    assert_eq!(printed("0902", 6).as_deref(), Some("0902"));
    assert_eq!(printed("09024020", 0), None);
}

#[test]
fn an_override_keeps_the_price_of_the_price_book() {
    let mut basket = one(item("A", 100, 0));
    basket.override_price(1, UnitPrice(900_000), "damaged").unwrap();
    basket.override_price(1, UnitPrice(800_000), "damaged more").unwrap();
    let line = &basket.price(&rules("IN", true)).unwrap().lines[0];
    let changed = line.price_override.as_ref().unwrap();
    assert_eq!((changed.was_micros, line.gross_minor), (UnitPrice(1_000_000), Minor(80)));
    assert_eq!(changed.reason, "damaged more");
    let refused = |basket: &mut Basket, price, reason| {
        basket.override_price(1, UnitPrice(price), reason).unwrap_err().code()
    };
    assert_eq!(refused(&mut basket, 1, " "), "basket.reason");
    assert_eq!(refused(&mut basket, -1, "x"), "basket.price");
    assert_eq!(refused(&mut basket, i64::MAX, "x"), "basket.price");
}

#[test]
fn absurd_quantities_are_refused() {
    let mut basket = one(item("A", 100, 0));
    for found in [0, -1000, QUANTITY_MAX.0 + 1, i64::MAX, i64::MIN] {
        let refused = basket.add(item("A", 100, 0), Quantity(found)).unwrap_err();
        assert_eq!(refused.code(), "basket.quantity");
        assert_eq!(basket.set_quantity(1, Quantity(found)).unwrap_err(), refused);
    }
    assert_eq!(basket.add(item("A", 100, 0), Quantity(500)).unwrap_err().code(), "basket.fraction");
    let mut dear = item("A", 100, 0);
    dear.unit_price_micros = Some(UNIT_PRICE_MAX);
    basket.add(dear, QUANTITY_MAX).unwrap();
    assert_eq!(basket.price(&rules("IN", true)).unwrap_err().code(), "basket.amount");
}

#[test]
fn weighed_goods_sell_by_parts_of_a_kilogram() {
    let mut cheese = item("CHEESE", 99_900, 5);
    cheese.uom = Uom::Kg;
    cheese.sold_by_weight = true;
    let mut basket = Basket::new();
    basket.add(cheese, Quantity(250)).unwrap();
    let line = &basket.price(&rules("IN", true)).unwrap().lines[0];
    assert_eq!(line.gross_minor, Minor(24_975));
    assert_eq!(line.flags, [LineFlag::Weighed]);
}

#[test]
fn a_label_gives_the_weight_or_the_price() {
    let mut cheese = item("CHEESE", 60_000, 5);
    cheese.uom = Uom::Kg;
    cheese.sold_by_weight = true;
    let mut basket = Basket::new();
    let weight = Embedded::WeightMilli(1250);
    basket.add_label(cheese.clone(), weight, Currency::INR).unwrap();
    basket.add_label(cheese.clone(), Embedded::PriceMinor(15_001), Currency::INR).unwrap();
    basket.add_label(item("CAKE", 1, 5), Embedded::PriceMinor(2875), Currency::INR).unwrap();
    let lines = basket.price(&rules("IN", true)).unwrap().lines;
    let sold: Vec<(i64, i64)> =
        lines.iter().map(|line| (line.quantity_milli.0, line.gross_minor.0)).collect();
    assert_eq!(sold, [(1250, 75_000), (250, 15_001), (1000, 2875)]);
    cheese.unit_price_micros = Some(UnitPrice(0));
    let refused = basket.add_label(cheese, Embedded::PriceMinor(1), Currency::INR).unwrap_err();
    assert_eq!(refused.code(), "basket.no_price");
}

#[test]
fn a_given_amount_is_never_computed_anew() {
    let mut basket = Basket::new();
    let line = basket.add_given(item("A", 100, 0), Quantity(3000), Minor(500)).unwrap();
    let priced = &basket.price(&rules("IN", true)).unwrap().lines[0];
    assert_eq!((priced.gross_minor, priced.unit_price_micros), (Minor(500), UnitPrice(1_666_667)));
    assert_eq!(priced.flags, [LineFlag::PriceGiven]);
    assert_eq!(
        basket.set_quantity(line, Quantity(1000)).unwrap_err().code(),
        "basket.given_amount"
    );
    let refused = basket.override_price(line, UnitPrice(1), "x").unwrap_err();
    assert_eq!(refused.code(), "basket.given_amount");
    let refused = basket.add_given(item("A", 1, 0), Quantity(1), Minor(-1)).unwrap_err();
    assert_eq!(refused.code(), "basket.amount");
}

#[test]
fn handles_are_never_reused_and_the_document_numbers_anew() {
    let mut basket = Basket::new();
    for _ in 0..3 {
        basket.add(item("A", 100, 0), Quantity(1000)).unwrap();
    }
    basket.remove(2).unwrap();
    assert_eq!(basket.remove(2), Err(BasketError::UnknownLine { line: 2 }));
    assert_eq!(basket.add(item("B", 100, 0), Quantity(1000)), Ok(4));
    let figures = basket.price(&rules("IN", true)).unwrap();
    assert_eq!(figures.lines.iter().map(|line| line.no).collect::<Vec<_>>(), [1, 2, 3]);
}

#[test]
fn a_parked_basket_comes_back_as_it_was() {
    let mut basket = one(item("A", 100, 18));
    basket.set_bill_discount(Some(Discount::Rate(RatePpm(50_000)))).unwrap();
    let parked = serde_json::to_string(&basket).unwrap();
    assert_eq!(serde_json::from_str::<Basket>(&parked).unwrap(), basket);
}

#[test]
fn a_full_basket_refuses_a_line_when_it_is_added() {
    let mut basket = Basket::new();
    for _ in 0..LINES_MAX {
        basket.add(item("A", 100, 18), Quantity(1000)).unwrap();
    }
    let refused = basket.add(item("A", 100, 18), Quantity(1000));
    assert_eq!(refused, Err(BasketError::TooManyLines));
}

#[test]
fn no_basket_makes_an_entry_too_large_to_send() {
    let mut long = item(&"\u{10ffff}".repeat(Sku::MAX), 100_000, 18);
    long.name = "\"".repeat(crate::catalogue::NAME_MAX);
    long.options = Some("\\".repeat(crate::catalogue::OPTIONS_MAX));
    long.hsn = Some("12345678".into());
    long.mrp_minor = Some(Minor(100_000));
    let mut basket = Basket::new();
    while basket.add(long.clone(), Quantity(1000)).is_ok() {}
    basket.set_bill_discount(Some(Discount::Amount(Minor(99)))).unwrap();
    let lines = basket.price(&rules("IN", true)).unwrap().lines;
    let movement = Movement {
        sku: long.sku.clone(),
        location: LocationId::new("l".repeat(32)).unwrap(),
        quantity_milli: Quantity(-1_000_000),
        reason: crate::entry::MovementReason::Sale,
        lease: Some(i64::MAX),
        beyond_rights: true,
    };
    let movement = serde_json::to_string(&movement).unwrap().len() + 1;
    let bytes = serde_json::to_string(&lines).unwrap().len() + movement * lines.len();
    assert!(bytes <= LINE_BYTES_BUDGET, "{} lines take {bytes} bytes", lines.len());
}

#[test]
fn exempt_and_taxed_goods_decide_the_kind_of_document() {
    let kind = |rates: &[i64], registered| {
        let mut basket = Basket::new();
        for rate in rates {
            basket.add(item("A", 100, *rate), Quantity(1000)).unwrap();
        }
        let rules = rules("IN", true);
        let lines = basket.price(&rules).unwrap().lines;
        rules.tax.jurisdiction.document_kind(&lines, registered)
    };
    assert_eq!(kind(&[18, 5], false), DocumentKind::TaxInvoice);
    assert_eq!(kind(&[0, 0], false), DocumentKind::BillOfSupply);
    assert_eq!(kind(&[18, 0], false), DocumentKind::InvoiceCumBill);
    assert_eq!(kind(&[18, 0], true), DocumentKind::TaxInvoice);
}

#[derive(Debug, Clone)]
struct Drawn {
    price: i64,
    pieces: i64,
    percent: i64,
    off_ppm: i64,
}

fn drawn() -> impl Strategy<Value = Vec<Drawn>> {
    let rates = prop::sample::select(vec![0_i64, 5, 12, 18, 40]);
    let line = (1_i64..200_000, 1_i64..9, rates, 0_i64..=1_000_000)
        .prop_map(|(price, pieces, percent, off_ppm)| Drawn { price, pieces, percent, off_ppm });
    prop::collection::vec(line, 1..25)
}

proptest! {
    #[test]
    fn lines_sum_to_table_and_totals_and_no_discount_makes_a_line_negative(
        lines in drawn(),
        bill_ppm in 0_i64..=1_000_000,
        code in prop::sample::select(vec!["IN", "EU", "GB-line", "US", "none"]),
        inclusive in any::<bool>(),
        rupee in prop::sample::select(vec![1_i64, 5, 100]),
    ) {
        let mut basket = Basket::new();
        for line in &lines {
            let item = item("A", line.price, line.percent);
            let no = basket.add(item, Quantity(line.pieces * 1000)).unwrap();
            basket.set_discount(no, Some(Discount::Rate(RatePpm(line.off_ppm)))).unwrap();
        }
        basket.set_bill_discount(Some(Discount::Rate(RatePpm(bill_ppm)))).unwrap();
        let figures = basket.checkout(&rules(code, inclusive)).unwrap();
        for line in &figures.lines {
            prop_assert!(line.net_minor.0 >= 0 && line.taxable_minor.0 >= 0);
        }
        let offers = [Offer::of(crate::document::TenderType::Cash, None)];
        let settled =
            settle(&figures.totals, &offers, CashRounding::to(Minor(rupee))).unwrap();
        let mut document = issued(1, DocumentKind::TaxInvoice, figures, settled);
        document.tax_inclusive = inclusive;
        prop_assert_eq!(figures::verify(&document), Ok(()));
    }
}

#[test]
fn money_on_a_card_bears_no_tax_takes_no_discount_and_is_no_supply() {
    let number = Number::from_random(crate::balance::Medium::GiftCard, 7);
    let card = || Snapshot::open_item(Sku::new("GIFT-CARD").unwrap(), "Gift card", RatePpm(0));
    for code in ["IN", "GB", "EU", "US"] {
        let mut basket = one(item("A", 1000, 18));
        let line = basket.add_gift_card(card(), &number, Minor(50_000)).unwrap();
        let refused = basket.set_discount(line, Some(Discount::Amount(Minor(1))));
        assert_eq!(refused, Err(BasketError::GiftCardDiscount { line }));
        let twice = basket.add_gift_card(card(), &number, Minor(50_000));
        assert_eq!(twice, Err(BasketError::GiftCardTwice));
        basket.set_bill_discount(Some(Discount::Rate(RatePpm(100_000)))).unwrap();
        let figures = basket.checkout(&rules(code, true)).unwrap();
        let sold = &figures.lines[1];
        assert_eq!(sold.gift_card.as_deref(), Some(number.as_str()));
        assert_eq!((sold.total_minor, sold.taxes.len()), (Minor(50_000), 0), "{code}");
        assert_eq!(figures.totals.total_minor, Minor(50_900), "{code}");
    }
    let mut alone = Basket::new();
    assert!(alone.add_gift_card(card(), &number, Minor(0)).is_err());
    assert!(alone.add_gift_card(card(), &number, Minor(-1)).is_err());
    alone.add_gift_card(card(), &number, Minor(50_000)).unwrap();
    let india = rules("IN", true);
    let kind = |basket: &Basket| {
        let figures = basket.checkout(&india).unwrap();
        india.tax.jurisdiction.document_kind(&figures.lines, false)
    };
    assert_eq!(kind(&alone), DocumentKind::Receipt);
    alone.add(item("A", 1000, 18), Quantity(1000)).unwrap();
    assert_eq!(kind(&alone), DocumentKind::TaxInvoice);
    alone.add(item("MILK", 1000, 0), Quantity(1000)).unwrap();
    assert_eq!(kind(&alone), DocumentKind::InvoiceCumBill);
}

#[test]
fn a_price_label_shows_the_unit_price_of_the_price_book_where_it_leads_to_the_price() {
    let sold = |unit_micros: i64, price: i64| {
        let mut goods = item("CHEESE", 0, 5);
        goods.unit_price_micros = Some(UnitPrice(unit_micros));
        goods.uom = Uom::Kg;
        goods.sold_by_weight = true;
        let mut basket = Basket::new();
        basket.add_label(goods, Embedded::PriceMinor(price), Currency::INR).unwrap();
        let line = basket.checkout(&rules("IN", true)).unwrap().lines.remove(0);
        (line.quantity_milli.0, line.unit_price_micros.0, line.gross_minor.0)
    };
    assert_eq!(sold(9_990_000, 459), (459, 9_990_000, 459));
    assert_eq!(sold(19_900_000, 499), (251, 19_900_000, 499));
    // Goods so dear that a gram is more than a cent: no quantity leads to the price.
    assert_eq!(sold(500_000_000, 1_234), (25, 493_600_000, 1_234));
}
