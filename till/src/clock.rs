//! The only place of the till that looks at a clock; everything else is given a [`Moment`].

use daybook_domain::clock::Moment;
use uuid::Uuid;

/// Reads the machine's clocks.
#[must_use]
pub fn now() -> Moment {
    #[expect(clippy::disallowed_methods, reason = "the till's one clock")]
    let wall = std::time::SystemTime::now();
    let at_ms = match wall.duration_since(std::time::UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
        Err(before) => -i64::try_from(before.duration().as_millis()).unwrap_or(i64::MAX),
    };
    // Boottime runs through suspend, as a lease must.
    let up = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    let mono_ms = up.tv_sec.saturating_mul(1000).saturating_add(up.tv_nsec / 1_000_000);
    Moment { at_ms, mono_ms, boot: boot_id() }
}

/// The kernel's boot id; nil where the system has none.
fn boot_id() -> Uuid {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id")
        .ok()
        .and_then(|text| Uuid::parse_str(text.trim()).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_monotonic_clock_never_goes_back() {
        let first = super::now();
        let second = super::now();
        assert!(second.since(first).is_some());
    }
}
