//! Measures the product beside what the machine does at best: `daybook-bench --out DIR`.

use clap::Parser;
use daybook_tests::bench::error::BenchError;
use daybook_tests::bench::figure::{Figure, Unit, table};
use daybook_tests::bench::pattern::Pattern;
use daybook_tests::bench::{
    commit, day, fill, ingest, machine, paper, postgres_rows, reconcile, search, till, window,
};
use daybook_till::ledger::Ledger;
use daybook_till::staff::Who;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Products of the shop in which is sold.
const PRODUCTS: u64 = 2_000;
/// Products of the first fill, and of the smaller catalogue.
const MANY: u64 = 100_000;
/// Products of the book that is reconciled.
const BOOK: u64 = 92_000;
/// Sales of a year: 300 a day.
const YEAR: u64 = 300 * 365;
/// Products of the larger catalogue.
const MOST: u64 = 1_000_000;

/// Measures each figure beside its floor in the same run, and writes bench.json.
#[derive(Parser)]
struct Arguments {
    /// Smaller amounts: no catalogue of a million.
    #[arg(long)]
    quick: bool,
    /// Only this part; several may be named.
    #[arg(long, value_name = "PART", value_parser = PARTS)]
    only: Vec<String>,
    /// Folder for bench.json.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Fill a fresh till in the folder, and say how it went: what the part `fill` runs as a process.
    #[arg(long, hide = true, num_args = 3, value_names = ["URL", "CODE", "PRODUCTS"])]
    fill: Vec<String>,
}

impl Arguments {
    fn wants(&self, part: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == part)
    }
}

const PARTS: [&str; 8] =
    ["commit", "ingest", "day", "reconcile", "search", "fill", "pdf", "window"];

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("daybook-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), BenchError> {
    if let [url, code, products] = arguments.fill.as_slice() {
        let products = products.parse().map_err(|_| BenchError::Unexpected(products.clone()))?;
        let filled = fill::fill(&arguments.out, url, code, products)?;
        println!("{}", serde_json::to_string(&filled)?);
        return Ok(());
    }
    // Asked before anything is measured, so that nobody waits for a table that lacks a line.
    let server = if arguments.wants("ingest") { Some(postgres_rows::server()?) } else { None };
    std::fs::create_dir_all(&arguments.out)?;
    // Beside the results, so that they are measured on the disk that the caller chose.
    let folder = tempfile::tempdir_in(&arguments.out)?;
    let before = machine::load();
    let mut figures = Vec::new();
    measure(arguments, folder.path(), server.as_deref(), &mut figures)?;
    let after = machine::load();
    let report = json!({
        "cores": std::thread::available_parallelism().map_or(0, std::num::NonZero::get),
        "load_before": before,
        "load_after": after,
        "quick": arguments.quick,
        "figures": figures,
    });
    std::fs::write(arguments.out.join("bench.json"), serde_json::to_string_pretty(&report)?)?;
    print!("{}", table(&figures));
    println!("load averages before: {before}, after: {after}");
    Ok(())
}

fn measure(
    arguments: &Arguments,
    folder: &Path,
    server: Option<&str>,
    figures: &mut Vec<Figure>,
) -> Result<(), BenchError> {
    let wanted = |part: &str| arguments.wants(part);
    if ["commit", "ingest", "day", "reconcile", "pdf"].into_iter().any(wanted) {
        sales(arguments, folder, server, figures)?;
    }
    if wanted("search") {
        let sizes: &[u64] = if arguments.quick { &[MANY] } else { &[MANY, MOST] };
        say("search");
        figures.extend(search::measure(folder, sizes)?);
    }
    if wanted("fill") || wanted("window") {
        let place = folder.join("large");
        std::fs::create_dir_all(&place)?;
        let mut served = till::Served::start(&place, MANY)?;
        if wanted("fill") {
            say("fill");
            figures.extend(fill::measure(&place, &mut served)?);
            figures.extend(memory("memory: server, peak after that fill", served.process.id()));
        }
        if wanted("window") {
            say("window");
            let sales = if arguments.quick { 3_000 } else { YEAR };
            figures.extend(window::measure(&place, &mut served, sales)?);
        }
    }
    Ok(())
}

/// Everything that begins with a till in a small shop.
fn sales(
    arguments: &Arguments,
    folder: &Path,
    server: Option<&str>,
    figures: &mut Vec<Figure>,
) -> Result<(), BenchError> {
    let wanted = |part: &str| arguments.wants(part);
    say("commit");
    let mut served = till::Served::start(folder, PRODUCTS)?;
    let code = served.code()?;
    let ledger = till::enrol(&folder.join("till"), &served.process.url(), &code)?;
    let (mut ledger, _) = till::sync(ledger)?;
    let mut who = till::open_shift(&mut ledger)?;
    let rounds = if arguments.quick { 10 } else { 40 };
    // The sales of this part are what the next ones are made of.
    let found = commit::measure(&mut ledger, &mut who, PRODUCTS, rounds, folder)?;
    if wanted("commit") {
        figures.extend(found);
    }
    let pattern = Pattern::of(ledger.reader())?;
    let floor =
        server.map(|server| ingested(arguments, folder, figures, &pattern, server)).transpose()?;
    if wanted("reconcile") {
        say("reconcile");
        let (products, sales) = if arguments.quick { (4_000, 250) } else { (BOOK, 1_000) };
        figures.extend(reconcile::measure(folder, &pattern, products, sales)?);
    }
    rest(figures, &served, (ledger, &mut who), floor, &wanted)
}

fn ingested(
    arguments: &Arguments,
    folder: &Path,
    figures: &mut Vec<Figure>,
    pattern: &Pattern,
    server: &str,
) -> Result<u64, BenchError> {
    say("ingest");
    let sales = if arguments.quick { 4_000 } else { 12_000 };
    let (figure, floor) = ingest::on_sqlite(folder, pattern, PRODUCTS, sales)?;
    figures.push(figure);
    figures.push(ingest::on_postgres(folder, pattern, PRODUCTS, sales, server)?);
    Ok(floor)
}

fn rest(
    figures: &mut Vec<Figure>,
    served: &till::Served,
    (mut ledger, who): (Ledger, &mut Who),
    floor: Option<u64>,
    wanted: &dyn Fn(&str) -> bool,
) -> Result<(), BenchError> {
    if wanted("day") {
        say("day");
        let (synced, found) = day::measure(ledger, who, PRODUCTS, floor)?;
        ledger = synced;
        figures.extend(found);
        figures.extend(memory("memory: server, peak after a till's sales", served.process.id()));
    }
    if wanted("pdf") {
        say("pdf");
        figures.extend(paper::measure(&mut ledger, who, PRODUCTS)?);
    }
    ledger.close()?;
    Ok(())
}

fn memory(name: &str, process: u32) -> Option<Figure> {
    machine::peak_memory(process).map(|bytes| Figure::new(name, Unit::Bytes, bytes))
}

fn say(part: &str) {
    eprintln!("measuring: {part}");
}
