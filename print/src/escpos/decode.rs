//! What a printer would make of bytes: for tests and for looking at a receipt without paper. Knows the commands that this
//! program sends, and nothing else: any other byte is an error, since a printer would print it or swallow what follows.

use encoding_rs::WINDOWS_1252;

/// Something that a printer does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A line of its own characters.
    Text {
        /// The characters.
        text: String,
        /// 0 left, 1 centre, 2 right.
        align: u8,
        /// Emphasised.
        bold: bool,
        /// Width times less one in the high four bits, height times less one in the low.
        size: u8,
        /// White on black.
        reverse: bool,
    },
    /// A picture, its rows of bits padded to bytes.
    Image {
        /// Bytes to a row.
        across: usize,
        /// The rows.
        data: Vec<u8>,
    },
    /// A QR code that the printer draws.
    Qr(String),
    /// A Code 128 that the printer draws.
    Barcode(String),
    /// Lines fed.
    Feed(u8),
    /// The knife.
    Cut,
    /// A pulse to the drawer.
    Drawer {
        /// 0 for pin 2, 1 for pin 5.
        pin: u8,
        /// Milliseconds on.
        on_ms: u16,
        /// Milliseconds off.
        off_ms: u16,
    },
    /// The printer is asked how it is (`DLE EOT n`).
    Status(u8),
}

/// Reads the bytes of a job.
///
/// # Errors
/// Says at which byte there is no command that is known, or one that is cut short.
pub fn decode(bytes: &[u8]) -> Result<Vec<Event>, String> {
    let mut reader = Reader { bytes, at: 0, set: Set::default(), qr: None, events: Vec::new() };
    while reader.at < bytes.len() {
        reader.command()?;
    }
    Ok(reader.events)
}

/// The lines of text of a job, one below the other; pictures and codes as words in brackets.
#[must_use]
pub fn readable(events: &[Event]) -> String {
    let mut lines = String::new();
    for event in events {
        let line = match event {
            Event::Text { text, .. } => text.clone(),
            Event::Image { across, data } => {
                format!("[image {}x{}]", across * 8, data.len() / (*across).max(1))
            }
            Event::Qr(text) => format!("[qr {text}]"),
            Event::Barcode(text) => format!("[barcode {text}]"),
            Event::Feed(count) => format!("[feed {count}]"),
            Event::Cut => "[cut]".to_owned(),
            Event::Drawer { pin, on_ms, off_ms } => format!("[drawer {pin} {on_ms} {off_ms}]"),
            Event::Status(what) => format!("[status {what}]"),
        };
        lines.push_str(line.trim_end());
        lines.push('\n');
    }
    lines
}

#[derive(Debug, Clone, Copy, Default)]
struct Set {
    align: u8,
    bold: bool,
    size: u8,
    reverse: bool,
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    set: Set,
    qr: Option<String>,
    events: Vec<Event>,
}

