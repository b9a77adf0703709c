//! The examples in the protocol's document are what this crate reads and writes.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use daybook_domain::entry::{Envelope, Fact};
use daybook_domain::feed::{
    AckRow, CustomerRow, ItemRow, LocationRow, OrderRow, Settings, StaffRow, StockRow, TaxClassRow,
};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fmt::Debug;
use std::path::PathBuf;

fn sync_file(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../sync").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Lines of a fenced block: a word, then JSON.
fn examples(fence: &str) -> Vec<(String, String)> {
    let document = sync_file("PROTOCOL.md");
    let start = document.find(&format!("```{fence}\n")).expect("the block is there");
    let block = &document[start..];
    let end = block.find("\n```\n").expect("the block ends");
    block[..end]
        .lines()
        .skip(1)
        .map(|line| line.split_once(' ').expect("a word and JSON"))
        .map(|(word, json)| (word.to_owned(), json.to_owned()))
        .collect()
}

#[test]
fn every_kind_of_entry_in_the_document_is_read() {
    let mut kinds = BTreeSet::new();
    for (kind, json) in examples("entries") {
        let body: &RawValue = serde_json::from_str(&json).unwrap();
        let fact = Fact::parse(&kind, body).unwrap_or_else(|error| panic!("{kind}: {error}"));
        assert_eq!(fact.kind(), kind);
        kinds.insert(kind);
    }
    // Only these two are described by another kind's example.
    kinds.extend(["exchange.completed".to_owned(), "sale.voided".to_owned()]);
    let null: &RawValue = serde_json::from_str("null").unwrap();
    for kind in &kinds {
        let known = !matches!(
            Fact::parse(kind, null),
            Err(daybook_domain::entry::EntryError::UnknownKind(_))
        );
        assert!(known, "{kind} is a kind");
    }
    let source = include_str!("../src/entry.rs");
    let written = source.matches(") = \"").count();
    assert_eq!(kinds.len(), written, "the document has every kind");
}

#[test]
fn every_row_in_the_document_is_read() {
    fn read<T: DeserializeOwned + serde::Serialize>(key: &str, json: &str) {
        let row: T = serde_json::from_str(json).unwrap_or_else(|error| panic!("{key}: {error}"));
        let again = serde_json::to_value(&row).unwrap();
        let shown: serde_json::Value = serde_json::from_str(json).unwrap();
        assert_eq!(again, shown, "{key}: the example has every field and no other");
    }
    let mut seen = BTreeSet::new();
    for (key, json) in examples("rows") {
        let kind = key.split('/').next().unwrap_or(&key).to_owned();
        match kind.as_str() {
            "settings" => read::<Settings>(&key, &json),
            "location" => read::<LocationRow>(&key, &json),
            "tax" => read::<TaxClassRow>(&key, &json),
            "item" => read::<ItemRow>(&key, &json),
            "staff" => read::<StaffRow>(&key, &json),
            "customer" => read::<CustomerRow>(&key, &json),
            "stock" => read::<StockRow>(&key, &json),
            "order" => read::<OrderRow>(&key, &json),
            "ack" => read::<AckRow>(&key, &json),
            other => panic!("a kind of row that this crate does not have: {other}"),
        }
        seen.insert(kind);
    }
    assert_eq!(seen.len(), 9);
}

#[test]
fn released_entries_are_read() {
    for name in ["entry-1.json", "entry-2.json", "entry-3.json"] {
        let text = sync_file(&format!("golden/{name}"));
        let envelope = Envelope::parse(text.trim_end().as_bytes()).unwrap();
        envelope.fact().unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

/// Every way to a field of an object in this JSON.
fn fields(value: &Value, at: &str, found: &mut Vec<String>) {
    if let Value::Object(object) = value {
        for (name, inner) in object {
            let at = format!("{at}/{name}");
            fields(inner, &at, found);
            found.push(at);
        }
    }
    if let Value::Array(items) = value {
        for (index, inner) in items.iter().enumerate() {
            fields(inner, &format!("{at}/{index}"), found);
        }
    }
}

/// Where a field may be absent, `null` says the same. Returns how many may be.
fn null_is_absent<T: PartialEq + Debug>(
    whole: &Value,
    read: impl Fn(&Value) -> Option<T>,
) -> usize {
    let mut found = Vec::new();
    fields(whole, "", &mut found);
    let mut optional = 0;
    for at in found {
        let (parent, name) = at.rsplit_once('/').unwrap();
        // Face values are no fields.
        if parent.ends_with("/denominations") {
            continue;
        }
        let (mut without, mut with_null) = (whole.clone(), whole.clone());
        without.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(name);
        with_null.pointer_mut(parent).unwrap()[name] = Value::Null;
        if let Some(absent) = read(&without) {
            assert_eq!(read(&with_null), Some(absent), "{at} may be absent, so it may be null");
            optional += 1;
        }
    }
    optional
}

fn fact(kind: &str, body: &Value) -> Option<Fact> {
    Fact::parse(kind, &RawValue::from_string(body.to_string()).unwrap()).ok()
}

#[test]
fn null_means_the_same_as_absent_in_entries_and_rows() {
    let mut optional = 0;
    for (kind, json) in examples("entries") {
        let body: Value = serde_json::from_str(&json).unwrap();
        optional += null_is_absent(&body, |body| fact(&kind, body));
    }
    let mut sale: Value =
        serde_json::from_str(sync_file("golden/entry-3.json").trim_end()).unwrap();
    sale["body"]["document"]["terms"] = json!(["No returns"]);
    sale["body"]["document"]["lines"][0]["flags"] = json!(["weighed"]);
    sale["body"]["movements"][0]["beyond_rights"] = json!(true);
    optional += null_is_absent(&sale["body"], |body| fact("sale.completed", body));
    fn row<T: DeserializeOwned + PartialEq + Debug>(json: &str) -> usize {
        null_is_absent(&serde_json::from_str(json).unwrap(), |row| {
            serde_json::from_value::<T>(row.clone()).ok()
        })
    }
    for (key, json) in examples("rows") {
        optional += match key.split('/').next().unwrap_or(&key) {
            "settings" => row::<Settings>(&json),
            "location" => row::<LocationRow>(&json),
            "item" => row::<ItemRow>(&json),
            "order" => row::<OrderRow>(&json),
            "ack" => row::<AckRow>(&json),
            _ => 0,
        };
    }
    assert!(optional > 80, "{optional}");
}

#[test]
fn every_optional_field_that_is_no_option_may_be_null() {
    let sources = [
        ("document.rs", include_str!("../src/document.rs")),
        ("entry.rs", include_str!("../src/entry.rs")),
        ("feed.rs", include_str!("../src/feed.rs")),
        ("message.rs", include_str!("../../sync/src/message.rs")),
        ("overlay.rs", include_str!("../../sync/src/overlay.rs")),
    ];
    for (name, source) in sources {
        for after in source.split("#[serde(default").skip(1) {
            let (attribute, rest) = after.split_once(")]\n").unwrap();
            let field = rest.trim_start().lines().next().unwrap();
            let reads_null = attribute.contains("or_default") || field.contains(": Option<");
            assert!(reads_null, "{name}: {field}");
        }
    }
}
