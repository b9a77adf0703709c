//! How long to wait after a failure: doubling, capped, with jitter from a passed seed.

/// First wait, milliseconds.
const BASE_MS: i64 = 1_000;

/// Longest wait, milliseconds.
pub(super) const CAP_MS: i64 = 300_000;

#[derive(Debug)]
pub(super) struct Backoff {
    failures: u32,
    random: u64,
}

impl Backoff {
    pub(super) fn new(seed: u64) -> Self {
        Self { failures: 0, random: seed }
    }

    pub(super) fn reset(&mut self) {
        self.failures = 0;
    }

    /// Whether the last attempt failed.
    pub(super) fn is_retry(&self) -> bool {
        self.failures > 0
    }

    /// The next wait, never shorter than asked for.
    pub(super) fn next(&mut self, at_least_ms: Option<i64>) -> i64 {
        let doubled = BASE_MS.checked_shl(self.failures.min(20)).unwrap_or(CAP_MS);
        self.failures = self.failures.saturating_add(1);
        let wait = self.jittered(doubled.min(CAP_MS));
        match at_least_ms {
            // On top, so that a thousand tills told the same moment do not come at it together.
            Some(least) => least.clamp(0, 24 * 3_600_000).saturating_add(wait.min(CAP_MS / 10)),
            None => wait,
        }
    }

    /// Somewhere in the upper half of a span.
    pub(super) fn jittered(&mut self, span_ms: i64) -> i64 {
        let half = (span_ms / 2).max(1);
        let drawn = i64::try_from(self.draw() >> 1).unwrap_or(0);
        span_ms - drawn % half
    }

    /// SplitMix64: small, seedable, good enough to spread tills.
    fn draw(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}
