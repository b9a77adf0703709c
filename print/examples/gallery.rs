//! Writes every sample document on A4 and on the roll: `cargo run -p daybook-print --example gallery -- OUTDIR`.

#[path = "../tests/common/mod.rs"]
mod common;

use daybook_print::{Fonts, Options, render_a4, render_receipt, render_z_report};
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
        let receipt = render_receipt(&fonts, &document, &options)?;
        std::fs::write(out.join(format!("{name}-receipt.pdf")), receipt)?;
    }
    let copy = render_a4(&fonts, &common::one_line(), &Options::copy(2))?;
    std::fs::write(out.join("one-line-copy-2-a4.pdf"), copy)?;
    let (report, heading) = common::z_report();
    let z_report = render_z_report(&fonts, &report, &heading, &Options::default())?;
    std::fs::write(out.join("z-report.pdf"), z_report)?;
    Ok(())
}
