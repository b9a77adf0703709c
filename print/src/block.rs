//! A piece of layout that is measured before it is placed, and never broken over two pages.

use crate::fonts::Fonts;
use crate::sheet::{Align, Sheet, Style};
use crate::text::{self, Line};

/// Marks relative to the block's top, and the height they take. Lengths in hundredths of a point.
#[derive(Debug, Default)]
pub(crate) struct Block {
    pub(crate) height: i32,
    marks: Vec<Mark>,
}

/// Something drawn.
#[derive(Debug)]
pub(crate) enum Mark {
    Text { x: i32, y: i32, align: Align, style: Style, line: Line },
    Fill { x: i32, y: i32, width: i32, height: i32, shade: i32 },
    Rule { x: i32, y: i32, width: i32, shade: i32 },
    Boxes { boxes: Vec<[i32; 4]> },
}

impl Block {
    /// Empty space.
    pub(crate) fn space(height: i32) -> Self {
        Self { height, marks: Vec::new() }
    }

    /// Adds a text with its baseline at `y`; gives its width.
    pub(crate) fn text(
        &mut self,
        fonts: &Fonts,
        (x, y): (i32, i32),
        align: Align,
        style: Style,
        text: &str,
    ) -> i32 {
        let line = text::shape(fonts, style.weight, text);
        self.line((x, y), align, style, line)
    }

    /// Adds a shaped line with its baseline at `y`; gives its width.
    pub(crate) fn line(
        &mut self,
        (x, y): (i32, i32),
        align: Align,
        style: Style,
        line: Line,
    ) -> i32 {
        let width = line.width(style.size);
        self.marks.push(Mark::Text { x, y, align, style, line });
        width
    }

    /// Adds a text broken to `width`, its first baseline at `y`, `lead` between baselines; gives the baseline
    /// that would come next.
    pub(crate) fn wrapped(
        &mut self,
        fonts: &Fonts,
        (x, y): (i32, i32),
        (width, lead): (i32, i32),
        align: Align,
        style: Style,
        text: &str,
    ) -> i32 {
        let mut y = y;
        for line in text::wrap(fonts, style.weight, text, style.size, width) {
            self.line((x, y), align, style, line);
            y += lead;
        }
        y
    }

    pub(crate) fn fill(&mut self, (x, y): (i32, i32), width: i32, height: i32, shade: i32) {
        self.marks.push(Mark::Fill { x, y, width, height, shade });
    }

    pub(crate) fn rule(&mut self, (x, y): (i32, i32), width: i32, shade: i32) {
        self.marks.push(Mark::Rule { x, y, width, shade });
    }

    pub(crate) fn boxes(&mut self, boxes: Vec<[i32; 4]>) {
        self.marks.push(Mark::Boxes { boxes });
    }

    /// What is drawn, in order.
    pub(crate) fn marks(&self) -> &[Mark] {
        &self.marks
    }

    /// Takes the marks of another block, `down` lower, and grows to hold it.
    pub(crate) fn append(&mut self, other: Block, down: i32) {
        self.height = self.height.max(down + other.height);
        self.marks.extend(other.marks.into_iter().map(|mark| mark.moved(down)));
    }

    /// Draws the block with its top at `top`.
    pub(crate) fn place(&self, sheet: &mut Sheet<'_>, top: i32) {
        for mark in &self.marks {
            match mark {
                Mark::Text { x, y, align, style, line } => {
                    sheet.line(*x, top + y, *align, *style, line);
                }
                Mark::Fill { x, y, width, height, shade } => {
                    sheet.fill(*x, top + y, *width, *height, *shade);
                }
                Mark::Rule { x, y, width, shade } => sheet.rule(*x, top + y, *width, *shade),
                Mark::Boxes { boxes } => {
                    let moved: Vec<_> =
                        boxes.iter().map(|[x, y, w, h]| [*x, top + y, *w, *h]).collect();
                    sheet.boxes(&moved);
                }
            }
        }
    }
}

impl Mark {
    fn moved(self, down: i32) -> Self {
        match self {
            Self::Text { x, y, align, style, line } => {
                Self::Text { x, y: y + down, align, style, line }
            }
            Self::Fill { x, y, width, height, shade } => {
                Self::Fill { x, y: y + down, width, height, shade }
            }
            Self::Rule { x, y, width, shade } => Self::Rule { x, y: y + down, width, shade },
            Self::Boxes { boxes } => {
                let boxes = boxes.into_iter().map(|[x, y, w, h]| [x, y + down, w, h]).collect();
                Self::Boxes { boxes }
            }
        }
    }
}
