//! `stock show | set-policy | allot | home | adjust`, `alerts low-stock`.

use super::{Common, Failure};
use crate::master::{POLICIES, by_word, word};
use crate::orders::OrderSettings;
use crate::stock::{self, MovementKind, Posting, StockError};
use clap::{Args, Subcommand};
use daybook_domain::amount::Quantity;
use daybook_domain::feed::StockPolicy;
use daybook_domain::ids::{LocationId, Sku};
use daybook_domain::stock::Level;
use serde_json::json;

#[derive(Subcommand)]
pub(super) enum Stock {
    /// Show what there is of a SKU, by location.
    Show(Show),
    /// Set how shelf and web share it: ring_fenced, pooled_strict, pooled_soft.
    SetPolicy(SetPolicy),
    /// Set so much aside for the web.
    Allot(Allot),
    /// Make it one of a kind: leased whole to its home till, or kept for the web.
    Home(Home),
    /// Change what is on hand, with a reason.
    Adjust(Adjust),
}

#[derive(Subcommand)]
pub(super) enum Alerts {
    /// List what runs low, the emptiest first.
    LowStock(Common),
}

#[derive(Args)]
pub(super) struct Show {
    #[command(flatten)]
    common: Common,
    /// What.
    sku: Sku,
}

#[derive(Args)]
pub(super) struct SetPolicy {
    #[command(flatten)]
    common: Common,
    /// Where.
    location: LocationId,
    /// What.
    sku: Sku,
    /// How.
    #[arg(value_parser = policy)]
    policy: StockPolicy,
}

#[derive(Args)]
pub(super) struct Allot {
    #[command(flatten)]
    common: Common,
    /// Where.
    location: LocationId,
    /// What.
    sku: Sku,
    /// How much in all, e.g. `12` or `0.5`.
    #[arg(value_parser = quantity)]
    quantity: Quantity,
}

#[derive(Args)]
pub(super) struct Home {
    #[command(flatten)]
    common: Common,
    /// Where.
    location: LocationId,
    /// What.
    sku: Sku,
    /// Short code of its home till; without one it is kept for the web.
    #[arg(long)]
    till: Option<String>,
}

#[derive(Args)]
pub(super) struct Adjust {
    #[command(flatten)]
    common: Common,
    /// Where.
    location: LocationId,
    /// What.
    sku: Sku,
    /// By how much, e.g. `-2`.
    #[arg(value_parser = quantity, allow_hyphen_values = true)]
    by: Quantity,
    /// Why.
    #[arg(long)]
    reason: String,
    /// Who.
    #[arg(long)]
    actor: String,
    /// Only if the level still has this version.
    #[arg(long)]
    version: Option<i64>,
}

fn policy(text: &str) -> Result<StockPolicy, String> {
    by_word(&POLICIES, text)
        .ok_or_else(|| "must be ring_fenced, pooled_strict or pooled_soft".into())
}

fn quantity(text: &str) -> Result<Quantity, String> {
    Quantity::parse("quantity", text).map_err(|error| error.to_string())
}

impl From<StockError> for Failure {
    fn from(error: StockError) -> Self {
        match error {
            StockError::Db(error) => Self::from(error),
            StockError::UnknownSku(_)
            | StockError::UnknownLocation(_)
            | StockError::UnknownTill(_)
            | StockError::NoLevel { .. }
            | StockError::NotRingFenced { .. }
            | StockError::Version { .. }
            | StockError::Rule(_) => Self::refused(error.code(), error),
        }
    }
}

impl Stock {
    pub(super) fn run(self) -> Result<(), Failure> {
        match self {
            Self::Show(show) => show.run(),
            Self::SetPolicy(command) => command.run(),
            Self::Allot(command) => command.run(),
            Self::Home(command) => command.run(),
            Self::Adjust(command) => command.run(),
        }
    }
}

impl Alerts {
    pub(super) fn run(self) -> Result<(), Failure> {
        let Self::LowStock(common) = self;
        let store = common.open()?;
        let low = store.gate.read(|tx| {
            let limit = OrderSettings::load(tx)?.low_stock_milli;
            stock::low(tx, limit)
        })?;
        for found in low {
            let (on_hand, limit) = (Quantity(found.on_hand_milli), Quantity(found.limit_milli));
            let text = format!(
                "{:<12} {:<20} {:>9} (limit {})  {}",
                found.location,
                found.sku,
                on_hand.to_decimal(),
                limit.to_decimal(),
                found.name
            );
            common.print(&found, &text);
        }
        Ok(())
    }
}

