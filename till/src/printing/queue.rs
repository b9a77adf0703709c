//! The queue of what goes to paper.

use super::deliver::PrintFault;
use super::setup::PrinterSetup;
use crate::error::TillError;
use daybook_domain::ids::DocumentId;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;
use specta::Type;

/// What is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// A document on the roll.
    Receipt,
    /// A document on A4.
    Invoice,
    /// X or Z.
    Report,
    /// A page to try the printer with.
    Test,
}

/// How a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// It waits for the printer.
    Waiting,
    /// It is being sent.
    Printing,
    /// The printer has it.
    Printed,
    /// It cannot be printed as it is.
    Failed,
    /// It was cut off while it was sent: a person looks whether it is on paper.
    Maybe,
    /// A person gave it up.
    Dropped,
}

/// Something that goes to paper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Place in the queue.
    pub id: i64,
    /// What.
    pub what: What,
    /// Its document.
    pub document: Option<DocumentId>,
    /// Position of the journal entry with the report.
    pub entry: Option<i64>,
    /// Number of the document, or what the report is called.
    pub name: String,
    /// 0 for the original.
    pub copy_no: u32,
    /// How it stands.
    pub state: JobState,
    /// How often it was tried.
    pub tries: u32,
    /// Code of what went wrong.
    pub problem: Option<String>,
    /// What went wrong.
    pub message: Option<String>,
    /// When it was queued.
    pub at_ms: i64,
}

/// A job to be queued.
#[derive(Debug, Clone)]
pub struct NewJob<'a> {
    /// What.
    pub what: What,
    /// Its document.
    pub document: Option<DocumentId>,
    /// Position of the journal entry with the report.
    pub entry: Option<i64>,
    /// Number of the document, or what the report is called.
    pub name: &'a str,
    /// 0 for the original.
    pub copy_no: u32,
}

const COLUMNS: &str =
    "id, what, document, entry, name, copy_no, state, tries, problem, message, at_ms";

/// Queues a job. Returns its place.
///
/// # Errors
/// [`TillError::Database`].
pub fn put(conn: &Connection, job: &NewJob<'_>, at_ms: i64) -> Result<i64, TillError> {
    conn.prepare_cached(
        "INSERT INTO print_job (what, document, entry, name, copy_no, state, at_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, 'waiting', ?6)",
    )?
    .execute(params![
        what_word(job.what),
        job.document.map(|id| id.0),
        job.entry,
        job.name,
        job.copy_no,
        at_ms
    ])?;
    Ok(conn.last_insert_rowid())
}

/// Queues the first print of a document where this till prints every sale. Returns whether it did.
///
/// # Errors
/// [`TillError::Database`].
pub(crate) fn put_original(
    conn: &Connection,
    document: DocumentId,
    number: &str,
    at_ms: i64,
) -> Result<bool, TillError> {
    let setup = PrinterSetup::read(conn)?;
    if !setup.prints_receipts() || !setup.every_sale {
        return Ok(false);
    }
    note_original(conn, document, at_ms)?;
    let what = What::Receipt;
    put(
        conn,
        &NewJob { what, document: Some(document), entry: None, name: number, copy_no: 0 },
        at_ms,
    )?;
    Ok(true)
}

/// Notes that the original of a document was printed, or waits to be.
///
/// # Errors
/// [`TillError::Database`].
pub(crate) fn note_original(
    conn: &Connection,
    document: DocumentId,
    at_ms: i64,
) -> Result<(), TillError> {
    conn.execute(
        "INSERT INTO original_print (document, at_ms) VALUES (?1, ?2)",
        params![document.0, at_ms],
    )?;
    Ok(())
}

/// Jobs that are not on paper for sure, the oldest first.
///
/// # Errors
/// [`TillError::Database`].
pub fn open(conn: &Connection) -> Result<Vec<Job>, TillError> {
    select(conn, "state IN ('waiting', 'printing', 'failed', 'maybe') ORDER BY id")
}

/// Jobs that wait, the oldest first.
///
/// # Errors
/// [`TillError::Database`].
pub(crate) fn waiting(conn: &Connection) -> Result<Vec<Job>, TillError> {
    select(conn, "state = 'waiting' ORDER BY id")
}

fn select(conn: &Connection, which: &str) -> Result<Vec<Job>, TillError> {
    let mut statement =
        conn.prepare_cached(&format!("SELECT {COLUMNS} FROM print_job WHERE {which}"))?;
    let jobs = statement.query_map([], |row| Ok(job(row)))?.collect::<Result<Vec<_>, _>>()?;
    jobs.into_iter().collect()
}

/// How the paper of a document stands: its latest job.
///
/// # Errors
/// [`TillError::Database`].
pub fn state_of(conn: &Connection, document: DocumentId) -> Result<Option<JobState>, TillError> {
    let found: Option<String> = conn
        .prepare_cached("SELECT state FROM print_job WHERE document = ?1 ORDER BY id DESC LIMIT 1")?
        .query_row([document.0], |row| row.get(0))
        .optional()?;
    found.map(|word| state_from(&word)).transpose()
}

