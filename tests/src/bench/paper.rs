//! Invoices as PDF, fonts warm, beside what the PDF library takes to pack and write the finished objects.

use super::error::BenchError;
use super::figure::{Aim, Figure, Unit};
use super::till;
use super::time::Samples;
use daybook_domain::document::Document;
use daybook_print::{Fonts, Options, PrintError, render_a4};
use daybook_till::clock;
use daybook_till::ledger::Ledger;
use daybook_till::sell::sell;
use daybook_till::staff::Who;

/// Lines of the invoice.
const LINES: u64 = 20;
/// How often each form is rendered.
const TIMES: usize = 200;

/// Sells an invoice of 20 lines and renders it.
///
/// # Errors
/// Till or printer refused.
pub fn measure(
    ledger: &mut Ledger,
    who: &mut Who,
    products: u64,
) -> Result<Vec<Figure>, BenchError> {
    let request = till::sale(ledger, products, 9_000_000, LINES)?;
    who.moment = clock::now();
    let latin = sell(ledger, who, &request)?.document;
    let fonts = Fonts::load()?;
    let mut figures = Vec::new();
    let aims = Some((2_000_000, 30_000));
    form(&mut figures, "PDF A4, 20 lines, Latin and ₹", aims, &latin, |document| {
        render_a4(&fonts, document, &Options::default())
    })?;
    form(&mut figures, "PDF receipt, 20 lines, Latin and ₹", aims, &latin, |document| {
        daybook_print::receipt(document, &Options::default()).and_then(|strip| strip.pdf(&fonts))
    })?;
    let scripts = in_three_scripts(latin);
    form(&mut figures, "PDF A4, 20 lines, three scripts", None, &scripts, |document| {
        render_a4(&fonts, document, &Options::default())
    })?;
    Ok(figures)
}

fn form(
    figures: &mut Vec<Figure>,
    name: &str,
    aims: Option<(u64, u64)>,
    document: &Document,
    render: impl Fn(&Document) -> Result<Vec<u8>, PrintError>,
) -> Result<(), BenchError> {
    let rendered = render(document)?;
    let bytes = u64::try_from(rendered.len()).unwrap_or(u64::MAX);
    let times = Samples::of(TIMES, |_| render(document).map(|_| ()))?;
    let file = unpacked(&rendered)?;
    let bare = Samples::of(TIMES, |_| packed(file.clone()))?;
    let nanos = |what: &str, value, floor| {
        Figure::new(format!("{name}: {what}"), Unit::Nanos, value).beside(floor)
    };
    let mut time = nanos("p50", times.p50(), bare.p50());
    let mut size = Figure::new(format!("{name}: size"), Unit::Bytes, bytes);
    if let Some((nanos, bytes)) = aims {
        time = time.aims(Aim::AtMost(nanos));
        size = size.aims(Aim::AtMost(bytes));
    }
    figures.extend([time, nanos("best", times.best(), bare.best()), size]);
    Ok(())
}

/// The objects of a file, its streams as they were before they were packed.
fn unpacked(bytes: &[u8]) -> Result<lopdf::Document, BenchError> {
    let mut file = lopdf::Document::load_mem(bytes).map_err(unreadable)?;
    file.decompress();
    Ok(file)
}

/// The same file again: all that is left to do once text is shaped, set and drawn, and fonts are reduced.
fn packed(mut file: lopdf::Document) -> Result<(), BenchError> {
    file.compress();
    file.save_to(&mut Vec::new()).map_err(unreadable)
}

fn unreadable(error: impl std::fmt::Display) -> BenchError {
    BenchError::Unexpected(error.to_string())
}

fn in_three_scripts(mut document: Document) -> Document {
    let names =
        ["बासमती चावल १ किलो", "أرز بسمتي فاخر", "Masala Tea 250 g", "शुद्ध देसी घी", "قهوة عربية"];
    for (line, name) in document.lines.iter_mut().zip(names.iter().cycle()) {
        line.name = (*name).to_owned();
    }
    document
}
