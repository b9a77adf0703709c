//! Prints beside the selling: a thread that takes the queue from its front, and opens the drawer.

use super::deliver::{PrintFault, raw, to_system};
use super::queue::{self, Job, What};
use super::setup::{Connection, PrinterSetup};
use crate::error::TillError;
use crate::ledger::Ledger;
use crate::paper::{self, Form};
use daybook_print::escpos::open_drawer;
use daybook_print::{Fonts, Labels, Strip, test_page};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, TryRecvError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Longest pause before a printer is tried again.
const PAUSE_MAX: Duration = Duration::from_secs(30);
/// Options of the system's printing: a receipt in its own size, an invoice on A4.
const ROLL: &[&str] = &["media=Custom.80x297mm", "print-scaling=none"];
const A4: &[&str] = &["media=A4"];

/// What the thread is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    /// The queue has something new.
    Look,
    /// The drawer is to open.
    OpenDrawer,
}

/// The thread.
pub(crate) struct Printing {
    orders: Sender<Order>,
    thread: JoinHandle<()>,
}

impl Printing {
    /// The queue has something new.
    pub(crate) fn look(&self) {
        self.order(Order::Look);
    }

    /// Opens the drawer, before any paper.
    pub(crate) fn open_drawer(&self) {
        self.order(Order::OpenDrawer);
    }

    fn order(&self, order: Order) {
        if self.orders.send(order).is_err() {
            tracing::error!("the printing has ended");
        }
    }

    /// Ends the printing: a job that is being sent is sent to its end, the others wait for the next start.
    pub(crate) fn stop(self) {
        drop(self.orders);
        if self.thread.join().is_err() {
            tracing::error!("the printing panicked");
        }
    }
}

/// Hears what came of a job or of the drawer.
pub(crate) type Heard = Box<dyn Fn(Result<(), PrintFault>) + Send>;

/// Begins to print until stopped. What an earlier program was sending when it ended is in doubt before this returns:
/// whoever looks at the queue next sees it.
///
/// # Errors
/// `ledger.…`: then nothing is printed.
pub(crate) fn start(ledger: &Arc<Mutex<Ledger>>, heard: Heard) -> Result<Printing, TillError> {
    lock(ledger).write_state(queue::recover)?;
    let (orders, received) = mpsc::channel();
    let ledger = Arc::clone(ledger);
    let thread = thread::spawn(move || {
        Worker { ledger, heard, interrupted: false, fonts: None }.run(&received);
    });
    Ok(Printing { orders, thread })
}

struct Worker {
    ledger: Arc<Mutex<Ledger>>,
    heard: Heard,
    /// The ledger failed it: what it was sending then is in doubt.
    interrupted: bool,
    /// Parsed when the first paper needs them.
    fonts: Option<Fonts>,
}

/// Where a job goes: one that cannot be reached holds up its own jobs only.
type Way = Option<String>;

