//! Whatever comes over the wire gets a typed answer that names the field, and changes nothing.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use daybook_sync::auth::Signed;
use daybook_sync::client::{Event, Failure};
use daybook_sync::frame::{FrameFault, Journal, verify_frames};
use daybook_sync::hash::PublicKey;
use daybook_sync::limits::{ENTRY_BYTES_MAX, INFLATED_BYTES_MAX, PUSH_ENTRIES_MAX};
use daybook_sync::message::{EnrolRequest, PullAnswer, PushVerdict, RefetchReason};
use daybook_sync::refusal::{Refusal, check_exchange};
use daybook_sync::wire::{ExchangeRequest, decode_json, decode_request, deflate, inflate};
use proptest::prelude::*;
use support::store::Store;
use support::{TILL, till_signer};

fn golden(name: &str) -> Vec<u8> {
    std::fs::read(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("golden").join(name))
        .unwrap()
}

fn body() -> Vec<u8> {
    golden("exchange-request.body")
}

/// The released push with another text in its header line.
fn header_with(from: &str, to: &str) -> Vec<u8> {
    let body = body();
    let end = body.iter().position(|byte| *byte == b'\n').unwrap();
    let header = std::str::from_utf8(&body[..end]).unwrap();
    assert!(header.contains(from), "{from} is in {header}");
    [header.replacen(from, to, 1).as_bytes(), &body[end..]].concat()
}

fn code(body: &[u8]) -> &'static str {
    ExchangeRequest::decode(body).expect_err("it is refused").code()
}

#[test]
fn a_body_cut_anywhere_is_refused_as_truncated() {
    let body = body();
    for end in 0..body.len() {
        let error = ExchangeRequest::decode(&body[..end]).expect_err("cut");
        assert_eq!((error.code(), error.status()), ("sync.truncated", 400), "cut at {end}");
    }
}

#[test]
fn a_wrong_len_is_refused() {
    let text = b"\"len\":10";
    let body = body();
    let at = body.windows(text.len()).position(|window| window == text).unwrap();
    let mut short = body.clone();
    short[at + 6] = b'0';
    short[at + 7] = b'9';
    assert_eq!(code(&short), "sync.bad_json", "a number has no leading zero");
    let shorter = [&body[..at], b"\"len\":9", &body[at + text.len()..]].concat();
    assert_eq!(code(&shorter), "sync.wrong_len");
    let longer = [&body[..at], b"\"len\":11", &body[at + text.len()..]].concat();
    assert_eq!(code(&longer), "sync.truncated", "it takes the newline for the entry");
}

#[test]
fn bytes_after_the_last_entry_are_refused() {
    assert_eq!(code(&[body(), b"\n".to_vec()].concat()), "sync.trailing_bytes");
}

#[test]
fn a_header_that_is_not_utf8_is_refused() {
    let mut body = body();
    body[3] = 0xff;
    let error = ExchangeRequest::decode(&body).expect_err("not UTF-8");
    assert_eq!((error.code(), error.field()), ("sync.not_utf8", Some("header")));
}

#[test]
fn a_field_of_another_type_is_named() {
    let error = ExchangeRequest::decode(&header_with("\"epoch\":1", "\"epoch\":\"1\""));
    let error = error.expect_err("a text is no number");
    assert_eq!((error.code(), error.field()), ("sync.bad_json", Some("epoch")));
    let text = error.to_string();
    assert_eq!(text, "header: epoch: invalid type: string \"1\", expected an integer");
    let gone = ExchangeRequest::decode(&header_with("\"session\"", "\"sessiom\""));
    let gone = gone.expect_err("a field is missing");
    assert_eq!(gone.field(), Some("session"));
    let inner = ExchangeRequest::decode(&header_with("\"acked\":", "\"backed\":"));
    assert_eq!(inner.expect_err("a field is missing").field(), Some("journal.acked"));
}

/// The values of an object in the order of somebody's program.
fn as_list(object: &str) -> String {
    let value: serde_json::Value = serde_json::from_str(object).unwrap();
    let values: Vec<_> = value.as_object().unwrap().values().collect();
    serde_json::to_string(&values).unwrap()
}

