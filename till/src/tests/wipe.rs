//! A till is taken out of service whole or not at all, and nothing is lost by it.

use super::desk::{cash, code, desk, manager, scan, selling, sold};
use super::fixture::{PIN, Shop};
use crate::desk::view::Closing;
use crate::desk::{Approval, Desk, LedgerCheck, PaperForm, Start};
use crate::ledger::{Ledger, Standing, schema, state, verify};
use crate::{sealed, wipe};
use daybook_domain::amount::Minor;
use serde_json::json;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const PASSPHRASE: &str = "correct horse battery";

/// A till that sold once, with its shift closed and something in every folder.
fn after_work(shop: &Shop) -> Desk {
    let desk = selling(shop);
    scan(&desk, "TEA");
    let sale = sold(desk.pay(&cash(), None));
    desk.save_pdf(&sale.number, PaperForm::Receipt).unwrap();
    desk.backup_now().unwrap();
    desk.enter_training().unwrap();
    desk.leave_training().unwrap();
    close_shift(&desk);
    fs::create_dir_all(shop.till().join("logs")).unwrap();
    fs::write(shop.till().join("logs/daybook.2026-11-26.log"), "T1/26-27/00001").unwrap();
    desk
}

fn close_shift(desk: &Desk) {
    let closing =
        Closing { cash_minor: Minor(60_000), others: Vec::new(), pieces: Vec::new(), reason: None };
    desk.close_shift(&closing, None, &mut |_| {}).unwrap();
}

