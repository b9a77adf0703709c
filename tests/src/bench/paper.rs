//! Invoices as PDF, fonts warm, beside a PDF of the same size that shows nothing.

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
use std::hint::black_box;

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
    let bare = Samples::of(TIMES, |_| {
        black_box(empty_pdf(black_box(&rendered)));
        Ok::<_, PrintError>(())
    })?;
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

/// A PDF of one empty page and a stream of as many bytes as another has: what is left when nothing is set.
fn empty_pdf(like: &[u8]) -> Vec<u8> {
    let objects: [&[u8]; 3] = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R>>",
    ];
    let mut pdf = b"%PDF-1.7\n".to_vec();
    let mut places = Vec::new();
    for (number, object) in (1..).zip(objects) {
        places.push(pdf.len());
        pdf.extend_from_slice(format!("{number} 0 obj").as_bytes());
        pdf.extend_from_slice(object);
        pdf.extend_from_slice(b"endobj\n");
    }
    places.push(pdf.len());
    pdf.extend_from_slice(format!("4 0 obj<</Length {}>>stream\n", like.len()).as_bytes());
    pdf.extend_from_slice(like);
    pdf.extend_from_slice(b"\nendstream endobj\n");
    let table = pdf.len();
    pdf.extend_from_slice(b"xref\n0 5\n0000000000 65535 f \n");
    for place in places {
        pdf.extend_from_slice(format!("{place:010} 00000 n \n").as_bytes());
    }
    let end = format!("trailer<</Size 5/Root 1 0 R>>\nstartxref\n{table}\n%%EOF\n");
    pdf.extend_from_slice(end.as_bytes());
    pdf
}

fn in_three_scripts(mut document: Document) -> Document {
    let names =
        ["बासमती चावल १ किलो", "أرز بسمتي فاخر", "Masala Tea 250 g", "शुद्ध देसी घी", "قهوة عربية"];
    for (line, name) in document.lines.iter_mut().zip(names.iter().cycle()) {
        line.name = (*name).to_owned();
    }
    document
}
