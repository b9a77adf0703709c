//! A till in another language, written from the document alone, against the protocol code over real HTTP.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use daybook_sync::auth::{PATH_ENROL, PATH_ENTRIES, PATH_EXCHANGE, PATH_INCARNATION, Signed};
use daybook_sync::hash::Hash;
use daybook_sync::message::{EnrolAnswer, EnrolRequest, EntriesRequest, NewKey};
use daybook_sync::refusal::Refusal;
use daybook_sync::wire::{decode_json, encode_json, inflate};
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use support::store::Store;
use support::{ON_HAND, TENANT, TILL, store_signer};

const SECRET: [u8; 32] = [5; 32];

/// Serves the store in memory; every third answer is cut off after the store has committed.
fn serve(store: Arc<Mutex<Store>>, faults: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for (count, stream) in listener.incoming().enumerate() {
            let lose = faults && count % 3 == 2;
            handle(&mut store.lock().unwrap(), stream.unwrap(), lose);
        }
    });
    address
}

fn handle(store: &mut Store, mut stream: TcpStream, lose: bool) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let Some((name, value)) = line.split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let header = |name: &str| headers.get(name).cloned().unwrap_or_default();
    let mut body = vec![0; header("content-length").parse().unwrap()];
    reader.read_exact(&mut body).unwrap();
    let session = header("daybook-session");
    let signed = Signed { method: "POST", path: &path, body: &body, session: &session };
    let allowed = path == PATH_ENROL || signed.verify(&SECRET, &header("daybook-mac"));
    let plain =
        if header("content-encoding") == "gzip" { inflate(&body) } else { Ok(body.clone()) };
    let answer = match plain {
        Err(error) => Err(error.into()),
        Ok(_) if !allowed => Err(Refusal::BadMac),
        Ok(plain) => answer(store, &path, &plain),
    };
    if lose {
        return;
    }
    let (status, body) = match answer {
        Ok(body) => (200, body),
        Err(refusal) => (refusal.status(), encode_json(&refusal.body())),
    };
    let head = format!(
        "HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&body).unwrap();
}

fn answer(store: &mut Store, path: &str, body: &[u8]) -> Result<Vec<u8>, Refusal> {
    store.now_ms += 1;
    match path {
        PATH_ENROL => {
            let ask: EnrolRequest = decode_json(body)?;
            if ask.code != "GOOD" {
                return Err(Refusal::CodeUnknown);
            }
            store.key = ask.public_key;
            Ok(encode_json(&EnrolAnswer {
                protocol: 1,
                tenant: TENANT,
                till: TILL,
                till_code: "T1".into(),
                location: "shop".into(),
                incarnation: 1,
                session: "s0".into(),
                epoch: store.epoch,
                key: NewKey { key_id: "k1".into(), secret: Hash(SECRET) },
                store_public_key: store_signer().public_key(),
                now_ms: store.now_ms,
                held: vec![],
            }))
        }
        PATH_EXCHANGE => store.exchange(body).map(|answer| encode_json(&answer)),
        PATH_INCARNATION => Ok(encode_json(&store.incarnation(&decode_json(body)?))),
        PATH_ENTRIES => {
            let ask: EntriesRequest = decode_json(body)?;
            store.entries(ask.incarnation, ask.after).map(|answer| answer.encode())
        }
        other => panic!("no such path {other}"),
    }
}

struct Python {
    store: String,
    data: tempfile::TempDir,
}

impl Python {
    fn till(&self, args: &[&str]) -> serde_json::Value {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/conformance/till.py");
        let output = Command::new("python3")
            .arg(script)
            .args(["--data", self.data.path().to_str().unwrap(), "--store", &self.store])
            .args(args)
            .output()
            .expect("python3 is installed");
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(
            output.status.success(),
            "{args:?}: {text}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        serde_json::from_str(&text).unwrap()
    }

    fn file(&self, name: &str) -> String {
        self.data.path().join(name).to_str().unwrap().to_owned()
    }
}

fn python(store: &Arc<Mutex<Store>>, faults: bool) -> Python {
    Python { store: serve(Arc::clone(store), faults), data: tempfile::tempdir().unwrap() }
}

#[test]
fn a_till_in_another_language_computes_the_released_bytes() {
    let till = Python { store: String::new(), data: tempfile::tempdir().unwrap() };
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden");
    let answer = till.till(&["selftest", golden.to_str().unwrap()]);
    assert_eq!(answer["selftest"], "passed");
}

#[test]
fn a_till_in_another_language_sells_through_lost_answers_restores_and_forks() {
    let store = Arc::new(Mutex::new(Store::new()));
    let till = python(&store, true);
    till.till(&["enrol", "GOOD"]);
    till.till(&["sell", "A", "2000", "--price-minor", "500"]);
    till.till(&["poison"]);
    till.till(&["lease", "A", "1000"]);
    let synced = till.till(&["sync"]);
    assert_eq!(synced["settled"], true, "{synced}");
    assert_eq!(synced["outcomes"].as_array().unwrap().len(), 1, "{synced}");
    assert_eq!(store.lock().unwrap().level_now(), ON_HAND - 2000);

    // A copied disk: the backup goes on where the original went on as well.
    till.till(&["backup", &till.file("morning")]);
    till.till(&["sell", "A", "3000", "--price-minor", "500"]);
    till.till(&["sync"]);
    till.till(&["restore", &till.file("morning"), "--unnoticed"]);
    till.till(&["sell", "A", "4000", "--price-minor", "500"]);
    let forked = till.till(&["sync"]);
    let verdicts = forked["verdicts"].to_string();
    assert!(verdicts.contains("fork"), "{verdicts}");
    assert_eq!(forked["incarnation"], 2, "{forked}");
    assert_eq!(forked["foreign"], 1, "what the store has and the copy lacks is fetched: {forked}");
    assert_eq!(store.lock().unwrap().journals[&1].branches.len(), 1, "both histories are kept");

    // The store goes back to an empty day; the till pushes all of it again.
    {
        let mut store = store.lock().unwrap();
        let (tokens, key) = (store.tokens, store.key);
        *store = Store { tokens, key, epoch: 2, ..Store::new() };
    }
    let again = till.till(&["sync"]);
    assert_eq!(again["epoch"], 2, "{again}");
    assert_eq!(again["settled"], true, "{again}");

    // A restore that is noticed begins a new incarnation before the first sale.
    till.till(&["restore", &till.file("morning")]);
    till.till(&["sell", "A", "1000", "--price-minor", "500"]);
    let restored = till.till(&["sync"]);
    assert!(restored["incarnation"].as_i64().unwrap() > 2, "{restored}");
    assert_eq!(restored["settled"], true, "{restored}");
}

#[test]
fn a_till_in_another_language_is_told_what_is_wrong() {
    let store = Arc::new(Mutex::new(Store::new()));
    let till = python(&store, false);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/conformance/till.py");
    let output = Command::new("python3")
        .arg(script)
        .args([
            "--data",
            till.data.path().to_str().unwrap(),
            "--store",
            &till.store,
            "enrol",
            "BAD",
        ])
        .output()
        .expect("python3 is installed");
    assert_eq!(output.status.code(), Some(2));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("sync.code_unknown"), "{text}");
}
