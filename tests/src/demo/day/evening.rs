//! Evening: blind counts, Z, statements, reconciliation, exports, and the auditor.

use super::{Told, World, tell};
use crate::demo::DemoError;
use crate::demo::audit::{Case, Check};
use crate::demo::books::{Books, Document};
use crate::demo::figures::{major, money, units, whole};
use crate::demo::report::{Day, Evening, Unexplained, table};
use crate::demo::till::Till;
use daybook_domain::amount::Currency;
use serde_json::Value;
use std::fs;

/// What is missing from till 2's drawer, major units.
const SHORT: i64 = 10;

impl World<'_> {
    pub(super) fn evening(mut self) -> Result<Told, DemoError> {
        self.wait_for_reservations()?;
        for till in &self.tills {
            till.sync()?;
        }
        let evenings = self.close_shifts()?;
        self.state_views()?;
        let reports = self.folder("reports");
        let (text, report) = self.office.reconcile(&reports.join("reconciliation.json"))?;
        let file = reports.join("reconciliation.txt");
        fs::write(&file, &text).map_err(DemoError::file(&file))?;
        self.export_journals()?;
        self.web_invoice()?;
        tell("the auditor reads the store's tables and every signed entry");
        let books = Books::read(&self.office.database())?;
        let (plans, log) = (self.plans(), self.web.log());
        let refused = &self.refused;
        let case = Case { shop: self.shop, plans: &plans, refused, web: &log, books: &books };
        let mut checks = case.audit();
        checks.push(self.z_reports(&evenings, &books));
        let unexplained = Unexplained {
            milli: report["summary"]["unexplained_milli"].as_i64().unwrap_or(i64::MAX),
            minor: report["summary"]["unexplained_minor"].as_i64().unwrap_or(i64::MAX),
            faults: report["summary"]["faults"].as_i64().unwrap_or(i64::MAX),
        };
        let mut table = table(&Day {
            shop: self.shop,
            evenings: &evenings,
            web: &log,
            causes: &causes(self.shop.currency, &report["summary"]),
            left_out: &self.left_out,
            checks: &checks,
            unexplained,
        });
        table.push_str(&self.folders());
        let file = reports.join("day.txt");
        fs::write(&file, &table).map_err(DemoError::file(&file))?;
        let faults = checks.iter().map(|check| check.faults.len()).sum::<usize>();
        let sum = unexplained.milli.unsigned_abs() + unexplained.minor.unsigned_abs();
        let sum = sum + unexplained.faults.unsigned_abs();
        Ok(Told {
            table,
            unexplained: sum.saturating_add(u64::try_from(faults).unwrap_or(u64::MAX)),
        })
    }

    /// Each drawer is counted blind; ten are missing at till 2.
    fn close_shifts(&self) -> Result<Vec<Evening>, DemoError> {
        let mut evenings = Vec::new();
        let currency = self.shop.currency;
        let short = whole(currency, SHORT);
        let lost_cash = self.lost_cash(&Books::read(&self.office.database())?);
        for (index, till) in self.tills.iter().enumerate() {
            let totals = till.act(&["shift", "status"])?;
            let (off, reason) = match index {
                1 => (-short, "ten short, a note too many given back"),
                // The drawer holds what the lost ledger took; the restored one cannot know.
                2 => (
                    lost_cash,
                    "the morning's sales are in the store's books, not in the restored ledger",
                ),
                _ => (0, "more was given back than the drawer held"),
            };
            let expected = cash_of(&totals["totals"], "expected_minor");
            // A drawer cannot hold less than nothing.
            let found = (expected + off).max(0);
            let counted = major(currency, found);
            let mut args = vec!["shift", "close", "--counted", &counted];
            if found != expected {
                args.extend(["--reason", reason]);
            }
            let mut closed = till.approved(&args)?;
            evenings.push(Evening {
                till: format!("{} {}", till.code, till.plan.location),
                baskets: till.plan.baskets.len(),
                story: self.stories[index].join("; "),
                z: closed["z"].take(),
            });
        }
        tell(&format!(
            "every drawer is counted without looking; till 2 is {} short and says why",
            money(currency, short)
        ));
        Ok(evenings)
    }

    /// What till 3 sold after its morning backup and before its disk died.
    fn is_lost(&self, till: &str, entry: Option<(u32, i64)>) -> bool {
        till == self.till(2).code
            && entry.is_some_and(|(incarnation, seq)| incarnation == 1 && seq > self.backed_up_seq)
    }

    fn lost_cash(&self, books: &Books) -> i64 {
        let lost = books.entries.iter().filter(|entry| {
            entry.kind == "sale.completed"
                && self.is_lost(&entry.till, Some((entry.incarnation, entry.seq)))
        });
        let tenders = lost
            .flat_map(|entry| entry.body["document"]["tenders"].as_array().into_iter().flatten());
        let cash = tenders.filter(|tender| tender["tender_type"] == "cash");
        cash.filter_map(|tender| tender["amount_minor"].as_i64()).sum()
    }

    /// The tills hear the last news, then state and sign what they show.
    fn state_views(&self) -> Result<(), DemoError> {
        for till in self.tills.iter().chain(&self.tills) {
            till.sync()?;
        }
        for till in &self.tills {
            till.act(&["statement"])?;
            till.sync()?;
        }
        Ok(())
    }

    fn export_journals(&self) -> Result<(), DemoError> {
        for till in &self.tills {
            let folder = self.folder("journals").join(&till.code);
            let path = folder.display().to_string();
            till.act(&["journal", "export", &path])?;
            let alone = verify(till, &path)?;
            let file = self.folder("journals").join(format!("{}-verified.json", till.code));
            fs::write(&file, format!("{alone:#}\n")).map_err(DemoError::file(&file))?;
            till.act(&["journal", "verify"])?;
            till.act(&["journal", "rebuild", "--check"])?;
        }
        tell("every journal is exported and verified on the files alone");
        Ok(())
    }

    fn web_invoice(&mut self) -> Result<(), DemoError> {
        let file = self.folder("invoices").join("web-order-invoice-a4.pdf");
        if !self.web.save_invoice(&file)? {
            self.leave_out("an invoice of the web shop: no order was paid");
        }
        Ok(())
    }

    /// The Z reports, added up, are what the store's documents come to.
    fn z_reports(&self, evenings: &[Evening], books: &Books) -> Check {
        let sum = |name: &str| {
            let totals =
                evenings.iter().filter_map(|evening| evening.z["perpetual"][name].as_i64());
            totals.sum::<i64>()
        };
        let mut faults = Vec::new();
        let net = sum("net_minor");
        let signed = |document: &Document| match document.fact.as_str() {
            "refund" | "void" => -document.payable_minor,
            _ => document.payable_minor,
        };
        let of_tills = books.documents.iter().filter(|document| !document.till.is_empty());
        let (lost, kept): (Vec<_>, Vec<_>) =
            of_tills.partition(|document| self.is_lost(&document.till, document.entry));
        let store: i64 = kept.iter().map(|document| signed(document)).sum();
        let gone: i64 = lost.iter().map(|document| signed(document)).sum();
        if net != store {
            faults.push(format!(
                "the Z reports come to {}, the store's documents to {}",
                money(self.shop.currency, net),
                money(self.shop.currency, store)
            ));
        }
        let documents = sum("documents");
        if usize::try_from(documents) != Ok(kept.len()) {
            faults.push(format!(
                "the Z reports know {documents} documents, the store {}",
                kept.len()
            ));
        }
        Check {
            question: "Do the tills' Z reports and the store's books agree?".to_owned(),
            found: format!(
                "{documents} documents, net {}; and {} documents, net {}, which only the store holds since till 3's disk died",
                money(self.shop.currency, net),
                lost.len(),
                money(self.shop.currency, gone)
            ),
            faults,
        }
    }

    fn folders(&self) -> String {
        let out = fs::canonicalize(&self.out).unwrap_or_else(|_| self.out.clone());
        format!(
            "\nAll of it lies in {}\n  invoices/   PDFs: tax invoices, receipts, a credit note, a web order's invoice\n  journals/   \
             each till's signed journal, and its verification\n  reports/    this table, the reconciliation as text and JSON\n",
            out.display()
        )
    }
}

