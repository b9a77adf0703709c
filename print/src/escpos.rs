//! A strip as the bytes of a receipt printer: ESC/POS, as Epson's command reference has it and compatible makers follow.
//!
//! Lines that the printer's own characters can set go as text. Other scripts, which need shaping, and signs that no code page
//! has (₹) go as pictures of 1 bit, set with the same fonts as the PDF.

#[cfg(feature = "decode")]
pub mod decode;
mod raster;
mod text;

use crate::PrintError;
use crate::code;
use crate::fonts::Fonts;
use crate::sheet::{Align, Style};
use crate::strip::{Piece, Strip, row_styles};
use raster::Picture;
use text::Page;

/// What a printer can do. Columns and dots are those of its own character set A.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Profile {
    /// Dots across the printable width: 576 for 80 mm at 203 dots to the inch, 384 for 58 mm.
    pub dots: u16,
    /// Dots to the inch.
    pub dpi: u16,
    /// Characters across the printable width.
    pub columns: u8,
    /// Characters that it sets itself.
    pub characters: Characters,
    /// Whether it draws QR codes and barcodes itself; otherwise they go as pictures.
    pub codes: bool,
    /// Whether it cuts the paper; otherwise it is fed to where it can be torn.
    pub cutter: bool,
}

/// Characters that a printer sets itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Characters {
    /// ASCII alone: safe with every maker.
    Ascii,
    /// Windows-1252 as code page 16: Western European letters, £ and €.
    Western,
}

impl Profile {
    /// 80 mm paper at 203 dots to the inch.
    pub const MM_80: Self = Self {
        dots: 576,
        dpi: 203,
        columns: 48,
        characters: Characters::Western,
        codes: true,
        cutter: true,
    };

    /// 58 mm paper at 203 dots to the inch, as small printers without a knife have it.
    pub const MM_58: Self = Self {
        dots: 384,
        dpi: 203,
        columns: 32,
        characters: Characters::Ascii,
        codes: false,
        cutter: false,
    };
}

/// Pin of the drawer's connector that the solenoid is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DrawerPin {
    /// Usual.
    Two,
    /// A second drawer.
    Five,
}

/// The pulse that opens a cash drawer: 100 ms on, 200 ms off, which spares the coil.
#[must_use]
pub fn open_drawer(pin: DrawerPin) -> Vec<u8> {
    let pin = match pin {
        DrawerPin::Two => 0,
        DrawerPin::Five => 1,
    };
    vec![ESC, b'p', pin, 50, 100]
}

const ESC: u8 = 0x1B;
const GS: u8 = 0x1D;
/// Rows of a picture that go in one command: small buffers take that many.
const BAND: usize = 128;
/// Dots of a module of a QR code at 203 dots to the inch.
const MODULE: usize = 6;
/// Dots of the narrowest bar.
const BAR: usize = 2;
/// Height of a barcode, dots.
const BARS_HEIGHT: u8 = 80;

/// From the initialisation to the cut.
pub(crate) fn encode(
    fonts: &Fonts,
    strip: &Strip,
    profile: &Profile,
) -> Result<Vec<u8>, PrintError> {
    let mut out = Encoder {
        fonts,
        profile,
        page: Page { columns: usize::from(profile.columns), characters: profile.characters },
        bytes: vec![ESC, b'@'],
        pending: Picture::empty(usize::from(profile.dots)),
        set: Set::default(),
    };
    if profile.characters == Characters::Western {
        out.bytes.extend([ESC, b't', 16]);
    }
    out.mark(strip.watermark);
    for piece in &strip.pieces {
        out.piece(piece)?;
    }
    out.mark(strip.watermark);
    out.flush();
    out.end();
    Ok(out.bytes)
}

/// How characters are set now, so that only changes are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Set {
    align: u8,
    bold: bool,
    size: u8,
}

struct Encoder<'a> {
    fonts: &'a Fonts,
    profile: &'a Profile,
    page: Page,
    bytes: Vec<u8>,
    /// Pictures that follow each other go as one.
    pending: Picture,
    set: Set,
}

