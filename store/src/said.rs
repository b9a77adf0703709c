//! What an entry says as far as it can be read for itself: of one that this program cannot take as a whole, a till still
//! counts the movements and the money.

use daybook_domain::document::TenderType;
use daybook_domain::figures::AMOUNT_MINOR_MAX;
use daybook_domain::ids::{LocationId, ShiftId, Sku};
use daybook_domain::stock::MOVEMENT_MILLI_MAX;
use serde_json::Value;

/// A movement, as far as it matters to a level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Moved {
    pub(crate) location: LocationId,
    pub(crate) sku: Sku,
    pub(crate) quantity_milli: i64,
}

/// What could be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Said {
    /// Movements.
    pub(crate) moves: Vec<Moved>,
    /// The shift of the money.
    pub(crate) shift: Option<ShiftId>,
    /// Signed: what came in above zero, what went out below.
    pub(crate) money: Vec<(TenderType, i64)>,
    /// Whether something may be in it that could not be read.
    pub(crate) unread: bool,
}

impl Said {
    /// Reads what there is, and never fails.
    pub(crate) fn read(bytes: &[u8]) -> Self {
        let Ok(entry) = serde_json::from_slice::<Value>(bytes) else {
            return Self { unread: true, ..Self::default() };
        };
        let mut said = Self { shift: id(entry.get("shift")), ..Self::default() };
        let kind = entry.get("kind").and_then(Value::as_str).unwrap_or_default();
        let body = entry.get("body").unwrap_or(&Value::Null);
        said.movements(body);
        match kind {
            "sale.completed" | "exchange.completed" => said.document(body, 1),
            "refund.completed" | "sale.voided" => said.document(body, -1),
            "cash.paid_in" | "cash.loaned" => said.cash(body.get("amount_minor"), 1),
            "cash.paid_out" | "cash.dropped" => said.cash(body.get("amount_minor"), -1),
            "shift.opened" => {
                said.shift = id(body.get("shift"));
                said.cash(body.get("opening_float_minor"), 1);
            }
            "stock.received"
            | "stock.adjusted"
            | "stock.written_off"
            | "stock.transferred_out"
            | "stock.transferred_in" => {}
            // Of another kind nobody knows what it does.
            _ => said.unread |= said.moves.is_empty() || body.get("document").is_some(),
        }
        said
    }

    fn movements(&mut self, body: &Value) {
        let list = match body.get("movements") {
            None | Some(Value::Null) => return,
            Some(Value::Array(list)) => list,
            Some(_) => {
                self.unread = true;
                return;
            }
        };
        for movement in list {
            match moved(movement) {
                Some(moved) => self.moves.push(moved),
                None => self.unread = true,
            }
        }
    }

    fn document(&mut self, body: &Value, sign: i64) {
        let document = body.get("document").unwrap_or(&Value::Null);
        if document.get("training").and_then(Value::as_bool) == Some(true) {
            return;
        }
        let Some(tenders) = document.get("tenders").and_then(Value::as_array) else {
            self.unread = true;
            return;
        };
        for tender in tenders {
            let medium = tender.get("tender_type").cloned().map(serde_json::from_value);
            match (medium, within(tender.get("amount_minor"), AMOUNT_MINOR_MAX)) {
                (Some(Ok(medium)), Some(amount)) => self.money.push((medium, sign * amount)),
                (_, _) => self.unread = true,
            }
        }
    }

    fn cash(&mut self, amount: Option<&Value>, sign: i64) {
        match within(amount, AMOUNT_MINOR_MAX) {
            Some(amount) => self.money.push((TenderType::Cash, sign * amount)),
            None => self.unread = true,
        }
    }
}

fn moved(movement: &Value) -> Option<Moved> {
    let text = |name: &str| movement.get(name).and_then(Value::as_str);
    Some(Moved {
        location: LocationId::new(text("location")?).ok()?,
        sku: Sku::new(text("sku")?).ok()?,
        quantity_milli: within(movement.get("quantity_milli"), MOVEMENT_MILLI_MAX)?,
    })
}

fn within(number: Option<&Value>, max: i64) -> Option<i64> {
    number.and_then(Value::as_i64).filter(|number| (-max..=max).contains(number))
}

fn id(value: Option<&Value>) -> Option<ShiftId> {
    value.and_then(Value::as_str).and_then(|text| text.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(entry: &Value) -> Said {
        Said::read(entry.to_string().as_bytes())
    }

    #[test]
    fn what_stands_where_it_should_is_read_whatever_else_is_wrong() {
        let movement =
            json!({"sku": "TEA", "location": "shop", "quantity_milli": -2000, "reason": "gift"});
        let said = read(&json!({"v": 2, "kind": "sale.completed", "body": {
            "document": {"tenders": [
                {"tender_type": "shells", "amount_minor": 5}, {"tender_type": "cash", "amount_minor": 7}
            ]},
            "movements": [movement, ["TEA", "shop", -1000, "sale"]]
        }}));
        assert_eq!(said.moves.len(), 1);
        assert_eq!(said.moves[0].quantity_milli, -2000);
        assert_eq!(said.money, [(TenderType::Cash, 7)]);
        assert!(said.unread, "one tender and one movement");
    }

    #[test]
    fn an_unknown_kind_that_moves_goods_is_read_and_one_that_says_nothing_is_not() {
        let movement = json!({"sku": "TEA", "location": "shop", "quantity_milli": -1000});
        let rented = read(&json!({"kind": "sale.rented", "body": {"movements": [movement]}}));
        assert!(!rented.unread && rented.moves.len() == 1);
        assert!(read(&json!({"kind": "sale.rented", "body": {}})).unread);
        assert!(Said::read(b"\xff").unread);
    }
}
