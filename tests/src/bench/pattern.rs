//! Entries of a real till, and others made of them.

use super::error::BenchError;
use daybook_sync::message::EnrolAnswer;
use daybook_till::ledger::query;
use rusqlite::Connection;
use serde_json::{Value, json};
use uuid::Uuid;

/// Entries of a real till to make others of: its opening of a shift, and its sales.
pub struct Pattern {
    shift: Value,
    sales: Vec<Value>,
}

impl Pattern {
    /// Reads them from a ledger.
    ///
    /// # Errors
    /// It holds no shift or no sale.
    pub fn of(ledger: &Connection) -> Result<Self, BenchError> {
        let (mut shift, mut sales) = (None, Vec::new());
        let mut wrong = None;
        query::each_entry(ledger, 0, |stored| {
            match serde_json::from_slice::<Value>(&stored.bytes) {
                Ok(entry) if entry["kind"] == "shift.opened" => shift = Some(entry),
                Ok(entry) if entry["kind"] == "sale.completed" => sales.push(entry),
                Ok(_) => {}
                Err(error) => wrong = Some(error),
            }
            Ok(())
        })?;
        if let Some(error) = wrong {
            return Err(error.into());
        }
        match shift {
            Some(shift) if !sales.is_empty() => Ok(Self { shift, sales }),
            _ => Err(BenchError::Unexpected("the ledger has no shift with sales".to_owned())),
        }
    }

    /// What another till at a location would have written: a shift and so many sales.
    #[must_use]
    pub fn entries(&self, till: &EnrolAnswer, location: &str, sales: usize) -> Vec<Value> {
        let id = |n: usize| {
            Uuid::from_u128(till.till.as_u128() ^ (u128::try_from(n).unwrap_or(0) << 64))
        };
        let shift = id(1 << 40);
        let mut opened = self.shift.clone();
        opened["id"] = json!(id(1 << 41));
        opened["shift"] = json!(shift);
        opened["body"]["shift"] = json!(shift);
        let mut entries = vec![opened];
        for (number, sale) in self.sales.iter().cycle().take(sales).enumerate() {
            let mut entry = sale.clone();
            entry["id"] = json!(id(2 * number + 2));
            entry["shift"] = json!(shift);
            for movement in entry["body"]["movements"].as_array_mut().into_iter().flatten() {
                movement["location"] = json!(location);
            }
            let document = &mut entry["body"]["document"];
            let series = format!("{}-AI26", till.till_code);
            document["id"] = json!(id(2 * number + 3));
            document["number"] = json!(format!("{series}-{:06}", number + 1));
            document["series"] = json!(series);
            document["till"] = json!(till.till);
            document["till_code"] = json!(till.till_code);
            document["location"] = json!(location);
            entries.push(entry);
        }
        entries
    }
}
