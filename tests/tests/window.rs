//! The till's window, real, against the real ledger and a real store.

#![expect(clippy::unwrap_used, reason = "a test ends at the first thing that fails")]

use daybook_print::escpos::decode::{decode, readable};
use daybook_tests::demo::office::Office;
use daybook_tests::http;
use daybook_tests::printers::{Cups, RawPrinter};
use daybook_tests::process::{StoreProcess, TillActor, program};
use daybook_tests::proxy::Proxy;
use daybook_tests::window::{BETWEEN, SessionBus, Window, pause};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;
use thirtyfour::error::WebDriverResult;
use thirtyfour::{By, Key};

/// EAN-13 of the sample shop's notebook.
const NOTEBOOK: &str = "8904000210037";

/// Code by which its onions are weighed.
const ONION: &str = "00101";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// A store with the sample shop and one till of it.
struct Shop {
    dir: TempDir,
    store: StoreProcess,
    proxy: Proxy,
    till: TillActor,
}

impl Shop {
    fn begin() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let office = Office::new(&dir.path().join("store"));
        office.import(&root().join("sample-shop")).unwrap();
        let store = StoreProcess::start(&dir.path().join("store"), "127.0.0.1:0", &[]).unwrap();
        let proxy = Proxy::start(store.address()).unwrap();
        let till = TillActor::new(&dir.path().join("till"));
        let code = office.code("mg-road").unwrap();
        let address = format!("http://{}", proxy.address());
        till.run(&["enrol", "--store", &address, "--code", &code]).unwrap();
        till.run(&["sync"]).unwrap();
        // The driver's keys come slower than a scanner's when the machine is busy.
        let patient = serde_json::json!({"scanner": {
            "prefix": "", "suffix": "Enter", "maxGapMs": 400, "minLength": 4,
        }});
        rusqlite::Connection::open(till.data().join("till.db"))
            .unwrap()
            .execute(
                "INSERT INTO state (name, value) VALUES ('preferences', ?1)",
                [patient.to_string()],
            )
            .unwrap();
        Self { dir, store, proxy, till }
    }

    fn data(&self) -> PathBuf {
        self.dir.path().join("till")
    }

    fn status(&self) -> Value {
        self.till.run(&["status"]).unwrap().pop().unwrap()
    }

    /// Every document of the journal: kind of fact, number and what was due.
    fn documents(&self) -> Vec<(String, i64)> {
        let conn = rusqlite::Connection::open(self.data().join("till.db")).unwrap();
        let mut rows =
            conn.prepare("SELECT kind, payable_minor FROM document ORDER BY pos").unwrap();
        let found = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        found.collect::<Result<_, _>>().unwrap()
    }

    /// The journal verifies whatever was done to the window.
    fn assert_whole(&self) {
        self.till.run(&["journal", "verify"]).unwrap();
    }
}

/// Where pictures of the screens go.
fn picture(name: &str) -> PathBuf {
    let out = std::env::var_os("DAYBOOK_SCREENS").map(PathBuf::from);
    out.unwrap_or_else(|| root().join("out/screens")).join(format!("{name}.png"))
}

/// Sets a receipt printer on loopback up, as a person does on the settings' screen, with a drawer at pin 2.
async fn set_printer_up(window: &Window, printer: &RawPrinter) -> WebDriverResult<()> {
    window.touch("Settings").await?;
    window.touch("Network").await?;
    window.fill("input[type=number][max='65535']", &printer.address().port().to_string()).await?;
    window.fill("input[placeholder='192.168.1.50']", "127.0.0.1").await?;
    window.touch("Pin 2").await?;
    window.touch("Print a test page").await?;
    Ok(())
}

async fn open(shop: &Shop) -> WebDriverResult<Window> {
    Window::open(&shop.data(), 1024, 768).await
}

/// Asha signs in and opens a shift with a float of 500.
async fn selling(shop: &Shop) -> WebDriverResult<Window> {
    let window = open(shop).await?;
    window.sign_in("Asha", &pin("asha")).await?;
    window.fill(".pieces label:nth-child(1) input", "1").await?;
    window.text("[data-testid=float]", "500").await?;
    window.touch("Open").await?;
    window.text(".ready", "Ready to scan").await?;
    Ok(window)
}

/// One notebook is scanned, and is to be paid.
async fn notebook_at_payment(window: &Window) -> WebDriverResult<()> {
    window.scan(NOTEBOOK).await?;
    window.text(".lines", "otebook").await?;
    window.keys(Key::F10 + "").await?;
    window.text("[data-testid=left]", "₹").await?;
    Ok(())
}

/// PIN of a person of the sample shop.
fn pin(staff: &str) -> String {
    let people = std::fs::read_to_string(root().join("sample-shop/staff.csv")).unwrap();
    let mut rows = csv::Reader::from_reader(people.as_bytes());
    let row = rows.records().map(Result::unwrap).find(|row| row.get(0) == Some(staff)).unwrap();
    row.iter()
        .find(|field| field.len() >= 4 && field.bytes().all(|b| b.is_ascii_digit()))
        .unwrap()
        .to_owned()
}

#[tokio::test]
async fn a_scanner_and_the_keyboard_alone_complete_a_sale() -> WebDriverResult<()> {
    let shop = Shop::begin();
    let window = selling(&shop).await?;
    window.scan(NOTEBOOK).await?;
    window.text(".lines", "otebook").await?;
    window.scan(NOTEBOOK).await?;
    window.text(".lines .quantity", "2").await?;
    window.picture(&picture("sell-light"))?;
    window.keys(Key::F10 + "").await?;
    let left = window.text("[data-testid=left]", "₹").await?;
    window.picture(&picture("pay-light"))?;
    window.keys("500".to_owned() + Key::Enter).await?;
    window.text("[data-testid=change]", "₹").await?;
    window.picture(&picture("done-light"))?;
    window.scan(NOTEBOOK).await?;
    window.text(".lines .quantity", "1").await?;
    // Goods that are on no label: words, then arrow keys and Enter.
    window.fill("[role=search] input", "ball pen").await?;
    window.find(".tiles [aria-current=true]").await?;
    pause(BETWEEN).await;
    window.keys(Key::Right + "").await?;
    window.text(".tiles .tile:nth-child(2) [aria-current=true]", "Black").await?;
    window.picture(&picture("search-light"))?;
    window.keys(Key::Enter + "").await?;
    window.text(".lines li:nth-child(2)", "Black").await?;
    drop(window);
    let documents = shop.documents();
    assert_eq!(documents.len(), 1, "{left}");
    shop.assert_whole();
    Ok(())
}

#[tokio::test]
async fn a_scanner_alone_completes_a_sale_and_so_does_a_finger() -> WebDriverResult<()> {
    let shop = Shop::begin();
    let window = selling(&shop).await?;
    window.scan(NOTEBOOK).await?;
    window.text(".lines", "otebook").await?;
    window.scan("DAYBOOK-UNDO").await?;
    window.text(".ready", "Ready").await?;
    window.scan(NOTEBOOK).await?;
    window.text(".lines", "otebook").await?;
    window.scan("DAYBOOK-PAY").await?;
    window.text("[data-testid=left]", "₹").await?;
    window.scan("DAYBOOK-BACK").await?;
    window.find(".keys button:nth-child(1)").await?;
    window.scan("DAYBOOK-CASH").await?;
    window.text("[data-testid=change]", "₹0.00").await?;
    // And by nothing but touches: a product of the grid, pay, a note.
    window.find(".done [data-home]").await?.click().await?;
    window.find(".tile .take").await?.click().await?;
    window.text(".lines .quantity", "1").await?;
    window.touch("Pay").await?;
    window.find(".quick button:nth-child(2)").await?.click().await?;
    window.text("[data-testid=change]", "₹").await?;
    window.touch("Settings").await?;
    window.touch("Card of commands for the scanner").await?;
    window.text(".toasts", "commands.pdf").await?;
    drop(window);
    assert_eq!(shop.documents().len(), 2);
    assert!(shop.data().join("papers/commands.pdf").exists());
    shop.assert_whole();
    Ok(())
}

