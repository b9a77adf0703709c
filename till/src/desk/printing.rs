//! The printer of this till: set up, tried, and the queue of what is not on paper yet.

use super::history::PaperForm;
use super::view::PaperState;
use super::{Desk, Fault, Notify, Signal, Turn, lock};
use crate::error::TillError;
use crate::ledger::{Ledger, Topic, query};
use crate::paper::{self, Form};
use crate::printing::queue::{self, Job, JobState, NewJob, What};
use crate::printing::worker::{self, Printing};
use crate::printing::{PrintFault, PrinterSetup, system_printers};
use crate::shift::queue_report;
use daybook_domain::document::{Document, TenderType};
use daybook_domain::ids::DocumentId;
use daybook_domain::staff::Action;
use rusqlite::Connection;
use serde::Serialize;
use specta::Type;
use std::sync::{Arc, Mutex};

/// The last trouble with a printer, until something was printed again.
#[derive(Debug, Default)]
pub(super) struct Trouble(Mutex<Option<Fault>>);

impl Trouble {
    /// The printer that it was with is not set up any more.
    pub(super) fn forget(&self) {
        *lock(&self.0) = None;
    }
}

/// A print that waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct PrintJob {
    /// Handle.
    pub id: i64,
    /// What.
    pub what: What,
    /// Number of the document, or what the report is called.
    pub name: String,
    /// 0 for the original.
    pub copy_no: u32,
    /// How it stands.
    pub state: JobState,
    /// How often it was tried.
    pub tries: u32,
    /// What went wrong.
    pub problem: Option<Fault>,
    /// When it was queued.
    pub at_ms: i64,
}

/// What is not on paper.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
pub struct PrintQueue {
    /// Prints, the oldest first.
    pub jobs: Vec<PrintJob>,
    /// What is wrong with the printer or the drawer, if anything was when it was last used.
    pub trouble: Option<Fault>,
}

/// Begins to print beside the selling.
///
/// # Errors
/// `ledger.…`.
pub(super) fn start(
    ledger: &Arc<Mutex<Ledger>>,
    notify: &Notify,
    trouble: &Arc<Trouble>,
) -> Result<Printing, TillError> {
    let (notify, trouble) = (Arc::clone(notify), Arc::clone(trouble));
    let heard = move |outcome: Result<(), PrintFault>| {
        *lock(&trouble.0) = outcome.err().map(|fault| fault_of(fault.code, &fault.message));
        notify(Signal::Changed([Topic::Papers].into()));
    };
    worker::start(ledger, Box::new(heard))
}

fn fault_of(code: &str, message: &str) -> Fault {
    Fault {
        code: code.to_owned(),
        message: message.to_owned(),
        field: None,
        values: [("said".to_owned(), message.to_owned())].into(),
    }
}

impl Desk {
    /// The printers of this till.
    ///
    /// # Errors
    /// `ledger.…`.
    pub fn printer(&self) -> Result<PrinterSetup, Fault> {
        self.look(PrinterSetup::read)
    }

    /// Sets the printers of this till up.
    ///
    /// # Errors
    /// `input.invalid` with the field.
    pub fn set_printer(&self, setup: &PrinterSetup) -> Result<PrinterSetup, Fault> {
        self.act(|turn| {
            turn.who()?;
            turn.ledger.write_state(|conn| setup.keep(conn))?;
            turn.changed([Topic::Papers]);
            Ok(setup.clone())
        })
    }

    /// Queues of the system's printing, for invoices on A4.
    #[must_use]
    pub fn system_printers(&self) -> Vec<String> {
        system_printers()
    }

    /// Prints a page to try the receipt printer with.
    ///
    /// # Errors
    /// `printer.none`.
    pub fn test_printer(&self) -> Result<(), Fault> {
        self.act(|turn| {
            turn.who()?;
            let name = turn.receipt_printer()?.name();
            let job =
                NewJob { what: What::Test, document: None, entry: None, name: &name, copy_no: 0 };
            let at_ms = turn.moment.at_ms;
            turn.ledger.write_state(|conn| queue::put(conn, &job, at_ms))?;
            turn.changed([Topic::Papers]);
            Ok(())
        })
    }

    /// What is not on paper.
    ///
    /// # Errors
    /// `ledger.…`.
    pub fn print_queue(&self) -> Result<PrintQueue, Fault> {
        let trouble = lock(&self.trouble.0).clone();
        self.look(|conn| {
            let jobs = queue::open(conn)?.into_iter().map(PrintJob::from).collect();
            Ok(PrintQueue { jobs, trouble })
        })
    }

