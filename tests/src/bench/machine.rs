//! What else a figure depends on: how busy the machine is, and how much memory a process took.

use std::fs::read_to_string;

/// Load averages of 1, 5 and 15 minutes as the kernel writes them; empty where it does not.
#[must_use]
pub fn load() -> String {
    let text = read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().take(3).collect::<Vec<_>>().join(" ")
}

/// Most memory that a process ever held, bytes; nothing where the kernel does not say.
#[must_use]
pub fn peak_memory(process: u32) -> Option<u64> {
    let status = read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    #[test]
    fn this_process_has_taken_some_memory() {
        assert!(super::peak_memory(std::process::id()).is_some_and(|bytes| bytes > 100_000));
    }
}
