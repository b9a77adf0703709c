//! The bytes of the protocol, frozen: every file in `golden/` is what a till and a store of version 1 write. Set
//! `DAYBOOK_WRITE_GOLDEN` to write files that are missing; an existing file is never changed.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use daybook_sync::auth::{PATH_EXCHANGE, Signed};
use daybook_sync::frame::{
    Acknowledgement, FrameFault, FramedEntry, Journal, Signer, sidecar_hash, verify_frames,
};
use daybook_sync::hash::Hash;
use daybook_sync::message::{
    Cursor, ExchangeAnswer, ExchangeHeader, FeedPage, FeedRow, JournalStatus, Outcome, PageLimits,
    PullAnswer, PushAnswer, PushVerdict, Request, RequestAnswer, RequestBody,
};
use daybook_sync::wire::{ExchangeRequest, encode_json};
use serde_json::json;
use std::path::PathBuf;
use uuid::{Uuid, uuid};

const TENANT: Uuid = uuid!("0192a000-0000-7000-8000-000000000010");
const JOURNAL: Journal =
    Journal { till: uuid!("0192a000-0000-7000-8000-000000000011"), incarnation: 1 };
const SESSION: &str = "f3b1c0de00000001";
const FEED: i64 = (1 << 40) + 14;

fn till() -> Signer {
    Signer::from_seed(&std::array::from_fn(|n| u8::try_from(n).unwrap()))
}

fn store() -> Signer {
    Signer::from_seed(&std::array::from_fn(|n| u8::try_from(n + 32).unwrap()))
}

fn secret() -> [u8; 32] {
    std::array::from_fn(|n| u8::try_from(n + 64).unwrap())
}

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden").join(name)
}

/// Compares with the file; writes it where it is missing and that is asked for.
fn golden(name: &str, made: &[u8]) {
    let path = path(name);
    if !path.exists() && std::env::var_os("DAYBOOK_WRITE_GOLDEN").is_some() {
        std::fs::write(&path, made).unwrap();
    }
    let held = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert_eq!(
        String::from_utf8_lossy(&held),
        String::from_utf8_lossy(made),
        "{name} is frozen: tills of version 1 are in the field"
    );
    assert_eq!(held, made);
}

/// Entry bytes are a file without its last newline.
fn entry_bytes(name: &str) -> Vec<u8> {
    let mut bytes = std::fs::read(path(name)).unwrap();
    assert_eq!(bytes.pop(), Some(b'\n'));
    bytes
}

fn sidecar() -> String {
    std::fs::read_to_string(path("sidecar-3.txt")).unwrap()
}

/// Three entries as a till writes them, and one that is no JSON, not UTF-8 and has a newline in it.
fn entries() -> Vec<FramedEntry> {
    let bytes = [
        entry_bytes("entry-1.json"),
        entry_bytes("entry-2.json"),
        entry_bytes("entry-3.json"),
        b"\x00poison\n\xff\xfe".to_vec(),
    ];
    let mut head = JOURNAL.start();
    let mut entries = Vec::new();
    for (index, bytes) in bytes.into_iter().enumerate() {
        let frame = till().frame(&JOURNAL, &head, &bytes);
        head = frame.head();
        entries.push(FramedEntry { frame, bytes, sidecar: (index == 2).then(sidecar) });
    }
    entries
}

fn request() -> ExchangeRequest {
    let entries = entries();
    let head = entries.last().unwrap().frame.head();
    let lease = RequestBody::LeaseAcquire {
        sku: "RING-1".into(),
        location: "shop".into(),
        quantity_milli: 1000,
    };
    let header = ExchangeHeader {
        protocol: 1,
        till: JOURNAL.till,
        incarnation: 1,
        session: SESSION.into(),
        epoch: 1,
        journal: JournalStatus { incarnation: 1, head: head.seq, head_hash: head.hash, acked: 2 },
        cursor: Some(Cursor {
            epoch: 1,
            feed: FEED,
            digest: Hash::of(&[b"example digest"]),
            fill: None,
        }),
        requests: vec![Request::new(uuid!("0192a000-0000-7000-8000-0000000000f1"), &lease)],
        page: PageLimits::default(),
        entries: 2,
    };
    ExchangeRequest { header, entries: entries[2..].to_vec() }
}