    /// Sends a print again that failed, or of which nobody knows whether it is on paper.
    ///
    /// # Errors
    /// `print.no_job`.
    pub fn retry_print(&self, job: i64) -> Result<PrintQueue, Fault> {
        self.decide(job, true)
    }

    /// Gives a print up.
    ///
    /// # Errors
    /// `print.no_job`.
    pub fn drop_print(&self, job: i64) -> Result<PrintQueue, Fault> {
        self.decide(job, false)
    }

    fn decide(&self, job: i64, again: bool) -> Result<PrintQueue, Fault> {
        self.act(|turn| {
            turn.who()?;
            turn.ledger.write_state(|conn| queue::decide(conn, job, again))?;
            turn.changed([Topic::Papers]);
            Ok(())
        })?;
        self.print_queue()
    }

    /// Prints a document: the original where it was never printed, else a copy, which is journalled and says so.
    ///
    /// # Errors
    /// `document.unknown`, `printer.none`, `printer.no_invoice_queue`, `approval.…`.
    pub fn reprint(&self, number: &str, form: PaperForm) -> Result<PaperState, Fault> {
        self.act(|turn| {
            let who = turn.who()?;
            turn.allow(&who, Action::Reprint)?;
            let form = match form {
                PaperForm::Receipt => {
                    turn.receipt_printer()?;
                    Form::Receipt
                }
                PaperForm::A4 => {
                    if PrinterSetup::read(turn.conn())?.invoice_queue.is_none() {
                        let message = "no printer for A4 is set up";
                        return Err(TillError::refused("printer.no_invoice_queue", message));
                    }
                    Form::A4
                }
            };
            paper::queue(turn.ledger, &who, number, form)?;
            turn.changed([Topic::Papers, Topic::Documents, Topic::Journal]);
            Ok(PaperState::Queued)
        })
    }

    /// Prints a Z report again, or without its number the X report that was just made.
    ///
    /// # Errors
    /// `shift.no_z`, `shift.no_x`, `printer.none`.
    pub fn print_report(&self, z_no: Option<i64>) -> Result<(), Fault> {
        self.act(|turn| {
            turn.who()?;
            turn.receipt_printer()?;
            let (entry, name) = match z_no {
                Some(z_no) => (query::z_pos(turn.conn(), z_no)?, format!("Z {z_no}")),
                None => (turn.counter.last_x, "X".to_owned()),
            };
            let entry = entry.ok_or_else(|| match z_no {
                Some(z_no) => TillError::refused("shift.no_z", format!("there is no Z {z_no}"))
                    .with("number", z_no),
                None => TillError::refused("shift.no_x", "make the X report first"),
            })?;
            let at_ms = turn.moment.at_ms;
            turn.ledger.write_state(|conn| queue_report(conn, entry, &name, at_ms))?;
            turn.changed([Topic::Papers]);
            Ok(())
        })
    }
}

impl Turn<'_> {
    fn receipt_printer(&self) -> Result<PrinterSetup, TillError> {
        let setup = PrinterSetup::read(self.conn())?;
        if !setup.prints_receipts() {
            return Err(TillError::refused("printer.none", "no receipt printer is set up"));
        }
        Ok(setup)
    }

    /// Cash changes hands: the drawer opens as soon as the fact is committed.
    pub(super) fn opens_drawer(&mut self, document: &Document) {
        let mut cash = document.tenders.iter().filter(|it| it.tender_type == TenderType::Cash);
        self.drawer |= cash.any(|tender| !tender.amount_minor.is_zero());
    }
}

/// Where the paper of a document stands.
pub(super) fn paper_state(
    conn: &Connection,
    document: DocumentId,
) -> Result<PaperState, TillError> {
    Ok(match queue::state_of(conn, document)? {
        None | Some(JobState::Dropped) => PaperState::None,
        Some(JobState::Waiting | JobState::Printing) => PaperState::Queued,
        Some(JobState::Printed) => PaperState::Printed,
        Some(JobState::Failed) => PaperState::Failed,
        Some(JobState::Maybe) => PaperState::MaybePrinted,
    })
}

impl From<Job> for PrintJob {
    fn from(job: Job) -> Self {
        let message = job.message.unwrap_or_default();
        Self {
            id: job.id,
            what: job.what,
            name: job.name,
            copy_no: job.copy_no,
            state: job.state,
            tries: job.tries,
            problem: job.problem.map(|code| fault_of(&code, &message)),
            at_ms: job.at_ms,
        }
    }
}