/// An export is verified in an empty data folder: by its files and nothing else.
fn verify(till: &Till, export: &str) -> Result<Value, DemoError> {
    let nothing = till.data().with_extension("empty");
    let elsewhere = crate::process::TillActor::new(&nothing);
    let told = elsewhere.run(&["journal", "verify", export])?;
    Ok(told.into_iter().next_back().unwrap_or_default())
}

fn causes(currency: Currency, summary: &Value) -> Vec<(String, String)> {
    let of = |name: &str| summary[name].as_object().cloned().unwrap_or_default();
    let goods = of("stock_causes").into_iter().map(|(cause, total)| {
        let amount = units(total["amount"].as_i64().unwrap_or_default());
        (words(&cause), format!("{amount} units in {} comparisons", total["lines"]))
    });
    let cash = of("money_causes").into_iter().map(|(cause, total)| {
        (words(&cause), money(currency, total["amount"].as_i64().unwrap_or_default()))
    });
    goods.chain(cash).collect()
}

fn words(cause: &str) -> String {
    cause.replace('_', " ")
}

fn cash_of(totals: &Value, name: &str) -> i64 {
    let rows = totals["tenders"].as_array().into_iter().flatten();
    rows.filter(|row| row["tender_type"] == "cash").filter_map(|row| row[name].as_i64()).sum()
}
