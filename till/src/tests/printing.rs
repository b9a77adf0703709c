//! What goes to paper: a sale never waits for it, nothing is lost, and doubt is said.

use super::desk::{Bell, PATIENCE, cash, code, manager, offer, scan, sold};
use super::fixture::{PIN, Shop};
use crate::desk::view::{CashKind, Closing, PaperState, Pieces, Refund, ReturnLine, Sold};
use crate::desk::{Desk, PaperForm, PrintQueue};
use crate::printing::{
    Connection, DrawerWiring, JobState, PrintFault, PrinterSetup, What, queue as print_queue,
};
use daybook_domain::amount::{Minor, Quantity};
use daybook_domain::document::TenderType;
use daybook_print::escpos::decode::{Event, decode, readable};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};

/// What a printer does with a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mood {
    /// Takes all.
    Prints,
    /// Takes a few bytes, then resets the connection.
    CutsOff,
    /// Answers that it has no paper.
    OutOfPaper,
}

/// A printer on loopback.
struct Printer {
    address: SocketAddr,
    mood: Arc<Mutex<Mood>>,
    jobs: Arc<(Mutex<Vec<Vec<u8>>>, Condvar)>,
}

impl Printer {
    fn start() -> Self {
        Self::on(TcpListener::bind("127.0.0.1:0").unwrap())
    }

    fn on(listener: TcpListener) -> Self {
        let address = listener.local_addr().unwrap();
        let mood = Arc::new(Mutex::new(Mood::Prints));
        let jobs = Arc::new((Mutex::new(Vec::new()), Condvar::new()));
        let (moods, taken) = (Arc::clone(&mood), Arc::clone(&jobs));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mood = *moods.lock().unwrap();
                if let Some(job) = take(stream.unwrap(), mood) {
                    taken.0.lock().unwrap().push(job);
                    taken.1.notify_all();
                }
            }
        });
        Self { address, mood, jobs }
    }

    fn be(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    /// The jobs, once there are so many.
    fn jobs(&self, count: usize) -> Vec<Vec<Event>> {
        let jobs = self.jobs.0.lock().unwrap();
        let fewer = |jobs: &mut Vec<Vec<u8>>| jobs.len() < count;
        let (jobs, _) = self.jobs.1.wait_timeout_while(jobs, PATIENCE, fewer).unwrap();
        assert_eq!(jobs.len(), count);
        jobs.iter().map(|job| decode(job).unwrap()).collect()
    }

    fn setup(&self) -> PrinterSetup {
        let (host, port) = (self.address.ip().to_string(), self.address.port());
        PrinterSetup { connection: Connection::Network { host, port }, ..PrinterSetup::default() }
    }
}

fn take(mut stream: TcpStream, mood: Mood) -> Option<Vec<u8>> {
    let mut job = Vec::new();
    // Whoever cuts off leaves bytes unread, however much comes at once.
    let mut buffer = vec![0; if mood == Mood::CutsOff { 64 } else { 4096 }];
    loop {
        if mood == Mood::CutsOff && job.len() > 100 {
            // Closed with bytes unread: the other side hears a reset.
            return None;
        }
        let count = stream.read(&mut buffer).ok()?;
        if count == 0 {
            return (!job.is_empty()).then_some(job);
        }
        let mut bytes = &buffer[..count];
        while let [0x10, 0x04, what, rest @ ..] = bytes {
            let paper = if mood == Mood::OutOfPaper && *what == 4 { 0x60 } else { 0 };
            stream.write_all(&[0x12 | paper]).ok()?;
            bytes = rest;
        }
        job.extend(bytes);
        if mood == Mood::CutsOff {
            return None;
        }
    }
}

/// A printer that is switched off. Each test has a loopback address of its own: on a shared one another test could be
/// given the port meanwhile.
fn away(at: &str) -> (SocketAddr, PrinterSetup) {
    let address = TcpListener::bind(at).unwrap().local_addr().unwrap();
    let connection = Connection::Network { host: address.ip().to_string(), port: address.port() };
    (address, PrinterSetup { connection, ..PrinterSetup::default() })
}

