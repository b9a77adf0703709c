//! Pages being drawn, as operations of printpdf. All lengths are integers in hundredths of a point, x to the
//! right, y downwards: integers make the same document the same bytes on every machine.

use crate::PrintError;
use crate::fonts::{FONT_COUNT, FontIndex, Fonts, UNITS_PER_EM, Weight};
use crate::text::{self, Line};
use printpdf::{
    Color, FontId, Greyscale, LinePoint, Op, PaintMode, PdfFontHandle, Point, Polygon, PolygonRing,
    Pt, Rect, TextItem, TextMatrix, WindingOrder,
};
use std::collections::HashMap;

/// Hundredths of a point in so many millimetres.
pub(crate) const fn mm(millimetres: i32) -> i32 {
    millimetres * 720_000 / 2540
}

/// Shades of grey in hundredths, 0 is black: the one accent of the design.
pub(crate) mod shade {
    pub(crate) const INK: i32 = 8;
    /// Labels and what is less important.
    pub(crate) const SOFT: i32 = 42;
    pub(crate) const RULE: i32 = 76;
    /// Ground of table heads.
    pub(crate) const TINT: i32 = 95;
    pub(crate) const WATERMARK: i32 = 92;
}

/// A whole number as printpdf takes it: exact up to 16,777,216, five times the tallest page.
#[expect(clippy::as_conversions, reason = "the standard library has no other way from i32 to f32")]
pub(crate) fn real(value: i32) -> f32 {
    value as f32
}

/// Hundredths as printpdf takes them: the nearest number, which reads back as the same two decimals.
#[expect(
    clippy::float_arithmetic,
    reason = "one division of two exact numbers, the same everywhere"
)]
fn hundredths(value: i32) -> f32 {
    real(value) / 100.0
}

fn pt(value: i32) -> Pt {
    Pt(real(value))
}

/// Name of a font in the file.
pub(crate) fn font_id(font: FontIndex) -> FontId {
    FontId(format!("F{font}"))
}

/// The character by which a code of a font is given to printpdf: its fonts map these back to the codes.
pub(crate) fn code_point(code: u16) -> u32 {
    // A private plane of Unicode, so that no code is a surrogate.
    0xF_0000 + u32::from(code)
}

/// How a text is set.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Style {
    pub(crate) weight: Weight,
    /// Hundredths of a point.
    pub(crate) size: i32,
    pub(crate) shade: i32,
}

impl Style {
    pub(crate) const fn regular(size: i32) -> Self {
        Self { weight: Weight::Regular, size, shade: shade::INK }
    }

    pub(crate) const fn bold(size: i32) -> Self {
        Self { weight: Weight::Bold, size, shade: shade::INK }
    }

    pub(crate) fn is_bold(self) -> bool {
        self.weight == Weight::Bold
    }

    pub(crate) const fn soft(size: i32) -> Self {
        Self { weight: Weight::Regular, size, shade: shade::SOFT }
    }
}

/// Where a text is fixed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Right,
    Centre,
}

/// The content of one page.
#[derive(Debug, Default)]
pub(crate) struct Page {
    pub(crate) ops: Vec<Op>,
    font: Option<(FontIndex, i32)>,
    shade: Option<i32>,
}

/// Glyphs of one font in use. A glyph that stands for two texts gets two codes, so that each copies right.
#[derive(Debug, Default)]
pub(crate) struct Used {
    codes: HashMap<u16, Vec<(String, u16)>>,
    /// Glyph and text of each code, from code 1.
    pub(crate) entries: Vec<(u16, String)>,
}

impl Used {
    fn code(&mut self, glyph: u16, text: &str) -> Result<u16, PrintError> {
        let known = self.codes.entry(glyph).or_default();
        if let Some((_, code)) = known.iter().find(|(of, _)| of == text) {
            return Ok(*code);
        }
        let code = u16::try_from(self.entries.len() + 1).map_err(|_| PrintError::TooLarge)?;
        known.push((text.to_owned(), code));
        self.entries.push((glyph, text.to_owned()));
        Ok(code)
    }
}