#[tokio::test]
async fn an_unknown_code_is_kept_on_the_screen_and_a_receipt_is_taken_back() -> WebDriverResult<()>
{
    let shop = Shop::begin();
    let window = selling(&shop).await?;
    window.scan("4006381333931").await?;
    window.text(".unknown", "4006381333931").await?;
    notebook_at_payment(&window).await?;
    window.keys(Key::Enter + "").await?;
    window.text("[data-testid=change]", "₹").await?;
    window.touch("History").await?;
    window.find(".history .one").await?.click().await?;
    window.touch("Receipt as PDF").await?;
    window.text(".toasts", "Saved").await?;
    window.text(".history .detail", "printed once").await?;
    window.picture(&picture("history-light"))?;
    window.find(".history .detail .row button:nth-child(3)").await?.click().await?;
    window.find("tbody input[type=checkbox]").await?.click().await?;
    window.touch("Not wanted").await?;
    window.text("[data-testid=preview]", "₹").await?;
    window.picture(&picture("return-light"))?;
    window.touch("Refund").await?;
    window.text("[data-testid=back]", "₹").await?;
    drop(window);
    let documents = shop.documents();
    assert_eq!(documents.len(), 2);
    assert_eq!(documents[1].0, "refund.completed");
    assert_eq!(documents[0].1, documents[1].1, "what was paid came back");
    shop.assert_whole();
    Ok(())
}

#[tokio::test]
async fn a_scan_goes_nowhere_but_where_it_is_meant() -> WebDriverResult<()> {
    let shop = Shop::begin();
    let window = selling(&shop).await?;
    // While one is asked about the next waits.
    window.scan(ONION).await?;
    window.find("[role=dialog] [data-testid=amount]").await?;
    window.scan(NOTEBOOK).await?;
    window.text("[data-testid=waits]", NOTEBOOK).await?;
    window.picture(&picture("scan-waits-light"))?;
    window.fill("[role=dialog] [data-testid=amount]", "0.5").await?;
    pause(BETWEEN).await;
    window.keys(Key::Enter + "").await?;
    window.text(".lines", "Onion").await?;
    window.text(".lines", "otebook").await?;
    // A space within a code presses nothing.
    let focus = |css: &str| format!("document.querySelector('{css}').focus()");
    window.driver().execute(focus("button.pay"), vec![]).await?;
    window.scan("AB 123456").await?;
    window.text(".unknown", "AB 123456").await?;
    assert!(window.driver().find(By::Css("[data-testid=left]")).await.is_err(), "nobody pays");
    // No PIN is typed by a scanner.
    window.keys(Key::F12 + "").await?;
    window.touch("Asha").await?;
    window.scan(NOTEBOOK).await?;
    window.keys("2".to_owned()).await?;
    assert_eq!(window.text(".dots", "●").await?.trim(), "●");
    window.keys(Key::Backspace + "").await?;
    window.sign_in("Asha", &pin("asha")).await?;
    window.text(".unknown:nth-child(2)", "PIN").await?;
    window.picture(&picture("missed-light"))?;
    assert_eq!(window.accessibility().await?, "");
    window.find(".unknown:nth-child(2) button.plain").await?.click().await?;
    // A list stays as it was, and the receipt is ticked or the code kept in sight.
    window.keys(Key::F10 + "").await?;
    window.text("[data-testid=left]", "₹").await?;
    window.keys(Key::Enter + "").await?;
    window.text("[data-testid=change]", "₹").await?;
    window.find(".done .row button:nth-child(2)").await?.click().await?;
    window.scan(NOTEBOOK).await?;
    window.text("[data-testid=preview]", "").await?;
    window.find("tbody tr:nth-child(2) input:checked").await?;
    let tender = window.find(".tender select").await?;
    let before = tender.prop("value").await?;
    window.driver().execute(focus(".tender select"), vec![]).await?;
    window.scan("STOLE-1234").await?;
    window.text(".unknown:nth-child(2)", "STOLE-1234").await?;
    assert_eq!(tender.prop("value").await?, before);
    window.picture(&picture("return-scanned-light"))?;
    drop(window);
    assert_eq!(shop.documents().len(), 1);
    shop.assert_whole();
    Ok(())
}

#[tokio::test]
async fn a_delivery_is_scanned_into_the_stock_without_a_shift() -> WebDriverResult<()> {
    let shop = Shop::begin();
    let window = open(&shop).await?;
    window.sign_in("Asha", &pin("asha")).await?;
    window.touch("Stock").await?;
    window.find("[data-testid=stock-search]").await?;
    window.scan(NOTEBOOK).await?;
    let before = window.text("[data-testid=on-hand]", "").await?;
    window.find("[data-testid=act-receive]").await?.click().await?;
    window.find("[data-testid=stock-quantity]").await?;
    for code in [NOTEBOOK, NOTEBOOK, ONION] {
        window.scan(code).await?;
    }
    window.fill("[data-testid=moving] tr:nth-child(2) input", "2.5").await?;
    window.picture(&picture("receive-light"))?;
    assert_eq!(window.accessibility().await?, "");
    window.find("[data-testid=moving] button.go").await?.click().await?;
    window.text(".toasts", "2 items").await?;
    window.scan(NOTEBOOK).await?;
    window.text("[data-testid=movements]", "Received").await?;
    let after: i64 = window.find("[data-testid=on-hand]").await?.text().await?.parse().unwrap();
    assert_eq!(after, before.parse::<i64>().unwrap() + 2);
    drop(window);
    shop.assert_whole();
    Ok(())
}

