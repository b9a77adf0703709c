//! What a till does when its machine fails it, as real processes; and where each row of "when things go wrong" is tested.
//!
//! | case | tests |
//! | --- | --- |
//! | answer lost after commit | `exchange::a_sale_counts_once_however_often_it_is_sent`, `end_to_end::a_store_killed_during_an_exchange…`, simulator |
//! | till restored or cloned | `end_to_end::a_restored_till_begins_anew…`, `exchange::a_fork_keeps_both_histories…`, `exchange::a_second_live_copy_is_told_to_recover`, simulator |
//! | key lost, till replaced | `trouble::a_replaced_till_goes_on_in_its_next_incarnation`, `exchange::a_new_machine_resumes_a_till…` |
//! | store restored | `restore::a_restored_store_waits_until_each_till_has_spoken`, `restore::leases_end_with_their_epoch…`, `restore::data_behind_their_witness_are_noticed`, simulator |
//! | clock wrong or jumping | `tests::a_clock_that_jumped_by_a_day_never_stops_a_sale…`, `pinned::a_clock_in_another_year_locks_no_till_out…`, simulator |
//! | old till, new store | `upkeep::a_till_too_old_for_the_feed_still_delivers`, `conformance::a_till_in_another_language_computes_the_released_bytes` |
//! | new till, old store | `exchange::what_cannot_be_applied_waits_and_the_rest_goes_on` |
//! | weeks offline | `retail_data::the_baskets_of_a_real_retailer…`, simulator |
//! | till blocked | `exchange::a_blocked_till_is_heard_but_given_nothing` |
//! | disk full, disk read-only | `trouble::a_till_on_a_full_or_read_only_disk_says_so_and_loses_nothing` |
//! | two refunds, late handover | `exchange::two_refunds_of_one_sale_at_two_tills…`, `order_at_till::handed_over_after_it_was_called_off…` |
//! | store credit overspent | `trouble::store_credit_spent_at_two_tills_at_once…`, `balances::what_was_spent_twice_offline…` |
//! | 1,000 tills at once | `crowd::a_thousand_tills_that_return_at_once_all_get_through` |

#![expect(clippy::unwrap_used, reason = "a test ends at the first thing that fails")]

use daybook_tests::demo::office::Office;
use daybook_tests::process::{StoreProcess, TillActor, program};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

struct World {
    dir: tempfile::TempDir,
    office: Office,
    store: StoreProcess,
}

impl World {
    fn begin() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let office = Office::new(&dir.path().join("store"));
        office.import(&root().join("sample-shop")).unwrap();
        let store = StoreProcess::start(&dir.path().join("store"), "127.0.0.1:0", &[]).unwrap();
        Self { dir, office, store }
    }

    fn till(&self, name: &str) -> TillActor {
        TillActor::new(&self.dir.path().join(name))
            .with("DAYBOOK_STAFF", "asha")
            .with("DAYBOOK_PIN", "2580")
    }

    fn enrol(&self, till: &TillActor, code: &str) {
        till.run(&["enrol", "--store", &self.store.url(), "--code", code]).unwrap();
        till.run(&["sync"]).unwrap();
    }
}

fn last(lines: Vec<Value>) -> Value {
    lines.into_iter().next_back().unwrap()
}

/// Names of all test functions, each after its file: `exchange::a_sale_counts_once…`.
fn tests_there_are(folder: &Path, found: &mut Vec<String>) {
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.is_dir() {
            tests_there_are(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") {
            let module = path.file_stem().unwrap().to_string_lossy().into_owned();
            let text = std::fs::read_to_string(&path).unwrap();
            let names = text.lines().filter_map(|line| {
                let rest = line.trim_start().trim_start_matches("async ").strip_prefix("fn ")?;
                rest.split_once('(').map(|(name, _)| format!("{module}::{name}"))
            });
            found.extend(names);
        }
    }
}

#[test]
fn each_row_of_when_things_go_wrong_names_tests_that_there_are() {
    let mut there = Vec::new();
    for folder in ["tests/tests", "store/tests", "sync/tests", "till/src"] {
        tests_there_are(&root().join(folder), &mut there);
    }
    let table: Vec<&str> = include_str!("trouble.rs")
        .lines()
        .filter_map(|line| line.strip_prefix("//! | "))
        .skip(2)
        .collect();
    assert!(table.len() >= 12, "{table:?}");
    for row in table {
        let named: Vec<&str> = row.split('`').skip(1).step_by(2).collect();
        assert!(!named.is_empty(), "{row}");
        for name in named {
            let is_it = |test: &String| match name.strip_suffix('…') {
                Some(beginning) => test.starts_with(beginning),
                None => test == name,
            };
            assert!(there.iter().any(is_it), "there is no test {name}");
        }
    }
}

