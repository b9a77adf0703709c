//! The program as a process: it serves on a free port, and its other commands work beside it.

#![expect(clippy::unwrap_used, reason = "a test fails where it stands")]

#[path = "cli/bad_input.rs"]
mod bad_input;
#[path = "cli/gone.rs"]
mod gone;
#[path = "cli/guests.rs"]
mod guests;
#[path = "cli/opening.rs"]
mod opening;
#[path = "cli/restoring.rs"]
mod restoring;

use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

const PROGRAM: &str = env!("CARGO_BIN_EXE_daybook-store");

struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(data: &Path) -> Self {
        let args = ["serve", "--json", "--listen", "127.0.0.1:0", "--data"];
        Self::of(Command::new(PROGRAM).args(args).arg(data).stderr(Stdio::null()))
    }

    /// Runs a command that serves, and waits until it says where.
    fn of(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let said: Value = serde_json::from_str(&line).unwrap();
        Self { child, address: said["listening"].as_str().unwrap().to_owned() }
    }

    fn post(&self, path: &str, body: &str) -> (u16, Value) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(
            stream,
            "POST {path} HTTP/1.1\r\nHost: store\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        let body = answer.split_once("\r\n\r\n").unwrap().1;
        (status, serde_json::from_str(body).unwrap_or(Value::Null))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

fn run(data: &Path, args: &[&str]) -> Output {
    Command::new(PROGRAM).args(args).arg("--data").arg(data).arg("--json").output().unwrap()
}

fn error_code(output: &Output) -> String {
    let error: Value = serde_json::from_slice(&output.stderr).unwrap();
    error["error"]["code"].as_str().unwrap().to_owned()
}

#[test]
fn a_server_answers_while_commands_run_beside_it() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let refused = run(dir.path(), &["till", "code", "--location", "nowhere"]);
    assert_eq!(
        (refused.status.code(), error_code(&refused).as_str()),
        (Some(3), "location.unknown")
    );
    let body = r#"{"protocol":1,"code":"AAAA-BBBB-CCCC","public_key":"0000000000000000000000000000000000000000000000000000000000000000","install":"00000000-0000-0000-0000-000000000000","app":"x"}"#;
    let (status, answer) = server.post("/sync/v1/enrol", body);
    assert_eq!((status, answer["error"]["code"].as_str()), (403, Some("sync.code_unknown")));
    let (status, answer) = server.post("/sync/v1/enrol", "{");
    assert_eq!(status, 400, "{answer}");
    let (status, answer) = server.post("/sync/v1/exchange", "");
    assert_eq!((status, answer["error"]["code"].as_str()), (401, Some("sync.missing_header")));
    assert!(run(dir.path(), &["verify"]).status.success());
}

#[test]
fn a_restore_is_asked_for_by_name_and_begins_a_new_epoch() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("backup.db");
    let server = Server::start(dir.path());
    let backup = run(dir.path(), &["backup", file.to_str().unwrap()]);
    assert!(backup.status.success(), "{}", String::from_utf8_lossy(&backup.stderr));
    let running = run(dir.path(), &["restore", file.to_str().unwrap(), "--accept-restore"]);
    assert_eq!(
        (running.status.code(), error_code(&running).as_str()),
        (Some(3), "restore.running")
    );
    drop(server);
    let unsure = run(dir.path(), &["restore", file.to_str().unwrap()]);
    assert_eq!(
        (unsure.status.code(), error_code(&unsure).as_str()),
        (Some(2), "restore.not_accepted")
    );
    let restored = run(dir.path(), &["restore", file.to_str().unwrap(), "--accept-restore"]);
    let answer: Value = serde_json::from_slice(&restored.stdout).unwrap();
    assert_eq!((answer["epoch"].as_i64(), answer["series"].as_str()), (Some(2), Some("W2")));
    // Someone puts the old file back by hand.
    std::fs::copy(&file, dir.path().join("store.db")).unwrap();
    for part in ["store.db-wal", "store.db-shm"] {
        let _ = std::fs::remove_file(dir.path().join(part));
    }
    let behind = run(dir.path(), &["till", "list"]);
    assert_eq!(
        (behind.status.code(), error_code(&behind).as_str()),
        (Some(4), "store.behind_witness")
    );
}

#[test]
fn plain_http_stays_on_this_machine() {
    let dir = tempfile::tempdir().unwrap();
    let refused = run(dir.path(), &["serve", "--listen", "0.0.0.0:0"]);
    assert_eq!(
        (refused.status.code(), error_code(&refused).as_str()),
        (Some(2), "listen.plain_http")
    );
}

#[test]
fn a_reader_that_has_gone_away_stops_no_command() {
    let dir = tempfile::tempdir().unwrap();
    let shop = concat!(env!("CARGO_MANIFEST_DIR"), "/../sample-shop");
    let data = dir.path().join("data");
    for args in [&["import", shop][..], &["import", "/nowhere"], &["verify"]] {
        let mut child = Command::new(PROGRAM)
            .args(args)
            .arg("--data")
            .arg(&data)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop((child.stdout.take(), child.stderr.take()));
        let expected = if args[1..] == ["/nowhere"] { 2 } else { 0 };
        assert_eq!(child.wait().unwrap().code(), Some(expected), "{args:?}");
    }
}
