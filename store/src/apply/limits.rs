//! What an entry may say before its figures are looked at: no text that a column cannot hold, no number that could make
//! a sum leave its range. The limits leave room for any shop; what is beyond them waits for a person.

use super::Unapplied;
use daybook_domain::amount::{Minor, Quantity};
use daybook_domain::entry::{CountLine, Fact, Movement};
use daybook_domain::figures::check_amounts;
use daybook_domain::shift::CASH_MINOR_MAX;
use daybook_domain::stock::MOVEMENT_MILLI_MAX;

/// Largest integer that the protocol allows, either sign: 2^53 − 1.
pub(crate) const INTEGER_MAX: u64 = (1 << 53) - 1;
/// Integers with fewer digits need not be looked at.
const DIGITS_FROM: usize = 16;
/// U+0000 as JSON writes it.
const NUL: &[u8] = b"\\u0000";

/// Checks the bytes of an entry that is known to be JSON.
pub(crate) fn check_json(json: &[u8]) -> Result<(), Unapplied> {
    if holds_nul(json) {
        return Err(Unapplied::new("entry.nul", "a text holds U+0000"));
    }
    match too_large(json) {
        Some(number) => {
            Err(Unapplied::new("entry.out_of_range", format!("{number} is not between ±2^53")))
        }
        None => Ok(()),
    }
}

/// Whether a text in this JSON, or the JSON itself, holds U+0000, which PostgreSQL cannot keep in a text.
pub(crate) fn holds_nul(json: &[u8]) -> bool {
    let escaped = |at: usize| {
        // An even number of backslashes before it are pairs of their own.
        let before = json.iter().take(at).rev().take_while(|byte| **byte == b'\\').count();
        before % 2 == 0
    };
    json.contains(&0)
        || json.windows(NUL.len()).enumerate().any(|(at, six)| six == NUL && escaped(at))
}

/// The first integer outside of the protocol's range.
fn too_large(json: &[u8]) -> Option<&str> {
    let mut at = 0;
    while let Some(byte) = json.get(at) {
        let rest = json.get(at..)?;
        if *byte == b'"' {
            at += length_of_text(rest);
        } else if byte.is_ascii_digit() {
            let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
            let number = rest.get(..digits).and_then(|digits| std::str::from_utf8(digits).ok())?;
            let fits = || number.parse::<u64>().is_ok_and(|number| number <= INTEGER_MAX);
            if digits >= DIGITS_FROM && !fits() {
                return Some(number);
            }
            at += digits;
        } else {
            at += 1;
        }
    }
    None
}

/// How many bytes a JSON text takes, with its quotation marks.
fn length_of_text(json: &[u8]) -> usize {
    let mut at = 1;
    loop {
        match json.get(at) {
            Some(b'\\') => at += 2,
            Some(b'"') | None => return at + 1,
            Some(_) => at += 1,
        }
    }
}

/// Checks how large the quantities and amounts of a fact are.
pub(crate) fn check_fact(fact: &Fact) -> Result<(), Unapplied> {
    match fact {
        Fact::SaleCompleted(sale)
        | Fact::RefundCompleted(sale)
        | Fact::ExchangeCompleted(sale)
        | Fact::SaleVoided(sale) => {
            check_amounts(&sale.document)
                .map_err(|error| Unapplied::new(error.code(), format!("body.document: {error}")))?;
            movements(&sale.movements)
        }
        Fact::StockReceived(moved)
        | Fact::StockAdjusted(moved)
        | Fact::StockWrittenOff(moved)
        | Fact::StockTransferredOut(moved)
        | Fact::StockTransferredIn(moved) => movements(&moved.movements),
        Fact::CashPaidIn(cash)
        | Fact::CashPaidOut(cash)
        | Fact::CashDropped(cash)
        | Fact::CashLoaned(cash) => holding("body.amount_minor", cash.amount_minor),
        Fact::ShiftOpened(opened) => {
            holding("body.opening_float_minor", opened.opening_float_minor)
        }
        Fact::StockCounted(counted) => counts(&counted.lines),
        Fact::IncarnationStarted(_)
        | Fact::AppStarted(_)
        | Fact::StaffSignedIn(_)
        | Fact::StaffSignedOut(_)
        | Fact::StaffSignInFailed(_)
        | Fact::StaffLocked(_)
        | Fact::ShiftClosed(_)
        | Fact::XReport(_)
        | Fact::DrawerOpened(_)
        | Fact::BasketParked(_)
        | Fact::BasketRecalled(_)
        | Fact::BasketAborted(_)
        | Fact::ReceiptReprinted(_)
        | Fact::CustomerCreated(_)
        | Fact::OrderPicked(_)
        | Fact::OrderShipped(_)
        | Fact::OrderHandedOver(_)
        | Fact::ClockJumped(_)
        | Fact::Statement(_) => Ok(()),
    }
}

fn movements(movements: &[Movement]) -> Result<(), Unapplied> {
    let large = movements.iter().position(|movement| is_large(movement.quantity_milli));
    large.map_or(Ok(()), |index| {
        let detail = format!(
            "body.movements[{index}].quantity_milli may not exceed {MOVEMENT_MILLI_MAX} either way"
        );
        Err(Unapplied::new("movement.too_large", detail))
    })
}

fn counts(lines: &[CountLine]) -> Result<(), Unapplied> {
    let large =
        lines.iter().position(|line| is_large(line.counted_milli) || is_large(line.expected_milli));
    large.map_or(Ok(()), |index| {
        let detail = format!(
            "body.lines[{index}]: a quantity may not exceed {MOVEMENT_MILLI_MAX} either way"
        );
        Err(Unapplied::new("count.too_large", detail))
    })
}

fn is_large(quantity: Quantity) -> bool {
    quantity.0.unsigned_abs() > MOVEMENT_MILLI_MAX.unsigned_abs()
}

fn holding(field: &str, amount: Minor) -> Result<(), Unapplied> {
    if amount.0.unsigned_abs() <= CASH_MINOR_MAX.unsigned_abs() {
        return Ok(());
    }
    Err(Unapplied::new("cash.too_large", format!("{field} may not exceed {CASH_MINOR_MAX}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nul_is_found_however_it_is_written() {
        for (json, found) in [
            (&b"{\"a\":\"x\\u0000y\"}"[..], true),
            (b"{\"a\":\"\\\\\\u0000\"}", true),
            (b"{\"\\u0000\":1}", true),
            (b"{\"a\":\"\0\"}", true),
            (b"{\"a\":\"\\\\u0000\"}", false),
            (b"{\"a\":\"\\u00001\"}", true),
            (b"{\"a\":\"\\u0001\"}", false),
            (b"{\"a\":\"u0000\"}", false),
        ] {
            assert_eq!(holds_nul(json), found, "{}", String::from_utf8_lossy(json));
        }
    }

    #[test]
    fn an_integer_outside_of_the_protocol_is_found_and_a_text_is_none() {
        for (json, found) in [
            (r#"{"a":9007199254740991,"b":-9007199254740991}"#, None),
            (r#"{"a":9007199254740992}"#, Some("9007199254740992")),
            (r#"{"a":[1,-9223372036854775808]}"#, Some("9223372036854775808")),
            (r#"{"a":123456789012345678901234567890}"#, Some("123456789012345678901234567890")),
            (r#"{"a":"9223372036854775808","b":"\"9223372036854775808"}"#, None),
            (r#"{"a":"\\","b":9223372036854775808}"#, Some("9223372036854775808")),
            (r#"{"9223372036854775808":"x"#, None),
        ] {
            assert_eq!(too_large(json.as_bytes()), found, "{json}");
        }
    }
}
