//! `customer erase`.

use super::{Common, Failure};
use crate::customers::{self, CustomerError};
use clap::{Args, Subcommand};
use daybook_domain::ids::CustomerId;

#[derive(Subcommand)]
pub(super) enum Customer {
    /// Erase what is personal about a customer, here and at every till; documents stay as the law wants them.
    Erase(Erase),
}

#[derive(Args)]
pub(super) struct Erase {
    #[command(flatten)]
    common: Common,
    /// Which.
    id: CustomerId,
    /// Who decides.
    #[arg(long)]
    by: String,
    /// Why.
    #[arg(long)]
    reason: String,
}

impl From<CustomerError> for Failure {
    fn from(error: CustomerError) -> Self {
        match error {
            CustomerError::Db(error) => Self::from(error),
            CustomerError::Unknown(_) | CustomerError::OpenOrder { .. } => {
                Self::refused(error.code(), error)
            }
        }
    }
}

impl Customer {
    pub(super) fn run(self) -> Result<(), Failure> {
        let Self::Erase(erase) = self;
        let reason = super::reason("customer.reason", &erase.reason)?;
        let store = erase.common.open()?;
        let (id, by) = (erase.id, erase.by);
        let done = store.gate.write(move |tx| customers::erase(tx, id, &by, &reason))?;
        store.gate.forget()?;
        let text = format!("erased, with {} texts and {} orders", done.sidecars, done.orders);
        erase.common.print(&done, &text);
        Ok(())
    }
}
