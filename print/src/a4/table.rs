//! The table of lines. Columns are those that the document needs, as wide as their widest figure; names wrap
//! in what is left, so that no figure is ever cut.

use super::{Form, INNER, LEFT, RIGHT};
use crate::block::Block;
use crate::content;
use crate::figures;
use crate::fonts::Fonts;
use crate::sheet::{Align, Style, shade};
use crate::text::{self, Line};
use daybook_domain::amount::Minor;
use daybook_domain::document::DocumentLine;

/// Space between columns.
const GUTTER: i32 = 750;
/// Least width of the column of names, at full size.
const NAME_LEAST: i32 = 10_500;
/// Most lines of one name: a row stays on one page.
const NAME_LINES_MAX: usize = 24;
/// Sizes of the figures, the first at which everything fits.
const SIZES: [i32; 7] = [780, 730, 680, 620, 540, 440, 340];

/// What a column shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column<'a> {
    Number,
    Item,
    Hsn,
    Quantity,
    Unit,
    Rate,
    Discount,
    Taxable,
    /// All components together; their own rates stand in the tax summary.
    TaxRate,
    Component(&'a str),
    Amount,
}

/// The table, ready to be set.
pub(super) struct Table {
    pub(super) rows: Vec<Block>,
    heading: Vec<Placed>,
    /// Amounts to carry: right edge, and the running sum after each row (the first is before any).
    carried: Vec<(i32, Vec<Minor>)>,
    size: i32,
}

/// A heading at its column.
struct Placed {
    x: i32,
    align: Align,
    lines: Vec<Line>,
}

impl Table {
    pub(super) fn build(form: Form<'_>) -> Self {
        let columns = columns(form);
        let cells: Vec<Vec<Line>> =
            form.document.lines.iter().map(|line| row_cells(form, &columns, line)).collect();
        let headings: Vec<Vec<Line>> =
            columns.iter().map(|column| heading(form, *column)).collect();
        let (size, widths) = fit(form, &columns, &cells, &headings);
        let edges = edges(&columns, &widths);
        let rows = form.document.lines.iter().zip(cells);
        let rows =
            rows.map(|(line, cells)| row(form, &columns, &edges, size, line, cells)).collect();
        let carried = carried(form, &columns, &edges);
        let placed = columns.iter().zip(edges).zip(headings);
        let heading = placed
            .map(|((column, (left, right)), lines)| {
                let align = align(*column);
                Placed { x: if align == Align::Right { right } else { left }, align, lines }
            })
            .collect();
        Self { rows, heading, carried, size }
    }

    /// How many rows from `next` on fit into `room`.
    pub(super) fn fitting(&self, next: usize, room: i32) -> usize {
        let mut used = 0;
        let rows = self.rows.iter().skip(next);
        rows.take_while(|row| {
            used += row.height;
            used <= room
        })
        .count()
    }

    pub(super) fn heading(&self) -> Block {
        let size = heading_size(self.size);
        let lead = size * 125 / 100;
        let deepest = self.heading.iter().map(|placed| placed.lines.len()).max().unwrap_or(1);
        let height = 900 + lead * i32::try_from(deepest).unwrap_or(1);
        let mut block = Block::space(height + 150);
        block.fill((LEFT, 0), INNER, height, shade::TINT);
        for placed in &self.heading {
            let mut y = 300 + size;
            for line in &placed.lines {
                block.line((placed.x, y), placed.align, Style::bold(size), line.clone());
                y += lead;
            }
        }
        block
    }

    pub(super) fn carry_height(&self) -> i32 {
        1_700
    }

    /// The sums of the first `count` lines.
    pub(super) fn carry(&self, form: Form<'_>, count: usize, label: &str) -> Block {
        let mut block = Block::space(self.carry_height());
        let style = Style { shade: shade::SOFT, ..Style::bold(self.size.min(740)) };
        block.text(form.fonts, (LEFT + 350, 1_050), Align::Left, style, label);
        for (right, sums) in &self.carried {
            if let Some(sum) = sums.get(count) {
                let figures = figures::money(*sum, form.document.currency);
                block.text(form.fonts, (*right, 1_050), Align::Right, style, &figures);
            }
        }
        block.rule((LEFT, 1_500), INNER, shade::RULE);
        block
    }

    /// The rule below the last line.
    pub(super) fn end(&self) -> Block {
        let mut block = Block::space(1_100);
        block.rule((LEFT, -30), INNER, shade::SOFT);
        block
    }
}

fn heading_size(size: i32) -> i32 {
    size.min(700)
}

fn below_size(size: i32) -> i32 {
    size * 84 / 100
}

