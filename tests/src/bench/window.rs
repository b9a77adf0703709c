//! The till's real window: how soon it is ready, how soon it shows what was done, what it takes.

use super::error::BenchError;
use super::figure::{Aim, Figure, Unit};
use super::machine;
use super::shop;
use super::till::{self, Served};
use super::time::{Samples, now};
use crate::printers::RawPrinter;
use crate::window::{Window, pause};
use daybook_domain::amount::Minor;
use daybook_domain::document::TenderType;
use daybook_till::clock;
use daybook_till::ledger::Ledger;
use daybook_till::printing::{Connection, PrinterSetup};
use daybook_till::sell::sell;
use daybook_till::shift::{self, Counted};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;
use thirtyfour::Key;

/// Sales of a shift.
const SHIFT: u64 = 300;
/// Lines of a sale.
const LINES: u64 = 3;
/// Scans, key presses and payments that are measured.
const REPETITIONS: usize = 100;
const PAYMENTS: usize = 20;
/// Half a second above an empty window.
const START_ABOVE: u64 = 500_000_000;
const ACT: u64 = 50_000_000;
const PAPER: u64 = 100_000_000;

/// Measures the window of a till with the served catalogue and so many sales behind it.
///
/// # Errors
/// Till, store or window refused.
pub fn measure(folder: &Path, served: &mut Served, sales: u64) -> Result<Vec<Figure>, BenchError> {
    let data = folder.join("window");
    let code = served.code()?;
    let ledger = till::enrol(&data, &served.process.url(), &code)?;
    let (mut ledger, _) = till::sync(ledger)?;
    let products = served.products;
    past(&mut ledger, products, sales)?;
    let name = format!("{products} products, {sales} sales");
    let (ledger, _) = till::sync(ledger)?;
    ledger.close()?;
    let printer = RawPrinter::start()?;
    set_up(&data, &printer)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(look(folder, &data, &printer, &name))
}

/// Sells in shifts as in a shop's year; the last one stays open.
fn past(ledger: &mut Ledger, products: u64, sales: u64) -> Result<(), BenchError> {
    let mut who = till::open_shift(ledger)?;
    for number in 1..=sales {
        let request = till::sale(ledger, products, number, LINES)?;
        who.moment = clock::now();
        sell(ledger, &who, &request)?;
        if number % SHIFT == 0 && number < sales {
            let cash = shift::totals(ledger)?
                .tenders
                .iter()
                .find(|row| row.tender_type == TenderType::Cash)
                .map_or(Minor(0), |row| row.expected_minor);
            let amounts = BTreeMap::from([(TenderType::Cash, cash)]);
            shift::close(ledger, &who, Counted { amounts, ..Counted::default() }, None)?;
            shift::open(ledger, &who, Minor(0), BTreeMap::new())?;
        }
    }
    Ok(())
}

/// Every sale is printed, and the driver's keys count as a scanner's.
fn set_up(data: &Path, printer: &RawPrinter) -> Result<(), BenchError> {
    let conn = rusqlite::Connection::open(data.join("till.db"))?;
    let address = printer.address();
    let connection = Connection::Network { host: address.ip().to_string(), port: address.port() };
    PrinterSetup { connection, ..PrinterSetup::default() }.keep(&conn)?;
    let patient = serde_json::json!({"scanner": {
        "prefix": "", "suffix": "Enter", "maxGapMs": 400, "minLength": 4,
    }});
    let sql = "INSERT OR REPLACE INTO state (name, value) VALUES ('preferences', ?1)";
    conn.execute(sql, [patient.to_string()])?;
    Ok(())
}

async fn look(
    folder: &Path,
    data: &Path,
    printer: &RawPrinter,
    name: &str,
) -> Result<Vec<Figure>, BenchError> {
    // A window without anything in it, the first start warms the disk for both.
    let empty = folder.join("empty");
    std::fs::create_dir_all(&empty)?;
    started(&empty, ".enrol").await?;
    let (mut floor, mut start) = (Samples::default(), Samples::default());
    for _ in 0..5 {
        floor.push(started(&empty, ".enrol").await?.1);
        start.push(started(data, ".people .tiles button").await?.1);
    }
    let (window, _) = started(data, ".people .tiles button").await?;
    let from = now();
    window.sign_in("Asha", shop::PIN).await?;
    window.find(".ready").await?;
    let sign_in = from.elapsed();
    let nanos = |name: String, value| Figure::new(name, Unit::Nanos, value);
    let mut figures = vec![
        nanos(format!("window: cold start to the people of the shop, {name}"), start.p50())
            .beside(floor.p50())
            .aims(Aim::AtMostAboveFloor(START_ABOVE)),
        nanos("window: PIN to ready to scan, the driver's keys included".to_owned(), span(sign_in)),
    ];
    let scans = scans(&window).await?;
    for (what, value) in [("p50", scans.p50()), ("p99", scans.p99())] {
        figures.push(
            nanos(format!("window: scan to line on the screen: {what}"), value)
                .aims(Aim::AtMost(ACT)),
        );
    }
    let searches = searches(&window).await?;
    for (what, value) in [("p50", searches.p50()), ("p99", searches.p99())] {
        figures.push(
            nanos(format!("window: key to search result: {what}"), value).aims(Aim::AtMost(ACT)),
        );
    }
    let papers = papers(&window, printer).await?;
    for (what, value) in [("p50", papers.p50()), ("p99", papers.p99())] {
        figures.push(
            nanos(format!("window: pay to receipt at the printer: {what}"), value)
                .aims(Aim::AtMost(PAPER)),
        );
    }
    if let Some(bytes) = machine::memory_of_program(&format!("daybook --data {}", data.display())) {
        figures.push(Figure::new("memory: window with all its processes", Unit::Bytes, bytes));
    }
    Ok(figures)
}

