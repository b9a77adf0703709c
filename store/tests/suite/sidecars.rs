//! Personal data beside entries: what was erased stays erased, what was damaged can be sent again.

use crate::support::{EngineKind, TestStore};
use crate::till::{TestTill, stock_shop};
use daybook_domain::ids::CustomerId;
use daybook_store::customers;
use daybook_store::quarantine;
use daybook_store::tills::{TillState, set_state};
use serde_json::json;
use uuid::Uuid;

const CUSTOMER: u128 = 0x0192_a000_0000_7000_8000_0000_0000_00e1;

fn texts(store: &TestStore) -> Vec<Option<String>> {
    let rows = store
        .gate()
        .read(|tx| tx.query("SELECT text FROM journal_sidecar ORDER BY till_id, seq", &[]))
        .unwrap();
    rows.iter().map(|row| row.opt_text(0).unwrap().map(str::to_owned)).collect()
}

fn named(name: &str) -> String {
    json!({"salt": "x", "customer": Uuid::from_u128(CUSTOMER), "name": name}).to_string()
}

fn name_of(store: &TestStore) -> Option<String> {
    let row = store
        .gate()
        .read(|tx| tx.query_opt("SELECT name FROM customer WHERE erased_at_ms IS NULL", &[]));
    row.unwrap().map(|row| row.text(0).unwrap().to_owned())
}

fn erase(store: &TestStore) {
    let erase = move |tx: &mut daybook_store::db::Tx<'_>| {
        customers::erase(tx, CustomerId(Uuid::from_u128(CUSTOMER)), "kavya", "asked for it")
    };
    store.gate().write(erase).unwrap();
    store.gate().forget().unwrap();
}

on_both! {
    fn what_was_erased_does_not_come_back_with_a_late_entry(store) {
        store.gate().write(stock_shop).unwrap();
        let (mut one, mut two) = (TestTill::enrolled(&store, 1), TestTill::enrolled(&store, 2));
        let created = json!({"customer": Uuid::from_u128(CUSTOMER)});
        one.write_with_sidecar("customer.created", &created, &named("Ravi Kumar"));
        one.exchange(&store);
        assert_eq!(name_of(&store).as_deref(), Some("Ravi Kumar"));
        erase(&store);
        two.write_with_sidecar("drawer.opened", &json!({"reason": "x"}), &named("Ravi Kumar"));
        two.write_with_sidecar("customer.created", &created, r#"{"salt":"x","name":"Ravi Kumar"}"#);
        two.write_with_sidecar("drawer.opened", &json!({"reason": "x"}), r#"{"salt":"x","name":"Asha"}"#);
        two.exchange(&store);
        two.acked = 0;
        one.acked = 0;
        two.exchange(&store);
        one.exchange(&store);
        let kept: Vec<String> = texts(&store).into_iter().flatten().collect();
        assert_eq!(kept, [r#"{"salt":"x","name":"Asha"}"#]);
        assert_eq!((name_of(&store), store.gate().read(quarantine::open).unwrap().len()), (None, 0));
    }

    fn erased_text_is_in_no_file_of_the_store(store) {
        store.gate().write(stock_shop).unwrap();
        let mut till = TestTill::enrolled(&store, 1);
        let created = json!({"customer": Uuid::from_u128(CUSTOMER)});
        till.write_with_sidecar("customer.created", &created, &named("Unforgettable Name"));
        till.exchange(&store);
        erase(&store);
        if store.kind == EngineKind::Postgres {
            return;
        }
        for file in std::fs::read_dir(store.dir.path()).unwrap() {
            let path = file.unwrap().path();
            let bytes = std::fs::read(&path).unwrap();
            let found = bytes.windows(18).any(|part| part == b"Unforgettable Name");
            assert!(!found, "{}", path.display());
        }
    }

    fn what_waited_for_its_sidecar_waits_for_a_person_once_its_till_is_blocked(store) {
        store.gate().write(stock_shop).unwrap();
        let mut till = TestTill::enrolled(&store, 1);
        let created = json!({"customer": Uuid::from_u128(CUSTOMER)});
        till.write_with_sidecar("customer.created", &created, &named("Ravi"));
        let honest = till.entries.clone();
        till.entries[0].sidecar = Some(named("Eve"));
        till.exchange(&store);
        let code = till.code.clone();
        store.gate().write(move |tx| set_state(tx, &code, TillState::Blocked, "owner")).unwrap();
        (till.entries, till.acked) = (honest, 0);
        till.exchange(&store);
        assert_eq!(texts(&store), [Some(named("Ravi"))], "it is kept");
        assert_eq!((name_of(&store), store.gate().read(quarantine::open).unwrap().len()), (None, 1));
    }

    fn a_sidecar_that_was_damaged_or_missing_is_taken_when_the_right_one_comes(store) {
        store.gate().write(stock_shop).unwrap();
        let mut till = TestTill::enrolled(&store, 1);
        let created = json!({"customer": Uuid::from_u128(CUSTOMER)});
        let right = named("Ravi");
        till.write_with_sidecar("customer.created", &created, &right);
        let honest = till.entries.clone();
        till.entries[0].sidecar = Some(named("Eve"));
        till.exchange(&store);
        assert_eq!(store.gate().read(quarantine::open).unwrap()[0].code, "entry.sidecar");
        till.entries[0].sidecar = Some(named("Mallory"));
        till.acked = 0;
        till.exchange(&store);
        assert_eq!(texts(&store), [Some(named("Eve"))], "only the one that the entry names");
        (till.entries, till.acked) = (honest, 0);
        till.exchange(&store);
        assert_eq!(texts(&store), [Some(right)]);
        assert_eq!((name_of(&store).as_deref(), store.gate().read(quarantine::open).unwrap().len()), (Some("Ravi"), 0));
        // One that came without its sidecar.
        let other = json!({"customer": Uuid::from_u128(7)});
        till.write_with_sidecar("customer.created", &other, r#"{"salt":"y","name":"Meera"}"#);
        let honest = till.entries.clone();
        till.entries[1].sidecar = None;
        till.exchange(&store);
        assert_eq!(texts(&store).len(), 1);
        (till.entries, till.acked) = (honest, 1);
        till.exchange(&store);
        let row = till.row(&format!("customer/{}", Uuid::from_u128(7)));
        assert_eq!(row.unwrap().1["name"], "Meera");
    }
}