fn acknowledgement() -> Acknowledgement {
    Acknowledgement {
        tenant: TENANT,
        journal: JOURNAL,
        head: entries()[3].frame.head(),
        epoch: 1,
        at_ms: 1_790_000_130_000,
    }
}

fn push(verdict: PushVerdict) -> PushAnswer {
    let ack = acknowledgement();
    PushAnswer {
        verdict,
        incarnation: 1,
        received_through: ack.head.seq,
        received_hash: ack.head.hash,
        ack_at_ms: ack.at_ms,
        ack_sig: store().acknowledge(&ack),
    }
}

fn answer() -> ExchangeAnswer {
    let ack = r#"{"incarnation":1,"from":3,"through":3}"#;
    let poison = r#"{"incarnation":1,"from":4,"through":4,"quarantined":[4]}"#;
    let level = r#"{"sku":"TEA-250","location":"shop","policy":"ring_fenced","on_hand_milli":38000,"reserved_milli":0,"allotted_milli":0,"allotted_proposed_milli":0,"leased_milli":0,"in_doubt_milli":0}"#;
    let key = |from| daybook_sync::overlay::ack_key(&JOURNAL.till, 1, from);
    let rows = vec![
        FeedRow::value(FEED + 1, key(3), ack.into()).unwrap(),
        FeedRow::value(FEED + 2, key(4), poison.into()).unwrap(),
        FeedRow::value(FEED + 3, "stock/shop/TEA-250", level.into()).unwrap(),
        FeedRow::tombstone(FEED + 4, "customer/0192a000-0000-7000-8000-0000000000e9"),
    ];
    let cursor = Cursor {
        epoch: 1,
        feed: FEED + 4,
        digest: Hash::of(&[b"another example digest"]),
        fill: None,
    };
    ExchangeAnswer {
        protocol: 1,
        epoch: 1,
        now_ms: 1_790_000_130_000,
        session: Some("f3b1c0de00000002".into()),
        push: push(PushVerdict::Accepted),
        pull: PullAnswer::Page(FeedPage { rows, cursor, more: false }),
        answers: vec![RequestAnswer {
            id: uuid!("0192a000-0000-7000-8000-0000000000f1"),
            outcome: Outcome::Granted { fence: 17, quantity_milli: 1000, ttl_ms: 3_600_000 },
        }],
        location: None,
        key: None,
    }
}

fn line(text: impl serde::Serialize) -> Vec<u8> {
    let mut line = encode_json(&text);
    line.push(b'\n');
    line
}

#[test]
fn frames_are_as_they_were_released() {
    let entries = entries();
    let bytes = ["entry-1.json", "entry-2.json", "entry-3.json"];
    let frames: Vec<_> = entries
        .iter()
        .enumerate()
        .map(|(index, entry)| match bytes.get(index) {
            Some(file) => json!({"frame": entry.frame, "bytes": file}),
            None => json!({"frame": entry.frame, "bytes_hex": hex::encode(&entry.bytes)}),
        })
        .collect();
    let ack = acknowledgement();
    let made = json!({
        "till_secret_seed": hex::encode(std::array::from_fn::<u8, 32, _>(|n| u8::try_from(n).unwrap())),
        "till_public_key": till().public_key(),
        "store_public_key": store().public_key(),
        "till": JOURNAL.till,
        "incarnation": 1,
        "genesis": JOURNAL.genesis(),
        "sidecar_hash": sidecar_hash(&sidecar()),
        "entries": frames,
        "acknowledgement": {
            "tenant": ack.tenant, "head": ack.head, "epoch": ack.epoch, "at_ms": ack.at_ms,
            "sig": store().acknowledge(&ack),
        },
    });
    let held = std::fs::read(path("journal.json")).unwrap();
    let held: serde_json::Value = serde_json::from_slice(&held).unwrap();
    assert_eq!(held, made, "journal.json is frozen: tills of version 1 are in the field");
    let entry_3 = String::from_utf8(entries[2].bytes.clone()).unwrap();
    assert!(entry_3.contains(&sidecar_hash(&sidecar()).to_string()), "the entry names its sidecar");
}

