//! Clients that say nothing: they are sent away, and keep nobody out.

use crate::{PROGRAM, Server};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::Duration;

/// More than any limit of the server: then the test fails.
const TOO_LONG: Duration = Duration::from_secs(60);

fn say(server: &Server, words: &str) -> TcpStream {
    let mut stream = TcpStream::connect(&server.address).unwrap();
    stream.set_read_timeout(Some(TOO_LONG)).unwrap();
    stream.write_all(words.as_bytes()).unwrap();
    stream
}

fn heard(mut stream: TcpStream) -> String {
    let mut text = Vec::new();
    match stream.read_to_end(&mut text) {
        Err(error) if error.kind() != std::io::ErrorKind::ConnectionReset => panic!("{error}"),
        Ok(_) | Err(_) => String::from_utf8(text).unwrap(),
    }
}

#[test]
fn who_says_nothing_is_sent_away() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let silent = [
        "",
        "POST /or",
        "GET /orders HTTP/1.1\r\nHost: x\r\nX-A: b",
        "GET /health HTTP/1.1\r\nHost: x\r\n\r\n",
        "POST /orders HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{",
        "POST /sync/v1/enrol HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{",
        "POST /sync/v1/exchange HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{",
    ];
    let open: Vec<TcpStream> = silent.iter().map(|words| say(&server, words)).collect();
    let heard: Vec<String> = open.into_iter().map(heard).collect();
    assert!(heard[3].contains("200 OK"), "{}", heard[3]);
    assert!(heard[4].contains("request.timeout"), "{}", heard[4]);
}

#[test]
fn a_body_that_is_said_to_be_too_large_is_refused_before_it_comes() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    for (path, code) in [
        ("/orders", "request.too_large"),
        ("/orders/00000000-0000-0000-0000-000000000000/pay", "request.too_large"),
        ("/sync/v1/enrol", "sync.body_too_large"),
        ("/sync/v1/exchange", "sync.body_too_large"),
    ] {
        let head =
            format!("POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n");
        let answer = heard(say(&server, &head));
        assert!(answer.contains(" 413 ") && answer.contains(code), "{path}: {answer}");
    }
}

#[test]
fn more_silent_clients_than_files_keep_nobody_out() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::of(
        Command::new("sh")
            .args(["-c", "ulimit -n 160; exec \"$@\"", "sh", PROGRAM])
            .args(["serve", "--json", "--listen", "127.0.0.1:0", "--data"])
            .arg(dir.path())
            .stderr(Stdio::null()),
    );
    let silent: Vec<TcpStream> = (0..300)
        .map(|n| say(&server, if n % 2 == 0 { "" } else { "GET /health HTTP/1.1\r\nHost: x\r\n" }))
        .collect();
    let answer =
        heard(say(&server, "GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
    assert!(answer.contains("200 OK"), "{answer}");
    drop(silent);
}
