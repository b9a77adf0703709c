//! Below the table: sums and settlement on the right, tax summary and amount in words on the left, then terms.

use super::{Form, INNER, LEFT, RIGHT};
use crate::PrintError;
use crate::block::Block;
use crate::content::{self, Emphasis, Row, TaxSlab};
use crate::figures;
use crate::sheet::{Align, Style, mm, shade};
use crate::{code, text};
use daybook_domain::words::amount_in_words;

/// Width of the left column.
const LEFT_WIDTH: i32 = INNER * 57 / 100;
/// Left edge of the right column.
const SUMS: i32 = LEFT + INNER * 62 / 100;
const QR_SIZE: i32 = mm(30);

/// Tax summary, amount in words, note, gift message, payment code.
pub(super) fn left(form: Form<'_>) -> Result<Vec<Block>, PrintError> {
    let Form { document, options, .. } = form;
    let labels = &options.labels;
    let mut blocks = tax_summary(form);
    let words = amount_in_words(document.totals.payable_minor, document.currency);
    blocks.push(labelled(form, labels.in_words, &words, Style::bold(820)));
    if let Some(note) = &document.note {
        blocks.push(labelled(form, labels.note, note, Style::regular(800)));
    }
    if let Some(message) = &document.gift_message {
        blocks.push(labelled(form, labels.gift_message, message, Style::regular(800)));
    }
    blocks.extend(payment_code(form)?);
    if short_terms(form) {
        blocks.extend(terms(form, LEFT_WIDTH));
    }
    Ok(blocks)
}

/// A code to pay with while nothing has been paid.
fn payment_code(form: Form<'_>) -> Result<Option<Block>, PrintError> {
    let Form { fonts, document, options, .. } = form;
    let Some(link) = content::payment_link(document) else { return Ok(None) };
    let mut block = Block::default();
    block.append(code::qr_block(&link, LEFT - 350, QR_SIZE)?, 300);
    let x = LEFT + QR_SIZE + 500;
    let width = LEFT_WIDTH - QR_SIZE - 500;
    let style = Style::bold(900);
    block.text(fonts, (x, 2_300), Align::Left, style, options.labels.scan_to_pay);
    let owed = figures::money_signed(document.totals.payable_minor, document.currency);
    block.text(fonts, (x, 3_900), Align::Left, Style::bold(1_200), &owed);
    let payee = document.upi_vpa.as_deref().unwrap_or_default();
    block.wrapped(fonts, (x, 5_200), (width, 1_000), Align::Left, Style::soft(740), payee);
    Ok(Some(block))
}

/// A small label with a text below it.
fn labelled(form: Form<'_>, label: &str, text: &str, style: Style) -> Block {
    let mut block = Block::default();
    block.text(form.fonts, (LEFT, 700), Align::Left, Style::soft(680), label);
    let lead = style.size * 132 / 100;
    let y = block.wrapped(form.fonts, (LEFT, 1_750), (LEFT_WIDTH, lead), Align::Left, style, text);
    block.height = y - lead + 1_300;
    block
}

fn tax_summary(form: Form<'_>) -> Vec<Block> {
    let Form { document, options, .. } = form;
    let labels = &options.labels;
    let slabs = content::tax_slabs(document);
    if slabs.is_empty() {
        return Vec::new();
    }
    let components = content::components(document);
    let several = components.len() > 1;
    let mut heads: Vec<&str> = vec![labels.taxable];
    heads.extend(components.iter().map(|name| content::component_name(name, labels)));
    heads.extend(several.then_some(labels.total_tax));
    let columns = i32::try_from(heads.len()).unwrap_or(1);
    let first = mm(15);
    let step = (LEFT_WIDTH - first - 350) / columns;
    let edge = |index: i32| LEFT + first + step * (index + 1);

    let size = summary_size(form, &slabs, step);
    let mut head = Block::space(1_850);
    head.fill((LEFT, 0), LEFT_WIDTH, 1_500, shade::TINT);
    let style = Style::bold(size.min(680));
    head.text(form.fonts, (LEFT + 350, 1_000), Align::Left, style, labels.tax);
    for (index, label) in (0..).zip(&heads) {
        head.text(form.fonts, (edge(index), 1_000), Align::Right, style, label);
    }
    let mut blocks = vec![head];
    for slab in &slabs {
        blocks.push(summary_row(form, slab, size, &edge, several));
    }
    blocks.push(Block::space(900));
    blocks
}

/// The size at which the widest figure fits its column.
fn summary_size(form: Form<'_>, slabs: &[TaxSlab], step: i32) -> i32 {
    let money = |amount| figures::money(amount, form.document.currency);
    let widest = |size: i32| {
        let of_slab = |slab: &TaxSlab| {
            let shares = slab.shares.iter().flatten();
            let shares =
                shares.map(|(rate, amount)| format!("{} {}", figures::rate(*rate), money(*amount)));
            let all = shares.chain([money(slab.taxable_minor), money(slab.tax_minor)]);
            let widths = all
                .map(|text| text::shape(form.fonts, Style::regular(0).weight, &text).width(size));
            widths.max().unwrap_or(0)
        };
        slabs.iter().map(of_slab).max().unwrap_or(0)
    };
    let sizes = [740, 680, 600, 520, 440, 360];
    sizes.into_iter().find(|size| widest(*size) + 350 <= step).unwrap_or(300)
}