#[test]
fn an_exchange_is_as_it_was_released() {
    let body = request().encode();
    golden("exchange-request.body", &body);
    let lines: Vec<_> = body.split_inclusive(|byte| *byte == b'\n').take(2).collect();
    golden("exchange-request.lines", &lines.concat());
    assert_eq!(ExchangeRequest::decode(&body).unwrap(), request());
    let signed = Signed { method: "POST", path: PATH_EXCHANGE, body: &body, session: SESSION };
    let mac = signed.mac(&secret());
    assert!(signed.verify(&secret(), &mac));
    let headers = format!(
        "POST {PATH_EXCHANGE}\nDaybook-Till: {}\nDaybook-Key: k1\nDaybook-Session: {SESSION}\nDaybook-Mac: {mac}\n",
        JOURNAL.till
    );
    golden("exchange-request.headers", headers.as_bytes());
    golden("exchange-answer.json", &line(answer()));
    let read: ExchangeAnswer = serde_json::from_slice(&line(answer())).unwrap();
    assert_eq!(read, answer());
}

#[test]
fn verdicts_are_as_they_were_released() {
    use daybook_sync::frame::Head;
    use daybook_sync::message::{RecoverReason, RefetchReason};
    let trunk = Head { seq: 9, hash: Hash::of(&[b"the other history"]) };
    let bad = FrameFault::Hash.code().to_owned();
    let verdicts = [
        PushVerdict::Accepted,
        PushVerdict::Gap { expected: 3 },
        PushVerdict::Fork { at: 3, trunk },
        PushVerdict::Recover { reason: RecoverReason::Session, store: trunk },
        PushVerdict::Recover { reason: RecoverReason::Behind, store: trunk },
        PushVerdict::BadFrame { at: 5, code: bad },
        PushVerdict::Blocked,
    ];
    let made: Vec<u8> = verdicts.into_iter().flat_map(|verdict| line(push(verdict))).collect();
    golden("push-answers.ndjson", &made);
    let reasons = [
        RefetchReason::Epoch,
        RefetchReason::Ahead,
        RefetchReason::Digest,
        RefetchReason::Floor,
        RefetchReason::Scope,
    ];
    let refetches = reasons.into_iter().map(|reason| PullAnswer::Refetch { reason });
    let others =
        [PullAnswer::UpgradeRequired { minimum: 2 }, PullAnswer::Blocked, PullAnswer::Wait];
    let pulls: Vec<_> = refetches.chain(others).collect();
    let made: Vec<u8> = pulls.iter().flat_map(line).collect();
    golden("pull-answers.ndjson", &made);
    for (text, pull) in made.split_inclusive(|byte| *byte == b'\n').zip(&pulls) {
        assert_eq!(&serde_json::from_slice::<PullAnswer>(text).unwrap(), pull);
    }
}

#[test]
fn requests_are_as_they_were_released() {
    let bodies = [
        RequestBody::LeaseAcquire {
            sku: "RING-1".into(),
            location: "shop".into(),
            quantity_milli: 1000,
        },
        RequestBody::LeaseRelease { fence: 17 },
        RequestBody::OrderCancel {
            order: uuid!("0192a000-0000-7000-8000-0000000000ee"),
            reason: "customer called".into(),
            staff: "asha".into(),
            approver: Some("kavya".into()),
        },
        RequestBody::BalanceSpend {
            medium: "gift_card".into(),
            number: "9012345678901238".into(),
            amount_minor: 50_000,
        },
        RequestBody::BalanceRelease { hold: uuid!("0192a000-0000-7000-8000-0000000000f4") },
    ];
    let first = uuid!("0192a000-0000-7000-8000-0000000000f1").as_u128();
    let requests: Vec<_> =
        (first..).zip(&bodies).map(|(id, body)| Request::new(Uuid::from_u128(id), body)).collect();
    let made: Vec<u8> = requests.iter().flat_map(line).collect();
    golden("requests.ndjson", &made);
    for (text, body) in made.split_inclusive(|byte| *byte == b'\n').zip(&bodies) {
        let read: Request = serde_json::from_slice(text).unwrap();
        assert_eq!(&read.body().unwrap(), body);
    }
}

