//! What a cashier does at one till of the demo, each act one command line of `daybook-till`.

use super::DemoError;
use super::shop::{Person, TillPlan};
use crate::process::{ProcessError, TillActor, run_json};
use serde_json::Value;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStdout, Stdio};

/// One till of the demo.
#[derive(Debug, Clone)]
pub struct Till {
    /// Its code, from the store.
    pub code: String,
    /// What it sells.
    pub plan: TillPlan,
    actor: TillActor,
    manager: Person,
}

impl Till {
    /// A till that is not enrolled yet.
    #[must_use]
    pub fn new(data: &Path, plan: TillPlan, cashier: &Person, manager: &Person) -> Self {
        let actor = TillActor::new(data)
            .with("DAYBOOK_STAFF", &cashier.staff)
            .with("DAYBOOK_PIN", &cashier.pin);
        Self { code: String::new(), plan, actor, manager: manager.clone() }
    }

    /// Its data folder.
    #[must_use]
    pub fn data(&self) -> &Path {
        self.actor.data()
    }

    /// Runs a command; answers its last line.
    ///
    /// # Errors
    /// The command failed.
    pub fn act<A: AsRef<OsStr>>(&self, args: &[A]) -> Result<Value, DemoError> {
        Ok(last(self.actor.run(args)?))
    }

    /// Runs a command that a manager approves.
    ///
    /// # Errors
    /// The command failed.
    pub fn approved<A: AsRef<OsStr>>(&self, args: &[A]) -> Result<Value, DemoError> {
        let mut command = self.actor.command(args);
        command.env("DAYBOOK_APPROVER", &self.manager.staff);
        command.env("DAYBOOK_APPROVER_PIN", &self.manager.pin);
        Ok(last(run_json(&mut command)?))
    }

    /// Joins a store with a one-time code.
    ///
    /// # Errors
    /// The command failed.
    pub fn enrol(&mut self, store: &str, code: &str) -> Result<(), DemoError> {
        let told = self.act(&["enrol", "--store", store, "--code", code])?;
        self.code = told["code"].as_str().unwrap_or_default().to_owned();
        Ok(())
    }

    /// Talks with the store until everything is said. What changed at the store meanwhile may take a second round.
    ///
    /// # Errors
    /// The store cannot be reached.
    pub fn sync(&self) -> Result<Value, DemoError> {
        self.act(&["sync"])
    }

    /// Whether it reaches the store now.
    #[must_use]
    pub fn is_online(&self) -> bool {
        self.actor.run(&["sync", "--once"]).is_ok()
    }

    /// How things stand.
    ///
    /// # Errors
    /// The command failed.
    pub fn status(&self) -> Result<Value, DemoError> {
        self.act(&["status"])
    }

    /// Whole units of each SKU that it may not sell yet.
    ///
    /// # Errors
    /// The command failed.
    pub fn lacking(&self, wants: &BTreeMap<String, i64>) -> Result<Vec<(String, i64)>, DemoError> {
        let mut args = vec!["stock".to_owned(), "show".to_owned()];
        args.extend(wants.keys().flat_map(|sku| ["--sku".to_owned(), sku.clone()]));
        if wants.is_empty() {
            return Ok(Vec::new());
        }
        let shown = self.actor.run(&args)?;
        let missing = shown.iter().filter_map(|line| {
            let sku = line["sku"].as_str()?;
            let units = wants.get(sku)? - line["available_milli"].as_i64()? / 1_000;
            (units > 0).then(|| (sku.to_owned(), units))
        });
        Ok(missing.collect())
    }

    /// On hand as it shows it, thousandths.
    ///
    /// # Errors
    /// The command failed.
    pub fn on_hand(&self, sku: &str) -> Result<i64, DemoError> {
        let shown = self.act(&["stock", "show", "--sku", sku])?;
        Ok(shown["on_hand_milli"].as_i64().unwrap_or_default())
    }

    /// Starts to sell the baskets of its file as a process of its own; with a limit, so many more of them.
    ///
    /// # Errors
    /// The program could not be started.
    pub fn start_selling(&self, limit: Option<usize>) -> Result<Selling, DemoError> {
        self.start(limit, false)
    }

    /// The same with a manager beside the cashier, who approves what takes approval.
    ///
    /// # Errors
    /// The program could not be started.
    pub fn start_selling_approved(&self) -> Result<Selling, DemoError> {
        self.start(None, true)
    }

    fn start(&self, limit: Option<usize>, approved: bool) -> Result<Selling, DemoError> {
        let mut command = self.actor.command(&["sell", "--baskets"]);
        command.arg(&self.plan.file);
        if approved {
            command.env("DAYBOOK_APPROVER", &self.manager.staff);
            command.env("DAYBOOK_APPROVER_PIN", &self.manager.pin);
        }
        if let Some(limit) = limit {
            command.arg("--limit").arg(limit.to_string());
        }
        let wrong = |source| ProcessError::Io { program: "daybook-till sell".to_owned(), source };
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(wrong)?;
        let stdout = child.stdout.take().expect("stdout was piped");
        Ok(Selling { child, lines: BufReader::new(stdout).lines() })
    }

