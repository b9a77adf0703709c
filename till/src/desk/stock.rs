//! Stock at the till: looked up, moved, counted.

use super::browse::shown_items;
use super::history::sent;
use super::view::Item;
use super::{Approval, Desk, Fault};
use crate::catalogue;
use crate::error::TillError;
use crate::feed;
use crate::goods::{self, Move};
use crate::ledger::{Identity, query, state};
use crate::stock;
use daybook_domain::amount::Quantity;
use daybook_domain::feed::{LocationKind, LocationRow, StaffRow};
use daybook_domain::ids::{LocationId, Sku};
use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use specta::Type;
use uuid::Uuid;

/// Most goods that the list of what runs low shows.
const LOW_MAX: u32 = 200;
/// Most movements that an item shows.
const MOVEMENTS_MAX: u32 = 100;

/// Stock of an item, here and elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct StockView {
    /// The item.
    pub item: Item,
    /// On hand here as shown: the store's level with what this till did since.
    pub on_hand_milli: Quantity,
    /// On hand by the store's last level.
    pub level_milli: Quantity,
    /// Whether the store has ever stated a level.
    pub known: bool,
    /// Promised to web orders.
    pub reserved_milli: Quantity,
    /// Set aside for the web.
    pub allotted_milli: Quantity,
    /// Leased to tills.
    pub leased_milli: Quantity,
    /// What this till did since that level.
    pub own_unsent_milli: Quantity,
    /// When the till last heard from the store.
    pub as_of_ms: Option<i64>,
    /// Other locations, where the store tells of them.
    pub elsewhere: Vec<Elsewhere>,
}

/// Stock at another location.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Elsewhere {
    /// Location.
    pub location: String,
    /// Its name.
    pub name: String,
    /// On hand there.
    pub on_hand_milli: Quantity,
}

/// A movement of an item that this till recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct MovementRow {
    /// When.
    pub at_ms: i64,
    /// Why: `sale`, `refund`, `receive`, ….
    pub reason: String,
    /// How much, signed.
    pub quantity_milli: Quantity,
    /// Number of the document that moved it.
    pub number: Option<String>,
    /// Who.
    pub staff: Option<String>,
    /// Whether the store has it.
    pub sent: bool,
}

/// Goods that are to be ordered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct LowRow {
    /// The item.
    pub item: Item,
    /// On hand here as shown.
    pub on_hand_milli: Quantity,
}

/// How goods move without a sale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum MoveKind {
    /// Came in.
    Receive,
    /// Corrected by hand; signed.
    Adjust,
    /// Spoiled, lost, used up.
    WriteOff,
    /// To another location.
    TransferOut,
    /// From another location.
    TransferIn,
}

/// So much of something.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Goods {
    /// SKU.
    pub sku: String,
    /// How much.
    pub quantity_milli: Quantity,
}

/// A movement of goods as entered.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct StockMove {
    /// How.
    pub kind: MoveKind,
    /// What.
    pub goods: Vec<Goods>,
    /// Why, or the supplier's document.
    pub reason: Option<String>,
    /// The other location of a transfer.
    pub other_location: Option<String>,
    /// Id of a transfer that comes in.
    pub transfer: Option<Uuid>,
}

/// A location that goods may go to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
pub struct LocationChoice {
    /// Id.
    pub location: String,
    /// Name.
    pub name: String,
    /// A warehouse, else a shop.
    pub warehouse: bool,
}

impl Desk {
    /// Stock of an item.
    ///
    /// # Errors
    /// `item.unknown`.
    pub fn stock_of(&self, sku: &str) -> Result<StockView, Fault> {
        self.look(|conn| stock_of(conn, &Sku::new(sku)?))
    }

    /// Goods of which little is left here, the least first.
    ///
    /// # Errors
    /// `ledger.…`.
    pub fn low_stock(&self) -> Result<Vec<LowRow>, Fault> {
        self.look(|conn| {
            let mut rows = Vec::new();
            for (sku, on_hand_milli) in stock::low(conn, &own_location(conn)?, LOW_MAX)? {
                let Some(item) = catalogue::item(conn, &sku)? else { continue };
                let item = shown_items(conn, std::slice::from_ref(&item))?.pop();
                rows.extend(item.map(|item| LowRow { item, on_hand_milli }));
            }
            Ok(rows)
        })
    }

    /// What this till did with an item, the latest first.
    ///
    /// # Errors
    /// `ledger.…`.
    pub fn movements(&self, sku: &str) -> Result<Vec<MovementRow>, Fault> {
        self.look(|conn| {
            let moved =
                stock::movements(conn, &own_location(conn)?, &Sku::new(sku)?, MOVEMENTS_MAX)?;
            let people: Vec<StaffRow> = feed::rows(conn, "staff/")?;
            moved.into_iter().map(|moved| movement(conn, &people, moved)).collect()
        })
    }

