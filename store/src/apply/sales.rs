//! Documents with their lines and tenders.

use super::{Placed, Unapplied};
use crate::db::Tx;
use crate::documents::{self, DocumentError, Issued, Issuer};
use daybook_domain::entry::{Fact, Sale};

/// The sale of a fact, and what it is called in the table of documents.
pub(super) fn sale_of(fact: &Fact) -> Option<(&'static str, &Sale)> {
    match fact {
        Fact::SaleCompleted(sale) => Some(("sale", sale)),
        Fact::RefundCompleted(sale) => Some(("refund", sale)),
        Fact::ExchangeCompleted(sale) => Some(("exchange", sale)),
        Fact::SaleVoided(sale) => Some(("void", sale)),
        Fact::IncarnationStarted(_)
        | Fact::AppStarted(_)
        | Fact::StaffSignedIn(_)
        | Fact::StaffSignedOut(_)
        | Fact::StaffSignInFailed(_)
        | Fact::StaffLocked(_)
        | Fact::ShiftOpened(_)
        | Fact::ShiftClosed(_)
        | Fact::XReport(_)
        | Fact::CashPaidIn(_)
        | Fact::CashPaidOut(_)
        | Fact::CashDropped(_)
        | Fact::CashLoaned(_)
        | Fact::DrawerOpened(_)
        | Fact::BasketParked(_)
        | Fact::BasketRecalled(_)
        | Fact::BasketAborted(_)
        | Fact::StockReceived(_)
        | Fact::StockAdjusted(_)
        | Fact::StockWrittenOff(_)
        | Fact::StockTransferredOut(_)
        | Fact::StockTransferredIn(_)
        | Fact::StockCounted(_)
        | Fact::ReceiptReprinted(_)
        | Fact::CustomerCreated(_)
        | Fact::OrderPicked(_)
        | Fact::OrderShipped(_)
        | Fact::OrderHandedOver(_)
        | Fact::ClockJumped(_)
        | Fact::Statement(_) => None,
    }
}

pub(super) fn apply(tx: &mut Tx<'_>, facts: &[Placed<'_>]) -> Result<(), Unapplied> {
    let issued: Vec<Issued<'_>> = facts
        .iter()
        .filter_map(|placed| {
            let (fact, sale) = sale_of(placed.fact)?;
            let by = Issuer::Till {
                till: placed.till,
                incarnation: placed.incarnation,
                seq: placed.seq,
                shift: placed.meta.shift,
            };
            Some(Issued { document: &sale.document, fact, by })
        })
        .collect();
    documents::insert(tx, &issued).map_err(|error| match error {
        DocumentError::OutOfRange(error) => Unapplied::new("document.figures", error),
        DocumentError::Db(error) => error.into(),
    })
}
