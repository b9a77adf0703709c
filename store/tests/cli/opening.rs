//! Data that cannot be opened: the program says which and why, ends with another code than 0, and changes nothing.

use crate::{PROGRAM, error_code, run};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Output};

fn founded() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    assert!(run(dir.path(), &["till", "list"]).status.success());
    dir
}

fn refused(output: &Output, code: &str, path: &Path) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(4), "{said}");
    assert_eq!(error_code(output), code, "{said}");
    assert!(said.contains(path.to_str().unwrap()), "{said}");
}

#[test]
fn a_file_in_place_of_the_folder_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("data");
    std::fs::write(&file, "mine").unwrap();
    refused(&run(&file, &["till", "list"]), "store.folder", &file);
    refused(&run(&file, &["serve", "--listen", "127.0.0.1:0"]), "store.folder", &file);
    assert_eq!(std::fs::read(&file).unwrap(), b"mine");
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let dir = founded();
    let mode =
        |mode| std::fs::set_permissions(dir.path(), PermissionsExt::from_mode(mode)).unwrap();
    mode(0o555);
    let mut command = Command::new(PROGRAM);
    command.args(["serve", "--json", "--listen", "127.0.0.1:0", "--data"]).arg(dir.path());
    // Rights do not bind root: then it runs as nobody.
    if std::fs::metadata("/proc/self").unwrap().uid() == 0 {
        command.uid(65_534).gid(65_534);
    }
    match command.output() {
        Ok(output) => refused(&output, "store.folder", dir.path()),
        Err(error) => println!("SKIPPED: nobody cannot run the program: {error}"),
    }
    mode(0o755);
    assert!(run(dir.path(), &["verify"]).status.success());
}

#[test]
fn data_that_can_only_be_read_are_still_listed_and_backed_up() {
    let (dir, shelf) = (founded(), tempfile::tempdir().unwrap());
    let server = crate::Server::start(dir.path());
    let backup = shelf.path().join("backup.db");
    let mode = |path: &Path, mode| {
        std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
    };
    for entry in std::fs::read_dir(dir.path()).unwrap() {
        mode(&entry.unwrap().path(), 0o444);
    }
    mode(dir.path(), 0o555);
    mode(shelf.path(), 0o777);
    for args in [&["till", "list"][..], &["backup", backup.to_str().unwrap()]] {
        let mut command = Command::new(PROGRAM);
        command.args(args).arg("--data").arg(dir.path());
        // Rights do not bind root: then it runs as nobody.
        if std::fs::metadata("/proc/self").unwrap().uid() == 0 {
            command.uid(65_534).gid(65_534);
        }
        match command.output() {
            Ok(output) => {
                let said = String::from_utf8_lossy(&output.stderr);
                assert!(output.status.success(), "{args:?}: {said}");
            }
            Err(error) => println!("SKIPPED: nobody cannot run the program: {error}"),
        }
    }
    mode(dir.path(), 0o755);
    drop(server);
}

#[test]
fn a_file_that_is_no_database_is_named_and_left_alone() {
    let dir = founded();
    let file = dir.path().join("store.db");
    for part in ["store.db-wal", "store.db-shm"] {
        let _ = std::fs::remove_file(dir.path().join(part));
    }
    let rubbish = vec![b'x'; 10_000];
    std::fs::write(&file, &rubbish).unwrap();
    refused(&run(dir.path(), &["till", "list"]), "store.damaged", &file);
    refused(&run(dir.path(), &["serve", "--listen", "127.0.0.1:0"]), "store.damaged", &file);
    assert_eq!(std::fs::read(&file).unwrap(), rubbish);
}

#[test]
fn damage_inside_the_database_is_found_by_verify() {
    let dir = founded();
    let file = dir.path().join("store.db");
    let mut bytes = std::fs::read(&file).unwrap();
    let from = bytes.len() / 2;
    bytes[from..].fill(0xEE);
    std::fs::write(&file, &bytes).unwrap();
    let output = run(dir.path(), &["verify"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{said}");
    assert!(
        ["store.damaged", "store.corrupt_row"].contains(&error_code(&output).as_str()),
        "{said}"
    );
}

#[test]
fn a_newer_schema_is_refused_by_its_version() {
    let dir = founded();
    let file = dir.path().join("store.db");
    let connection = rusqlite::Connection::open(&file).unwrap();
    connection
        .execute(
            "INSERT INTO refinery_schema_history (version, name, applied_on, checksum)
             VALUES (999, 'of_tomorrow', '2026-11-22T00:00:00Z', '1')",
            [],
        )
        .unwrap();
    drop(connection);
    let output = run(dir.path(), &["serve", "--listen", "127.0.0.1:0"]);
    refused(&output, "store.migration", &file);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("999") && said.contains("newer"), "{said}");
}

#[test]
fn a_history_of_migrations_that_cannot_be_read_is_said() {
    for column in ["applied_on", "checksum"] {
        let dir = founded();
        let file = dir.path().join("store.db");
        let connection = rusqlite::Connection::open(&file).unwrap();
        let spoiled =
            format!("UPDATE refinery_schema_history SET {column} = 'x' WHERE version = 2");
        connection.execute(&spoiled, []).unwrap();
        drop(connection);
        refused(&run(dir.path(), &["till", "list"]), "store.corrupt_row", &file);
    }
}

#[test]
fn a_full_disk_is_said_and_a_later_start_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    for blocks in ["0", "8", "64"] {
        // No file may grow beyond so many blocks.
        let output = Command::new("sh")
            .args([
                "-c",
                "trap '' XFSZ; ulimit -f \"$1\"; shift; exec \"$@\"",
                "sh",
                blocks,
                PROGRAM,
            ])
            .args(["till", "list", "--json", "--data"])
            .arg(dir.path())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(4), "{blocks}: {said}");
        assert!(said.contains(dir.path().to_str().unwrap()), "{blocks}: {said}");
    }
    let later = run(dir.path(), &["verify"]);
    assert!(later.status.success(), "{}", String::from_utf8_lossy(&later.stderr));
}