/// An authority, and the store's certificate and key of it, as files: authority, certificate, key.
fn authority(folder: &Path, name: &str) -> [PathBuf; 3] {
    let mut ca = CertificateParams::new(Vec::new()).unwrap();
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let (ca_key, key) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let own = ca.self_signed(&ca_key).unwrap();
    let store = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    let signed = store.signed_by(&key, &Issuer::from_params(&ca, &ca_key)).unwrap();
    [("ca", own.pem()), ("cert", signed.pem()), ("key", key.serialize_pem())].map(|(what, pem)| {
        let path = folder.join(format!("{name}-{what}.pem"));
        std::fs::write(&path, pem).unwrap();
        path
    })
}

#[test]
fn over_tls_a_till_trusts_its_pinned_authority_and_no_other() {
    let dir = tempfile::tempdir().unwrap();
    let [own, cert, key] = authority(dir.path(), "own");
    let [other, ..] = authority(dir.path(), "other");
    let data = dir.path().join("store");
    let office = Office::new(&data);
    office.import(&root().join("sample-shop")).unwrap();
    let tls = ["--tls-cert", cert.to_str().unwrap(), "--tls-key", key.to_str().unwrap()];
    let store = StoreProcess::start(&data, "127.0.0.1:0", &tls).unwrap();
    let url = format!("https://{}", store.address());
    let code = office.code("mg-road").unwrap();
    let till = TillActor::new(&dir.path().join("till"))
        .with("DAYBOOK_STAFF", "asha")
        .with("DAYBOOK_PIN", "2580");
    let enrol = |ca: &Path| {
        till.run(&["enrol", "--store", &url, "--code", &code, "--ca", ca.to_str().unwrap()])
    };
    enrol(&other).unwrap_err();
    enrol(&own).unwrap();
    till.run(&["sync"]).unwrap();
    till.run(&["shift", "open", "--float", "100"]).unwrap();
    till.run(&["sell", "--sku", "NOTEBOOK-172", "--cash", "exact"]).unwrap();
    till.run(&["sync"]).unwrap();
    assert_eq!(last(till.run(&["status"]).unwrap())["unsent"], 0);
}

#[test]
fn a_replaced_till_goes_on_in_its_next_incarnation() {
    let world = World::begin();
    let old = world.till("old");
    world.enrol(&old, &world.office.code("mg-road").unwrap());
    old.run(&["shift", "open", "--float", "100"]).unwrap();
    old.run(&["sell", "--sku", "NOTEBOOK-172", "--cash", "exact"]).unwrap();
    old.run(&["sync"]).unwrap();
    let before = last(old.run(&["status"]).unwrap());
    let code = before["code"].as_str().unwrap();
    // The machine is stolen: keys, ledger and all.
    std::fs::remove_dir_all(old.data()).unwrap();
    let resume = world.office.act(&["till", "code", "--location", "mg-road", "--resume", code]);
    let resume = last(resume.unwrap())["code"].as_str().unwrap().to_owned();
    let new = world.till("new");
    world.enrol(&new, &resume);
    new.run(&["shift", "open", "--float", "100"]).unwrap();
    let sold = last(new.run(&["sell", "--sku", "NOTEBOOK-172", "--cash", "exact"]).unwrap());
    new.run(&["sync"]).unwrap();
    let after = last(new.run(&["status"]).unwrap());
    assert_eq!(
        (after["till"].clone(), after["code"].clone()),
        (before["till"].clone(), before["code"].clone())
    );
    assert!(after["incarnation"].as_i64() > before["incarnation"].as_i64());
    assert_ne!(after["series_tag"], before["series_tag"], "numbers of another series: {sold}");
    assert_eq!(after["unsent"], 0);
    let (_, report) = world.office.reconcile(&world.dir.path().join("reconcile.json")).unwrap();
    assert_eq!(report["summary"]["unexplained_minor"], 0, "{report}");
    assert_eq!(report["summary"]["unexplained_milli"], 0, "{report}");
}

