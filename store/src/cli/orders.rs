//! `orders list | show | expire | cancel | refund | move | settings`, `api-key create | list | revoke`.

use super::{Common, Failure};
use crate::api_keys;
use crate::orders::{self, By, NewRefund, OrderError, OrderSettings};
use clap::{Args, Subcommand};
use daybook_domain::feed::Role;
use daybook_domain::ids::{LocationId, OrderId, Sku};
use daybook_domain::order::Actor;
use serde_json::json;
use uuid::Uuid;

#[derive(Subcommand)]
pub(super) enum Orders {
    /// List orders, newest first.
    List(List),
    /// Show one with its history.
    Show(Show),
    /// Cancel orders whose payment window has ended; the server does it by itself.
    Expire(Common),
    /// Call one off before it is paid.
    Cancel(Cancel),
    /// Give everything back that is left of a paid one, with a credit note.
    Refund(Refund),
    /// Take the goods of a line from another location.
    Move(Move),
    /// Show the rules of the web shop, or set them from JSON.
    Settings(Settings),
}

#[derive(Args)]
pub(super) struct List {
    #[command(flatten)]
    common: Common,
    /// Only in this state.
    #[arg(long)]
    state: Option<String>,
    /// How many.
    #[arg(long, default_value_t = 50)]
    limit: i64,
}

#[derive(Args)]
pub(super) struct Show {
    #[command(flatten)]
    common: Common,
    /// Which.
    id: OrderId,
}

#[derive(Args)]
pub(super) struct Cancel {
    #[command(flatten)]
    common: Common,
    /// Which.
    id: OrderId,
    /// Who decides.
    #[arg(long)]
    by: String,
    /// Why.
    #[arg(long)]
    reason: String,
}

#[derive(Args)]
pub(super) struct Refund {
    #[command(flatten)]
    decision: Cancel,
    /// The goods can be sold again.
    #[arg(long)]
    restock: bool,
}

#[derive(Args)]
pub(super) struct Move {
    #[command(flatten)]
    decision: Cancel,
    /// The goods.
    #[arg(long)]
    sku: Sku,
    /// Where they come from now.
    #[arg(long)]
    location: LocationId,
}

#[derive(Args)]
pub(super) struct Settings {
    #[command(flatten)]
    common: Common,
    /// For example `{"window_ms":900000,"on_payment_failed":"keep"}`; what is left out takes its default.
    #[arg(value_name = "JSON")]
    rules: Option<String>,
}

#[derive(Subcommand)]
pub(super) enum ApiKey {
    /// Make a key for a web front end. It is shown once.
    Create(Create),
    /// List keys.
    List(Common),
    /// End a key.
    Revoke(Revoke),
}

#[derive(Args)]
pub(super) struct Create {
    #[command(flatten)]
    common: Common,
    /// What it is for.
    name: String,
}

#[derive(Args)]
pub(super) struct Revoke {
    #[command(flatten)]
    common: Common,
    /// Which.
    id: Uuid,
}

impl From<OrderError> for Failure {
    fn from(error: OrderError) -> Self {
        match error {
            OrderError::Db(error) => Self::from(error),
            error => Self::refused(error.code(), error),
        }
    }
}

impl Orders {
    pub(super) fn run(self) -> Result<(), Failure> {
        match self {
            Self::List(list) => list.run(),
            Self::Show(show) => show.run(),
            Self::Expire(common) => expire(&common),
            Self::Cancel(cancel) => cancel.run(),
            Self::Refund(refund) => refund.run(),
            Self::Move(wanted) => wanted.run(),
            Self::Settings(settings) => settings.run(),
        }
    }
}

impl List {
    fn run(self) -> Result<(), Failure> {
        let store = self.common.open()?;
        let (state, limit) = (self.state, self.limit);
        let found = store.gate.read(|tx| orders::list(tx, state.as_deref(), None, limit))?;
        for order in found {
            let short = if order.short { " SHORT" } else { "" };
            let text = format!(
                "{} {} {} {}{short}",
                order.id, order.number, order.state, order.total_minor
            );
            self.common.print(&order, &text);
        }
        Ok(())
    }
}

impl Show {
    fn run(self) -> Result<(), Failure> {
        let store = self.common.open()?;
        let id = self.id;
        let order = store.gate.read(|tx| orders::find(tx, id))?;
        let mut text = format!(
            "{} {}: {} {} ({} paid, {} given back)",
            order.number,
            order.state,
            order.total_minor,
            order.currency,
            order.paid_minor,
            order.refunded_minor
        );
        for line in &order.lines {
            text += &format!("\n  {} {} × {}", line.line, line.sku, line.quantity_milli);
        }
        for event in &order.history {
            text +=
                &format!("\n  {} {} by {}: {}", event.at_ms, event.event, event.by, event.reason);
        }
        self.common.print(&order, &text);
        Ok(())
    }
}

