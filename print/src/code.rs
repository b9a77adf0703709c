//! Codes that are scanned: QR and Code 128, as modules and as black boxes.

use crate::PrintError;
use crate::block::Block;
use crate::sheet::mm;
use crate::strip::Column;
use barcoders::sym::code128::Code128;
use qrcode::{Color, EcLevel, QrCode};

/// Height of a barcode on paper.
const BARS_HEIGHT: i32 = mm(9);
/// Width of the narrowest bar, hundredths of a point: two dots of a printer with 203 dots to the inch.
const BAR: i32 = 71;
/// Bars of a quiet zone.
const QUIET: i32 = 10;

/// A QR code as rows of modules, dark ones true, without its quiet zone.
///
/// # Errors
/// [`PrintError::QrTooLong`] when the text does not fit.
pub(crate) fn qr_modules(text: &str) -> Result<Vec<Vec<bool>>, PrintError> {
    let code = qr(text)?;
    let rows = code.to_colors();
    let dark = |row: &[Color]| row.iter().map(|color| *color == Color::Dark).collect();
    Ok(rows.chunks(code.width()).map(dark).collect())
}

fn qr(text: &str) -> Result<QrCode, PrintError> {
    QrCode::with_error_correction_level(text, EcLevel::M).map_err(|_| PrintError::QrTooLong)
}

/// The bars and gaps of a Code 128 (set B), dark ones true.
///
/// # Errors
/// [`PrintError::Barcode`] when a character is not in the set.
pub(crate) fn bars(text: &str) -> Result<Vec<bool>, PrintError> {
    // The library takes the set as a letter before the text.
    let code =
        Code128::new(format!("\u{181}{text}")).map_err(|_| PrintError::Barcode(text.to_owned()))?;
    Ok(code.encode().into_iter().map(|bar| bar == 1).collect())
}

/// Draws a Code 128 in the middle of a column; as a QR code where it is too wide.
///
/// # Errors
/// [`PrintError::Barcode`].
pub(crate) fn bars_block(text: &str, column: Column) -> Result<Block, PrintError> {
    let bars = bars(text)?;
    let count = i32::try_from(bars.len()).map_err(|_| PrintError::TooLarge)?;
    if (count + 2 * QUIET) * BAR > column.width {
        let size = mm(20).min(column.width);
        return qr_block(text, column.left + (column.width - size) / 2, size);
    }
    let mut block = Block::space(BARS_HEIGHT + mm(2));
    let mut x = column.left + (column.width - count * BAR) / 2;
    let mut boxes = Vec::new();
    for run in bars.chunk_by(|a, b| a == b) {
        let width = i32::try_from(run.len()).map_err(|_| PrintError::TooLarge)? * BAR;
        if run.first() == Some(&true) {
            boxes.push([x, mm(1), width, BARS_HEIGHT]);
        }
        x += width;
    }
    block.boxes(boxes);
    Ok(block)
}

/// Draws a QR code of about `size` with its quiet zone (four modules) inside, at `x` in a block of that height.
///
/// # Errors
/// [`PrintError::QrTooLong`] when the text does not fit.
pub(crate) fn qr_block(text: &str, x: i32, size: i32) -> Result<Block, PrintError> {
    let code = qr(text)?;
    let modules = i32::try_from(code.width()).map_err(|_| PrintError::QrTooLong)?;
    // Whole units to a module: no hairlines between neighbours.
    let module = size / (modules + 8);
    let quiet = (size - module * modules) / 2;
    let mut block = Block::space(size);
    let mut boxes = Vec::new();
    for (row, colors) in (0..).zip(code.to_colors().chunks(code.width())) {
        let mut column = 0;
        for run in colors.chunk_by(|a, b| a == b) {
            let length = i32::try_from(run.len()).map_err(|_| PrintError::QrTooLong)?;
            if run.first() == Some(&Color::Dark) {
                boxes.push([
                    x + quiet + column * module,
                    quiet + row * module,
                    length * module,
                    module,
                ]);
            }
            column += length;
        }
    }
    block.boxes(boxes);
    Ok(block)
}