impl Encoder<'_> {
    fn piece(&mut self, piece: &Piece) -> Result<(), PrintError> {
        match piece {
            Piece::Space(height) if *height >= 2_000 => self.line_feeds(3),
            Piece::Space(_) => {}
            Piece::Rule => {
                self.set(Set::default());
                self.text(&"-".repeat(self.page.columns));
            }
            Piece::Text { align, style, text } => match self.page.encodes(&[text]) {
                true => self.paragraph(*align, *style, text),
                false => self.picture(piece)?,
            },
            Piece::Pair { label, label_style, value, style } => {
                match self.page.encodes(&[label, value]) {
                    true => self.pair((label, *label_style), (value, *style)),
                    false => self.picture(piece)?,
                }
            }
            Piece::Row(row) => {
                let (label_style, style, soft) = row_styles(row);
                if self.page.encodes(&[&row.label, &row.value, &row.detail]) {
                    self.pair((&row.label, label_style), (&row.value, style));
                    self.paragraph(Align::Left, soft, &row.detail);
                } else {
                    self.picture(piece)?;
                }
            }
            Piece::Qr(text) => self.qr(text)?,
            Piece::Barcode(text) => self.barcode(text)?,
        }
        Ok(())
    }

    /// A word that stands out across the paper, white on black.
    fn mark(&mut self, word: Option<&'static str>) {
        let Some(word) = word else { return };
        self.set(Set { align: 1, bold: true, size: 0x11 });
        self.bytes.extend([GS, b'B', 1]);
        self.text(&format!(" {word} "));
        self.bytes.extend([GS, b'B', 0]);
    }

    fn paragraph(&mut self, align: Align, style: Style, text: &str) {
        let align = match align {
            Align::Left => 0,
            Align::Centre => 1,
            Align::Right => 2,
        };
        let big = style.size >= 1_100;
        for paragraph in text.lines().filter(|line| !line.trim().is_empty()) {
            let text = self.page.plain(paragraph.trim());
            let (size, columns) = match big {
                true if text.chars().count() <= self.page.columns / 2 => {
                    (0x11, self.page.columns / 2)
                }
                true => (0x01, self.page.columns),
                false => (0, self.page.columns),
            };
            self.set(Set { align, bold: style.is_bold(), size });
            for line in text::wrap(&text, columns) {
                self.text(&line);
            }
        }
    }

    fn pair(&mut self, (label, _): (&str, Style), (value, style): (&str, Style)) {
        let size = if style.size >= 1_100 { 0x01 } else { 0 };
        self.set(Set { align: 0, bold: style.is_bold(), size });
        let (label, value) = (self.page.plain(label), self.page.plain(value));
        for line in text::beside(&label, &value, self.page.columns) {
            self.text(&line);
        }
    }

    fn set(&mut self, set: Set) {
        self.flush();
        if self.set.align != set.align {
            self.bytes.extend([ESC, b'a', set.align]);
        }
        if self.set.bold != set.bold {
            self.bytes.extend([ESC, b'E', u8::from(set.bold)]);
        }
        if self.set.size != set.size {
            self.bytes.extend([GS, b'!', set.size]);
        }
        self.set = set;
    }

    fn text(&mut self, line: &str) {
        self.flush();
        self.bytes.extend(self.page.bytes(line));
        self.bytes.push(b'\n');
    }

    fn line_feeds(&mut self, count: u8) {
        self.flush();
        self.bytes.extend([ESC, b'd', count]);
    }

    /// Sets a piece with the fonts of the PDF.
    fn picture(&mut self, piece: &Piece) -> Result<(), PrintError> {
        let picture = raster::picture(self.fonts, piece, self.profile)?;
        self.pending.append(&picture);
        Ok(())
    }

    fn qr(&mut self, text: &str) -> Result<(), PrintError> {
        let modules = code::qr_modules(text)?;
        let room = usize::from(self.profile.dots) * 9 / 10;
        let module = (room / (modules.len() + 8)).clamp(1, MODULE);
        if !self.profile.codes {
            let picture = raster::modules(&modules, module, usize::from(self.profile.dots));
            self.pending.append(&picture);
            return Ok(());
        }
        self.set(Set { align: 1, ..Set::default() });
        let store = u16::try_from(text.len() + 3).map_err(|_| PrintError::QrTooLong)?;
        let module = u8::try_from(module).map_err(|_| PrintError::QrTooLong)?;
        self.bytes.extend([GS, b'(', b'k', 4, 0, 0x31, 0x41, 0x32, 0]);
        self.bytes.extend([GS, b'(', b'k', 3, 0, 0x31, 0x43, module]);
        self.bytes.extend([GS, b'(', b'k', 3, 0, 0x31, 0x45, 0x31]);
        self.bytes.extend([GS, b'(', b'k']);
        self.bytes.extend(store.to_le_bytes());
        self.bytes.extend([0x31, 0x50, 0x30]);
        self.bytes.extend(text.as_bytes());
        self.bytes.extend([GS, b'(', b'k', 3, 0, 0x31, 0x51, 0x30, b'\n']);
        Ok(())
    }

    /// Code 128; as a QR code where the paper is too narrow for it.
    fn barcode(&mut self, text: &str) -> Result<(), PrintError> {
        let bars = code::bars(text)?;
        let dots = usize::from(self.profile.dots);
        if (bars.len() + 20) * BAR > dots {
            return self.qr(text);
        }
        if !self.profile.codes {
            let picture = raster::bars(&bars, BAR, usize::from(BARS_HEIGHT), dots);
            self.pending.append(&picture);
            return Ok(());
        }
        self.set(Set { align: 1, ..Set::default() });
        // A brace in the data would begin a command of the code.
        let data = format!("{{B{}", text.replace('{', "{{"));
        let length = u8::try_from(data.len()).map_err(|_| PrintError::Barcode(text.to_owned()))?;
        self.bytes.extend([GS, b'h', BARS_HEIGHT, GS, b'w', 2, GS, b'H', 0]);
        self.bytes.extend([GS, b'k', 73, length]);
        self.bytes.extend(data.as_bytes());
        self.bytes.push(b'\n');
        Ok(())
    }

    /// Sends the pictures that wait.
    fn flush(&mut self) {
        let picture =
            std::mem::replace(&mut self.pending, Picture::empty(usize::from(self.profile.dots)));
        if picture.rows() == 0 {
            return;
        }
        if self.set.align != 0 {
            self.bytes.extend([ESC, b'a', 0]);
            self.set.align = 0;
        }
        let across = picture.bytes_across();
        for band in picture.data().chunks(across * BAND) {
            self.bytes.extend([GS, b'v', b'0', 0]);
            // Both are far below 65,536: the width of the paper, and a band.
            for length in [across, band.len() / across] {
                self.bytes.extend(u16::try_from(length).unwrap_or(u16::MAX).to_le_bytes());
            }
            self.bytes.extend(band);
        }
    }

    fn end(&mut self) {
        self.set(Set::default());
        if self.profile.cutter {
            // Feeds to the knife, then cuts but for a point.
            self.bytes.extend([GS, b'V', 66, 0]);
        } else {
            self.bytes.extend([ESC, b'd', 5]);
        }
    }
}