impl Cancel {
    fn by(&self) -> By {
        let (actor, reason) = (self.by.clone(), self.reason.clone());
        By { actor, role: Actor::Staff(Role::Manager), reason }
    }

    fn run(self) -> Result<(), Failure> {
        let store = self.common.open()?;
        let (id, by) = (self.id, self.by());
        let order = store.gate.write(move |tx| orders::cancel(tx, id, &by))?;
        self.common.print(&order, &format!("{} is {}", order.number, order.state));
        Ok(())
    }
}

impl Refund {
    fn run(self) -> Result<(), Failure> {
        let decision = self.decision;
        let store = decision.common.open()?;
        let (id, by) = (decision.id, decision.by());
        let (reason, restock) = (decision.reason.clone(), self.restock);
        let done = store.gate.write(move |tx| {
            let new = NewRefund { id: tx.new_id(), lines: None, restock, reason: reason.clone() };
            orders::refund(tx, id, &new, &by)
        })?;
        let text = format!("{} given back, {}", done.amount_minor, done.credit_note);
        decision.common.print(&done, &text);
        Ok(())
    }
}

impl Move {
    fn run(self) -> Result<(), Failure> {
        let decision = self.decision;
        let store = decision.common.open()?;
        let (id, by, sku, to) =
            (decision.id, decision.by(), self.sku.clone(), self.location.clone());
        let order = store.gate.write(move |tx| orders::relocate(tx, id, &sku, &to, &by))?;
        let text = format!("{}: {} comes from {}", order.number, self.sku, self.location);
        decision.common.print(&order, &text);
        Ok(())
    }
}

fn expire(common: &Common) -> Result<(), Failure> {
    let store = common.open()?;
    let mut expired = 0;
    loop {
        let now = store.gate.write(|tx| orders::expire(tx, 100))?;
        expired += now;
        if now == 0 {
            break;
        }
    }
    let held = store.gate.read(orders::open_reservations)?;
    let answer = json!({ "expired": expired, "reservations_held": held });
    common.print(&answer, &format!("{expired} expired, {held} reservations are held"));
    Ok(())
}

impl Settings {
    fn run(self) -> Result<(), Failure> {
        let store = self.common.open()?;
        if let Some(rules) = &self.rules {
            let settings: OrderSettings = serde_json::from_str(rules)
                .map_err(|error| Failure::input("orders.settings", error))?;
            if !daybook_domain::reservation::WINDOW_MS.contains(&settings.window_ms) {
                let message = "window_ms: must be from one minute to one week";
                return Err(Failure::input("orders.settings", message));
            }
            store.gate.write(move |tx| settings.store(tx))?;
        }
        let settings = store.gate.read(OrderSettings::load)?;
        let text = serde_json::to_string(&settings).unwrap_or_default();
        self.common.print(&settings, &text);
        Ok(())
    }
}

impl ApiKey {
    pub(super) fn run(self) -> Result<(), Failure> {
        match self {
            Self::Create(create) => create.run(),
            Self::List(common) => {
                let store = common.open()?;
                for key in store.gate.read(api_keys::list)? {
                    let ended = if key.revoked_at_ms.is_some() { " (revoked)" } else { "" };
                    common.print(&key, &format!("{} {}{ended}", key.id, key.name));
                }
                Ok(())
            }
            Self::Revoke(revoke) => revoke.run(),
        }
    }
}

impl Create {
    fn run(self) -> Result<(), Failure> {
        let length = self.name.chars().count();
        if self.name.trim().is_empty() || length > 100 {
            return Err(Failure::input("api_key.name", "name: must have 1 to 100 characters"));
        }
        let store = self.common.open()?;
        let key = api_keys::generate();
        let (name, kept) = (self.name.clone(), key.clone());
        let id = store.gate.write(move |tx| api_keys::create(tx, &name, &kept))?;
        let answer = json!({ "id": id, "name": self.name, "key": key });
        self.common.print_once(
            &answer,
            &format!("{key}\n(shown once; send it as Authorization: Bearer …)"),
        );
        Ok(())
    }
}

impl Revoke {
    fn run(self) -> Result<(), Failure> {
        let store = self.common.open()?;
        let id = self.id;
        if !store.gate.write(move |tx| api_keys::revoke(tx, id))? {
            let message = format!("id: there is no valid key {id}");
            return Err(Failure::refused("api_key.unknown", message));
        }
        self.common.print(&json!({ "revoked": id }), "revoked");
        Ok(())
    }
}
