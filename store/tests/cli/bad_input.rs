//! Bad input over the wire to the running program: a typed refusal or verdict, and the server goes on.

use crate::{Server, run};
use daybook_store::args;
use daybook_store::clock::SystemClock;
use daybook_store::db::DbError;
use daybook_store::open::{Place, Store};
use daybook_sync::auth::{
    HEADER_KEY, HEADER_MAC, HEADER_SESSION, HEADER_TILL, PATH_EXCHANGE, Signed,
};
use daybook_sync::frame::{FramedEntry, Head, Journal, Signer};
use daybook_sync::hash::Hash;
use daybook_sync::limits::PROTOCOL;
use daybook_sync::message::{Cursor, ExchangeHeader, JournalStatus, PageLimits};
use daybook_sync::wire::{ExchangeRequest, deflate};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::Path;
use std::sync::Arc;
use uuid::Uuid;

struct Wire {
    server: Server,
    dir: tempfile::TempDir,
    till: Uuid,
    session: String,
    key: String,
    secret: Vec<u8>,
    signer: Signer,
    entries: Vec<FramedEntry>,
}

type Answer = (u16, Value);

impl Wire {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        put_location(dir.path());
        let server = Server::start(dir.path());
        let made = run(dir.path(), &["till", "code", "--location", "shop"]);
        let code: Value = serde_json::from_slice(&made.stdout).unwrap();
        let signer = Signer::from_seed(&[9; 32]);
        let body = json!({
            "protocol": 1, "code": code["code"], "public_key": signer.public_key(), "install": Uuid::nil(), "app": "test",
        });
        let (status, answer) = server.post("/sync/v1/enrol", &body.to_string());
        assert_eq!(status, 200, "{answer}");
        let text = |name: &str| answer[name].as_str().unwrap().to_owned();
        let mut wire = Self {
            till: text("till").parse().unwrap(),
            session: text("session"),
            key: text("key_id"),
            secret: hex::decode(text("secret")).unwrap(),
            server,
            dir,
            signer,
            entries: Vec::new(),
        };
        wire.write(b"not an entry, but bytes");
        wire
    }

    fn journal(&self) -> Journal {
        Journal { till: self.till, incarnation: 1 }
    }

    fn head(&self) -> Head {
        self.entries.last().map_or(self.journal().start(), |entry| entry.frame.head())
    }

    fn write(&mut self, bytes: &[u8]) {
        let frame = self.signer.frame(&self.journal(), &self.head(), bytes);
        self.entries.push(FramedEntry { frame, bytes: bytes.to_vec(), sidecar: None });
    }

    fn request(&self) -> ExchangeRequest {
        let head = self.head();
        ExchangeRequest {
            header: ExchangeHeader {
                protocol: PROTOCOL,
                till: self.till,
                incarnation: 1,
                session: self.session.clone(),
                epoch: 1,
                journal: JournalStatus {
                    incarnation: 1,
                    head: head.seq,
                    head_hash: head.hash,
                    acked: 0,
                },
                cursor: None,
                requests: Vec::new(),
                page: PageLimits::default(),
                entries: self.entries.len(),
            },
            entries: self.entries.clone(),
        }
    }

    fn headers(&self, body: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
        let signed = Signed { method: "POST", path: PATH_EXCHANGE, body, session: &self.session };
        vec![
            (HEADER_TILL, self.till.to_string().into_bytes()),
            (HEADER_KEY, self.key.clone().into_bytes()),
            (HEADER_SESSION, self.session.clone().into_bytes()),
            (HEADER_MAC, signed.mac(&self.secret).into_bytes()),
        ]
    }

    fn send(&self, body: &[u8]) -> Answer {
        self.send_with(body, &self.headers(body))
    }

    fn send_with(&self, body: &[u8], headers: &[(&str, Vec<u8>)]) -> Answer {
        let mut stream = TcpStream::connect(&self.server.address).unwrap();
        let mut head = format!(
            "POST {PATH_EXCHANGE} HTTP/1.1\r\nHost: store\r\nConnection: close\r\nContent-Length: {}\r\n",
            body.len()
        )
        .into_bytes();
        for (name, value) in headers {
            head.extend_from_slice(name.as_bytes());
            head.extend_from_slice(b": ");
            head.extend_from_slice(value);
            head.extend_from_slice(b"\r\n");
        }
        head.extend_from_slice(b"\r\n");
        stream.write_all(&head).unwrap();
        stream.write_all(body).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        let body = answer.split_once("\r\n\r\n").unwrap().1;
        (status, serde_json::from_str(body).unwrap_or(Value::Null))
    }

    /// The header of one request, changed.
    fn changed(&self, change: impl FnOnce(&mut ExchangeHeader)) -> Answer {
        let mut request = self.request();
        change(&mut request.header);
        self.send(&request.encode())
    }

    /// The server still takes what is right.
    fn is_alive(&self) {
        let (status, answer) = self.send(&self.request().encode());
        assert_eq!(
            (status, answer["push"]["verdict"].as_str()),
            (200, Some("accepted")),
            "{answer}"
        );
        assert_eq!(answer["push"]["received_through"], 1);
    }

    fn refuses(&self, what: &str, answer: &Answer, status: u16, code: &str) {
        let (found, body) = answer;
        assert_eq!(
            (*found, body["error"]["code"].as_str()),
            (status, Some(code)),
            "{what}: {body}"
        );
        assert!(!body["error"]["message"].as_str().unwrap().is_empty(), "{what}");
        self.is_alive();
    }
}

