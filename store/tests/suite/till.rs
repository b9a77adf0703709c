//! A till made of nothing but the protocol: it writes entries, signs them, and exchanges.

use crate::support::TestStore;
use daybook_store::args;
use daybook_store::db::{DbError, Tx};
use daybook_store::enrol::{self, EnrolCode, Fresh, enrol};
use daybook_store::exchange::exchange;
use daybook_store::gate::Dirty;
use daybook_sync::frame::{FramedEntry, Head, Journal, Signer, sidecar_hash};
use daybook_sync::limits::PROTOCOL;
use daybook_sync::message::{
    Cursor, EnrolAnswer, EnrolRequest, ExchangeAnswer, ExchangeHeader, IncarnationHead,
    IncarnationRequest, JournalStatus, NewIncarnation, PageLimits, PullAnswer, Request,
};
use daybook_sync::wire::ExchangeRequest;
use serde_json::{Value, json};
use uuid::Uuid;

/// The shop that the tests sell in: one location, tax class and three SKUs, ten of each.
pub(crate) fn stock_shop(tx: &mut Tx<'_>) -> Result<(), DbError> {
    let tenant = tx.tenant();
    tx.execute(
        "INSERT INTO location (tenant_id, location_id, kind, seller) VALUES ($1, 'shop', 'shop', '{\"name\":\"Shop\"}')",
        args![tenant],
    )?;
    tx.execute("INSERT INTO tax_class (tenant_id, class) VALUES ($1, 'gst-18')", args![tenant])?;
    for (sku, policy) in
        [("TEA", "pooled_soft"), ("RICE", "ring_fenced"), ("VASE", "pooled_strict")]
    {
        tx.execute(
            "INSERT INTO item (tenant_id, sku, product, name, uom, tax_class) VALUES ($1, $2, $2, $2, 'each', 'gst-18')",
            args![tenant, sku],
        )?;
        tx.execute(
            "INSERT INTO stock_level (tenant_id, location_id, sku, policy, on_hand_milli) VALUES ($1, 'shop', $2, $3, 10000)",
            args![tenant, sku, policy],
        )?;
        tx.touch(Dirty::Item(sku.parse().unwrap()));
        tx.touch(Dirty::Stock("shop".parse().unwrap(), sku.parse().unwrap()));
    }
    Ok(())
}

#[derive(Clone)]
pub(crate) struct TestTill {
    pub(crate) till: Uuid,
    pub(crate) code: String,
    pub(crate) journal: Journal,
    pub(crate) session: String,
    pub(crate) signer: Signer,
    pub(crate) entries: Vec<FramedEntry>,
    pub(crate) acked: i64,
    pub(crate) epoch: i64,
    pub(crate) cursor: Option<Cursor>,
    pub(crate) requests: Vec<Request>,
    pub(crate) rows: Vec<(i64, String, Option<Value>)>,
}

pub(crate) fn store_signer() -> Signer {
    Signer::from_seed(&[3; 32])
}

/// The signer of a till.
fn signer(seed: u16) -> Signer {
    let mut bytes = [0; 32];
    bytes[..2].copy_from_slice(&seed.to_be_bytes());
    Signer::from_seed(&bytes)
}

pub(crate) fn enrol_now(
    store: &TestStore,
    code: &EnrolCode,
    seed: u16,
) -> Result<EnrolAnswer, daybook_sync::refusal::Refusal> {
    let keyring = store.keyring();
    let request = EnrolRequest {
        protocol: PROTOCOL,
        code: code.to_string(),
        public_key: signer(seed).public_key(),
        install: Uuid::from_u128(u128::from(seed)),
        app: "test".to_owned(),
    };
    let fresh = Fresh::draw();
    store.gate().write(move |tx| enrol(tx, &keyring, &request, &fresh)).unwrap()
}

pub(crate) fn new_code(store: &TestStore, resume: Option<&str>) -> EnrolCode {
    enrol::new_code(store.gate(), &"shop".parse().unwrap(), resume).unwrap().0
}

impl TestTill {
    pub(crate) fn enrolled(store: &TestStore, seed: u16) -> Self {
        let answer = enrol_now(store, &new_code(store, None), seed).unwrap();
        Self {
            till: answer.till,
            code: answer.till_code.clone(),
            journal: Journal { till: answer.till, incarnation: answer.incarnation },
            session: answer.session,
            signer: signer(seed),
            entries: Vec::new(),
            acked: 0,
            epoch: 1,
            cursor: None,
            requests: Vec::new(),
            rows: Vec::new(),
        }
    }

    pub(crate) fn head(&self) -> Head {
        self.entries.last().map_or(self.journal.start(), |entry| entry.frame.head())
    }

    pub(crate) fn write(&mut self, kind: &str, body: &Value) -> i64 {
        self.write_at(kind, body, crate::support::START_MS)
    }

    pub(crate) fn write_at(&mut self, kind: &str, body: &Value, at_ms: i64) -> i64 {
        self.write_raw(&self.envelope(kind, body, at_ms, None), None)
    }

