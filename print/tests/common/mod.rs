//! Sample documents built in code, with sums that hold.

#![allow(dead_code, reason = "each test binary uses a part")]
#![expect(clippy::unwrap_used, reason = "samples are written to be valid")]

use daybook_domain::amount::{Currency, Minor, Quantity, RatePpm, UnitPrice, Uom};
use daybook_domain::document::{
    Document, DocumentKind, DocumentLine, OriginalRef, Party, Place, TaxAmount, TaxRow, Tender,
    TenderType, Totals,
};
use daybook_domain::entry::{
    JournalHead, NumberRange, PerpetualTotals, ShiftCounts, ShiftTotals, TaxTotals, TenderTotals,
    ZReport,
};
use daybook_domain::ids::{DocumentId, LocationId, ShiftId, Sku, TillCode};
use daybook_print::ReportHeading;
use std::collections::BTreeMap;
use uuid::Uuid;

/// What a sample line needs: the rest follows.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) name: String,
    pub(crate) hsn: Option<&'static str>,
    pub(crate) quantity_milli: i64,
    pub(crate) uom: Uom,
    /// Minor units.
    pub(crate) price: i64,
    pub(crate) discount: i64,
    /// Per component.
    pub(crate) rates: Vec<(&'static str, i64)>,
}

impl Item {
    pub(crate) fn new(name: &str, price: i64, rates: &[(&'static str, i64)]) -> Self {
        let (name, rates) = (name.to_owned(), rates.to_vec());
        let (hsn, uom) = (Some("09024020"), Uom::Each);
        Self { name, hsn, quantity_milli: 1000, uom, price, discount: 0, rates }
    }

    pub(crate) fn quantity(self, quantity_milli: i64) -> Self {
        Self { quantity_milli, ..self }
    }

    pub(crate) fn discount(self, discount: i64) -> Self {
        Self { discount, ..self }
    }

    pub(crate) fn uom(self, uom: Uom) -> Self {
        Self { uom, ..self }
    }

    pub(crate) fn hsn(self, hsn: Option<&'static str>) -> Self {
        Self { hsn, ..self }
    }
}

pub(crate) const GST5: [(&str, i64); 2] = [("CGST", 25_000), ("SGST", 25_000)];
pub(crate) const GST18: [(&str, i64); 2] = [("CGST", 90_000), ("SGST", 90_000)];
pub(crate) const IGST5: [(&str, i64); 1] = [("IGST", 50_000)];
pub(crate) const IGST18: [(&str, i64); 1] = [("IGST", 180_000)];

pub(crate) fn place(code: &str, name: &str) -> Place {
    Place { code: code.to_owned(), name: name.to_owned() }
}

pub(crate) fn shop() -> Party {
    Party {
        name: "Nandi Provisions".to_owned(),
        address: vec![
            "12 Church Street, Shanthala Nagar".to_owned(),
            "Bengaluru 560001, Karnataka".to_owned(),
        ],
        tax_id: Some("29AAGCB7383J1Z4".to_owned()),
        state: Some(place("29", "Karnataka")),
        phone: Some("+91 80 4123 4567".to_owned()),
        email: Some("bills@nandiprovisions.example".to_owned()),
    }
}

fn line(no: u32, item: &Item, inclusive: bool) -> DocumentLine {
    let gross = (item.price * item.quantity_milli + 500).div_euclid(1000);
    let net = gross - item.discount;
    let all: i64 = item.rates.iter().map(|(_, rate)| rate).sum();
    let half_up = |value: i128, by: i64| {
        let by = i128::from(by);
        i64::try_from((2 * value + by).div_euclid(2 * by)).unwrap()
    };
    let share = |rate: i64| i128::from(net) * i128::from(rate);
    let taxes: Vec<TaxAmount> = item
        .rates
        .iter()
        .map(|(component, rate)| TaxAmount {
            component: (*component).to_owned(),
            rate_ppm: RatePpm(*rate),
            amount_minor: Minor(if inclusive {
                half_up(share(*rate), 1_000_000 + all)
            } else {
                half_up(share(*rate), 1_000_000)
            }),
        })
        .collect();
    let tax: i64 = taxes.iter().map(|tax| tax.amount_minor.0).sum();
    DocumentLine {
        no,
        sku: Sku::new(format!("SKU-{no:04}")).unwrap(),
        name: item.name.clone(),
        options: None,
        hsn: item.hsn.map(str::to_owned),
        quantity_milli: Quantity(item.quantity_milli),
        uom: item.uom,
        unit_price_micros: UnitPrice(item.price * 10_000),
        mrp_minor: None,
        gross_minor: Minor(gross),
        discount_minor: Minor(item.discount),
        bill_discount_minor: Minor(0),
        net_minor: Minor(net),
        taxable_minor: Minor(if inclusive { net - tax } else { net }),
        taxes,
        total_minor: Minor(if inclusive { net } else { net + tax }),
        price_override: None,
        discount_reason: None,
        flags: Vec::new(),
        original_line: None,
        restock: None,
        gift_card: None,
    }
}

/// A document of these items, unpaid, rounded to the rupee.
pub(crate) fn document(number: &str, inclusive: bool, items: &[Item]) -> Document {
    let lines: Vec<DocumentLine> =
        items.iter().zip(1..).map(|(item, no)| line(no, item, inclusive)).collect();
    let mut table: BTreeMap<(i64, String), TaxRow> = BTreeMap::new();
    for line in &lines {
        for tax in &line.taxes {
            let key = (tax.rate_ppm.0, tax.component.clone());
            let row = table.entry(key).or_insert_with(|| TaxRow {
                component: tax.component.clone(),
                rate_ppm: tax.rate_ppm,
                taxable_minor: Minor(0),
                amount_minor: Minor(0),
            });
            row.taxable_minor.0 += line.taxable_minor.0;
            row.amount_minor.0 += tax.amount_minor.0;
        }
    }
    let sum = |of: fn(&DocumentLine) -> i64| Minor(lines.iter().map(of).sum());
    let total = sum(|line| line.total_minor.0);
    let payable = (total.0 + 50).div_euclid(100) * 100;
    let totals = Totals {
        gross_minor: sum(|line| line.gross_minor.0),
        discount_minor: sum(|line| line.discount_minor.0),
        taxable_minor: sum(|line| line.taxable_minor.0),
        tax_minor: sum(|line| line.taxes.iter().map(|tax| tax.amount_minor.0).sum()),
        total_minor: total,
        rounding_minor: Minor(payable - total.0),
        payable_minor: Minor(payable),
    };
    Document {
        id: DocumentId(Uuid::from_u128(0x0193_5000_0000_7000_8000_0000_0000_0001)),
        kind: DocumentKind::TaxInvoice,
        number: number.to_owned(),
        series: "S1T2".to_owned(),
        issued_at_ms: 1_795_336_530_000,
        offset_min: 330,
        day: "2026-11-22".to_owned(),
        fiscal_year: "26-27".to_owned(),
        till: None,
        till_code: Some(TillCode::new("T2").unwrap()),
        location: LocationId::new("church-street").unwrap(),
        cashier: "Meena R.".to_owned(),
        currency: Currency::INR,
        jurisdiction: "IN".to_owned(),
        tax_inclusive: inclusive,
        seller: shop(),
        buyer: None,
        customer: None,
        place_of_supply: Some(place("29", "Karnataka")),
        reverse_charge: false,
        original: None,
        reason: None,
        lines,
        tax_table: table.into_values().collect(),
        totals,
        tenders: Vec::new(),
        note: None,
        gift_message: None,
        terms: vec![
            "Goods once sold are exchanged within 7 days with this bill.".to_owned(),
            "Subject to Bengaluru jurisdiction.".to_owned(),
        ],
        upi_vpa: Some("nandi.provisions@okbank".to_owned()),
        training: false,
    }
}

/// Paid in cash with a round note.
pub(crate) fn paid(mut document: Document) -> Document {
    let amount = document.totals.payable_minor;
    let given = (amount.0 + 49_999).div_euclid(50_000) * 50_000;
    document.tenders.push(Tender {
        tender_type: TenderType::Cash,
        amount_minor: amount,
        given_minor: Some(Minor(given)),
        change_minor: Some(Minor(given - amount.0)),
        reference: None,
        hold: None,
    });
    document
}

/// The shortest sale there is.
pub(crate) fn one_line() -> Document {
    let items = [Item::new("Masala Tea Premium 250 g", 14_900, &GST5)];
    paid(document("S1T2/26-27/00012", true, &items))
}

/// A usual basket of twenty lines with discounts, for the size and time targets.
pub(crate) fn basket() -> Document {
    let names = [
        "Masala Tea Premium 250 g",
        "Basmati Rice Long Grain",
        "Toor Dal Unpolished 1 kg",
        "Cold Pressed Groundnut Oil 1 l",
        "Dark Chocolate 70% 100 g",
        "LED Bulb 9 W B22",
        "Whole Wheat Atta 5 kg",
        "Filter Coffee Powder 500 g",
        "Jaggery Cubes 500 g",
        "Stainless Steel Tiffin, 3 tiers",
        "Green Cardamom 50 g",
        "Honey, Wild Forest 350 g",
        "Toothpaste Herbal 150 g",
        "Detergent Liquid 2 l",
        "Notebook A5 Ruled 200 pages",
        "Cashew Nuts W320 250 g",
        "Turmeric Powder 200 g",
        "Extension Cord 4-way 2 m",
        "Shampoo Hibiscus 340 ml",
        "Tomato Ketchup 950 g",
    ];
    let items: Vec<Item> = names
        .iter()
        .zip(1_i64..)
        .map(|(name, no)| {
            let rates = if no % 3 == 0 { &GST18 } else { &GST5 };
            let item = Item::new(name, 4_950 + 3_725 * no, rates).quantity(1000 * (1 + no % 3));
            if no % 5 == 0 { item.discount(500 + no) } else { item }
        })
        .collect();
    paid(document("S1T2/26-27/00013", true, &items))
}

/// Between registered businesses of two States, three pages.
pub(crate) fn interstate() -> Document {
    let items: Vec<Item> = (1_i64..=60)
        .map(|no| {
            let names = [
                "Copier paper A4 75 g/m², box of 5 reams",
                "Ball pen blue, medium, pack of 50",
                "Heavy-duty stapler with 5,000 staples, for up to 120 sheets",
                "Whiteboard marker, assorted colours, set of 12",
                "Thermal roll 80 mm × 50 m",
            ];
            let name = names[usize::try_from(no).unwrap() % names.len()];
            let rates = if no % 4 == 0 { &IGST5 } else { &IGST18 };
            let item = Item::new(name, 12_500 + 1_373 * no, rates).quantity(1000 * (2 + no % 9));
            let item = item.hsn(Some(if no % 2 == 0 { "48025690" } else { "96081019" }));
            if no % 6 == 0 { item.discount(2_500 * no) } else { item }
        })
        .collect();
    let mut document = document("S1T2/26-27/00014", false, &items);
    document.buyer = Some(Party {
        name: "Western Stationers & Office Supplies Private Limited".to_owned(),
        address: vec![
            "Unit 4B, Peninsula Corporate Park, Ganpatrao Kadam Marg".to_owned(),
            "Lower Parel, Mumbai 400013, Maharashtra".to_owned(),
        ],
        tax_id: Some("27AAPFU0939F1ZV".to_owned()),
        state: Some(place("27", "Maharashtra")),
        phone: None,
        email: None,
    });
    document.place_of_supply = Some(place("27", "Maharashtra"));
    document.tenders = vec![Tender {
        tender_type: TenderType::Online,
        amount_minor: document.totals.payable_minor,
        given_minor: None,
        change_minor: None,
        reference: Some("NEFT AXIS26326118204".to_owned()),
        hold: None,
    }];
    document
}

/// Money back for two of the lines.
pub(crate) fn credit_note() -> Document {
    let items = [
        Item::new("LED Bulb 9 W B22", 11_900, &GST18).quantity(2000).hsn(Some("85395000")),
        Item::new("Dark Chocolate 70% 100 g", 17_500, &GST5).hsn(Some("18063200")),
    ];
    let mut document = document("S1T2C/26-27/0003", true, &items);
    document.kind = DocumentKind::CreditNote;
    document.original = Some(OriginalRef {
        id: None,
        number: "S1T2/26-27/00013".to_owned(),
        day: "2026-11-20".to_owned(),
    });
    document.reason = Some("Damaged in the box".to_owned());
    document.buyer = Some(Party { name: "Anjali Deshpande".to_owned(), ..Party::default() });
    document.tenders = vec![Tender {
        tender_type: TenderType::Upi,
        amount_minor: document.totals.payable_minor,
        given_minor: None,
        change_minor: None,
        reference: Some("632611820455".to_owned()),
        hold: None,
    }];
    document
}

/// A gift card beside goods, paid in part from another one.
pub(crate) fn gift_card() -> Document {
    let items = [
        Item::new("Masala Tea Premium 250 g", 14_900, &GST5),
        Item::new("Gift card", 100_000, &[]).hsn(None),
    ];
    let mut document = document("S1T2/26-27/00015", true, &items);
    document.lines[1].sku = Sku::new("GIFT-CARD").unwrap();
    document.lines[1].gift_card = Some("9012345678901238".to_owned());
    let tender = |tender_type, amount: i64, reference: Option<&str>| Tender {
        tender_type,
        amount_minor: Minor(amount),
        given_minor: None,
        change_minor: None,
        reference: reference.map(str::to_owned),
        hold: None,
    };
    let rest = document.totals.payable_minor.0 - 10_000;
    document.tenders = vec![
        tender(TenderType::StoreCredit, 10_000, Some("9112345678901237")),
        tender(TenderType::Card, rest, Some("VISA •••• 4242")),
    ];
    document
}

/// Money that stays in the shop as store credit.
pub(crate) fn store_credit() -> Document {
    let mut document = credit_note();
    document.number = "S1T2C/26-27/0004".to_owned();
    document.tenders[0].tender_type = TenderType::StoreCredit;
    document.tenders[0].reference = Some("9112345678901237".to_owned());
    document
}

/// Nothing paid yet: a code to pay with.
pub(crate) fn unpaid() -> Document {
    let items = [
        Item::new("Stainless Steel Tiffin, 3 tiers", 84_900, &GST5)
            .quantity(4000)
            .hsn(Some("73239390")),
        Item::new("Extension Cord 4-way 2 m", 64_900, &GST18).quantity(2000).discount(10_000),
    ];
    let mut document = document("S1T2/26-27/00015", true, &items);
    document.buyer = Some(Party {
        name: "Hotel Udaya Residency".to_owned(),
        address: vec!["44 Infantry Road, Bengaluru 560001".to_owned()],
        tax_id: Some("29AAACC1206D1ZJ".to_owned()),
        state: Some(place("29", "Karnataka")),
        phone: Some("+91 98450 12345".to_owned()),
        email: None,
    });
    document.note = Some("Please pay within 15 days. Thank you for your order.".to_owned());
    document
}

/// Three scripts and both directions.
pub(crate) fn scripts() -> Document {
    let items = [
        Item::new("हिन्दी मसाला चाय प्रीमियम 250 ग्राम", 14_900, &GST5),
        Item::new("शुद्ध देसी घी — क्षीरसागर (Pure Ghee) 1 kg", 68_000, &GST5),
        Item::new("أرز بسمتي فاخر", 42_000, &GST5),
        Item::new("تمر مجهول 500 g (Medjool dates) ممتاز", 39_900, &GST5),
        Item::new("लाल मिर्च पाउडर / فلفل أحمر / Red chilli", 9_900, &GST5),
        Item::new("Ελιές Καλαμών, Кефир, Crème brûlée, Straße", 25_000, &GST5),
        Item::new("தேநீர் 茶 🍵 uncovered scripts show boxes", 5_000, &GST5),
    ];
    let mut document = paid(document("S1T2/26-27/00016", true, &items));
    document.seller.name = "नंदी प्रोविज़न्स · Nandi Provisions".to_owned();
    document.seller.address.push("चर्च स्ट्रीट, बेंगलुरु".to_owned());
    document.buyer = Some(Party {
        name: "محمد عبد الرحمن الأنصاري".to_owned(),
        address: vec!["شارع الكنيسة 12، بنغالور".to_owned(), "आयशा अपार्टमेंट्स, प्लॉट 7".to_owned()],
        ..Party::default()
    });
    document
}

/// The other scripts of India, Hebrew and Thai.
pub(crate) fn more_scripts() -> Document {
    let items = [
        Item::new("ক্ষীরের সন্দেশ ও রসগোল্লা। 500 গ্রাম", 24_000, &GST5),
        Item::new("শুদ্ধ অসমীয়া চাহ (Assam tea) ৰঙা", 18_000, &GST5),
        Item::new("શુદ્ધ ઘી શ્રીખંડ 250 ગ્રામ", 16_000, &GST5),
        Item::new("ਪੰਜਾਬੀ ਲੱਸੀ ਤੇ ਕਣਕ ਦਾ ਆਟਾ", 9_000, &GST5),
        Item::new("ശുദ്ധമായ നെയ്യ് കർണ്ണാടക അരി", 42_000, &GST5),
        Item::new("ଶୁଦ୍ଧ ଘିଅ ଓ ଛେନାପୋଡ଼ କ୍ଷୀର", 31_000, &GST5),
        Item::new("தேநீர் கொழுப்பு ஸ்ரீ நெய் 200 கிராம்", 21_000, &GST5),
        Item::new("స్వచ్ఛమైన నెయ్యి శ్రీ కృష్ణా 1 kg", 68_000, &GST5),
        Item::new("חמאה טרייה מהחווה", 19_000, &GST5),
        Item::new("น้ำตาลปี๊บ กะทิ ผู้ใหญ่ที่นี่ 1 ก.ก.", 12_000, &GST5),
    ];
    let mut document = paid(document("S1T2/26-27/00018", true, &items));
    document.seller.name = "নন্দী · నంది · நந்தி · നന്ദി".to_owned();
    document.buyer = Some(Party {
        name: "ਹਰਪ੍ਰੀਤ ਸਿੰਘ · דוד כהן".to_owned(), ..Party::default()
    });
    document
}

/// A shop that writes Kannada.
pub(crate) fn kannada() -> Document {
    let items = [
        Item::new("ಮಸಾಲೆ ಚಹಾ ಪ್ರೀಮಿಯಂ 250 ಗ್ರಾಂ", 14_900, &GST5),
        Item::new("ಶ್ರೀಗಂಧದ ಸಾಬೂನು (Sandal soap) 3 × 75 g", 18_000, &GST18),
        Item::new("ಮೈಸೂರು ಪಾಕ್ 500 ಗ್ರಾಂ", 26_000, &GST5),
    ];
    let mut document = paid(document("S1T2/26-27/00017", true, &items));
    document.seller.name = "ನಂದಿ ಪ್ರಾವಿಷನ್ಸ್ · Nandi Provisions".to_owned();
    document.seller.address.push("ಚರ್ಚ್ ಸ್ಟ್ರೀಟ್, ಬೆಂಗಳೂರು".to_owned());
    document.buyer = Some(Party {
        name: "ಲಕ್ಷ್ಮೀ ನಾರಾಯಣ".to_owned(), ..Party::default()
    });
    document
}

/// Exempt goods only.
pub(crate) fn bill_of_supply() -> Document {
    let items = [
        Item::new("Fresh Paneer (packed)", 36_000, &[])
            .quantity(750)
            .uom(Uom::Kg)
            .hsn(Some("04069000")),
        Item::new("UHT Milk 1 l", 7_200, &[]).quantity(6000).hsn(Some("04012000")),
        Item::new("Bananas, Robusta", 5_800, &[]).quantity(1385).uom(Uom::Kg).hsn(Some("08039010")),
    ];
    let mut document = paid(document("S1T2B/26-27/0007", true, &items));
    document.kind = DocumentKind::BillOfSupply;
    document.terms =
        vec!["Composition taxable person, not eligible to collect tax on supplies.".to_owned()];
    document
}

/// A currency without decimals, exclusive tax, a seller without GST.
pub(crate) fn yen() -> Document {
    let items = [
        Item::new("手帳 A5 notebook", 1_280, &[("VAT", 100_000)]).quantity(3000).hsn(None),
        Item::new("Gel pen 0.38 mm", 220, &[("VAT", 100_000)]).quantity(12_000).hsn(None),
        Item::new("Green tea bottle", 158, &[("VAT", 80_000)]).quantity(24_000).hsn(None),
    ];
    let mut document = document("T1-000231", false, &items);
    document.currency = Currency::try_from("JPY".to_owned()).unwrap();
    document.jurisdiction = "JP".to_owned();
    document.place_of_supply = None;
    document.upi_vpa = None;
    for line in &mut document.lines {
        line.unit_price_micros.0 *= 100;
    }
    document.totals.rounding_minor = Minor(0);
    document.totals.payable_minor = document.totals.total_minor;
    document.seller = Party {
        name: "Kanda Bungu K.K.".to_owned(),
        address: vec!["2-14-3 Kanda Jimbocho, Chiyoda-ku, Tokyo 101-0051".to_owned()],
        tax_id: Some("T1234567890123".to_owned()),
        ..Party::default()
    };
    document.tenders = vec![Tender {
        tender_type: TenderType::Card,
        amount_minor: document.totals.payable_minor,
        given_minor: None,
        change_minor: None,
        reference: Some("VISA •••• 4242".to_owned()),
        hold: None,
    }];
    document
}

/// The longest names and the largest figures.
pub(crate) fn extreme() -> Document {
    let long = "Wholesale assortment of hand-woven silk sarees with zari border and blouse piece, "
        .repeat(5);
    let unbroken =
        "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
            .repeat(3);
    let items = [
        Item::new(&long, 9_999_999_999, &GST18).quantity(9_999_999).discount(123_456_789_012),
        Item::new(&unbroken, 1, &GST5),
        Item::new("x", 9_876_543_210, &GST18).quantity(12_345),
    ];
    let mut document = document("S1T2/26-27/99999", false, &items);
    document.seller.name = "Sri Venkateshwara Traditional Handloom and Handicraft Emporium and Sons Trading Company Private Limited (Unit II)".to_owned();
    document.seller.address = vec!["A very long address line that goes on and on past every reasonable width of the column in which it stands, and then some more".to_owned()];
    document.buyer = Some(Party { name: unbroken, address: vec![long], ..Party::default() });
    document.training = true;
    document.note = Some("Note ".repeat(60));
    document.terms = (1..=12)
        .map(|no| format!("Term {no}: {}", "all disputes are settled amicably ".repeat(6)))
        .collect();
    document
}

/// All samples by name.
pub(crate) fn all() -> Vec<(&'static str, Document)> {
    vec![
        ("one-line", one_line()),
        ("basket", basket()),
        ("interstate", interstate()),
        ("credit-note", credit_note()),
        ("gift-card", gift_card()),
        ("store-credit", store_credit()),
        ("unpaid", unpaid()),
        ("scripts", scripts()),
        ("more-scripts", more_scripts()),
        ("kannada", kannada()),
        ("bill-of-supply", bill_of_supply()),
        ("yen", yen()),
        ("extreme", extreme()),
    ]
}

/// A closed shift, a little short.
pub(crate) fn z_report() -> (ZReport, ReportHeading) {
    let tender = |tender_type, sales: i64, refunds: i64, counted: Option<i64>| {
        let expected = sales - refunds + if tender_type == TenderType::Cash { 150_000 } else { 0 };
        TenderTotals {
            tender_type,
            sales_minor: Minor(sales),
            refunds_minor: Minor(refunds),
            expected_minor: Minor(expected),
            counted_minor: counted.map(Minor),
            over_short_minor: counted.map(|counted| Minor(counted - expected)),
        }
    };
    let tax = |component: &str, rate_ppm, taxable: i64, amount: i64| TaxTotals {
        component: component.to_owned(),
        rate_ppm,
        taxable_minor: Minor(taxable),
        amount_minor: Minor(amount),
    };
    let totals = ShiftTotals {
        shift: ShiftId(Uuid::from_u128(0x0193_5000_0000_7000_8000_0000_0000_00aa)),
        opened_at_ms: 1_795_318_200_000,
        opening_float_minor: Minor(200_000),
        sales_minor: Minor(8_412_300),
        returns_minor: Minor(59_500),
        discounts_minor: Minor(121_050),
        rounding_minor: Minor(-310),
        paid_in_minor: Minor(0),
        paid_out_minor: Minor(50_000),
        loaned_minor: Minor(0),
        dropped_minor: Minor(0),
        tenders: vec![
            tender(TenderType::Cash, 3_210_000, 20_000, Some(3_338_000)),
            tender(TenderType::Upi, 4_002_300, 39_500, None),
            tender(TenderType::Card, 1_200_000, 0, None),
        ],
        taxes: vec![
            tax("CGST", 25_000, 3_900_000, 97_500),
            tax("SGST", 25_000, 3_900_000, 97_500),
            tax("CGST", 90_000, 3_400_000, 306_000),
            tax("SGST", 90_000, 3_400_000, 306_000),
        ],
        counts: ShiftCounts {
            sales: 142,
            refunds: 2,
            aborted: 3,
            reprints: 1,
            ..Default::default()
        },
        numbers: vec![NumberRange {
            series: "S1T2".to_owned(),
            first: "S1T2/26-27/00012".to_owned(),
            last: "S1T2/26-27/00153".to_owned(),
            count: 142,
        }],
    };
    let report = ZReport {
        z_no: 87,
        totals,
        closed_at_ms: 1_795_364_000_000,
        blind: true,
        denominations: [(50_000, 5), (20_000, 3), (10_000, 20), (5_000, 5), (1_000, 3)].into(),
        over_short_reason: Some("Coins not counted twice".to_owned()),
        perpetual: PerpetualTotals {
            sales_minor: Minor(812_345_600),
            returns_minor: Minor(4_210_000),
            net_minor: Minor(808_135_600),
            documents: 12_873,
        },
        head: JournalHead {
            incarnation: 1,
            seq: 20_417,
            hash: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".to_owned(),
        },
    };
    let heading = ReportHeading {
        seller: shop(),
        till_code: TillCode::new("T2").unwrap(),
        currency: Currency::INR,
        offset_min: 330,
        day: "2026-11-22".to_owned(),
        cashier: "Meena R.".to_owned(),
        training: false,
    };
    (report, heading)
}
