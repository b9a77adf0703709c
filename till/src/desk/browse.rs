//! Looking for goods: search, the grid of categories, variants, favourites.

use super::view::{Category, Found, Item, ItemPage};
use super::{Desk, Fault, Turn};
use crate::catalogue::{self, Scan};
use crate::clock;
use crate::error::TillError;
use crate::ledger::query::{self, By};
use crate::ledger::{Identity, Topic, state};
use crate::orders;
use crate::search;
use crate::stock;
use daybook_domain::amount::Quantity;
use daybook_domain::barcode::Embedded;
use daybook_domain::catalogue::{price_at, printed_options};
use daybook_domain::clock::Moment;
use daybook_domain::feed::ItemRow;
use daybook_domain::ids::{LocationId, Sku};
use rusqlite::Connection;
use uuid::Uuid;

/// Name in `state`.
const FAVOURITES: &str = "favourites";
/// Most favourites.
const FAVOURITES_MAX: usize = 120;
/// Most items of one page.
const PAGE_MAX: u32 = 500;

impl Desk {
    /// Searches the whole catalogue.
    ///
    /// # Errors
    /// `ledger.…`.
    pub fn search(&self, query: &str, limit: u32) -> Result<Vec<Item>, Fault> {
        self.look(|conn| {
            let limit = usize::try_from(limit).unwrap_or(search::RESULTS_MAX);
            shown_items(conn, &search::search(conn, query, limit)?)
        })
    }

    /// What a code leads to; nothing is sold, and no shift need be open.
    ///
    /// # Errors
    /// `barcode.…` when it was misread, `item.unknown` for a label of goods that are not in the catalogue.
    pub fn look_up(&self, code: &str) -> Result<Found, Fault> {
        self.act(|turn| {
            let code = code.trim();
            let settings = turn.settings()?;
            let found =
                catalogue::scan(turn.conn(), &settings.label_layouts, settings.currency, code)?;
            let (rows, quantity_milli) = match found {
                Scan::Items(rows, pack) => (rows, pack),
                Scan::Label(item, Embedded::WeightMilli(weight)) => {
                    (vec![*item], Some(Quantity(weight)))
                }
                Scan::Label(item, Embedded::PriceMinor(_)) => (vec![*item], None),
                Scan::Unknown => {
                    return Ok(match number(turn.conn(), code)? {
                        Number::Document(number) => Found::Document { number },
                        Number::Order(order) => Found::Order { order },
                        Number::None => Found::Unknown { code: code.to_owned() },
                    });
                }
            };
            Ok(Found::Items { items: shown_items(turn.conn(), &rows)?, quantity_milli })
        })
    }

    /// Categories with what can be sold.
    ///
    /// # Errors
    /// `ledger.…`.
    pub fn categories(&self) -> Result<Vec<Category>, Fault> {
        self.look(|conn| {
            let named = |(name, products)| Category { name, products };
            Ok(catalogue::categories(conn)?.into_iter().map(named).collect())
        })
    }

    /// Part of a category, one item a product, by name.
    ///
    /// # Errors
    /// `ledger.…`.
    pub fn products(&self, category: &str, offset: u32, limit: u32) -> Result<ItemPage, Fault> {
        self.look(|conn| {
            let rows = catalogue::shelf(conn, category, offset, limit.min(PAGE_MAX))?;
            let total = catalogue::shelf_size(conn, category)?;
            Ok(ItemPage { items: shown_items(conn, &rows)?, total })
        })
    }

    /// Variants of a product.
    ///
    /// # Errors
    /// `ledger.…`.
    pub fn variants(&self, product: &str) -> Result<Vec<Item>, Fault> {
        self.look(|conn| shown_items(conn, &catalogue::variants(conn, product)?))
    }

    /// First page of the grid, in the order that it was put together.
    ///
    /// # Errors
    /// `ledger.…`.
    pub fn favourites(&self) -> Result<Vec<Item>, Fault> {
        self.look(favourites)
    }

