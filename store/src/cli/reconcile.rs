//! `reconcile`.

use super::{Common, Failure};
use crate::reconcile::{Scope, reconcile, table};
use clap::Args;
use daybook_domain::ids::LocationId;
use std::path::PathBuf;

/// Explains every difference between store, tills and counts, in units and in money, down to the entry. Ends with 6
/// when anything is unexplained.
#[derive(Args)]
pub(super) struct Reconcile {
    #[command(flatten)]
    common: Common,
    /// Only this location.
    #[arg(long)]
    location: Option<LocationId>,
    /// SKUs without any difference too.
    #[arg(long)]
    all: bool,
    /// Also write the report to this file, as JSON.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl Reconcile {
    pub(super) fn run(self) -> Result<(), Failure> {
        let store = self.common.open()?;
        let scope = Scope { location: self.location, all: self.all };
        let report = store.gate.read(|tx| reconcile(tx, &scope))?;
        if let Some(path) = &self.out {
            let failed = |error: &dyn std::fmt::Display| Failure {
                exit: 5,
                code: "reconcile.out".to_owned(),
                message: format!("out: {}: {error}", path.display()),
            };
            let json = serde_json::to_vec_pretty(&report).map_err(|error| failed(&error))?;
            std::fs::write(path, json).map_err(|error| failed(&error))?;
        }
        self.common.print(&report, &table(&report));
        if report.summary.holds() {
            return Ok(());
        }
        let message = "the report names differences that nothing explains".to_owned();
        Err(Failure { exit: 6, code: "reconcile.unexplained".to_owned(), message })
    }
}