fn columns(form: Form<'_>) -> Vec<Column<'_>> {
    let document = form.document;
    let mut columns = vec![Column::Number, Column::Item];
    if document.lines.iter().any(|line| line.hsn.is_some()) {
        columns.push(Column::Hsn);
    }
    columns.extend([Column::Quantity, Column::Unit, Column::Rate]);
    if document.lines.iter().any(|line| !content::line_discount(line).is_zero()) {
        columns.push(Column::Discount);
    }
    let components = content::components(document);
    if !components.is_empty() {
        columns.extend([Column::Taxable, Column::TaxRate]);
        columns.extend(components.into_iter().map(Column::Component));
    }
    columns.push(Column::Amount);
    columns
}

fn align(column: Column<'_>) -> Align {
    match column {
        Column::Number | Column::Item | Column::Hsn | Column::Unit => Align::Left,
        Column::Quantity
        | Column::Rate
        | Column::Discount
        | Column::Taxable
        | Column::TaxRate
        | Column::Component(_)
        | Column::Amount => Align::Right,
    }
}

/// A heading of one or two lines.
fn heading(form: Form<'_>, column: Column<'_>) -> Vec<Line> {
    let labels = &form.options.labels;
    let document = form.document;
    let with_tax = document.tax_inclusive && !document.tax_table.is_empty();
    let (first, second) = match column {
        Column::Number => ("#", String::new()),
        Column::Item => (labels.item, String::new()),
        Column::Hsn => (labels.hsn, String::new()),
        Column::Quantity => (labels.quantity, String::new()),
        Column::Unit => ("", String::new()),
        Column::Rate if with_tax => (labels.rate, labels.incl_tax.to_owned()),
        Column::Rate => (labels.rate, String::new()),
        Column::Discount => (labels.discount, String::new()),
        Column::Taxable => (labels.taxable, String::new()),
        Column::TaxRate => (labels.tax_rate, String::new()),
        Column::Component(name) => (content::component_name(name, labels), String::new()),
        Column::Amount => {
            (labels.amount, format!("({})", figures::currency_sign(document.currency)))
        }
    };
    let weight = Style::bold(0).weight;
    let wide = content::components(document).is_empty();
    // Two short words one above the other keep a column as narrow as its figures; a table of few columns has room.
    let words = if column == Column::Amount && wide {
        vec![format!("{first} {second}")]
    } else if second.is_empty() && align(column) == Align::Right {
        first.split(' ').map(str::to_owned).collect()
    } else {
        vec![first.to_owned(), second]
    };
    let words = words.into_iter().filter(|word| !word.is_empty());
    words.map(|word| text::shape(form.fonts, weight, &word)).collect()
}

fn row_cells(form: Form<'_>, columns: &[Column<'_>], line: &DocumentLine) -> Vec<Line> {
    let document = form.document;
    let money = |amount| figures::money(amount, document.currency);
    let cell = |column: &Column<'_>| match column {
        Column::Number => line.no.to_string(),
        // Set apart: it wraps.
        Column::Item => String::new(),
        Column::Hsn => line.hsn.clone().unwrap_or_default(),
        Column::Quantity => figures::quantity(line.quantity_milli, document.currency),
        Column::Unit => figures::unit(line.uom, &document.jurisdiction).to_owned(),
        Column::Rate => figures::unit_price(line.unit_price_micros, document.currency),
        Column::Discount => {
            let discount = content::line_discount(line);
            if discount.is_zero() { String::new() } else { money(discount) }
        }
        Column::Taxable if line.gift_card.is_some() => "–".to_owned(),
        Column::Taxable => money(line.taxable_minor),
        Column::TaxRate if line.taxes.is_empty() => "–".to_owned(),
        Column::TaxRate => figures::rate(content::line_rate(line)),
        Column::Component(name) if line.taxes.iter().all(|tax| tax.component != *name) => {
            "–".to_owned()
        }
        Column::Component(name) => money(content::component_amount(line, name)),
        Column::Amount => money(line.total_minor),
    };
    let shaped = columns
        .iter()
        .map(|column| text::shape(form.fonts, cell_style(*column, 0).weight, &cell(column)));
    shaped.collect()
}

fn cell_style(column: Column<'_>, size: i32) -> Style {
    match column {
        Column::Amount => Style::bold(size),
        Column::Number | Column::Hsn | Column::TaxRate => Style::soft(size),
        Column::Unit => Style::soft(size * 84 / 100),
        Column::Item
        | Column::Quantity
        | Column::Rate
        | Column::Discount
        | Column::Taxable
        | Column::Component(_) => Style::regular(size),
    }
}

/// Space to the next column: the unit belongs to its quantity.
fn gutter(column: Column<'_>) -> i32 {
    if column == Column::Quantity { 200 } else { GUTTER }
}

