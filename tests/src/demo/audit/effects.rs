//! What the signed entries did to stock, by their own words and the rule for counts.

use crate::demo::books::Entry;
use crate::demo::shop::Place;
use serde_json::Value;
use std::collections::BTreeMap;

/// How far the clocks of two tills may be apart before they cannot tell what came first, milliseconds.
const CLOCKS_APART_MS: i64 = 120_000;

/// The sum of what all entries did, thousandths by place.
pub(super) fn of_entries(entries: &[Entry]) -> BTreeMap<Place, i64> {
    let mut sum: BTreeMap<Place, i64> = BTreeMap::new();
    for (place, milli) in entries.iter().flat_map(effects_of).chain(corrections(entries)) {
        *sum.entry(place).or_default() += milli;
    }
    sum
}

/// What went over the counter beyond the rights of its till, thousandths by place.
pub(super) fn beyond_rights(entries: &[Entry]) -> BTreeMap<Place, i64> {
    let mut sum: BTreeMap<Place, i64> = BTreeMap::new();
    let movements = entries.iter().flat_map(|entry| array(&entry.body["movements"]));
    for movement in movements.filter(|movement| movement["beyond_rights"] == true) {
        let milli = movement["quantity_milli"].as_i64().unwrap_or(0);
        *sum.entry(place(&movement["sku"], &movement["location"])).or_default() -= milli;
    }
    sum
}

/// What an entry did to stock: lines of documents, movements, counted − expected.
pub(super) fn effects_of(entry: &Entry) -> Vec<(Place, i64)> {
    let body = &entry.body;
    match entry.kind.as_str() {
        "sale.completed" | "refund.completed" | "exchange.completed" | "sale.voided" => {
            let document = &body["document"];
            let location = document["location"].as_str().unwrap_or_default();
            let lines = array(&document["lines"]);
            lines.filter_map(|line| line_effect(&entry.kind, line, location)).collect()
        }
        "stock.received"
        | "stock.adjusted"
        | "stock.written_off"
        | "stock.transferred_out"
        | "stock.transferred_in" => array(&body["movements"])
            .map(|one| {
                (place(&one["sku"], &one["location"]), one["quantity_milli"].as_i64().unwrap_or(0))
            })
            .collect(),
        "stock.counted" => array(&body["lines"])
            .map(|line| {
                let counted = line["counted_milli"].as_i64().unwrap_or(0);
                let expected = line["expected_milli"].as_i64().unwrap_or(0);
                (place(&line["sku"], &body["location"]), counted - expected)
            })
            .collect(),
        _ => Vec::new(),
    }
}

fn line_effect(kind: &str, line: &Value, location: &str) -> Option<(Place, i64)> {
    let open_item = array(&line["flags"]).any(|flag| flag == "open_item");
    let milli = line["quantity_milli"].as_i64().unwrap_or(0).abs();
    let returned = !line["original_line"].is_null()
        || kind != "sale.completed" && kind != "exchange.completed";
    if open_item || milli == 0 || returned && line["restock"] == false {
        return None;
    }
    let place = (line["sku"].as_str().unwrap_or_default().to_owned(), location.to_owned());
    Some((place, if returned { milli } else { -milli }))
}

/// One shelf as a till counted it.
struct Count<'a> {
    till: &'a str,
    place: Place,
    at_ms: i64,
    /// Last feed number that the till had seen.
    feed: i64,
}

/// A count holds whatever left the shelf before it, also what another till has not told yet. Such a movement stands
/// twice, in what was found missing and in its own entry, and is taken out once, by the first count that holds it. Where
/// the clocks cannot tell, nothing is taken out and a person decides. A till knows its own movements when it counts; no
/// web order of the demo is paid after the counting till has heard of all of them.
fn corrections(entries: &[Entry]) -> Vec<(Place, i64)> {
    let mut counts: Vec<Count<'_>> = entries.iter().flat_map(counts_of).collect();
    counts.sort_by_key(|count| count.at_ms);
    let moved = entries.iter().filter(|entry| entry.kind != "stock.counted");
    moved
        .flat_map(|entry| effects_of(entry).into_iter().map(move |effect| (entry, effect)))
        .filter_map(|(entry, (place, milli))| {
            let first = counts.iter().find(|count| {
                count.place == place
                    && count.till != entry.till
                    && !entry.is_known_at(count.feed)
                    && entry.at_ms <= count.at_ms + CLOCKS_APART_MS
            })?;
            (entry.at_ms < first.at_ms - CLOCKS_APART_MS).then_some((place, -milli))
        })
        .collect()
}

