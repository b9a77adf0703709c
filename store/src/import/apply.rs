//! Staging, and carrying out what was staged, a small transaction at a time.

mod catalogue;
mod people;
mod stock;

use super::Progress;
use super::change::Change;
use crate::args;
use crate::db::{DbError, Row, Table, Tx};
use crate::gate::Gate;
use crate::master;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Rows staged in one transaction.
const STAGE_ROWS: usize = 1_000;
/// Changes carried out in one transaction: some 20 ms.
const APPLY_ROWS: i64 = 150;
/// Name of the setting that marks an import as certain.
const MARKER: &str = "import";

/// An import that is certain: all its rows are staged.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Marker {
    import: Uuid,
    rows: usize,
}

/// Stages changes and marks the import as certain. Until the marker is written nothing has happened.
pub(super) fn stage(
    gate: &Gate,
    changes: &[Change],
    progress: &mut dyn FnMut(Progress),
) -> Result<(), DbError> {
    let import = gate.write(|tx| {
        // Rows of an import that was broken off before it was certain.
        let tenant = tx.tenant();
        tx.execute("DELETE FROM import_row WHERE tenant_id = $1", args![tenant])?;
        Ok::<_, DbError>(tx.new_id())
    })?;
    let of = changes.len();
    let mut done = 0;
    for chunk in changes.chunks(STAGE_ROWS) {
        let bodies = chunk
            .iter()
            .map(|change| serde_json::to_string(change).map_err(|_| unreadable(import)))
            .collect::<Result<Vec<_>, _>>()?;
        let first = i64::try_from(done).map_err(|_| unreadable(import))?;
        gate.write(move |tx| stage_rows(tx, import, first, &bodies))?;
        done += chunk.len();
        progress(Progress::Staged { done, of });
    }
    gate.write(move |tx| master::set_named(tx, MARKER, &Marker { import, rows: of }))
}

const IMPORT_ROW: Table =
    Table { name: "import_row", columns: &["tenant_id", "import_id", "line_no", "body"], then: "" };

fn stage_rows(tx: &mut Tx<'_>, import: Uuid, first: i64, bodies: &[String]) -> Result<(), DbError> {
    let tenant = tx.tenant();
    let numbers: Vec<i64> = (first + 1..).take(bodies.len()).collect();
    let rows: Vec<_> = numbers
        .iter()
        .zip(bodies)
        .map(|(no, body)| args![tenant, import, *no, *body].to_vec())
        .collect();
    tx.insert(&IMPORT_ROW, &rows)
}

/// Carries out what is staged and certain, if anything is: after a crash, or at the end of an import. The server calls
/// it when it starts.
///
/// # Errors
/// [`DbError`]; what is left stays staged.
pub fn resume(gate: &Gate, progress: &mut dyn FnMut(Progress)) -> Result<(), DbError> {
    let Some(marker) = gate.read(|tx| master::named::<Marker>(tx, MARKER))? else { return Ok(()) };
    let import = marker.import;
    let mut done = 0;
    loop {
        let step = gate.write(move |tx| step(tx, import))?;
        done += step.done;
        // A crash may have left less than the whole.
        let done = if step.more { done } else { marker.rows };
        progress(Progress::Applied { done, of: marker.rows });
        if !step.more {
            return Ok(());
        }
    }
}

struct Step {
    done: usize,
    more: bool,
}

/// Carries out the next rows and takes them off the stage.
fn step(tx: &mut Tx<'_>, import: Uuid) -> Result<Step, DbError> {
    let tenant = tx.tenant();
    let mut rows = tx.query(
        "DELETE FROM import_row WHERE tenant_id = $1 AND import_id = $2 AND line_no IN
             (SELECT line_no FROM import_row WHERE tenant_id = $1 AND import_id = $2 ORDER BY line_no LIMIT $3)
         RETURNING line_no, body",
        args![tenant, import, APPLY_ROWS],
    )?;
    rows.sort_by_key(|row| row.int(0).unwrap_or_default());
    let changes = rows.iter().map(change).collect::<Result<Vec<_>, DbError>>()?;
    let done = changes.len();
    carry_out(tx, changes)?;
    let left = tx.query_opt(
        "SELECT line_no FROM import_row WHERE tenant_id = $1 AND import_id = $2 LIMIT 1",
        args![tenant, import],
    )?;
    if left.is_none() {
        let sql = "DELETE FROM setting WHERE tenant_id = $1 AND name = $2";
        tx.execute(sql, args![tenant, MARKER])?;
    }
    Ok(Step { done, more: left.is_some() })
}

fn change(row: &Row) -> Result<Change, DbError> {
    serde_json::from_str(row.text(1)?)
        .map_err(|_| DbError::corrupt("import_row", row.int(0).unwrap_or_default()))
}

fn carry_out(tx: &mut Tx<'_>, changes: Vec<Change>) -> Result<(), DbError> {
    let (mut items, mut levels) = (Vec::new(), Vec::new());
    for change in changes {
        match change {
            Change::Settings(settings) => people::settings(tx, &settings)?,
            Change::Location(location) => people::location(tx, &location)?,
            Change::TaxClass(class) => catalogue::tax_class(tx, &class)?,
            Change::Item(item) => items.push(*item),
            Change::Staff(person) => people::staff(tx, &person)?,
            Change::Customer(customer) => people::customer(tx, &customer)?,
            Change::Stock(level) => levels.push(level),
        }
    }
    catalogue::items(tx, &items)?;
    stock::levels(tx, &levels)
}

fn unreadable(import: Uuid) -> DbError {
    DbError::corrupt("import_row", import)
}
