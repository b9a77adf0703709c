//! What a page costs with warm fonts: `cargo run --release -p daybook-print --example timing`.

#[path = "../tests/common/mod.rs"]
mod common;

use daybook_print::{Fonts, Options, PrintError, render_a4};
use std::error::Error;
use std::time::{Duration, Instant};

const ROUNDS: usize = 300;

fn main() -> Result<(), Box<dyn Error>> {
    let fonts = load()?;
    let options = Options::default();
    println!("{:<26}{:>10}{:>10}{:>10}", "document", "p50 µs", "p95 µs", "bytes");
    for (name, document) in [
        ("1 line", common::one_line()),
        ("20 lines", common::basket()),
        ("60 lines, 3 pages", common::interstate()),
        ("three scripts", common::scripts()),
        ("nine more scripts", common::more_scripts()),
        ("unpaid, with QR code", common::unpaid()),
    ] {
        report(&format!("{name}, A4"), || render_a4(&fonts, &document, &options))?;
        if name == "1 line" {
            report(&format!("{name}, 80 mm"), || {
                daybook_print::receipt(&document, &options).and_then(|strip| strip.pdf(&fonts))
            })?;
        }
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "measures; nothing printed depends on it")]
fn load() -> Result<Fonts, PrintError> {
    let start = Instant::now();
    let fonts = Fonts::load()?;
    println!("fonts loaded in {} µs", start.elapsed().as_micros());
    Ok(fonts)
}

fn report(name: &str, render: impl Fn() -> Result<Vec<u8>, PrintError>) -> Result<(), PrintError> {
    let bytes = render()?.len();
    let mut times = (0..ROUNDS).map(|_| time(&render)).collect::<Result<Vec<_>, _>>()?;
    times.sort_unstable();
    let at = |percent: usize| times[ROUNDS * percent / 100].as_micros();
    println!("{name:<26}{:>10}{:>10}{bytes:>10}", at(50), at(95));
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "measures; nothing printed depends on it")]
fn time(render: &impl Fn() -> Result<Vec<u8>, PrintError>) -> Result<Duration, PrintError> {
    let start = Instant::now();
    render()?;
    Ok(start.elapsed())
}
