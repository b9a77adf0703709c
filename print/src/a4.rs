//! A4 form of a document: heading, table of lines over as many pages as they need, sums, settlement, terms.

mod foot;
mod head;
mod table;

use crate::block::Block;
use crate::fonts::Fonts;
use crate::options::Options;
use crate::sheet::{Align, Sheet, Style, mm, shade};
use crate::{PrintError, content, figures, pdf};
use daybook_domain::document::Document;
use table::Table;

/// 210 × 297 mm in whole points.
const WIDTH: i32 = 59_500;
const HEIGHT: i32 = 84_200;
const LEFT: i32 = mm(15);
const RIGHT: i32 = WIDTH - mm(15);
const INNER: i32 = RIGHT - LEFT;
const TOP: i32 = mm(14);
/// Content ends here; the page line stands below.
const BOTTOM: i32 = HEIGHT - mm(19);

/// Sums higher than this are not held together with the last line.
const SUMS_MAX: i32 = (BOTTOM - TOP) * 3 / 4;

/// What every part of the form reads.
#[derive(Clone, Copy)]
struct Form<'a> {
    fonts: &'a Fonts,
    document: &'a Document,
    options: &'a Options,
}

/// Renders the A4 form.
///
/// # Errors
/// [`PrintError`] when the moment of issue is no date, or the document does not fit a file.
pub fn render_a4(
    fonts: &Fonts,
    document: &Document,
    options: &Options,
) -> Result<Vec<u8>, PrintError> {
    let form = Form { fonts, document, options };
    let mut pages = Pages::start(form);
    let heading = head::first_page(form)?;
    pages.put(&heading);
    let (left, right) = (foot::left(form)?, foot::right(form));
    let table = Table::build(form);
    let sums = height(&left).max(height(&right));
    let tail = if sums <= SUMS_MAX { table.end().height + sums } else { 0 };
    table_pages(&mut pages, &table, tail);
    pages.put_columns(&left, &right);
    for block in foot::below(form) {
        pages.put(&block);
    }
    pages.finish()
}

fn height(blocks: &[Block]) -> i32 {
    blocks.iter().map(|block| block.height).sum()
}

/// Sets the lines: on each page as many as fit, with sums carried over the break.
fn table_pages(pages: &mut Pages<'_>, table: &Table, tail: i32) {
    let count = table.rows.len();
    let mut next = 0;
    loop {
        pages.put(&table.heading());
        if next > 0 {
            pages.put(&table.carry(pages.form, next, pages.form.options.labels.brought_forward));
        }
        let rest: i32 = table.rows.iter().skip(next).map(|row| row.height).sum();
        // Sums taller than any page flow by themselves: waiting for room would never end.
        if next >= count || rest + tail <= pages.room() {
            break;
        }
        let room = pages.room() - table.carry_height();
        let mut fitting = table.fitting(next, room).max(1);
        if next + fitting >= count {
            // All lines fit, but not the sums: take a line along, so that they never stand alone.
            fitting = if fitting > 1 { fitting - 1 } else { count - next };
        }
        for row in table.rows.iter().skip(next).take(fitting) {
            pages.put(row);
        }
        next += fitting;
        pages.put(&table.carry(pages.form, next, pages.form.options.labels.carried_forward));
        pages.turn();
    }
    for row in table.rows.iter().skip(next) {
        pages.put(row);
    }
    pages.put(&table.end());
}

/// Pages filled from the top.
struct Pages<'a> {
    form: Form<'a>,
    sheet: Sheet<'a>,
    y: i32,
}

impl<'a> Pages<'a> {
    fn start(form: Form<'a>) -> Self {
        let mut pages = Self { form, sheet: Sheet::new(form.fonts, WIDTH), y: TOP };
        pages.watermark();
        pages
    }

    fn watermark(&mut self) {
        if self.form.document.training {
            let word = self.form.options.labels.training;
            self.sheet.watermark(WIDTH / 2, HEIGHT / 2, 9_600, word);
        }
    }

    fn room(&self) -> i32 {
        BOTTOM - self.y
    }

    /// Starts the next page with its short heading.
    fn turn(&mut self) {
        self.sheet.add_page();
        self.y = TOP;
        self.watermark();
        let heading = head::further_page(self.form);
        heading.place(&mut self.sheet, self.y);
        self.y += heading.height;
    }

    /// Sets a block, on the next page if it does not fit here.
    fn put(&mut self, block: &Block) {
        if block.height > self.room() {
            self.turn();
        }
        block.place(&mut self.sheet, self.y);
        self.y += block.height;
    }

    /// Sets two columns side by side where they fit a page, else one after the other.
    fn put_columns(&mut self, left: &[Block], right: &[Block]) {
        let needed = height(left).max(height(right));
        if needed > self.room() && needed <= BOTTOM - TOP - head::FURTHER_HEIGHT {
            self.turn();
        }
        if needed > self.room() {
            for block in left.iter().chain(right) {
                self.put(block);
            }
            return;
        }
        for column in [left, right] {
            let mut y = self.y;
            for block in column {
                block.place(&mut self.sheet, y);
                y += block.height;
            }
        }
        self.y += needed;
    }

    /// Adds the page lines and writes the file.
    fn finish(mut self) -> Result<Vec<u8>, PrintError> {
        let Form { document, options, .. } = self.form;
        let labels = &options.labels;
        let count = self.sheet.pages.len();
        let date = figures::day(&figures::local_day(document.issued_at_ms, document.offset_min)?);
        let title = content::title(document, labels);
        let about = format!("{title} {}  ·  {date}  ·  {}", document.number, document.seller.name);
        let y = HEIGHT - mm(11);
        for page in 0..count {
            self.sheet.turn_to(page);
            self.sheet.rule(LEFT, y - 1_050, INNER, shade::RULE);
            let numbers = format!("{} {} {} {count}", labels.page, page + 1, labels.of);
            let taken = self.sheet.text(RIGHT, y, Align::Right, Style::soft(680), &numbers);
            let mut lines = self.sheet.wrap(Style::soft(680), &about, INNER - taken - 1_500);
            lines.truncate(1);
            for line in &lines {
                self.sheet.line(LEFT, y, Align::Left, Style::soft(680), line);
            }
        }
        let meta = pdf::Meta {
            title: &format!("{title} {}", document.number),
            author: &document.seller.name,
            at_ms: document.issued_at_ms,
            id: *document.id.0.as_bytes(),
            print_no: options.print_no(),
        };
        pdf::write(self.sheet, &vec![HEIGHT; count], &meta)
    }
}
