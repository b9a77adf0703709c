//! The report as a table that a person understands.

use super::claims::Claim;
use super::money::NO_SHIFT;
use super::report::{CauseTotal, Report, StockLine, cause_name};
use daybook_domain::amount::Quantity;
use daybook_domain::reconcile::Explanation;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Lines of stock printed; the rest are counted.
const LINES_MAX: usize = 200;
/// References printed behind a cause.
const PARTS_MAX: usize = 3;

/// The report as text.
#[must_use]
pub fn table(report: &Report) -> String {
    let mut out = String::new();
    tills(&mut out, report);
    stock(&mut out, report);
    money(&mut out, report);
    balances(&mut out, report);
    causes(&mut out, "Stock, by cause", &report.summary.stock_causes);
    causes(&mut out, "Money, by cause", &report.summary.money_causes);
    exceptions(&mut out, report);
    verdict(&mut out, report);
    out
}

fn heading(out: &mut String, text: &str) {
    let _ = writeln!(out, "\n{text}\n{}", "─".repeat(text.chars().count()));
}

fn tills(out: &mut String, report: &Report) {
    heading(out, "Tills");
    let _ = writeln!(
        out,
        "{:<6} {:<16} {:<8} {:>8} {:>12}  statement",
        "till", "location", "state", "unsent", "quarantined"
    );
    for till in &report.tills {
        let stated = if till.stated_at_ms.is_some() { "received" } else { "none yet" };
        let _ = writeln!(
            out,
            "{:<6} {:<16} {:<8} {:>8} {:>12}  {stated}",
            till.till, till.location, till.state, till.unsent, till.quarantined
        );
        for entries in &till.unsent_entries {
            let _ = writeln!(out, "    unsent: {entries}");
        }
    }
}

fn units(milli: i64) -> String {
    Quantity(milli).to_decimal()
}

fn stock(out: &mut String, report: &Report) {
    heading(out, "Stock: store − till, explained");
    if report.stock.is_empty() {
        let _ = writeln!(out, "every till shows what the store holds");
        return;
    }
    let _ = writeln!(
        out,
        "{:<12} {:<20} {:>9} {:>8} {:>8} {:>8} {:>8} {:>8}  {:<5} {:>9} {:>8} {:>11}",
        "location",
        "sku",
        "on hand",
        "reserved",
        "for web",
        "leased",
        "in doubt",
        "free",
        "till",
        "shows",
        "differs",
        "unexplained"
    );
    for line in report.stock.iter().take(LINES_MAX) {
        stock_line(out, line);
    }
    if report.stock.len() > LINES_MAX {
        let _ = writeln!(out, "… and {} more (--json has all)", report.stock.len() - LINES_MAX);
    }
}

fn stock_line(out: &mut String, line: &StockLine) {
    let level = &line.level;
    let _ = write!(
        out,
        "{:<12} {:<20} {:>9} {:>8} {:>8} {:>8} {:>8} {:>8}",
        line.location,
        line.sku,
        units(level.on_hand_milli),
        units(level.reserved_milli),
        units(level.allotted_milli),
        units(level.leased_milli),
        units(level.in_doubt_milli),
        units(level.free_milli)
    );
    let indent = " ".repeat(12 + 1 + 20 + 1 + 9 + 5 * 9);
    for (index, view) in line.tills.iter().enumerate() {
        let said = &view.explanation;
        let start = if index == 0 { "" } else { indent.as_str() };
        let mark = if said.unexplained == 0 { "" } else { "  UNEXPLAINED" };
        let _ = writeln!(
            out,
            "{start}  {:<5} {:>9} {:>8} {:>11}{mark}",
            view.till,
            units(said.till),
            units(said.difference),
            units(said.unexplained)
        );
        explained(out, said, units);
        unread(out, &view.unread);
    }
    if line.tills.is_empty() {
        let _ = writeln!(out);
    }
    claims(out, &line.claims);
    if let Some(count) = line.count.as_ref().filter(|count| count.variance_milli != 0) {
        let _ = writeln!(
            out,
            "    counted {} where {} were expected: count_variance {} (entry {})",
            units(count.counted_milli),
            units(count.expected_milli),
            units(count.variance_milli),
            count.entry
        );
    }
}

fn claims(out: &mut String, claims: &[Claim]) {
    for of_a_kind in claims.chunk_by(|one, other| one.kind == other.kind) {
        let Some(Claim { kind, .. }) = of_a_kind.first() else { continue };
        let sum = of_a_kind.iter().fold(0_i64, |sum, it| sum.saturating_add(it.quantity_milli));
        let shown = of_a_kind.iter().map(|it| (&it.reference, it.quantity_milli));
        let shown = references(shown, of_a_kind.len(), units);
        let _ = writeln!(out, "    {} {}: {shown}", kind, units(sum));
    }
}

/// The first few references, each with its share, and how many more there are.
fn references<'a>(
    parts: impl Iterator<Item = (&'a String, i64)>,
    count: usize,
    show: impl Fn(i64) -> String,
) -> String {
    let parts = parts.take(PARTS_MAX).map(|(what, share)| format!("{what} ({})", show(share)));
    let shown = parts.collect::<Vec<_>>().join(", ");
    match count.saturating_sub(PARTS_MAX) {
        0 => shown,
        more => format!("{shown}, {more} more"),
    }
}

