//! `quarantine list | retry | resolve`.

use super::{Common, Failure};
use crate::quarantine::{self, Place, QuarantineError};
use clap::{Args, Subcommand};

#[derive(Subcommand)]
pub(super) enum Quarantine {
    /// List what waits.
    List(Common),
    /// Try to apply an entry again; without one, all that wait.
    Retry(Retry),
    /// Leave an entry without effect for good; its bytes stay.
    Resolve(Resolve),
}

#[derive(Args)]
pub(super) struct Retry {
    #[command(flatten)]
    common: Common,
    /// `TILL/INCARNATION/SEQ`, e.g. `T1/1/42`.
    entry: Option<Place>,
    /// Who decides: named when a blocked till's entry is approved.
    #[arg(long, default_value = "office")]
    by: String,
}

#[derive(Args)]
pub(super) struct Resolve {
    #[command(flatten)]
    common: Common,
    /// `TILL/INCARNATION/SEQ`, e.g. `T1/1/42`.
    entry: Place,
    /// Who decides.
    #[arg(long)]
    by: String,
    /// Why it has no effect.
    #[arg(long)]
    note: String,
}

impl Quarantine {
    pub(super) fn run(self) -> Result<(), Failure> {
        match self {
            Self::List(common) => list(&common),
            Self::Retry(retry) => retry.run(),
            Self::Resolve(resolve) => resolve.run(),
        }
    }
}

fn list(common: &Common) -> Result<(), Failure> {
    let store = common.open()?;
    for found in store.gate.read(quarantine::open)? {
        let text = format!("{}  {}  {}", found.place, found.code, found.detail);
        common.print(&found, &text);
    }
    Ok(())
}

impl Retry {
    fn run(self) -> Result<(), Failure> {
        let store = self.common.open()?;
        let places = match self.entry {
            Some(place) => vec![place],
            None => store.gate.read(quarantine::open)?.into_iter().map(|one| one.place).collect(),
        };
        for place in places {
            let (wanted, by) = (place.clone(), self.by.clone());
            let tried = store.gate.write(move |tx| quarantine::retry(tx, &wanted, &by))?;
            let text = match &tried.code {
                None => format!("{place}  applied"),
                Some(code) => format!("{place}  {code}  {}", tried.detail),
            };
            self.common.print(&tried, &text);
        }
        Ok(())
    }
}

impl Resolve {
    fn run(self) -> Result<(), Failure> {
        let store = self.common.open()?;
        let (place, by, note) = (self.entry.clone(), self.by, self.note);
        store.gate.write(move |tx| quarantine::resolve(tx, &place, &by, &note))?;
        let answer = serde_json::json!({ "entry": self.entry, "resolved": true });
        self.common.print(&answer, "resolved");
        Ok(())
    }
}

impl From<QuarantineError> for Failure {
    fn from(error: QuarantineError) -> Self {
        match error {
            QuarantineError::Db(error) => Self::from(error),
            QuarantineError::Unknown(_) => Self::refused("quarantine.unknown", error),
        }
    }
}
