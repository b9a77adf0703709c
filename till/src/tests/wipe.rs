//! Taking a till out of service: refused while anything would be lost, and whole whatever cuts it off.

use super::desk::{cash, code, desk, manager, scan, selling};
use super::fixture::{PIN, Shop};
use crate::desk::view::Closing;
use crate::desk::{Desk, Start};
use crate::wipe;
use daybook_domain::amount::Minor;
use std::collections::BTreeSet;
use std::path::Path;

/// What lies in a folder, except what every open till writes.
fn names(dir: &Path) -> BTreeSet<String> {
    let names = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name());
    names.map(|name| name.into_string().unwrap()).collect()
}

/// A till with a sale in a closed shift, none of which the store has.
fn closed(shop: &Shop) -> Desk {
    let desk = selling(shop);
    scan(&desk, "TEA");
    desk.pay(&cash(), None).unwrap();
    let (cash_minor, pieces, others) = (Minor(60_000), Vec::new(), Vec::new());
    let counted = Closing { cash_minor, pieces, others, reason: None };
    desk.close_shift(&counted, None, &mut |_| {}).unwrap();
    desk
}

/// Whether the till is as it was: its ledger opens and has its sale.
fn assert_kept(shop: &Shop) {
    let ledger = shop.ledger();
    crate::ledger::rebuild::compare(ledger.reader()).unwrap();
    let sales: i64 =
        ledger.reader().query_row("SELECT count(*) FROM document", [], |row| row.get(0)).unwrap();
    assert_eq!(sales, 1);
}

#[test]
fn nothing_is_removed_while_anything_would_be_lost() {
    let shop = Shop::open();
    let desk = selling(&shop);
    let wipe = |desk: &Desk, till: &str| code(desk.wipe(till, Some(&manager())));
    assert_eq!(wipe(&desk, "B7"), "wipe.code");
    assert_eq!(code(desk.wipe("A1", None)), "approval.missing");
    assert_eq!(wipe(&desk, "a1"), "wipe.shift_open");
    desk.enter_training().unwrap();
    assert_eq!(wipe(&desk, "A1"), "wipe.training");
    desk.leave_training().unwrap();
    drop(desk);
    let desk = closed(&Shop::open());
    assert_eq!(wipe(&desk, "A1"), "wipe.unsent");
    drop(desk);

    let shop = Shop::open();
    let desk = closed(&shop);
    let refused = desk.wipe("A1", Some(&manager())).unwrap_err();
    assert_eq!(refused.code, "wipe.unsent");
    assert!(refused.values["count"].parse::<i64>().unwrap() > 3);
    drop(desk);
    assert_kept(&shop);
}

#[test]
fn what_was_sealed_stays_and_a_later_entry_is_not_in_it() {
    let shop = Shop::open();
    let desk = closed(&shop);
    let file = desk.sealed_export("correct horse battery").unwrap();
    desk.sign_out().unwrap();
    desk.sign_in("asha", PIN).unwrap();
    assert_eq!(code(desk.wipe("A1", Some(&manager()))), "wipe.unsent", "signed in since");
    let file_now = desk.sealed_export("correct horse battery").unwrap();
    desk.backup_now().unwrap();
    assert_eq!(desk.wipe("A1", Some(&manager())).unwrap(), Start::Enrol);
    assert_eq!(desk.start(), Start::Enrol);
    assert!(Path::new(&file).exists() && Path::new(&file_now).exists());
    let left = names(&shop.till());
    for gone in ["backups", "training", "papers", "wiping"] {
        assert!(!left.contains(gone), "{left:?}");
    }
    drop(desk);
    let ledger = shop.ledger();
    assert!(ledger.identity().is_err(), "it is no till any more");
    let entries: i64 =
        ledger.reader().query_row("SELECT count(*) FROM entry", [], |row| row.get(0)).unwrap();
    assert_eq!(entries, 0);
}

#[test]
fn a_wipe_that_was_cut_off_anywhere_is_finished_at_the_next_start() {
    let shop = Shop::open();
    drop(closed(&shop));
    std::fs::create_dir_all(shop.till().join("sealed")).unwrap();
    std::fs::write(shop.till().join("sealed/kept.db.age"), "sealed").unwrap();
    let all: Vec<String> = names(&shop.till()).into_iter().collect();
    for cut in 0..=all.len() {
        let shop = Shop::open();
        drop(closed(&shop));
        let sealed = shop.till().join("sealed/kept.db.age");
        std::fs::create_dir_all(sealed.parent().unwrap()).unwrap();
        std::fs::write(&sealed, "sealed").unwrap();
        wipe::begin(&shop.till()).unwrap();
        // So far it came, in whatever order the folder is read.
        let goes = |name: &&String| !["lock", "sealed", "wiping"].contains(&name.as_str());
        for name in all.iter().filter(goes).take(cut) {
            let path = shop.till().join(name);
            let removed = if path.is_dir() {
                std::fs::remove_dir_all(path)
            } else {
                std::fs::remove_file(path)
            };
            removed.unwrap();
        }
        let desk = desk(&shop);
        assert_eq!(desk.start(), Start::Enrol, "cut after {cut}");
        assert_eq!(std::fs::read_to_string(&sealed).unwrap(), "sealed");
        assert!(!names(&shop.till()).contains("wiping"));
        drop(desk);
        assert!(shop.ledger().identity().is_err());
    }
}

#[test]
fn a_folder_without_the_mark_is_left_alone() {
    let shop = Shop::open();
    drop(closed(&shop));
    let before = names(&shop.till());
    assert!(!wipe::finish(&shop.till()).unwrap());
    assert_eq!(names(&shop.till()), before);
    assert_kept(&shop);
}
