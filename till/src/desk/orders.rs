//! Web orders of this shop.

use super::{Approval, Desk, Fault, Turn};
use crate::error::TillError;
use crate::orders::{self, Parcel, Standing, Which};
use crate::requests::RequestState;
use daybook_domain::amount::{Minor, Quantity};
use daybook_domain::ids::OrderId;
use daybook_domain::order::Fulfilment;
use daybook_sync::message::Outcome;
use serde::Serialize;
use specta::Type;
use uuid::Uuid;

/// A line of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct OrderLine {
    /// SKU.
    pub sku: String,
    /// Name, where the catalogue here has it.
    pub name: Option<String>,
    /// Quantity.
    pub quantity_milli: Quantity,
}

/// The last wish to call an order off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum OrderCancel {
    /// The store has not answered.
    Waiting,
    /// It was called off.
    Done,
    /// The store said no.
    Refused {
        /// Its code.
        code: String,
    },
}

/// A web order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct OrderView {
    /// Id.
    pub id: Uuid,
    /// Number.
    pub number: String,
    /// What is to be done next.
    pub standing: Standing,
    /// Collected at the counter, else sent; unknown from an older store.
    pub collect: Option<bool>,
    /// Total.
    pub total_minor: Minor,
    /// Paid so far.
    pub paid_minor: Minor,
    /// When it was placed.
    pub placed_at_ms: Option<i64>,
    /// Who comes for it, or gets it.
    pub customer_name: Option<String>,
    /// Their telephone.
    pub customer_phone: Option<String>,
    /// Where it goes.
    pub ship_to: Vec<String>,
    /// Note to the shop.
    pub note: Option<String>,
    /// Gift message.
    pub gift_message: Option<String>,
    /// Goods were missing when it was paid.
    pub short: bool,
    /// Lines.
    pub items: Vec<OrderLine>,
    /// Who carries it.
    pub carrier: Option<String>,
    /// Tracking number.
    pub tracking: Option<String>,
    /// The last wish to call it off.
    pub cancel: Option<OrderCancel>,
}

impl From<orders::OrderView> for OrderView {
    fn from(view: orders::OrderView) -> Self {
        let row = view.row;
        let ship_to = row.ship_to.map(|party| {
            let region = party.state.map(|state| state.name);
            [party.name].into_iter().chain(party.address).chain(region).collect()
        });
        Self {
            id: row.order.0,
            number: row.number,
            standing: view.standing,
            collect: row.fulfilment.map(|way| way == Fulfilment::Collect),
            total_minor: row.total_minor,
            paid_minor: row.paid_minor.unwrap_or_default(),
            placed_at_ms: row.placed_at_ms,
            customer_name: row.customer_name,
            customer_phone: row.customer_phone,
            ship_to: ship_to.unwrap_or_default(),
            note: row.note,
            gift_message: row.gift_message,
            short: row.short,
            items: view
                .items
                .into_iter()
                .map(|item| OrderLine {
                    sku: item.sku.to_string(),
                    name: item.name,
                    quantity_milli: item.quantity_milli,
                })
                .collect(),
            carrier: row.carrier,
            tracking: row.tracking,
            cancel: view.cancel.map(|state| match state {
                RequestState::Waiting => OrderCancel::Waiting,
                RequestState::Answered { outcome: Outcome::Refused { code } } => {
                    OrderCancel::Refused { code }
                }
                RequestState::Answered { .. } => OrderCancel::Done,
            }),
        }
    }
}

impl Desk {
    /// Web orders of this shop: those with something left to do, or all.
    ///
    /// # Errors
    /// `ledger.…`.
    pub fn orders(&self, open: bool) -> Result<Vec<OrderView>, Fault> {
        let which = if open { Which::Open } else { Which::All };
        self.look(|conn| Ok(orders::list(conn, which)?.into_iter().map(OrderView::from).collect()))
    }

    /// One order.
    ///
    /// # Errors
    /// `order.unknown`.
    pub fn order(&self, id: Uuid) -> Result<OrderView, Fault> {
        self.look(|conn| Ok(orders::detail(conn, OrderId(id))?.into()))
    }

    /// Its goods were put together.
    ///
    /// # Errors
    /// `order.…`.
    pub fn pick_order(&self, id: Uuid) -> Result<OrderView, Fault> {
        self.act(|turn| {
            let who = turn.who()?;
            let topics = orders::pick(turn.ledger, &who, OrderId(id))?;
            turn.changed(topics);
            turn.order(id)
        })
    }

    /// It was handed over.
    ///
    /// # Errors
    /// `order.…`.
    pub fn hand_over_order(&self, id: Uuid) -> Result<OrderView, Fault> {
        self.act(|turn| {
            let who = turn.who()?;
            let topics = orders::hand_over(turn.ledger, &who, OrderId(id))?;
            turn.changed(topics);
            turn.order(id)
        })
    }

    /// It left with a carrier.
    ///
    /// # Errors
    /// `order.…`.
    pub fn ship_order(
        &self,
        id: Uuid,
        carrier: Option<String>,
        tracking: String,
    ) -> Result<OrderView, Fault> {
        self.act(|turn| {
            let who = turn.who()?;
            let parcel = Parcel { carrier, tracking };
            let topics = orders::ship(turn.ledger, &who, OrderId(id), &parcel)?;
            turn.changed(topics);
            turn.order(id)
        })
    }

    /// Asks the store to call it off.
    ///
    /// # Errors
    /// `store.offline`, `order.…`, `request.waiting`, `approval.…`.
    pub fn cancel_order(
        &self,
        id: Uuid,
        reason: &str,
        approval: Option<&Approval>,
    ) -> Result<OrderView, Fault> {
        self.act(|turn| {
            let who = turn.who_with(approval)?;
            orders::ask_cancel(turn.ledger, &who, OrderId(id), reason)?;
            // The exchange is woken by what is in the journal; a wish is worth one too.
            turn.changed([crate::ledger::Topic::Orders, crate::ledger::Topic::Journal]);
            turn.order(id)
        })
    }
}

impl Turn<'_> {
    fn order(&self, id: Uuid) -> Result<OrderView, TillError> {
        Ok(orders::detail(self.conn(), OrderId(id))?.into())
    }
}