/// A job is being sent: if the power fails now, a person looks whether it is on paper. Says whether it still waited.
pub(crate) fn begin(conn: &Connection, id: i64) -> Result<bool, TillError> {
    let waits = "SELECT EXISTS (SELECT 1 FROM print_job WHERE id = ?1 AND state = 'waiting')";
    let waits = conn.prepare_cached(waits)?.query_row([id], |row| row.get(0))?;
    if waits {
        set(conn, id, JobState::Printing, None)?;
    }
    Ok(waits)
}

/// What came of sending a job; one that was given up meanwhile stays so, unless it is on paper.
pub(crate) fn end(
    conn: &Connection,
    id: i64,
    outcome: &Result<(), PrintFault>,
) -> Result<(), TillError> {
    match outcome {
        Ok(()) => set(conn, id, JobState::Printed, None),
        Err(fault) => {
            let dropped =
                "SELECT EXISTS (SELECT 1 FROM print_job WHERE id = ?1 AND state = 'dropped')";
            if conn.prepare_cached(dropped)?.query_row([id], |row| row.get(0))? {
                return Ok(());
            }
            let state = match fault {
                PrintFault { sent: true, .. } => JobState::Maybe,
                PrintFault { again: true, .. } => JobState::Waiting,
                PrintFault { .. } => JobState::Failed,
            };
            set(conn, id, state, Some(fault))
        }
    }
}

fn set(
    conn: &Connection,
    id: i64,
    state: JobState,
    fault: Option<&PrintFault>,
) -> Result<(), TillError> {
    conn.prepare_cached(
        "UPDATE print_job SET state = ?2, problem = ?3, message = ?4,
                tries = tries + (?2 = 'printing') WHERE id = ?1",
    )?
    .execute(params![
        id,
        state_word(state),
        fault.map(|fault| fault.code),
        fault.map(|fault| &fault.message)
    ])?;
    Ok(())
}

/// Prints a job again, or gives it up. One that is being sent, or came to paper meanwhile, is printed as was asked.
///
/// # Errors
/// Refused as `print.no_job`.
pub fn decide(conn: &Connection, id: i64, again: bool) -> Result<(), TillError> {
    let decide = if again {
        "UPDATE print_job SET state = CASE state WHEN 'printing' THEN state WHEN 'printed' THEN state ELSE 'waiting' END
         WHERE id = ?1 AND state <> 'dropped'"
    } else {
        "UPDATE print_job SET state = 'dropped' WHERE id = ?1 AND state NOT IN ('printed', 'dropped')"
    };
    if conn.execute(decide, [id])? == 0 {
        return Err(TillError::refused("print.no_job", "this print does not wait any more"));
    }
    Ok(())
}

/// What was being sent when the program ended may be on paper or not.
pub(crate) fn recover(conn: &Connection) -> Result<(), TillError> {
    conn.execute(
        "UPDATE print_job SET state = 'maybe', problem = 'printer.cut_off' WHERE state = 'printing'",
        [],
    )?;
    Ok(())
}

/// In a ledger that came from a backup nothing is printed by itself: most of it was.
pub(crate) fn doubt(conn: &Connection) -> Result<(), TillError> {
    conn.execute(
        "UPDATE print_job SET state = 'maybe', problem = 'printer.restored'
         WHERE state IN ('waiting', 'printing')",
        [],
    )?;
    Ok(())
}

fn job(row: &Row<'_>) -> Result<Job, TillError> {
    let (what, state): (String, String) = (row.get(1)?, row.get(6)?);
    let document: Option<uuid::Uuid> = row.get(2)?;
    Ok(Job {
        id: row.get(0)?,
        what: what_from(&what)?,
        document: document.map(DocumentId),
        entry: row.get(3)?,
        name: row.get(4)?,
        copy_no: row.get(5)?,
        state: state_from(&state)?,
        tries: row.get(7)?,
        problem: row.get(8)?,
        message: row.get(9)?,
        at_ms: row.get(10)?,
    })
}

const WHATS: [(&str, What); 4] = [
    ("receipt", What::Receipt),
    ("invoice", What::Invoice),
    ("report", What::Report),
    ("test", What::Test),
];

const STATES: [(&str, JobState); 6] = [
    ("waiting", JobState::Waiting),
    ("printing", JobState::Printing),
    ("printed", JobState::Printed),
    ("failed", JobState::Failed),
    ("maybe", JobState::Maybe),
    ("dropped", JobState::Dropped),
];

fn what_word(what: What) -> &'static str {
    WHATS.iter().find(|(_, of)| *of == what).map_or("", |(word, _)| word)
}

fn state_word(state: JobState) -> &'static str {
    STATES.iter().find(|(_, of)| *of == state).map_or("", |(word, _)| word)
}

fn what_from(word: &str) -> Result<What, TillError> {
    let found = WHATS.iter().find(|(of, _)| *of == word).map(|(_, what)| *what);
    found.ok_or_else(|| TillError::corrupt("print_job", word, "is no kind of print"))
}

fn state_from(word: &str) -> Result<JobState, TillError> {
    let found = STATES.iter().find(|(of, _)| *of == word).map(|(_, state)| *state);
    found.ok_or_else(|| TillError::corrupt("print_job", word, "is no state of a print"))
}