/// Opens the window and waits for something in it.
async fn started(data: &Path, css: &str) -> Result<(Window, Duration), BenchError> {
    let from = now();
    let window = Window::open(data, 1280, 800).await?;
    window.find(css).await?;
    Ok((window, from.elapsed()))
}

fn span(took: Duration) -> u64 {
    u64::try_from(took.as_nanos()).unwrap_or(u64::MAX)
}

/// From the key that ends a scan, as the system stamped it, to the frame that shows its line.
async fn scans(window: &Window) -> Result<Samples, BenchError> {
    let script = "
        window.measured = []; let begun = 0;
        const stop = Event.prototype.stopImmediatePropagation;
        Event.prototype.stopImmediatePropagation = function () { begun = this.timeStamp; return stop.call(this); };
        new MutationObserver(() => {
            if (begun === 0) return;
            const from = begun; begun = 0;
            requestAnimationFrame(() => window.measured.push(performance.now() - from));
        }).observe(document.querySelector('.basket'), { childList: true, subtree: true, characterData: true });";
    window.driver().execute(script, vec![]).await?;
    for number in 0..REPETITIONS {
        let product = u64::try_from(number).unwrap_or(0) * 37;
        window.scan(&shop::barcode(product)).await?;
        measured(window, number + 1).await?;
    }
    samples(window).await
}

/// From a key in the search field to the frame that shows another result. The key is noted before the page hears of it,
/// and one that changes nothing (a space, a letter more of the only product) is not counted.
async fn searches(window: &Window) -> Result<Samples, BenchError> {
    let script = "
        window.measured = []; let begun = 0;
        addEventListener('input', (event) => { begun = event.timeStamp; }, true);
        new MutationObserver(() => {
            if (begun === 0) return;
            const from = begun; begun = 0;
            requestAnimationFrame(() => window.measured.push(performance.now() - from));
        }).observe(document.querySelector('[role=search]').parentElement, { childList: true, subtree: true, characterData: true });";
    window.driver().execute(script, vec![]).await?;
    let mut count = 0;
    while count < REPETITIONS {
        let words = shop::name(u64::try_from(count).unwrap_or(0) * 911);
        let field = window.find("[role=search] input").await?;
        for letter in words.chars().take(8) {
            field.send_keys(letter.to_string()).await?;
            // As fast as a quick typist, slower than a scanner.
            pause(Duration::from_millis(120)).await;
            count += 1;
        }
        field.send_keys(Key::Control + "a").await?;
        field.send_keys(Key::Backspace + "").await?;
        pause(Duration::from_millis(450)).await;
    }
    samples(window).await
}

/// From the key that pays to the last byte of the receipt at a printer on loopback, in whole milliseconds.
async fn papers(window: &Window, printer: &RawPrinter) -> Result<Samples, BenchError> {
    window.keys(Key::F10 + "").await?;
    let script = "window.pressed = 0; addEventListener('keydown', (event) => {
        if (event.key === 'Enter') window.pressed = performance.timeOrigin + event.timeStamp; }, true);";
    window.driver().execute(script, vec![]).await?;
    let mut samples = Samples::default();
    for number in 0..PAYMENTS {
        window.find("[data-testid=left]").await?;
        pause(Duration::from_millis(450)).await;
        window.keys(Key::Enter + "").await?;
        let job = printer.job().map_err(|error| BenchError::Unexpected(error.to_string()))?;
        let at_ms = clock::now().at_ms;
        if job.is_empty() {
            return Err(BenchError::Unexpected("an empty receipt".to_owned()));
        }
        let pressed = window.driver().execute("return Math.floor(window.pressed)", vec![]).await?;
        let pressed = pressed.json().as_i64().unwrap_or(at_ms);
        let took = u64::try_from(at_ms.saturating_sub(pressed)).unwrap_or(0);
        samples.push(Duration::from_millis(took));
        window.find("[data-testid=change]").await?;
        window.scan(&shop::barcode(u64::try_from(number).unwrap_or(0) * 53)).await?;
        window.find(".lines").await?;
        window.keys(Key::F10 + "").await?;
    }
    Ok(samples)
}

/// Waits until so many were measured.
async fn measured(window: &Window, count: usize) -> Result<(), BenchError> {
    for _ in 0..500 {
        let length = window.driver().execute("return window.measured.length", vec![]).await?;
        if length.json().as_u64().and_then(|length| usize::try_from(length).ok()) >= Some(count) {
            return Ok(());
        }
        pause(Duration::from_millis(5)).await;
    }
    Err(BenchError::Unexpected(format!("scan {count} was never shown")))
}

async fn samples(window: &Window) -> Result<Samples, BenchError> {
    let script = "return window.measured.map((ms) => Math.round(ms * 1000))";
    let found = window.driver().execute(script, vec![]).await?;
    let mut samples = Samples::default();
    for micros in found.json().as_array().into_iter().flatten().filter_map(Value::as_u64) {
        samples.push(Duration::from_micros(micros));
    }
    Ok(samples)
}
