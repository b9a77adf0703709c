//! Codes that ask for something instead of naming goods: with them a scanner alone completes a sale.

use super::history::{fonts, write};
use super::{Desk, Fault, Turn};
use crate::error::TillError;
use crate::home::PAPERS;
use crate::said::text;
use daybook_domain::basket::REASON_MAX;
use daybook_print::command_card;
use serde::{Deserialize, Serialize};
use specta::Type;

/// What a scanned code asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum ScanCommand {
    /// Begin to pay.
    Pay,
    /// Cash, exactly what is left: ends the sale.
    Cash,
    /// Card, exactly what is left: ends the sale.
    Card,
    /// Take the last line, or the last tender, away again.
    Undo,
    /// One step back.
    Back,
}

/// The codes. No goods have such a one: it begins with letters that no GTIN has, and with the program's name.
const CODES: [(ScanCommand, &str); 5] = [
    (ScanCommand::Pay, "DAYBOOK-PAY"),
    (ScanCommand::Cash, "DAYBOOK-CASH"),
    (ScanCommand::Card, "DAYBOOK-CARD"),
    (ScanCommand::Undo, "DAYBOOK-UNDO"),
    (ScanCommand::Back, "DAYBOOK-BACK"),
];

impl ScanCommand {
    /// What a code asks for, where it is no code of goods.
    pub(super) fn of(code: &str) -> Option<Self> {
        CODES
            .iter()
            .find(|(_, known)| known.eq_ignore_ascii_case(code))
            .map(|(command, _)| *command)
    }
}

/// A command in the words of the shop.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Type)]
pub struct Caption {
    /// Command.
    pub command: ScanCommand,
    /// What it does.
    pub words: String,
}

impl Desk {
    /// Saves a card of commands to be printed and laid beside the scanner, and answers the file.
    ///
    /// # Errors
    /// `input.invalid`, `file.failed`.
    pub fn command_card(&self, title: &str, captions: &[Caption]) -> Result<String, Fault> {
        self.act(|turn| turn.command_card(title, captions))
    }
}

impl Turn<'_> {
    fn command_card(&mut self, title: &str, captions: &[Caption]) -> Result<String, TillError> {
        self.who()?;
        let title = text("title", Some(title), REASON_MAX)?.unwrap_or_default();
        let mut commands = Vec::with_capacity(CODES.len());
        for (command, code) in CODES {
            let caption = captions.iter().find(|caption| caption.command == command);
            let words = caption.map(|caption| caption.words.as_str());
            commands.push((code, text("words", words, REASON_MAX)?.unwrap_or_default()));
        }
        let commands: Vec<(&str, &str)> =
            commands.iter().map(|(code, words)| (*code, words.as_str())).collect();
        let strip = command_card(&title, &commands, self.moment.at_ms);
        let pdf = strip
            .pdf(fonts()?)
            .map_err(|error| TillError::refused(error.code(), error.to_string()))?;
        let folder = self.ledger.home().dir().join(PAPERS);
        let file = folder.join("commands.pdf");
        write(&folder, &file, &pdf)?;
        Ok(file.display().to_string())
    }
}
