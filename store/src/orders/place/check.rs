//! Whether an order can be read at all: every field within its limits.

use super::{Address, NewOrder};
use crate::orders::{OrderError, OrderSettings};
use daybook_domain::amount::Quantity;
use daybook_domain::catalogue::is_hidden;
use std::collections::BTreeMap;

/// Most lines of an order.
const LINES_MAX: usize = 100;
/// Longest note or gift message, characters.
const NOTE_MAX: usize = 1_000;
/// Longest name or line of an address, characters.
const TEXT_MAX: usize = 200;
/// Dearest shipping.
const SHIPPING_MAX: i64 = 1_000_000_000;

pub(super) fn check(new: &NewOrder, shop: &OrderSettings) -> Result<(), OrderError> {
    if new.lines.is_empty() || new.lines.len() > LINES_MAX {
        return Err(OrderError::field("lines", format_args!("must be 1 to {LINES_MAX}")));
    }
    let mut seen = BTreeMap::new();
    for (index, line) in new.lines.iter().enumerate() {
        if seen.insert(&line.sku, index).is_some() {
            let field = format!("lines[{index}].sku");
            return Err(OrderError::field(field, format_args!("{} stands there twice", line.sku)));
        }
        let field = format!("lines[{index}].quantity_milli");
        if line.quantity_milli <= Quantity::ZERO {
            return Err(OrderError::field(field, "must be above zero"));
        }
        if line.quantity_milli > shop.quantity_max_milli {
            let most = shop.quantity_max_milli.to_decimal();
            return Err(OrderError::field(field, format_args!("may be {most}")));
        }
    }
    let shipping = new.shipping_minor.unwrap_or_default();
    if !(0..=SHIPPING_MAX).contains(&shipping.0) {
        return Err(OrderError::field(
            "shipping_minor",
            format_args!("must be 0 to {SHIPPING_MAX}"),
        ));
    }
    limited("note", new.note.as_deref(), NOTE_MAX)?;
    limited("gift_message", new.gift_message.as_deref(), NOTE_MAX)?;
    limited("source", new.source.as_deref(), 20)?;
    let addresses =
        [("shipping_address", &new.shipping_address), ("billing_address", &new.billing_address)];
    for (field, address) in addresses {
        if let Some(address) = address {
            check_address(field, address)?;
        }
    }
    Ok(())
}

fn check_address(field: &str, address: &Address) -> Result<(), OrderError> {
    let named = |part: &str| format!("{field}.{part}");
    if address.name.trim().is_empty() {
        return Err(OrderError::field(named("name"), "must not be empty"));
    }
    if address.lines.len() > 8 {
        return Err(OrderError::field(named("lines"), "may be 8"));
    }
    limited(&named("name"), Some(&address.name), TEXT_MAX)?;
    for line in &address.lines {
        limited(&named("lines"), Some(line), TEXT_MAX)?;
    }
    for (part, text) in
        [("tax_id", &address.tax_id), ("phone", &address.phone), ("email", &address.email)]
    {
        limited(&named(part), text.as_deref(), TEXT_MAX)?;
    }
    if address.state_code.is_some() && address.place().is_none() {
        return Err(OrderError::field(named("state_code"), "is no State code"));
    }
    Ok(())
}

pub(in crate::orders) fn limited(
    field: &str,
    text: Option<&str>,
    max: usize,
) -> Result<(), OrderError> {
    let text = text.unwrap_or_default();
    if text.chars().count() > max {
        return Err(OrderError::field(field, format_args!("may have {max} characters")));
    }
    match text.chars().find(|c| is_hidden(*c) && *c != '\n') {
        Some(found) => Err(OrderError::field(field, format_args!("may not contain {found:?}"))),
        None => Ok(()),
    }
}