fn counts_of(entry: &Entry) -> impl Iterator<Item = Count<'_>> {
    let lines = array(&entry.body["lines"]).filter(|_| entry.kind == "stock.counted");
    lines.map(|line| Count {
        till: &entry.till,
        place: place(&line["sku"], &entry.body["location"]),
        at_ms: line["at_ms"].as_i64().unwrap_or(entry.at_ms),
        feed: entry.feed,
    })
}

fn place(sku: &Value, location: &Value) -> Place {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    (text(sku), text(location))
}

pub(super) fn array(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const COUNTED_AT_MS: i64 = 1_000_000_000;

    /// Two pieces sold at `till`, which the store made known at `told_feed`.
    fn sale(till: &str, at_ms: i64, told_feed: Option<i64>) -> Entry {
        let lines = json!([{"sku": "A", "quantity_milli": 2_000}]);
        Entry {
            till: till.to_owned(),
            kind: "sale.completed".to_owned(),
            at_ms,
            told_feed,
            body: json!({"document": {"location": "x", "lines": lines}}),
            ..Entry::default()
        }
    }

    /// Till T1 has seen feed 50, expects ten and finds nine.
    fn count() -> Entry {
        let line = json!({"sku": "A", "counted_milli": 9_000, "expected_milli": 10_000, "at_ms": COUNTED_AT_MS});
        Entry {
            till: "T1".to_owned(),
            kind: "stock.counted".to_owned(),
            at_ms: COUNTED_AT_MS,
            feed: 50,
            body: json!({"location": "x", "lines": [line]}),
            ..Entry::default()
        }
    }

    fn sum(entries: &[Entry]) -> i64 {
        of_entries(entries)[&("A".to_owned(), "x".to_owned())]
    }

    #[test]
    fn a_count_holds_what_left_the_shelf_before_it_and_was_told_later() {
        let before = COUNTED_AT_MS - CLOCKS_APART_MS - 1;
        assert_eq!(sum(&[count(), sale("T3", before, Some(51))]), -1_000);
        assert_eq!(sum(&[count(), sale("T3", before, None)]), -1_000);
    }

    #[test]
    fn what_the_counting_till_knew_or_what_came_after_counts_as_it_is() {
        let (before, after) =
            (COUNTED_AT_MS - CLOCKS_APART_MS - 1, COUNTED_AT_MS + CLOCKS_APART_MS + 1);
        assert_eq!(sum(&[count(), sale("T3", before, Some(50))]), -3_000, "it knew of it");
        assert_eq!(sum(&[count(), sale("T1", before, Some(51))]), -3_000, "its own");
        assert_eq!(sum(&[count(), sale("T3", after, Some(51))]), -3_000, "it came after");
    }

    #[test]
    fn where_the_clocks_cannot_tell_nothing_is_taken_out() {
        for at_ms in [COUNTED_AT_MS - CLOCKS_APART_MS, COUNTED_AT_MS + CLOCKS_APART_MS] {
            assert_eq!(sum(&[count(), sale("T3", at_ms, Some(51))]), -3_000);
        }
    }

    #[test]
    fn a_return_that_is_written_off_does_not_come_back_to_the_shelf() {
        let line = |restock: bool| json!({"sku": "A", "quantity_milli": 2_000, "original_line": 1, "restock": restock});
        let back = line_effect("refund.completed", &line(true), "x");
        assert_eq!(back, Some((("A".to_owned(), "x".to_owned()), 2_000)));
        assert_eq!(line_effect("refund.completed", &line(false), "x"), None);
        let sold = json!({"sku": "A", "quantity_milli": 500});
        assert_eq!(
            line_effect("sale.completed", &sold, "x"),
            Some((("A".to_owned(), "x".to_owned()), -500))
        );
    }
}