fn put_location(data: &Path) {
    let place = Place { data: data.to_owned(), database: None };
    let store = Store::open(&place, Arc::new(SystemClock)).unwrap();
    let put: Result<u64, DbError> = store.gate.write(|tx| {
        let tenant = tx.tenant();
        tx.execute(
            "INSERT INTO location (tenant_id, location_id, kind, seller) VALUES ($1, 'shop', 'shop', '{\"name\":\"Shop\"}')",
            args![tenant],
        )
    });
    put.unwrap();
}

#[test]
fn a_body_that_is_not_as_it_should_be_is_refused_by_its_code() {
    let wire = Wire::new();
    let whole = wire.request().encode();
    let short = &whole[..whole.len() - 5];
    wire.refuses("cut in an entry", &wire.send(short), 400, "sync.truncated");
    wire.refuses("empty", &wire.send(b""), 400, "sync.truncated");
    wire.refuses("more", &wire.send(&[&whole[..], b"x"].concat()), 400, "sync.trailing_bytes");
    wire.refuses("no JSON", &wire.send(b"{\n"), 400, "sync.bad_json");
    wire.refuses("no UTF-8", &wire.send(b"{\"protocol\":\"\xff\"}\n"), 400, "sync.not_utf8");
    let long = [vec![b' '; 140_000], b"\n".to_vec()].concat();
    wire.refuses("a long line", &wire.send(&long), 400, "sync.line_too_long");
    let many = wire.changed(|header| header.entries = 501);
    wire.refuses("501 entries", &many, 413, "sync.too_many");
    let later = wire.changed(|header| header.protocol = 2);
    wire.refuses("a later protocol", &later, 426, "sync.protocol");
    let range = wire.changed(|header| header.epoch = 4_096);
    wire.refuses("epoch", &range, 400, "sync.out_of_range");
    let range = wire.changed(|header| header.journal.acked = 2);
    wire.refuses("acked above head", &range, 400, "sync.out_of_range");
}

#[test]
fn a_path_or_method_that_is_not_there_is_refused_by_its_code() {
    let wire = Wire::new();
    let ask = |method: &str, path: &str| {
        let mut stream = TcpStream::connect(&wire.server.address).unwrap();
        write!(stream, "{method} {path} HTTP/1.1\r\nHost: store\r\nConnection: close\r\n\r\n")
            .unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (head.to_lowercase(), (status, serde_json::from_str(body).unwrap_or(Value::Null)))
    };
    let (_, answer) = ask("POST", "/sync/v1/exchang");
    wire.refuses("no such path", &answer, 404, "sync.unknown_path");
    let (_, answer) = ask("POST", "/sync/v2/exchange");
    wire.refuses("a later version", &answer, 404, "sync.unknown_path");
    let (head, answer) = ask("GET", PATH_EXCHANGE);
    wire.refuses("GET", &answer, 405, "sync.method");
    assert!(head.contains("allow: post"), "{head}");
    let (_, answer) = ask("GET", "/nowhere");
    wire.refuses("no such path of the shop", &answer, 404, "request.unknown_path");
    let (head, answer) = ask("DELETE", "/orders");
    wire.refuses("DELETE", &answer, 405, "request.method");
    assert!(head.contains("allow:"), "{head}");
}

#[test]
fn compressed_bodies_are_read_up_to_their_limit() {
    let wire = Wire::new();
    let send = |body: &[u8]| {
        let mut headers = wire.headers(body);
        headers.push(("content-encoding", b"gzip".to_vec()));
        wire.send_with(body, &headers)
    };
    let bomb = deflate(&vec![b'x'; 64 << 20]);
    assert!(bomb.len() < 1 << 20, "it is small on the wire");
    wire.refuses("a bomb", &send(&bomb), 413, "sync.body_too_large");
    let whole = deflate(&wire.request().encode());
    wire.refuses("cut off", &send(&whole[..whole.len() / 2]), 400, "sync.bad_gzip");
    wire.refuses("no gzip", &send(b"plain"), 400, "sync.bad_gzip");
    assert_eq!(send(&whole).0, 200);
}

