//! A document in, bytes out: A4 invoice as PDF; receipt, X and Z report as PDF 80 mm wide or for a receipt printer (ESC/POS).
//!
//! Everything is rendered from the document as it was issued, never from today's master data, and never
//! recomputed. The same document with the same [`Options`] gives the same bytes. No IO, no clock: load the
//! [`Fonts`] once per process and share them.
//!
//! Text is shaped, embedded as the glyphs in use, and stays searchable and copyable. Built-in fonts have Latin, Greek,
//! Cyrillic, the scripts of India (Bengali, Devanagari, Gujarati, Gurmukhi, Kannada, Malayalam, Odia, Tamil, Telugu),
//! Arabic, Hebrew and Thai, regular and bold, in both directions. A character that no font has (Chinese, Japanese, Korean,
//! emoji) shows as a box; [`missing_glyphs`] answers which they are.

mod a4;
mod block;
mod code;
mod command_card;
mod content;
mod error;
pub mod escpos;
mod everyday;
mod figures;
mod fonts;
mod missing;
mod options;
mod pdf;
mod receipt;
mod roll;
mod sheet;
mod strip;
mod test_page;
mod text;
mod z_report;

pub use a4::render_a4;
pub use command_card::command_card;
pub use error::PrintError;
pub use fonts::Fonts;
pub use missing::missing_glyphs;
pub use options::{Labels, Marking, Options};
pub use receipt::receipt;
pub use strip::Strip;
pub use test_page::test_page;
pub use z_report::{ReportHeading, x_report, z_report};
