//! The day in one table that an owner understands.

use super::audit::Check;
use super::figures::money;
use super::shop::Shop;
use super::web::{Ended, WebLog};
use daybook_domain::amount::Currency;
use serde_json::Value;
use std::fmt::Write;

/// One till's evening.
#[derive(Debug, Clone)]
pub struct Evening {
    /// Code and location.
    pub till: String,
    /// Baskets of its file.
    pub baskets: usize,
    /// What befell it.
    pub story: String,
    /// Its Z.
    pub z: Value,
}

/// What reconciliation says in two figures: units and money unexplained.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unexplained {
    /// Thousandths.
    pub milli: i64,
    /// Minor units.
    pub minor: i64,
    /// Identities of the books that do not hold.
    pub faults: i64,
}

const WIDTH: usize = 100;

/// What the day came to.
#[derive(Debug)]
pub struct Day<'a> {
    /// The shop.
    pub shop: &'a Shop,
    /// Each till's evening.
    pub evenings: &'a [Evening],
    /// What buyers were told.
    pub web: &'a WebLog,
    /// Why store, tills and counts differ: cause and amount.
    pub causes: &'a [(String, String)],
    /// What this shop could not show.
    pub left_out: &'a [String],
    /// The auditor's answers.
    pub checks: &'a [Check],
    /// What reconciliation cannot explain.
    pub unexplained: Unexplained,
}

/// The table.
#[must_use]
pub fn table(day: &Day<'_>) -> String {
    let mut out = String::new();
    let rule = "─".repeat(WIDTH);
    let _ = writeln!(out, "\n{}: the day, reconciled\n{rule}", day.shop.name);
    takings(&mut out, day);
    if !day.causes.is_empty() {
        let _ = writeln!(out, "{rule}\nWhere store, tills and counts differ tonight, and why");
        for (cause, amount) in day.causes {
            let _ = writeln!(out, "  {cause:<58} {amount:>37}");
        }
    }
    if !day.left_out.is_empty() {
        let _ = writeln!(out, "{rule}\nWhat this shop could not show");
        for what in day.left_out {
            let _ = writeln!(out, "  {what}");
        }
    }
    let _ = writeln!(
        out,
        "{rule}\nThe auditor's questions (answered from the signed entries, not from the programs' reports)"
    );
    for check in day.checks {
        let mark = if check.faults.is_empty() { "✓" } else { "✗" };
        let _ = writeln!(out, "  {mark} {}\n      {}", check.question, check.found);
        for fault in check.faults.iter().take(5) {
            let _ = writeln!(out, "      ! {fault}");
        }
        if check.faults.len() > 5 {
            let _ = writeln!(out, "      ! … and {} more", check.faults.len() - 5);
        }
    }
    let unexplained = day.unexplained;
    let faults: usize = day.checks.iter().map(|check| check.faults.len()).sum();
    let open = unexplained.milli.unsigned_abs() + unexplained.minor.unsigned_abs();
    let open =
        usize::try_from(open + unexplained.faults.unsigned_abs()).unwrap_or(usize::MAX) + faults;
    let _ = writeln!(out, "{rule}\n{open} unexplained");
    out
}

const HEAD: [&str; 6] = ["Till", "Baskets", "Sales", "Returns", "Cash counted", "Over/short"];

/// A line of the table of takings, and what is told below it.
struct Row {
    cells: Vec<String>,
    story: Option<String>,
}

/// Tills, all tills, and the web shop.
fn takings(out: &mut String, day: &Day<'_>) {
    let mut rows =
        vec![Row { cells: HEAD.iter().map(|name| (*name).to_owned()).collect(), story: None }];
    let (mut baskets, mut sums) = (0, [0_i64; 4]);
    for evening in day.evenings {
        let totals = &evening.z["totals"];
        let figures = [
            minor(totals, "sales_minor"),
            minor(totals, "returns_minor"),
            cash(totals, "counted_minor"),
            cash(totals, "over_short_minor"),
        ];
        let cells = cells(day.shop.currency, &evening.till, evening.baskets, &figures);
        rows.push(Row { cells, story: Some(evening.story.clone()) });
        baskets += evening.baskets;
        for (sum, figure) in sums.iter_mut().zip(figures) {
            *sum += figure;
        }
    }
    rows.push(Row { cells: cells(day.shop.currency, "All tills", baskets, &sums), story: None });
    rows.push(webshop(day.shop.currency, day.web));
    out.push_str(&aligned(&rows));
}

fn cells(currency: Currency, name: &str, count: usize, figures: &[i64]) -> Vec<String> {
    let figures = figures.iter().map(|figure| money(currency, *figure));
    [name.to_owned(), count.to_string()].into_iter().chain(figures).collect()
}

fn webshop(currency: Currency, web: &WebLog) -> Row {
    let paid: i64 = web.orders.values().map(|told| told.paid_minor).sum();
    let back: i64 = web.orders.values().map(|told| told.refunded_minor).sum();
    let story = format!(
        "{} paid, {} given back, {} cancelled or expired; {} refused because the goods were promised to someone else",
        web.count(Ended::Paid),
        web.count(Ended::Refunded),
        web.count(Ended::Cancelled),
        web.refused
    );
    Row { cells: cells(currency, "Web shop", web.orders.len(), &[paid, back]), story: Some(story) }
}

/// Each column as wide as its widest cell, names to the left and figures to the right, the whole at least as wide as
/// the rules between the parts.
fn aligned(rows: &[Row]) -> String {
    let mut widths: Vec<usize> = Vec::new();
    for row in rows {
        widths.resize(widths.len().max(row.cells.len()), 0);
        for (width, cell) in widths.iter_mut().zip(&row.cells) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let gaps = widths.len().saturating_sub(1).max(1);
    let gap = (WIDTH.saturating_sub(widths.iter().sum()) / gaps).max(2);
    let mut out = String::new();
    for row in rows {
        let first = row.cells.first().map_or("", String::as_str);
        let mut line = format!("{first:<width$}", width = widths.first().copied().unwrap_or(0));
        for (cell, width) in row.cells.iter().zip(&widths).skip(1) {
            let _ = write!(line, "{cell:>width$}", width = width + gap);
        }
        let _ = writeln!(out, "{}", line.trim_end());
        if let Some(story) = row.story.as_ref().filter(|story| !story.is_empty()) {
            let _ = writeln!(out, "    {story}");
        }
    }
    out
}

fn minor(totals: &Value, name: &str) -> i64 {
    totals[name].as_i64().unwrap_or_default()
}

fn cash(totals: &Value, name: &str) -> i64 {
    let tenders = totals["tenders"].as_array().into_iter().flatten();
    tenders.filter(|row| row["tender_type"] == "cash").map(|row| minor(row, name)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_of_lakhs_stand_apart_from_their_neighbours() {
        let row = |cells: &[&str]| Row {
            cells: cells.iter().map(|cell| (*cell).to_owned()).collect(),
            story: None,
        };
        let wide = "₹ 12,34,56,78,901.00";
        let table = aligned(&[
            row(&HEAD),
            row(&["T1 a-shop-with-a-long-name", "167", wide, wide, wide, "−₹ 10.00"]),
        ]);
        let lines: Vec<&str> = table.lines().collect();
        let [head, figures] = lines.as_slice() else { panic!("two rows are two lines") };
        assert_eq!(head.chars().count(), figures.chars().count(), "columns end at one place");
        let parts: Vec<&str> = figures.split("  ").filter(|part| !part.is_empty()).collect();
        assert_eq!(parts.len(), 6, "{figures}");
    }
}
