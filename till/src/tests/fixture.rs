//! An enrolled till in a temporary folder with a small catalogue.

use crate::ledger::incarnation::Beginning;
use crate::ledger::{Act, Identity, Ledger};
use crate::staff::{Who, check_pin, sign_in};
use crate::{clock, feed};
use argon2::password_hash::{PasswordHasher, SaltString};
use daybook_domain::entry::IncarnationReason;
use daybook_domain::ids::TillId;
use daybook_sync::hash::{Hash, PublicKey};
use daybook_sync::message::{Cursor, FeedPage, FeedRow, NewKey};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use uuid::Uuid;

pub(crate) const PIN: &str = "2580";

pub(crate) struct Shop {
    dir: tempfile::TempDir,
}

impl Shop {
    pub(crate) fn open() -> Self {
        let shop = Self { dir: tempfile::tempdir().unwrap() };
        let mut ledger = Ledger::open(&shop.till()).unwrap();
        ledger
            .set_identity(Identity {
                tenant: Uuid::from_u128(1),
                till: TillId(Uuid::from_u128(2)),
                code: "A1".parse().unwrap(),
                location: "shop".parse().unwrap(),
                store_url: "http://127.0.0.1:9".to_owned(),
                ca_pem: None,
                store_public_key: PublicKey([0; 32]),
                training: false,
            })
            .unwrap();
        let begin = Beginning {
            incarnation: 1,
            reason: IncarnationReason::Enrolled,
            install: Uuid::from_u128(3),
            session: "s".to_owned(),
            store_head: None,
        };
        ledger.begin_incarnation(Act::of_program(clock::now()), &begin).unwrap();
        let key = NewKey { key_id: "k".to_owned(), secret: Hash([1; 32]) };
        ledger.keys().store_request_key(ledger.home(), &key).unwrap();
        let keys = std::sync::Arc::clone(ledger.keys());
        ledger.write_state(|conn| feed::apply(conn, &keys, &page())).unwrap();
        ledger.close().unwrap();
        shop
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn till(&self) -> PathBuf {
        self.dir.path().join("till")
    }

    pub(crate) fn ledger(&self) -> Ledger {
        Ledger::open(&self.till()).unwrap()
    }
}

pub(crate) fn who(ledger: &mut Ledger, staff: &str, approver: Option<&str>) -> Who {
    let moment = clock::now();
    let actor = match approver {
        None => sign_in(ledger, moment, &staff.parse().unwrap(), PIN).unwrap().0,
        Some(_) => check_pin(ledger, moment, &staff.parse().unwrap(), PIN).unwrap(),
    };
    let approver =
        approver.map(|staff| check_pin(ledger, moment, &staff.parse().unwrap(), PIN).unwrap());
    Who { moment, data_at_ms: None, actor, approver }
}

/// Rows that come with a later exchange.
pub(crate) fn receive(ledger: &mut Ledger, feed: i64, rows: &[(String, Value)]) {
    let rows: Vec<FeedRow> = (feed..)
        .zip(rows)
        .map(|(feed, (key, value))| FeedRow::value(feed, key, value.to_string()).unwrap())
        .collect();
    take(ledger, rows);
}

/// A row that is gone.
pub(crate) fn forget(ledger: &mut Ledger, feed: i64, key: &str) {
    take(ledger, vec![FeedRow::tombstone(feed, key)]);
}

fn take(ledger: &mut Ledger, rows: Vec<FeedRow>) {
    let last = rows.last().map_or(0, |row| row.feed);
    let cursor = Cursor { epoch: 1, feed: last, digest: Hash([0; 32]), fill: None };
    let page = FeedPage { rows, cursor, more: false };
    let keys = std::sync::Arc::clone(ledger.keys());
    ledger.write_state(|conn| crate::feed::apply(conn, &keys, &page)).unwrap();
}

/// A person with [`PIN`], as the feed tells of one.
pub(super) fn staff(id: &str, role: &str) -> (String, Value) {
    let salt = SaltString::encode_b64(b"saltsaltsalt").unwrap();
    let cheap = argon2::Params::new(8, 1, 1, None).unwrap();
    let argon = argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, cheap);
    let pin_hash = argon.hash_password(PIN.as_bytes(), &salt).unwrap().to_string();
    let row = json!({
        "staff": id, "name": id, "role": role, "pin_hash": pin_hash, "active": true,
    });
    (format!("staff/{id}"), row)
}

fn page() -> FeedPage {
    let item = |sku: &str, name: &str, barcodes: Value| {
        (
            format!("item/{sku}"),
            json!({"sku": sku, "product": sku, "name": name,
            "tax_class": "gst-5", "barcodes": barcodes,
            "prices": [{"from_ms": 0, "unit_price_micros": 100_000_000}]}),
        )
    };
    let level = |sku: &str, policy: &str, on_hand: i64| {
        (
            format!("stock/shop/{sku}"),
            json!({"sku": sku, "location": "shop", "policy": policy,
            "on_hand_milli": on_hand, "reserved_milli": 0, "allotted_milli": 0,
            "allotted_proposed_milli": 0, "leased_milli": 0, "in_doubt_milli": 0}),
        )
    };
    let rows = [
        (
            "settings".to_owned(),
            json!({"business": "Shop", "jurisdiction": "IN",
            "currency": "INR", "tax_inclusive": true, "cash_rounding_minor": 100,
            "hsn_digits": 4, "fiscal_year_start_month": 4, "offset_min": 330,
            "cashier_discount_max_ppm": 50_000, "over_short_limit_minor": 1000}),
        ),
        (
            "location/shop".to_owned(),
            json!({"location": "shop", "kind": "shop",
            "seller": {"name": "Shop", "state": {"code": "29", "name": "Karnataka"}}}),
        ),
        (
            "tax/gst-5".to_owned(),
            json!({"class": "gst-5",
            "rates": [{"from": "2017-07-01", "rate_ppm": 50_000}]}),
        ),
        item("TEA", "Assam tea", json!(["08904000210037"])),
        item("UNIQUE", "One vase", json!([])),
        item("CREME", "Crème brûlée", json!([])),
        item("MILK", "दूध حليب", json!([])),
        staff("asha", "cashier"),
        staff("kavya", "manager"),
        level("TEA", "ring_fenced", 10_000),
        level("UNIQUE", "pooled_strict", 1_000),
    ];
    let rows: Vec<FeedRow> = (1..)
        .zip(rows)
        .map(|(feed, (key, value))| FeedRow::value(feed, key, value.to_string()).unwrap())
        .collect();
    let cursor = Cursor { epoch: 1, feed: 11, digest: Hash([0; 32]), fill: None };
    FeedPage { rows, cursor, more: false }
}
