//! Backup and restore as a process: nothing is written over, and nothing is half put in place.

use crate::{PROGRAM, Server, error_code, run};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A store that was backed up and went on, and the backup.
struct Kept {
    dir: tempfile::TempDir,
    backup: PathBuf,
    /// Outside of the data, for backups.
    shelf: tempfile::TempDir,
}

impl Kept {
    fn new() -> Self {
        let (dir, shelf) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let backup = shelf.path().join("backup.db");
        key(dir.path(), "before");
        done(&run(dir.path(), &["backup", backup.to_str().unwrap()]));
        key(dir.path(), "after");
        drop(Server::start(dir.path()));
        Self { dir, backup, shelf }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn restore(&self, file: &Path) -> Output {
        run(self.dir.path(), &["restore", file.to_str().unwrap(), "--accept-restore"])
    }

    fn refuses(&self, file: &Path, exit: i32, code: &str) {
        let refused = self.restore(file);
        assert_eq!((refused.status.code(), error_code(&refused).as_str()), (Some(exit), code));
        assert_eq!(keys(self.dir.path()), ["before", "after"], "{code}: the data are as they were");
        assert!(!self.file("store.db.before-restore").exists(), "{code}");
        assert!(!self.file("store.db.next").exists(), "{code}");
    }
}

/// Something to know the data by.
fn key(data: &Path, name: &str) {
    done(&run(data, &["api-key", "create", name]));
}

fn done(output: &Output) {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn keys(data: &Path) -> Vec<String> {
    let listed = run(data, &["api-key", "list"]);
    done(&listed);
    let lines = String::from_utf8(listed.stdout).unwrap();
    let name = |line: &str| {
        let key: Value = serde_json::from_str(line).unwrap();
        key["name"].as_str().unwrap().to_owned()
    };
    lines.lines().map(name).collect()
}

/// The names of the keys in a file that nobody opens as a store.
fn keys_in(file: &Path) -> Vec<String> {
    let connection = rusqlite::Connection::open(file).unwrap();
    let mut statement =
        connection.prepare("SELECT name FROM api_key ORDER BY created_at_ms").unwrap();
    let names = statement.query_map([], |row| row.get(0)).unwrap();
    names.map(Result::unwrap).collect()
}

#[test]
fn what_is_no_backup_of_this_store_moves_nothing() {
    let kept = Kept::new();
    let shelf = |name: &str| kept.shelf.path().join(name);
    std::fs::write(shelf("rubbish"), vec![b'x'; 10_000]).unwrap();
    std::fs::write(shelf("empty"), "").unwrap();
    kept.refuses(&shelf("rubbish"), 2, "restore.not_a_store");
    kept.refuses(&shelf("empty"), 2, "restore.not_a_store");
    kept.refuses(&shelf("nowhere"), 2, "restore.file");
    kept.refuses(kept.shelf.path(), 2, "restore.not_a_store");
    let cut = std::fs::read(&kept.backup).unwrap();
    std::fs::write(shelf("cut"), &cut[..cut.len() / 2]).unwrap();
    kept.refuses(&shelf("cut"), 2, "restore.not_a_store");
    let other = Kept::new();
    kept.refuses(&other.backup, 2, "restore.other_store");
    std::fs::copy(&kept.backup, shelf("newer")).unwrap();
    let newer = rusqlite::Connection::open(shelf("newer")).unwrap();
    newer
        .execute(
            "INSERT INTO refinery_schema_history (version, name, applied_on, checksum)
             VALUES (999, 'of_tomorrow', '2026-11-22T00:00:00Z', '1')",
            [],
        )
        .unwrap();
    drop(newer);
    kept.refuses(&shelf("newer"), 4, "store.migration");
    kept.refuses(&kept.file("store.db"), 2, "restore.itself");
    std::fs::hard_link(kept.file("store.db"), kept.file("link.db")).unwrap();
    kept.refuses(&kept.file("link.db"), 2, "restore.itself");
    std::fs::remove_file(kept.file("link.db")).unwrap();
    std::fs::rename(kept.file("store.key"), shelf("store.key")).unwrap();
    let no_key = kept.restore(&kept.backup);
    assert_eq!((no_key.status.code(), error_code(&no_key).as_str()), (Some(4), "store.key"));
    let no_key = run(kept.dir.path(), &["till", "list"]);
    assert_eq!(error_code(&no_key), "store.missing");
    assert!(!kept.file("store.key").exists(), "no other key takes its place");
    std::fs::rename(shelf("store.key"), kept.file("store.key")).unwrap();
    assert_eq!(keys(kept.dir.path()), ["before", "after"]);
}

#[test]
fn every_restore_keeps_the_data_that_were_there() {
    let kept = Kept::new();
    done(&kept.restore(&kept.backup));
    assert_eq!(keys(kept.dir.path()), ["before"]);
    key(kept.dir.path(), "again");
    done(&kept.restore(&kept.backup));
    assert_eq!(keys(kept.dir.path()), ["before"]);
    assert_eq!(keys_in(&kept.file("store.db.before-restore")), ["before", "after"]);
    assert_eq!(keys_in(&kept.file("store.db.before-restore-2")), ["before", "again"]);
    // What was kept can be put back.
    done(&kept.restore(&kept.file("store.db.before-restore")));
    assert_eq!(keys(kept.dir.path()), ["before", "after"]);
    assert!(run(kept.dir.path(), &["verify"]).status.success());
}

#[test]
fn what_stood_in_the_log_of_a_killed_server_is_kept() {
    let kept = Kept::new();
    let server = Server::start(kept.dir.path());
    key(kept.dir.path(), "late");
    drop(server);
    assert!(kept.file("store.db-wal").metadata().unwrap().len() > 0, "it was killed");
    done(&kept.restore(&kept.backup));
    assert!(!kept.file("store.db.before-restore-wal").exists(), "it is one file");
    let alone = kept.shelf.path().join("alone.db");
    std::fs::copy(kept.file("store.db.before-restore"), &alone).unwrap();
    assert_eq!(keys_in(&alone), ["before", "after", "late"]);
}

#[test]
fn a_restore_that_was_cut_off_is_ended_by_who_comes_next() {
    for moved in 0..3 {
        let kept = Kept::new();
        // The new data as a restore makes them, beside the old ones, with the note of the move.
        let old = std::fs::read(kept.file("store.db")).unwrap();
        done(&kept.restore(&kept.backup));
        std::fs::copy(kept.file("store.db"), kept.file("store.db.next")).unwrap();
        std::fs::remove_file(kept.file("store.db.before-restore")).unwrap();
        std::fs::write(kept.file("store.db"), old).unwrap();
        std::fs::write(kept.file("store.db.restoring"), "store.db.before-restore").unwrap();
        let rename = |from, to| std::fs::rename(kept.file(from), kept.file(to)).unwrap();
        if moved > 0 {
            rename("store.db", "store.db.before-restore");
        }
        if moved > 1 {
            rename("store.db.next", "store.db");
        }
        assert_eq!(keys(kept.dir.path()), ["before"], "{moved} moved");
        assert_eq!(keys_in(&kept.file("store.db.before-restore")), ["before", "after"]);
        assert!(!kept.file("store.db.restoring").exists(), "{moved} moved");
        assert!(run(kept.dir.path(), &["verify"]).status.success(), "{moved} moved");
    }
}

#[test]
fn a_store_whose_data_are_missing_is_not_founded_again() {
    let kept = Kept::new();
    std::fs::rename(kept.file("store.db"), kept.shelf.path().join("store.db")).unwrap();
    for command in [&["till", "list"][..], &["serve", "--listen", "127.0.0.1:0"]] {
        let missing = run(kept.dir.path(), command);
        assert_eq!(
            (missing.status.code(), error_code(&missing).as_str()),
            (Some(4), "store.missing")
        );
        let said = String::from_utf8_lossy(&missing.stderr).into_owned();
        assert!(said.contains("restore FILE --accept-restore"), "{said}");
        assert!(!kept.file("store.db").exists());
    }
    std::fs::write(kept.file("store.db"), "").unwrap();
    assert_eq!(error_code(&run(kept.dir.path(), &["till", "list"])), "store.missing");
    done(&kept.restore(&kept.backup));
    assert_eq!(keys(kept.dir.path()), ["before"]);
}

#[test]
fn data_behind_their_witness_are_restored_as_the_message_says() {
    let kept = Kept::new();
    done(&kept.restore(&kept.backup));
    std::fs::copy(&kept.backup, kept.file("store.db")).unwrap();
    let behind = run(kept.dir.path(), &["till", "list"]);
    assert_eq!(error_code(&behind), "store.behind_witness");
    let said = String::from_utf8_lossy(&behind.stderr).into_owned();
    assert!(said.contains("restore FILE --accept-restore"), "{said}");
    let taken = kept.shelf.path().join("taken.db");
    std::fs::rename(kept.file("store.db"), &taken).unwrap();
    done(&kept.restore(&taken));
    assert_eq!(keys(kept.dir.path()), ["before"]);
}

#[test]
fn a_witness_that_says_nothing_is_told_with_what_to_do() {
    let kept = Kept::new();
    std::fs::write(kept.file("store.witness"), "").unwrap();
    let refused = run(kept.dir.path(), &["till", "list"]);
    assert_eq!((refused.status.code(), error_code(&refused).as_str()), (Some(4), "store.witness"));
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains("delete it"), "{said}");
    std::fs::remove_file(kept.file("store.witness")).unwrap();
    assert_eq!(keys(kept.dir.path()), ["before", "after"]);
}

#[test]
fn a_backup_is_written_over_nothing_but_an_earlier_backup() {
    let kept = Kept::new();
    let mine = kept.shelf.path().join("mine.txt");
    let secret = std::fs::read(kept.file("store.key")).unwrap();
    std::fs::write(&mine, "mine").unwrap();
    let photos = kept.shelf.path().join("photos.db");
    let another = rusqlite::Connection::open(&photos).unwrap();
    another
        .execute_batch("CREATE TABLE photo (name TEXT); INSERT INTO photo VALUES ('x')")
        .unwrap();
    drop(another);
    std::os::unix::fs::symlink(kept.file("store.key"), kept.shelf.path().join("link")).unwrap();
    for file in [
        kept.file("store.db"),
        kept.file("store.key"),
        kept.file("store.db-wal"),
        kept.file("store.witness"),
        kept.file("store.lock"),
        kept.file("store.db.before-restore"),
        kept.shelf.path().join("link"),
        kept.shelf.path().to_owned(),
        mine.clone(),
        photos.clone(),
        "/dev/full".into(),
    ] {
        let refused = run(kept.dir.path(), &["backup", file.to_str().unwrap()]);
        assert_eq!(
            (refused.status.code(), error_code(&refused).as_str()),
            (Some(2), "backup.taken"),
            "{file:?}"
        );
    }
    assert_eq!(std::fs::read(&mine).unwrap(), b"mine");
    assert_eq!(std::fs::read(kept.file("store.key")).unwrap(), secret);
    done(&run(kept.dir.path(), &["backup", kept.backup.to_str().unwrap()]));
    assert_eq!(keys_in(&kept.backup), ["before", "after"]);
    assert_eq!(keys(kept.dir.path()), ["before", "after"]);
}

#[test]
fn a_backup_that_does_not_fit_leaves_nothing_behind() {
    let kept = Kept::new();
    let before = std::fs::read(&kept.backup).unwrap();
    // No file may grow beyond so many blocks.
    let output = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 64; exec \"$@\"", "sh", PROGRAM, "backup"])
        .arg(&kept.backup)
        .arg("--data")
        .arg(kept.dir.path())
        .output()
        .unwrap();
    assert!(!output.status.success());
    let names: Vec<_> = std::fs::read_dir(kept.shelf.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names, ["backup.db"]);
    assert_eq!(std::fs::read(&kept.backup).unwrap(), before, "the earlier one stands");
}
