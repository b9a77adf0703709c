//! What a printer is tried with: every script, the figures, a code to scan, the width of the paper.

use crate::content::{Emphasis, Row};
use crate::options::Labels;
use crate::sheet::Style;
use crate::strip::{About, Piece, Strip};

/// A page to try a printer with. `printer` says which it is; `at_ms` is when, Unix milliseconds.
#[must_use]
pub fn test_page(printer: &str, at_ms: i64, labels: &Labels) -> Strip {
    let title = labels.printer_test.to_owned();
    let about = About { title, author: String::new(), at_ms, id: [0; 16], print_no: 0 };
    let mut strip = Strip::new(about, None);
    strip.centred(Style::bold(1_200), labels.printer_test);
    strip.centred(Style::regular(800), printer);
    strip.rule();
    for sample in ["ABC abc 0123456789 é ü ñ £ €", "₹ 1,23,456.78", "हिन्दी · ಕನ್ನಡ · العربية"]
    {
        strip.left(Style::regular(820), sample);
    }
    strip.row(Row::plain(labels.total, "1,234.50".to_owned()));
    strip.row(Row {
        emphasis: Emphasis::Grand,
        ..Row::plain(labels.payable, "₹1,234.50".to_owned())
    });
    strip.rule();
    strip.push(Piece::Barcode("TEST/0123456789".to_owned()));
    strip.push(Piece::Qr("https://www.example.org/".to_owned()));
    strip.space(300);
    strip
}
