//! Web orders handed over at a till.

use super::{Placed, Unapplied};
use crate::args;
use crate::db::Tx;
use crate::exceptions::{Raised, raise};
use crate::gate::Dirty;
use daybook_domain::entry::{Fact, OrderHandedOver};

pub(super) fn apply(tx: &mut Tx<'_>, facts: &[Placed<'_>]) -> Result<(), Unapplied> {
    for placed in facts {
        if let Fact::OrderHandedOver(handed) = placed.fact {
            hand_over(tx, placed, handed)?;
        }
    }
    Ok(())
}

fn hand_over(
    tx: &mut Tx<'_>,
    placed: &Placed<'_>,
    handed: &OrderHandedOver,
) -> Result<(), Unapplied> {
    let tenant = tx.tenant();
    let row = tx.query_opt(
        "SELECT state, number, handed_over_at_ms FROM web_order WHERE tenant_id = $1 AND order_id = $2",
        args![tenant, handed.order],
    )?;
    let Some(row) = row else {
        return Err(Unapplied::new(
            "order.unknown",
            format!("order: there is no order {}", handed.order),
        ));
    };
    let (state, number) = (row.text(0)?, row.text(1)?);
    let wrong = match (state, row.opt_int(2)?) {
        (_, Some(_)) => Some("order.handed_over_twice"),
        ("cancelled" | "refunded", None) => Some("order.handed_over_cancelled"),
        ("pending", None) => Some("order.handed_over_unpaid"),
        (_, None) => None,
    };
    if let Some(kind) = wrong {
        let raised = Raised {
            kind,
            subject: format!("order/{}", handed.order),
            till: Some(placed.till),
            order: Some(handed.order),
            detail: format!("order {number} was handed over at a till while it was {state}"),
            ..Raised::default()
        };
        return Ok(raise(tx, &raised)?);
    }
    tx.execute(
        "UPDATE web_order SET handed_over_at_ms = $3, stage = 'delivered', version = version + 1,
             state = CASE WHEN state IN ('paid', 'processing', 'shipped') THEN 'delivered' ELSE state END
         WHERE tenant_id = $1 AND order_id = $2",
        args![tenant, handed.order, placed.meta.at_ms],
    )?;
    let actor = placed.meta.staff.as_ref().map_or_else(|| "till".to_owned(), ToString::to_string);
    let to_state =
        if matches!(state, "paid" | "processing" | "shipped") { "delivered" } else { state };
    tx.execute(
        "INSERT INTO order_event (tenant_id, order_id, event_no, kind, from_state, to_state, actor, at_ms)
         SELECT $1, $2, coalesce(max(event_no), 0) + 1, 'handed_over', $3, $4, $5, $6
         FROM order_event WHERE tenant_id = $1 AND order_id = $2",
        args![tenant, handed.order, state, to_state, actor, placed.meta.at_ms],
    )?;
    tx.touch(Dirty::Order(handed.order));
    Ok(())
}