/// A document being drawn.
#[derive(Debug)]
pub(crate) struct Sheet<'f> {
    pub(crate) fonts: &'f Fonts,
    pub(crate) width: i32,
    pub(crate) pages: Vec<Page>,
    pub(crate) used: [Used; FONT_COUNT],
    /// The page being drawn.
    current: usize,
    failed: Option<PrintError>,
}

impl<'f> Sheet<'f> {
    pub(crate) fn new(fonts: &'f Fonts, width: i32) -> Self {
        let (pages, used) = (vec![Page::default()], Default::default());
        Self { fonts, width, pages, used, current: 0, failed: None }
    }

    pub(crate) fn add_page(&mut self) {
        self.pages.push(Page::default());
        self.current = self.pages.len() - 1;
    }

    /// Draws on an earlier page again, e.g. its number once the last is known.
    pub(crate) fn turn_to(&mut self, page: usize) {
        self.current = page.min(self.pages.len() - 1);
    }

    /// What went wrong while drawing, if anything.
    pub(crate) fn check(&mut self) -> Result<(), PrintError> {
        self.failed.take().map_or(Ok(()), Err)
    }

    pub(crate) fn shape(&self, style: Style, text: &str) -> Line {
        text::shape(self.fonts, style.weight, text)
    }

    pub(crate) fn wrap(&self, style: Style, text: &str, width: i32) -> Vec<Line> {
        text::wrap(self.fonts, style.weight, text, style.size, width)
    }

    /// Writes a text with its baseline at `y`; gives its width.
    pub(crate) fn text(&mut self, x: i32, y: i32, align: Align, style: Style, text: &str) -> i32 {
        let line = self.shape(style, text);
        self.line(x, y, align, style, &line)
    }

    /// Writes a shaped line with its baseline at `y`; gives its width.
    pub(crate) fn line(&mut self, x: i32, y: i32, align: Align, style: Style, line: &Line) -> i32 {
        let width = line.width(style.size);
        let left = match align {
            Align::Left => x,
            Align::Right => x - width,
            Align::Centre => x - width / 2,
        };
        self.glyphs([1.0, 0.0, 0.0, -1.0, real(left), real(y)], style, line);
        width
    }

    /// A large word across the page, rising, behind everything drawn later.
    pub(crate) fn watermark(&mut self, x: i32, y: i32, size: i32, text: &str) {
        let style = Style { weight: Weight::Bold, size, shade: shade::WATERMARK };
        let line = self.shape(style, text);
        // Half of the width along the rising diagonal (cos 45° = 0.7071).
        let half = i32::try_from(i64::from(line.width(size)) * 7071 / 20_000).unwrap_or(0);
        let (left, low) = (x - half, y + half);
        // cos 45°, to three digits.
        self.glyphs([0.707, -0.707, -0.707, -0.707, real(left), real(low)], style, &line);
    }

    /// A filled box.
    pub(crate) fn fill(&mut self, x: i32, y: i32, width: i32, height: i32, shade: i32) {
        self.set_shade(shade);
        let rectangle = Rect {
            x: pt(x),
            y: pt(y),
            width: pt(width),
            height: pt(height),
            mode: Some(PaintMode::Fill),
            winding_order: None,
        };
        self.push(Op::DrawRectangle { rectangle });
    }

    /// A thin level rule.
    pub(crate) fn rule(&mut self, x: i32, y: i32, width: i32, shade: i32) {
        self.fill(x, y, width, 50, shade);
    }