#[test]
fn an_object_is_never_read_from_a_list() {
    let text = String::from_utf8_lossy(&body()).into_owned();
    let (header, rest) = text.split_once('\n').unwrap();
    let list = format!("{}\n{rest}", as_list(header));
    let error = ExchangeRequest::decode(list.as_bytes()).expect_err("a list is no header");
    assert_eq!((error.code(), error.field()), ("sync.bad_json", Some("header")));
    let page = ExchangeRequest::decode(&header_with(
        "\"entries\":2",
        "\"entries\":2,\"cursor\":[1,2,\"00\"]",
    ));
    assert_eq!(page.expect_err("a list is no cursor").code(), "sync.bad_json");
    for list in [r#"[1,"X","00","00","a"]"#, "[]", "7", "null"] {
        let error = decode_json::<EnrolRequest>(list.as_bytes()).expect_err("no object");
        assert!(error.to_string().ends_with("expected an object"), "{error}");
    }
}

#[test]
fn too_much_is_refused_with_413() {
    let many = format!("\"entries\":{}", PUSH_ENTRIES_MAX + 1);
    let error = ExchangeRequest::decode(&header_with("\"entries\":2", &many)).expect_err("501");
    assert_eq!((error.code(), error.status()), ("sync.too_many", 413));
    assert_eq!(error.field(), Some("entries"));
    let text = "\"len\":10";
    let body = String::from_utf8_lossy(&body()).into_owned();
    let huge = body.replace(text, &format!("\"len\":{}", ENTRY_BYTES_MAX + 1));
    assert_eq!(code(huge.as_bytes()), "sync.too_many");
}

#[test]
fn another_protocol_is_told_apart_from_broken_json() {
    let error = ExchangeRequest::decode(&header_with("\"protocol\":1", "\"protocol\":2"));
    let error = error.expect_err("a newer protocol");
    assert_eq!((error.code(), error.status()), ("sync.protocol", 426));
}

#[test]
fn a_line_without_end_is_refused() {
    assert_eq!(code(&vec![b' '; 1024 * 1024]), "sync.line_too_long");
}

#[test]
fn a_decompression_bomb_stops_at_the_cap() {
    let bomb = deflate(&vec![0; INFLATED_BYTES_MAX + 1]);
    assert!(bomb.len() < 100_000, "it is small on the wire");
    let error = inflate(&bomb).expect_err("too large inside");
    assert_eq!((error.code(), error.status()), ("sync.body_too_large", 413));
    assert_eq!(inflate(&bomb[..bomb.len() / 2]).expect_err("cut off").code(), "sync.bad_gzip");
    assert_eq!(inflate(b"not gzip").expect_err("no gzip").code(), "sync.bad_gzip");
    assert_eq!(inflate(&deflate(&body())).unwrap(), body());
}

