//! `till code | list | block | unblock | retire | move | rotate-key | least-protocol`.

use super::{Common, Failure};
use crate::enrol::{self, Fresh, new_code};
use crate::tenant::SyncSettings;
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
    /// Move a till to another location; it fetches the rows of its new location with its next exchange.
    Move(Move),
    /// Give a till a new request key; the old one counts until the new one was used.
    RotateKey(Named),
    /// Show, or set, the lowest version of the protocol that still gets rows. Entries are taken from every till.
    LeastProtocol(LeastProtocol),
}

#[derive(Args)]
pub(super) struct Move {
    #[command(flatten)]
    named: Named,
    /// Where it stands from now on.
    location: LocationId,
}

#[derive(Args)]
pub(super) struct LeastProtocol {
    #[command(flatten)]
    common: Common,
    /// The version.
    version: Option<u32>,
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
            Self::Move(wanted) => wanted.run(),
            Self::RotateKey(named) => named.rotate(),
            Self::LeastProtocol(least) => least.run(),
        }
    }
}

impl Code {
    fn run(self) -> Result<(), Failure> {
        let location = LocationId::new(self.location)
            .map_err(|error| Failure::input("location.bad", error))?;
        let store = self.common.open()?;
        let (code, expires_at_ms) = new_code(&store.gate, &location, self.resume.as_deref())?;
        let text = code.to_string();
        let answer = serde_json::json!({
            "code": text, "location": location, "expires_at_ms": expires_at_ms
        });
        self.common.print_once(&answer, &text);
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

impl Move {
    fn run(self) -> Result<(), Failure> {
        let Named { common, till, by } = self.named;
        let store = common.open()?;
        let location = self.location;
        let moved = store.gate.write(move |tx| tills::relocate(tx, &till, &location, &by))?;
        common.print(&moved, &format!("{} stands at {}", moved.code, moved.location));
        Ok(())
    }
}

impl LeastProtocol {
    fn run(self) -> Result<(), Failure> {
        let store = self.common.open()?;
        if let Some(minimum_protocol) = self.version {
            if minimum_protocol == 0 {
                return Err(Failure::input("protocol.version", "version: must be above zero"));
            }
            store.gate.write(move |tx| SyncSettings { minimum_protocol }.store(tx))?;
        }
        let settings = store.gate.read(SyncSettings::load)?;
        self.common.print(&settings, &settings.minimum_protocol.to_string());
        Ok(())
    }
}

impl Named {
    fn rotate(self) -> Result<(), Failure> {
        let store = self.common.open()?;
        let (code, by, keyring) = (self.till.clone(), self.by, store.keyring.clone());
        let keys =
            store.gate.write(move |tx| enrol::rotate(tx, &keyring, &code, &by, Fresh::draw))?;
        let answer = serde_json::json!({ "till": self.till, "new_keys": keys });
        self.common.print(&answer, &format!("{} gets a new key with its next exchange", self.till));
        Ok(())
    }

    fn set(self, state: TillState) -> Result<(), Failure> {
        let store = self.common.open()?;
        let (code, by) = (self.till, self.by);
        let till = store.gate.write(move |tx| tills::set_state(tx, &code, state, &by))?;
        self.common.print(&till, &format!("{} is {}", till.code, state.name()));
        Ok(())
    }
}
