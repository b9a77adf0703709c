//! A strip of 80 mm paper: blocks one below the other, as long as its content.

use crate::PrintError;
use crate::block::Block;
use crate::content::{Emphasis, Row};
use crate::fonts::Fonts;
use crate::pdf::{self, Meta};
use crate::sheet::{Align, Sheet, Style, mm, shade};
use crate::text;

/// 80 mm in whole points.
pub(crate) const WIDTH: i32 = 22_700;
/// What a printer of 80 mm paper reaches: 72 mm.
pub(crate) const LEFT: i32 = (WIDTH - mm(72)) / 2;
pub(crate) const RIGHT: i32 = WIDTH - LEFT;
pub(crate) const INNER: i32 = RIGHT - LEFT;
const CENTRE: i32 = WIDTH / 2;
/// Longest page that readers of the format must accept: 14,400 points. A longer roll goes on with a new page.
const HEIGHT_MAX: i32 = 1_440_000;
const MARGIN: i32 = mm(4);

/// Blocks of the strip so far.
pub(crate) struct Roll<'f> {
    pub(crate) fonts: &'f Fonts,
    blocks: Vec<Block>,
}

impl<'f> Roll<'f> {
    pub(crate) fn new(fonts: &'f Fonts) -> Self {
        Self { fonts, blocks: Vec::new() }
    }

    pub(crate) fn push(&mut self, block: Block) {
        self.blocks.push(block);
    }

    pub(crate) fn space(&mut self, height: i32) {
        self.push(Block::space(height));
    }

    /// Centred text.
    pub(crate) fn centred(&mut self, style: Style, text: &str) {
        let mut block = Block::default();
        let lead = style.size * 130 / 100;
        let lines = (INNER, lead);
        let y = block.wrapped(self.fonts, (CENTRE, style.size), lines, Align::Centre, style, text);
        block.height = y - style.size;
        self.push(block);
    }

    /// Text from the left edge.
    pub(crate) fn left(&mut self, style: Style, text: &str) {
        let mut block = Block::default();
        let lead = style.size * 130 / 100;
        let lines = (INNER, lead);
        let y = block.wrapped(self.fonts, (LEFT, style.size), lines, Align::Left, style, text);
        block.height = y - style.size;
        self.push(block);
    }

    pub(crate) fn rule(&mut self) {
        let mut block = Block::space(800);
        block.rule((LEFT, 400), INNER, shade::SOFT);
        self.push(block);
    }

    /// A label on the left and a figure on the right; a label that does not fit wraps.
    pub(crate) fn row(&mut self, row: &Row) {
        let (style, soft) = match row.emphasis {
            Emphasis::Plain => (Style::regular(800), Style::soft(680)),
            Emphasis::Strong => (Style::bold(820), Style::soft(680)),
            Emphasis::Grand => (Style::bold(1_200), Style::soft(680)),
        };
        let label_style = Style { size: style.size.min(980), ..style };
        let mut block = self.pair(&row.label, label_style, &row.value, style);
        if !row.detail.is_empty() {
            let (top, lead) = (block.height + soft.size - 100, soft.size * 130 / 100);
            let lines = (INNER, lead);
            let y = block.wrapped(self.fonts, (LEFT, top), lines, Align::Left, soft, &row.detail);
            block.height = y - soft.size + 100;
        }
        self.push(block);
    }

    /// A text that wraps beside a figure that does not.
    pub(crate) fn pair(&self, label: &str, label_style: Style, value: &str, style: Style) -> Block {
        let mut block = Block::default();
        let figure = text::shape(self.fonts, style.weight, value);
        let mut style = style;
        while figure.width(style.size) > INNER && style.size > 380 {
            style.size -= 20;
        }
        let taken = figure.width(style.size);
        let beside = INNER - taken - 600;
        let baseline = style.size.max(label_style.size);
        let lead = label_style.size * 130 / 100;
        // A figure as wide as the paper stands below its label.
        let (width, below) = if beside < INNER / 4 { (INNER, lead) } else { (beside, 0) };
        let (at, lines) = ((LEFT, baseline), (width, lead));
        let next = block.wrapped(self.fonts, at, lines, Align::Left, label_style, label);
        block.height = next.max(baseline + lead) - label_style.size.min(style.size) + 60;
        let y = if below == 0 { baseline } else { next };
        if below > 0 {
            block.height = y + lead - style.size + 60;
        }
        block.line((RIGHT, y), Align::Right, style, figure);
        block
    }

    /// Writes the file.
    pub(crate) fn finish(
        self,
        watermark: Option<&str>,
        meta: &Meta<'_>,
    ) -> Result<Vec<u8>, PrintError> {
        let mut sheet = Sheet::new(self.fonts, WIDTH);
        let mut heights = Vec::new();
        let mut pages: Vec<Vec<Block>> = vec![Vec::new()];
        let mut y = MARGIN;
        for block in self.blocks {
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
            if let Some(word) = watermark {
                sheet.watermark(CENTRE, height / 2, 3_600, word);
            }
            let mut y = MARGIN;
            for block in page {
                block.place(&mut sheet, y);
                y += block.height;
            }
        }
        pdf::write(sheet, &heights, meta)
    }
}
