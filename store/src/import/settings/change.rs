//! New settings beside what is there already.

use super::{is_gst, line_of};
use crate::import::change::Change;
use crate::import::current::Current;
use crate::import::fault::{Faults, Wrong};
use crate::import::files::SETTINGS;
use daybook_domain::feed::{ItemRow, Settings};
use daybook_domain::gstin;
use daybook_domain::ids::{LocationId, Sku};
use std::collections::{BTreeMap, HashSet};

/// New settings beside what the store holds and what else the files change.
pub(in crate::import) struct SettingsChange<'a> {
    pub(in crate::import) bytes: &'a [u8],
    pub(in crate::import) new: &'a Settings,
    pub(in crate::import) current: &'a Current,
    pub(in crate::import) locations: &'a [Change],
    pub(in crate::import) items: &'a BTreeMap<Sku, ItemRow>,
}

impl SettingsChange<'_> {
    /// Tells what the new settings cannot mean for what is there already.
    pub(in crate::import) fn check(&self, faults: &mut Faults) {
        let broken = [("currency", self.currency()), ("jurisdiction", self.jurisdiction())];
        for (key, message) in broken {
            if let Some(message) = message {
                faults.at(SETTINGS, line_of(self.bytes, key), Wrong::new(key, message));
            }
        }
    }

    /// Sums of two currencies are none; and the amounts of the price book are in minor units.
    fn currency(&self) -> Option<String> {
        let (old, new) = (self.current.settings.as_ref()?.currency, self.new.currency);
        if old == new {
            return None;
        }
        // Back to what is there is the way out of a change that was made too late.
        if self.current.in_use && !self.current.currencies.contains(&new) {
            return Some(format!(
                "is {old} in documents, orders or entries of tills, and stays so"
            ));
        }
        if old.exponent() == new.exponent() {
            return None;
        }
        let stale = self.current.items.values().find(|item| {
            let wanted = self.items.get(&item.sku);
            item.mrp_minor.is_some()
                && wanted.is_none_or(|wanted| wanted.mrp_minor == item.mrp_minor)
        })?;
        Some(format!("{} has an MRP in {old}: state it in products.csv too", stale.sku))
    }

    /// GST is split by State, and its numbers are checked.
    fn jurisdiction(&self) -> Option<String> {
        if !is_gst(self.new) || self.current.settings.as_ref().is_some_and(is_gst) {
            return None;
        }
        let stated: HashSet<&LocationId> =
            self.locations.iter().filter_map(Change::location).collect();
        let unfit = self.current.locations.values().find(|known| {
            let tax_id = known.seller.tax_id.as_deref();
            let fits =
                known.seller.state.is_some() && tax_id.is_none_or(|id| gstin::check(id).is_ok());
            !fits && !stated.contains(&known.location)
        })?;
        Some(format!(
            "{} has no State of GST, or no GSTIN: state it in locations.csv too",
            unfit.location
        ))
    }
}
