//! `till code | list | block | unblock | retire`.

use super::{Common, Failure};
use crate::enrol::{EnrolCode, make_code};
use crate::tills::{self, TillState};
use clap::{Args, Subcommand};
use daybook_domain::ids::LocationId;

#[derive(Subcommand)]
pub(super) enum Till {
    /// Make a one-time code that enrols a till: good for ten minutes and five tries.
    Code(Code),
    /// List tills.
    List(Common),
    /// Take a till's entries into quarantine from now on, and give it nothing.
    Block(Named),
    /// Serve a blocked till again.
    Unblock(Named),
    /// Never wait for this till again.
    Retire(Named),
}

#[derive(Args)]
pub(super) struct Code {
    #[command(flatten)]
    common: Common,
    /// Where the till stands.
    #[arg(long)]
    location: String,
    /// Short code of the till that a new machine takes over.
    #[arg(long, value_name = "TILL")]
    resume: Option<String>,
}

#[derive(Args)]
pub(super) struct Named {
    #[command(flatten)]
    common: Common,
    /// Short code of the till, e.g. `T1`.
    till: String,
    /// Who decides.
    #[arg(long, default_value = "office")]
    by: String,
}

impl Till {
    pub(super) fn run(self) -> Result<(), Failure> {
        match self {
            Self::Code(code) => code.run(),
            Self::List(common) => list(&common),
            Self::Block(named) => named.set(TillState::Blocked),
            Self::Unblock(named) => named.set(TillState::Active),
            Self::Retire(named) => named.set(TillState::Retired),
        }
    }
}

impl Code {
    fn run(self) -> Result<(), Failure> {
        let location = LocationId::new(self.location)
            .map_err(|error| Failure::input("location.bad", error))?;
        let store = self.common.open()?;
        let code = EnrolCode::draw();
        let text = code.to_string();
        let (at, resume) = (location.clone(), self.resume);
        let expires_at_ms =
            store.gate.write(move |tx| make_code(tx, &code, &at, resume.as_deref()))?;
        let answer = serde_json::json!({
            "code": text, "location": location, "expires_at_ms": expires_at_ms
        });
        self.common.print(&answer, &text);
        Ok(())
    }
}

fn list(common: &Common) -> Result<(), Failure> {
    let store = common.open()?;
    for till in store.gate.read(tills::Till::all)? {
        let seen = till.last_seen_at_ms.map_or_else(|| "never".to_owned(), |at| at.to_string());
        let text = format!(
            "{:5} {:32} {:8} incarnation {}  seen {seen}",
            till.code,
            till.location,
            till.state.name(),
            till.incarnation
        );
        common.print(&till, &text);
    }
    Ok(())
}

impl Named {
    fn set(self, state: TillState) -> Result<(), Failure> {
        let store = self.common.open()?;
        let (code, by) = (self.till, self.by);
        let till = store.gate.write(move |tx| tills::set_state(tx, &code, state, &by))?;
        self.common.print(&till, &format!("{} is {}", till.code, state.name()));
        Ok(())
    }
}
