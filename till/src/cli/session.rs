//! What every act of the command line begins with: the ledger and the people.

use super::args::{Arguments, Goods, Tenders};
use super::output::Output;
use crate::balances;
use crate::catalogue::{self, Scan};
use crate::clock;
use crate::error::TillError;
use crate::ledger::Ledger;
use crate::sell::snapshot;
use crate::staff::{self, Who};
use daybook_domain::amount::{Currency, Minor, Quantity};
use daybook_domain::balance::Medium;
use daybook_domain::basket::Basket;
use daybook_domain::document::TenderType;
use daybook_domain::ids::{Sku, StaffId};
use daybook_domain::tender::Offer;

/// Runs with the ledger open, and closes it whatever came of it.
pub(super) fn with_ledger<T>(
    arguments: &Arguments,
    run: impl FnOnce(&mut Ledger) -> Result<T, TillError>,
) -> Result<T, TillError> {
    let mut ledger = Ledger::open(&arguments.data)?;
    let result = run(&mut ledger);
    close(arguments, ledger);
    result
}

/// Closes the ledger. What was done is committed: where only the note that it was closed cannot be written, the next start
/// looks closer, and whoever acted is warned and not told that the act failed.
pub(super) fn close(arguments: &Arguments, ledger: Ledger) {
    if let Err(error) = ledger.close() {
        let message =
            format!("what was done is kept, but the ledger was not closed in order: {error}");
        Output::new(arguments.json).warning(error.code(), &message);
    }
}

/// Runs as the person of the arguments.
pub(super) fn with_person<T>(
    arguments: &Arguments,
    run: impl FnOnce(&mut Ledger, &Who) -> Result<T, TillError>,
) -> Result<T, TillError> {
    with_ledger(arguments, |ledger| {
        let who = person(arguments, ledger)?;
        run(ledger, &who)
    })
}

pub(super) fn person(arguments: &Arguments, ledger: &mut Ledger) -> Result<Who, TillError> {
    let (Some(staff), Some(pin)) = (&arguments.staff, &arguments.pin) else {
        return Err(TillError::bad("staff", "--staff and --pin are needed for this"));
    };
    let moment = clock::now();
    // Before a new incarnation nobody can sign in; the act itself says so.
    let (actor, _) = staff::sign_in(ledger, moment, &StaffId::new(staff.as_str())?, pin)?;
    let approver = match (&arguments.approver, &arguments.approver_pin) {
        (Some(staff), Some(pin)) => {
            Some(staff::check_pin(ledger, moment, &StaffId::new(staff.as_str())?, pin)?)
        }
        (Some(_), None) => return Err(TillError::bad("approver-pin", "is missing")),
        (None, _) => None,
    };
    Ok(Who { moment: clock::now(), data_at_ms: None, actor, approver })
}

/// `SKU` or `SKU*QUANTITY`.
pub(super) fn goods(goods: &Goods) -> Result<Vec<(Sku, Quantity)>, TillError> {
    goods
        .skus
        .iter()
        .map(|text| {
            let (sku, quantity) = match text.rsplit_once('*') {
                Some((sku, quantity)) => (sku, decimal("sku", quantity, 3)?),
                None => (text.as_str(), 1000),
            };
            Ok((Sku::new(sku)?, Quantity(quantity)))
        })
        .collect()
}

