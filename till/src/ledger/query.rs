//! Reading the ledger.

use super::{Live, OpenShift, position, seq_of, state};
use crate::error::TillError;
use daybook_domain::amount::Quantity;
use daybook_domain::document::Document;
use daybook_domain::entry::{
    Envelope, Fact, JournalHead, PerpetualTotals, Sale, ShiftTotals, ZReport,
};
use daybook_domain::feed::Settings;
use daybook_domain::ids::{DocumentId, ShiftId, TillId};
use daybook_domain::shift::{Carried, ShiftFold, perpetual_after};
use daybook_sync::frame::{Frame, FramedEntry, Head, Journal};
use daybook_sync::hash::{Hash, PublicKey, Signature};
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::value::RawValue;
use uuid::Uuid;

/// The key with which the entries of an incarnation are signed.
///
/// # Errors
/// [`TillError::Database`].
pub fn public_key(conn: &Connection, ord: i64) -> Result<Option<PublicKey>, TillError> {
    let key = conn
        .prepare_cached("SELECT public_key FROM incarnation WHERE ord = ?1")?
        .query_row([ord], |row| row.get(0))
        .optional()?;
    Ok(key.map(PublicKey))
}

/// Where the journal stands; `None` before the first incarnation.
///
/// # Errors
/// [`TillError::Corrupt`].
pub fn live(conn: &Connection, till: TillId) -> Result<Option<Live>, TillError> {
    let row: Option<(i64, u32, String)> = conn
        .query_row(
            "SELECT ord, incarnation, series_tag FROM incarnation ORDER BY ord DESC LIMIT 1",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .optional()?;
    let Some((ord, incarnation, series_tag)) = row else { return Ok(None) };
    let journal = Journal { till: till.0, incarnation };
    let mut live = Live {
        ord,
        journal,
        head: head_of(conn, ord, &journal)?,
        series_tag,
        shift: open_shift(conn)?,
        feed: 0,
        offset_min: 0,
        last: None,
    };
    refresh(conn, &mut live)?;
    let imported: Option<i64> = state::get(conn, "imported_through")?;
    if imported != Some(live.pos())
        && let Some(entry) = entry_at(conn, live.pos())?
    {
        let envelope = parse(&entry.bytes, live.pos())?;
        live.last = Some(daybook_domain::clock::Moment {
            at_ms: envelope.at_ms,
            mono_ms: envelope.mono_ms,
            boot: envelope.boot,
        });
    }
    Ok(Some(live))
}

/// Takes up what the feed changed.
///
/// # Errors
/// [`TillError::Corrupt`].
pub fn refresh(conn: &Connection, live: &mut Live) -> Result<(), TillError> {
    live.feed = crate::feed::cursor(conn)?.map_or(0, |cursor| cursor.feed);
    live.offset_min = settings(conn)?.map_or(0, |settings| settings.offset_min);
    Ok(())
}

/// Rules of the business, once they have arrived.
///
/// # Errors
/// [`TillError::Corrupt`].
pub fn settings(conn: &Connection) -> Result<Option<Settings>, TillError> {
    crate::feed::row(conn, "settings")
}

/// Last entry of an incarnation.
///
/// # Errors
/// [`TillError::Corrupt`].
pub fn head_of(conn: &Connection, ord: i64, journal: &Journal) -> Result<Head, TillError> {
    let row: Option<(i64, Vec<u8>)> = conn
        .prepare_cached(
            "SELECT pos, hash FROM entry WHERE pos >= ?1 AND pos < ?2 ORDER BY pos DESC LIMIT 1",
        )?
        .query_row(params![position(ord, 0), position(ord + 1, 0)], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    Ok(match row {
        None => journal.start(),
        Some((pos, hash)) => Head { seq: seq_of(pos), hash: hash_from(pos, &hash)? },
    })
}

/// All incarnations of this ledger in their order: order, incarnation.
///
/// # Errors
/// [`TillError::Database`].
pub fn incarnations(conn: &Connection) -> Result<Vec<(i64, u32)>, TillError> {
    let mut rows = conn.prepare_cached("SELECT ord, incarnation FROM incarnation ORDER BY ord")?;
    let found = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// An entry as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEntry {
    /// Position.
    pub pos: i64,
    /// Frame.
    pub frame: Frame,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// The entry at a position.
///
/// # Errors
/// [`TillError::Corrupt`].
pub fn entry_at(conn: &Connection, pos: i64) -> Result<Option<StoredEntry>, TillError> {
    conn.prepare_cached("SELECT pos, prev, hash, signature, bytes FROM entry WHERE pos = ?1")?
        .query_row([pos], |row| Ok(stored(row)))
        .optional()?
        .transpose()
}

/// Visits the entries from a position on, in order, until the visitor has seen all.
///
/// # Errors
/// Those of the visitor; [`TillError::Corrupt`].
pub fn each_entry(
    conn: &Connection,
    from: i64,
    mut visit: impl FnMut(StoredEntry) -> Result<(), TillError>,
) -> Result<(), TillError> {
    let mut rows = conn.prepare_cached(
        "SELECT pos, prev, hash, signature, bytes FROM entry WHERE pos >= ?1 ORDER BY pos",
    )?;
    let mut rows = rows.query([from])?;
    while let Some(row) = rows.next()? {
        visit(stored(row)?)?;
    }
    Ok(())
}

/// Entries of one incarnation after a sequence number, with their sidecars, within limits.
///
/// # Errors
/// [`TillError::Corrupt`].
pub fn entries_after(
    conn: &Connection,
    ord: i64,
    after: i64,
    max_entries: usize,
    max_bytes: usize,
) -> Result<Vec<FramedEntry>, TillError> {
    let mut statement = conn.prepare_cached(
        "SELECT entry.pos, prev, hash, signature, bytes, sidecar.body
         FROM entry LEFT JOIN sidecar ON sidecar.pos = entry.pos
         WHERE entry.pos > ?1 AND entry.pos < ?2 ORDER BY entry.pos LIMIT ?3",
    )?;
    let limit = i64::try_from(max_entries).unwrap_or(i64::MAX);
    let mut rows = statement.query(params![position(ord, after), position(ord + 1, 0), limit])?;
    let (mut found, mut bytes) = (Vec::new(), 0_usize);
    while let Some(row) = rows.next()? {
        let entry = stored(row)?;
        bytes = bytes.saturating_add(entry.bytes.len());
        if bytes > max_bytes && !found.is_empty() {
            break;
        }
        let sidecar: Option<Vec<u8>> = row.get(5)?;
        let sidecar = sidecar.map(String::from_utf8).transpose();
        let sidecar = sidecar.map_err(|error| TillError::corrupt("sidecar", entry.pos, error))?;
        found.push(FramedEntry { frame: entry.frame, bytes: entry.bytes, sidecar });
    }
    Ok(found)
}

fn stored(row: &Row<'_>) -> Result<StoredEntry, TillError> {
    let pos: i64 = row.get(0)?;
    let signature = row.get_ref(3)?.as_blob().unwrap_or_default();
    Ok(StoredEntry {
        pos,
        frame: Frame {
            seq: seq_of(pos),
            prev: hash_from(pos, row.get_ref(1)?.as_blob().unwrap_or_default())?,
            hash: hash_from(pos, row.get_ref(2)?.as_blob().unwrap_or_default())?,
            sig: Signature::from_slice(signature)
                .ok_or_else(|| TillError::corrupt("entry", seq_of(pos), "signature"))?,
        },
        bytes: row.get(4)?,
    })
}

fn hash_from(pos: i64, bytes: &[u8]) -> Result<Hash, TillError> {
    Hash::from_slice(bytes).ok_or_else(|| TillError::corrupt("entry", seq_of(pos), "hash"))
}

/// Reads an entry's envelope.
///
/// # Errors
/// [`TillError::Corrupt`].
pub fn parse(bytes: &[u8], pos: i64) -> Result<Envelope<&RawValue>, TillError> {
    Envelope::parse(bytes).map_err(|error| TillError::corrupt("entry", seq_of(pos), error))
}

/// Reads an entry's fact.
///
/// # Errors
/// [`TillError::Corrupt`].
pub fn fact_of(bytes: &[u8], pos: i64) -> Result<Fact, TillError> {
    parse(bytes, pos)?.fact().map_err(|error| TillError::corrupt("entry", seq_of(pos), error))
}

fn open_shift(conn: &Connection) -> Result<Option<OpenShift>, TillError> {
    let row: Option<(i64, Uuid, String, String)> = conn
        .query_row(
            "SELECT pos, shift, day, fiscal_year FROM shift
             WHERE NOT EXISTS (SELECT 1 FROM closing WHERE closing.shift = shift.shift)
             ORDER BY pos DESC LIMIT 1",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
        )
        .optional()?;
    let Some((pos, shift, day, fiscal_year)) = row else { return Ok(None) };
    let ended: Option<Vec<Uuid>> = state::get(conn, "shifts_closed_elsewhere")?;
    if ended.is_some_and(|ended| ended.contains(&shift)) {
        return Ok(None);
    }
    let entry = entry_at(conn, pos)?
        .ok_or_else(|| TillError::corrupt("shift", pos, "its opening entry is missing"))?;
    let opened_at_ms = parse(&entry.bytes, pos)?.at_ms;
    Ok(Some(OpenShift { shift: ShiftId(shift), day, fiscal_year, pos, opened_at_ms }))
}

/// Running totals of a shift, folded from its entries.
///
/// # Errors
/// [`TillError::Corrupt`].
pub fn shift_fold(conn: &Connection, shift: &OpenShift) -> Result<ShiftFold, TillError> {
    let mut fold: Option<ShiftFold> = None;
    each_entry(conn, shift.pos, |entry| {
        let envelope = parse(&entry.bytes, entry.pos)?;
        let fact = envelope
            .fact()
            .map_err(|error| TillError::corrupt("entry", seq_of(entry.pos), error))?;
        match (&mut fold, &fact) {
            (None, Fact::ShiftOpened(opened)) => {
                fold = Some(ShiftFold::open(opened, envelope.at_ms));
            }
            (Some(fold), fact) if envelope.shift == Some(shift.shift) => fold.apply(fact)?,
            _ => {}
        }
        Ok(())
    })?;
    fold.ok_or_else(|| TillError::corrupt("shift", shift.shift, "its opening entry is missing"))
}

/// Z number and perpetual totals of the last closing, fetched ones included.
///
/// # Errors
/// [`TillError::Corrupt`].
pub fn carried(conn: &Connection) -> Result<Carried, TillError> {
    let z = last_z(conn)?;
    let own = z.map_or_else(Carried::default, |z| Carried { z_no: z.z_no, perpetual: z.perpetual });
    let fetched: Option<(i64, PerpetualTotals)> = state::get(conn, "carried")?;
    Ok(match fetched {
        Some((z_no, perpetual)) if z_no > own.z_no => Carried { z_no, perpetual },
        _ => own,
    })
}

/// The last Z report.
///
/// # Errors
/// [`TillError::Corrupt`].
pub fn last_z(conn: &Connection) -> Result<Option<ZReport>, TillError> {
    let pos: Option<i64> = conn
        .query_row("SELECT pos FROM closing ORDER BY pos DESC LIMIT 1", [], |row| row.get(0))
        .optional()?;
    Ok(pos.map(|pos| z_at(conn, pos)).transpose()?.map(|(_, z)| z))
}

/// Z reports with their business days, the latest first.
///
/// # Errors
/// [`TillError::Corrupt`].
pub fn z_reports(conn: &Connection, limit: usize) -> Result<Vec<(String, ZReport)>, TillError> {
    let mut rows = conn.prepare_cached("SELECT pos FROM closing ORDER BY pos DESC LIMIT ?1")?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let found = rows.query_map([limit], |row| row.get(0))?.collect::<Result<Vec<i64>, _>>()?;
    found.into_iter().map(|pos| z_at(conn, pos)).collect()
}

/// The Z report of a number with its business day.
///
/// # Errors
/// [`TillError::Corrupt`].
pub fn z_report(conn: &Connection, z_no: i64) -> Result<Option<(String, ZReport)>, TillError> {
    z_pos(conn, z_no)?.map(|pos| z_at(conn, pos)).transpose()
}

/// Position of the entry of a Z report.
///
/// # Errors
/// [`TillError::Database`].
pub fn z_pos(conn: &Connection, z_no: i64) -> Result<Option<i64>, TillError> {
    Ok(conn
        .prepare_cached("SELECT pos FROM closing WHERE z_no = ?1")?
        .query_row([z_no], |row| row.get(0))
        .optional()?)
}

fn z_at(conn: &Connection, pos: i64) -> Result<(String, ZReport), TillError> {
    let entry = entry_at(conn, pos)?
        .ok_or_else(|| TillError::corrupt("closing", pos, "its entry is missing"))?;
    let day = parse(&entry.bytes, pos)?.day;
    match fact_of(&entry.bytes, pos)? {
        Fact::ShiftClosed(z) => Ok((day, z)),
        other => Err(TillError::corrupt("closing", pos, other.kind())),
    }
}

/// Totals since the first day, the open shift included.
///
/// # Errors
/// [`TillError::Corrupt`].
pub fn perpetual_now(
    conn: &Connection,
    shift: Option<&ShiftTotals>,
) -> Result<PerpetualTotals, TillError> {
    let carried = carried(conn)?.perpetual;
    match shift {
        Some(totals) => Ok(perpetual_after(carried, totals)?),
        None => Ok(carried),
    }
}

/// The head as it stands in entries.
#[must_use]
pub fn journal_head(live: &Live) -> JournalHead {
    JournalHead {
        incarnation: live.journal.incarnation,
        seq: live.head.seq,
        hash: live.head.hash.to_string(),
    }
}

/// A document with its entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredDocument {
    /// Position of its entry.
    pub pos: i64,
    /// `sale.completed`, `refund.completed`, …
    pub kind: String,
    /// The sale with its document.
    pub sale: Sale,
}

/// How a document is looked for.
#[derive(Debug, Clone, Copy)]
pub enum By<'a> {
    /// Printed number.
    Number(&'a str),
    /// Id.
    Id(DocumentId),
    /// Source key of an import.
    Source(&'a str),
}

/// Finds a document.
///
/// # Errors
/// [`TillError::Corrupt`].
pub fn document(conn: &Connection, by: By<'_>) -> Result<Option<StoredDocument>, TillError> {
    let pos = match by {
        By::Number(number) => position_of(conn, "number", &number)?,
        By::Id(id) => position_of(conn, "id", &id.0)?,
        By::Source(source) => position_of(conn, "source", &source)?,
    };
    pos.map(|pos| document_at(conn, pos)).transpose()
}

/// The document issued last.
///
/// # Errors
/// [`TillError::Corrupt`].
pub fn last_document(conn: &Connection) -> Result<Option<StoredDocument>, TillError> {
    let pos = conn
        .prepare_cached("SELECT pos FROM document ORDER BY pos DESC LIMIT 1")?
        .query_row([], |row| row.get(0))
        .optional()?;
    pos.map(|pos| document_at(conn, pos)).transpose()
}

/// Whether a basket of this source was sold before, and under which number.
///
/// # Errors
/// [`TillError::Database`].
pub fn number_of_source(conn: &Connection, source: &str) -> Result<Option<String>, TillError> {
    Ok(conn
        .prepare_cached(
            "SELECT number FROM document WHERE source = ?1
             UNION ALL SELECT number FROM fetched_source WHERE source = ?1",
        )?
        .query_row([source], |row| row.get(0))
        .optional()?)
}

fn position_of(
    conn: &Connection,
    column: &'static str,
    key: &dyn rusqlite::ToSql,
) -> Result<Option<i64>, TillError> {
    let sql = format!("SELECT pos FROM document WHERE {column} = ?1");
    Ok(conn.prepare_cached(&sql)?.query_row([key], |row| row.get(0)).optional()?)
}

pub(crate) fn document_at(conn: &Connection, pos: i64) -> Result<StoredDocument, TillError> {
    let entry = entry_at(conn, pos)?
        .ok_or_else(|| TillError::corrupt("document", pos, "its entry is missing"))?;
    match fact_of(&entry.bytes, pos)? {
        fact @ (Fact::SaleCompleted(_)
        | Fact::RefundCompleted(_)
        | Fact::ExchangeCompleted(_)
        | Fact::SaleVoided(_)) => {
            let kind = fact.kind().to_owned();
            let (Fact::SaleCompleted(sale)
            | Fact::RefundCompleted(sale)
            | Fact::ExchangeCompleted(sale)
            | Fact::SaleVoided(sale)) = fact
            else {
                return Err(TillError::corrupt("document", pos, kind));
            };
            Ok(StoredDocument { pos, kind, sale })
        }
        other => Err(TillError::corrupt("document", pos, other.kind())),
    }
}

/// Documents that correct a document, oldest first: earlier refunds, exchanges, a void.
///
/// # Errors
/// [`TillError::Corrupt`].
pub fn corrections_of(conn: &Connection, id: DocumentId) -> Result<Vec<Document>, TillError> {
    let mut rows =
        conn.prepare_cached("SELECT pos FROM document WHERE original = ?1 ORDER BY pos")?;
    let found = rows.query_map([id.0], |row| row.get(0))?.collect::<Result<Vec<i64>, _>>()?;
    found.into_iter().map(|pos| Ok(document_at(conn, pos)?.sale.document)).collect()
}

/// Last number used in a series, 0 for none.
///
/// # Errors
/// [`TillError::Database`].
pub fn last_number(conn: &Connection, series: &str) -> Result<i64, TillError> {
    Ok(conn
        .prepare_cached("SELECT last FROM number_series WHERE series = ?1")?
        .query_row([series], |row| row.get(0))
        .optional()?
        .unwrap_or(0))
}

/// How many prints of a document there were: 0 when not even the original was printed.
///
/// # Errors
/// [`TillError::Database`].
pub fn prints_of(conn: &Connection, id: DocumentId) -> Result<u32, TillError> {
    Ok(conn
        .prepare_cached(
            "SELECT (SELECT count(*) FROM original_print WHERE document = ?1)
                  + (SELECT coalesce(max(copy_no), 0) FROM reprint WHERE document = ?1)",
        )?
        .query_row([id.0], |row| row.get(0))?)
}

/// A right to pooled stock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseHeld {
    /// Of what.
    pub sku: String,
    /// How much was leased.
    pub quantity_milli: Quantity,
    /// How much of it was sold.
    pub spent_milli: Quantity,
}

/// Leases that this till holds, by SKU.
///
/// # Errors
/// [`TillError::Database`].
pub fn leases(conn: &Connection) -> Result<Vec<LeaseHeld>, TillError> {
    let mut statement = conn
        .prepare_cached("SELECT sku, quantity_milli, spent_milli FROM lease ORDER BY sku, fence")?;
    let rows = statement.query_map([], |row| {
        Ok(LeaseHeld {
            sku: row.get(0)?,
            quantity_milli: Quantity(row.get(1)?),
            spent_milli: Quantity(row.get(2)?),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Own entries that the store put aside for a person.
///
/// # Errors
/// [`TillError::Database`].
pub fn quarantined(conn: &Connection) -> Result<i64, TillError> {
    Ok(conn.query_row(
        "SELECT coalesce(sum(json_array_length(value, '$.quarantined')), 0) FROM feed_row
         WHERE key >= 'ack/' AND key < 'ack0' AND instr(value, '\"quarantined\"') > 0",
        [],
        |row| row.get(0),
    )?)
}

/// How much of what a ledger holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Documents issued.
    pub documents: i64,
    /// Items in the catalogue.
    pub items: i64,
    /// Parked baskets.
    pub parked: i64,
    /// Leases held.
    pub leases: i64,
    /// Requests without an answer.
    pub requests: i64,
}

/// Counts what the ledger holds.
///
/// # Errors
/// [`TillError::Database`].
pub fn counts(conn: &Connection) -> Result<Counts, TillError> {
    let counted = conn.query_row(
        "SELECT (SELECT count(*) FROM document), (SELECT count(*) FROM item),
                (SELECT count(*) FROM parked), (SELECT count(*) FROM lease),
                (SELECT count(*) FROM request)",
        [],
        |row| {
            Ok(Counts {
                documents: row.get(0)?,
                items: row.get(1)?,
                parked: row.get(2)?,
                leases: row.get(3)?,
                requests: row.get(4)?,
            })
        },
    )?;
    Ok(counted)
}
