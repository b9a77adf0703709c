//! The program's log: lines on stderr. A line that cannot be written is lost, and nothing else.

use std::io::Write;

/// Writes and forgets: a full disk or a reader that has gone away must not end what is logged.
struct Forgiving<W>(W);

impl<W: Write> Write for Forgiving<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let _lost = self.0.write_all(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        let _lost = self.0.flush();
        Ok(())
    }
}

/// Sends what is traced to stderr as JSON lines. Later calls change nothing.
pub fn to_stderr() {
    let writer = || Forgiving(std::io::stderr());
    // Its own errors would go to stderr by a way that panics.
    let made = tracing_subscriber::fmt().with_writer(writer).log_internal_errors(false).json();
    let _ = made.try_init();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_that_cannot_be_written_fails_nobody() {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let mut log = Forgiving(full);
        writeln!(log, "lost").unwrap();
        log.flush().unwrap();
    }
}
