//! The two programs as they are shipped, over real sockets, killed where it hurts most.

#![expect(clippy::unwrap_used, reason = "a test ends at the first thing that fails")]

use daybook_tests::demo::books::Books;
use daybook_tests::demo::office::Office;
use daybook_tests::demo::shop::{Shop, TillPlan};
use daybook_tests::demo::till::Till;
use daybook_tests::http;
use daybook_tests::process::StoreProcess;
use daybook_tests::proxy::Proxy;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

struct World {
    dir: TempDir,
    office: Office,
    store: Option<StoreProcess>,
    proxy: Proxy,
    tills: Vec<Till>,
}

impl World {
    /// A store with the sample shop, and so many tills with open shifts and so many baskets each.
    fn begin(tills: usize, baskets: usize) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let shop = Shop::read(&root().join("sample-shop")).unwrap();
        let office = Office::new(&dir.path().join("store"));
        office.import(&shop.folder).unwrap();
        let store = StoreProcess::start(&dir.path().join("store"), "127.0.0.1:0", &[]).unwrap();
        let proxy = Proxy::start(store.address()).unwrap();
        let plans = shop.deal(3, dir.path()).unwrap().into_iter().take(tills);
        let tills = (1..).zip(plans).map(|(number, plan)| {
            let data = dir.path().join(format!("till-{number}"));
            let mut till = Till::new(&data, cut(plan, baskets), &shop.cashiers[0], &shop.manager);
            let code = office.code(&till.plan.location).unwrap();
            till.enrol(&format!("http://{}", proxy.address()), &code).unwrap();
            till.sync().unwrap();
            till.act(&["shift", "open", "--float", "1000"]).unwrap();
            till
        });
        let tills = tills.collect();
        Self { dir, office, store: Some(store), proxy, tills }
    }

    fn restart_store(&mut self) {
        let old = self.store.take().unwrap();
        let address = old.address().to_string();
        old.kill();
        let data = self.dir.path().join("store");
        self.store = Some(StoreProcess::start(&data, &address, &[]).unwrap());
    }

    /// Every basket of every till is in the store's books exactly once, numbers have no gap, chains hold.
    fn assert_whole(&self) {
        let books = Books::read(&self.office.database()).unwrap();
        assert!(books.broken_chains.is_empty(), "{:?}", books.broken_chains);
        assert_eq!(books.quarantined, 0);
        let sources = books.entries.iter().filter_map(|entry| entry.body["source"].as_str());
        let mut sold: Vec<&str> = sources.collect();
        sold.sort_unstable();
        let baskets = self.tills.iter().flat_map(|till| &till.plan.baskets);
        let mut expected: Vec<&str> = baskets.map(|basket| basket.source.as_str()).collect();
        expected.sort_unstable();
        assert_eq!(sold, expected, "each basket once");
        let numbers: BTreeSet<&str> =
            books.documents.iter().map(|document| document.number.as_str()).collect();
        assert_eq!(numbers.len(), books.documents.len(), "no number twice");
    }
}

/// The first baskets of a plan that take nothing one of a kind.
fn cut(mut plan: TillPlan, baskets: usize) -> TillPlan {
    let text = std::fs::read_to_string(&plan.file).unwrap();
    let plain = |basket: &daybook_tests::demo::shop::Basket| {
        !basket.goods.keys().any(|sku| {
            sku.ends_with("-01")
                || sku.contains("-SN")
                || sku.starts_with("TV")
                || sku.starts_with("MIXER")
                || sku.starts_with("POWERBANK")
        })
    };
    let kept: Vec<_> =
        text.lines().zip(plan.baskets).filter(|(_, basket)| plain(basket)).take(baskets).collect();
    let lines: String = kept.iter().map(|(line, _)| format!("{line}\n")).collect();
    std::fs::write(&plan.file, lines).unwrap();
    plan.baskets = kept.into_iter().map(|(_, basket)| basket).collect();
    plan
}

fn sell_all(till: &Till) -> i64 {
    let tally = till.start_selling(None).unwrap().finish(&mut |told| panic!("{told}")).unwrap();
    tally.sold + tally.already
}