fn summary_row(
    form: Form<'_>,
    slab: &TaxSlab,
    size: i32,
    edge: &impl Fn(i32) -> i32,
    several: bool,
) -> Block {
    let money = |amount| figures::money(amount, form.document.currency);
    let mut block = Block::space(1_350);
    let y = 950;
    let style = Style::regular(size);
    block.text(form.fonts, (LEFT + 350, y), Align::Left, style, &figures::rate(slab.rate_ppm));
    block.text(form.fonts, (edge(0), y), Align::Right, style, &money(slab.taxable_minor));
    let mut index = 1;
    for share in &slab.shares {
        match share {
            Some((rate, amount)) => {
                let x = edge(index);
                let width = block.text(form.fonts, (x, y), Align::Right, style, &money(*amount));
                if several {
                    let soft = Style::soft(size * 84 / 100);
                    let x = x - width - 300;
                    block.text(form.fonts, (x, y), Align::Right, soft, &figures::rate(*rate));
                }
            }
            None => {
                block.text(form.fonts, (edge(index), y), Align::Right, Style::soft(size), "–");
            }
        }
        index += 1;
    }
    if several {
        block.text(form.fonts, (edge(index), y), Align::Right, style, &money(slab.tax_minor));
    }
    block.rule((LEFT, 1_300), LEFT_WIDTH, 90);
    block
}

/// Sums, settlement, signature.
pub(super) fn right(form: Form<'_>) -> Vec<Block> {
    let Form { document, options, .. } = form;
    let labels = &options.labels;
    let totals = content::totals(document, labels);
    let mut blocks: Vec<Block> = totals.iter().map(|row| sum_row(form, row)).collect();
    let settlement = content::settlement(document, labels);
    if !settlement.is_empty() {
        blocks.push(Block::space(500));
    }
    blocks.extend(settlement.iter().map(|row| sum_row(form, row)));
    blocks.push(signature(form));
    blocks
}

fn sum_row(form: Form<'_>, row: &Row) -> Block {
    let fonts = form.fonts;
    let (style, label_style, mut block, y) = match row.emphasis {
        Emphasis::Plain => {
            (Style::regular(820), Style { shade: 25, ..Style::soft(800) }, Block::space(1_380), 950)
        }
        Emphasis::Strong => (Style::bold(860), Style::bold(820), Block::space(1_450), 980),
        Emphasis::Grand => {
            let mut block = Block::space(2_600);
            block.fill((SUMS, 250), RIGHT - SUMS, 2_150, shade::TINT);
            (Style::bold(1_150), Style::bold(860), block, 1_680)
        }
    };
    let inset = 350;
    // A figure too wide for its place is set smaller, never cut.
    let value = text::shape(fonts, style.weight, &row.value);
    let label = text::shape(fonts, label_style.weight, &row.label);
    let label_width = label.width(label_style.size);
    let room = RIGHT - SUMS - 2 * inset - label_width - 600;
    let mut style = style;
    while value.width(style.size) > room && style.size > 380 {
        style.size -= 20;
    }
    let taken = block.line((RIGHT - inset, y), Align::Right, style, value);
    block.line((SUMS + inset, y), Align::Left, label_style, label);
    if !row.detail.is_empty() {
        let soft = Style::soft(680);
        let beside = RIGHT - SUMS - 2 * inset - label_width - taken - 900;
        let detail = text::shape(fonts, soft.weight, &row.detail);
        if detail.width(soft.size) <= beside {
            block.line((SUMS + inset + label_width + 350, y), Align::Left, soft, detail);
        } else {
            let width = RIGHT - SUMS - 2 * inset;
            let from = (SUMS + inset, y + 960);
            let next = block.wrapped(fonts, from, (width, 880), Align::Left, soft, &row.detail);
            block.height += next - from.1;
        }
    }
    block
}

fn signature(form: Form<'_>) -> Block {
    let Form { fonts, document, options, .. } = form;
    let labels = &options.labels;
    let mut block = Block::default();
    let style = Style::soft(740);
    let name = format!("{} {}", labels.for_seller, document.seller.name);
    let width = (RIGHT - SUMS, 950);
    let y = block.wrapped(fonts, (RIGHT, 1_800), width, Align::Right, style, &name);
    let line = y + mm(9);
    block.rule((RIGHT - mm(45), line), mm(45), shade::SOFT);
    block.text(fonts, (RIGHT, line + 950), Align::Right, style, labels.signatory);
    block.height = line + 1_500;
    block
}

/// Whether the terms are short enough to stand in the left column.
fn short_terms(form: Form<'_>) -> bool {
    let terms = &form.document.terms;
    terms.len() <= 4 && terms.iter().map(String::len).sum::<usize>() <= 400
}

/// The terms below both columns, where they are long.
pub(super) fn below(form: Form<'_>) -> Vec<Block> {
    if short_terms(form) { Vec::new() } else { terms(form, INNER) }
}

/// The terms, one block each.
fn terms(form: Form<'_>, width: i32) -> Vec<Block> {
    let Form { fonts, document, options, .. } = form;
    let (style, lead) = (Style::soft(700), 920);
    let mut blocks = Vec::new();
    for (index, term) in document.terms.iter().enumerate() {
        let mut block = Block::default();
        let mut top = 750;
        if index == 0 {
            block.text(fonts, (LEFT, top), Align::Left, Style::soft(680), options.labels.terms);
            top += 1_050;
        }
        block.text(fonts, (LEFT, top), Align::Left, style, &format!("{}.", index + 1));
        let from = (LEFT + 1_100, top);
        let y = block.wrapped(fonts, from, (width - 1_100, lead), Align::Left, style, term);
        block.height = y - 700;
        blocks.push(block);
    }
    blocks
}
