//! What is on paper can be read, searched, copied and scanned. Needs `pdftotext` and `pdftoppm` (poppler-utils).

#![expect(clippy::unwrap_used, reason = "a test that cannot print has failed")]

mod common;
mod reader;

use daybook_domain::amount::Minor;
use daybook_domain::upi::PayLink;
use daybook_print::{Fonts, Marking, Options, missing_glyphs, render_a4};
use reader::{pages, squeezed, text};
use std::sync::OnceLock;
use unicode_normalization::UnicodeNormalization;

fn fonts() -> &'static Fonts {
    static FONTS: OnceLock<Fonts> = OnceLock::new();
    FONTS.get_or_init(|| Fonts::load().unwrap())
}

fn a4(document: &daybook_domain::document::Document) -> Vec<u8> {
    render_a4(fonts(), document, &Options::default()).unwrap()
}

fn receipt(document: &daybook_domain::document::Document) -> Vec<u8> {
    daybook_print::receipt(document, &Options::default())
        .and_then(|strip| strip.pdf(fonts()))
        .unwrap()
}

#[test]
fn every_amount_of_a_document_is_on_both_forms() {
    for (name, document) in common::all() {
        for (form, bytes) in [("A4", a4(&document)), ("receipt", receipt(&document))] {
            let text = text(&bytes);
            let totals = &document.totals;
            let lines = document.lines.iter().map(|line| line.total_minor);
            let taxes = document.tax_table.iter().map(|row| row.amount_minor);
            let tenders = document.tenders.iter().map(|tender| tender.amount_minor);
            for amount in lines.chain(taxes).chain(tenders).chain([totals.payable_minor]) {
                let figures = reader::money(amount, document.currency);
                assert!(text.contains(&figures), "{name} {form} lacks {figures}:\n{text}");
            }
            assert!(text.contains(&document.number), "{name} {form} lacks its number");
        }
    }
}

#[test]
fn names_in_three_scripts_copy_as_they_were_typed() {
    let document = common::scripts();
    for bytes in [a4(&document), receipt(&document)] {
        let text = squeezed(&text(&bytes));
        for name in [
            "नंदी प्रोविज़न्स · Nandi Provisions",
            "हिन्दी मसाला चाय प्रीमियम 250 ग्राम",
            "शुद्ध देसी घी — क्षीरसागर (Pure Ghee) 1 kg",
            "चर्च स्ट्रीट, बेंगलुरु",
            "محمد عبد الرحمن الأنصاري",
            "أرز بسمتي فاخر",
            "Ελιές Καλαμών, Кефир, Crème brûlée, Straße",
            "தேநீர் 茶 🍵 uncovered scripts",
        ] {
            assert!(text.contains(name), "{name} is not in:\n{text}");
        }
    }
}

#[test]
fn kannada_copies_as_it_was_typed() {
    let document = common::kannada();
    for bytes in [a4(&document), receipt(&document)] {
        let text = squeezed(&text(&bytes));
        let lines = document.lines.iter().map(|line| line.name.as_str());
        for name in lines.chain([document.seller.name.as_str(), "ಲಕ್ಷ್ಮೀ ನಾರಾಯಣ"])
        {
            assert!(text.contains(name), "{name} is not in:\n{text}");
        }
    }
}

#[test]
fn long_documents_carry_their_sums_and_number_their_pages() {
    let document = common::interstate();
    let pages = pages(&a4(&document));
    assert_eq!(pages.len(), 3);
    let mut sum = Minor(0);
    let mut lines = document.lines.iter();
    for (index, page) in pages.iter().enumerate() {
        assert!(page.contains(&format!("Page {} of 3", index + 1)), "{page}");
        assert!(page.contains("HSN/SAC"), "each page repeats the headings");
        assert_eq!(page.contains("Brought forward"), index > 0);
        assert_eq!(page.contains("Carried forward"), index < 2);
        let carried = page.lines().find(|line| line.starts_with("Carried forward"));
        let Some(carried) = carried else { continue };
        let here = page.lines().filter(|line| line.contains("NOS")).count();
        sum.0 += lines.by_ref().take(here).map(|line| line.total_minor.0).sum::<i64>();
        assert!(carried.ends_with(&reader::money(sum, document.currency)), "{carried}: {sum:?}");
    }
    assert!(pages[2].contains(&reader::money(document.totals.payable_minor, document.currency)));
}