#[test]
fn a_till_killed_while_it_sells_offline_loses_nothing_and_sells_nothing_twice() {
    let mut world = World::begin(2, 24);
    world.proxy.cut();
    assert!(!world.tills[0].is_online());
    world.tills[0].start_selling(None).unwrap().kill_after(9).unwrap();
    assert_eq!(sell_all(&world.tills[0]), 24);
    assert_eq!(sell_all(&world.tills[1]), 24);
    world.proxy.mend().unwrap();
    for till in &world.tills {
        till.sync().unwrap();
    }
    world.assert_whole();
}

#[test]
fn twenty_kills_at_any_moment_leave_every_basket_exactly_once() {
    let world = World::begin(1, 60);
    let till = &world.tills[0];
    for kill in 0..20 {
        // Between the first line printed and the third, the next sale is somewhere on its way.
        let _done = till.start_selling(None).unwrap().kill_after(2 + kill % 2);
    }
    assert_eq!(sell_all(till), 60);
    till.sync().unwrap();
    world.assert_whole();
}

#[test]
fn a_store_killed_during_an_exchange_takes_every_entry_once() {
    let mut world = World::begin(1, 30);
    sell_all(&world.tills[0]);
    let till = world.tills[0].clone();
    let syncing = std::thread::spawn(move || till.is_online());
    world.restart_store();
    let _answered = syncing.join().unwrap();
    world.tills[0].sync().unwrap();
    world.assert_whole();
}

#[test]
fn a_restored_till_begins_anew_and_sells_each_basket_once() {
    let world = World::begin(1, 20);
    let till = &world.tills[0];
    let backup = world.dir.path().join("backup");
    till.act(&["backup", &backup.display().to_string()]).unwrap();
    let first = till.start_selling(Some(8)).unwrap().finish(&mut |told| panic!("{told}")).unwrap();
    assert_eq!(first.sold, 8);
    till.sync().unwrap();
    till.act(&["restore", &backup.display().to_string()]).unwrap();
    let refused = till.start_selling(Some(1)).unwrap().finish(&mut |_| {});
    assert!(refused.is_err(), "no sale before the new incarnation");
    till.sync().unwrap();
    assert_eq!(till.status().unwrap()["incarnation"], 2);
    let rest = till.start_selling(None).unwrap().finish(&mut |told| panic!("{told}")).unwrap();
    assert_eq!((rest.already, rest.sold), (8, 12));
    till.sync().unwrap();
    world.assert_whole();
}

#[test]
fn a_till_is_moved_and_gets_a_new_key_while_it_sells() {
    let world = World::begin(1, 6);
    let till = &world.tills[0];
    let code = till.status().unwrap()["code"].as_str().unwrap().to_owned();
    let to = if till.plan.location == "jayanagar" { "mg-road" } else { "jayanagar" };
    let key = |till: &Till| std::fs::read(till.data().join("keys/request")).unwrap();
    let first = key(till);
    world.office.act(&["till", "rotate-key", &code, "--by", "kavya"]).unwrap();
    world.office.act(&["till", "move", &code, to, "--by", "kavya"]).unwrap();
    till.start_selling(Some(3)).unwrap().finish(&mut |told| panic!("{told}")).unwrap();
    till.sync().unwrap();
    assert_eq!(till.status().unwrap()["location"], to);
    assert_ne!(key(till), first);
    assert_eq!(sell_all(till), 6);
    till.sync().unwrap();
    let valid: i64 = rusqlite::Connection::open(world.office.database())
        .unwrap()
        .query_row("SELECT count(*) FROM till_key WHERE retired_at_ms IS NULL", [], |row| {
            row.get(0)
        })
        .unwrap();
    assert_eq!(valid, 1, "the old key ended when the new one was used");
    world.assert_whole();
}

