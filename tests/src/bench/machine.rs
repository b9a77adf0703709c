//! What else a figure depends on: how busy the machine is, and how much memory a process took.

use std::collections::BTreeMap;
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

/// Memory of a program with all processes that it began, each page shared out among those that share it (PSS), bytes.
/// `command` is how its command line ends or goes on; nothing where the kernel does not say.
#[must_use]
pub fn memory_of_program(command: &str) -> Option<u64> {
    let processes = processes();
    let (root, _) = processes.iter().find(|(id, _)| command_line(**id).contains(command))?;
    let mut family = vec![*root];
    let mut at = 0;
    while let Some(parent) = family.get(at).copied() {
        family.extend(processes.iter().filter(|(_, of)| **of == parent).map(|(id, _)| *id));
        at += 1;
    }
    let kibibytes: u64 = family.into_iter().filter_map(proportional_memory).sum();
    kibibytes.checked_mul(1024)
}

/// Every process with its parent.
fn processes() -> BTreeMap<u32, u32> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    ids.filter_map(|id: u32| {
        let stat = read_to_string(format!("/proc/{id}/stat")).ok()?;
        // The name, in parentheses, may hold anything; state and parent come after it.
        let parent = stat.rsplit(')').next()?.split_whitespace().nth(1)?.parse().ok()?;
        Some((id, parent))
    })
    .collect()
}

fn command_line(process: u32) -> String {
    let line = std::fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&line).replace('\0', " ")
}

/// Kibibytes.
fn proportional_memory(process: u32) -> Option<u64> {
    let rollup = read_to_string(format!("/proc/{process}/smaps_rollup")).ok()?;
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    line.trim().trim_end_matches("kB").trim().parse().ok()
}

#[cfg(test)]
mod tests {
    #[test]
    fn this_process_has_taken_some_memory() {
        assert!(super::peak_memory(std::process::id()).is_some_and(|bytes| bytes > 100_000));
    }
}