/// A basket of SKUs or codes at today's prices.
pub(super) fn basket(ledger: &Ledger, wanted: &Goods) -> Result<Basket, TillError> {
    let at_ms = clock::now().at_ms;
    let day = match &ledger.live()?.shift {
        Some(shift) => shift.day.clone(),
        None => return Err(TillError::refused("shift.none_open", "no shift is open")),
    };
    let settings = catalogue::settings(ledger.reader())?;
    let mut basket = Basket::new();
    for (sku, quantity) in goods(wanted)? {
        let unknown =
            || TillError::refused("item.unknown", format!("{sku} is not in the catalogue"));
        let scan = catalogue::scan(
            ledger.reader(),
            &settings.label_layouts,
            settings.currency,
            sku.as_str(),
        )?;
        let added = match scan {
            Scan::Unknown => return Err(unknown()),
            Scan::Items(found, each) => {
                let item = found.first().ok_or_else(unknown)?;
                let quantity = catalogue::in_all(Some(quantity), each)?.unwrap_or(quantity);
                basket.add(snapshot(ledger.reader(), item, at_ms, &day)?, quantity)
            }
            Scan::Label(item, label) => {
                catalogue::one_label(Some(quantity))?;
                let item = snapshot(ledger.reader(), &item, at_ms, &day)?;
                basket.add_label(item, label, settings.currency)
            }
        };
        added.map_err(|error| TillError::refused(error.code(), error.to_string()))?;
    }
    for card in &wanted.cards {
        let (amount, number) = match card.split_once(':') {
            Some((amount, number)) => (amount, Some(number)),
            None => (card.as_str(), None),
        };
        let amount = money("new-gift-card", amount, settings.currency)?;
        balances::add_card(&mut basket, amount, number)?;
    }
    Ok(basket)
}

/// The tenders of the arguments; none when none was named.
pub(super) fn offers(tenders: &Tenders, currency: Currency) -> Result<Vec<Offer>, TillError> {
    let mut offers = Vec::new();
    for (tender_type, amount) in [
        (TenderType::Card, &tenders.card),
        (TenderType::Upi, &tenders.upi),
        (TenderType::GiftCard, &tenders.gift_card),
        (TenderType::StoreCredit, &tenders.store_credit),
    ] {
        if let Some(text) = amount {
            let amount = match text.as_str() {
                "rest" => None,
                text => Some(money("tender", text, currency)?),
            };
            offers.push(Offer {
                reference: reference(tender_type, tenders)?,
                hold: tenders.hold.filter(|_| Medium::of(tender_type).is_some()),
                ..Offer::of(tender_type, amount)
            });
        }
    }
    if let Some(text) = &tenders.cash {
        let given = match text.as_str() {
            "exact" => None,
            text => Some(money("cash", text, currency)?),
        };
        offers.push(Offer { given, ..Offer::of(TenderType::Cash, None) });
    }
    Ok(offers)
}

/// What the arguments say of a tender; numbers of balances as they are kept.
fn reference(tender_type: TenderType, tenders: &Tenders) -> Result<Option<String>, TillError> {
    let Some(text) = &tenders.reference else { return Ok(None) };
    match Medium::of(tender_type) {
        Some(_) => Ok(Some(balances::number(text)?.as_str().to_owned())),
        None => Ok(Some(text.clone())),
    }
}

/// A text that should be an id.
pub(super) fn no_uuid(field: &str, text: &str) -> TillError {
    TillError::bad(field, format!("{text:?} is no UUID"))
}

/// An amount in major units.
pub(super) fn money(field: &str, text: &str, currency: Currency) -> Result<Minor, TillError> {
    let digits = usize::try_from(currency.exponent()).unwrap_or(2);
    decimal(field, text, digits).map(Minor)
}

/// A decimal number as an integer of its last digit.
pub(super) fn decimal(field: &str, text: &str, digits: usize) -> Result<i64, TillError> {
    let wrong = || TillError::bad(field, format!("{text:?} is no number with {digits} decimals"));
    let (sign, body) = match text.strip_prefix('-') {
        Some(body) => (-1, body),
        None => (1, text),
    };
    let (whole, part) = body.split_once('.').unwrap_or((body, ""));
    if whole.is_empty() || part.len() > digits {
        return Err(wrong());
    }
    let all = format!("{whole}{part:0<digits$}");
    if !all.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong());
    }
    all.parse::<i64>().ok().and_then(|value| value.checked_mul(sign)).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_exactly_or_refused() {
        assert_eq!(decimal("cash", "499.5", 2).unwrap(), 49_950);
        assert_eq!(decimal("cash", "-3", 3).unwrap(), -3_000);
        for text in ["", ".5", "1.005", "1,5", "1e3", "--1", "99999999999999999999"] {
            assert!(decimal("cash", text, 2).is_err(), "{text}");
        }
    }
}
