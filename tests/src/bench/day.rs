//! A day's sales pushed over loopback HTTP by the real driver to the real server.

use super::commit::LINES;
use super::error::BenchError;
use super::figure::{Figure, Unit};
use super::till;
use super::time::{rate, timed};
use daybook_till::clock;
use daybook_till::ledger::Ledger;
use daybook_till::sell::sell;
use daybook_till::staff::Who;

/// Sales of a day.
const SALES: u64 = 300;

/// Sells a day offline, then pushes it; `floor` is what a store takes without a network, a second.
///
/// # Errors
/// Till or store refused.
pub fn measure(
    mut ledger: Ledger,
    who: &mut Who,
    products: u64,
    floor: Option<u64>,
) -> Result<(Ledger, Vec<Figure>), BenchError> {
    let before = till::sync(ledger)?;
    ledger = before.0;
    for number in 0..SALES {
        let request = till::sale(&ledger, products, 1_000_000 + number, LINES)?;
        who.moment = clock::now();
        sell(&mut ledger, who, &request)?;
    }
    let (pushed, took) = timed(|| till::sync(ledger));
    let (ledger, report) = pushed?;
    if report.sent != SALES {
        return Err(BenchError::Unexpected(format!("{} of {SALES} sales were sent", report.sent)));
    }
    let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
    let count = usize::try_from(SALES).unwrap_or(0);
    let mut speed =
        Figure::new("a day of 300 sales over HTTP: sales", Unit::PerSecond, rate(count, took));
    if let Some(floor) = floor {
        speed = speed.beside(floor);
    }
    let time = Figure::new("a day of 300 sales over HTTP: time", Unit::Nanos, nanos);
    Ok((ledger, vec![time, speed]))
}
