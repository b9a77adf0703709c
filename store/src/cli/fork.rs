//! `fork list | resolve`.

use super::{Common, Failure};
use crate::forks;
use clap::{Args, Subcommand};

#[derive(Subcommand)]
pub(super) enum Fork {
    /// List histories that part from another.
    List(Common),
    /// Note what a person decided about one; both histories stay.
    Resolve(Resolve),
}

#[derive(Args)]
pub(super) struct Resolve {
    #[command(flatten)]
    common: Common,
    /// Short code of the till.
    till: String,
    /// Incarnation.
    incarnation: u32,
    /// Number of the branch.
    branch: i64,
    /// Who decided.
    #[arg(long)]
    by: String,
    /// What was decided.
    #[arg(long)]
    resolution: String,
}

impl Fork {
    pub(super) fn run(self) -> Result<(), Failure> {
        match self {
            Self::List(common) => list(&common),
            Self::Resolve(resolve) => resolve.run(),
        }
    }
}

fn list(common: &Common) -> Result<(), Failure> {
    let store = common.open()?;
    for fork in store.gate.read(forks::all)? {
        let text = format!(
            "{} incarnation {} branch {}: differs from {}, held through {}{}",
            fork.till,
            fork.incarnation,
            fork.branch,
            fork.from_seq,
            fork.through_seq,
            if fork.resolution.is_some() { " (resolved)" } else { "" }
        );
        common.print(&fork, &text);
    }
    Ok(())
}

impl Resolve {
    fn run(self) -> Result<(), Failure> {
        let store = self.common.open()?;
        let decision = forks::Decision { by: self.by, resolution: self.resolution };
        let (till, incarnation, branch) = (self.till, self.incarnation, self.branch);
        let resolved = store
            .gate
            .write(move |tx| forks::resolve(tx, &till, incarnation, branch, &decision))?;
        if !resolved {
            return Err(Failure::refused("fork.unknown", "branch: there is no such open fork"));
        }
        self.common.print(&serde_json::json!({ "resolved": true }), "resolved");
        Ok(())
    }
}
