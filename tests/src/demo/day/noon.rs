//! The network is cut. Tills and web sell from the same stock, and machines die in the middle.

use super::{World, tell};
use crate::demo::DemoError;
use crate::demo::till::{Tally, Till};
use crate::demo::web::{Ended, wishes};
use std::sync::Arc;

/// Web buyers of the day.
const BUYERS: usize = 120;
/// How many are served at once.
const BUYERS_AT_ONCE: usize = 4;
/// Contested goods of each policy.
const CONTESTED_EACH: usize = 16;

impl World<'_> {
    pub(super) fn noon(&mut self) -> Result<(), DemoError> {
        self.proxy.cut();
        if self.tills.iter().any(Till::is_online) {
            return Err(DemoError::Broken(
                "a till reaches the store through a cut network".to_owned(),
            ));
        }
        tell("the network is cut: every connection is broken, and nobody listens");
        self.sell_apart()?;
        self.resume_the_killed_till()?;
        let log = self.web.log();
        tell(&format!(
            "the web sold meanwhile: {} orders accepted, {} refused for want of stock, {} cards declined, {} requests sent again",
            log.orders.len(),
            log.refused,
            log.declined,
            self.web.retried()
        ));
        self.proxy
            .mend()
            .map_err(|error| DemoError::Broken(format!("the network stays cut: {error}")))?;
        // Twice, so that each hears what the others had to say.
        for till in self.tills.iter().chain(&self.tills) {
            till.sync()?;
        }
        tell("the network is mended; every till has told the store everything");
        Ok(())
    }

    /// All tills and the web at once; till 2 and the store die in the middle.
    fn sell_apart(&mut self) -> Result<(), DemoError> {
        let goods = self.shop.contested(&self.plans(), CONTESTED_EACH, self.now_ms);
        let wishes = wishes(&goods, BUYERS);
        tell(&format!(
            "three tills sell, {} web buyers want {} contested goods under all three policies",
            wishes.len(),
            goods.len()
        ));
        let counts: Vec<usize> = self.tills.iter().map(|till| till.plan.baskets.len()).collect();
        let tills = self.tills.clone();
        let web = Arc::clone(&self.web);
        std::thread::scope(|scope| {
            let first = scope.spawn(|| sell(&tills[0], None, counts[0]));
            let second = scope.spawn(|| tills[1].start_selling(None)?.kill_after(counts[1] / 2));
            // Till 3 keeps half of its baskets for after its disk died.
            let third = scope.spawn(|| sell(&tills[2], Some(counts[2] / 2), counts[2] / 2));
            let buyers = scope.spawn(|| web.serve(&wishes, BUYERS_AT_ONCE));
            web.wait_for(wishes.len() / 3);
            self.restart_store()?;
            tell("SIGKILL of the store in the middle of web orders; restarted, buyers ask again");
            joined(first)?;
            joined(second)?;
            tell("SIGKILL of till 2 in the middle of a sale");
            joined(third)?;
            joined(buyers)
        })?;
        self.note(1, "killed while selling, resumed: nothing lost, nothing twice");
        Ok(())
    }

    fn resume_the_killed_till(&mut self) -> Result<(), DemoError> {
        let till = self.till(1);
        let tally = selling(till, None)?;
        let all = i64::try_from(till.plan.baskets.len()).unwrap_or(i64::MAX);
        if tally.sold + tally.already != all || tally.sold == 0 || tally.already == 0 {
            return Err(DemoError::Broken(format!(
                "till 2 resumed with {tally:?} of {all} baskets"
            )));
        }
        tell(&format!(
            "till 2 goes on with its file: {} baskets had been sold before the kill, {} are sold now",
            tally.already, tally.sold
        ));
        Ok(())
    }

    pub(super) fn wait_for_reservations(&self) -> Result<(), DemoError> {
        let left = self.web.wait_for_expiry()?;
        let log = self.web.log();
        tell(&format!(
            "{left} orders were never paid and their goods are free again; {} are paid, {} given back",
            log.count(Ended::Paid),
            log.count(Ended::Refunded)
        ));
        Ok(())
    }
}

fn sell(till: &Till, limit: Option<usize>, expected: usize) -> Result<(), DemoError> {
    let tally = selling(till, limit)?;
    if usize::try_from(tally.sold) != Ok(expected) {
        return Err(DemoError::Broken(format!(
            "{} sold {tally:?} of {expected} baskets",
            till.code
        )));
    }
    Ok(())
}

pub(super) fn selling(till: &Till, limit: Option<usize>) -> Result<Tally, DemoError> {
    let mut refused = Vec::new();
    let tally = till.start_selling(limit)?.finish(&mut |told| refused.push(told.to_string()))?;
    match refused.first() {
        None => Ok(tally),
        Some(first) => {
            let count = refused.len();
            Err(DemoError::Broken(format!("{} refused {count} baskets, first {first}", till.code)))
        }
    }
}

fn joined<T>(
    thread: std::thread::ScopedJoinHandle<'_, Result<T, DemoError>>,
) -> Result<T, DemoError> {
    thread
        .join()
        .unwrap_or_else(|_| Err(DemoError::Broken("a thread of the demo panicked".to_owned())))
}
