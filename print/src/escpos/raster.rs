//! Pictures of 1 bit: pieces set with the fonts of the PDF, and codes.

#![expect(
    clippy::float_arithmetic,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "outlines are curves; lengths are those of a strip of paper, some thousand dots"
)]

use super::Profile;
use crate::PrintError;
use crate::block::Mark;
use crate::fonts::{Fonts, UNITS_PER_EM};
use crate::sheet::{Align, Style, real};
use crate::strip::{Column, Piece};
use crate::text::Line;
use ab_glyph_rasterizer::{Point, Rasterizer, point};
use rustybuzz::ttf_parser::{GlyphId, OutlineBuilder};

/// Hundredths of a point to the inch.
const INCH: i32 = 7_200;
/// From this share of its area on a dot is black. Thin strokes stay whole.
const BLACK: f32 = 0.42;
/// Lighter marks are no help in black and white.
const DARK_SHADE: i32 = 60;

/// A picture as wide as the paper: rows of bits, 1 is black, the most significant is left.
#[derive(Debug, Clone)]
pub(super) struct Picture {
    across: usize,
    data: Vec<u8>,
}

impl Picture {
    pub(super) fn empty(dots: usize) -> Self {
        Self { across: dots.div_ceil(8), data: Vec::new() }
    }

    fn blank(dots: usize, rows: usize) -> Self {
        let mut picture = Self::empty(dots);
        picture.data.resize(picture.across * rows, 0);
        picture
    }

    pub(super) fn rows(&self) -> usize {
        self.data.len() / self.across.max(1)
    }

    pub(super) fn bytes_across(&self) -> usize {
        self.across
    }

    pub(super) fn data(&self) -> &[u8] {
        &self.data
    }

    pub(super) fn append(&mut self, other: &Self) {
        self.data.extend(&other.data);
    }

    /// Blackens a dot; what is beside the paper is not printed.
    fn dot(&mut self, x: usize, y: usize) {
        if x / 8 < self.across
            && let Some(byte) = self.data.get_mut(y * self.across + x / 8)
        {
            *byte |= 0x80 >> (x % 8);
        }
    }

    fn fill(&mut self, (x, y): (usize, usize), width: usize, height: usize) {
        for row in y..y + height {
            for column in x..x + width {
                self.dot(column, row);
            }
        }
    }

    /// Takes away blank rows from the end, down to a height.
    fn trim(&mut self, least: usize) {
        let blank = |row: &&[u8]| row.iter().all(|byte| *byte == 0);
        let end = self.data.rchunks(self.across).take_while(blank).count();
        let rows = (self.rows() - end).max(least);
        self.data.truncate(rows * self.across);
    }
}

/// Sets a piece in the width of the paper.
pub(super) fn picture(
    fonts: &Fonts,
    piece: &Piece,
    profile: &Profile,
) -> Result<Picture, PrintError> {
    let (dots, dpi) = (i32::from(profile.dots), i32::from(profile.dpi.max(1)));
    let column = Column { left: 0, width: dots * INCH / dpi };
    let block = piece.block(fonts, column)?;
    let scale = real(dpi) / real(INCH);
    let rows = |height: i32| (real(height.max(0)) * scale).ceil() as usize;
    // Below the last line there is room for what hangs under it.
    let mut picture = Picture::blank(usize::from(profile.dots), rows(block.height + 600));
    for mark in block.marks() {
        match mark {
            Mark::Text { x, y, align, style, line } => {
                draw_line(fonts, &mut picture, (*x, *y), (*align, *style), line, scale);
            }
            Mark::Fill { shade, .. } | Mark::Rule { shade, .. } if *shade > DARK_SHADE => {}
            Mark::Fill { x, y, width, height, .. } => {
                picture.fill((rows(*x), rows(*y)), rows(*width), rows(*height).max(1));
            }
            Mark::Rule { x, y, width, .. } => picture.fill((rows(*x), rows(*y)), rows(*width), 2),
            Mark::Boxes { boxes } => {
                for [x, y, width, height] in boxes {
                    picture.fill((rows(*x), rows(*y)), rows(*width), rows(*height));
                }
            }
        }
    }
    picture.trim(rows(block.height));
    Ok(picture)
}

fn draw_line(
    fonts: &Fonts,
    picture: &mut Picture,
    (x, y): (i32, i32),
    (align, style): (Align, Style),
    line: &Line,
    scale: f32,
) {
    let width = line.width(style.size);
    let left = match align {
        Align::Left => x,
        Align::Right => x - width,
        Align::Centre => x - width / 2,
    };
    let (across, down) = (picture.across * 8, picture.rows());
    let mut drawn = Rasterizer::new(across, down);
    let unit = real(style.size) / real(UNITS_PER_EM) * scale;
    let mut pen = real(left) * scale;
    for glyph in &line.glyphs {
        let origin = point(pen + real(glyph.dx) * unit, real(y) * scale - real(glyph.dy) * unit);
        let mut outline = Outline { drawn: &mut drawn, origin, unit, start: origin, at: origin };
        let _blank = fonts.get(glyph.font).face.outline_glyph(GlyphId(glyph.id), &mut outline);
        pen += real(glyph.advance) * unit;
    }
    drawn.for_each_pixel_2d(|x, y, share| {
        if share >= BLACK
            && let (Ok(x), Ok(y)) = (usize::try_from(x), usize::try_from(y))
        {
            picture.dot(x, y);
        }
    });
}

/// Draws a glyph's outline, in font units upwards, at a place in dots downwards.
struct Outline<'a> {
    drawn: &'a mut Rasterizer,
    origin: Point,
    unit: f32,
    start: Point,
    at: Point,
}

impl Outline<'_> {
    fn place(&self, x: f32, y: f32) -> Point {
        point(self.origin.x + x * self.unit, self.origin.y - y * self.unit)
    }
}

impl OutlineBuilder for Outline<'_> {
    fn move_to(&mut self, x: f32, y: f32) {
        self.start = self.place(x, y);
        self.at = self.start;
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let to = self.place(x, y);
        self.drawn.draw_line(self.at, to);
        self.at = to;
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let (control, to) = (self.place(x1, y1), self.place(x, y));
        self.drawn.draw_quad(self.at, control, to);
        self.at = to;
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let (first, second, to) = (self.place(x1, y1), self.place(x2, y2), self.place(x, y));
        self.drawn.draw_cubic(self.at, first, second, to);
        self.at = to;
    }

    fn close(&mut self) {
        self.drawn.draw_line(self.at, self.start);
        self.at = self.start;
    }
}

/// A QR code with its quiet zone, in the middle of the paper.
pub(super) fn modules(modules: &[Vec<bool>], module: usize, dots: usize) -> Picture {
    let size = (modules.len() + 8) * module;
    let mut picture = Picture::blank(dots, size);
    let left = dots.saturating_sub(size) / 2;
    for (y, row) in modules.iter().enumerate() {
        for (x, _) in row.iter().enumerate().filter(|(_, dark)| **dark) {
            picture.fill((left + (x + 4) * module, (y + 4) * module), module, module);
        }
    }
    picture
}

/// A barcode in the middle of the paper.
pub(super) fn bars(bars: &[bool], bar: usize, height: usize, dots: usize) -> Picture {
    let mut picture = Picture::blank(dots, height + 16);
    let left = dots.saturating_sub(bars.len() * bar) / 2;
    for (index, _) in bars.iter().enumerate().filter(|(_, dark)| **dark) {
        picture.fill((left + index * bar, 8), bar, height);
    }
    picture
}