#[test]
fn outcomes_are_as_they_were_released() {
    let outcomes = [
        Outcome::Granted { fence: 17, quantity_milli: 1000, ttl_ms: 3_600_000 },
        Outcome::Done,
        Outcome::refused("order.not_possible"),
        Outcome::Held { amount_minor: 45_000, left_minor: 0, ttl_ms: 900_000 },
    ];
    let first = uuid!("0192a000-0000-7000-8000-0000000000f1").as_u128();
    let answers = (first..).zip(outcomes);
    let answers: Vec<_> =
        answers.map(|(id, outcome)| RequestAnswer { id: Uuid::from_u128(id), outcome }).collect();
    let made: Vec<u8> = answers.iter().flat_map(line).collect();
    golden("request-answers.ndjson", &made);
    for (text, answer) in made.split_inclusive(|byte| *byte == b'\n').zip(&answers) {
        assert_eq!(&serde_json::from_slice::<RequestAnswer>(text).unwrap(), answer);
    }
}

#[test]
fn released_frames_still_verify() {
    let entries = entries();
    let verified = verify_frames(&till().public_key(), &JOURNAL, &entries);
    assert_eq!((verified.entries().len(), verified.bad()), (4, None));
}

/// Blocks in PROTOCOL.md that are fenced as `golden NAME` are the files of that name.
#[test]
fn the_document_shows_the_released_bytes() {
    let document =
        std::fs::read_to_string(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("PROTOCOL.md"))
            .unwrap();
    let mut shown = 0;
    for block in document.split("\n```golden ").skip(1) {
        let (name, rest) = block.split_once('\n').unwrap();
        let text = &rest[..rest.find("\n```").unwrap() + 1];
        let held = std::fs::read_to_string(path(name)).unwrap();
        assert_eq!(text.trim_end(), held.trim_end(), "PROTOCOL.md, block {name}");
        shown += 1;
    }
    let body = std::fs::read(path("exchange-request.body")).unwrap();
    let digest = format!("({} bytes, SHA-256 `{}`)", body.len(), Hash::of(&[&body]));
    assert!(document.contains(&digest), "PROTOCOL.md says of the body: {digest}");
    assert!(shown >= 10, "only {shown} golden blocks in PROTOCOL.md");
}

#[test]
fn null_means_the_same_as_absent_in_messages() {
    let read = |name: &str| std::fs::read_to_string(path(name)).unwrap();
    let header = read("exchange-request.lines");
    let header: serde_json::Value = serde_json::from_str(header.lines().next().unwrap()).unwrap();
    for name in ["cursor", "requests", "page"] {
        let mut absent = header.clone();
        absent.as_object_mut().unwrap().remove(name);
        let mut null = header.clone();
        null[name] = json!(null);
        let parse = |value| serde_json::from_value::<ExchangeHeader>(value).unwrap();
        assert_eq!(parse(null), parse(absent), "{name}");
    }
    let answer: serde_json::Value = serde_json::from_str(&read("exchange-answer.json")).unwrap();
    for name in ["session", "answers", "location", "key"] {
        let mut absent = answer.clone();
        absent.as_object_mut().unwrap().remove(name);
        let mut null = answer.clone();
        null[name] = json!(null);
        // Through text: rows are kept as they stand.
        let parse = |value: serde_json::Value| {
            serde_json::from_str::<ExchangeAnswer>(&value.to_string()).unwrap()
        };
        assert_eq!(parse(null), parse(absent), "{name}");
    }
}
