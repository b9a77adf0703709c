//! A durable sale at the till, beside the bare insert of the very rows that it left.

use super::error::BenchError;
use super::figure::{Aim, Figure, Unit};
use super::rows;
use super::till;
use super::time::{Samples, timed};
use daybook_till::clock;
use daybook_till::ledger::Ledger;
use daybook_till::sell::sell;
use daybook_till::staff::Who;
use std::path::Path;

/// Lines of a sale.
pub const LINES: u64 = 8;
/// Sales, and then their bare rows, measured in turn so that both meet the same neighbours.
const ROUND: u64 = 50;
/// What a sale writes: the table, and the position of the entry that a row belongs to.
const TABLES: [(&str, &str); 4] =
    [("entry", "pos"), ("document", "pos"), ("movement", "pos"), ("overlay", "pos")];

/// Measures so many rounds; the sales stay in the ledger, unsent.
///
/// # Errors
/// The till refused.
pub fn measure(
    ledger: &mut Ledger,
    who: &mut Who,
    products: u64,
    rounds: u64,
    folder: &Path,
) -> Result<Vec<Figure>, BenchError> {
    let bare = rows::bare_copy(ledger.reader(), &folder.join("bare-till.db"))?;
    let (mut sales, mut floor) = (Samples::default(), Samples::default());
    // The first round warms both up and is not counted.
    for round in 0..=rounds {
        let from = ledger.live()?.pos() + 1;
        let sold = sell_round(ledger, who, products, round)?;
        let writes = rows::writes(ledger.reader(), &TABLES, from)?;
        let inserted = rows::insert_singly(&bare, &writes)?;
        if round > 0 {
            sales.append(sold);
            floor.append(inserted);
        }
    }
    let nanos = |name: &str, value| Figure::new(name, Unit::Nanos, value);
    Ok(vec![
        nanos("sale commit, 8 lines 2 tenders: p50", sales.p50())
            .beside(floor.p50())
            .aims(Aim::AtMostPercentOfFloor(125)),
        nanos("sale commit: p99", sales.p99()).beside(floor.p99()).aims(Aim::AtMost(2_000_000)),
        nanos("sale commit: best", sales.best()).beside(floor.best()),
    ])
}

fn sell_round(
    ledger: &mut Ledger,
    who: &mut Who,
    products: u64,
    round: u64,
) -> Result<Samples, BenchError> {
    let mut samples = Samples::default();
    for number in 0..ROUND {
        let request = till::sale(ledger, products, round * ROUND + number, LINES)?;
        who.moment = clock::now();
        let (sold, took) = timed(|| sell(ledger, who, &request));
        sold?;
        samples.push(took);
    }
    Ok(samples)
}