#[test]
fn sums_never_stand_alone_on_a_page() {
    for count in 1..60 {
        let item = |_| common::Item::new("Masala Tea", 14_900, &common::GST5);
        let items: Vec<_> = (0..count).map(item).collect();
        let document = common::paid(common::document("T/1", true, &items));
        let pages = pages(&a4(&document));
        let last = pages.last().unwrap();
        assert!(last.contains("Amount payable"), "{count} lines: {last}");
        assert!(last.contains("NOS"), "{count} lines: the last page has no line");
    }
}

#[test]
fn a_reprint_says_which_copy_it_is() {
    let document = common::one_line();
    for (marking, mark) in [
        (Marking::Original, "ORIGINAL"),
        (Marking::Duplicate, "DUPLICATE"),
        (Marking::Copy(3), "COPY 3"),
    ] {
        let options = Options { marking, ..Options::default() };
        let a4 = text(&render_a4(fonts(), &document, &options).unwrap());
        let receipt = text(
            &daybook_print::receipt(&document, &options)
                .and_then(|strip| strip.pdf(fonts()))
                .unwrap(),
        );
        assert!(a4.contains(mark) && receipt.contains(mark), "{mark}");
        assert_eq!(a4.contains("ORIGINAL"), marking == Marking::Original);
    }
    assert_eq!(Options::copy(0).marking, Marking::Original);
    assert_eq!(Options::copy(2).marking, Marking::Copy(2));
}

#[test]
fn a_credit_note_names_what_it_corrects_and_why() {
    let document = common::credit_note();
    for text in [text(&a4(&document)), text(&receipt(&document))] {
        for part in ["Credit note", "S1T2/26-27/00013", "20 Nov 2026", "Damaged in the box"] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(!text.contains("Scan to pay") && !text.contains("Balance due"));
    }
}

#[test]
fn a_balance_is_printed_in_full_where_it_is_given_and_hidden_where_it_is_spent() {
    let (sold, credit) = (common::gift_card(), common::store_credit());
    for text in [text(&a4(&sold)), text(&receipt(&sold))] {
        assert!(text.contains("9012 3456 7890 1238"), "{text}");
        assert!(text.contains("•••• 1237") && !text.contains("9112"), "{text}");
    }
    for text in [text(&a4(&credit)), text(&receipt(&credit))] {
        assert!(text.contains("9112 3456 7890 1237"), "{text}");
    }
    // Both numbers are read by a scanner: what can be spent, and the document.
    assert_eq!(reader::barcodes(&receipt(&sold)), ["9012345678901238", "S1T2/26-27/00015"]);
    assert_eq!(reader::barcodes(&receipt(&credit)), ["9112345678901237", "S1T2C/26-27/0004"]);
}

#[test]
fn every_code_of_a_card_of_commands_is_read_by_a_scanner() {
    let commands = [("DAYBOOK-BACK", "رجوع"), ("DAYBOOK-CASH", "नकद"), ("DAYBOOK-PAY", "Pay")];
    let strip = daybook_print::command_card("Scan what to do", &commands, 1_790_000_000_000);
    let pdf = strip.pdf(fonts()).unwrap();
    assert_eq!(reader::barcodes(&pdf), commands.map(|(code, _)| code));
    assert!(text(&pdf).contains("Scan what to do"));
}

