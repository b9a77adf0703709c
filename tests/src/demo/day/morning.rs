//! Morning: the store opens, tills enrol, learn the catalogue, get their rights to pooled goods, open their shifts.

use super::{Day, TILLS, World, tell};
use crate::demo::DemoError;
use crate::demo::office::{Office, text};
use crate::demo::shop::{Place, Shop, TillPlan};
use crate::demo::till::Till;
use crate::demo::web::WebShop;
use crate::process::StoreProcess;
use crate::proxy::Proxy;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

/// Web buyers have one minute to pay. Short, so that the day sees reservations run out.
const ORDERS: &str = r#"{"window_ms":60000}"#;

impl<'a> World<'a> {
    pub(super) fn begin(day: &Day<'a>, plans: Vec<TillPlan>) -> Result<Self, DemoError> {
        let shop = day.shop;
        let data = day.out.join("data");
        let office = Office::new(&data.join("store"));
        tell(&format!("morning: the store of {} opens on embedded SQLite", shop.name));
        let changed = office.import(&shop.folder)?;
        tell(&format!("imported {}", counts(&changed)));
        office.act(&["orders", "settings", ORDERS])?;
        let key = office.act(&["api-key", "create", "web shop"])?;
        let token = text(key.first(), "key")?;
        let store = StoreProcess::start(&data.join("store"), "127.0.0.1:0", &[])?;
        let proxy = Proxy::start(store.address())
            .map_err(|error| DemoError::Broken(format!("no network: {error}")))?;
        let web = Arc::new(WebShop::new(store.address(), &token));
        let tills = seat(shop, &data, plans);
        let mut world = Self {
            shop,
            out: day.out.clone(),
            now_ms: day.now_ms,
            office,
            store: Some(store),
            proxy,
            tills,
            web,
            backup: data.join("till-3-morning.backup"),
            backed_up_seq: 0,
            sold_before: 0,
            stories: vec![Vec::new(); TILLS],
            refused: BTreeSet::new(),
            left_out: Vec::new(),
        };
        world.enrol()?;
        world.lease()?;
        world.open_shifts()?;
        Ok(world)
    }

    fn enrol(&mut self) -> Result<(), DemoError> {
        let store = format!("http://{}", self.proxy.address());
        for till in &mut self.tills {
            let code = self.office.code(&till.plan.location)?;
            till.enrol(&store, &code)?;
            till.sync()?;
            till.sync()?;
            let filled = till.status()?;
            tell(&format!(
                "till {} at {} enrolled with a one-time code; it knows {} products",
                till.code, till.plan.location, filled["items"]
            ));
        }
        Ok(())
    }

    /// Each till gets what its baskets need of pooled-strict goods; one of a kind goes whole to its home till.
    fn lease(&mut self) -> Result<(), DemoError> {
        let needs = self.needs();
        for (till, sku) in
            needs.iter().flat_map(|(till, wants)| wants.keys().map(move |sku| (*till, sku)))
        {
            let place: Place = (sku.clone(), self.till(till).plan.location.clone());
            let unique =
                self.shop.stock.get(&place).is_some_and(|shelf| shelf.on_hand_milli == 1_000);
            if unique {
                let (location, code) = (place.1.as_str(), self.till(till).code.as_str());
                self.office.act(&["stock", "home", location, sku, "--till", code])?;
            }
        }
        let mut held = 0;
        for (till, wants) in &needs {
            // A grant is at most a share of what is free: asking again takes a share of the rest.
            for _ in 0..8 {
                let short = self.till(*till).lacking(wants)?;
                if short.is_empty() {
                    break;
                }
                let mut args = vec!["lease".to_owned()];
                args.extend(
                    short
                        .iter()
                        .flat_map(|(sku, units)| ["--sku".to_owned(), format!("{sku}*{units}")]),
                );
                self.till(*till).act(&args)?;
                self.till(*till).sync()?;
                self.till(*till).sync()?;
            }
            held += wants.len();
        }
        if held == 0 {
            self.leave_out("rights to pooled goods: the baskets take none that need them");
            return Ok(());
        }
        tell(&format!(
            "{held} pooled goods leased to the tills that will sell them; the rest is free for the web"
        ));
        Ok(())
    }

    /// Whole units of pooled-strict goods that each till's baskets take.
    fn needs(&self) -> Vec<(usize, BTreeMap<String, i64>)> {
        let needs = self.tills.iter().enumerate().map(|(index, till)| {
            let strict = |sku: &String| {
                let place = (sku.clone(), till.plan.location.clone());
                self.shop.stock.get(&place).is_some_and(|shelf| shelf.policy == "pooled_strict")
            };
            let wants = till.plan.demand().into_iter().filter(|(sku, _)| strict(sku));
            (index, wants.map(|(sku, milli)| (sku, (milli + 999) / 1_000)).collect())
        });
        needs.collect()
    }

    fn open_shifts(&mut self) -> Result<(), DemoError> {
        for till in &self.tills {
            till.act(&["shift", "open", "--float", "2000"])?;
        }
        let backup = self.backup.display().to_string();
        let done = self.till(2).act(&["backup", &backup])?;
        self.backed_up_seq = done["backup"]["seq"].as_i64().unwrap_or_default();
        tell("shifts are open with a float of 2000 each; till 3 made its morning backup");
        Ok(())
    }
}

fn seat(shop: &Shop, data: &Path, plans: Vec<TillPlan>) -> Vec<Till> {
    let seats = (1..).zip(plans).zip(shop.cashiers.iter().cycle());
    seats
        .map(|((number, plan), cashier)| {
            Till::new(&data.join(format!("till-{number}")), plan, cashier, &shop.manager)
        })
        .collect()
}

fn counts(changed: &Value) -> String {
    let kinds = changed.as_object().into_iter().flatten();
    kinds.map(|(kind, count)| format!("{count} {kind}")).collect::<Vec<_>>().join(", ")
}