/// A till with this printer, where asha works in an open shift. Opening it opened the drawer, if one is wired.
fn selling(shop: &Shop, setup: &PrinterSetup) -> (Desk, Arc<Bell>) {
    let (desk, bell) = Bell::desk(shop);
    desk.sign_in("asha", PIN).unwrap();
    desk.set_printer(setup).unwrap();
    desk.open_shift(Minor(50_000), &[Pieces { face_minor: Minor(50_000), pieces: 1 }], None)
        .unwrap();
    (desk, bell)
}

fn sell(desk: &Desk) -> Sold {
    scan(desk, "TEA");
    desk.begin_payment().unwrap();
    sold(desk.pay(&cash(), None))
}

fn queue(desk: &Desk) -> PrintQueue {
    desk.print_queue().unwrap()
}

fn states(desk: &Desk) -> Vec<(What, JobState, Option<String>)> {
    let jobs = queue(desk).jobs.into_iter();
    jobs.map(|job| (job.what, job.state, job.problem.map(|fault| fault.code))).collect()
}

fn last_paper(desk: &Desk) -> PaperState {
    desk.last_sale().unwrap().unwrap().paper
}

#[test]
fn a_sale_is_committed_then_the_drawer_opens_then_its_paper_comes() {
    let shop = Shop::open();
    let printer = Printer::start();
    let setup = PrinterSetup { drawer: DrawerWiring::Pin2, ..printer.setup() };
    let (desk, bell) = selling(&shop, &setup);
    printer.jobs(1);
    let sale = sell(&desk);
    assert_eq!(sale.paper, PaperState::Queued);
    let jobs = printer.jobs(3);
    assert_eq!(readable(&jobs[1]), "[drawer 0 100 200]\n");
    let paper = readable(&jobs[2]);
    for said in [sale.number.as_str(), "ORIGINAL", "[cut]", &format!("[barcode {}]", sale.number)] {
        assert!(paper.contains(said), "{said} is not in\n{paper}");
    }
    bell.until(|| last_paper(&desk) == PaperState::Printed);
    assert!(queue(&desk).jobs.is_empty() && queue(&desk).trouble.is_none());
}

#[test]
fn the_drawer_stays_shut_for_a_card() {
    let shop = Shop::open();
    let printer = Printer::start();
    let setup = PrinterSetup { drawer: DrawerWiring::Pin5, ..printer.setup() };
    let (desk, _bell) = selling(&shop, &setup);
    assert_eq!(readable(&printer.jobs(1)[0]), "[drawer 1 100 200]\n");
    scan(&desk, "TEA");
    sold(desk.pay(&offer(TenderType::Card, None, None), None));
    assert!(matches!(printer.jobs(2)[1].last(), Some(Event::Cut)));
    desk.move_cash(CashKind::In, Minor(100), "change from the bank", Some(&manager())).unwrap();
    assert!(matches!(printer.jobs(3)[2][..], [Event::Drawer { .. }]));
}

#[test]
fn a_sale_never_waits_for_a_printer_that_is_away_and_its_paper_comes_when_it_is_back() {
    let shop = Shop::open();
    let (address, setup) = away("127.0.0.2:0");
    let (desk, bell) = selling(&shop, &setup);
    let sales = [sell(&desk), sell(&desk)];
    let unreachable = Some("printer.unreachable".to_owned());
    bell.until(|| queue(&desk).trouble.is_some());
    let waits = (What::Receipt, JobState::Waiting, unreachable);
    bell.until(|| states(&desk)[0] == waits);
    assert_eq!(states(&desk).len(), 2, "one behind the other");
    let printer = Printer::on(TcpListener::bind(address).unwrap());
    let jobs = printer.jobs(2);
    for (job, sale) in jobs.iter().zip(sales) {
        assert!(readable(job).contains(&sale.number), "in the order in which they were sold");
    }
    bell.until(|| queue(&desk) == PrintQueue { jobs: Vec::new(), trouble: None });
}

