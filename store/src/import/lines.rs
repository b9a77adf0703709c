//! Numbers of lines as an editor shows them: a line ends with LF, CR LF or CR, and empty lines count.

/// Counts the lines of a text from its beginning on; asked in the order of the text.
pub(super) struct LineCounter<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u64,
}

impl<'a> LineCounter<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, line: 1 }
    }

    /// The line of what begins at this byte or after the ends of lines that stand there.
    pub(super) fn line_of(&mut self, offset: u64) -> u64 {
        let offset = usize::try_from(offset).unwrap_or(usize::MAX);
        while let Some(byte) = self.bytes.get(self.at) {
            if self.at >= offset && !matches!(byte, b'\r' | b'\n') {
                break;
            }
            let within_crlf = *byte == b'\r' && self.bytes.get(self.at + 1) == Some(&b'\n');
            self.line += u64::from(matches!(byte, b'\r' | b'\n') && !within_crlf);
            self.at += 1;
        }
        self.line
    }
}

#[cfg(test)]
mod tests {
    use super::LineCounter;

    #[test]
    fn every_end_of_line_counts_once() {
        for text in ["a\nb\n\nc", "a\r\nb\r\n\r\nc", "a\rb\r\rc"] {
            let at = |part: &str| u64::try_from(text.find(part).unwrap()).unwrap();
            let mut counter = LineCounter::new(text.as_bytes());
            assert_eq!(counter.line_of(at("a")), 1, "{text:?}");
            assert_eq!(
                counter.line_of(at("b") - 1),
                2,
                "{text:?}: from the end of the line before"
            );
            assert_eq!(counter.line_of(at("c")), 4, "{text:?}");
        }
    }
}