    /// The other locations.
    ///
    /// # Errors
    /// `ledger.…`.
    pub fn locations(&self) -> Result<Vec<LocationChoice>, Fault> {
        self.look(|conn| {
            let own = own_location(conn)?;
            let rows: Vec<LocationRow> = feed::rows(conn, "location/")?;
            let choice = |row: LocationRow| LocationChoice {
                location: row.location.to_string(),
                name: row.seller.name,
                warehouse: row.kind == LocationKind::Warehouse,
            };
            Ok(rows.into_iter().filter(|row| row.location != own).map(choice).collect())
        })
    }

    /// Moves goods without a sale; the answer is the id of a transfer that begins here.
    ///
    /// # Errors
    /// `stock.…`, `input.invalid`, `approval.…`.
    pub fn move_stock(
        &self,
        moved: &StockMove,
        approval: Option<&Approval>,
    ) -> Result<Option<Uuid>, Fault> {
        self.act(|turn| {
            let who = turn.who_with(approval)?;
            let how = how(moved)?;
            let goods = goods_of(turn.conn(), &moved.goods)?;
            let (transfer, topics) =
                goods::move_goods(turn.ledger, &who, &how, &goods, moved.reason.as_deref())?;
            turn.changed(topics);
            Ok(transfer)
        })
    }

    /// States what was counted; the adjustment is the store's.
    ///
    /// # Errors
    /// `stock.negative_count`, `input.invalid`.
    pub fn count_stock(&self, counted: &[Goods]) -> Result<(), Fault> {
        self.act(|turn| {
            let who = turn.who()?;
            let goods = goods_of(turn.conn(), counted)?;
            let (_, topics) = goods::count(turn.ledger, &who, &goods)?;
            turn.changed(topics);
            Ok(())
        })
    }
}

fn own_location(conn: &Connection) -> Result<LocationId, TillError> {
    let identity: Identity = state::get(conn, "identity")?.ok_or(TillError::NotEnrolled)?;
    Ok(identity.location)
}

fn stock_of(conn: &Connection, sku: &Sku) -> Result<StockView, TillError> {
    let row = catalogue::item(conn, sku)?.ok_or_else(|| unknown(sku))?;
    let item = shown_items(conn, std::slice::from_ref(&row))?.pop().ok_or_else(|| unknown(sku))?;
    let own = own_location(conn)?;
    let shown = stock::shown(conn, &own, sku)?;
    let mut elsewhere = Vec::new();
    for row in feed::rows::<LocationRow>(conn, "location/")? {
        let there = stock::shown(conn, &row.location, sku)?;
        if row.location != own && there.known {
            elsewhere.push(Elsewhere {
                location: row.location.to_string(),
                name: row.seller.name,
                on_hand_milli: there.level.on_hand_milli,
            });
        }
    }
    Ok(StockView {
        item,
        on_hand_milli: shown.level.on_hand_milli,
        level_milli: shown.level_milli,
        known: shown.known,
        reserved_milli: shown.level.reserved_milli,
        allotted_milli: shown.level.allotted_milli,
        leased_milli: shown.level.leased_milli,
        own_unsent_milli: shown.level.on_hand_milli.checked_sub(shown.level_milli)?,
        as_of_ms: state::get(conn, "last_exchange_at_ms")?,
        elsewhere,
    })
}

fn movement(
    conn: &Connection,
    people: &[StaffRow],
    moved: stock::Moved,
) -> Result<MovementRow, TillError> {
    let entry = query::entry_at(conn, moved.pos)?
        .ok_or_else(|| TillError::corrupt("movement", moved.pos, "its entry is missing"))?;
    let envelope = query::parse(&entry.bytes, moved.pos)?;
    let staff = people.iter().find(|person| Some(&person.staff) == envelope.staff.as_ref());
    Ok(MovementRow {
        at_ms: envelope.at_ms,
        reason: moved.reason,
        quantity_milli: moved.quantity_milli,
        number: moved.number,
        staff: staff.map(|person| person.name.clone()),
        sent: sent(conn, moved.pos)?,
    })
}

fn unknown(sku: &Sku) -> TillError {
    TillError::refused("item.unknown", format!("{sku} is not in the catalogue")).with("sku", sku)
}

fn how(moved: &StockMove) -> Result<Move, TillError> {
    let other = || {
        let other = moved.other_location.as_deref();
        let other = other.ok_or_else(|| TillError::bad("other_location", "must be given"))?;
        Ok::<_, TillError>(LocationId::new(other)?)
    };
    Ok(match moved.kind {
        MoveKind::Receive => Move::Receive,
        MoveKind::Adjust => Move::Adjust,
        MoveKind::WriteOff => Move::WriteOff,
        MoveKind::TransferOut => Move::TransferOut(other()?),
        MoveKind::TransferIn => Move::TransferIn(other()?, moved.transfer),
    })
}

/// Goods of the catalogue; archived ones still lie on shelves.
fn goods_of(conn: &Connection, goods: &[Goods]) -> Result<Vec<(Sku, Quantity)>, TillError> {
    goods
        .iter()
        .map(|row| {
            let sku = Sku::new(row.sku.as_str())?;
            catalogue::item(conn, &sku)?.ok_or_else(|| unknown(&sku))?;
            Ok((sku, row.quantity_milli))
        })
        .collect()
}
