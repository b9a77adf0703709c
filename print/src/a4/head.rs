//! The top of a page: who sells, what it is, who buys.

use super::{Form, INNER, LEFT, RIGHT};
use crate::block::Block;
use crate::options::{Marking, Options};
use crate::sheet::{Align, Style, mm, shade};
use crate::{PrintError, content, figures};
use daybook_domain::document::Party;

/// Height of the heading of a further page.
pub(super) const FURTHER_HEIGHT: i32 = 2_800;

/// Left edge of the column of facts.
const FACTS: i32 = LEFT + INNER * 56 / 100;
/// Width of their labels.
const FACT_LABEL: i32 = mm(27);

/// Seller and title, then buyer and facts.
pub(super) fn first_page(form: Form<'_>) -> Result<Block, PrintError> {
    let mut block = masthead(form);
    let y = block.height + 900;
    block.rule((LEFT, y), INNER, shade::RULE);
    let buyer = buyer(form);
    let facts = facts(form)?;
    let top = y + 700;
    block.append(buyer, top);
    block.append(facts, top);
    block.height += 900;
    Ok(block)
}

fn masthead(form: Form<'_>) -> Block {
    let Form { fonts, document, options, .. } = form;
    let mut block = Block::default();
    let width = INNER * 58 / 100;
    let style = Style::bold(1_500);
    let mut y = block.wrapped(
        fonts,
        (LEFT, 1_350),
        (width, 1_850),
        Align::Left,
        style,
        &document.seller.name,
    );
    y -= 550;
    y = party_lines(form, &mut block, &document.seller, (LEFT, y), width);

    let style = Style::bold(1_500);
    let title = content::title(document, &options.labels);
    let mut right = 1_350;
    for line in crate::text::wrap(fonts, style.weight, title, style.size, INNER - width - 1_000) {
        block.line((RIGHT, right), Align::Right, style, line);
        right += 1_850;
    }
    right -= 550;
    block.text(fonts, (RIGHT, right), Align::Right, mark_style(options), &options.mark());
    if document.training {
        right += 1_100;
        let width = INNER - width - 1_000;
        let (style, notice) = (Style::bold(720), options.labels.training_notice);
        right = block.wrapped(fonts, (RIGHT, right), (width, 950), Align::Right, style, notice);
    }
    block.height = y.max(right) - 300;
    block
}

/// A copy is seen at a glance; the original needs no shouting.
fn mark_style(options: &Options) -> Style {
    match options.marking {
        Marking::Original => Style::soft(720),
        Marking::Duplicate | Marking::Copy(_) => Style::bold(860),
    }
}

/// Address, tax number, State, contact; gives the next baseline.
fn party_lines(
    form: Form<'_>,
    block: &mut Block,
    party: &Party,
    (x, y): (i32, i32),
    width: i32,
) -> i32 {
    let Form { fonts, document, options, .. } = form;
    let labels = &options.labels;
    let (style, lead) = (Style::soft(800), 1_080);
    let mut y = y;
    for line in party.address.iter().chain(Some(&content::contact(party))) {
        y = block.wrapped(fonts, (x, y), (width, lead), Align::Left, style, line);
    }
    let mut parts = Vec::new();
    if let Some(tax_id) = &party.tax_id {
        parts.push(format!("{} {tax_id}", content::tax_id_label(document, labels)));
    }
    if let Some(state) = &party.state {
        parts.push(format!("{} {}", labels.state, content::place(state)));
    }
    let style = Style { shade: shade::INK, ..style };
    block.wrapped(fonts, (x, y), (width, lead), Align::Left, style, &parts.join("   "))
}

fn buyer(form: Form<'_>) -> Block {
    let Form { fonts, document, options, .. } = form;
    let labels = &options.labels;
    let mut block = Block::default();
    let width = FACTS - LEFT - 1_500;
    let label = content::buyer_label(document, labels);
    block.text(fonts, (LEFT, 700), Align::Left, Style::soft(700), label);
    let style = Style::bold(980);
    let name = document.buyer.as_ref().map_or(labels.walk_in, |buyer| buyer.name.as_str());
    let mut y = block.wrapped(fonts, (LEFT, 1_950), (width, 1_300), Align::Left, style, name);
    if let Some(buyer) = &document.buyer {
        y = party_lines(form, &mut block, buyer, (LEFT, y - 100), width);
    }
    block.height = y - 600;
    block
}

fn facts(form: Form<'_>) -> Result<Block, PrintError> {
    let Form { fonts, document, options, .. } = form;
    let labels = &options.labels;
    let moment = figures::moment(document.issued_at_ms, document.offset_min)?;
    let mut facts = vec![(labels.number, document.number.clone()), (labels.date, moment)];
    if figures::local_day(document.issued_at_ms, document.offset_min)? != document.day {
        facts.push((labels.business_day, figures::day(&document.day)));
    }
    if let Some(original) = &document.original {
        let day = figures::day(&original.day);
        facts.push((labels.against, format!("{} {} {day}", original.number, labels.dated)));
    }
    if let Some(reason) = &document.reason {
        facts.push((labels.reason, reason.clone()));
    }
    if let Some(place) = &document.place_of_supply {
        facts.push((labels.place_of_supply, content::place(place)));
    }
    if document.jurisdiction == "IN" || document.reverse_charge {
        let answer = if document.reverse_charge { labels.yes } else { labels.no };
        facts.push((labels.reverse_charge, answer.to_owned()));
    }
    let till = document.till_code.as_ref().map(|code| format!("{} {code}", labels.till));
    let by = till.into_iter().chain(Some(document.cashier.clone()));
    facts.push((labels.cashier, by.collect::<Vec<_>>().join("  ·  ")));

    let mut block = Block::default();
    let width = RIGHT - FACTS - FACT_LABEL;
    let mut y = 700;
    for (index, (label, value)) in facts.iter().enumerate() {
        let style = if index == 0 { Style::bold(840) } else { Style::regular(840) };
        block.text(fonts, (FACTS, y), Align::Left, Style::soft(760), label);
        let from = (FACTS + FACT_LABEL, y);
        y = block.wrapped(fonts, from, (width, 1_100), Align::Left, style, value) + 170;
    }
    block.height = y - 700;
    Ok(block)
}

/// Seller, title and number in one line.
pub(super) fn further_page(form: Form<'_>) -> Block {
    let Form { fonts, document, options, .. } = form;
    let mut block = Block::space(FURTHER_HEIGHT);
    let title = content::title(document, &options.labels);
    let right = format!("{title} {}", document.number);
    let style = Style::bold(900);
    let taken = block.text(fonts, (RIGHT, 900), Align::Right, style, &right);
    let width = INNER - taken - 1_500;
    let name = crate::text::wrap(fonts, style.weight, &document.seller.name, style.size, width);
    for line in name.into_iter().take(1) {
        block.line((LEFT, 900), Align::Left, style, line);
    }
    block.text(fonts, (RIGHT, 1_850), Align::Right, mark_style(options), &options.mark());
    block
}
