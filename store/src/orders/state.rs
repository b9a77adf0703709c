//! The state of an order: held under a lock, written with its history.

use super::{By, OrderError};
use crate::args;
use crate::db::{DbError, Row, Tx};
use crate::gate::Dirty;
use daybook_domain::amount::Minor;
use daybook_domain::ids::{LocationId, OrderId};
use daybook_domain::order::{CancelReason, OrderState, Stage};

/// An order held until the end of the transaction, as the rules see it.
pub(super) struct Locked {
    pub(super) id: OrderId,
    pub(super) number: String,
    pub(super) state: OrderState,
    pub(super) name: String,
    pub(super) total: Minor,
    pub(super) location: LocationId,
}

/// Reads an order and keeps others from it. The order comes before the levels, so that nobody waits in a circle.
pub(super) fn lock(tx: &mut Tx<'_>, id: OrderId) -> Result<Locked, OrderError> {
    let tenant = tx.tenant();
    let row = tx.query_opt(
        "UPDATE web_order SET version = version + 1 WHERE tenant_id = $1 AND order_id = $2
         RETURNING number, state, short, stage, tracking, cancel_reason, paid_minor, refunded_minor, total_minor,
                   expires_at_ms, location_id",
        args![tenant, id],
    )?;
    let row = row.ok_or(OrderError::Unknown)?;
    Ok(Locked {
        id,
        number: row.text(0)?.to_owned(),
        name: row.text(1)?.to_owned(),
        state: state(&row).map_err(|_| DbError::corrupt("web_order", id))?,
        total: Minor(row.int(8)?),
        location: row.parsed(10, "web_order")?,
    })
}

fn state(row: &Row) -> Result<OrderState, DbError> {
    let corrupt = || DbError::corrupt("web_order", "state");
    let stage = |name: &str| -> Result<Stage, DbError> {
        Ok(match name {
            "paid" => Stage::Paid { short: row.bool(2)? },
            "processing" => Stage::Processing,
            "shipped" => {
                Stage::Shipped { tracking: row.opt_text(4)?.unwrap_or_default().to_owned() }
            }
            "delivered" => Stage::Delivered,
            _ => return Err(corrupt()),
        })
    };
    let (paid_minor, refunded_minor) = (Minor(row.int(6)?), Minor(row.int(7)?));
    Ok(match row.text(1)? {
        "pending" => OrderState::Pending { expires_at_ms: row.opt_int(9)?.ok_or_else(corrupt)? },
        "cancelled" => OrderState::Cancelled {
            why: match row.opt_text(5)? {
                Some("customer") => CancelReason::Customer,
                Some("staff") => CancelReason::Staff,
                Some("window_ended") => CancelReason::WindowEnded,
                Some("payment_failed") => CancelReason::PaymentFailed,
                Some(_) | None => return Err(corrupt()),
            },
        },
        "refunded" => OrderState::Refunded { refunded_minor },
        "partially_refunded" => OrderState::PartiallyRefunded {
            stage: stage(row.text(3)?)?,
            paid_minor,
            refunded_minor,
        },
        name => OrderState::Open { stage: stage(name)?, paid_minor },
    })
}

/// Writes a state, with its event in the history.
pub(super) fn store_state(
    tx: &mut Tx<'_>,
    before: &Locked,
    after: &OrderState,
    event_name: &str,
    by: &By,
) -> Result<(), OrderError> {
    write_state(tx, before.id, after)?;
    event(tx, before.id, event_name, Some(&before.name), after.name(), by)?;
    tx.touch(Dirty::Order(before.id));
    Ok(())
}

/// Writes a state alone.
pub(super) fn write_state(tx: &mut Tx<'_>, id: OrderId, after: &OrderState) -> Result<(), DbError> {
    let tenant = tx.tenant();
    let mut row = StateRow::default();
    match after {
        OrderState::Pending { expires_at_ms } => row.expires_at_ms = Some(*expires_at_ms),
        OrderState::Cancelled { why } => row.cancel = Some(cancel_word(*why)),
        OrderState::Refunded { .. } => {}
        OrderState::Open { stage, .. } | OrderState::PartiallyRefunded { stage, .. } => {
            row.of_stage(stage);
        }
    }
    tx.execute(
        "UPDATE web_order SET state = $3, short = $4, stage = coalesce($5, stage), tracking = coalesce($6, tracking),
             cancel_reason = $7, expires_at_ms = $8
         WHERE tenant_id = $1 AND order_id = $2",
        args![
            tenant,
            id,
            *after.name(),
            row.short,
            row.stage,
            row.tracking,
            row.cancel,
            row.expires_at_ms
        ],
    )?;
    Ok(())
}

#[derive(Default)]
struct StateRow<'a> {
    short: bool,
    stage: Option<&'a str>,
    tracking: Option<&'a str>,
    cancel: Option<&'a str>,
    expires_at_ms: Option<i64>,
}

impl<'a> StateRow<'a> {
    fn of_stage(&mut self, stage: &'a Stage) {
        self.stage = Some(match stage {
            Stage::Paid { short } => {
                self.short = *short;
                "paid"
            }
            Stage::Processing => "processing",
            Stage::Shipped { tracking } => {
                self.tracking = Some(tracking);
                "shipped"
            }
            Stage::Delivered => "delivered",
        });
    }
}

fn cancel_word(why: CancelReason) -> &'static str {
    match why {
        CancelReason::Customer => "customer",
        CancelReason::Staff => "staff",
        CancelReason::WindowEnded => "window_ended",
        CancelReason::PaymentFailed => "payment_failed",
    }
}

/// Notes what happened to an order now.
pub(super) fn event(
    tx: &mut Tx<'_>,
    id: OrderId,
    kind: &str,
    from: Option<&str>,
    to: &str,
    by: &By,
) -> Result<(), DbError> {
    let at_ms = tx.now_ms();
    note(tx, id, &Noted { kind, from, to, actor: &by.actor, detail: &by.reason, at_ms })
}

/// A row of an order's history.
pub(super) struct Noted<'a> {
    pub(super) kind: &'a str,
    pub(super) from: Option<&'a str>,
    pub(super) to: &'a str,
    pub(super) actor: &'a str,
    pub(super) detail: &'a str,
    pub(super) at_ms: i64,
}

/// Notes what happened to an order.
pub(super) fn note(tx: &mut Tx<'_>, id: OrderId, noted: &Noted<'_>) -> Result<(), DbError> {
    let tenant = tx.tenant();
    let Noted { kind, from, to, actor, detail, at_ms } = noted;
    tx.execute(
        "INSERT INTO order_event (tenant_id, order_id, event_no, kind, from_state, to_state, actor, detail, at_ms)
         SELECT $1, $2, coalesce(max(event_no), 0) + 1, $3, $4, $5, $6, $7, $8
         FROM order_event WHERE tenant_id = $1 AND order_id = $2",
        args![tenant, id, *kind, *from, *to, *actor, *detail, *at_ms],
    )?;
    Ok(())
}
