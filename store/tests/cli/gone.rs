//! Nobody reads what the program says: it goes on.

use crate::{PROGRAM, Server, run};
use serde_json::Value;
use std::fs::File;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn full() -> File {
    File::options().write(true).open("/dev/full").unwrap()
}

fn unread(data: &Path, args: &[&str]) -> Output {
    Command::new(PROGRAM)
        .args(args)
        .arg("--data")
        .arg(data)
        .arg("--json")
        .stdout(full())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
        .wait_with_output()
        .unwrap()
}

#[test]
fn an_answer_that_nobody_reads_ends_quietly_and_a_secret_goes_to_stderr() {
    let dir = tempfile::tempdir().unwrap();
    assert!(run(dir.path(), &["till", "list"]).status.success());
    let export = dir.path().join("out");
    for args in [
        &["till", "list"][..],
        &["verify"],
        &["reconcile"],
        &["export", export.to_str().unwrap()],
        &["api-key", "list"],
    ] {
        let output = unread(dir.path(), args);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(
            (output.status.code(), said.contains("panicked")),
            (Some(0), false),
            "{args:?}: {said}"
        );
    }
    let output = unread(dir.path(), &["api-key", "create", "shop"]);
    assert_eq!(output.status.code(), Some(0));
    let made: Value = serde_json::from_slice(&output.stderr).unwrap();
    assert!(made["key"].as_str().unwrap().starts_with("dbk_"));
}

#[test]
fn a_server_whose_log_cannot_be_written_works_on() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::of(
        Command::new(PROGRAM)
            .args(["serve", "--json", "--listen", "127.0.0.1:0", "--data"])
            .arg(dir.path())
            .stderr(full()),
    );
    // The schema is made unfit, so that the call is logged as an error.
    let connection = rusqlite::Connection::open(dir.path().join("store.db")).unwrap();
    connection.execute_batch("ALTER TABLE enrolment_code RENAME TO gone").unwrap();
    let body = r#"{"protocol":1,"code":"AAAA-BBBB-CCCC","public_key":"0000000000000000000000000000000000000000000000000000000000000000","install":"00000000-0000-0000-0000-000000000000","app":"x"}"#;
    for _ in 0..2 {
        let (status, answer) = server.post("/sync/v1/enrol", body);
        assert_eq!(
            (status, answer["error"]["code"].as_str()),
            (500, Some("sync.internal")),
            "{answer}"
        );
    }
}

#[test]
fn a_server_whose_stdout_is_gone_serves() {
    let dir = tempfile::tempdir().unwrap();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap().to_string();
    drop(free);
    let child = Command::new(PROGRAM)
        .args(["serve", "--listen", &address, "--data"])
        .arg(dir.path())
        .stdout(full())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut server = Server { child, address };
    let until = (0..600).find(|_| {
        if std::net::TcpStream::connect(&server.address).is_ok() {
            return true;
        }
        assert!(server.child.try_wait().unwrap().is_none(), "it ended");
        // The port opens when it opens.
        Command::new("sleep").arg("0.05").status().unwrap();
        false
    });
    assert!(until.is_some());
    assert_eq!(server.post("/nowhere", "").0, 404);
}
