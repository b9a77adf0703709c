//! What tills did with web orders.

use super::{Placed, Unapplied};
use crate::db::Tx;
use crate::orders::{self, Deed, Done, OrderError};
use daybook_domain::entry::Fact;
use daybook_domain::ids::OrderId;

pub(super) fn apply(tx: &mut Tx<'_>, facts: &[Placed<'_>]) -> Result<(), Unapplied> {
    for placed in facts {
        if let Some((order, deed)) = deed_of(placed.fact) {
            let actor = placed.meta.staff.as_ref().map_or("till", |staff| staff.as_str());
            let (till, at_ms) = (placed.till, placed.meta.at_ms);
            take(tx, &Done { deed, order, till, actor, at_ms })?;
        }
    }
    Ok(())
}

fn take(tx: &mut Tx<'_>, done: &Done<'_>) -> Result<(), Unapplied> {
    orders::take(tx, done).map_err(|error| match error {
        OrderError::Db(error) => error.into(),
        OrderError::Unknown => {
            Unapplied::new("order.unknown", format!("order: there is no order {}", done.order))
        }
        other => Unapplied::new(other.code(), other),
    })
}

fn deed_of(fact: &Fact) -> Option<(OrderId, Deed<'_>)> {
    if let Fact::OrderPicked(picked) = fact {
        return Some((picked.order, Deed::Picked));
    }
    if let Fact::OrderShipped(shipped) = fact {
        let carrier = shipped.carrier.as_deref();
        return Some((shipped.order, Deed::Shipped { carrier, tracking: &shipped.tracking }));
    }
    if let Fact::OrderHandedOver(handed) = fact {
        return Some((handed.order, Deed::HandedOver));
    }
    None
}
