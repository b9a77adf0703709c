//! The journal and its copies: verify, export, tail, compare, back up, restore.

use super::args::Arguments;
use super::output::Output;
use super::session::with_ledger;
use crate::backup as backups;
use crate::error::TillError;
use crate::export as exports;
use crate::home::DATABASE;
use crate::ledger::{
    Identity, position, query, rebuild as models, schema, state, verify as checks,
};
use crate::sealed;
use daybook_domain::clock::Moment;
use serde_json::json;
use std::path::Path;

pub(super) fn verify(
    arguments: &Arguments,
    file: Option<&Path>,
    output: &Output,
) -> Result<(), TillError> {
    if let Some(file) = file {
        let verified = exports::verify(file)?;
        output.line(&json!({"event": "verified", "export": verified}));
        return Ok(());
    }
    let conn = schema::open_reader(&arguments.data.join(DATABASE))?;
    let identity: Identity = state::get(&conn, "identity")?.ok_or(TillError::NotEnrolled)?;
    // One snapshot, whatever is written meanwhile.
    conn.execute_batch("BEGIN")?;
    let live = query::live(&conn, identity.till)?.ok_or(TillError::NotEnrolled)?;
    let mut progress = |done: i64| output.progress(&format!("{done} entries verified"));
    let verified = checks::full(&conn, &live, &mut progress)?;
    output.line(&json!({"event": "verified", "ledger": verified}));
    Ok(())
}

pub(super) fn export(
    arguments: &Arguments,
    file: &Path,
    now: Moment,
    output: &Output,
) -> Result<(), TillError> {
    with_ledger(arguments, |ledger| {
        let manifest = exports::export(ledger, file, now.at_ms)?;
        let entries: i64 = manifest.journals.iter().map(|journal| journal.seq).sum();
        output.line(&json!({
            "event": "exported", "folder": shown(file), "entries": entries,
            "incarnations": manifest.journals.len(),
        }));
        Ok(())
    })
}

pub(super) fn tail(arguments: &Arguments, count: i64, output: &Output) -> Result<(), TillError> {
    let conn = schema::open_reader(&arguments.data.join(DATABASE))?;
    let identity: Identity = state::get(&conn, "identity")?.ok_or(TillError::NotEnrolled)?;
    let live = query::live(&conn, identity.till)?.ok_or(TillError::NotEnrolled)?;
    let first = (live.head.seq - count + 1).max(1);
    query::each_entry(&conn, position(live.ord, first), |entry| {
        let envelope = query::parse(&entry.bytes, entry.pos)?;
        output.line(&json!({
            "seq": entry.frame.seq, "hash": entry.frame.hash, "kind": envelope.kind,
            "at_ms": envelope.at_ms, "staff": envelope.staff, "approver": envelope.approver,
            "body": envelope.body,
        }));
        Ok(())
    })
}

pub(super) fn rebuild(
    arguments: &Arguments,
    check: bool,
    output: &Output,
) -> Result<(), TillError> {
    if !check {
        return Err(TillError::bad("check", "read models are only compared: give --check"));
    }
    let conn = schema::open_reader(&arguments.data.join(DATABASE))?;
    conn.execute_batch("BEGIN")?;
    models::compare(&conn)?;
    output.line(&json!({"event": "rebuilt", "equal": true}));
    Ok(())
}

pub(super) fn backup(arguments: &Arguments, file: &Path, output: &Output) -> Result<(), TillError> {
    let mut progress = |done, of| output.progress(&format!("{done} of {of} pages"));
    let done = with_ledger(arguments, |ledger| {
        backups::backup(&ledger.home().database(), file, &mut progress)
    });
    let done = match done {
        // A disk that takes nothing any more: what it holds is saved all the same.
        Err(TillError::ReadOnly { .. }) => backups::rescue(&arguments.data, file, &mut progress)?,
        done => done?,
    };
    output.line(&json!({"event": "backed_up", "file": shown(file), "backup": done}));
    Ok(())
}

pub(super) fn unseal(file: &Path, to: &Path, output: &Output) -> Result<(), TillError> {
    let mut passphrase = String::new();
    let read = std::io::stdin().read_line(&mut passphrase);
    read.map_err(TillError::io("standard input"))?;
    sealed::open(file, to, passphrase.trim_end_matches(['\r', '\n']))?;
    output.line(&json!({"event": "unsealed", "from": shown(file), "to": shown(to)}));
    Ok(())
}

pub(super) fn restore(
    arguments: &Arguments,
    file: &Path,
    now: Moment,
    output: &Output,
) -> Result<(), TillError> {
    let kept = backups::restore(&arguments.data, file, now.at_ms)?;
    output.line(&json!({"event": "restored", "from": shown(file), "kept": shown(&kept)}));
    Ok(())
}

/// A path as it can be said: names need not be UTF-8.
fn shown(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
