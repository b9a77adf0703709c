//! A card beside the scanner: codes that ask the till for something instead of naming goods.

use crate::sheet::Style;
use crate::strip::{About, Piece, Strip};

/// A card of commands. Each has the code that is scanned and the words that say what it does; `at_ms` is when the card was
/// made, Unix milliseconds.
#[must_use]
pub fn command_card(title: &str, commands: &[(&str, &str)], at_ms: i64) -> Strip {
    let about =
        About { title: title.to_owned(), author: String::new(), at_ms, id: [0; 16], print_no: 0 };
    let mut strip = Strip::new(about, None);
    strip.centred(Style::bold(1_200), title);
    for (code, words) in commands {
        strip.rule();
        strip.space(250);
        strip.centred(Style::bold(1_000), words);
        strip.space(100);
        strip.push(Piece::Barcode((*code).to_owned()));
        // Far enough from the next one that a scanner takes what it is pointed at.
        strip.space(900);
    }
    strip
}
