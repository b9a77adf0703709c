//! A document in, bytes out: A4 invoice, 80 mm receipt and Z report as PDF.
//!
//! Everything is rendered from the document as it was issued, never from today's master data, and never
//! recomputed. The same document with the same [`Options`] gives the same bytes. No IO, no clock: load the
//! [`Fonts`] once per process and share them.
//!
//! Text is shaped (Latin, Devanagari, Kannada, Arabic, in both directions), embedded as the glyphs in use, and stays
//! searchable and copyable; a character that no font has shows as a box.

mod a4;
mod block;
mod content;
mod error;
mod everyday;
mod figures;
mod fonts;
mod options;
mod pdf;
mod qr;
mod receipt;
mod roll;
mod sheet;
mod text;
mod z_report;

pub use a4::render_a4;
pub use error::PrintError;
pub use fonts::Fonts;
pub use options::{Labels, Marking, Options};
pub use receipt::render_receipt;
pub use z_report::{ZHeading, render_z_report};
