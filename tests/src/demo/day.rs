//! The day itself, from the first enrolment to the table.

mod acts;
mod evening;
mod morning;
mod noon;

use super::DemoError;
use super::office::Office;
use super::shop::{Shop, TillPlan};
use super::till::Till;
use super::web::WebShop;
use crate::process::StoreProcess;
use crate::proxy::Proxy;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How many tills the demo has.
pub const TILLS: usize = 3;

/// A day that is about to begin.
#[derive(Debug)]
pub struct Day<'a> {
    shop: &'a Shop,
    out: PathBuf,
    now_ms: i64,
}

/// A day that was told to its end.
#[derive(Debug)]
pub struct Told {
    /// For the owner.
    pub table: String,
    /// What nothing explains: units, money, faults of the books, answers of the auditor.
    pub unexplained: u64,
}

/// Everything that runs.
struct World<'a> {
    shop: &'a Shop,
    out: PathBuf,
    /// When the day began, UTC milliseconds.
    now_ms: i64,
    office: Office,
    store: Option<StoreProcess>,
    proxy: Proxy,
    tills: Vec<Till>,
    web: Arc<WebShop>,
    backup: PathBuf,
    /// Last entry of till 3 in that backup.
    backed_up_seq: i64,
    /// Baskets that till 3 sold before its disk died.
    sold_before: i64,
    /// What befell each till.
    stories: Vec<Vec<String>>,
    /// Baskets that a till refused by a rule when it tried them last, by the key of their source.
    refused: BTreeSet<String>,
    /// What this shop could not show, and why.
    left_out: Vec<String>,
}

impl<'a> Day<'a> {
    /// A day at a shop that begins at `now_ms`, UTC milliseconds; its results go to `out`.
    #[must_use]
    pub fn new(shop: &'a Shop, out: &Path, now_ms: i64) -> Self {
        Self { shop, out: out.to_owned(), now_ms }
    }

    /// Lives the day.
    ///
    /// # Errors
    /// A program failed, or something did not happen as it must.
    pub fn live(&self) -> Result<Told, DemoError> {
        let plans = self.prepare()?;
        let mut world = World::begin(self, plans)?;
        world.noon()?;
        world.everyday_acts()?;
        world.lose_a_disk()?;
        world.evening()
    }

    /// Clears away what an earlier day left, and deals the baskets out.
    fn prepare(&self) -> Result<Vec<TillPlan>, DemoError> {
        for name in ["data", "invoices", "journals", "reports"] {
            let folder = self.out.join(name);
            if folder.exists() {
                fs::remove_dir_all(&folder).map_err(DemoError::file(&folder))?;
            }
            fs::create_dir_all(&folder).map_err(DemoError::file(&folder))?;
        }
        self.shop.deal(TILLS, &self.out.join("data"))
    }
}

impl World<'_> {
    fn folder(&self, name: &str) -> PathBuf {
        self.out.join(name)
    }

    fn till(&self, index: usize) -> &Till {
        &self.tills[index]
    }

    fn plans(&self) -> Vec<TillPlan> {
        self.tills.iter().map(|till| till.plan.clone()).collect()
    }

    /// Notes what befell a till, for the table.
    fn note(&mut self, till: usize, what: &str) {
        self.stories[till].push(what.to_owned());
    }

    /// Says what this shop cannot show, and why.
    fn leave_out(&mut self, what: &str) {
        tell(&format!("not shown: {what}"));
        self.left_out.push(what.to_owned());
    }

    /// Keeps which baskets a till refused in the end, and says so.
    fn keep_refusals(&mut self, till: usize, refusals: &[Value]) {
        let Some(first) = refusals.first() else { return };
        let lines = refusals.iter().filter_map(|told| told["line"].as_u64());
        let indices = lines.filter_map(|line| usize::try_from(line).ok()?.checked_sub(1));
        let baskets = &self.tills[till].plan.baskets;
        let sources: Vec<String> =
            indices.filter_map(|index| Some(baskets.get(index)?.source.clone())).collect();
        self.refused.extend(sources);
        self.leave_out(&format!(
            "{} of {} baskets: till {} refused them by a rule, the first with {}: {}",
            refusals.len(),
            self.till(till).plan.baskets.len(),
            self.till(till).code,
            first["code"].as_str().unwrap_or_default(),
            first["message"].as_str().unwrap_or_default()
        ));
    }

    /// The goods that a till can best sell once more.
    fn plenty(&self, till: usize) -> Option<String> {
        self.shop.plenty(&self.till(till).plan.location, self.now_ms)
    }

    /// The store restarts where it was; tills and buyers need to know nothing.
    fn restart_store(&mut self) -> Result<(), DemoError> {
        let address = match self.store.take() {
            Some(store) => {
                let address = store.address();
                store.kill();
                address.to_string()
            }
            None => "127.0.0.1:0".to_owned(),
        };
        let store = StoreProcess::start(&self.folder("data").join("store"), &address, &[])?;
        self.proxy.retarget(store.address());
        self.web.moved(store.address());
        self.store = Some(store);
        Ok(())
    }
}

/// One line of progress: what happens now.
fn tell(what: &str) {
    let _gone = writeln!(std::io::stderr(), "demo: {what}");
}
