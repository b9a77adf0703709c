//! A strip of receipt paper: pieces one below the other, as long as its content. It says what stands on the paper, not how a
//! device sets it: one strip becomes a PDF page or the bytes of a receipt printer.

use crate::PrintError;
use crate::block::Block;
use crate::code;
use crate::content::{Emphasis, Row};
use crate::escpos::{self, Profile};
use crate::fonts::Fonts;
use crate::pdf::Meta;
use crate::roll;
use crate::sheet::{Align, Style, mm, shade};
use crate::text;

/// A receipt or report, ready for paper.
#[derive(Debug, Clone)]
pub struct Strip {
    pub(crate) pieces: Vec<Piece>,
    pub(crate) about: About,
    /// A word that marks the whole strip, e.g. of an exercise.
    pub(crate) watermark: Option<&'static str>,
}

/// What a file says of itself.
#[derive(Debug, Clone)]
pub(crate) struct About {
    pub(crate) title: String,
    pub(crate) author: String,
    /// When it was issued, Unix milliseconds.
    pub(crate) at_ms: i64,
    pub(crate) id: [u8; 16],
    pub(crate) print_no: u32,
}

/// One thing on the strip. Lengths in hundredths of a point.
#[derive(Debug, Clone)]
pub(crate) enum Piece {
    Space(i32),
    Rule,
    Text {
        align: Align,
        style: Style,
        text: String,
    },
    /// A text that wraps beside a figure that does not.
    Pair {
        label: String,
        label_style: Style,
        value: String,
        style: Style,
    },
    /// A figure with its label, and what details it.
    Row(Row),
    /// A code to be scanned by a telephone.
    Qr(String),
    /// The number of a document, to be scanned at a till.
    Barcode(String),
}

/// The part of the paper that is printed on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    pub(crate) left: i32,
    pub(crate) width: i32,
}

impl About {
    pub(crate) fn meta(&self) -> Meta<'_> {
        Meta {
            title: &self.title,
            author: &self.author,
            at_ms: self.at_ms,
            id: self.id,
            print_no: self.print_no,
        }
    }
}

impl Strip {
    pub(crate) fn new(about: About, watermark: Option<&'static str>) -> Self {
        Self { pieces: Vec::new(), about, watermark }
    }

    /// The strip as a PDF page 80 mm wide.
    ///
    /// # Errors
    /// [`PrintError`] when the moment of issue is no date, or the strip does not fit a file.
    pub fn pdf(&self, fonts: &Fonts) -> Result<Vec<u8>, PrintError> {
        roll::write(fonts, self)
    }

    /// The strip as the bytes that a receipt printer takes (ESC/POS), from its initialisation to the cut.
    ///
    /// # Errors
    /// [`PrintError::QrTooLong`], [`PrintError::Barcode`] for a code that cannot be drawn.
    pub fn escpos(&self, fonts: &Fonts, profile: &Profile) -> Result<Vec<u8>, PrintError> {
        escpos::encode(fonts, self, profile)
    }

    pub(crate) fn push(&mut self, piece: Piece) {
        self.pieces.push(piece);
    }

    pub(crate) fn space(&mut self, height: i32) {
        self.push(Piece::Space(height));
    }

    pub(crate) fn rule(&mut self) {
        self.push(Piece::Rule);
    }

    /// Centred text.
    pub(crate) fn centred(&mut self, style: Style, text: &str) {
        self.push(Piece::Text { align: Align::Centre, style, text: text.to_owned() });
    }

    /// Text from the left edge.
    pub(crate) fn left(&mut self, style: Style, text: &str) {
        self.push(Piece::Text { align: Align::Left, style, text: text.to_owned() });
    }

    /// A label on the left and a figure on the right; a label that does not fit wraps.
    pub(crate) fn row(&mut self, row: Row) {
        self.push(Piece::Row(row));
    }

    /// A text that wraps beside a figure that does not.
    pub(crate) fn pair(&mut self, label: &str, label_style: Style, value: &str, style: Style) {
        let (label, value) = (label.to_owned(), value.to_owned());
        self.push(Piece::Pair { label, label_style, value, style });
    }
}

/// How the label and the figure of a row are set, and how its detail is.
pub(crate) fn row_styles(row: &Row) -> (Style, Style, Style) {
    let style = match row.emphasis {
        Emphasis::Plain => Style::regular(800),
        Emphasis::Strong => Style::bold(820),
        Emphasis::Grand => Style::bold(1_200),
    };
    (Style { size: style.size.min(980), ..style }, style, Style::soft(680))
}

impl Piece {
    /// Sets the piece in a column.
    pub(crate) fn block(&self, fonts: &Fonts, column: Column) -> Result<Block, PrintError> {
        Ok(match self {
            Self::Space(height) => Block::space(*height),
            Self::Rule => {
                let mut block = Block::space(800);
                block.rule((column.left, 400), column.width, shade::SOFT);
                block
            }
            Self::Text { align, style, text } => {
                let mut block = Block::default();
                let lines = (column.width, style.size * 130 / 100);
                let x = match align {
                    Align::Left => column.left,
                    Align::Centre => column.left + column.width / 2,
                    Align::Right => column.left + column.width,
                };
                let y = block.wrapped(fonts, (x, style.size), lines, *align, *style, text);
                block.height = y - style.size;
                block
            }
            Self::Pair { label, label_style, value, style } => {
                pair(fonts, column, (label, *label_style), (value, *style))
            }
            Self::Row(row) => {
                let (label_style, style, soft) = row_styles(row);
                let value = (row.value.as_str(), style);
                let mut block = pair(fonts, column, (&row.label, label_style), value);
                if !row.detail.is_empty() {
                    let at = (column.left, block.height + soft.size - 100);
                    let lines = (column.width, soft.size * 130 / 100);
                    let y = block.wrapped(fonts, at, lines, Align::Left, soft, &row.detail);
                    block.height = y - soft.size + 100;
                }
                block
            }
            Self::Qr(text) => {
                let size = mm(38).min(column.width);
                code::qr_block(text, column.left + (column.width - size) / 2, size)?
            }
            Self::Barcode(text) => code::bars_block(text, column)?,
        })
    }
}

fn pair(
    fonts: &Fonts,
    column: Column,
    (label, label_style): (&str, Style),
    (value, style): (&str, Style),
) -> Block {
    let mut block = Block::default();
    let figure = text::shape(fonts, style.weight, value);
    let mut style = style;
    while figure.width(style.size) > column.width && style.size > 380 {
        style.size -= 20;
    }
    let taken = figure.width(style.size);
    let beside = column.width - taken - 600;
    let baseline = style.size.max(label_style.size);
    let lead = label_style.size * 130 / 100;
    // A figure as wide as the paper stands below its label.
    let (width, below) = if beside < column.width / 4 { (column.width, lead) } else { (beside, 0) };
    let (at, lines) = ((column.left, baseline), (width, lead));
    let next = block.wrapped(fonts, at, lines, Align::Left, label_style, label);
    block.height = next.max(baseline + lead) - label_style.size.min(style.size) + 60;
    let y = if below == 0 { baseline } else { next };
    if below > 0 {
        block.height = y + lead - style.size + 60;
    }
    block.line((column.left + column.width, y), Align::Right, style, figure);
    block
}