#[test]
fn what_was_said_to_the_customer_and_to_whom_it_is_given_stands_on_the_paper() {
    let said = |text: &str| Some(text.to_owned());
    let document = daybook_domain::document::Document {
        note: said("ring twice"),
        gift_message: said("Happy birthday, Mira"),
        ..common::one_line()
    };
    for text in [text(&a4(&document)), text(&receipt(&document))] {
        for part in ["ring twice", "Happy birthday, Mira"] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}

#[test]
fn an_unpaid_document_shows_a_code_that_pays_it() {
    let document = common::unpaid();
    let link = PayLink {
        vpa: "nandi.provisions@okbank",
        payee: "Nandi Provisions",
        amount: document.totals.payable_minor,
        reference: &document.number,
    };
    let link = link.to_uri().unwrap();
    assert_eq!(reader::qr_codes(&a4(&document)), std::slice::from_ref(&link));
    assert_eq!(reader::qr_codes(&receipt(&document)), std::slice::from_ref(&link));
    let paid = common::paid(common::unpaid());
    assert!(reader::qr_codes(&a4(&paid)).is_empty());
    let unusable = daybook_domain::document::Document {
        upi_vpa: Some("no address".to_owned()),
        ..common::unpaid()
    };
    assert!(text(&a4(&unusable)).contains("Balance due"), "a bad address loses only the code");
}

#[test]
fn a_training_document_cannot_be_taken_for_a_real_one() {
    let mut document = common::unpaid();
    document.training = true;
    for bytes in [a4(&document), receipt(&document)] {
        let text = text(&bytes);
        assert!(text.contains("Training document: not a tax document"), "{text}");
        assert!(reader::qr_codes(&bytes).is_empty(), "an exercise asks for no money");
    }
}

#[test]
fn an_invoice_shows_what_the_law_asks_for() {
    let text = squeezed(&text(&a4(&common::interstate())));
    for part in [
        "Tax invoice",
        "GSTIN 29AAGCB7383J1Z4",
        "GSTIN 27AAPFU0939F1ZV",
        "Place of supply Maharashtra (27)",
        "Reverse charge No",
        "48025690",
        "IGST",
        "18%",
        "Amount in words",
        "Authorised signatory",
        "Round off",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let exempt = squeezed(&reader::text(&a4(&common::bill_of_supply())));
    assert!(exempt.contains("Bill of supply") && exempt.contains("not eligible to collect tax"));
    assert!(!exempt.contains("CGST") && !exempt.contains("Taxable value"), "no tax is shown");
    assert!(exempt.contains("0.75 KGS"), "{exempt}");
}

#[test]
fn texts_stay_as_they_are() {
    let (report, heading) = common::z_report();
    let z_report = daybook_print::z_report(&report, &heading, &Options::default())
        .and_then(|strip| strip.pdf(fonts()))
        .unwrap();
    let prints = [
        ("one-line-a4", a4(&common::one_line())),
        ("credit-note-a4", a4(&common::credit_note())),
        ("yen-a4", a4(&common::yen())),
        ("unpaid-receipt", receipt(&common::unpaid())),
        ("bill-of-supply-receipt", receipt(&common::bill_of_supply())),
        ("z-report", z_report),
    ];
    for (name, bytes) in prints {
        reader::assert_golden(name, &text(&bytes));
    }
}

#[test]
fn latin_files_stay_below_thirty_kilobytes() {
    for document in [common::one_line(), common::basket(), common::unpaid(), common::credit_note()]
    {
        for bytes in [a4(&document), receipt(&document)] {
            assert!(bytes.len() < 30 * 1024, "{} has {} bytes", document.number, bytes.len());
        }
    }
}

#[test]
fn same_document_gives_same_bytes() {
    let other = Fonts::load().unwrap();
    let (report, heading) = common::z_report();
    for (name, document) in common::all() {
        let options = Options::default();
        assert_eq!(a4(&document), render_a4(&other, &document, &options).unwrap(), "{name}");
        let again = daybook_print::receipt(&document, &options)
            .and_then(|strip| strip.pdf(&other))
            .unwrap();
        assert_eq!(receipt(&document), again, "{name}");
    }
    let z_report = |fonts| {
        daybook_print::z_report(&report, &heading, &Options::default())
            .and_then(|strip| strip.pdf(fonts))
            .unwrap()
    };
    assert_eq!(z_report(fonts()), z_report(&other));
}

#[test]
fn sales_tax_and_vat_numbers_are_called_as_people_know_them() {
    let mut document = common::all().remove(0).1;
    document.buyer = None;
    document.seller.tax_id = Some("GB123456789".to_owned());
    for line in &mut document.lines {
        line.taxes.iter_mut().for_each(|tax| tax.component = "SALES".to_owned());
    }
    document.tax_table.iter_mut().for_each(|row| row.component = "SALES".to_owned());
    for (jurisdiction, label) in
        [("GB-line", "VAT no."), ("EU-line", "VAT no."), ("US", "Tax ID"), ("US-item", "Tax ID")]
    {
        document.jurisdiction = jurisdiction.to_owned();
        for bytes in [a4(&document), receipt(&document)] {
            let text = text(&bytes);
            assert!(text.contains(&format!("{label} GB123456789")), "{jurisdiction}:\n{text}");
            assert!(text.contains("Sales") && !text.contains("SALES"), "{text}");
        }
    }
}

#[test]
fn every_script_of_india_hebrew_and_thai_copies_as_it_was_typed() {
    let document = common::more_scripts();
    for bytes in [a4(&document), receipt(&document)] {
        let text: String = squeezed(&text(&bytes)).nfc().collect();
        for line in &document.lines {
            let name: String = squeezed(&line.name).nfc().collect();
            assert!(text.contains(&name), "{name} is not in\n{text}");
        }
    }
    assert!(missing_glyphs(fonts(), &document).is_empty());
}

#[test]
fn characters_without_a_glyph_are_told_once() {
    let document = common::scripts();
    assert_eq!(missing_glyphs(fonts(), &document), ['茶', '🍵']);
    assert!(missing_glyphs(fonts(), &common::one_line()).is_empty());
}
