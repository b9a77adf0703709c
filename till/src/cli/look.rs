//! Looking only: status, search, scan. No lock is taken, so they work beside a running till.

use super::args::{Arguments, Barcode, Search};
use super::output::Output;
use crate::catalogue::{self, Scan};
use crate::error::TillError;
use crate::feed;
use crate::ledger::{Here, Identity, Standing, query, schema, standing, state};
use crate::search as searching;
use crate::sync_driver;
use daybook_domain::barcode::Embedded;
use daybook_domain::catalogue::price_at;
use daybook_domain::feed::ItemRow;
use rusqlite::Connection;
use serde_json::{Value, json};
use std::path::Path;

fn reader(arguments: &Arguments) -> Result<Connection, TillError> {
    schema::open_reader(&arguments.data.join("till.db"))
}

pub(super) fn status(arguments: &Arguments, output: &Output) -> Result<(), TillError> {
    output.line(&status_of(&arguments.data)?);
    Ok(())
}

/// How the till of a folder stands.
pub(crate) fn status_of(data: &Path) -> Result<Value, TillError> {
    let here = Here::of(data);
    let mut conn = schema::open_reader(&data.join("till.db"))?;
    let conn = conn.transaction()?;
    let identity: Identity = state::get(&conn, "identity")?.ok_or(TillError::NotEnrolled)?;
    let live = query::live(&conn, identity.till)?.ok_or(TillError::NotEnrolled)?;
    let acked = sync_driver::acked_of(&conn, live.journal.incarnation)?;
    let standing = standing(&conn, &here, Some(&identity), Some(&live))?;
    let counts = query::counts(&conn)?;
    let last: Option<i64> = state::get(&conn, "last_exchange_at_ms")?;
    let carried = query::carried(&conn)?;
    Ok(json!({
        "event": "status", "till": identity.till, "code": identity.code,
        "location": identity.location, "store": identity.store_url,
        "incarnation": live.journal.incarnation, "series_tag": live.series_tag,
        "seq": live.head.seq, "hash": live.head.hash, "acked": acked,
        "unsent": sync_driver::unsent(&conn, identity.till)?.count, "feed": live.feed,
        "epoch": state::get::<i64>(&conn, "epoch")?,
        "last_exchange_at_ms": last,
        "needs_incarnation": standing != Standing::Ready,
        "shift": live.shift, "z_no": carried.z_no,
        "documents": counts.documents,
        "items": counts.items,
        "parked": counts.parked,
        "leases": counts.leases,
        "requests": counts.requests,
        "filled": feed::cursor(&conn)?.is_some_and(|cursor| cursor.fill.is_none()),
    }))
}

pub(super) fn search(
    arguments: &Arguments,
    search: &Search,
    output: &Output,
) -> Result<(), TillError> {
    let conn = reader(arguments)?;
    for item in searching::search(&conn, &search.words.join(" "), search.limit)? {
        output.line(&json!({
            "sku": item.sku, "name": item.name,
            "options": daybook_domain::catalogue::printed_options(&item),
            "price_micros": price_at(&item, crate::clock::now().at_ms),
        }));
    }
    Ok(())
}

pub(super) fn barcode(
    arguments: &Arguments,
    barcode: &Barcode,
    output: &Output,
) -> Result<(), TillError> {
    let conn = reader(arguments)?;
    let settings = catalogue::settings(&conn)?;
    let line = |item: &ItemRow| {
        json!({
            "sku": item.sku, "name": item.name,
            "price_micros": price_at(item, crate::clock::now().at_ms),
        })
    };
    match catalogue::scan(&conn, &settings.label_layouts, settings.currency, &barcode.code)? {
        Scan::Unknown => {
            let message = format!("no product has the code {}", barcode.code);
            return Err(TillError::refused("item.unknown", message));
        }
        Scan::Items(found, _) => found.iter().for_each(|item| output.line(&line(item))),
        Scan::Label(item, embedded) => {
            let mut line = line(&item);
            match embedded {
                Embedded::WeightMilli(milli) => line["weight_milli"] = json!(milli),
                Embedded::PriceMinor(minor) => line["price_minor"] = json!(minor),
            }
            output.line(&line);
        }
    }
    Ok(())
}
