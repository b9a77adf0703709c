//! `lease list | write-off`.

use super::{Common, Failure};
use crate::leases;
use clap::{Args, Subcommand};
use daybook_domain::amount::Quantity;
use daybook_domain::ids::StaffId;

#[derive(Subcommand)]
pub(super) enum Lease {
    /// List what is leased to tills or in doubt.
    List(List),
    /// Do not wait for a till any longer: what is left of a lease in doubt is free again.
    WriteOff(WriteOff),
}

#[derive(Args)]
pub(super) struct List {
    #[command(flatten)]
    common: Common,
    /// Settled ones too.
    #[arg(long)]
    all: bool,
}

#[derive(Args)]
pub(super) struct WriteOff {
    #[command(flatten)]
    common: Common,
    /// Number of the lease.
    fence: i64,
    /// Who decides.
    #[arg(long)]
    by: String,
    /// Why.
    #[arg(long)]
    reason: String,
}

impl Lease {
    pub(super) fn run(self) -> Result<(), Failure> {
        match self {
            Self::List(list) => list.run(),
            Self::WriteOff(write_off) => write_off.run(),
        }
    }
}

impl List {
    fn run(self) -> Result<(), Failure> {
        let store = self.common.open()?;
        for lease in store.gate.read(|tx| leases::list(tx, self.all))? {
            let text = format!(
                "{:>6} {:4} incarnation {}  {} {}: {} of {} left, {}",
                lease.fence,
                lease.till,
                lease.incarnation,
                lease.location,
                lease.sku,
                Quantity(lease.remaining_milli).to_decimal(),
                Quantity(lease.granted_milli).to_decimal(),
                lease.state
            );
            self.common.print(&lease, &text);
        }
        Ok(())
    }
}

impl WriteOff {
    fn run(self) -> Result<(), Failure> {
        let by = StaffId::new(self.by).map_err(|error| Failure::input("lease.by", error))?;
        let reason = super::reason("lease.reason", &self.reason)?;
        let store = self.common.open()?;
        let fence = self.fence;
        if !store.gate.write(move |tx| leases::write_off(tx, fence, &by, &reason))? {
            let message = format!("fence: there is no lease {fence} in doubt");
            return Err(Failure::refused("lease.not_in_doubt", message));
        }
        self.common
            .print(&serde_json::json!({ "fence": fence, "written_off": true }), "written off");
        Ok(())
    }
}