#[test]
fn a_print_that_was_cut_off_waits_for_a_person() {
    let shop = Shop::open();
    let printer = Printer::start();
    printer.be(Mood::CutsOff);
    let (desk, bell) = selling(&shop, &printer.setup());
    sell(&desk);
    let doubt = (What::Receipt, JobState::Maybe, Some("printer.cut_off".to_owned()));
    bell.until(|| states(&desk) == [doubt.clone()]);
    assert_eq!(last_paper(&desk), PaperState::MaybePrinted);
    printer.be(Mood::Prints);
    let job = queue(&desk).jobs[0].id;
    desk.retry_print(job).unwrap();
    let paper = readable(&printer.jobs(1)[0]);
    assert!(paper.contains("ORIGINAL"), "the same paper again, no copy:\n{paper}");
    bell.until(|| last_paper(&desk) == PaperState::Printed);
    desk.retry_print(job).expect("what was asked for is done");
    assert_eq!(last_paper(&desk), PaperState::Printed, "once");
    assert_eq!(code(desk.drop_print(job)), "print.no_job");
}

#[test]
fn a_decision_meets_the_workers_own_attempt() {
    let shop = Shop::open();
    let (_, setup) = away("127.0.0.4:0");
    let (desk, bell) = selling(&shop, &setup);
    sell(&desk);
    bell.until(|| queue(&desk).trouble.is_some());
    let job = queue(&desk).jobs[0].id;
    let later = Err(PrintFault::later("printer.unreachable", &"away"));
    let sending = |decide: &dyn Fn(&rusqlite::Connection)| {
        desk.behind(|ledger| {
            ledger
                .write_state(|conn| {
                    assert!(print_queue::begin(conn, job)?);
                    decide(conn);
                    print_queue::end(conn, job, &later)
                })
                .unwrap();
        });
        last_paper(&desk)
    };
    let again = |conn: &rusqlite::Connection| print_queue::decide(conn, job, true).unwrap();
    assert_eq!(sending(&again), PaperState::Queued);
    let give_up = |conn: &rusqlite::Connection| print_queue::decide(conn, job, false).unwrap();
    assert_eq!(sending(&give_up), PaperState::None, "given up while it was tried");
    assert_eq!(code(desk.retry_print(job)), "print.no_job");
    let begun = desk.behind(|ledger| ledger.write_state(|conn| print_queue::begin(conn, job)));
    assert!(!begun.unwrap(), "nobody prints what was given up");
}

#[test]
fn a_printer_without_paper_says_so_and_nothing_is_sent() {
    let shop = Shop::open();
    let printer = Printer::start();
    printer.be(Mood::OutOfPaper);
    let setup = PrinterSetup { answers: true, ..printer.setup() };
    let (desk, bell) = selling(&shop, &setup);
    sell(&desk);
    let waits = (What::Receipt, JobState::Waiting, Some("printer.paper_out".to_owned()));
    bell.until(|| states(&desk) == [waits.clone()]);
    printer.be(Mood::Prints);
    desk.retry_print(queue(&desk).jobs[0].id).unwrap();
    assert!(readable(&printer.jobs(1)[0]).contains("[cut]"));
}

#[test]
fn a_power_cut_while_printing_leaves_a_doubt_and_before_it_loses_nothing() {
    let shop = Shop::open();
    let (address, setup) = away("127.0.0.3:0");
    let (desk, bell) = selling(&shop, &setup);
    let sale = sell(&desk);
    bell.until(|| queue(&desk).trouble.is_some());
    drop((desk, bell));
    let conn = rusqlite::Connection::open(shop.till().join("till.db")).unwrap();
    conn.execute("UPDATE print_job SET state = 'printing'", []).unwrap();
    drop(conn);
    let (desk, _bell) = Bell::desk(&shop);
    desk.sign_in("asha", PIN).unwrap();
    let doubt = (What::Receipt, JobState::Maybe, Some("printer.cut_off".to_owned()));
    assert_eq!(states(&desk), [doubt], "the window that opens shows it");
    let printer = Printer::on(TcpListener::bind(address).unwrap());
    let job = queue(&desk).jobs[0].id;
    assert_eq!(desk.drop_print(job).unwrap().jobs, []);
    assert_eq!(last_paper(&desk), PaperState::None);
    desk.reprint(&sale.number, PaperForm::Receipt).unwrap();
    assert!(readable(&printer.jobs(1)[0]).contains("COPY 1"));
}