    /// Writes an entry that knows of the feed up to the till's cursor.
    pub(crate) fn write_seen(&mut self, kind: &str, body: &Value, at_ms: i64) -> i64 {
        let mut envelope: Value =
            serde_json::from_slice(&self.envelope(kind, body, at_ms, None)).unwrap();
        envelope["feed"] = json!(self.cursor.as_ref().map_or(0, |cursor| cursor.feed));
        self.write_raw(&serde_json::to_vec(&envelope).unwrap(), None)
    }

    /// What the till shows of a SKU by the rule of the protocol: the level that it has, and its own movements on top that
    /// the level does not hold. A branch of its own has no acknowledgements from `fork` on.
    pub(crate) fn shown(&self, sku: &str, fork: Option<i64>) -> i64 {
        let (row_feed, level) = self.row(&format!("stock/shop/{sku}")).unwrap();
        let mut shown = level["on_hand_milli"].as_i64().unwrap();
        for entry in &self.entries {
            let seq = entry.frame.seq;
            let Ok(value) = serde_json::from_slice::<Value>(&entry.bytes) else { continue };
            let moves = value["body"]["movements"].as_array().cloned().unwrap_or_default();
            let quantity: i64 = moves
                .iter()
                .filter(|moved| moved["sku"] == *sku)
                .filter_map(|moved| moved["quantity_milli"].as_i64())
                .sum();
            let told = fork.is_none_or(|at| seq < at).then(|| self.effect_feed(seq)).flatten();
            if daybook_sync::overlay::counts_on_top(told, row_feed) {
                shown += quantity;
            }
        }
        shown
    }

    fn effect_feed(&self, seq: i64) -> Option<i64> {
        let prefix = format!("ack/{}/{}/", self.till, self.journal.incarnation);
        let mut rows: Vec<_> =
            self.rows.iter().filter(|(_, key, _)| key.starts_with(&prefix)).collect();
        rows.sort_by_key(|(feed, _, _)| *feed);
        let mut found = None;
        for (feed, _, value) in rows {
            let range: daybook_sync::overlay::AckRange =
                serde_json::from_value(value.clone().unwrap()).unwrap();
            if (range.from..=range.through).contains(&seq) {
                found = (!range.quarantined.contains(&seq)).then_some(*feed);
            }
        }
        found
    }

    pub(crate) fn write_with_sidecar(&mut self, kind: &str, body: &Value, sidecar: &str) -> i64 {
        let hash = sidecar_hash(sidecar).to_string();
        let bytes = self.envelope(kind, body, crate::support::START_MS, Some(&hash));
        self.write_raw(&bytes, Some(sidecar.to_owned()))
    }

    fn envelope(&self, kind: &str, body: &Value, at_ms: i64, sidecar: Option<&str>) -> Vec<u8> {
        let id = Uuid::from_u128(
            self.till.as_u128() ^ (u128::try_from(self.entries.len()).unwrap() + 1),
        );
        let mut envelope = json!({
            "v": 1, "id": id, "kind": kind, "at_ms": at_ms, "offset_min": 330, "mono_ms": 1, "boot": Uuid::nil(),
            "day": "2026-11-22", "staff": "asha", "feed": 0, "app": "test", "body": body,
        });
        if let Some(hash) = sidecar {
            envelope["sidecar"] = json!(hash);
        }
        serde_json::to_vec(&envelope).unwrap()
    }

    pub(crate) fn write_raw(&mut self, bytes: &[u8], sidecar: Option<String>) -> i64 {
        let frame = self.signer.frame(&self.journal, &self.head(), bytes);
        self.entries.push(FramedEntry { frame, bytes: bytes.to_vec(), sidecar });
        frame.seq
    }

    pub(crate) fn sell(&mut self, sku: &str, quantity_milli: i64, number: &str) -> i64 {
        self.sell_at(sku, quantity_milli, number, crate::support::START_MS, None)
    }

    pub(crate) fn sell_at(
        &mut self,
        sku: &str,
        quantity_milli: i64,
        number: &str,
        at_ms: i64,
        lease: Option<i64>,
    ) -> i64 {
        let id = Uuid::from_u128(
            self.till.as_u128() ^ (0xD0C0_0000 + u128::try_from(self.entries.len()).unwrap()),
        );
        let mut body = sale(id, sku, quantity_milli, number, self.till);
        if let Some(fence) = lease {
            body["movements"][0]["lease"] = json!(fence);
        }
        self.write_at("sale.completed", &body, at_ms)
    }

    pub(crate) fn request(&self) -> ExchangeRequest {
        let unsent: Vec<FramedEntry> =
            self.entries.iter().filter(|entry| entry.frame.seq > self.acked).cloned().collect();
        let head = self.head();
        ExchangeRequest {
            header: ExchangeHeader {
                protocol: PROTOCOL,
                till: self.till,
                incarnation: self.journal.incarnation,
                session: self.session.clone(),
                epoch: self.epoch,
                journal: JournalStatus {
                    incarnation: self.journal.incarnation,
                    head: head.seq,
                    head_hash: head.hash,
                    acked: self.acked,
                },
                cursor: self.cursor.clone(),
                requests: self.requests.clone(),
                page: PageLimits::default(),
                entries: unsent.len(),
            },
            entries: unsent,
        }
    }

