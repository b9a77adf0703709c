//! The machine's clock and random source: the only place of this crate that reads them.

use crate::db::Moment;
use crate::gate::Clock;
use std::time::{SystemTime, UNIX_EPOCH};

/// The machine's own.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the binary's clock module")]
    fn moment(&self) -> Moment {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Moment { at_ms: i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX), seed: random() }
    }
}

/// Random bytes for keys, codes and seeds.
#[must_use]
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("a machine without random numbers cannot make keys");
    bytes
}