/// The largest size at which the figures leave room for the names, and the widths at that size.
fn fit(
    form: Form<'_>,
    columns: &[Column<'_>],
    cells: &[Vec<Line>],
    headings: &[Vec<Line>],
) -> (i32, Vec<i32>) {
    let mut fitted = (SIZES[0], Vec::new());
    let carried: Vec<(usize, Line)> = widest_sums(form, columns);
    for size in SIZES {
        let mut widths: Vec<i32> = headings
            .iter()
            .map(|lines| lines.iter().map(|line| line.width(heading_size(size))).max().unwrap_or(0))
            .collect();
        for row in cells {
            for ((width, cell), column) in widths.iter_mut().zip(row).zip(columns) {
                *width = (*width).max(cell.width(cell_style(*column, size).size));
            }
        }
        for (column, sum) in &carried {
            widths[*column] = widths[*column].max(sum.width(size.min(740)));
        }
        let others = columns.iter().zip(&widths).filter(|(column, _)| **column != Column::Item);
        let taken: i32 = others.map(|(column, width)| width + gutter(*column)).sum();
        let name = INNER - 700 - taken;
        for (column, width) in columns.iter().zip(&mut widths) {
            if *column == Column::Item {
                *width = name.max(2_000);
            }
        }
        fitted = (size, widths);
        if name >= NAME_LEAST * size / SIZES[0] {
            break;
        }
    }
    fitted
}

/// The sums of the whole document, which are the widest of the carried ones (sums of one sign only grow).
fn widest_sums(form: Form<'_>, columns: &[Column<'_>]) -> Vec<(usize, Line)> {
    let weight = Style::bold(0).weight;
    let sums = columns.iter().enumerate().filter_map(|(index, column)| {
        let widest = running(form, *column)?.into_iter().max_by_key(|sum| sum.0.unsigned_abs())?;
        let figures = figures::money(widest, form.document.currency);
        Some((index, text::shape(form.fonts, weight, &figures)))
    });
    sums.collect()
}

/// Left and right edge of each column.
fn edges(columns: &[Column<'_>], widths: &[i32]) -> Vec<(i32, i32)> {
    let mut left = LEFT + 350;
    let mut edges = Vec::with_capacity(columns.len());
    for (column, width) in columns.iter().zip(widths) {
        let right = if *column == Column::Amount { RIGHT - 350 } else { left + width };
        edges.push((left, right));
        left += width + gutter(*column);
    }
    edges
}

fn row(
    form: Form<'_>,
    columns: &[Column<'_>],
    edges: &[(i32, i32)],
    size: i32,
    line: &DocumentLine,
    cells: Vec<Line>,
) -> Block {
    let mut block = Block::default();
    let baseline = 330 + size;
    let mut deepest = baseline;
    for ((column, (left, right)), cell) in columns.iter().zip(edges).zip(cells) {
        if *column == Column::Item {
            let at = (*left, baseline);
            deepest = deepest.max(name(form, &mut block, at, right - left, size, line));
            continue;
        }
        let align = align(*column);
        let x = if align == Align::Right { *right } else { *left };
        block.line((x, baseline), align, cell_style(*column, size), cell);
    }
    block.height = deepest + size * 50 / 100 + 150;
    block.rule((LEFT, block.height - 50), INNER, 88);
    block
}

/// Name and details; gives the last baseline.
fn name(
    form: Form<'_>,
    block: &mut Block,
    (x, y): (i32, i32),
    width: i32,
    size: i32,
    line: &DocumentLine,
) -> i32 {
    let fonts: &Fonts = form.fonts;
    let style = Style::regular(size);
    let mut names = text::wrap(fonts, style.weight, &line.name, size, width);
    names.truncate(NAME_LINES_MAX);
    let (mut y, mut last) = (y, y);
    for part in names {
        block.line((x, y), Align::Left, style, part);
        last = y;
        y += size * 128 / 100;
    }
    let details = content::line_details(form.document, line, &form.options.labels);
    let style = Style::soft(below_size(size));
    let mut lines = text::wrap(fonts, style.weight, &details, style.size, width);
    lines.truncate(NAME_LINES_MAX);
    for part in lines {
        block.line((x, y), Align::Left, style, part);
        last = y;
        y += size * 110 / 100;
    }
    last
}

/// Running sums of the columns that are carried over a page break.
fn carried(form: Form<'_>, columns: &[Column<'_>], edges: &[(i32, i32)]) -> Vec<(i32, Vec<Minor>)> {
    let columns = columns.iter().zip(edges);
    columns.filter_map(|(column, (_, right))| Some((*right, running(form, *column)?))).collect()
}

/// The sum of a column before any line, after the first, after the second, …; nothing for a column of no sums.
fn running(form: Form<'_>, column: Column<'_>) -> Option<Vec<Minor>> {
    let of_line = |line: &DocumentLine| match column {
        Column::Discount => content::line_discount(line),
        Column::Taxable => content::supplied(line),
        Column::Component(name) => content::component_amount(line, name),
        Column::Amount => line.total_minor,
        Column::Number
        | Column::Item
        | Column::Hsn
        | Column::Quantity
        | Column::Unit
        | Column::Rate
        | Column::TaxRate => Minor::ZERO,
    };
    let summed = matches!(
        column,
        Column::Discount | Column::Taxable | Column::Component(_) | Column::Amount
    );
    let add = |sum: &mut Minor, line: &DocumentLine| {
        *sum = content::saturating_total([*sum, of_line(line)]);
        Some(*sum)
    };
    let sums = form.document.lines.iter().scan(Minor::ZERO, add);
    summed.then(|| std::iter::once(Minor::ZERO).chain(sums).collect())
}
