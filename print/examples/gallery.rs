//! Writes every sample document on A4 and on the roll, as PDF and for a receipt printer: `cargo run -p daybook-print --example gallery -- OUTDIR`.

#[path = "../tests/common/mod.rs"]
mod common;

use daybook_print::escpos::Profile;
use daybook_print::{Fonts, Labels, Options, render_a4, test_page, x_report};
use std::error::Error;
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(std::env::args().nth(1).ok_or("usage: gallery OUTDIR")?);
    std::fs::create_dir_all(&out)?;
    let fonts = Fonts::load()?;
    for (name, document) in common::all() {
        let options = Options::default();
        std::fs::write(
            out.join(format!("{name}-a4.pdf")),
            render_a4(&fonts, &document, &options)?,
        )?;
        let receipt =
            daybook_print::receipt(&document, &options).and_then(|strip| strip.pdf(&fonts))?;
        std::fs::write(out.join(format!("{name}-receipt.pdf")), receipt)?;
        let strip = daybook_print::receipt(&document, &options)?;
        std::fs::write(out.join(format!("{name}.escpos")), strip.escpos(&fonts, &Profile::MM_80)?)?;
    }
    let copy = render_a4(&fonts, &common::one_line(), &Options::copy(2))?;
    std::fs::write(out.join("one-line-copy-2-a4.pdf"), copy)?;
    let (report, heading) = common::z_report();
    let x = x_report(&report.totals, report.closed_at_ms, &heading, &Options::default())?;
    std::fs::write(out.join("x-report.pdf"), x.pdf(&fonts)?)?;
    std::fs::write(out.join("x-report.escpos"), x.escpos(&fonts, &Profile::MM_80)?)?;
    let page = test_page("127.0.0.1:9100", report.closed_at_ms, &Labels::default());
    std::fs::write(out.join("test-page.escpos"), page.escpos(&fonts, &Profile::MM_80)?)?;
    let z_report = daybook_print::z_report(&report, &heading, &Options::default())
        .and_then(|strip| strip.pdf(&fonts))?;
    std::fs::write(out.join("z-report.pdf"), z_report)?;
    Ok(())
}