#[tokio::test]
async fn a_sale_opens_the_drawer_and_goes_to_paper_and_copies_say_so() -> WebDriverResult<()> {
    let shop = Shop::begin();
    let printer = RawPrinter::start()?;
    let window = selling(&shop).await?;
    set_printer_up(&window, &printer).await?;
    let test = printer.job().unwrap();
    assert!(readable(&decode(&test).unwrap()).contains("Printer test"));
    window.picture(&picture("printer-light"))?;
    window.touch("Sell").await?;
    notebook_at_payment(&window).await?;
    window.keys("500".to_owned() + Key::Enter).await?;
    window.text("[data-testid=change]", "₹").await?;
    let drawer = decode(&printer.job().unwrap()).unwrap();
    assert_eq!(readable(&drawer), "[drawer 0 100 200]\n");
    let original = readable(&decode(&printer.job().unwrap()).unwrap());
    assert!(original.contains("ORIGINAL") && original.contains("otebook"), "{original}");
    window.text("[data-testid=paper]", "is printed").await?;
    window.touch("History").await?;
    window.find(".history .one").await?.click().await?;
    window.touch("Print receipt").await?;
    let copy = readable(&decode(&printer.job().unwrap()).unwrap());
    assert_eq!(copy.replace("COPY 1", "ORIGINAL"), original, "the same paper, marked");
    drop(window);
    assert_eq!(shop.documents().len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_printer_that_went_away_stops_no_sale_and_what_it_owes_is_in_sight() -> WebDriverResult<()>
{
    let shop = Shop::begin();
    let printer = RawPrinter::start()?;
    let window = selling(&shop).await?;
    set_printer_up(&window, &printer).await?;
    printer.job().unwrap();
    window.fill("input[type=number][max='65535']", "9").await?;
    window.touch("Sell").await?;
    notebook_at_payment(&window).await?;
    window.keys(Key::Enter + "").await?;
    window.text("[data-testid=change]", "₹").await?;
    window.text(".chip.paper", "1 not printed").await?;
    window.find(".chip.paper").await?.click().await?;
    window.text("main", "Waits for the printer").await?;
    window.picture(&picture("papers-light"))?;
    window.touch("Not needed").await?;
    window.text("main", "Everything is on paper").await?;
    drop(window);
    assert_eq!(shop.documents().len(), 1);
    Ok(())
}

#[tokio::test]
async fn invoice_and_receipt_go_through_the_systems_printing_byte_for_byte() -> WebDriverResult<()>
{
    let shop = Shop::begin();
    let office = RawPrinter::start()?;
    let dir = tempfile::tempdir()?;
    let cups = Cups::start(dir.path())?;
    cups.add_queue("office-a4", office.address())?;
    let counter = RawPrinter::start()?;
    cups.add_queue("counter-80mm", counter.address())?;
    let cups_server = [("CUPS_SERVER", cups.server())];
    let window = Window::open_with(&shop.data(), (1024, 768), &cups_server).await?;
    window.sign_in("Asha", &pin("asha")).await?;
    window.fill(".pieces label:nth-child(1) input", "1").await?;
    window.touch("Open").await?;
    window.text(".ready", "Ready to scan").await?;
    window.touch("Settings").await?;
    window.find("select option[value='office-a4'], select option:nth-child(2)").await?;
    window.find("#invoice-queue").await?.send_keys("office-a4").await?;
    // The first queue by name is the one of the counter.
    window.touch("System printer").await?;
    window.touch("Print a test page").await?;
    let test = counter.job().unwrap();
    window.touch("Sell").await?;
    notebook_at_payment(&window).await?;
    window.keys(Key::Enter + "").await?;
    window.text("[data-testid=change]", "₹").await?;
    let receipt = counter.job().unwrap();
    window.touch("History").await?;
    window.find(".history .one").await?.click().await?;
    window.touch("Print A4").await?;
    let pdf = office.job().unwrap();
    window.touch("A4 as PDF").await?;
    window.text(".toasts", "Saved").await?;
    drop(window);
    let saved: Vec<PathBuf> =
        std::fs::read_dir(shop.data().join("papers"))?.map(|entry| entry.unwrap().path()).collect();
    let copy = std::fs::read(&saved[0])?;
    let text = |pdf: &[u8]| {
        let file = dir.path().join("read.pdf");
        std::fs::write(&file, pdf).unwrap();
        let read = Command::new("pdftotext").args(["-layout"]).arg(&file).arg("-").output();
        String::from_utf8(read.unwrap().stdout).unwrap()
    };
    let squeezed = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let (printed, copy) = (squeezed(text(&pdf)), squeezed(text(&copy)));
    // The first paper of the document is the receipt; every other one is a copy and says which.
    assert!(printed.contains("COPY 1"), "{printed}");
    assert_eq!(copy.replace("COPY 2", "COPY 1"), printed);
    assert!(squeezed(text(&test)).contains("Printer test"));
    let receipt = squeezed(text(&receipt));
    assert!(receipt.contains("ORIGINAL") && receipt.contains("otebook"), "{receipt}");
    Ok(())
}

#[tokio::test]
async fn cash_and_card_together_pay_one_basket_and_each_gets_back_what_it_paid()
-> WebDriverResult<()> {
    let shop = Shop::begin();
    let window = selling(&shop).await?;
    notebook_at_payment(&window).await?;
    window.keys("10".to_owned() + Key::Enter).await?;
    window.text(".tendered", "Cash").await?;
    window.touch("Card").await?;
    window.fill("form label input", "SLIP77").await?;
    window.touch("Take").await?;
    window.text("[data-testid=change]", "₹").await?;
    window.touch("History").await?;
    window.find(".history .one").await?.click().await?;
    window.find(".history .detail .row button:nth-child(3)").await?.click().await?;
    window.find("tbody input[type=checkbox]").await?.click().await?;
    window.touch("Not wanted").await?;
    window.text("[data-testid=refund-parts]", "Card").await?;
    window.fill("[data-testid=refund-reference-card]", "SLIP78").await?;
    look_at(&window, "return-several-ways-light", true).await?;
    window.touch("Refund").await?;
    window.text("[data-testid=back]", "₹").await?;
    drop(window);
    let lines = shop.till.run(&["journal", "tail", "--count", "9"]).unwrap();
    let tenders = |slip: &str| {
        let entry = lines.iter().find(|entry| entry.to_string().contains(slip)).unwrap();
        let tenders = entry["body"]["document"]["tenders"].as_array().unwrap();
        let by = |kind: &str| tenders.iter().find(|tender| tender["tender_type"] == kind).unwrap();
        [by("cash")["amount_minor"].clone(), by("card")["amount_minor"].clone()]
    };
    assert_eq!(tenders("SLIP77"), tenders("SLIP78"));
    shop.assert_whole();
    Ok(())
}

#[tokio::test]
async fn a_upi_code_is_shown_and_only_a_person_says_that_it_was_paid() -> WebDriverResult<()> {
    let shop = Shop::begin();
    let window = selling(&shop).await?;
    window.scan(NOTEBOOK).await?;
    window.text(".lines", "otebook").await?;
    window.keys(Key::F10 + "").await?;
    window.touch("UPI").await?;
    window.touch("Show code").await?;
    window.find(".upi img").await?;
    window.picture(&picture("upi-light"))?;
    window.kill();
    let window = open(&shop).await?;
    window.sign_in("Asha", &pin("asha")).await?;
    window.text(".upi", "neither paid nor failed").await?;
    window.fill(".upi input", "428812345678").await?;
    window.touch("Received").await?;
    window.text("[data-testid=change]", "₹").await?;
    drop(window);
    assert_eq!(shop.documents().len(), 1);
    shop.assert_whole();
    Ok(())
}

#[tokio::test]
async fn a_gift_card_is_sold_and_spent_with_the_store_asked_and_goods_become_credit()
-> WebDriverResult<()> {
    let mut shop = Shop::begin();
    let window = selling(&shop).await?;
    window.text(".chip", "Online").await?;
    window.touch("Gift card").await?;
    window.picture(&picture("gift-card-light"))?;
    window.fill("[data-testid=card-worth]", "50").await?;
    window.touch("Sell this card").await?;
    let line = window.text(".lines bdi", "90").await?;
    let card = line.replace(' ', "");
    window.keys(Key::F10 + "").await?;
    window.text("[data-testid=left]", "50").await?;
    window.keys(Key::Enter + "").await?;
    window.text("[data-testid=change]", "₹").await?;
    // The store has heard of the card, and says what is on it.
    window.text(".chip", "Online").await?;
    window.touch("Gift card").await?;
    window.fill("[data-testid=card-number]", &card).await?;
    window.touch("Ask the store").await?;
    window.text("[data-testid=card-left]", "50.00 left").await?;
    window.picture(&picture("gift-card-left-light"))?;
    window.keys(Key::Escape + "").await?;
    // Paid by a scan of the card, as far as it goes.
    window.scan(NOTEBOOK).await?;
    window.scan(NOTEBOOK).await?;
    window.text(".lines .quantity", "2").await?;
    window.keys(Key::F10 + "").await?;
    window.text("[data-testid=left]", "₹").await?;
    window.scan(&card).await?;
    window.text(".tendered", "Gift card").await?;
    window.picture(&picture("pay-balance-light"))?;
    assert!(window.accessibility().await?.is_empty());
    window.keys(Key::Enter + "").await?;
    window.text("[data-testid=change]", "₹").await?;
    // What came back stays in the shop.
    window.find(".done .row button:nth-child(2)").await?.click().await?;
    window.find("tbody input[type=checkbox]").await?.click().await?;
    window.touch("Not wanted").await?;
    window.find(".tender select").await?.send_keys("Store credit").await?;
    window.text("[data-testid=preview]", "₹").await?;
    window.touch("Refund").await?;
    let credit = window.text("[data-testid=credit]", "91").await?;
    window.picture(&picture("credit-light"))?;
    // Without the network the till takes what it issued itself, and nothing else.
    shop.proxy.cut();
    window.scan(NOTEBOOK).await?;
    window.text(".lines", "otebook").await?;
    window.keys(Key::F10 + "").await?;
    window.text("[data-testid=left]", "₹").await?;
    window.scan(&credit.replace(' ', "")).await?;
    window.text("[data-testid=change]", "₹").await?;
    drop(window);
    let kinds: Vec<String> = shop.documents().into_iter().map(|(kind, _)| kind).collect();
    let sale = "sale.completed";
    assert_eq!(kinds, [sale, sale, "refund.completed", sale]);
    shop.assert_whole();
    Ok(())
}

#[tokio::test]
async fn a_cash_sale_is_shown_again_after_a_power_cut() -> WebDriverResult<()> {
    let shop = Shop::begin();
    let window = selling(&shop).await?;
    notebook_at_payment(&window).await?;
    window.keys("500".to_owned() + Key::Enter).await?;
    let change = window.text("[data-testid=change]", "₹").await?;
    window.kill();
    let window = open(&shop).await?;
    window.sign_in("Asha", &pin("asha")).await?;
    window.text("[data-testid=change]", &change).await?;
    window.text(".done", "00001").await?;
    drop(window);
    assert_eq!(shop.documents().len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_parked_basket_survives_a_power_cut_and_a_lock_keeps_the_open_one() -> WebDriverResult<()>
{
    let shop = Shop::begin();
    let window = selling(&shop).await?;
    window.scan(NOTEBOOK).await?;
    window.text(".lines", "otebook").await?;
    window.keys(Key::F7 + "").await?;
    window.fill("[data-testid=park-label]", "blue hat").await?;
    window.find(".modal form .go").await?.click().await?;
    window.text(".ready", "Ready").await?;
    window.scan(NOTEBOOK).await?;
    window.text(".lines", "otebook").await?;
    window.kill();
    let window = open(&shop).await?;
    window.sign_in("Asha", &pin("asha")).await?;
    window.text(".lines", "otebook").await?;
    window.keys(Key::F12 + "").await?;
    window.text(".sign-in", "The basket is kept: 1 line").await?;
    window.sign_in("Imran", &pin("imran")).await?;
    window.text(".lines", "otebook").await?;
    window.touch("Empty").await?;
    window.touch("Customer left").await?;
    window.find(".modal-actions .bad").await?.click().await?;
    window.text(".ready", "Ready").await?;
    window.keys(Key::F8 + "").await?;
    window.touch("blue hat").await?;
    window.text(".lines", "otebook").await?;
    drop(window);
    shop.assert_whole();
    Ok(())
}

#[tokio::test]
async fn a_sale_made_without_the_network_reaches_the_store_when_it_is_back() -> WebDriverResult<()>
{
    let mut shop = Shop::begin();
    let window = selling(&shop).await?;
    window.text(".chip", "Online").await?;
    shop.proxy.cut();
    notebook_at_payment(&window).await?;
    window.keys(Key::Enter + "").await?;
    window.text("[data-testid=change]", "₹").await?;
    window.text(".chip", "Offline").await?;
    window.text(".chip", "unsent").await?;
    window.picture(&picture("offline-light"))?;
    shop.proxy.mend()?;
    window.find(".chip").await?.click().await?;
    window.touch("Send now").await?;
    window.text(".chip", "Online").await?;
    for _ in 0..200 {
        if !window.find(".chip").await?.text().await?.contains("unsent") {
            break;
        }
        pause(std::time::Duration::from_millis(50)).await;
    }
    window.picture(&picture("health-light"))?;
    drop(window);
    assert_eq!(shop.status()["unsent"], 0);
    let store = rusqlite::Connection::open(shop.dir.path().join("store/store.db")).unwrap();
    let sold: i64 = store
        .query_row("SELECT count(*) FROM document WHERE till_id IS NOT NULL", [], |row| row.get(0))
        .unwrap();
    assert_eq!((sold, shop.store.id() > 0), (1, true));
    Ok(())
}

#[tokio::test]
async fn a_shift_is_counted_blind_and_closed_with_a_managers_pin() -> WebDriverResult<()> {
    let shop = Shop::begin();
    let window = selling(&shop).await?;
    window.touch("Shift").await?;
    window.touch("Paid in").await?;
    window.fill("[data-testid=cash-amount]", "1000").await?;
    window.touch("Change from the bank").await?;
    window.find(".narrow .go.large").await?.click().await?;
    window.text(".toasts", "paid in").await?;
    window.touch("Count and close").await?;
    window.fill(".pieces label:nth-child(1) input", "1").await?;
    window.text("[data-testid=counted]", "500").await?;
    window.touch("Wrong change given").await?;
    window.picture(&picture("count-light"))?;
    window.touch("Close the shift").await?;
    window.find("[data-testid=approval-pin]").await?.send_keys(pin("kavya") + Key::Enter).await?;
    window.text(".reports", "Z report 1").await?;
    window.picture(&picture("z-light"))?;
    drop(window);
    assert_eq!(shop.status()["shift"], Value::Null);
    assert_eq!(shop.status()["z_no"], 1);
    Ok(())
}

#[tokio::test]
async fn the_window_turns_around_in_arabic_and_speaks_hindi() -> WebDriverResult<()> {
    let shop = Shop::begin();
    let window = selling(&shop).await?;
    window.touch("Settings").await?;
    window.picture(&picture("settings-light"))?;
    window.touch("हिन्दी").await?;
    window.text("nav", "बिक्री").await?;
    window.touch("العربية").await?;
    window.text("nav", "البيع").await?;
    window.touch("داكن").await?;
    window.touch("البيع").await?;
    window.scan(NOTEBOOK).await?;
    window.text(".lines", "otebook").await?;
    let root = window.find("html").await?;
    assert_eq!(root.attr("dir").await?.as_deref(), Some("rtl"));
    let basket = window.find(".basket").await?.rect().await?;
    let side = window.find(".side").await?.rect().await?;
    assert!(basket.x > side.x, "the basket is where reading begins");
    window.picture(&picture("sell-arabic-dark"))?;
    window.keys(Key::F10 + "").await?;
    window.text("[data-testid=left]", "₹").await?;
    window.picture(&picture("pay-arabic-dark"))?;
    Ok(())
}

#[tokio::test]
async fn a_second_start_on_the_same_ledger_says_so() -> WebDriverResult<()> {
    let shop = Shop::begin();
    let window = open(&shop).await?;
    window.text(".sign-in", "Who is at the till").await?;
    let second = Command::new(program("daybook-till"))
        .args(["--data"])
        .arg(shop.data())
        .args(["--staff", "asha", "--pin", &pin("asha"), "shift", "open", "--float", "0"])
        .output()?;
    assert_eq!(second.status.code(), Some(5));
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(said.contains("another process works on this ledger"), "{said}");
    Ok(())
}

/// A till in the middle of a day: sold, refunded, low on something, with an order of the web to hand over.
/// Answers the number of a sale too, of which something may come back.
fn in_the_middle_of_a_day() -> (Shop, String) {
    let shop = Shop::begin();
    let office = Office::new(&shop.dir.path().join("store"));
    let why = ["--reason", "for the test", "--actor", "kavya"];
    let found = ["stock", "adjust", "mg-road", "PEN-BLUE", "3"];
    office.act(&[&found[..], &why[..]].concat()).unwrap();
    office.act(&["stock", "set-policy", "mg-road", "PEN-BLUE", "pooled_soft"]).unwrap();
    let told = office.act(&["api-key", "create", "web"]).unwrap();
    let token = told[0]["key"].as_str().unwrap().to_owned();
    let post = |path: &str, body: Value| {
        let answer = http::send(shop.store.address(), "POST", path, &token, Some(&body)).unwrap();
        assert!(answer.is_done(), "{}", answer.json());
    };
    let (id, pay) = (uuid::Uuid::from_u128(1), uuid::Uuid::from_u128(2));
    let lines = serde_json::json!([{"sku": "PEN-BLUE", "quantity_milli": 2000}]);
    post("/orders", serde_json::json!({"id": id, "location": "mg-road", "lines": lines}));
    let card = serde_json::json!({"id": pay, "card_number": "4242424242424242"});
    post(&format!("/orders/{id}/pay"), card);
    let till = TillActor::new(&shop.data())
        .with("DAYBOOK_STAFF", "asha")
        .with("DAYBOOK_PIN", &pin("asha"));
    till.run(&["shift", "open", "--float", "500"]).unwrap();
    let basket = ["sell", "--sku", "NOTEBOOK-172*2", "--sku", "PEN-BLUE", "--cash", "500"];
    let first = till.run(&basket).unwrap().pop().unwrap();
    let first = first["number"].as_str().unwrap().to_owned();
    till.run(&basket).unwrap();
    let sold = till.run(&["sell", "--sku", "NOTEBOOK-172", "--card"]).unwrap().pop().unwrap();
    let number = sold["number"].as_str().unwrap();
    till.run(&["refund", "--number", number, "--store-credit"]).unwrap();
    till.run(&["sync"]).unwrap();
    (shop, first)
}

/// Brings the window from one screen to the next, with something on it. `sale` is the number of a sale.
async fn show(window: &Window, screen: &str, sale: &str) -> WebDriverResult<()> {
    let nav = ["sell", "returns", "orders", "stock", "history", "shift", "settings"];
    if let Some(no) = nav.iter().position(|name| *name == screen) {
        window.find(&format!("nav button:nth-child({})", no + 1)).await?.click().await?;
        window.find(&format!("nav button:nth-child({})[aria-current=true]", no + 1)).await?;
    }
    match screen {
        "sell" => {
            window.scan(NOTEBOOK).await?;
            window.find(".lines .quantity").await?;
        }
        "gift-card" => {
            window.find(".keys button:nth-last-child(3)").await?.click().await?;
            window.find("[data-testid=card-worth]").await?;
        }
        "pay" => {
            window.keys(Key::Escape + "").await?;
            pause(std::time::Duration::from_millis(400)).await;
            window.keys(Key::F10 + "").await?;
            window.text("[data-testid=left]", "₹").await?;
        }
        "pay-balance" => {
            window.find(".tenders button:last-child").await?.click().await?;
            window.find("[data-testid=balance-number]").await?;
        }
        "done" => {
            window.find(".tenders button:first-child").await?.click().await?;
            window.find(".quick button:nth-child(2)").await?.click().await?;
            window.find("[data-testid=change]").await?;
        }
        "returns" => {
            let number = window.find(".find input").await?;
            number.send_keys(sale.to_owned() + Key::Enter).await?;
            window.find("tbody input[type=checkbox]").await?.click().await?;
            window.text("[data-testid=preview]", "₹").await?;
        }
        "orders" | "history" => window.find(&format!(".{screen} .one")).await?.click().await?,
        "stock" => {
            window.fill("[data-testid=stock-search]", "notebook").await?;
            window.text(".stock .one", "otebook").await?;
            window.find(".stock .one").await?.click().await?;
            window.find("[data-testid=movements]").await?;
        }
        "count" => {
            window.find("nav button:nth-child(6)").await?.click().await?;
            window.find("[role=group] button:nth-child(2)").await?.click().await?;
            window.find("[data-testid=counted]").await?;
        }
        "wipe" => {
            window.find(".leave button").await?.click().await?;
            window.find("[data-testid=wipe-shift]").await?;
        }
        "health" => {
            window.keys(Key::Escape + "").await?;
            pause(std::time::Duration::from_millis(400)).await;
            window.find("header .chip").await?.click().await?;
        }
        _ => {}
    }
    Ok(())
}

/// Pictures a screen, which must fit its window; `closely`: with what a finger needs and what others than eyes read.
async fn look_at(window: &Window, name: &str, closely: bool) -> WebDriverResult<()> {
    let sizes = "return [document.documentElement.scrollWidth, innerWidth]";
    let wide = window.driver().execute(sizes, vec![]).await?.json().clone();
    assert!(wide[0].as_i64() <= wide[1].as_i64(), "{name}: {wide}");
    pause(std::time::Duration::from_millis(150)).await;
    window.picture(&picture(name))?;
    if closely {
        assert_eq!(window.small_targets().await?, "", "{name}");
        assert_eq!(window.accessibility().await?, "", "{name}");
    }
    Ok(())
}

#[tokio::test]
async fn every_screen_fits_its_window_in_each_language_theme_and_size() -> WebDriverResult<()> {
    let (shop, sale) = in_the_middle_of_a_day();
    for (size, width, height) in [("small", 1024, 768), ("large", 1920, 1080)] {
        let window = Window::open(&shop.data(), width, height).await?;
        window.sign_in("Asha", &pin("asha")).await?;
        for (form, language, theme) in [
            ("light", "English", 1),
            ("dark", "English", 2),
            ("hindi", "हिन्दी", 1),
            ("arabic", "العربية", 2),
        ] {
            window.find("nav button:nth-child(7)").await?.click().await?;
            window.touch(language).await?;
            let themes = ".page .card:first-child .row:nth-of-type(2)";
            window.find(&format!("{themes} button:nth-child({theme})")).await?.click().await?;
            for screen in [
                "sell",
                "gift-card",
                "pay",
                "pay-balance",
                "done",
                "returns",
                "orders",
                "stock",
                "history",
                "shift",
                "count",
                "settings",
                "wipe",
                "health",
            ] {
                show(&window, screen, &sale).await?;
                look_at(&window, &format!("{screen}-{form}-{size}"), size == "small").await?;
            }
        }
    }
    Ok(())
}

#[tokio::test]
async fn goods_without_a_receipt_come_back_and_the_books_of_the_store_agree() -> WebDriverResult<()>
{
    let shop = Shop::begin();
    let window = selling(&shop).await?;
    notebook_at_payment(&window).await?;
    window.keys(Key::Enter + "").await?;
    window.text("[data-testid=change]", "₹").await?;
    window.scan(NOTEBOOK).await?;
    window.text(".lines", "otebook").await?;
    window.touch("Returns").await?;
    window.text("main", "Without a receipt").await?;
    window.touch("Not wanted").await?;
    window.picture(&picture("without-receipt-light"))?;
    window.touch("Take back").await?;
    window.find("[data-testid=approval-pin]").await?.send_keys(pin("kavya") + Key::Enter).await?;
    window.text("[data-testid=back]", "₹").await?;
    window.touch("Stock").await?;
    window.fill("[data-testid=stock-search]", "notebook").await?;
    window.text(".stock .one", "otebook").await?;
    window.find(".stock .one").await?.click().await?;
    window.text("[data-testid=movements]", "Came back").await?;
    window.picture(&picture("stock-detail-light"))?;
    window.find("header .chip").await?.click().await?;
    window.touch("Send now").await?;
    window.text("main", "Everything is with the store").await?;
    window.touch("Back up now").await?;
    window.text(".toasts", "verified").await?;
    window.picture(&picture("health-light"))?;
    drop(window);
    assert_eq!(shop.documents()[1].0, "refund.completed");
    shop.till.run(&["statement", "--staff", "asha", "--pin", &pin("asha")]).unwrap();
    shop.till.run(&["sync"]).unwrap();
    let office = Office::new(&shop.dir.path().join("store"));
    shop.store.kill();
    let (text, report) = office.reconcile(&shop.dir.path().join("report.json")).unwrap();
    for what in ["unexplained_milli", "unexplained_minor"] {
        assert_eq!(report["summary"][what], 0, "{text}");
    }
    Ok(())
}

#[tokio::test]
async fn practice_is_unmistakable_and_counts_nothing() -> WebDriverResult<()> {
    let shop = Shop::begin();
    let window = selling(&shop).await?;
    window.scan(NOTEBOOK).await?;
    window.text(".lines", "otebook").await?;
    window.touch("Settings").await?;
    window.touch("Practise").await?;
    window.text(".training", "TRAINING").await?;
    window.fill(".pieces label:nth-child(1) input", "1").await?;
    window.touch("Open").await?;
    window.text(".ready", "Ready to scan").await?;
    notebook_at_payment(&window).await?;
    window.picture(&picture("training-light"))?;
    window.keys(Key::Enter + "").await?;
    window.text("[data-testid=change]", "₹").await?;
    window.touch("End the practice").await?;
    window.text(".lines", "otebook").await?;
    drop(window);
    assert_eq!(shop.documents(), [], "the till sold nothing");
    shop.assert_whole();
    Ok(())
}

#[tokio::test]
async fn a_till_goes_out_of_service_when_the_store_or_a_sealed_file_has_everything()
-> WebDriverResult<()> {
    let mut shop = Shop::begin();
    let code = shop.status()["code"].as_str().unwrap().to_owned();
    let window = selling(&shop).await?;
    window.text(".chip", "Online").await?;
    shop.proxy.cut();
    notebook_at_payment(&window).await?;
    window.keys(Key::Enter + "").await?;
    window.text("[data-testid=change]", "₹").await?;
    window.text("header .chip", "Offline").await?;
    for (form, language, theme) in [
        ("dark", "English", 2),
        ("arabic", "العربية", 2),
        ("hindi", "हिन्दी", 1),
        ("light", "English", 1),
    ] {
        window.find("nav button:nth-child(7)").await?.click().await?;
        window.touch(language).await?;
        // Turning around moves what is touched next.
        pause(std::time::Duration::from_millis(150)).await;
        let themes = ".page .card:first-child .row:nth-of-type(2)";
        window.find(&format!("{themes} button:nth-child({theme})")).await?.click().await?;
        let leave = window.find(".leave button").await?;
        leave.scroll_into_view().await?;
        pause(std::time::Duration::from_millis(150)).await;
        window.picture(&picture(&format!("settings-leave-{form}")))?;
        leave.click().await?;
        window.find("[data-testid=wipe-unsent]").await?;
        pause(std::time::Duration::from_millis(150)).await;
        window.picture(&picture(&format!("wipe-unsent-{form}")))?;
        assert_eq!(window.accessibility().await?, "", "{form}");
        window.keys(Key::Escape + "").await?;
    }
    // With a shift that nobody counted there is nothing to seal yet.
    pause(std::time::Duration::from_millis(450)).await;
    window.touch("Take this till out of service").await?;
    window.text("[data-testid=wipe-shift]", "close the shift first").await?;
    window.find(".modal-actions button.go").await?.click().await?;
    window.touch("Count and close").await?;
    window.fill(".pieces label:nth-child(1) input", "1").await?;
    window.touch("Wrong change given").await?;
    window.touch("Close the shift").await?;
    window.text(".reports", "Z report 1").await?;
    assert_eq!(shop.documents().len(), 1, "nothing is lost by a refusal");
    // What was counted is in no file yet.
    seal_and_wipe(&window, &code).await?;
    window.find("[data-testid=approval-pin]").await?;
    window.picture(&picture("wipe-approve-light"))?;
    window.find("[data-testid=approval-pin]").await?.send_keys(pin("kavya") + Key::Enter).await?;
    let folder = shop.data().join("sealed");
    window.text(".enrol", folder.to_str().unwrap()).await?;
    window.picture(&picture("enrol-sealed-light"))?;
    assert_eq!(window.accessibility().await?, "", "enrol");
    assert_eq!(std::fs::read_dir(&folder)?.count(), 1);
    assert!(shop.till.run(&["status"]).is_err(), "there is no till here");
    // The machine may serve again, as another till.
    shop.proxy.mend()?;
    let office = Office::new(&shop.dir.path().join("store"));
    window.fill("input[type=url]", &format!("http://{}", shop.proxy.address())).await?;
    window.fill("form label:nth-of-type(2) input", &office.code("mg-road").unwrap()).await?;
    window.touch("Join").await?;
    window.sign_in("Asha", &pin("asha")).await?;
    drop(window);
    assert_ne!(shop.status()["code"], code);
    assert_eq!(shop.documents(), []);
    shop.assert_whole();
    Ok(())
}

/// Seals the ledger in the dialog that takes the till out of service, and goes on as far as it lets.
async fn seal_and_wipe(window: &Window, code: &str) -> WebDriverResult<()> {
    window.touch("Settings").await?;
    window.touch("Take this till out of service").await?;
    window.text("[data-testid=wipe-unsent]", "not reached the store").await?;
    window.fill("[role=dialog] label:nth-of-type(1) input", "correct horse battery").await?;
    window.fill("[role=dialog] label:nth-of-type(2) input", "correct horse battery").await?;
    window.touch("Seal into a file").await?;
    window.text("[role=dialog]", ".db.age").await?;
    window.fill("[data-testid=wipe-code]", code).await?;
    window.picture(&picture("wipe-sealed-light"))?;
    window.touch("Remove everything").await
}

#[tokio::test]
async fn a_till_whose_store_does_not_answer_may_be_closed_once_all_is_sealed() -> WebDriverResult<()>
{
    let mut shop = Shop::begin();
    let window = selling(&shop).await?;
    shop.proxy.cut();
    notebook_at_payment(&window).await?;
    window.keys(Key::Enter + "").await?;
    window.text("[data-testid=change]", "₹").await?;
    window.text("header .chip", "Offline").await?;
    window.touch("Settings").await?;
    window.touch("Close Daybook").await?;
    window.fill("[role=dialog] label:nth-of-type(1) input", "correct horse battery").await?;
    window.fill("[role=dialog] label:nth-of-type(2) input", "correct horse battery").await?;
    window.picture(&picture("quit-light"))?;
    window.touch("Seal into a file").await?;
    window.text("[role=dialog]", ".db.age").await?;
    window.text(".modal-actions button.go", "Close Daybook").await?;
    drop(window);
    let sealed: Vec<_> = std::fs::read_dir(shop.data().join("sealed"))?.collect();
    assert_eq!(sealed.len(), 1);
    Ok(())
}

#[tokio::test]
async fn dialogs_and_payment_are_accessible_in_light_and_dark() -> WebDriverResult<()> {
    let shop = Shop::begin();
    let window = open(&shop).await?;
    window.find(".people .tiles button").await?;
    assert_eq!(window.accessibility().await?, "", "sign in");
    drop(window);
    let window = selling(&shop).await?;
    for theme in ["Light", "Dark"] {
        window.touch("Settings").await?;
        window.touch(theme).await?;
        window.touch("Sell").await?;
        window.scan(NOTEBOOK).await?;
        window.text(".lines", "otebook").await?;
        for (key, name) in [
            (Key::F1, "help"),
            (Key::F3, "customer"),
            (Key::F4, "quantity"),
            (Key::F6, "discount"),
            (Key::F7, "park"),
            (Key::F8, "recall"),
        ] {
            window.keys(key + "").await?;
            window.find("[role=dialog]").await?;
            pause(std::time::Duration::from_millis(150)).await;
            window.picture(&picture(&format!("dialog-{name}-{}", theme.to_lowercase())))?;
            assert_eq!(window.accessibility().await?, "", "{name} {theme}");
            window.keys(Key::Escape + "").await?;
            pause(std::time::Duration::from_millis(450)).await;
        }
        window.keys(Key::F10 + "").await?;
        window.text("[data-testid=left]", "₹").await?;
        assert_eq!(window.accessibility().await?, "", "pay {theme}");
        window.touch("UPI").await?;
        pause(std::time::Duration::from_millis(300)).await;
        assert_eq!(window.accessibility().await?, "", "upi {theme}");
        window.touch("Cash").await?;
        pause(std::time::Duration::from_millis(450)).await;
        window.keys(Key::Enter + "").await?;
        window.text("[data-testid=change]", "₹").await?;
        assert_eq!(window.accessibility().await?, "", "done {theme}");
    }
    Ok(())
}

#[tokio::test]
async fn a_discount_an_exchange_and_the_customers_window_show_the_same_sums() -> WebDriverResult<()>
{
    let shop = Shop::begin();
    let window = selling(&shop).await?;
    window.touch("Settings").await?;
    window.touch("s window").await?;
    window.touch("Sell").await?;
    notebook_at_payment(&window).await?;
    window.keys(Key::Enter + "").await?;
    window.text("[data-testid=change]", "₹").await?;
    window.find(".done .row button:nth-child(2)").await?.click().await?;
    window.find("tbody input[type=checkbox]").await?.click().await?;
    window.touch("Wrong item").await?;
    window.text("[data-testid=preview]", "₹60.00").await?;
    window.touch("Exchange").await?;
    window.text("main", "Notebook").await?;
    window.fill("[role=search] input", "ball pen, blue").await?;
    window.text(".tiles .take", "Blue").await?;
    window.find(".tiles .take").await?.click().await?;
    window.find(".lines li").await?;
    window.picture(&picture("exchange-light"))?;
    window.keys(Key::F10 + "").await?;
    window.find("[data-testid=left]").await?;
    window.keys(Key::Enter + "").await?;
    window.find("[data-testid=change], [data-testid=back]").await?;
    window.picture(&picture("exchange-done-light"))?;
    let main = window.driver().window().await?;
    let handles = window.driver().windows().await?;
    assert_eq!(handles.len(), 2, "the cashier's window and the customer's");
    let customers = handles.into_iter().find(|handle| *handle != main).unwrap();
    window.driver().switch_to_window(customers).await?;
    let shown = window.text("body", "Thank you").await?;
    assert!(shown.contains("Thank you") && shown.contains("₹50.00"), "{shown}");
    assert!(!shown.contains("Asha"), "nothing of the staff: {shown}");
    let asked = "const done = arguments[0]; const ask = (command) => window.__TAURI_INTERNALS__.invoke(command)
        .then(() => 'answered', () => 'refused');
        Promise.all([ask('display'), ask('session'), ask('sign_out')]).then(done);";
    let answers = window.driver().execute_async(asked, Vec::new()).await?;
    let answers: Vec<String> = serde_json::from_value(answers.json().clone()).unwrap();
    assert_eq!(answers, ["answered", "refused", "refused"], "it asks for what it shows alone");
    drop(window);
    let documents = shop.documents();
    assert_eq!(documents[1].0, "exchange.completed");
    shop.assert_whole();
    Ok(())
}

#[tokio::test]
async fn sizes_are_chosen_from_and_a_discount_above_the_limit_asks_a_manager() -> WebDriverResult<()>
{
    let shop = Shop::begin();
    let window = selling(&shop).await?;
    window.touch("Clothing").await?;
    window.touch("Silk blend kurta").await?;
    window.text("[role=dialog]", "Which one?").await?;
    window.picture(&picture("variants-light"))?;
    window.find("[role=dialog] .take").await?.click().await?;
    window.text(".lines", "Silk blend kurta").await?;
    window.keys(Key::F6 + "").await?;
    window.find("[role=dialog]").await?;
    window.fill("[role=dialog] [data-testid=amount]", "50").await?;
    window.touch("Damaged").await?;
    window.find("[role=dialog] button.go.large").await?.click().await?;
    window.find("[data-testid=approval-pin]").await?.send_keys(pin("kavya") + Key::Enter).await?;
    window.text(".basket", "Discount").await?;
    window.picture(&picture("discount-light"))?;
    Ok(())
}

/// Waits until the focus is on what a script says of the element that has it.
async fn focus_on(window: &Window, test: &str) -> WebDriverResult<()> {
    let script = format!("const one = document.activeElement; return [{test}, one.outerHTML]");
    let mut last = Value::Null;
    for _ in 0..100 {
        last = window.driver().execute(&script, vec![]).await?.json().clone();
        if last[0] == true {
            return Ok(());
        }
        pause(std::time::Duration::from_millis(50)).await;
    }
    panic!("the focus is not where {test}, but on {}", last[1])
}

#[tokio::test]
async fn the_focus_is_never_lost_and_news_cover_nothing_of_the_sale() -> WebDriverResult<()> {
    let shop = Shop::begin();
    let window = selling(&shop).await?;
    let search = "one.closest('[role=search]') !== null";
    focus_on(&window, search).await?;
    window.keys(Key::F9 + "").await?;
    focus_on(&window, "one.dataset.testid === 'return-number'").await?;
    window.keys(Key::Escape + "").await?;
    focus_on(&window, search).await?;
    notebook_at_payment(&window).await?;
    window.keys(Key::Enter + "").await?;
    window.text("[data-testid=change]", "₹").await?;
    focus_on(&window, "one.closest('.done') !== null").await?;
    // The next sale begins where one would search for it.
    window.keys(Key::F2 + "").await?;
    focus_on(&window, search).await?;
    window.scan(NOTEBOOK).await?;
    window.text(".lines", "otebook").await?;
    window.keys(Key::F6 + "").await?;
    window.find("[role=dialog]").await?;
    window.keys(Key::F2 + "").await?;
    focus_on(&window, search).await?;
    // A control that goes with what it removes.
    let remove = "document.querySelector('.tools .end').focus()";
    window.driver().execute(remove, vec![]).await?;
    window.keys(Key::Enter + "").await?;
    window.text(".ready", "Ready").await?;
    focus_on(&window, search).await?;
    window.scan(NOTEBOOK).await?;
    window.text(".lines", "otebook").await?;
    window.keys(Key::F7 + "").await?;
    focus_on(&window, "one.dataset.testid === 'park-label'").await?;
    window.keys(Key::Enter + "").await?;
    window.text(".toasts", "arked").await?;
    window.picture(&picture("toast-light"))?;
    let covered = "
        const said = document.querySelector('.toast').getBoundingClientRect();
        return ['.basket', '.side', '.keys'].filter((css) => document.querySelector(css).getBoundingClientRect().top < said.bottom)";
    let covered = window.driver().execute(covered, vec![]).await?.json().clone();
    assert_eq!(covered, serde_json::json!([]));
    focus_on(&window, search).await?;
    Ok(())
}

#[tokio::test]
async fn a_finger_alone_gives_a_discount_for_a_reason_that_it_types() -> WebDriverResult<()> {
    let shop = Shop::begin();
    let window = selling(&shop).await?;
    window.touch("Settings").await?;
    window.touch_label("Keys on the screen").await?;
    window.touch("Sell").await?;
    window.scan(NOTEBOOK).await?;
    window.text(".lines", "otebook").await?;
    window.touch("Discount").await?;
    let key = |no: u32| format!(".touch-keys .numbers button:nth-child({no})");
    window.find(&key(7)).await?.click().await?;
    assert_eq!(window.find("[data-testid=amount]").await?.value().await?.as_deref(), Some("5"));
    window.picture(&picture("touch-numbers-light"))?;
    assert_eq!(window.small_targets().await?, "", "numbers");
    assert_eq!(window.accessibility().await?, "", "numbers");
    window.find("[data-testid=reason]").await?.click().await?;
    window.find(".touch-keys .letters").await?;
    for key in ["w", "o", "x", "⌫", "n"] {
        window.touch_key(key).await?;
    }
    assert_eq!(window.find("[data-testid=reason]").await?.value().await?.as_deref(), Some("won"));
    window.picture(&picture("touch-letters-light"))?;
    assert_eq!(window.small_targets().await?, "", "letters");
    assert_eq!(window.accessibility().await?, "", "letters");
    window.touch_key("Done").await?;
    window.find("[role=dialog] button.go.large").await?.click().await?;
    window.text(".basket", "won").await?;
    // A number of the settings is kept as if it had been typed.
    window.touch("Settings").await?;
    window.find("input[max='1440']").await?.click().await?;
    window.find(&key(13)).await?.click().await?;
    window.touch_key("Done").await?;
    window.touch("Sell").await?;
    window.touch("Settings").await?;
    assert_eq!(window.find("input[max='1440']").await?.value().await?.as_deref(), Some("103"));
    Ok(())
}

#[tokio::test]
async fn what_is_seldom_seen_fits_too_dark_and_turned_around() -> WebDriverResult<()> {
    let (shop, _) = in_the_middle_of_a_day();
    let window = open(&shop).await?;
    // Who is at the till chooses the language before a name.
    window.touch("العربية").await?;
    window.sign_in("Asha", &pin("asha")).await?;
    window.find("nav button:nth-child(7)").await?.click().await?;
    let themes = ".page .card:first-child .row:nth-of-type(2)";
    window.find(&format!("{themes} button:nth-child(2)")).await?.click().await?;
    window.keys(Key::F12 + "").await?;
    window.find(".people .tiles button").await?;
    look_at(&window, "sign-in-arabic", true).await?;
    window.sign_in("Asha", &pin("asha")).await?;
    window.touch("Clothing").await?;
    window.touch("Silk blend kurta").await?;
    window.find("[role=dialog] .take").await?;
    look_at(&window, "variants-arabic", true).await?;
    window.keys(Key::Escape + "").await?;
    window.scan(NOTEBOOK).await?;
    window.find(".lines .quantity").await?;
    for (way, name) in [
        (Some(Key::F1), "help"),
        (Some(Key::F3), "customer"),
        (Some(Key::F4), "quantity"),
        (Some(Key::F5), "line-price"),
        (Some(Key::F6), "discount"),
        (Some(Key::F11), "last"),
        (None, "note"),
        (Some(Key::F7), "park"),
    ] {
        match way {
            Some(key) => window.keys(key + "").await?,
            None => window.find(".keys button:nth-last-child(4)").await?.click().await?,
        }
        window.find("[role=dialog]").await?;
        look_at(&window, &format!("dialog-{name}-arabic"), true).await?;
        let left = if name == "park" { Key::Enter } else { Key::Escape };
        window.keys(left + "").await?;
        window.gone("[role=dialog]").await?;
    }
    window.keys(Key::F8 + "").await?;
    window.find("[role=dialog] .one").await?;
    look_at(&window, "recall-arabic", true).await?;
    window.find("[role=dialog] .one").await?.click().await?;
    window.find(".lines .quantity").await?;
    window.find("nav button:nth-child(2)").await?.click().await?;
    window.find("[aria-labelledby=without-receipt] table").await?;
    look_at(&window, "without-receipt-arabic", true).await?;
    window.keys(Key::F10 + "").await?;
    window.find(".tenders button:nth-child(3)").await?.click().await?;
    window.find(".entry .go").await?.click().await?;
    window.find(".upi img").await?;
    look_at(&window, "upi-arabic", true).await?;
    window.fill(".upi input", "428812345678").await?;
    window.find(".upi .row button:nth-child(1)").await?.click().await?;
    window.find("[data-testid=change]").await?;
    window.find("nav button:nth-child(6)").await?.click().await?;
    window.find("[role=group] button:nth-child(2)").await?.click().await?;
    window.fill(".pieces label:nth-child(1) input", "1").await?;
    window.find("[role=group] button:nth-child(2)[type=button]").await?.click().await?;
    window.find(".spread .go.large:not(:disabled)").await?.click().await?;
    window.find("[data-testid=approval-pin]").await?;
    look_at(&window, "approve-arabic", true).await?;
    window.find("[data-testid=approval-pin]").await?.send_keys(pin("kavya") + Key::Enter).await?;
    window.find(".reports section.card").await?;
    look_at(&window, "z-arabic", true).await?;
    window.find(".reports .go").await?.click().await?;
    window.find("[data-testid=float]").await?;
    look_at(&window, "open-arabic", true).await?;
    // Nothing can be read of a ledger that another program has, and nothing is there before the first.
    let empty = tempfile::tempdir()?;
    for (name, data, screen) in
        [("locked", shop.data(), ".trouble"), ("enrol", empty.path().to_owned(), ".enrol")]
    {
        let other = Window::open(&data, 1024, 768).await?;
        other.find(screen).await?;
        other.touch("العربية").await?;
        other.find("html[dir=rtl]").await?;
        look_at(&other, &format!("{name}-arabic"), true).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_second_start_of_the_window_brings_the_first_to_the_front() -> WebDriverResult<()> {
    let shop = Shop::begin();
    let bus = SessionBus::start()?;
    let window =
        Window::open_with(&shop.data(), (1024, 768), &[(SessionBus::VARIABLE, bus.address())])
            .await?;
    window.find(".people .tiles button").await?;
    let second = Command::new(program("daybook"))
        .arg("--data")
        .arg(shop.data())
        .env("DISPLAY", window.display())
        .env(SessionBus::VARIABLE, bus.address())
        .env_remove("WAYLAND_DISPLAY")
        .output()?;
    assert!(second.status.success(), "{second:?}");
    window.text(".toasts", "Daybook is open already.").await?;
    window.sign_in("Asha", &pin("asha")).await
}