#[test]
fn a_ledger_that_takes_nothing_for_a_moment_holds_the_printing_up_and_does_not_end_it() {
    let shop = Shop::open();
    let printer = Printer::start();
    let (desk, bell) = selling(&shop, &printer.setup());
    let conn = rusqlite::Connection::open(shop.till().join("till.db")).unwrap();
    let refuse = |state: &str| {
        let body = format!("WHEN NEW.state = '{state}' BEGIN SELECT RAISE(ABORT, 'no'); END");
        conn.execute_batch(&format!("CREATE TRIGGER refused BEFORE UPDATE ON print_job {body}"))
            .unwrap();
    };
    let recover = || conn.execute_batch("DROP TRIGGER refused").unwrap();
    let trouble = || queue(&desk).trouble.map(|fault| fault.code);
    // Before anything is sent: it waits, and is printed once.
    refuse("printing");
    let first = sell(&desk);
    bell.until(|| trouble().as_deref() == Some("print.failed"));
    assert_eq!(states(&desk), [(What::Receipt, JobState::Waiting, None)]);
    recover();
    assert!(readable(&printer.jobs(1)[0]).contains(&first.number));
    bell.until(|| queue(&desk) == PrintQueue { jobs: Vec::new(), trouble: None });
    // After it was sent: nobody can know, and a person is asked.
    refuse("printed");
    let second = sell(&desk);
    assert!(readable(&printer.jobs(2)[1]).contains(&second.number));
    let doubt = (What::Receipt, JobState::Maybe, Some("printer.cut_off".to_owned()));
    bell.until(|| states(&desk) == [doubt.clone()] && trouble().is_none());
    recover();
}

#[test]
fn each_further_print_is_a_copy_in_the_journal() {
    let shop = Shop::open();
    let printer = Printer::start();
    let (desk, bell) = selling(&shop, &printer.setup());
    let sale = sell(&desk);
    printer.jobs(1);
    for copy in 1..=2 {
        desk.reprint(&sale.number, PaperForm::Receipt).unwrap();
        let jobs = printer.jobs(1 + copy);
        let paper = readable(&jobs[copy]);
        assert!(paper.contains(&format!("COPY {copy}")), "{paper}");
    }
    bell.until(|| last_paper(&desk) == PaperState::Printed);
    assert_eq!(desk.document(&sale.number).unwrap().row.prints, 3);
    let counts = desk.x_report().unwrap().totals.counts;
    assert!(counts.iter().any(|count| count.name == "reprints" && count.count == 2));
    assert_eq!(code(desk.reprint("NONE-1", PaperForm::Receipt)), "document.unknown");
    assert_eq!(code(desk.reprint(&sale.number, PaperForm::A4)), "printer.no_invoice_queue");
}