    /// Many black boxes as one figure, e.g. a QR code.
    pub(crate) fn boxes(&mut self, boxes: &[[i32; 4]]) {
        self.set_shade(0);
        let rings = boxes.iter().map(|[x, y, width, height]| {
            let corners = [(*x, *y), (x + width, *y), (x + width, y + height), (*x, y + height)];
            let point = |(x, y)| LinePoint { p: Point { x: pt(x), y: pt(y) }, bezier: false };
            PolygonRing { points: corners.map(point).to_vec() }
        });
        let (mode, winding_order) = (PaintMode::Fill, WindingOrder::NonZero);
        let polygon = Polygon { rings: rings.collect(), mode, winding_order };
        self.push(Op::DrawPolygon { polygon });
    }

    fn set_shade(&mut self, shade: i32) {
        let page = &mut self.pages[self.current];
        if page.shade.replace(shade) != Some(shade) {
            let percent = hundredths(shade);
            let col = Color::Greyscale(Greyscale { percent, icc_profile: None });
            self.push(Op::SetFillColor { col });
        }
    }

    fn push(&mut self, op: Op) {
        self.pages[self.current].ops.push(op);
    }

    fn glyphs(&mut self, matrix: [f32; 6], style: Style, line: &Line) {
        if line.glyphs.is_empty() {
            return;
        }
        self.set_shade(style.shade);
        let Self { fonts, pages, used, current, failed, .. } = self;
        let mut show = Show::start(&mut pages[*current], matrix, style.size);
        for glyph in &line.glyphs {
            let text = line.text.get(glyph.source.clone()).unwrap_or_default();
            match used[glyph.font].code(glyph.id, text) {
                Ok(code) => show.glyph(glyph, code, fonts.get(glyph.font).advance(glyph.id)),
                Err(error) => *failed = Some(error),
            }
        }
        show.end();
    }
}

/// Writes the glyphs of a line as text operations.
struct Show<'p> {
    page: &'p mut Page,
    /// Codes and distances not yet shown.
    items: Vec<TextItem>,
    /// Codes since the last distance.
    codes: String,
    rise: i32,
    /// Font units by which the next glyph stands off from where the reader's pen is.
    gap: i32,
    size: i32,
}

impl<'p> Show<'p> {
    fn start(page: &'p mut Page, matrix: [f32; 6], size: i32) -> Self {
        page.ops.push(Op::StartTextSection);
        page.ops.push(Op::SetTextMatrix { matrix: TextMatrix::Raw(matrix) });
        Self { page, items: Vec::new(), codes: String::new(), rise: 0, gap: 0, size }
    }

    fn glyph(&mut self, glyph: &text::Glyph, code: u16, advance: i32) {
        let rise = glyph.dy * self.size / UNITS_PER_EM;
        if self.page.font != Some((glyph.font, self.size)) {
            self.show();
            self.page.font = Some((glyph.font, self.size));
            let font = PdfFontHandle::External(font_id(glyph.font));
            self.page.ops.push(Op::SetFont { font, size: pt(self.size) });
        }
        if self.rise != rise {
            self.show();
            self.set_rise(rise);
        }
        let gap = self.gap + glyph.dx;
        if gap != 0 {
            self.close();
            self.items.push(TextItem::Offset(real(-gap)));
        }
        self.codes.extend(char::from_u32(code_point(code)));
        self.gap = glyph.advance - advance - glyph.dx;
    }

    fn set_rise(&mut self, rise: i32) {
        self.rise = rise;
        self.page.ops.push(Op::SetLineOffset { multiplier: real(rise) });
    }

    fn close(&mut self) {
        if !self.codes.is_empty() {
            self.items.push(TextItem::Text(std::mem::take(&mut self.codes)));
        }
    }

    fn show(&mut self) {
        self.close();
        if !self.items.is_empty() {
            self.page.ops.push(Op::ShowText { items: std::mem::take(&mut self.items) });
        }
    }

    fn end(mut self) {
        self.show();
        if self.rise != 0 {
            self.set_rise(0);
        }
        self.page.ops.push(Op::EndTextSection);
    }
}
