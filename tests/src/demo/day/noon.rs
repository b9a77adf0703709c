//! The network is cut. Tills and web sell from the same stock, and machines die in the middle.

use super::{World, tell};
use crate::demo::DemoError;
use crate::demo::till::{Tally, Till};
use crate::demo::web::{Ended, wishes};
use serde_json::Value;
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
        if wishes.is_empty() {
            self.leave_out("web orders: no goods with a price are pooled or set aside for the web");
        }
        tell(&format!(
            "three tills sell, {} web buyers want {} contested goods under the policies of the shop",
            wishes.len(),
            goods.len()
        ));
        let counts: Vec<usize> = self.tills.iter().map(|till| till.plan.baskets.len()).collect();
        let tills = self.tills.clone();
        let web = Arc::clone(&self.web);
        let (one, three) = std::thread::scope(|scope| {
            let first = scope.spawn(|| selling(&tills[0], None));
            let second =
                scope.spawn(|| Ok(tills[1].start_selling(None)?.kill_after(counts[1] / 2).is_ok()));
            // Till 3 keeps half of its baskets for after its disk died.
            let third = scope.spawn(|| selling(&tills[2], Some(counts[2] / 2)));
            let buyers = scope.spawn(|| web.serve(&wishes, BUYERS_AT_ONCE));
            web.wait_for(wishes.len() / 3);
            self.restart_store()?;
            tell("SIGKILL of the store in the middle of web orders; restarted, buyers ask again");
            let one = joined(first)?;
            if joined(second)? {
                tell("SIGKILL of till 2 in the middle of its file");
            }
            let three = joined(third)?;
            joined(buyers)?;
            Ok::<_, DemoError>((one, three))
        })?;
        one.is_whole(&tills[0])?;
        self.keep_refusals(0, &one.refusals);
        self.sold_before = three.tally.sold;
        Ok(())
    }

    fn resume_the_killed_till(&mut self) -> Result<(), DemoError> {
        let run = selling(self.till(1), None)?;
        run.is_whole(self.till(1))?;
        self.keep_refusals(1, &run.refusals);
        if run.tally.sold == 0 || run.tally.already == 0 {
            self.leave_out("a till killed while it sells: till 2 has too few baskets to be caught in the middle");
            return Ok(());
        }
        tell(&format!(
            "till 2 goes on with its file: {} baskets had been sold before the kill, {} are sold now",
            run.tally.already, run.tally.sold
        ));
        self.note(1, "killed while selling, resumed: nothing lost, nothing twice");
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

/// What came of a till's file: figures, and what it said of each basket that it refused by a rule.
pub(super) struct Run {
    pub(super) tally: Tally,
    pub(super) refusals: Vec<Value>,
}

impl Run {
    /// Every basket was sold now, was sold before, or was refused.
    fn is_whole(&self, till: &Till) -> Result<(), DemoError> {
        let Tally { sold, already, refused } = self.tally;
        if usize::try_from(sold + already + refused) == Ok(till.plan.baskets.len()) {
            return Ok(());
        }
        let count = till.plan.baskets.len();
        Err(DemoError::Broken(format!("{} did {:?} of {count} baskets", till.code, self.tally)))
    }
}

pub(super) fn selling(till: &Till, limit: Option<usize>) -> Result<Run, DemoError> {
    let mut refusals = Vec::new();
    let tally = till.start_selling(limit)?.finish(&mut |told| refusals.push(told.clone()))?;
    Ok(Run { tally, refusals })
}

fn joined<T>(
    thread: std::thread::ScopedJoinHandle<'_, Result<T, DemoError>>,
) -> Result<T, DemoError> {
    thread
        .join()
        .unwrap_or_else(|_| Err(DemoError::Broken("a thread of the demo panicked".to_owned())))
}
