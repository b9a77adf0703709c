//! Durations of many repetitions.

use std::time::{Duration, Instant};

/// The present instant. The one place of this crate that reads a clock to measure.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
pub fn now() -> Instant {
    Instant::now()
}

/// Runs something and says how long it took.
pub fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = now();
    let done = work();
    (done, start.elapsed())
}

/// Durations of single repetitions, in nanoseconds.
#[derive(Debug, Default, Clone)]
pub struct Samples(Vec<u64>);

impl Samples {
    /// Adds one repetition.
    pub fn push(&mut self, took: Duration) {
        self.0.push(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX));
    }

    /// Measures `count` repetitions of something that may fail.
    ///
    /// # Errors
    /// The first failure.
    pub fn of<E>(count: usize, mut work: impl FnMut(usize) -> Result<(), E>) -> Result<Self, E> {
        let mut samples = Self::default();
        for number in 0..count {
            let (done, took) = timed(|| work(number));
            done?;
            samples.push(took);
        }
        Ok(samples)
    }

    /// The duration that `permille` of the repetitions did not exceed, nanoseconds; 0 without any.
    #[must_use]
    pub fn permille(&self, permille: usize) -> u64 {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let rank = (sorted.len() * permille).div_ceil(1000).max(1) - 1;
        sorted.get(rank).copied().unwrap_or(0)
    }

    /// Adds the repetitions of another measurement of the same thing.
    pub fn append(&mut self, mut other: Self) {
        self.0.append(&mut other.0);
    }

    /// The shortest, nanoseconds: what the work takes when nothing else runs; 0 without any.
    #[must_use]
    pub fn best(&self) -> u64 {
        self.0.iter().copied().min().unwrap_or(0)
    }

    /// Median, nanoseconds.
    #[must_use]
    pub fn p50(&self) -> u64 {
        self.permille(500)
    }

    /// 99 of 100 took no longer, nanoseconds.
    #[must_use]
    pub fn p99(&self) -> u64 {
        self.permille(990)
    }
}

/// How many a second, of `count` in `took`.
#[must_use]
pub fn rate(count: usize, took: Duration) -> u64 {
    let nanos = took.as_nanos().max(1);
    let count = u128::try_from(count).unwrap_or(u128::MAX);
    u64::try_from(count.saturating_mul(1_000_000_000) / nanos).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_take_the_nearest_rank() {
        let mut samples = Samples::default();
        for millis in 1..=200 {
            samples.push(Duration::from_millis(millis));
        }
        assert_eq!(samples.p50(), 100_000_000);
        assert_eq!(samples.p99(), 198_000_000);
        assert_eq!(samples.permille(1000), 200_000_000);
        assert_eq!(Samples::default().p99(), 0);
    }

    #[test]
    fn a_rate_is_per_second() {
        assert_eq!(rate(300, Duration::from_millis(100)), 3000);
    }
}
