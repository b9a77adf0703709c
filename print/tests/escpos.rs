//! What a receipt printer is sent does what the paper says. Needs `zbarimg` (zbar-tools) and poppler-utils.

#![expect(clippy::unwrap_used, reason = "a test that cannot print has failed")]

mod common;
mod reader;

use daybook_domain::document::Document;
use daybook_print::escpos::decode::{Event, decode, readable};
use daybook_print::escpos::{Characters, DrawerPin, Profile, open_drawer};
use daybook_print::{Fonts, Labels, Options, receipt, test_page, x_report, z_report};
use proptest::prelude::*;
use std::sync::OnceLock;

const RASTER: Profile = Profile { characters: Characters::Ascii, codes: false, ..Profile::MM_80 };
const PROFILES: [Profile; 3] = [Profile::MM_80, Profile::MM_58, RASTER];

fn fonts() -> &'static Fonts {
    static FONTS: OnceLock<Fonts> = OnceLock::new();
    FONTS.get_or_init(|| Fonts::load().unwrap())
}

fn bytes(document: &Document, profile: &Profile) -> Vec<u8> {
    receipt(document, &Options::default()).unwrap().escpos(fonts(), profile).unwrap()
}

fn events(document: &Document, profile: &Profile) -> Vec<Event> {
    decode(&bytes(document, profile)).unwrap()
}

fn texts(events: &[Event]) -> impl Iterator<Item = &str> {
    events.iter().filter_map(|event| match event {
        Event::Text { text, .. } => Some(text.as_str()),
        _ => None,
    })
}

/// All pictures of a job, one below the other: dots across, and one byte a dot, 0 for black.
fn picture(events: &[Event]) -> (usize, usize, Vec<u8>) {
    let (mut width, mut pixels) = (0, Vec::new());
    for event in events {
        if let Event::Image { across, data } = event {
            width = across * 8;
            let bits = data.iter().flat_map(|byte| (0..8).map(move |bit| byte & (0x80 >> bit)));
            pixels.extend(bits.map(|bit| if bit == 0 { 255 } else { 0 }));
        }
    }
    (width, pixels.len() / width.max(1), pixels)
}

fn ink(events: &[Event]) -> usize {
    picture(events).2.iter().filter(|pixel| **pixel == 0).count()
}

#[test]
fn every_document_ends_with_the_knife_and_never_with_a_drawer() {
    for (name, document) in common::all() {
        for profile in PROFILES {
            let events = events(&document, &profile);
            let last = events.last().unwrap();
            let end = if profile.cutter { Event::Cut } else { Event::Feed(5) };
            assert_eq!(*last, end, "{name}");
            let drawers = events.iter().filter(|event| matches!(event, Event::Drawer { .. }));
            assert_eq!(drawers.count(), 0, "{name}");
        }
    }
}

#[test]
fn every_plain_amount_is_on_paper_whatever_its_width() {
    for document in [common::one_line(), common::basket(), common::credit_note()] {
        for profile in [Profile::MM_80, Profile::MM_58] {
            let events = events(&document, &profile);
            let all = reader::squeezed(&texts(&events).collect::<Vec<_>>().join("\n"));
            for line in &document.lines {
                let figures = reader::money(line.total_minor, document.currency);
                assert!(all.contains(&figures), "{figures} is not in\n{all}");
            }
            assert!(all.contains(&document.number), "{all}");
            let columns = usize::from(profile.columns);
            assert!(texts(&events).all(|line| line.chars().count() <= columns));
        }
    }
}

#[test]
fn scripts_that_need_shaping_are_pictures_with_ink() {
    for document in [common::scripts(), common::kannada(), common::more_scripts()] {
        for profile in PROFILES {
            let events = events(&document, &profile);
            assert!(ink(&events) > 10_000, "names are drawn");
            let foreign = |text: &str| text.contains('?');
            assert!(!texts(&events).any(foreign), "nothing is replaced by question marks");
        }
    }
}

#[test]
fn a_picture_goes_in_bands_that_small_buffers_take() {
    let document = common::scripts();
    for event in events(&document, &RASTER) {
        if let Event::Image { across, data } = event {
            assert_eq!(across, 72);
            assert!(data.len() / across <= 128);
        }
    }
}

#[test]
fn the_sum_in_rupees_is_drawn_as_high_as_it_is_important() {
    let events = events(&common::one_line(), &Profile::MM_80);
    let (_, rows, _) = picture(&events);
    assert!((40..=80).contains(&rows), "one row of large type is {rows} dots high");
}

