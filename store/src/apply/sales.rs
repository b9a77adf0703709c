//! Documents with their lines and tenders.

use super::{Placed, Unapplied};
use crate::args;
use crate::db::Tx;
use crate::documents::{self, DocumentError, Issued, Issuer};
use crate::master;
use daybook_domain::amount::Currency;
use daybook_domain::document::Document;
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
    known(tx, facts)?;
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

/// What of the rules of the business says in which money it deals.
#[derive(serde::Deserialize)]
struct Money {
    currency: Currency,
}

/// Names what contradicts the books: another currency than the shop's, and, with one entry at hand, a document that is
/// here already. For a whole push the primary key tells.
fn known(tx: &mut Tx<'_>, facts: &[Placed<'_>]) -> Result<(), Unapplied> {
    let documents: Vec<&Document> = facts
        .iter()
        .filter_map(|placed| sale_of(placed.fact))
        .map(|(_, sale)| &sale.document)
        .collect();
    if documents.is_empty() {
        return Ok(());
    }
    let money: Option<Money> = master::named(tx, "settings")?;
    if let Some(Money { currency }) = money
        && let Some(other) = documents.iter().find(|document| document.currency != currency)
    {
        let found = other.currency;
        let detail = format!("body.document.currency: {found}, the shop's is {currency}");
        return Err(Unapplied::new("document.currency", detail));
    }
    let [document] = documents.as_slice() else { return Ok(()) };
    let tenant = tx.tenant();
    let before = tx.query_opt(
        "SELECT number FROM document WHERE tenant_id = $1 AND document_id = $2",
        args![tenant, document.id],
    )?;
    let Some(before) = before else { return Ok(()) };
    let detail =
        format!("body.document.id: {} is that of {} already", document.id, before.text(0)?);
    Err(Unapplied::new("document.id_twice", detail))
}