    /// Begins the incarnation that the store grants after a fork or a restore: another journal, in the same ledger.
    pub(crate) fn begin(&mut self, store: &TestStore, id: u128, previous: Head) {
        let request = IncarnationRequest {
            protocol: PROTOCOL,
            id: Uuid::from_u128(id),
            till: self.till,
            reason: NewIncarnation::Forked,
            install: Uuid::nil(),
            public_key: self.signer.public_key(),
            previous: Some(IncarnationHead {
                incarnation: self.journal.incarnation,
                seq: previous.seq,
                hash: previous.hash,
            }),
        };
        let session = format!("begun-{id}");
        let answer = store
            .gate()
            .write(move |tx| enrol::next_incarnation(tx, &request, &session))
            .unwrap()
            .unwrap();
        let previous = json!({
            "incarnation": self.journal.incarnation, "seq": previous.seq, "hash": previous.hash.to_string()
        });
        self.journal.incarnation = answer.incarnation;
        self.session = answer.session;
        (self.acked, self.entries) = (0, Vec::new());
        self.write("incarnation.started", &json!({
            "incarnation": answer.incarnation, "reason": "forked", "install": Uuid::nil(), "previous": previous,
            "z_no": 0, "perpetual": {"sales_minor": 0, "returns_minor": 0, "net_minor": 0, "documents": 0},
            "series_tag": "B"
        }));
    }

    /// Sends, and takes the answer in as a till does.
    pub(crate) fn exchange(&mut self, store: &TestStore) -> ExchangeAnswer {
        let answer = self.send(store);
        self.take(&answer);
        answer
    }

    /// Sends; the answer is the caller's to lose.
    pub(crate) fn send(&self, store: &TestStore) -> ExchangeAnswer {
        exchange(store.gate(), &store_signer(), &store.keyring(), self.request()).unwrap()
    }

    /// Says how far it is, and sends none of its entries.
    pub(crate) fn poll(&self, store: &TestStore) -> ExchangeAnswer {
        let mut request = self.request();
        request.entries.clear();
        request.header.entries = 0;
        exchange(store.gate(), &store_signer(), &store.keyring(), request).unwrap()
    }

    pub(crate) fn take(&mut self, answer: &ExchangeAnswer) {
        if let Some(session) = &answer.session {
            self.session.clone_from(session);
        }
        self.acked = self.acked.max(answer.push.received_through);
        self.requests.retain(|request| !answer.answers.iter().any(|done| done.id == request.id));
        if let PullAnswer::Page(page) = &answer.pull {
            for row in &page.rows {
                let value =
                    row.value.as_ref().map(|value| serde_json::from_str(value.get()).unwrap());
                self.rows.retain(|(_, key, _)| *key != row.key);
                self.rows.push((row.feed, row.key.clone(), value));
            }
            self.cursor = Some(page.cursor.clone());
        }
    }

    pub(crate) fn row(&self, key: &str) -> Option<(i64, Value)> {
        let (feed, _, value) = self.rows.iter().find(|(_, found, _)| found == key)?;
        Some((*feed, value.clone()?))
    }
}

/// A sale of one line at 100.00 with 18 % in it, paid in cash.
pub(crate) fn sale(id: Uuid, sku: &str, quantity_milli: i64, number: &str, till: Uuid) -> Value {
    let total = quantity_milli * 10;
    let taxable = total * 100 / 118;
    let tax = total - taxable;
    json!({
        "document": {
            "id": id, "kind": "tax_invoice", "number": number, "series": "T1A", "issued_at_ms": 1, "offset_min": 330,
            "day": "2026-11-22", "fiscal_year": "26-27", "till": till, "location": "shop", "cashier": "Asha",
            "currency": "INR", "jurisdiction": "IN", "tax_inclusive": true, "seller": {"name": "Shop"},
            "lines": [{
                "no": 1, "sku": sku, "name": sku, "quantity_milli": quantity_milli, "unit_price_micros": 100_000_000,
                "gross_minor": total, "net_minor": total, "taxable_minor": taxable, "total_minor": total,
                "taxes": [{"component": "IGST", "rate_ppm": 180_000, "amount_minor": tax}]
            }],
            "tax_table": [{"component": "IGST", "rate_ppm": 180_000, "taxable_minor": taxable, "amount_minor": tax}],
            "totals": {
                "gross_minor": total, "discount_minor": 0, "taxable_minor": taxable, "tax_minor": tax,
                "total_minor": total, "rounding_minor": 0, "payable_minor": total
            },
            "tenders": [{"tender_type": "cash", "amount_minor": total, "given_minor": total, "change_minor": 0}]
        },
        "movements": [{"sku": sku, "location": "shop", "quantity_milli": -quantity_milli, "reason": "sale"}]
    })
}