#[test]
fn credit_notes_and_reports_go_to_paper_too() {
    let shop = Shop::open();
    let printer = Printer::start();
    let (desk, _bell) = selling(&shop, &printer.setup());
    let sale = sell(&desk);
    let returnable = desk.returnable(&sale.number).unwrap();
    let line = ReturnLine { line: 1, quantity_milli: Quantity(1000), restock: true };
    let refund = Refund {
        act: returnable.act,
        number: sale.number.clone(),
        lines: vec![line],
        tender: None,
        references: Vec::new(),
        reason: "broken".to_owned(),
    };
    let note = desk.refund(&refund, None).unwrap();
    assert_eq!(note.paper, PaperState::Queued);
    assert!(readable(&printer.jobs(2)[1]).contains(&note.number));
    assert_eq!(code(desk.print_report(None)), "shift.no_x");
    desk.sign_in("kavya", PIN).unwrap();
    assert!(!desk.x_report().unwrap().totals.tenders.is_empty());
    desk.print_report(None).unwrap();
    let paper = readable(&printer.jobs(3)[2]);
    assert!(paper.contains("X report") && paper.contains("Expected"), "{paper}");
    desk.sign_in("asha", PIN).unwrap();
    assert_eq!(code(desk.print_report(None)), "shift.no_x", "what a manager read is not hers");
    assert!(desk.x_report().unwrap().totals.tenders.is_empty(), "who counts is not told");
    desk.print_report(None).unwrap();
    let paper = readable(&printer.jobs(4)[3]);
    assert!(paper.contains("X report") && !paper.contains("Expected"), "{paper}");
    let closing =
        Closing { cash_minor: Minor(50_000), pieces: Vec::new(), others: Vec::new(), reason: None };
    let z = desk.close_shift(&closing, None, &mut |_| {}).unwrap();
    let paper = readable(&printer.jobs(5)[4]);
    assert!(paper.contains(&format!("Z report {}", z.z_no.unwrap())), "{paper}");
    desk.print_report(z.z_no).unwrap();
    assert_eq!(readable(&printer.jobs(6)[5]), paper);
    assert_eq!(code(desk.print_report(Some(99))), "shift.no_z");
}

#[test]
fn without_a_printer_nothing_is_queued_and_asking_for_paper_is_refused() {
    let shop = Shop::open();
    let (desk, _bell) = selling(&shop, &PrinterSetup::default());
    let sale = sell(&desk);
    assert_eq!(sale.paper, PaperState::None);
    assert!(queue(&desk).jobs.is_empty());
    assert_eq!(code(desk.test_printer()), "printer.none");
    assert_eq!(code(desk.reprint(&sale.number, PaperForm::Receipt)), "printer.none");
    assert_eq!(code(desk.print_report(None)), "printer.none");
}

#[test]
fn a_device_file_takes_the_same_bytes() {
    let shop = Shop::open();
    let path = shop.till().join("lp0");
    std::fs::write(&path, b"").unwrap();
    let connection = Connection::Device { path: path.display().to_string() };
    let setup = PrinterSetup { connection, every_sale: false, ..PrinterSetup::default() };
    let (desk, bell) = selling(&shop, &setup);
    let sale = sell(&desk);
    assert_eq!(sale.paper, PaperState::None, "this till prints when asked");
    desk.reprint(&sale.number, PaperForm::Receipt).unwrap();
    bell.until(|| last_paper(&desk) == PaperState::Printed);
    let paper = readable(&decode(&std::fs::read(&path).unwrap()).unwrap());
    assert!(paper.contains("ORIGINAL") && paper.contains(&sale.number), "{paper}");
}

#[test]
fn a_printer_that_cannot_be_is_refused_with_the_field() {
    let shop = Shop::open();
    let (desk, _bell) = selling(&shop, &PrinterSetup::default());
    let network = |host: &str, port| Connection::Network { host: host.to_owned(), port };
    for (connection, field) in [
        (network("", 9100), "host"),
        (network("a b", 9100), "host"),
        (network("printer", 0), "port"),
        (Connection::Device { path: String::new() }, "path"),
        (Connection::System { queue: "-oraw".to_owned() }, "queue"),
    ] {
        let setup = PrinterSetup { connection, ..PrinterSetup::default() };
        let fault = desk.set_printer(&setup).unwrap_err();
        assert_eq!((fault.code.as_str(), fault.field.as_deref()), ("input.invalid", Some(field)));
    }
    assert_eq!(desk.printer().unwrap(), PrinterSetup::default());
}
