//! `exception list | resolve`.

use super::{Common, Failure};
use crate::exceptions;
use clap::{Args, Subcommand};
use uuid::Uuid;

#[derive(Subcommand)]
pub(super) enum Exception {
    /// List what is open.
    List(List),
    /// Close one with what was decided.
    Resolve(Resolve),
}

#[derive(Args)]
pub(super) struct List {
    #[command(flatten)]
    common: Common,
    /// The closed ones too.
    #[arg(long)]
    all: bool,
}

#[derive(Args)]
pub(super) struct Resolve {
    #[command(flatten)]
    common: Common,
    /// Which.
    id: Uuid,
    /// Who decided.
    #[arg(long)]
    by: String,
    /// What was decided.
    #[arg(long)]
    resolution: String,
}

impl Exception {
    pub(super) fn run(self) -> Result<(), Failure> {
        match self {
            Self::List(list) => list.run(),
            Self::Resolve(resolve) => resolve.run(),
        }
    }
}

impl List {
    fn run(self) -> Result<(), Failure> {
        let store = self.common.open()?;
        for found in store.gate.read(|tx| exceptions::list(tx, self.all))? {
            let text = format!("{}  {}  {}", found.id, found.kind, found.detail);
            self.common.print(&found, &text);
        }
        Ok(())
    }
}

impl Resolve {
    fn run(self) -> Result<(), Failure> {
        let store = self.common.open()?;
        let (id, by, resolution) = (self.id, self.by, self.resolution);
        let resolved = store.gate.write(move |tx| exceptions::resolve(tx, id, &by, &resolution))?;
        if !resolved {
            let message = format!("id: there is no open exception {id}");
            return Err(Failure::refused("exception.unknown", message));
        }
        self.common.print(&serde_json::json!({ "id": id, "resolved": true }), "resolved");
        Ok(())
    }
}