/// The store has acknowledged all of it.
fn acknowledged(desk: &Desk) {
    desk.behind(|ledger| {
        let seq = ledger.live().unwrap().head.seq;
        let acked = json!({"seq": seq, "epoch": 0});
        ledger.write_state(|conn| state::set(conn, "acked/1", &acked)).unwrap();
    });
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// What a till has that was never enrolled.
fn fresh() -> BTreeSet<String> {
    let dir = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(dir.path()).unwrap();
    let names = names(dir.path());
    drop(ledger);
    names
}

#[test]
fn a_wipe_is_refused_while_anything_would_be_lost() {
    let shop = Shop::open();
    let desk = selling(&shop);
    let refused = |till_code: &str, approval: Option<&Approval>, why: &str| {
        let fault = desk.wipe(till_code, approval).unwrap_err();
        assert_eq!(fault.code, why);
        assert!(!shop.till().join("wiping").exists(), "{why}");
        fault
    };
    refused("A1", Some(&manager()), "wipe.shift_open");
    scan(&desk, "TEA");
    refused("A1", Some(&manager()), "basket.not_empty");
    desk.begin_payment().unwrap();
    refused("A1", Some(&manager()), "basket.not_empty");
    sold(desk.pay(&cash(), None));
    scan(&desk, "CREME");
    desk.park(Some("blue hat")).unwrap();
    close_shift(&desk);
    refused("A1", Some(&manager()), "wipe.parked");
    desk.open_shift(Minor(60_000), &[], None).unwrap();
    let parked = desk.parked().unwrap().remove(0);
    assert_eq!(desk.recall(parked.basket).unwrap().lines.len(), 1, "it is all there");
    desk.clear_basket(None).unwrap();
    close_shift(&desk);

    let unsent = refused("A1", Some(&manager()), "wipe.unsent");
    assert_eq!(unsent.values["count"], desk.way_out().unwrap().unsent.to_string());
    acknowledged(&desk);
    assert_eq!(desk.way_out().unwrap().unsent, 0);
    desk.enter_training().unwrap();
    refused("A1", Some(&manager()), "wipe.training");
    desk.leave_training().unwrap();
    refused("A2", Some(&manager()), "wipe.code");
    refused("A1", None, "approval.missing");
    let wrong = Approval { pin: "0000".to_owned(), ..manager() };
    refused("A1", Some(&wrong), "staff.wrong_pin");
    refused("A1", Some(&manager()), "wipe.unsent");
    acknowledged(&desk);
    desk.lock().unwrap();
    refused("A1", Some(&manager()), "session.locked");
    desk.sign_out().unwrap();
    refused("A1", Some(&manager()), "session.signed_out");
    drop(desk);

    let ledger = shop.ledger();
    verify::full(ledger.reader(), ledger.live().unwrap(), &mut |_| {}).unwrap();
    let documents = "SELECT count(*) FROM document";
    let documents: i64 = ledger.reader().query_row(documents, [], |row| row.get(0)).unwrap();
    assert_eq!(documents, 1);
}

#[test]
fn a_wiped_till_is_as_one_that_was_never_enrolled() {
    let shop = Shop::open();
    let desk = after_work(&shop);
    let before = names(&shop.till());
    for name in ["till.db", "install", "keys", "training", "papers", "backups"] {
        assert!(before.contains(name), "{name}");
    }
    fs::write(shop.till().join("till.db.before-1"), "put aside").unwrap();
    fs::write(shop.till().join("somebody's.txt"), "not ours").unwrap();
    let seed = fs::read(shop.till().join("keys/seed")).unwrap();
    acknowledged(&desk);
    let start = desk.wipe(" a1 ", Some(&manager())).unwrap();
    assert_eq!(start, Start::Enrol { sealed: None });
    assert_eq!(desk.start(), start);
    assert_eq!(desk.ledger_check(), LedgerCheck::Never);
    assert_eq!(code(desk.shop()), "till.not_enrolled");
    assert_eq!(code(desk.sign_in("kavya", PIN)), "staff.unknown");
    assert_eq!(code(desk.wipe("A1", Some(&manager()))), "session.signed_out");

    let also = ["logs", "somebody's.txt"].map(str::to_owned);
    assert_eq!(names(&shop.till()), fresh().into_iter().chain(also).collect());
    let log = fs::read_to_string(shop.till().join("logs/daybook.2026-11-26.log")).unwrap();
    assert_eq!(log, "", "it is written on, and says nothing of the shop");
    assert_ne!(fs::read(shop.till().join("keys/seed")).unwrap(), seed);
    assert!(matches!(Ledger::open(&shop.till()).unwrap_err().code(), "ledger.locked"));
    drop(desk);
    let ledger = shop.ledger();
    assert_eq!((ledger.standing(), ledger.home().ended_unclean()), (Standing::New, false));
}

#[test]
fn what_the_store_lacks_stays_sealed_when_the_rest_goes() {
    let shop = Shop::open();
    let desk = after_work(&shop);
    let first = PathBuf::from(desk.sealed_export(PASSPHRASE).unwrap());
    assert_eq!(desk.way_out().unwrap().sealed.as_deref(), first.to_str());
    let wrong = Approval { pin: "0000".to_owned(), ..manager() };
    assert_eq!(code(desk.wipe("A1", Some(&wrong))), "staff.wrong_pin");
    assert_eq!(desk.way_out().unwrap().sealed, None, "that is in the journal, and in no file");
    assert_eq!(code(desk.wipe("A1", Some(&manager()))), "wipe.unsent");
    let file = PathBuf::from(desk.sealed_export(PASSPHRASE).unwrap());
    let aside = shop.path().join("taken away");
    fs::rename(&file, &aside).unwrap();
    assert_eq!(code(desk.wipe("A1", Some(&manager()))), "wipe.unsent");
    fs::rename(&aside, &file).unwrap();
    let cut_off = shop.till().join("sealed/daybook-A1-20261126T000000000Z.db.age.plain");
    fs::write(&cut_off, "unsealed").unwrap();

    let start = desk.wipe("A1", Some(&manager())).unwrap();
    let folder = shop.till().join("sealed");
    assert_eq!(start, Start::Enrol { sealed: Some(folder.display().to_string()) });
    drop(desk);
    assert_eq!(self::desk(&shop).start(), start, "also after a restart");
    assert!(first.is_file() && !cut_off.exists());
    assert_eq!(names(&folder).len(), 2);
    let plain = shop.path().join("plain.db");
    sealed::open(&file, &plain, PASSPHRASE).unwrap();
    let conn = schema::open_reader(&plain).unwrap();
    let documents: i64 =
        conn.query_row("SELECT count(*) FROM document", [], |row| row.get(0)).unwrap();
    assert_eq!(documents, 1);
}

#[test]
fn entries_of_an_earlier_incarnation_are_not_forgotten() {
    let shop = Shop::open();
    let desk = after_work(&shop);
    desk.behind(|ledger| {
        ledger.set_standing(Standing::NeedsIncarnation("a test"));
        let act = crate::ledger::Act::of_program(crate::clock::now());
        let incarnation = ledger.begin_provisional(act).unwrap();
        let acked = json!({"seq": ledger.live().unwrap().head.seq, "epoch": 0});
        ledger
            .write_state(|conn| state::set(conn, &format!("acked/{incarnation}"), &acked))
            .unwrap();
    });
    assert!(desk.unsent().unwrap() > 0, "neither by the sign nor when the program is to end");
    assert_eq!(code(desk.ensure_sent()), "quit.unsent");
    assert_eq!(code(desk.wipe("A1", Some(&manager()))), "wipe.unsent");
    acknowledged(&desk);
    desk.behind(|ledger| ledger.write_state(|conn| state::set(conn, "epoch", &7)).unwrap());
    let unsent = desk.wipe("A1", Some(&manager())).unwrap_err();
    assert_eq!(unsent.code, "wipe.unsent", "a store that was put back lacks them again");
}

/// Every file and folder that goes, in the order in which it goes.
fn steps(dir: &Path) -> Vec<PathBuf> {
    fn walk(path: &Path, steps: &mut Vec<PathBuf>) {
        if path.is_dir() {
            for name in names(path) {
                walk(&path.join(name), steps);
            }
        }
        if path.exists() && !steps.iter().any(|step| step == path) {
            steps.push(path.to_owned());
        }
    }
    let mut steps = Vec::new();
    for path in wipe::doomed(dir).unwrap() {
        walk(&path, &mut steps);
    }
    steps
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for name in names(from) {
        let (from, to) = (from.join(&name), to.join(&name));
        if from.is_dir() {
            copy(&from, &to);
        } else {
            fs::copy(from, to).unwrap();
        }
    }
}

#[test]
fn a_power_cut_at_any_step_of_a_wipe_ends_it_at_the_next_start() {
    let shop = Shop::open();
    let desk = after_work(&shop);
    let file = PathBuf::from(desk.sealed_export(PASSPHRASE).unwrap());
    desk.behind(|ledger| wipe::begin(ledger.home()).unwrap());
    // As the disk is at a power cut: nothing was closed.
    let cut = shop.path().join("cut");
    copy(&shop.till(), &cut);
    drop(desk);
    let count = steps(&cut).len();
    assert!(count > 20, "{count}");
    for done in 0..=count {
        let dir = shop.path().join(format!("after-{done}"));
        copy(&cut, &dir);
        for step in &steps(&dir)[..done] {
            if step.is_dir() { fs::remove_dir(step) } else { fs::remove_file(step) }.unwrap();
        }
        let desk = Desk::open(&dir, std::sync::Arc::new(|_| {}));
        let sealed = dir.join("sealed");
        assert_eq!(desk.start(), Start::Enrol { sealed: Some(sealed.display().to_string()) });
        drop(desk);
        let also = ["logs", "sealed"].map(str::to_owned);
        let left: BTreeSet<String> = fresh().into_iter().chain(also).collect();
        let shut = |names: BTreeSet<String>| -> BTreeSet<String> {
            names.into_iter().filter(|name| !name.starts_with("till.db-")).collect()
        };
        assert_eq!(shut(names(&dir)), shut(left), "after {done} of {count}");
        let kept = fs::read(sealed.join(file.file_name().unwrap())).unwrap();
        assert_eq!(kept, fs::read(&file).unwrap());
        let ledger = Ledger::open(&dir).unwrap();
        assert_eq!(ledger.standing(), Standing::New);
        assert!(!ledger.home().ended_unclean());
    }
}

#[test]
fn a_power_cut_before_a_wipe_has_begun_leaves_the_till_as_it_was() {
    let shop = Shop::open();
    let desk = after_work(&shop);
    let cut = shop.path().join("cut");
    copy(&shop.till(), &cut);
    drop(desk);
    let ledger = Ledger::open(&cut).unwrap();
    assert_ne!(ledger.standing(), Standing::New);
    verify::full(ledger.reader(), ledger.live().unwrap(), &mut |_| {}).unwrap();
}