fn explained(out: &mut String, said: &Explanation, show: impl Fn(i64) -> String) {
    for cause in &said.causes {
        let parts = cause.parts.iter().map(|part| (&part.reference, part.amount));
        let shown = references(parts, cause.parts.len(), &show);
        let _ = writeln!(out, "    {} {}: {shown}", cause_name(cause.cause), show(cause.amount));
    }
}

/// What the till counts and nobody could read: the first place to look.
fn unread(out: &mut String, entries: &[String]) {
    if entries.is_empty() {
        return;
    }
    let shown = entries.iter().take(PARTS_MAX).cloned().collect::<Vec<_>>().join(", ");
    let more = match entries.len().saturating_sub(PARTS_MAX) {
        0 => String::new(),
        more => format!(", {more} more"),
    };
    let _ = writeln!(out, "    may come from what could not be read: {shown}{more}");
}

fn money(out: &mut String, report: &Report) {
    heading(out, "Money by shift and tender, in minor units");
    let _ = writeln!(
        out,
        "{:<6} {:<11} {:>4} {:<12} {:>12} {:>12} {:>9} {:>12} {:>10} {:>11}",
        "till",
        "day",
        "Z",
        "tender",
        "store",
        "till",
        "differs",
        "counted",
        "over/short",
        "unexplained"
    );
    for line in &report.money {
        let open = if line.shift == NO_SHIFT { "–" } else { "open" };
        let z_no = line.z_no.map_or_else(|| open.to_owned(), |no| no.to_string());
        let optional = |amount: Option<i64>| {
            amount.map_or_else(|| "–".to_owned(), |amount| amount.to_string())
        };
        let said = line.explanation.as_ref();
        let mark =
            if said.is_some_and(|said| said.unexplained != 0) { "  UNEXPLAINED" } else { "" };
        let _ = writeln!(
            out,
            "{:<6} {:<11} {:>4} {:<12} {:>12} {:>12} {:>9} {:>12} {:>10} {:>11}{mark}",
            line.till,
            line.day,
            z_no,
            line.tender,
            line.store_minor,
            optional(said.map(|said| said.till)),
            optional(said.map(|said| said.difference)),
            optional(line.counted_minor),
            optional(line.over_short_minor),
            optional(said.map(|said| said.unexplained))
        );
        if let Some(said) = said {
            explained(out, said, |amount| amount.to_string());
        }
        unread(out, &line.unread);
    }
}

fn balances(out: &mut String, report: &Report) {
    if report.balances.is_empty() {
        return;
    }
    heading(out, "Gift cards and store credit, in minor units");
    let _ = writeln!(
        out,
        "{:<13} {:<32} {:>12} {:>12} {:>12} {:>12}",
        "medium", "number", "put on", "spent", "left", "set aside"
    );
    for balance in report.balances.iter().take(LINES_MAX) {
        let aside: i64 = balance.holds.iter().map(|hold| hold.amount_minor).sum();
        let _ = writeln!(
            out,
            "{:<13} {:<32} {:>12} {:>12} {:>12} {:>12}",
            balance.medium,
            balance.number,
            balance.put_minor,
            balance.spent_minor,
            balance.amount_minor,
            aside
        );
    }
    if report.balances.len() > LINES_MAX {
        let more = report.balances.len() - LINES_MAX;
        let _ = writeln!(out, "… and {more} more (--json has all)");
    }
}

fn causes(out: &mut String, title: &str, totals: &BTreeMap<String, CauseTotal>) {
    if totals.is_empty() {
        return;
    }
    heading(out, title);
    for (cause, total) in totals {
        let _ = writeln!(
            out,
            "{cause:<16} {:>8} comparisons {:>8} references {:>14}",
            total.lines, total.parts, total.amount
        );
    }
}

fn exceptions(out: &mut String, report: &Report) {
    if report.exceptions.is_empty() {
        return;
    }
    heading(out, "For a person to decide");
    for exception in &report.exceptions {
        let _ = writeln!(out, "{:<28} {}", exception.kind, exception.detail);
    }
}

fn verdict(out: &mut String, report: &Report) {
    let summary = &report.summary;
    heading(out, "Verdict");
    for fault in report.faults.iter().take(LINES_MAX) {
        let _ = writeln!(out, "FAULT {fault}");
    }
    let _ = writeln!(
        out,
        "{} levels, {} views of tills compared, {} differ; {} shifts by tender compared, {} not stated yet",
        summary.levels,
        summary.compared,
        summary.differing,
        summary.money_compared,
        summary.money_unstated
    );
    if summary.holds() {
        let _ = writeln!(out, "unexplained: 0 units, 0 coins");
    } else {
        let _ = writeln!(
            out,
            "UNEXPLAINED: {} units, {} minor units, {} faults in the books",
            units(summary.unexplained_milli),
            summary.unexplained_minor,
            summary.faults
        );
    }
}
