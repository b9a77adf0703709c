//! Which printer this till has, and what it can do.

use crate::error::TillError;
use crate::ledger::state;
use daybook_print::escpos::{Characters, DrawerPin, Profile};
use serde::{Deserialize, Serialize};
use specta::Type;

/// Name in `state`.
const PRINTER: &str = "printer";
/// Longest host name, path or name of a queue, bytes.
const ADDRESS_MAX: usize = 255;

/// How the receipt printer is reached.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Connection {
    /// There is none.
    #[default]
    None,
    /// Raw over TCP, usually port 9100.
    Network {
        /// Name or address.
        host: String,
        /// Port.
        port: u16,
    },
    /// A device file, e.g. `/dev/usb/lp0`.
    Device {
        /// Its path.
        path: String,
    },
    /// A queue of the system's printing, which takes PDF.
    System {
        /// Its name.
        queue: String,
    },
}

/// Paper of the receipt printer, and how many dots it prints across.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum Paper {
    /// 80 mm, 576 dots, 48 characters.
    #[default]
    Mm80,
    /// 80 mm, 512 dots at 180 to the inch, 42 characters.
    #[serde(rename = "mm80_180dpi")]
    Mm80Coarse,
    /// 58 mm, 384 dots, 32 characters.
    Mm58,
}

/// Whether the printer opens the cash drawer, and by which pin.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum DrawerWiring {
    /// No drawer is wired to the printer.
    #[default]
    None,
    /// Pin 2.
    Pin2,
    /// Pin 5.
    Pin5,
}

/// The printers of this till.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct PrinterSetup {
    /// Where receipts go.
    pub connection: Connection,
    /// Its paper.
    pub paper: Paper,
    /// It has Western European letters as code page 16; otherwise they are drawn.
    pub western: bool,
    /// It draws QR codes and barcodes itself.
    pub codes: bool,
    /// It cuts.
    pub cutter: bool,
    /// It answers when asked how it is: paper, cover.
    pub answers: bool,
    /// The drawer.
    pub drawer: DrawerWiring,
    /// Every sale is printed at once.
    pub every_sale: bool,
    /// Queue of the system's printing for A4 invoices.
    pub invoice_queue: Option<String>,
}

impl Default for PrinterSetup {
    fn default() -> Self {
        Self {
            connection: Connection::None,
            paper: Paper::Mm80,
            western: true,
            codes: true,
            cutter: true,
            answers: false,
            drawer: DrawerWiring::None,
            every_sale: true,
            invoice_queue: None,
        }
    }
}

impl PrinterSetup {
    /// The printers of this till as they are set up.
    ///
    /// # Errors
    /// [`TillError::Corrupt`].
    pub fn read(conn: &rusqlite::Connection) -> Result<Self, TillError> {
        state::get_over_usual(conn, PRINTER)
    }

    /// Keeps it.
    ///
    /// # Errors
    /// [`TillError::BadInput`] with the field.
    pub fn keep(&self, conn: &rusqlite::Connection) -> Result<(), TillError> {
        self.check()?;
        state::set(conn, PRINTER, self)
    }

    fn check(&self) -> Result<(), TillError> {
        let named = |field: &str, value: &str| {
            let strange = |c: char| c.is_control() || c.is_whitespace();
            if value.is_empty() || value.len() > ADDRESS_MAX || value.contains(strange) {
                return Err(TillError::bad(field, "must be given, without spaces"));
            }
            // It becomes an argument of a program.
            if value.starts_with('-') {
                return Err(TillError::bad(field, "may not begin with a hyphen"));
            }
            Ok(())
        };
        match &self.connection {
            Connection::None => {}
            Connection::Network { host, port } => {
                named("host", host)?;
                if *port == 0 {
                    return Err(TillError::bad("port", "must be 1 to 65535"));
                }
            }
            Connection::Device { path } => named("path", path)?,
            Connection::System { queue } => named("queue", queue)?,
        }
        self.invoice_queue.as_deref().map_or(Ok(()), |queue| named("invoice_queue", queue))
    }

    /// Whether receipts go anywhere.
    #[must_use]
    pub fn prints_receipts(&self) -> bool {
        self.connection != Connection::None
    }

    /// What the receipt printer can do.
    #[must_use]
    pub fn profile(&self) -> Profile {
        let (dots, dpi, columns) = match self.paper {
            Paper::Mm80 => (576, 203, 48),
            Paper::Mm80Coarse => (512, 180, 42),
            Paper::Mm58 => (384, 203, 32),
        };
        Profile {
            dots,
            dpi,
            columns,
            characters: if self.western { Characters::Western } else { Characters::Ascii },
            codes: self.codes,
            cutter: self.cutter,
        }
    }

    /// The pin that opens the drawer, where a printer is there to send the pulse.
    #[must_use]
    pub fn drawer_pin(&self) -> Option<DrawerPin> {
        match (&self.connection, self.drawer) {
            (Connection::None | Connection::System { .. }, _) | (_, DrawerWiring::None) => None,
            (_, DrawerWiring::Pin2) => Some(DrawerPin::Two),
            (_, DrawerWiring::Pin5) => Some(DrawerPin::Five),
        }
    }

    /// The printer as a person knows it.
    #[must_use]
    pub fn name(&self) -> String {
        match &self.connection {
            Connection::None => String::new(),
            Connection::Network { host, port } => format!("{host}:{port}"),
            Connection::Device { path } => path.clone(),
            Connection::System { queue } => queue.clone(),
        }
    }
}