#[test]
fn who_sends_must_be_proved() {
    let wire = Wire::new();
    let body = wire.request().encode();
    let with = |name: &str, value: &[u8]| {
        let mut headers = wire.headers(&body);
        for header in &mut headers {
            if header.0 == name {
                header.1 = value.to_vec();
            }
        }
        wire.send_with(&body, &headers)
    };
    wire.refuses("MAC", &with(HEADER_MAC, "0".repeat(64).as_bytes()), 401, "sync.bad_mac");
    wire.refuses("no hex", &with(HEADER_MAC, b"zz"), 401, "sync.bad_mac");
    wire.refuses("key", &with(HEADER_KEY, b"0000000000000000"), 401, "sync.unknown_key");
    let nobody = Uuid::from_u128(1).to_string();
    wire.refuses("till", &with(HEADER_TILL, nobody.as_bytes()), 401, "sync.unknown_key");
    wire.refuses("no id", &with(HEADER_TILL, b"till"), 401, "sync.missing_header");
    wire.refuses("no UTF-8", &with(HEADER_SESSION, b"\xff\xfe"), 401, "sync.missing_header");
    wire.refuses("session", &with(HEADER_SESSION, b"other"), 401, "sync.bad_mac");
    let other = wire.changed(|header| header.session = "other".to_owned());
    wire.refuses("another session in the body", &other, 400, "sync.wrong_session");
    let other = wire.changed(|header| header.till = Uuid::from_u128(1));
    wire.refuses("another till in the body", &other, 403, "sync.wrong_till");
    wire.refuses("no headers", &wire.send_with(&body, &[]), 401, "sync.missing_header");
}

#[test]
fn a_strange_cursor_epoch_or_session_is_a_verdict_and_the_entries_are_taken() {
    let mut wire = Wire::new();
    let cursor = |epoch, feed| Cursor { epoch, feed, digest: Hash([1; 32]), fill: None };
    let (status, answer) = wire.changed(|header| header.cursor = Some(cursor(1, (1 << 41) - 1)));
    assert_eq!((status, answer["pull"]["reason"].as_str()), (200, Some("ahead")), "{answer}");
    assert_eq!(answer["push"]["verdict"], "accepted");
    let (status, answer) = wire.changed(|header| header.cursor = Some(cursor(9, 9 << 40)));
    assert_eq!((status, answer["pull"]["reason"].as_str()), (200, Some("epoch")), "{answer}");
    let (status, answer) = wire.changed(|header| header.epoch = 0);
    assert_eq!((status, answer["epoch"].as_i64()), (200, Some(1)), "{answer}");
    wire.is_alive();
    wire.session = "of an old copy".to_owned();
    let (status, answer) = wire.send(&wire.request().encode());
    assert_eq!((status, answer["push"]["verdict"].as_str()), (200, Some("recover")), "{answer}");
    assert_eq!(answer["push"]["reason"], "session");
}

