//! Lines of characters of one width.

use super::Characters;
use encoding_rs::WINDOWS_1252;

/// The characters that a printer sets itself, and how many to a line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Page {
    pub(super) columns: usize,
    pub(super) characters: Characters,
}

impl Page {
    /// The text in characters that printers know: figures and signs that have a plain counterpart get it.
    pub(super) fn plain(self, text: &str) -> String {
        text.chars().map(|character| self.simpler(character)).collect()
    }

    fn simpler(self, character: char) -> char {
        match (character, self.characters) {
            ('\u{2212}' | '\u{2010}' | '\u{2011}', _) => '-',
            ('\u{A0}' | '\u{202F}' | '\u{2009}' | '\t', _) => ' ',
            ('×', Characters::Ascii) => 'x',
            ('·', Characters::Ascii) => '|',
            ('–' | '—', Characters::Ascii) => '-',
            ('‘' | '’', Characters::Ascii) => '\'',
            ('“' | '”', Characters::Ascii) => '"',
            (character, _) => character,
        }
    }

    /// Whether the printer can set all of these itself.
    pub(super) fn encodes(self, texts: &[&str]) -> bool {
        let plain = |character| self.simpler(character);
        texts.iter().flat_map(|text| text.chars()).map(plain).all(|character| {
            character == '\n' || !character.is_control() && self.byte(character).is_some()
        })
    }

    fn byte(self, character: char) -> Option<u8> {
        if character.is_ascii() {
            return u8::try_from(character).ok();
        }
        if self.characters == Characters::Ascii {
            return None;
        }
        let text = character.to_string();
        let (bytes, _, unmapped) = WINDOWS_1252.encode(&text);
        // The encoding gives what it leaves undefined as control characters.
        (!unmapped && !character.is_control()).then(|| bytes.first().copied()).flatten()
    }

    /// A line as the printer takes it; only what [`Page::encodes`] allows comes here, and words of the form.
    pub(super) fn bytes(self, line: &str) -> Vec<u8> {
        line.chars().map(|character| self.byte(self.simpler(character)).unwrap_or(b'?')).collect()
    }
}

/// Breaks a text at spaces; a word that is wider than the line is broken anywhere.
pub(super) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(1);
    let mut lines = Vec::new();
    let (mut line, mut used) = (String::new(), 0);
    for word in text.split_whitespace() {
        let mut word: Vec<char> = word.chars().collect();
        if used > 0 && used + 1 + word.len() <= columns {
            line.push(' ');
            used += 1;
        } else if used > 0 {
            lines.push(std::mem::take(&mut line));
            used = 0;
        }
        while word.len() > columns {
            let rest = word.split_off(columns);
            lines.push(word.into_iter().collect());
            word = rest;
        }
        used += word.len();
        line.extend(word);
    }
    if used > 0 {
        lines.push(line);
    }
    lines
}

/// A label that wraps, and a figure at the right edge of its first line; of a line of its own where both are long.
pub(super) fn beside(label: &str, value: &str, columns: usize) -> Vec<String> {
    let taken = value.chars().count();
    let right =
        |text: &str, width: usize| format!("{}{text}", " ".repeat(width.saturating_sub(taken)));
    if taken + 1 + columns / 4 > columns {
        let mut lines = wrap(label, columns);
        // A figure is not broken where it fits at all.
        lines.extend(match taken > columns {
            true => wrap(value, columns),
            false => vec![right(value, columns)],
        });
        return lines;
    }
    let mut lines = wrap(label, columns - taken - 1);
    if lines.is_empty() {
        lines.push(String::new());
    }
    if let Some(first) = lines.first_mut() {
        let rest = columns - first.chars().count();
        first.push_str(&right(value, rest));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::{Page, beside, wrap};
    use crate::escpos::Characters;
    use proptest::prelude::*;

    const WESTERN: Page = Page { columns: 48, characters: Characters::Western };
    const ASCII: Page = Page { columns: 32, characters: Characters::Ascii };

    #[test]
    fn only_what_the_printer_has_goes_as_text() {
        for (text, western, ascii) in [
            ("Tea 250 g", true, true),
            ("Crème brûlée £3 €4", true, false),
            ("2 × 3 − 1 – 4", true, true),
            ("₹5", false, false),
            ("चाय", false, false),
            ("شاي", false, false),
            ("Žluťoučký", false, false),
            ("bell\u{7}", false, false),
            ("\u{1b}p0", false, false),
            ("\u{81}\u{90}", false, false),
        ] {
            assert_eq!(
                (WESTERN.encodes(&[text]), ASCII.encodes(&[text])),
                (western, ascii),
                "{text}"
            );
        }
        assert_eq!(WESTERN.bytes("£€é"), [0xA3, 0x80, 0xE9]);
    }

    proptest! {
        #[test]
        fn no_line_is_too_wide_and_no_figure_is_lost(
            label in "[a-zA-Z ]{0,120}", value in "[0-9,.]{1,60}", columns in 16_usize..64,
        ) {
            let lines = beside(&label, &value, columns);
            prop_assert!(lines.iter().all(|line| line.chars().count() <= columns), "{lines:?}");
            let all: String = lines.concat().split_whitespace().collect();
            let figures: String = all.chars().filter(|c| !c.is_alphabetic()).collect();
            prop_assert_eq!(figures, value);
            let words: String = label.split_whitespace().collect();
            let letters: String = all.chars().filter(char::is_ascii_alphabetic).collect();
            prop_assert_eq!(letters, words);
        }

        #[test]
        fn wrapping_loses_nothing(text in "\\PC{0,200}", columns in 1_usize..64) {
            let lines = wrap(&text, columns);
            prop_assert!(lines.iter().all(|line| line.chars().count() <= columns));
            let squeezed = |text: &str| text.split_whitespace().collect::<String>();
            prop_assert_eq!(squeezed(&lines.concat()), squeezed(&text));
        }
    }
}
