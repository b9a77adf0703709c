//! `balance list | free`.

use super::{Common, Failure};
use crate::balances;
use clap::{Args, Subcommand};
use daybook_domain::balance::Number;
use daybook_domain::ids::StaffId;
use uuid::Uuid;

#[derive(Subcommand)]
pub(super) enum Balance {
    /// List what is left, and what is set aside for tills.
    List(List),
    /// Do not wait for a till any longer: what was set aside for it may be spent elsewhere.
    Free(Free),
}

#[derive(Args)]
pub(super) struct List {
    #[command(flatten)]
    common: Common,
    /// Only this number.
    number: Option<String>,
    /// Those without anything left too.
    #[arg(long)]
    all: bool,
}

#[derive(Args)]
pub(super) struct Free {
    #[command(flatten)]
    common: Common,
    /// Id of what is set aside.
    hold: Uuid,
    /// Who decides.
    #[arg(long)]
    by: String,
    /// Why.
    #[arg(long)]
    reason: String,
}

impl Balance {
    pub(super) fn run(self) -> Result<(), Failure> {
        match self {
            Self::List(list) => list.run(),
            Self::Free(free) => free.run(),
        }
    }
}

impl List {
    fn run(self) -> Result<(), Failure> {
        let number = self.number.as_deref().map(Number::new).transpose();
        let number = number.map_err(|error| Failure::input(error.code(), error))?;
        let store = self.common.open()?;
        for balance in store.gate.read(|tx| balances::list(tx, number.as_ref(), self.all))? {
            let mut text = format!(
                "{:<12} {:<32} put {:>12} spent {:>12} left {:>12}",
                balance.medium,
                balance.number,
                balance.put_minor,
                balance.spent_minor,
                balance.amount_minor
            );
            for hold in &balance.holds {
                let aside = format!(
                    "\n  {} set aside for {} ({})",
                    hold.amount_minor, hold.till, hold.hold
                );
                text.push_str(&aside);
            }
            self.common.print(&balance, &text);
        }
        Ok(())
    }
}

impl Free {
    fn run(self) -> Result<(), Failure> {
        let by = StaffId::new(self.by).map_err(|error| Failure::input("balance.by", error))?;
        let reason = super::reason("balance.reason", &self.reason)?;
        let store = self.common.open()?;
        let hold = self.hold;
        if !store.gate.write(move |tx| balances::free(tx, hold, &by, &reason))? {
            let message = format!("hold: nothing is set aside under {hold}");
            return Err(Failure::refused("balance.no_hold", message));
        }
        self.common.print(&serde_json::json!({ "hold": hold, "freed": true }), "freed");
        Ok(())
    }
}