#[test]
fn a_web_order_is_picked_handed_over_and_another_called_off_from_the_till() {
    let world = World::begin(1, 1);
    let till = &world.tills[0];
    let told = world.office.act(&["api-key", "create", "web"]).unwrap();
    let token = told[0]["key"].as_str().unwrap().to_owned();
    let location = till.plan.location.clone();
    let why = ["--reason", "for the test", "--actor", "kavya"];
    let found = ["stock", "adjust", &location, "PEN-BLUE", "10"];
    world.office.act(&[&found[..], &why[..]].concat()).unwrap();
    world.office.act(&["stock", "set-policy", &location, "PEN-BLUE", "pooled_soft"]).unwrap();
    let server = world.store.as_ref().unwrap().address();
    let post = |path: &str, body: Value| {
        let answer = http::send(server, "POST", path, &token, Some(&body)).unwrap();
        assert!(answer.is_done(), "{}", answer.json());
        answer.json()
    };
    let order = |n: u128| {
        let id = uuid::Uuid::from_u128(n).to_string();
        let lines = json!([{"sku": "PEN-BLUE", "quantity_milli": 2000}]);
        post("/orders", json!({"id": id, "location": location, "lines": lines}));
        let card = json!({"id": uuid::Uuid::from_u128(n + 100), "card_number": "4242424242424242"});
        post(&format!("/orders/{id}/pay"), card);
        id
    };
    let (collected, called_off) = (order(1), order(2));
    till.sync().unwrap();
    let listed = till.act(&["order", "list"]).unwrap();
    assert_eq!(listed["standing"], "to_pick", "{listed}");
    till.act(&["order", "pick", &collected]).unwrap();
    till.act(&["order", "hand-over", &collected]).unwrap();
    assert!(till.act(&["order", "hand-over", &collected]).is_err(), "once");
    assert!(till.act(&["order", "cancel", &called_off, "--reason", "no"]).is_err(), "it is paid");
    let done =
        till.approved(&["order", "cancel", &called_off, "--reason", "customer called"]).unwrap();
    assert_eq!(
        (done["state"].as_str(), done["cancel"]["outcome"].as_str()),
        (Some("refunded"), Some("done"))
    );
    let states = world.office.act(&["orders", "list"]).unwrap();
    let mut states: Vec<&str> =
        states.iter().map(|order| order["state"].as_str().unwrap()).collect();
    states.sort_unstable();
    assert_eq!(states, ["delivered", "refunded"]);
    let books = Books::read(&world.office.database()).unwrap();
    assert!(books.broken_chains.is_empty(), "{:?}", books.broken_chains);
    assert_eq!(books.quarantined, 0);
}

#[test]
fn a_till_written_from_the_protocol_document_alone_sells_through_the_real_store() {
    let world = World::begin(1, 1);
    let script = root().join("tests/conformance/till.py");
    let data = world.dir.path().join("python");
    let store = world.store.as_ref().unwrap().url();
    let run = |args: &[&str]| -> Value {
        let output = Command::new("python3")
            .arg(&script)
            .args(["--store", &store, "--data"])
            .arg(&data)
            .args(args)
            .output()
            .unwrap();
        let (text, error) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{args:?}: {text}{error}");
        serde_json::from_str(text.lines().last().unwrap_or("null")).unwrap()
    };
    let code = world.office.code("jayanagar").unwrap();
    run(&["enrol", &code]);
    run(&["sync"]);
    run(&["sell", "PEN-BLUE", "2000"]);
    run(&["sync"]);
    run(&["sync"]);
    let books = Books::read(&world.office.database()).unwrap();
    assert!(books.broken_chains.is_empty(), "{:?}", books.broken_chains);
    let place = ("PEN-BLUE".to_owned(), "jayanagar".to_owned());
    assert_eq!((books.quarantined, books.on_hand[&place]), (0, 88_000));
    // A card is sold; what the store sets aside of it pays for a pen, and the rest is free again.
    let card = ("gift_card".to_owned(), "9012345678901238".to_owned());
    run(&["card", &card.1, "50000"]);
    run(&["sync"]);
    let asked = run(&["ask", &card.0, &card.1, "60000"]);
    run(&["sync"]);
    run(&["sell", "PEN-BLUE", "1000", "--hold", asked["id"].as_str().unwrap()]);
    run(&["sync"]);
    let books = Books::read(&world.office.database()).unwrap();
    assert_eq!((books.quarantined, books.holds, books.on_hand[&place]), (0, 0, 87_000));
    let spent = 50_000 - books.balances[&card];
    assert!(spent > 0 && spent < 50_000, "{spent}");
}