impl Worker {
    fn run(&mut self, orders: &Receiver<Order>) {
        let mut failures = 0_u32;
        loop {
            let held_up = self.empty_queue(orders).unwrap_or_else(|error| {
                tracing::error!(%error, "the ledger holds up the printing");
                self.interrupted = true;
                (self.heard)(Err(PrintFault::later("print.failed", &error)));
                true
            });
            failures = if held_up { failures.saturating_add(1) } else { 0 };
            let order = match failures {
                0 => orders.recv().map_err(|_| RecvTimeoutError::Disconnected),
                _ => orders.recv_timeout(pause(failures)),
            };
            match order {
                Ok(Order::OpenDrawer) => self.drawer(),
                Ok(Order::Look) => failures = 0,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Prints what waits. Says whether a printer could not take its jobs for now.
    fn empty_queue(&mut self, orders: &Receiver<Order>) -> Result<bool, TillError> {
        if self.interrupted {
            self.lock().write_state(queue::recover)?;
            self.interrupted = false;
            (self.heard)(Ok(()));
        }
        let mut blocked: Vec<Way> = Vec::new();
        loop {
            let (setup, job) = {
                let ledger = self.lock();
                let setup = PrinterSetup::read(ledger.reader())?;
                let jobs = queue::waiting(ledger.reader())?;
                let job = jobs.into_iter().find(|job| !blocked.contains(&way(&setup, job)));
                (setup, job)
            };
            // The drawer is never behind the paper of the act that opens it: it was ordered before that act could be
            // read. Whatever is ordered after the reading may be about what it did not see.
            let mut stale = false;
            loop {
                match orders.try_recv() {
                    Ok(Order::OpenDrawer) => self.drawer(),
                    Ok(Order::Look) => stale = true,
                    Err(TryRecvError::Empty) => break,
                    // The till closes: what waits is printed at its next start.
                    Err(TryRecvError::Disconnected) => return Ok(false),
                }
            }
            if stale {
                continue;
            }
            let Some(job) = job else { return Ok(!blocked.is_empty()) };
            if !self.lock().write_state(|conn| queue::begin(conn, job.id))? {
                continue;
            }
            let outcome = self.print(&setup, &job);
            self.lock().write_state(|conn| queue::end(conn, job.id, &outcome))?;
            if let Err(fault) = &outcome {
                tracing::warn!(
                    code = fault.code,
                    message = fault.message,
                    job = job.name,
                    "not printed"
                );
                if fault.again {
                    blocked.push(way(&setup, &job));
                }
            }
            (self.heard)(outcome);
        }
    }

    fn print(&mut self, setup: &PrinterSetup, job: &Job) -> Result<(), PrintFault> {
        let lasting = |error: &TillError| PrintFault::lasting("print.failed", error);
        let strip = match job.what {
            What::Invoice => {
                let Some(queue) = &setup.invoice_queue else {
                    return Err(PrintFault::lasting(
                        "printer.no_invoice_queue",
                        &"no queue for A4",
                    ));
                };
                let queue = queue.clone();
                let ledger = Arc::clone(&self.ledger);
                let fonts = self.fonts()?;
                let number = job.name.as_str();
                let pdf =
                    paper::render(lock(&ledger).reader(), fonts, number, Form::A4, job.copy_no);
                let pdf = pdf.map_err(|error| lasting(&error))?;
                return to_system(&queue, &job.name, A4, pdf);
            }
            What::Receipt => paper::strip(self.lock().reader(), &job.name, job.copy_no),
            What::Report => paper::report(&self.lock(), job.entry.unwrap_or_default()),
            What::Test => Ok(test_page(&setup.name(), job.at_ms, &Labels::default())),
        };
        let strip: Strip = strip.map_err(|error| lasting(&error))?;
        let drawn = |error: daybook_print::PrintError| PrintFault::lasting(error.code(), &error);
        if let Connection::System { queue } = &setup.connection {
            let pdf = strip.pdf(self.fonts()?).map_err(drawn)?;
            return to_system(queue, &job.name, ROLL, pdf);
        }
        let bytes = strip.escpos(self.fonts()?, &setup.profile()).map_err(drawn)?;
        raw(setup, &bytes)
    }

    /// Opens the drawer now or not at all: not an hour later, when the printer is back.
    fn drawer(&mut self) {
        let setup = PrinterSetup::read(self.lock().reader());
        let outcome = match setup {
            Ok(setup) => {
                let Some(pin) = setup.drawer_pin() else { return };
                raw(&setup, &open_drawer(pin))
            }
            Err(error) => Err(PrintFault::lasting("print.failed", &error)),
        };
        (self.heard)(outcome.map_err(|fault| {
            tracing::warn!(code = fault.code, message = fault.message, "the drawer stays shut");
            PrintFault { code: "printer.drawer", ..fault }
        }));
    }

    fn fonts(&mut self) -> Result<&Fonts, PrintFault> {
        let loaded = match self.fonts.take() {
            Some(fonts) => fonts,
            None => Fonts::load().map_err(|error| PrintFault::lasting(error.code(), &error))?,
        };
        Ok(self.fonts.insert(loaded))
    }

    fn lock(&self) -> MutexGuard<'_, Ledger> {
        lock(&self.ledger)
    }
}

fn lock(ledger: &Mutex<Ledger>) -> MutexGuard<'_, Ledger> {
    ledger.lock().unwrap_or_else(PoisonError::into_inner)
}

fn way(setup: &PrinterSetup, job: &Job) -> Way {
    match job.what {
        What::Invoice => setup.invoice_queue.clone(),
        What::Receipt | What::Report | What::Test => None,
    }
}

/// Twice as long after each failure.
fn pause(failures: u32) -> Duration {
    Duration::from_secs(1_u64 << failures.min(5)).min(PAUSE_MAX)
}
