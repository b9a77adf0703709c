//! Pages being drawn. All lengths are integers in hundredths of a point, x to the right, y downwards:
//! integers make the same document the same bytes on every machine.

use crate::PrintError;
use crate::fonts::{FONT_COUNT, FontIndex, Fonts, UNITS_PER_EM, Weight};
use crate::text::{self, Line};
use std::collections::HashMap;
use std::fmt::Write;

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
    pub(crate) content: String,
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
        self.glyphs(&format!("1 0 0 -1 {left} {y}"), style, line);
        width
    }

    /// A large word across the page, rising, behind everything drawn later.
    pub(crate) fn watermark(&mut self, x: i32, y: i32, size: i32, text: &str) {
        let style = Style { weight: Weight::Bold, size, shade: shade::WATERMARK };
        let line = self.shape(style, text);
        // Half of the width along the rising diagonal (cos 45° = 0.7071).
        let half = i32::try_from(i64::from(line.width(size)) * 7071 / 20_000).unwrap_or(0);
        let (left, low) = (x - half, y + half);
        self.glyphs(&format!(".7071 -.7071 -.7071 -.7071 {left} {low}"), style, &line);
    }

    /// A filled box.
    pub(crate) fn fill(&mut self, x: i32, y: i32, width: i32, height: i32, shade: i32) {
        self.set_shade(shade);
        self.push(&format!("{x} {y} {width} {height} re f\n"));
    }

    /// A thin level rule.
    pub(crate) fn rule(&mut self, x: i32, y: i32, width: i32, shade: i32) {
        self.fill(x, y, width, 50, shade);
    }

    /// Many black boxes as one figure, e.g. a QR code.
    pub(crate) fn boxes(&mut self, boxes: &[[i32; 4]]) {
        self.set_shade(0);
        for [x, y, width, height] in boxes {
            self.push(&format!("{x} {y} {width} {height} re\n"));
        }
        self.push("f\n");
    }

    fn set_shade(&mut self, shade: i32) {
        let page = &mut self.pages[self.current];
        if page.shade.replace(shade) != Some(shade) {
            self.push(&format!(".{shade:02} g\n"));
        }
    }

    fn push(&mut self, operators: &str) {
        self.pages[self.current].content.push_str(operators);
    }

    fn glyphs(&mut self, matrix: &str, style: Style, line: &Line) {
        if line.glyphs.is_empty() {
            return;
        }
        self.set_shade(style.shade);
        let Self { fonts, pages, used, current, failed, .. } = self;
        let page = &mut pages[*current];
        let mut show =
            Show { page, matrix: Some(matrix), open: false, rise: 0, gap: 0, size: style.size };
        for glyph in &line.glyphs {
            let text = line.text.get(glyph.source.clone()).unwrap_or_default();
            let code = match used[glyph.font].code(glyph.id, text) {
                Ok(code) => code,
                Err(error) => {
                    *failed = Some(error);
                    return;
                }
            };
            show.glyph(glyph, code, fonts.get(glyph.font).advance(glyph.id));
        }
        show.end();
    }
}

/// Writes the glyphs of a line as text operators.
struct Show<'p> {
    page: &'p mut Page,
    /// Not yet written.
    matrix: Option<&'p str>,
    /// Inside of a `TJ` string.
    open: bool,
    rise: i32,
    /// Font units by which the next glyph stands off from where the reader's pen is.
    gap: i32,
    size: i32,
}

impl Show<'_> {
    fn glyph(&mut self, glyph: &text::Glyph, code: u16, advance: i32) {
        if let Some(matrix) = self.matrix.take() {
            self.put(format_args!("BT {matrix} Tm\n"));
        }
        let rise = glyph.dy * self.size / UNITS_PER_EM;
        if self.page.font != Some((glyph.font, self.size)) {
            self.close();
            self.page.font = Some((glyph.font, self.size));
            let (font, size) = (glyph.font, self.size);
            self.put(format_args!("/F{font} {size} Tf\n"));
        }
        if self.rise != rise {
            self.close();
            self.rise = rise;
            self.put(format_args!("{rise} Ts\n"));
        }
        if !self.open {
            self.put(format_args!("[<"));
            self.open = true;
        }
        let gap = self.gap + glyph.dx;
        if gap != 0 {
            self.put(format_args!(">{}<", -gap));
        }
        self.put(format_args!("{code:04X}"));
        self.gap = glyph.advance - advance - glyph.dx;
    }

    fn close(&mut self) {
        if self.open {
            self.put(format_args!(">]TJ\n"));
            self.open = false;
        }
    }

    fn end(&mut self) {
        self.close();
        if self.rise != 0 {
            self.put(format_args!("0 Ts\n"));
        }
        self.put(format_args!("ET\n"));
    }

    fn put(&mut self, operators: std::fmt::Arguments<'_>) {
        // Writing to a String cannot fail.
        let _ = self.page.content.write_fmt(operators);
    }
}