#[test]
fn telephones_read_the_code_to_pay_and_tills_the_number() {
    let document = common::unpaid();
    let number = document.number.clone();
    let native = events(&document, &Profile::MM_80);
    let link = native.iter().find_map(|event| match event {
        Event::Qr(text) => Some(text.clone()),
        _ => None,
    });
    let link = link.unwrap();
    assert!(link.starts_with("upi://pay?"), "{link}");
    assert!(native.contains(&Event::Barcode(number.clone())));

    let drawn = events(&document, &RASTER);
    let (width, height, pixels) = picture(&drawn);
    let of = |x: usize, y: usize| pixels[y * width + x];
    let mut image = rqrr::PreparedImage::prepare_from_greyscale(width, height, of);
    let read: Vec<String> =
        image.detect_grids().iter().map(|grid| grid.decode().unwrap().1).collect();
    assert_eq!(read, [link]);
    assert_eq!(reader::barcodes_in(width, height, &pixels), std::slice::from_ref(&number));

    let narrow = events(&document, &Profile::MM_58);
    let (width, height, pixels) = picture(&narrow);
    let of = |x: usize, y: usize| pixels[y * width + x];
    let mut image = rqrr::PreparedImage::prepare_from_greyscale(width, height, of);
    let codes = image.detect_grids();
    assert!(codes.iter().any(|grid| grid.decode().unwrap().1 == number), "a number as QR code");
}

#[test]
fn the_number_scans_from_the_pdf_too() {
    let document = common::one_line();
    let pdf = receipt(&document, &Options::default()).unwrap().pdf(fonts()).unwrap();
    let (width, height, pixels) = reader::grey(&pdf);
    assert_eq!(reader::barcodes_in(width, height, &pixels), [document.number]);
}

#[test]
fn training_is_unmistakable() {
    let document = Document { training: true, ..common::one_line() };
    let events = events(&document, &Profile::MM_80);
    let marks = events.iter().filter(|event| {
        matches!(event, Event::Text { text, reverse: true, size: 0x11, .. } if text.contains("TRAINING"))
    });
    assert_eq!(marks.count(), 2, "above and below");
}

#[test]
fn the_drawer_opens_with_a_pulse_that_spares_its_coil() {
    for (pin, number) in [(DrawerPin::Two, 0), (DrawerPin::Five, 1)] {
        let events = decode(&open_drawer(pin)).unwrap();
        assert_eq!(events, [Event::Drawer { pin: number, on_ms: 100, off_ms: 200 }]);
    }
}

#[test]
fn receipts_and_reports_look_as_they_did() {
    let readable = |bytes: Vec<u8>| readable(&decode(&bytes).unwrap());
    for (name, document) in [("basket", common::basket()), ("unpaid", common::unpaid())] {
        for (width, profile) in [(80, Profile::MM_80), (58, Profile::MM_58)] {
            reader::assert_golden(
                &format!("{name}-escpos-{width}"),
                &readable(bytes(&document, &profile)),
            );
        }
    }
    let (report, heading) = common::z_report();
    let options = Options::default();
    let z = z_report(&report, &heading, &options).unwrap();
    let x = x_report(&report.totals, report.closed_at_ms, &heading, &options).unwrap();
    let escpos = |strip: daybook_print::Strip| strip.escpos(fonts(), &Profile::MM_80).unwrap();
    reader::assert_golden("z-report-escpos-80", &readable(escpos(z)));
    reader::assert_golden("x-report-escpos-80", &readable(escpos(x)));
}

#[test]
fn a_test_page_tries_text_pictures_and_codes() {
    for profile in PROFILES {
        let strip = test_page("192.168.1.50:9100", 1_790_000_000_000, &Labels::default());
        let events = decode(&strip.escpos(fonts(), &profile).unwrap()).unwrap();
        assert!(texts(&events).any(|line| line.contains("192.168.1.50:9100")));
        assert!(ink(&events) > 1_000);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Nothing that a name holds becomes a command of the printer.
    #[test]
    fn no_name_commands_the_printer(name in "\\PC{0,60}|[\\x00-\\x20A-z]{0,60}", word in "\\PC{0,40}") {
        let mut document = common::one_line();
        document.lines[0].name = name;
        document.note = Some(word.clone());
        document.seller.name = word;
        for profile in PROFILES {
            let events = events(&document, &profile);
            let drawers = events.iter().filter(|event| matches!(event, Event::Drawer { .. }));
            prop_assert_eq!(drawers.count(), 0);
            let cuts = events.iter().filter(|event| **event == Event::Cut).count();
            prop_assert_eq!(cuts, usize::from(profile.cutter));
        }
    }
}
