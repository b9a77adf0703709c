//! What can go wrong between a document and its bytes.

/// Why a document could not be printed.
#[derive(Debug, thiserror::Error)]
pub enum PrintError {
    /// A font that ships with the program cannot be parsed.
    #[error("the built-in font {0} cannot be read")]
    Font(&'static str),
    /// A font could not be reduced to the glyphs of the document.
    #[error("the font {font} cannot be reduced to the glyphs in use")]
    Subset {
        /// Which font.
        font: &'static str,
        /// What the subsetter says.
        #[source]
        source: subsetter::Error,
    },
    /// A moment outside the calendar.
    #[error("issued_at_ms {0} is outside the calendar")]
    Moment(i64),
    /// More than a file can hold: glyphs of one font, or objects.
    #[error("the document is too large for one file")]
    TooLarge,
    /// The file could not be put together.
    #[error("the file cannot be written: {0}")]
    File(String),
    /// The payment link does not fit a QR code.
    #[error("the payment link is too long for a QR code")]
    QrTooLong,
    /// A number holds characters that no barcode has.
    #[error("{0:?} cannot be a barcode")]
    Barcode(String),
}

impl PrintError {
    /// Stable code for the edge.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Font(_) => "print.font",
            Self::Subset { .. } => "print.subset",
            Self::Moment(_) => "print.moment",
            Self::TooLarge => "print.too_large",
            Self::File(_) => "print.file",
            Self::QrTooLong => "print.qr_too_long",
            Self::Barcode(_) => "print.barcode",
        }
    }
}
