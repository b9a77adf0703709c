//! Whether a document's figures agree with each other. They are never recomputed: a document that contradicts itself
//! waits for a person.

use super::Unapplied;
use daybook_domain::document::Document;
use daybook_domain::entry::{Fact, Movement};
use daybook_domain::figures::verify;
use daybook_domain::order::checked_tracking;

/// Checks what a fact within its limits says of money and quantity.
pub(super) fn check(fact: &Fact) -> Result<(), Unapplied> {
    match fact {
        Fact::SaleCompleted(sale)
        | Fact::RefundCompleted(sale)
        | Fact::ExchangeCompleted(sale)
        | Fact::SaleVoided(sale) => {
            document(&sale.document)?;
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
        | Fact::CashLoaned(cash) => {
            if cash.amount_minor.0 > 0 {
                return Ok(());
            }
            Err(Unapplied::new("cash.not_positive", "body.amount_minor must be above zero"))
        }
        Fact::OrderShipped(shipped) => checked_tracking(&shipped.tracking)
            .map(|_| ())
            .map_err(|error| Unapplied::new(error.code(), format!("body.tracking: {error}"))),
        Fact::IncarnationStarted(_)
        | Fact::AppStarted(_)
        | Fact::StaffSignedIn(_)
        | Fact::StaffSignedOut(_)
        | Fact::StaffSignInFailed(_)
        | Fact::StaffLocked(_)
        | Fact::ShiftOpened(_)
        | Fact::ShiftClosed(_)
        | Fact::XReport(_)
        | Fact::DrawerOpened(_)
        | Fact::BasketParked(_)
        | Fact::BasketRecalled(_)
        | Fact::BasketAborted(_)
        | Fact::StockCounted(_)
        | Fact::ReceiptReprinted(_)
        | Fact::CustomerCreated(_)
        | Fact::OrderPicked(_)
        | Fact::OrderHandedOver(_)
        | Fact::ClockJumped(_)
        | Fact::Statement(_) => Ok(()),
    }
}

fn movements(movements: &[Movement]) -> Result<(), Unapplied> {
    for (index, movement) in movements.iter().enumerate() {
        if movement.quantity_milli.is_zero() {
            let detail = format!("body.movements[{index}].quantity_milli is zero");
            return Err(Unapplied::new("movement.zero", detail));
        }
    }
    Ok(())
}

fn document(document: &Document) -> Result<(), Unapplied> {
    verify(document)
        .map_err(|error| Unapplied::new(error.code(), format!("body.document: {error}")))
}