#[test]
fn store_credit_spent_at_two_tills_at_once_is_owed_once_and_a_person_is_asked() {
    let world = World::begin();
    let (one, two) = (world.till("one"), world.till("two"));
    for till in [&one, &two] {
        world.enrol(till, &world.office.code("mg-road").unwrap());
        till.run(&["shift", "open", "--float", "100"]).unwrap();
    }
    let notebook = ["sell", "--sku", "NOTEBOOK-172"];
    let sold = last(one.run(&[&notebook[..], &["--cash", "exact"]].concat()).unwrap());
    let number = sold["number"].as_str().unwrap();
    let note = last(one.run(&["refund", "--number", number, "--store-credit"]).unwrap());
    let credit = note["balances"][0].clone();
    let (amount, number) = (&credit["amount_minor"], credit["number"].as_str().unwrap());
    assert_eq!(*amount, sold["total_minor"], "the exact amount, nothing is rounded");
    one.run(&["sync"]).unwrap();
    let pay = ["--store-credit", "rest", "--reference", number];
    let unasked = two.run(&[&notebook[..], &pay].concat()).unwrap_err();
    assert!(unasked.to_string().contains("balance.offline"), "{unasked}");
    // Asked, granted, spent: the one way that is safe.
    let held = last(two.run(&["balance", "ask", "--number", number, "--amount", "9999"]).unwrap());
    assert_eq!((&held["amount_minor"], &held["left_minor"]), (amount, &Value::from(0)));
    let hold = held["hold"].as_str().unwrap();
    two.run(&[&notebook[..], &pay, &["--hold", hold]].concat()).unwrap();
    // Meanwhile the till that issued it has no network, and knows of nothing else.
    one.run(&[&notebook[..], &pay].concat()).unwrap();
    for till in [&two, &one] {
        till.run(&["sync"]).unwrap();
    }
    let open = world.office.act(&["exception", "list"]).unwrap();
    let told: Vec<&str> = open.iter().filter_map(|one| one["kind"].as_str()).collect();
    assert_eq!(told.iter().filter(|kind| **kind == "balance.overspent").count(), 1, "{open:?}");
    let left = last(world.office.act(&["balance", "list", number]).unwrap());
    assert_eq!(left["amount_minor"].as_i64(), amount.as_i64().map(|amount| -amount));
    assert_eq!(left["holds"], serde_json::json!([]));
    let (text, report) = world.office.reconcile(&world.dir.path().join("reconcile.json")).unwrap();
    assert_eq!(report["summary"]["unexplained_minor"], 0, "{report}");
    assert!(text.contains(number), "{text}");
}

/// Runs a till's whole story on a small disk of its own, and answers what each step said.
fn on_a_small_disk(world: &World) -> Option<Output> {
    let rights = if uid() == 0 { "-m" } else { "-rm" };
    let disk = world.dir.path().join("disk");
    std::fs::create_dir_all(&disk).unwrap();
    let story = r#"
        set -e
        mount -t tmpfs -o size=24m tmpfs "$DISK"
        till() { "$TILL" --data "$DISK/till" --json "$@"; }
        step() { name=$1; shift; status=0; said=$("$@" 2>&1) || status=$?; echo "$name $status $said" | tr '\n' ' '; echo; }
        fill() { dd if=/dev/zero of="$DISK/filler" bs=64k 2>/dev/null || true; truncate -s "-$1" "$DISK/filler"; }
        till enrol --store "$STORE" --code "$CODE" >/dev/null
        till sync >/dev/null
        till shift open --float 100 >/dev/null
        step first till sell --sku NOTEBOOK-172 --cash exact
        fill 1m
        step low till sell --sku NOTEBOOK-172 --cash exact
        fill 256k
        step full till sell --sku NOTEBOOK-172 --cash exact
        rm "$DISK/filler"
        step again till sell --sku NOTEBOOK-172 --cash exact
        mount -o remount,ro "$DISK"
        step readonly till sell --sku NOTEBOOK-172 --cash exact
        mount -o remount,rw "$DISK"
        step after till sell --sku NOTEBOOK-172 --cash exact
        step verify till journal verify
        step status till status
    "#;
    let output = Command::new("unshare")
        .args([rights, "sh", "-c", story])
        .env("DISK", &disk)
        .env("TILL", program("daybook-till"))
        .env("STORE", world.store.url())
        .env("CODE", world.office.code("mg-road").unwrap())
        .env("DAYBOOK_STAFF", "asha")
        .env("DAYBOOK_PIN", "2580")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if said.contains("unshare failed") || said.contains("permission denied") {
        println!("SKIPPED: this machine gives no disk of our own: {said}");
        return None;
    }
    Some(output)
}

fn uid() -> u32 {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").unwrap().uid()
}

#[test]
fn a_till_on_a_full_or_read_only_disk_says_so_and_loses_nothing() {
    let world = World::begin();
    let Some(output) = on_a_small_disk(&world) else { return };
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let step = |name: &str| {
        let line = told.lines().find(|line| line.starts_with(name));
        let line = line.unwrap_or_else(|| panic!("no {name}: {told} {output:?}"));
        let mut words = line.splitn(3, ' ').skip(1);
        (words.next().unwrap().to_owned(), words.next().unwrap_or_default().to_owned())
    };
    assert_eq!(step("first").0, "0", "{told}");
    let (status, said) = step("low");
    assert_eq!(status, "0", "the sale that has begun is finished from the ballast: {said}");
    assert!(said.contains("\"disk_low\":true"), "{said}");
    let (status, said) = step("full");
    assert_eq!(status, "8", "{said}");
    assert!(said.contains("disk.full"), "{said}");
    assert_eq!(step("again").0, "0", "{told}");
    let (status, said) = step("readonly");
    assert_eq!(status, "8", "{said}");
    assert!(said.contains("disk.read_only"), "{said}");
    assert_eq!(step("after").0, "0", "{told}");
    assert_eq!(step("verify").0, "0", "{told}");
    let status = step("status").1;
    assert!(
        status.contains("\"documents\":4"),
        "four sales were said to be made, and are: {status}"
    );
}
