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

/// The table.
#[must_use]
pub fn table(
    shop: &Shop,
    evenings: &[Evening],
    web: &WebLog,
    causes: &[(String, String)],
    checks: &[Check],
    unexplained: Unexplained,
) -> String {
    let mut out = String::new();
    let rule = "─".repeat(WIDTH);
    let _ = writeln!(out, "\n{}: the day, reconciled\n{rule}", shop.name);
    tills(&mut out, shop.currency, evenings);
    webshop(&mut out, shop.currency, web);
    if !causes.is_empty() {
        let _ = writeln!(out, "{rule}\nWhere store, tills and counts differ tonight, and why");
        for (cause, amount) in causes {
            let _ = writeln!(out, "  {cause:<58}{amount:>38}");
        }
    }
    let _ = writeln!(
        out,
        "{rule}\nThe auditor's questions (answered from the signed entries, not from the programs' reports)"
    );
    for check in checks {
        let mark = if check.faults.is_empty() { "✓" } else { "✗" };
        let _ = writeln!(out, "  {mark} {}\n      {}", check.question, check.found);
        for fault in check.faults.iter().take(5) {
            let _ = writeln!(out, "      ! {fault}");
        }
        if check.faults.len() > 5 {
            let _ = writeln!(out, "      ! … and {} more", check.faults.len() - 5);
        }
    }
    let faults: usize = checks.iter().map(|check| check.faults.len()).sum();
    let open = unexplained.milli.unsigned_abs() + unexplained.minor.unsigned_abs();
    let open =
        usize::try_from(open + unexplained.faults.unsigned_abs()).unwrap_or(usize::MAX) + faults;
    let _ = writeln!(out, "{rule}\n{open} unexplained");
    out
}

fn tills(out: &mut String, currency: Currency, evenings: &[Evening]) {
    let _ = writeln!(
        out,
        "{:<16}{:>8}{:>18}{:>16}{:>18}{:>14}",
        "Till", "Baskets", "Sales", "Returns", "Cash counted", "Over/short"
    );
    let (mut baskets, mut sums) = (0, [0_i64; 4]);
    for evening in evenings {
        let totals = &evening.z["totals"];
        let figures = [
            minor(totals, "sales_minor"),
            minor(totals, "returns_minor"),
            cash(totals, "counted_minor"),
            cash(totals, "over_short_minor"),
        ];
        row(out, currency, &evening.till, evening.baskets, figures);
        let _ = writeln!(out, "    {}", evening.story);
        baskets += evening.baskets;
        for (sum, figure) in sums.iter_mut().zip(figures) {
            *sum += figure;
        }
    }
    row(out, currency, "All tills", baskets, sums);
}

fn row(out: &mut String, currency: Currency, name: &str, baskets: usize, figures: [i64; 4]) {
    let [sales, returns, counted, over] = figures.map(|figure| money(currency, figure));
    let _ = writeln!(out, "{name:<16}{baskets:>8}{sales:>18}{returns:>16}{counted:>18}{over:>14}");
}

fn webshop(out: &mut String, currency: Currency, web: &WebLog) {
    let paid: i64 = web.orders.values().map(|told| told.paid_minor).sum();
    let back: i64 = web.orders.values().map(|told| told.refunded_minor).sum();
    let _ = writeln!(
        out,
        "{:<16}{:>8}{:>18}{:>16}",
        "Web shop",
        web.orders.len(),
        money(currency, paid),
        money(currency, back)
    );
    let _ = writeln!(
        out,
        "    {} paid, {} given back, {} cancelled or expired; {} refused because the goods were promised to someone else",
        web.count(Ended::Paid),
        web.count(Ended::Refunded),
        web.count(Ended::Cancelled),
        web.refused
    );
}

fn minor(totals: &Value, name: &str) -> i64 {
    totals[name].as_i64().unwrap_or_default()
}

fn cash(totals: &Value, name: &str) -> i64 {
    let tenders = totals["tenders"].as_array().into_iter().flatten();
    tenders.filter(|row| row["tender_type"] == "cash").map(|row| minor(row, name)).sum()
}
