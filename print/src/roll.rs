//! A strip as PDF: a page 80 mm wide, as long as its content.

use crate::PrintError;
use crate::block::Block;
use crate::fonts::Fonts;
use crate::pdf;
use crate::sheet::{Sheet, mm};
use crate::strip::{Column, Strip};

/// 80 mm in whole points.
const WIDTH: i32 = 22_700;
/// What a printer of 80 mm paper reaches: 72 mm.
const COLUMN: Column = Column { left: (WIDTH - mm(72)) / 2, width: mm(72) };
/// Longest page that readers of the format must accept: 14,400 points. A longer roll goes on with a new page.
const HEIGHT_MAX: i32 = 1_440_000;
const MARGIN: i32 = mm(4);

/// Writes the file.
pub(crate) fn write(fonts: &Fonts, strip: &Strip) -> Result<Vec<u8>, PrintError> {
    let mut sheet = Sheet::new(fonts, WIDTH);
    let mut heights = Vec::new();
    let mut pages: Vec<Vec<Block>> = vec![Vec::new()];
    let mut y = MARGIN;
    for piece in &strip.pieces {
        let block = piece.block(fonts, COLUMN)?;
        if y + block.height > HEIGHT_MAX - MARGIN {
            heights.push(y + MARGIN);
            pages.push(Vec::new());
            y = MARGIN;
        }
        y += block.height;
        if let Some(page) = pages.last_mut() {
            page.push(block);
        }
    }
    heights.push(y + MARGIN);
    for (index, (page, height)) in pages.iter().zip(&heights).enumerate() {
        if index > 0 {
            sheet.add_page();
        }
        if let Some(word) = strip.watermark {
            sheet.watermark(WIDTH / 2, height / 2, 3_600, word);
        }
        let mut y = MARGIN;
        for block in page {
            block.place(&mut sheet, y);
            y += block.height;
        }
    }
    pdf::write(sheet, &heights, &strip.about.meta())
}