    /// Puts an item on the first page of the grid, or takes it off.
    ///
    /// # Errors
    /// `item.unknown`, `favourites.full`.
    pub fn set_favourite(&self, sku: &str, on: bool) -> Result<Vec<Item>, Fault> {
        self.act(|turn| {
            let sku = Sku::new(sku)?;
            if on && catalogue::item(turn.conn(), &sku)?.is_none() {
                let message = format!("{sku} is not in the catalogue");
                return Err(TillError::refused("item.unknown", message).with("sku", &sku));
            }
            let mut chosen = chosen(turn.conn())?;
            chosen.retain(|one| *one != sku);
            if on {
                if chosen.len() >= FAVOURITES_MAX {
                    let message = format!("the first page holds {FAVOURITES_MAX} items");
                    return Err(TillError::refused("favourites.full", message));
                }
                chosen.push(sku);
            }
            turn.ledger.write_state(|conn| state::set(conn, FAVOURITES, &chosen))?;
            turn.changed([Topic::Catalogue]);
            favourites(turn.conn())
        })
    }
}

/// What a number is printed on.
pub(super) enum Number {
    /// A receipt.
    Document(String),
    /// The confirmation of a web order.
    Order(Uuid),
    /// Nothing of this till.
    None,
}

/// A code that no goods have may be printed on a receipt or on an order's confirmation.
pub(super) fn number(conn: &Connection, code: &str) -> Result<Number, TillError> {
    let number = code.to_uppercase();
    if query::document(conn, By::Number(&number))?.is_some() {
        return Ok(Number::Document(number));
    }
    match orders::by_number(conn, &number) {
        Ok(order) => Ok(Number::Order(order.row.order.0)),
        Err(TillError::Refused { .. }) => Ok(Number::None),
        Err(error) => Err(error),
    }
}

fn chosen(conn: &Connection) -> Result<Vec<Sku>, TillError> {
    Ok(state::get(conn, FAVOURITES)?.unwrap_or_default())
}

fn favourites(conn: &Connection) -> Result<Vec<Item>, TillError> {
    let mut rows = Vec::new();
    for sku in chosen(conn)? {
        rows.extend(catalogue::item(conn, &sku)?.filter(|item| !item.archived));
    }
    shown_items(conn, &rows)
}

/// What the figures of an item depend on beside the item.
pub(super) struct Here {
    location: LocationId,
    incarnation: u32,
    favourites: Vec<Sku>,
    now: Moment,
}

impl Here {
    pub(super) fn of(conn: &Connection) -> Result<Self, TillError> {
        let identity: Identity = state::get(conn, "identity")?.ok_or(TillError::NotEnrolled)?;
        let incarnations = query::incarnations(conn)?;
        Ok(Self {
            location: identity.location,
            incarnation: incarnations.last().map_or(0, |(_, incarnation)| *incarnation),
            favourites: chosen(conn)?,
            now: clock::now(),
        })
    }

    pub(super) fn show(&self, conn: &Connection, item: &ItemRow) -> Result<Item, TillError> {
        let known = stock::available(conn, &self.location, &item.sku, self.now, self.incarnation)?;
        Ok(Item {
            sku: item.sku.to_string(),
            product: item.product.clone(),
            name: item.name.clone(),
            options: printed_options(item),
            category: item.category.clone(),
            uom: item.uom,
            sold_by_weight: item.sold_by_weight,
            unit_price_micros: price_at(item, self.now.at_ms),
            mrp_minor: item.mrp_minor,
            policy: known.map(|known| known.policy).unwrap_or_default(),
            available_milli: known.map(|known| known.quantity),
            variants: catalogue::count_variants(conn, &item.product)?,
            favourite: self.favourites.contains(&item.sku),
        })
    }
}

pub(super) fn shown_items(conn: &Connection, rows: &[ItemRow]) -> Result<Vec<Item>, TillError> {
    let here = Here::of(conn)?;
    rows.iter().map(|item| here.show(conn, item)).collect()
}

pub(super) fn shown_item(turn: &Turn<'_>, item: &ItemRow) -> Result<Item, TillError> {
    Here::of(turn.conn())?.show(turn.conn(), item)
}
