//! Web orders, as the till of their location needs them: what to pick, for whom, how far it has come.

use super::Rendered;
use crate::args;
use crate::db::{DbError, Row, Tx};
use crate::orders::{Address, fulfilment};
use daybook_domain::amount::{Minor, Quantity};
use daybook_domain::feed::OrderRow;
use daybook_domain::ids::OrderId;
use daybook_domain::order::Fulfilment;

pub(super) fn order(tx: &mut Tx<'_>, order: OrderId) -> Result<Rendered, DbError> {
    let tenant = tx.tenant();
    let lines = tx
        .query(
            "SELECT sku, quantity_milli FROM order_line WHERE tenant_id = $1 AND order_id = $2 ORDER BY line_no",
            args![tenant, order],
        )?
        .iter()
        .map(|row| Ok((row.parsed(0, "order_line")?, Quantity(row.int(1)?))))
        .collect::<Result<Vec<_>, DbError>>()?;
    let row = tx.query_one(
        "SELECT o.location_id, o.number, o.state, o.stage, o.total_minor, o.paid_minor, o.refunded_minor, o.short,
                o.fulfilment, o.placed_at_ms, o.picked_at_ms, o.handed_over_at_ms, o.carrier, o.tracking, o.note,
                o.gift_message, o.shipping_address, o.billing_address, c.name, c.phone
         FROM web_order o LEFT JOIN customer c ON c.tenant_id = o.tenant_id AND c.customer_id = o.customer_id
              AND c.erased_at_ms IS NULL
         WHERE o.tenant_id = $1 AND o.order_id = $2",
        args![tenant, order],
    )?;
    let (location, mut value) = (row.text(0)?.to_owned(), order_row(order, &row)?);
    value.lines = lines;
    Rendered::of(format!("order/{order}"), location, Some(&value))
}

fn order_row(order: OrderId, row: &Row) -> Result<OrderRow, DbError> {
    let text = |column| row.opt_text(column).map(|text| text.map(str::to_owned));
    let address = |column| -> Result<Option<Address>, DbError> {
        let json = row.opt_text(column)?;
        let read = |json| serde_json::from_str(json);
        json.map(read).transpose().map_err(|_| DbError::corrupt("web_order", order))
    };
    let (shipping, billing) = (address(16)?, address(17)?);
    let contact = shipping.as_ref().or(billing.as_ref());
    let paid = row.int(5)?;
    let fulfilment = fulfilment(row.text(8)?)?;
    let ship_to = match fulfilment {
        Fulfilment::Ship => shipping.as_ref().map(Address::party),
        Fulfilment::Collect => None,
    };
    Ok(OrderRow {
        order,
        number: row.text(1)?.to_owned(),
        state: row.text(2)?.to_owned(),
        total_minor: Minor(row.int(4)?),
        lines: Vec::new(),
        stage: if paid > 0 { Some(row.text(3)?.to_owned()) } else { None },
        fulfilment: Some(fulfilment),
        placed_at_ms: Some(row.int(9)?),
        paid_minor: Some(Minor(paid)),
        refunded_minor: Some(Minor(row.int(6)?)),
        short: row.bool(7)?,
        customer_name: contact.map(|contact| contact.name.clone()).or(text(18)?),
        customer_phone: contact.and_then(|contact| contact.phone.clone()).or(text(19)?),
        ship_to,
        note: text(14)?,
        gift_message: text(15)?,
        picked_at_ms: row.opt_int(10)?,
        handed_over_at_ms: row.opt_int(11)?,
        carrier: text(12)?,
        tracking: text(13)?,
    })
}