impl Reader<'_> {
    fn next(&mut self) -> Result<u8, String> {
        let byte = self.bytes.get(self.at).copied();
        self.at += 1;
        byte.ok_or_else(|| "a command is cut short at the end".to_owned())
    }

    fn take(&mut self, count: usize) -> Result<Vec<u8>, String> {
        (0..count).map(|_| self.next()).collect()
    }

    fn length(&mut self) -> Result<usize, String> {
        let (low, high) = (self.next()?, self.next()?);
        Ok(usize::from(u16::from_le_bytes([low, high])))
    }

    fn command(&mut self) -> Result<(), String> {
        let start = self.at;
        match self.next()? {
            0x1B => self.escape(start),
            0x1D => self.group(start),
            0x10 => match (self.next()?, self.next()?) {
                (0x04, what @ 1..=4) => {
                    self.events.push(Event::Status(what));
                    Ok(())
                }
                _ => Err(unknown(start)),
            },
            b'\n' => {
                // The line feed after a code ends no text.
                if !matches!(self.events.last(), Some(Event::Qr(_) | Event::Barcode(_))) {
                    self.line(&[]);
                }
                Ok(())
            }
            byte if byte >= 0x20 => {
                let mut line = vec![byte];
                loop {
                    match self.next()? {
                        b'\n' => break,
                        byte if byte >= 0x20 => line.push(byte),
                        _ => return Err(unknown(self.at - 1)),
                    }
                }
                self.line(&line);
                Ok(())
            }
            _ => Err(unknown(start)),
        }
    }

    fn line(&mut self, line: &[u8]) {
        let (text, _, _) = WINDOWS_1252.decode(line);
        let Set { align, bold, size, reverse } = self.set;
        self.events.push(Event::Text { text: text.into_owned(), align, bold, size, reverse });
    }

    fn escape(&mut self, start: usize) -> Result<(), String> {
        match self.next()? {
            b'@' => self.set = Set::default(),
            b't' if self.next()? == 16 => {}
            b'a' => self.set.align = self.below(3, start)?,
            b'E' => self.set.bold = self.below(2, start)? == 1,
            b'd' => {
                let count = self.next()?;
                self.events.push(Event::Feed(count));
            }
            b'p' => {
                let (pin, on, off) = (self.below(2, start)?, self.next()?, self.next()?);
                if on >= off {
                    return Err(format!("the pulse at byte {start} is longer on than off"));
                }
                let (on_ms, off_ms) = (u16::from(on) * 2, u16::from(off) * 2);
                self.events.push(Event::Drawer { pin, on_ms, off_ms });
            }
            _ => return Err(unknown(start)),
        }
        Ok(())
    }

    fn below(&mut self, limit: u8, start: usize) -> Result<u8, String> {
        let value = self.next()?;
        if value < limit { Ok(value) } else { Err(unknown(start)) }
    }

    fn group(&mut self, start: usize) -> Result<(), String> {
        match self.next()? {
            b'!' => self.set.size = self.next()?,
            b'B' => self.set.reverse = self.below(2, start)? == 1,
            b'h' | b'w' | b'H' => {
                self.next()?;
            }
            b'V' => match (self.next()?, self.next()?) {
                (66, _) => self.events.push(Event::Cut),
                _ => return Err(unknown(start)),
            },
            b'v' => {
                if self.take(2)? != [b'0', 0] {
                    return Err(unknown(start));
                }
                let (across, rows) = (self.length()?, self.length()?);
                let data = self.take(across * rows)?;
                self.events.push(Event::Image { across, data });
            }
            b'k' => {
                if self.next()? != 73 {
                    return Err(unknown(start));
                }
                let length = usize::from(self.next()?);
                let data = String::from_utf8(self.take(length)?).map_err(|_| unknown(start))?;
                let data = data.strip_prefix("{B").ok_or_else(|| unknown(start))?;
                self.events.push(Event::Barcode(data.replace("{{", "{")));
            }
            b'(' => self.symbol(start)?,
            _ => return Err(unknown(start)),
        }
        Ok(())
    }

    fn symbol(&mut self, start: usize) -> Result<(), String> {
        if self.next()? != b'k' {
            return Err(unknown(start));
        }
        let length = self.length()?;
        let data = self.take(length)?;
        match data.as_slice() {
            [0x31, 0x41, 0x32, 0] | [0x31, 0x43, 1..=16] | [0x31, 0x45, 0x30..=0x33] => {}
            [0x31, 0x50, 0x30, text @ ..] => {
                self.qr = Some(String::from_utf8(text.to_vec()).map_err(|_| unknown(start))?);
            }
            [0x31, 0x51, 0x30] => {
                let text = self.qr.clone().ok_or_else(|| unknown(start))?;
                self.events.push(Event::Qr(text));
            }
            _ => return Err(unknown(start)),
        }
        Ok(())
    }
}

fn unknown(at: usize) -> String {
    format!("no known command at byte {at}")
}
