//! A QR code as black boxes.

use crate::PrintError;
use crate::block::Block;
use qrcode::{Color, EcLevel, QrCode};

/// Draws a code of about `size` with its quiet zone (four modules) inside, at `x` in a block of that height.
///
/// # Errors
/// [`PrintError::QrTooLong`] when the text does not fit.
pub(crate) fn block(text: &str, x: i32, size: i32) -> Result<Block, PrintError> {
    let code =
        QrCode::with_error_correction_level(text, EcLevel::M).map_err(|_| PrintError::QrTooLong)?;
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