impl Show {
    fn run(self) -> Result<(), Failure> {
        let store = self.common.open()?;
        let sku = &self.sku;
        let found = store.gate.read(|tx| {
            let Some(known) = stock::available(tx, sku, None)? else {
                return Err(StockError::UnknownSku(sku.clone()));
            };
            let mut levels = Vec::new();
            for at in known.locations {
                levels
                    .extend(stock::find(tx, &at.location, sku)?.map(|found| (at.location, found)));
            }
            Ok(levels)
        })?;
        for (location, found) in found {
            print(&self.common, &location, sku, &found.level, Some(found.version))?;
        }
        Ok(())
    }
}

fn print(
    common: &Common,
    location: &LocationId,
    sku: &Sku,
    level: &Level,
    version: Option<i64>,
) -> Result<(), Failure> {
    let range = |error| Failure::refused("amount.out_of_range", error);
    let (free, web) = (level.free().map_err(range)?, level.web_available().map_err(range)?);
    let policy = word(&POLICIES, level.policy);
    let answer = json!({
        "location": location, "sku": sku, "policy": policy, "on_hand_milli": level.on_hand_milli,
        "reserved_milli": level.reserved_milli, "allotted_milli": level.allotted_milli,
        "allotted_proposed_milli": level.allotted_proposed_milli, "leased_milli": level.leased_milli,
        "in_doubt_milli": level.in_doubt_milli, "free_milli": free, "web_available_milli": web,
        "version": version,
    });
    let text = format!(
        "{location} {sku}: {policy}, on hand {}, reserved {}, for the web {} (asked {}), leased {}, in doubt {}, free {}, \
         the web can sell {}",
        level.on_hand_milli.to_decimal(),
        level.reserved_milli.to_decimal(),
        level.allotted_milli.to_decimal(),
        level.allotted_proposed_milli.to_decimal(),
        level.leased_milli.to_decimal(),
        level.in_doubt_milli.to_decimal(),
        free.to_decimal(),
        web.to_decimal()
    );
    common.print(&answer, &text);
    Ok(())
}

impl SetPolicy {
    fn run(self) -> Result<(), Failure> {
        let store = self.common.open()?;
        let (location, sku, policy) = (self.location.clone(), self.sku.clone(), self.policy);
        let level = store.gate.write(move |tx| stock::policy(tx, &location, &sku, policy))?;
        print(&self.common, &self.location, &self.sku, &level, None)
    }
}

impl Allot {
    fn run(self) -> Result<(), Failure> {
        let store = self.common.open()?;
        let (location, sku, target) = (self.location.clone(), self.sku.clone(), self.quantity);
        store.gate.write(move |tx| stock::allot(tx, &location, &sku, target))?;
        // Where no till is waited for it takes effect at once.
        store.gate.write(|tx| stock::settle(tx, 100))?;
        let found = store.gate.read(|tx| stock::find(tx, &self.location, &self.sku))?;
        match found {
            Some(found) => {
                print(&self.common, &self.location, &self.sku, &found.level, Some(found.version))
            }
            None => Ok(()),
        }
    }
}

impl Home {
    fn run(self) -> Result<(), Failure> {
        let store = self.common.open()?;
        let (location, sku, till) = (self.location.clone(), self.sku.clone(), self.till.clone());
        store.gate.write(move |tx| stock::home(tx, &location, &sku, till.as_deref()))?;
        let answer = json!({ "location": self.location, "sku": self.sku, "home_till": self.till });
        let whose = self.till.as_deref().unwrap_or("the web");
        self.common.print(&answer, &format!("{} {}: for {whose}", self.location, self.sku));
        Ok(())
    }
}

impl Adjust {
    fn run(self) -> Result<(), Failure> {
        if self.reason.trim().is_empty() {
            return Err(Failure::input("stock.reason", "reason: must not be empty"));
        }
        let store = self.common.open()?;
        let posting = Posting {
            location: self.location.clone(),
            sku: self.sku.clone(),
            quantity_milli: self.by,
            kind: MovementKind::Adjustment,
            reason: Some(self.reason),
            order: None,
            actor: self.actor,
        };
        let version = self.version;
        let level = store.gate.write(move |tx| stock::adjust(tx, &posting, version))?;
        print(&self.common, &self.location, &self.sku, &level, None)
    }
}