#[test]
fn bodies_that_never_arrive_keep_no_till_out() {
    let wire = Wire::new();
    let hang = |path: &str, length: usize| {
        let mut stream = TcpStream::connect(&wire.server.address).unwrap();
        let head =
            format!("POST {path} HTTP/1.1\r\nHost: store\r\nContent-Length: {length}\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        stream
    };
    let hanging: Vec<TcpStream> = (0..300)
        .map(|n| if n < 260 { hang("/sync/v1/enrol", 100) } else { hang(PATH_EXCHANGE, 100) })
        .collect();
    wire.is_alive();
    let mut stranger = hang(PATH_EXCHANGE, 4 << 20);
    let mut answer = String::new();
    stranger.read_to_string(&mut answer).unwrap();
    assert!(answer.contains("sync.missing_header"), "{answer}");
    drop(hanging);
}

#[test]
fn what_is_wrong_with_a_call_of_the_shop_is_told_by_code_and_field() {
    let wire = Wire::new();
    let made = run(wire.dir.path(), &["api-key", "create", "shop"]);
    let made: Value = serde_json::from_slice(&made.stdout).unwrap();
    let ask = |method: &str, path: &str, body: &str| -> Answer {
        let mut stream = TcpStream::connect(&wire.server.address).unwrap();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: store\r\nConnection: close\r\nAuthorization: Bearer {}\r\nContent-Length: {}\r\n\r\n",
            made["key"].as_str().unwrap(),
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        // The answer may come before all of it was sent.
        let _ = stream.write_all(body.as_bytes());
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let status = text.split(' ').nth(1).unwrap().parse().unwrap();
        let body = text.split_once("\r\n\r\n").unwrap().1;
        (status, serde_json::from_str(body).unwrap_or(Value::Null))
    };
    let id = Uuid::nil();
    let large = " ".repeat(300_000);
    let nul = format!(r#"{{"id":"{id}","card_number":"4242\u0000"}}"#);
    for (method, path, body, status, code, field) in [
        ("GET", "/orders/no-id".to_owned(), "", 422, "request.field", json!("id")),
        ("GET", "/orders/%ff".to_owned(), "", 400, "request.path", Value::Null),
        ("GET", "/orders/no-id/documents/1/pdf".to_owned(), "", 422, "request.field", json!("id")),
        ("POST", "/orders/no-id/cancel".to_owned(), "", 422, "request.field", json!("id")),
        ("GET", "/orders?limit=many".to_owned(), "", 422, "request.field", json!("limit")),
        ("GET", "/orders?before_ms=1.5".to_owned(), "", 422, "request.field", json!("before_ms")),
        (
            "GET",
            "/products/A/stock/check?location=%20".to_owned(),
            "",
            422,
            "request.field",
            json!("location"),
        ),
        ("POST", "/orders".to_owned(), "{", 400, "request.json", Value::Null),
        ("POST", "/orders".to_owned(), &large, 413, "request.too_large", Value::Null),
        ("GET", "/orders?state=%00".to_owned(), "", 422, "request.field", json!("state")),
        (
            "GET",
            format!("/orders/{id}/documents/%00/pdf"),
            "",
            422,
            "request.field",
            json!("number"),
        ),
        (
            "POST",
            "/orders".to_owned(),
            r#"{"id":"00000000-0000-0000-0000-000000000000","lines":[{"sku":"A","quantity_milli":"many"}]}"#,
            422,
            "request.field",
            json!("lines[0].quantity_milli"),
        ),
        (
            "POST",
            "/orders".to_owned(),
            r#"{"id":"00000000-0000-0000-0000-000000000000","lines":[{"sku":"A"}]}"#,
            422,
            "request.field",
            json!("lines[0].quantity_milli"),
        ),
        (
            "POST",
            "/orders".to_owned(),
            r#"{"id":"00000000-0000-0000-0000-000000000000","lines":[],"shipping_address":{"name":"M","city":"B"}}"#,
            422,
            "request.field",
            json!("shipping_address.city"),
        ),
        ("POST", "/orders".to_owned(), "{}", 422, "request.field", json!("id")),
        ("POST", "/orders".to_owned(), r#"{"id":7,"lines":[]}"#, 422, "request.field", json!("id")),
        ("POST", "/orders".to_owned(), "[]", 422, "request.field", Value::Null),
        ("POST", "/orders".to_owned(), "{} {}", 422, "request.field", json!("id")),
        ("POST", format!("/orders/{id}/cancel"), "{} {}", 400, "request.json", Value::Null),
        ("POST", format!("/orders/{id}/pay"), &nul, 400, "request.json", Value::Null),
        ("GET", format!("/orders/{id}"), "", 404, "order.unknown", json!("order")),
    ] {
        let answer = ask(method, &path, body);
        wire.refuses(&path, &answer, status, code);
        assert_eq!(answer.1["error"]["field"], field, "{path}");
    }
    assert_eq!(ask("GET", "/orders?limit=5", "").0, 200);
}

#[test]
fn a_small_call_has_a_small_body() {
    let wire = Wire::new();
    let large = format!("{{\"protocol\":1{}}}", " ".repeat(20_000));
    let answer = wire.server.post("/sync/v1/enrol", &large);
    wire.refuses("20 kB", &answer, 413, "sync.body_too_large");
}

#[test]
fn a_connection_that_breaks_off_leaves_the_server_alone() {
    let wire = Wire::new();
    for sent in [
        "",
        "POST",
        "POST /sync/v1/exchange HTTP/1.1\r\nHost: store\r\nContent-Length: 99\r\n\r\nshort",
    ] {
        let mut stream = TcpStream::connect(&wire.server.address).unwrap();
        stream.write_all(sent.as_bytes()).unwrap();
        stream.shutdown(Shutdown::Both).unwrap();
        wire.is_alive();
    }
    assert!(run(wire.dir.path(), &["verify"]).status.success());
}