#[test]
fn a_broken_enrolment_names_its_field() {
    let error = decode_json::<EnrolRequest>(br#"{"protocol":1,"code":"X","public_key":"ab"}"#);
    let text = error.expect_err("a key has 64 digits").to_string();
    assert!(text.contains("public key"), "{text}");
}

#[test]
fn a_body_speaks_only_for_the_till_and_session_that_signed_it() {
    let request = ExchangeRequest::decode(&body()).unwrap();
    let (till, session) = (request.header.till, request.header.session.clone());
    assert_eq!(check_exchange(&request, &till, &session), Ok(()));
    assert_eq!(check_exchange(&request, &TILL, &session), Err(Refusal::WrongTill));
    assert_eq!(check_exchange(&request, &till, "other"), Err(Refusal::WrongSession));
}

#[test]
fn numbers_outside_their_range_are_named() {
    for (from, to, field) in [
        ("\"epoch\":1", "\"epoch\":4096", "epoch"),
        ("\"epoch\":1", "\"epoch\":-1", "epoch"),
        ("\"acked\":2", "\"acked\":5", "journal.acked"),
        ("\"head\":4", "\"head\":3", "journal.head"),
        ("\"head\":4", "\"head\":9223372036854775807", "journal.head"),
        ("\"incarnation\":1", "\"incarnation\":0", "incarnation"),
    ] {
        let request = ExchangeRequest::decode(&header_with(from, to)).unwrap();
        let (till, session) = (request.header.till, request.header.session.clone());
        let refused = check_exchange(&request, &till, &session);
        assert_eq!(refused, Err(Refusal::OutOfRange { field }), "{to}");
    }
}

#[test]
fn a_mac_covers_everything_that_could_be_changed() {
    let body = body();
    let signed = Signed { method: "POST", path: "/a", body: &body, session: "s" };
    let mac = signed.mac(b"secret");
    assert!(signed.verify(b"secret", &mac));
    assert!(!signed.verify(b"other", &mac));
    assert!(!signed.verify(b"secret", &mac[..62]));
    assert!(!signed.verify(b"secret", ""));
    assert!(!Signed { method: "GET", ..signed }.verify(b"secret", &mac));
    assert!(!Signed { path: "/b", ..signed }.verify(b"secret", &mac));
    assert!(!Signed { body: b"", ..signed }.verify(b"secret", &mac));
    assert!(!Signed { session: "t", ..signed }.verify(b"secret", &mac));
}

#[test]
fn a_frame_is_believed_only_whole() {
    let journal = Journal { till: TILL, incarnation: 1 };
    let signer = till_signer();
    let mut head = journal.start();
    let entries: Vec<_> = (0..3)
        .map(|n| {
            let bytes = format!("entry {n}").into_bytes();
            let frame = signer.frame(&journal, &head, &bytes);
            head = frame.head();
            daybook_sync::frame::FramedEntry { frame, bytes, sidecar: None }
        })
        .collect();
    let fault = |change: &dyn Fn(&mut daybook_sync::frame::FramedEntry)| {
        let mut entries = entries.clone();
        change(&mut entries[1]);
        let verified = verify_frames(&signer.public_key(), &journal, &entries);
        assert_eq!(verified.entries().len(), 1, "what comes before it holds");
        verified.bad().map(|bad| bad.fault)
    };
    assert_eq!(fault(&|entry| entry.bytes.push(0)), Some(FrameFault::Hash));
    assert_eq!(fault(&|entry| entry.frame.hash.0[0] ^= 1), Some(FrameFault::Hash));
    assert_eq!(fault(&|entry| entry.frame.sig.0[0] ^= 1), Some(FrameFault::Signature));
    assert_eq!(fault(&|entry| entry.frame.prev.0[0] ^= 1), Some(FrameFault::Prev));
    assert_eq!(fault(&|entry| entry.frame.seq = 5), Some(FrameFault::Sequence));
    let large = |entry: &mut daybook_sync::frame::FramedEntry| {
        entry.bytes = vec![0; ENTRY_BYTES_MAX + 1];
    };
    assert_eq!(fault(&large), Some(FrameFault::TooLarge));
    let other = Journal { incarnation: 2, ..journal };
    let verified = verify_frames(&signer.public_key(), &other, &entries);
    let bad = verified.bad().map(|bad| bad.fault);
    assert_eq!(bad, Some(FrameFault::Prev), "a journal begins at its own genesis");
}

#[test]
fn a_bad_frame_keeps_what_came_before_it() {
    let mut store = Store::new();
    let mut till = support::till::Till::new();
    till.sell(1);
    till.sell(1);
    let entries = &mut till.ledger.journals[0].entries;
    entries[1].frame.sig.0[5] ^= 1;
    let out = till.step(daybook_sync::client::Event::Wake);
    let support::till::Out::Exchange(_, body) = &out[0] else { panic!("an exchange") };
    let answer = store.exchange(body).unwrap();
    assert_eq!(
        answer.push.verdict,
        PushVerdict::BadFrame { at: 2, code: "sync.frame_signature".into() }
    );
    assert_eq!(answer.push.received_through, 1);
}

#[test]
fn a_future_cursor_and_an_old_epoch_refetch_and_still_deliver() {
    for (cursor_epoch, feed, reason) in
        [(1, 1 << 50, RefetchReason::Ahead), (0, 3, RefetchReason::Epoch)]
    {
        let mut store = Store::new();
        let mut till = support::till::Till::new();
        till.sell(2);
        till.ledger.cursor = Some(daybook_sync::message::Cursor {
            epoch: cursor_epoch,
            feed,
            digest: daybook_sync::hash::Hash([0; 32]),
            fill: None,
        });
        let out = till.step(daybook_sync::client::Event::Wake);
        let support::till::Out::Exchange(_, body) = &out[0] else { panic!("an exchange") };
        let answer = store.exchange(body).unwrap();
        assert_eq!(answer.pull, PullAnswer::Refetch { reason });
        assert_eq!(answer.push.received_through, 1, "the push does not wait for the pull");
    }
}

#[test]
fn a_newer_protocol_is_told_whatever_else_a_request_says() {
    let error = decode_request::<EnrolRequest>(br#"{"protocol":2,"ticket":"new"}"#);
    let error = error.expect_err("a newer protocol");
    assert_eq!((error.code(), error.status()), ("sync.protocol", 426));
    let error = decode_request::<EnrolRequest>(br#"{"protocol":1,"ticket":"new"}"#);
    assert_eq!(error.expect_err("no code").field(), Some("code"));
}

#[test]
fn a_slow_body_and_another_encoding_are_told_as_what_they_are() {
    let slow = Refusal::Slow { within_seconds: 120 };
    assert_eq!((slow.code(), slow.status(), slow.field()), ("sync.slow", 503, Some("body")));
    let encoding = Refusal::Encoding;
    let told = (encoding.code(), encoding.status(), encoding.field());
    assert_eq!(told, ("sync.encoding", 415, Some("content-encoding")));
}

#[test]
fn a_till_on_a_slow_line_sends_less_at_once() {
    let mut till = support::till::Till::new();
    for _ in 0..10 {
        till.sell(1);
    }
    let sent = |out: &[support::till::Out]| {
        let Some(support::till::Out::Exchange(attempt, body)) = out.first() else {
            panic!("an exchange")
        };
        (*attempt, ExchangeRequest::decode(body).unwrap().entries.len())
    };
    let (mut attempt, all) = sent(&till.step(Event::Wake));
    // Half as many as it may send, until that is fewer than it has.
    for half in 1..=8 {
        let failure = Failure::Refused {
            status: 503,
            retry_after_ms: None,
            code: Some("sync.slow".to_owned()),
        };
        till.step(Event::Failed(attempt, failure));
        let (next, entries) = sent(&till.step(Event::Urge));
        assert_eq!(entries, all.min(PUSH_ENTRIES_MAX >> half));
        attempt = next;
    }
}

#[test]
fn a_key_is_a_point_of_the_curve_in_its_one_spelling() {
    let mut one = [0; 32];
    one[0] = 1;
    let mut prime = [0xff; 32];
    (prime[0], prime[31]) = (0xee, 0x7f);
    for unsound in [[0; 32], one, [0xff; 32], prime, [2; 32]] {
        assert!(!PublicKey(unsound).is_sound(), "{unsound:?}");
    }
    assert!(till_signer().public_key().is_sound());
}

#[test]
fn a_blocked_till_still_delivers_and_hears_nothing() {
    let mut store = Store::new();
    let mut till = support::till::Till::new();
    store.blocked = true;
    till.sell(2);
    let out = till.step(daybook_sync::client::Event::Wake);
    let support::till::Out::Exchange(_, body) = &out[0] else { panic!("an exchange") };
    let answer = store.exchange(body).unwrap();
    assert_eq!(answer.push.verdict, PushVerdict::Blocked);
    assert_eq!((answer.push.received_through, answer.pull), (1, PullAnswer::Blocked));
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(body in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = ExchangeRequest::decode(&body);
        let _ = inflate(&body);
    }

    #[test]
    fn no_change_of_a_push_makes_anything_panic(
        at in 0..3000usize,
        byte in any::<u8>(),
    ) {
        let mut body = body();
        let at = at % body.len();
        body[at] = byte;
        if let Ok(request) = ExchangeRequest::decode(&body) {
            let journal = Journal { till: request.header.till, incarnation: 1 };
            let _ = verify_frames(&till_signer().public_key(), &journal, &request.entries);
        }
    }
}
