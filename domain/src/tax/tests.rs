use super::*;
use proptest::prelude::*;

fn rules(code: &str, supply: Supply, inclusive: bool) -> TaxRules {
    TaxRules { jurisdiction: Jurisdiction::by_code(code).unwrap(), supply, inclusive }
}

fn on(rules: TaxRules, net: i64, percent: i64) -> Vec<i64> {
    let line = Taxable { net: Minor(net), rate: RatePpm(percent * 10_000) };
    rules.taxes(&[line]).unwrap().remove(0).iter().map(|tax| tax.amount_minor.0).collect()
}

#[test]
fn inclusive_gst_follows_rule_35_per_component() {
    let local = rules("IN", Supply::Intra, true);
    for (gross, each, taxable) in [
        (118_000, 9000, 100_000),
        (99_900, 7619, 84_662),
        (10_000, 763, 8474),
        (100, 8, 84),
        (1, 0, 1),
    ] {
        assert_eq!(on(local, gross, 18), [each, each]);
        assert_eq!(gross - 2 * each, taxable);
    }
}

#[test]
fn inclusive_igst_is_one_component() {
    let away = rules("IN", Supply::Inter, true);
    assert_eq!(on(away, 99_900, 18), [15_239]);
    assert_eq!(on(away, 99_900, 5), [4757]);
    assert_eq!(on(away, 99_900, 40), [28_543]);
}

#[test]
fn rounding_per_line_and_per_rate_differ_and_both_sum() {
    let seven = [Taxable { net: Minor(105), rate: RatePpm(180_000) }; 7];
    let sum = |code| {
        let taxes = rules(code, Supply::Inter, false).taxes(&seven).unwrap();
        taxes.iter().map(|line| line[0].amount_minor.0).sum::<i64>()
    };
    assert_eq!(sum("IN"), 133);
    assert_eq!(sum("EU"), 132);
    assert_eq!(sum("GB-line"), 133);
}

#[test]
fn british_vat_is_a_sixth_of_the_gross() {
    assert_eq!(on(rules("GB", Supply::Intra, true), 12_000, 20), [2000]);
    assert_eq!(on(rules("GB", Supply::Intra, true), 999, 20), [167]);
}

#[test]
fn american_tax_rounds_up_when_the_third_decimal_exceeds_four() {
    let taxes = |net, rate| {
        let line = Taxable { net: Minor(net), rate: RatePpm(rate) };
        rules("US-item", Supply::Intra, false).taxes(&[line]).unwrap()[0][0].amount_minor.0
    };
    assert_eq!(taxes(1000, 72_500), 73, "0.725 goes up");
    assert_eq!(taxes(1000, 72_499), 72, "0.72499 has a 4 in the third place");
}

#[test]
fn a_place_decides_the_split() {
    let names = |seller: &str, place: Option<&str>| {
        let place_of = |code: &str| Place { code: code.into(), name: String::new() };
        let rules =
            TaxRules::new("IN", true, Some(&place_of(seller)), place.map(place_of).as_ref())
                .unwrap();
        let line = Taxable { net: Minor(100), rate: RatePpm(180_000) };
        let taxes = rules.taxes(&[line]).unwrap();
        taxes[0].iter().map(|tax| tax.component.clone()).collect::<Vec<_>>()
    };
    assert_eq!(names("29", None), ["CGST", "SGST"], "counter sale without customer data");
    assert_eq!(names("29", Some("27")), ["IGST"]);
    assert_eq!(names("29", Some("96")), ["IGST"]);
    assert_eq!(names("04", None), ["CGST", "UTGST"]);
    assert_eq!(names("07", None), ["CGST", "SGST"], "Delhi has a legislature");
    assert_eq!(names("34", Some("34")), ["CGST", "SGST"], "so has Puducherry");
}

#[test]
fn what_is_unknown_is_refused_by_name() {
    assert!(matches!(TaxRules::new("XX", true, None, None), Err(TaxError::Jurisdiction(_))));
    assert_eq!(TaxRules::new("IN", true, None, None).unwrap_err(), TaxError::SellerState);
    let nowhere = Place { code: "39".into(), name: "Nowhere".into() };
    assert!(matches!(TaxRules::new("IN", true, Some(&nowhere), None), Err(TaxError::State(_))));
    for rate in [-1, 1_000_001] {
        let line = Taxable { net: Minor(100), rate: RatePpm(rate) };
        let refused = rules("EU", Supply::Intra, true).taxes(&[line]);
        assert_eq!(refused, Err(TaxError::Rate(RatePpm(rate))));
    }
}

#[test]
fn exempt_goods_have_no_gst_and_other_taxes_show_their_zero() {
    assert!(on(rules("IN", Supply::Intra, true), 100, 0).is_empty());
    assert_eq!(on(rules("EU", Supply::Intra, true), 100, 0), [0]);
    assert!(on(rules("none", Supply::Intra, true), 100, 18).is_empty());
}

proptest! {
    #[test]
    fn tax_never_exceeds_an_inclusive_line(
        nets in prop::collection::vec(0_i64..1_000_000, 1..20),
        percent in 0_i64..=100,
        code in prop::sample::select(vec!["IN", "EU", "GB-line", "US"]),
    ) {
        let lines: Vec<Taxable> = nets
            .iter()
            .map(|net| Taxable { net: Minor(*net), rate: RatePpm(percent * 10_000) })
            .collect();
        for (line, taxes) in lines.iter().zip(rules(code, Supply::Intra, true).taxes(&lines).unwrap()) {
            let tax: i64 = taxes.iter().map(|tax| tax.amount_minor.0).sum();
            prop_assert!((0..=line.net.0).contains(&tax));
        }
    }
}