    /// Its sales, the last one first.
    ///
    /// # Errors
    /// The command failed.
    pub fn sales(&self) -> Result<Vec<Sold>, DemoError> {
        let tail = self.actor.run(&["journal", "tail", "-n", "400"])?;
        let sales = tail.iter().rev().filter(|entry| entry["kind"] == "sale.completed");
        Ok(sales.filter_map(Sold::of).collect())
    }

    /// Number of its last credit note, if it gave anything back.
    ///
    /// # Errors
    /// The command failed.
    pub fn last_credit_note(&self) -> Result<Option<String>, DemoError> {
        let tail = self.actor.run(&["journal", "tail", "-n", "400"])?;
        let found = tail.iter().rev().find(|entry| entry["kind"] == "refund.completed");
        let number = found.and_then(|entry| entry["body"]["document"]["number"].as_str());
        Ok(number.map(str::to_owned))
    }
}

/// A sale as its journal has it.
#[derive(Debug, Clone)]
pub struct Sold {
    /// Number.
    pub number: String,
    /// Lines.
    pub lines: Vec<SoldLine>,
}

/// A line of a sale.
#[derive(Debug, Clone)]
pub struct SoldLine {
    /// SKU.
    pub sku: String,
    /// Whether it counts pieces.
    pub whole_pieces: bool,
    /// Whether it can come back: goods of the catalogue that cost something.
    pub returns: bool,
}

impl Sold {
    fn of(entry: &Value) -> Option<Self> {
        let document = &entry["body"]["document"];
        let lines = document["lines"].as_array()?.iter().map(|line| SoldLine {
            sku: line["sku"].as_str().unwrap_or_default().to_owned(),
            whole_pieces: line["quantity_milli"].as_i64().is_some_and(|milli| milli % 1_000 == 0),
            returns: line["quantity_milli"].as_i64() > Some(0)
                && line["total_minor"].as_i64() > Some(0)
                && line["gift_card"].is_null()
                && !line["flags"].to_string().contains("open_item"),
        });
        Some(Self { number: document["number"].as_str()?.to_owned(), lines: lines.collect() })
    }

    /// Whether all its goods can come back.
    #[must_use]
    pub fn returns(&self) -> bool {
        self.lines.iter().all(|line| line.returns)
    }

    /// Whether nothing of it is weighed or measured.
    #[must_use]
    pub fn is_counted(&self) -> bool {
        self.lines.iter().all(|line| line.whole_pieces)
    }

    /// What comes back of the line at an index, as the command line takes it: one piece, or all of what is weighed.
    #[must_use]
    pub fn one_of(&self, index: usize) -> String {
        let counted = self.lines.get(index).is_some_and(|line| line.whole_pieces);
        let number = index + 1;
        if counted { format!("{number}:1") } else { number.to_string() }
    }
}

/// A till at work.
#[derive(Debug)]
pub struct Selling {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

/// What a run of selling came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Sold now.
    pub sold: i64,
    /// Sold before: left alone.
    pub already: i64,
    /// Refused by a rule.
    pub refused: i64,
}

impl Selling {
    /// Waits until so many sales were printed, then kills the process in the middle of its work.
    ///
    /// # Errors
    /// It ended before.
    pub fn kill_after(mut self, sales: usize) -> Result<(), DemoError> {
        for _ in 0..sales {
            if self.lines.next().is_none() {
                return Err(DemoError::Broken(
                    "a till had sold everything before it could be killed".to_owned(),
                ));
            }
        }
        let _gone = self.child.kill();
        let _status = self.child.wait();
        Ok(())
    }

    /// Waits for the end. `refused` hears of every basket that was refused.
    ///
    /// # Errors
    /// The program failed.
    pub fn finish(mut self, refused: &mut dyn FnMut(&Value)) -> Result<Tally, DemoError> {
        let mut tally = Tally::default();
        for line in self.lines.by_ref().map_while(Result::ok) {
            let told: Value = serde_json::from_str(&line).unwrap_or_default();
            match told["event"].as_str() {
                Some("refused") => refused(&told),
                Some("done") => {
                    let count = |name: &str| told[name].as_i64().unwrap_or_default();
                    tally = Tally {
                        sold: count("sold"),
                        already: count("already_sold"),
                        refused: count("refused"),
                    };
                }
                _ => {}
            }
        }
        let wrong = |source| ProcessError::Io { program: "daybook-till sell".to_owned(), source };
        let output = self.child.wait_with_output().map_err(wrong)?;
        if output.status.success() {
            return Ok(tally);
        }
        Err(DemoError::Process(ProcessError::Failed {
            command: "daybook-till sell --baskets".to_owned(),
            status: output.status,
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            stdout: String::new(),
        }))
    }
}

fn last(mut lines: Vec<Value>) -> Value {
    lines.pop().unwrap_or_default()
}
