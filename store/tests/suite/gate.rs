//! The write gate and the transaction on both engines.

use crate::support::{EngineKind, TestStore, empty};
use daybook_domain::feed::Settings;
use daybook_store::args;
use daybook_store::db::{DbError, Lookup, Remedy, Table, Tx};
use daybook_store::gate::{Dirty, Gate, current_head};
use daybook_sync::feed::{counter_of, feed_number};
use uuid::Uuid;

fn put_setting(tx: &mut Tx<'_>, name: &str, value: &str) -> Result<(), DbError> {
    let tenant = tx.tenant();
    tx.execute(
        "INSERT INTO setting (tenant_id, name, value) VALUES ($1, $2, $3)
         ON CONFLICT (tenant_id, name) DO UPDATE SET value = excluded.value",
        args![tenant, name, value],
    )?;
    tx.touch(Dirty::Settings);
    Ok(())
}

fn setting(tx: &mut Tx<'_>, name: &str) -> Result<Option<String>, DbError> {
    let tenant = tx.tenant();
    let row = tx.query_opt(
        "SELECT value FROM setting WHERE tenant_id = $1 AND name = $2",
        args![tenant, name],
    )?;
    row.map(|row| row.text(0).map(str::to_owned)).transpose()
}

/// Opens connections and leaves them in the pool.
fn warm(store: &TestStore) {
    let together = std::sync::Barrier::new(4);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                store.gate().read(|tx| {
                    together.wait();
                    tx.query_one("SELECT CAST($1 AS BIGINT)", args![1_i64])
                })
            });
        }
    });
}

#[test]
fn connections_that_were_cut_are_replaced_and_nobody_notices() {
    let Some(store) = empty(EngineKind::Postgres) else { return };
    let store = store.founded();
    let mut other =
        postgres::Client::connect(store.url.as_deref().unwrap(), postgres::NoTls).unwrap();
    let mut cut = || {
        warm(&store);
        let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                   WHERE pid <> pg_backend_pid() AND datname = current_database()";
        assert!(other.query(cut, &[]).unwrap().len() >= 4);
    };
    cut();
    store.gate().read(|tx| setting(tx, "a")).unwrap();
    cut();
    store.gate().write(|tx| put_setting(tx, "a", "1")).unwrap();
    assert_eq!(store.gate().read(|tx| setting(tx, "a")).unwrap().as_deref(), Some("1"));
}

#[test]
fn a_history_of_migrations_that_cannot_be_read_is_an_error_on_postgres_too() {
    let Some(store) = empty(EngineKind::Postgres) else { return };
    let url = store.url.as_deref().unwrap();
    let mut other = postgres::Client::connect(url, postgres::NoTls).unwrap();
    other
        .batch_execute("UPDATE refinery_schema_history SET applied_on = 'x' WHERE version = 2")
        .unwrap();
    let Err(error) = Gate::open_postgres(url, store.clock.clone()) else { panic!("it opened") };
    assert_eq!(error.code(), "store.corrupt_row");
}

on_both! {
    fn parameters_are_bound_by_name(store) {
        let row = store.gate().read(|tx| {
            tx.query_one("SELECT CAST($2 AS BIGINT), CAST($1 AS TEXT), CAST($2 AS BIGINT)", args!["one", 2_i64])
        }).unwrap();
        assert_eq!((row.int(0).unwrap(), row.text(1).unwrap(), row.int(2).unwrap()), (2, "one", 2));
    }

    fn a_missing_parameter_is_refused(store) {
        let result: Result<_, DbError> = store.gate().read(|tx| {
            tx.query_one("SELECT CAST($2 AS BIGINT), CAST($1 AS BIGINT)", args![1_i64])
        });
        assert!(result.is_err());
    }

    fn every_type_comes_back_as_it_went_in(store) {
        let id = Uuid::from_u128(42);
        let text = "₹ 1,00,000 नमस्ते \u{1f9fe}".to_owned();
        store.gate().write({
            let text = text.clone();
            move |tx| {
                let tenant = tx.tenant();
                tx.execute(
                    "INSERT INTO request_answer (tenant_id, request_id, body_hash, answer, at_ms) VALUES ($1, $2, $3, $4, $5)",
                    args![tenant, id, [9_u8; 32], text, i64::MIN],
                )
            }
        }).unwrap();
        let row = store.gate().read(|tx| {
            tx.query_one("SELECT request_id, body_hash, answer, at_ms FROM request_answer WHERE request_id = $1", args![id])
        }).unwrap();
        assert_eq!(row.uuid(0).unwrap(), id);
        assert_eq!(row.hash(1).unwrap().0, [9; 32]);
        assert_eq!(row.text(2).unwrap(), text);
        assert_eq!(row.int(3).unwrap(), i64::MIN);
        assert!(row.text(3).is_err(), "an integer is no text");
        assert!(row.int(9).is_err(), "there is no tenth column");
    }

    fn a_part_that_fails_leaves_the_rest(store) {
        store.gate().write(|tx| {
            put_setting(tx, "a", "1")?;
            let refused = tx.attempt(|tx| {
                put_setting(tx, "b", "2")?;
                tx.execute("INSERT INTO setting (tenant_id, name, value) VALUES ($1, '', '')", args![tx_tenant(tx)])
            })?;
            assert_eq!(refused.unwrap_err().remedy(), Remedy::Refuse);
            put_setting(tx, "c", "3")
        }).unwrap();
        let found = store.gate().read(|tx| Ok::<_, DbError>((setting(tx, "a")?, setting(tx, "b")?, setting(tx, "c")?))).unwrap();
        assert_eq!(found, (Some("1".into()), None, Some("3".into())));
    }

    fn a_use_case_that_fails_leaves_nothing(store) {
        let before = store.gate().read(current_head).unwrap();
        let refused: Result<(), DbError> = store.gate().write(|tx| {
            put_setting(tx, "settings", "{}")?;
            Err(DbError::corrupt("setting", "told so"))
        });
        assert!(matches!(refused, Err(DbError::Corrupt { table: "setting", .. })));
        assert_eq!(store.gate().read(|tx| setting(tx, "settings")).unwrap(), None);
        assert_eq!(store.gate().read(current_head).unwrap(), before);
    }

    fn append_only_tables_refuse_change(store) {
        store.gate().write(|tx| {
            let tenant = tx.tenant();
            tx.execute(
                "INSERT INTO request_answer (tenant_id, request_id, body_hash, answer, at_ms) VALUES ($1, $2, $3, '{}', 1)",
                args![tenant, Uuid::from_u128(1), [0_u8; 32]],
            )
        }).unwrap();
        for sql in ["UPDATE request_answer SET at_ms = 2", "DELETE FROM request_answer"] {
            let refused = store.gate().write(move |tx| tx.execute(sql, &[])).unwrap_err();
            assert_eq!(refused.remedy(), Remedy::Refuse, "{sql}: {refused}");
        }
    }

    fn rows_that_belong_to_nothing_are_refused(store) {
        store.gate().write(crate::till::stock_shop).unwrap();
        let orphans = [
            "INSERT INTO document_line (tenant_id, document_id, line_no, sku, name, quantity_milli, uom, unit_price_micros,
                 gross_minor, discount_minor, bill_discount_minor, net_minor, taxable_minor, tax_minor, total_minor)
             VALUES ($1, $2, 1, 'TEA', 'Tea', 1000, 'each', 1, 1, 0, 0, 1, 1, 0, 1)",
            "INSERT INTO document_tender (tenant_id, document_id, tender_no, tender_type, amount_minor)
             VALUES ($1, $2, 1, 'cash', 1)",
            "INSERT INTO stock_movement (tenant_id, txn, no, location_id, sku, quantity_milli, kind, at_ms)
             VALUES ($1, $2, 1, 'shop', 'COFFEE', 1000, 'receipt', 1)",
            "INSERT INTO stock_movement (tenant_id, txn, no, location_id, sku, quantity_milli, kind, at_ms, till_id,
                 incarnation, seq)
             VALUES ($1, $2, 1, 'shop', 'TEA', 1000, 'sale', 1, $2, 1, 1)",
        ];
        for sql in orphans {
            let refused = store
                .gate()
                .write(move |tx| {
                    let tenant = tx.tenant();
                    tx.execute(sql, args![tenant, Uuid::from_u128(9)])
                })
                .unwrap_err();
            assert_eq!(refused.remedy(), Remedy::Refuse, "{sql}: {refused}");
        }
        let gone = store.gate().write(|tx| tx.execute("DELETE FROM stock_level", &[])).unwrap_err();
        assert_eq!(gone.remedy(), Remedy::Refuse);
    }

    fn one_transaction_writes_one_feed_row_for_a_key(store) {
        let before = store.gate().read(current_head).unwrap();
        store.gate().write(|tx| {
            put_setting(tx, "settings", "{\"v\":1}")?;
            put_setting(tx, "settings", "{\"v\":2}")
        }).unwrap();
        let (head, rows) = store.gate().read(|tx| {
            Ok::<_, DbError>((current_head(tx)?, tx.query("SELECT key, feed, value FROM feed_row", &[])?))
        }).unwrap();
        assert_eq!(head.feed, feed_number(1, 1).unwrap());
        assert_ne!(head.digest, before.digest);
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0].text(2).unwrap(), "{\"v\":2}");
        assert_eq!(rows[0].int(1).unwrap(), head.feed);
    }

    fn many_writers_leave_no_hole_in_the_feed(store) {
        let before = store.gate().read(current_head).unwrap();
        std::thread::scope(|scope| {
            for writer in 0..8 {
                let gate = store.gate().clone();
                scope.spawn(move || {
                    for n in 0..10 {
                        gate.write(move |tx| put_setting(tx, &format!("w{writer}"), &n.to_string())).unwrap();
                    }
                });
            }
        });
        let (head, log) = store.gate().read(|tx| {
            Ok::<_, DbError>((current_head(tx)?, tx.query("SELECT feed FROM feed_log ORDER BY feed", &[])?))
        }).unwrap();
        let numbers: Vec<i64> = log.iter().map(|row| row.int(0).unwrap()).collect();
        // Several use-cases may share a transaction, which writes one row for a key that all of them touched.
        assert_eq!(counter_of(before.feed), 0);
        let first = feed_number(1, 1).unwrap();
        assert_eq!(numbers, (first..=head.feed).collect::<Vec<_>>());
    }

    fn two_processes_share_one_feed(store) {
        let second = store.second();
        let first = store.gate().clone();
        std::thread::scope(|scope| {
            for gate in [first, second] {
                scope.spawn(move || {
                    for n in 0..20 {
                        gate.write(move |tx| put_setting(tx, "settings", &n.to_string())).unwrap();
                    }
                });
            }
        });
        let log = store.gate().read(|tx| tx.query("SELECT feed FROM feed_log ORDER BY feed", &[])).unwrap();
        assert_eq!(log.len(), 40);
        assert_eq!(log[39].int(0).unwrap() - log[0].int(0).unwrap(), 39);
    }

    fn rows_are_inserted_together_and_conflicts_add_up(store) {
        const COUNTER: Table = Table {
            name: "counter",
            columns: &["tenant_id", "name", "value"],
            then: "ON CONFLICT (tenant_id, name) DO UPDATE SET value = counter.value + excluded.value RETURNING name, value",
        };
        for round in 1..=2 {
            let mut rows = store.gate().write(|tx| {
                let tenant = tx.tenant();
                let rows: Vec<_> = ["a", "b", "c"].iter().map(|name| args![tenant, *name, 5_i64].to_vec()).collect();
                tx.insert_returning(&COUNTER, &rows)
            }).unwrap();
            rows.sort_by_key(|row| row.text(0).unwrap().to_owned());
            let values: Vec<i64> = rows.iter().map(|row| row.int(1).unwrap()).collect();
            assert_eq!(values, [5 * round, 5 * round, 5 * round]);
        }
    }

    fn a_failed_row_of_many_leaves_none(store) {
        const SETTING: Table = Table { name: "setting", columns: &["tenant_id", "name", "value"], then: "" };
        let refused = store.gate().write(|tx| {
            let tenant = tx.tenant();
            tx.insert(&SETTING, &[args![tenant, "good", "1"].to_vec(), args![tenant, "", "2"].to_vec()])
        }).unwrap_err();
        assert_eq!(refused.remedy(), Remedy::Refuse);
        assert_eq!(store.gate().read(|tx| setting(tx, "good")).unwrap(), None);
    }

    fn a_failed_row_of_very_many_leaves_the_rest_of_the_transaction(store) {
        const SETTING: Table = Table { name: "setting", columns: &["tenant_id", "name", "value"], then: "" };
        let fill = |tx: &mut Tx<'_>, last: &str| {
            let tenant = tx.tenant();
            let names: Vec<String> = (0..100).map(|n| format!("n{n}")).chain([last.to_owned()]).collect();
            let rows: Vec<_> = names.iter().map(|name| args![tenant, *name, "₹"].to_vec()).collect();
            tx.insert(&SETTING, &rows)
        };
        store.gate().write(move |tx| {
            put_setting(tx, "before", "1")?;
            let refused = tx.attempt(|tx| fill(tx, ""))?;
            assert_eq!(refused.unwrap_err().remedy(), Remedy::Refuse);
            assert_eq!(setting(tx, "n1")?, None);
            fill(tx, "last")
        }).unwrap();
        let found = store.gate().read(|tx| Ok::<_, DbError>((setting(tx, "before")?, setting(tx, "n99")?, setting(tx, "last")?))).unwrap();
        assert_eq!(found, (Some("1".into()), Some("₹".into()), Some("₹".into())));
    }

    fn rows_are_found_by_many_keys(store) {
        const SETTING: Lookup = Lookup { table: "setting", by: &["tenant_id", "name"], columns: &["value", "name"] };
        store.gate().write(|tx| (0..30).try_for_each(|n| put_setting(tx, &format!("n{n}"), &n.to_string()))).unwrap();
        let mut found: Vec<(String, String)> = store.gate().read(|tx| {
            let tenant = tx.tenant();
            let names: Vec<String> = (25..35).map(|n| format!("n{n}")).collect();
            let keys: Vec<_> = names.iter().map(|name| args![tenant, *name].to_vec()).collect();
            assert!(tx.find(&SETTING, &[])?.is_empty());
            tx.find(&SETTING, &keys)?.iter().map(|row| Ok::<_, DbError>((row.text(1)?.to_owned(), row.text(0)?.to_owned()))).collect()
        }).unwrap();
        found.sort();
        let wanted: Vec<_> = (25..30).map(|n| (format!("n{n}"), n.to_string())).collect();
        assert_eq!(found, wanted);
    }

    fn data_survive_a_restart(mut store) {
        store.gate().write(|tx| put_setting(tx, "settings", "{}")).unwrap();
        let before = store.gate().read(current_head).unwrap();
        store.reopen();
        assert_eq!(store.gate().read(current_head).unwrap(), before);
        assert_eq!(store.gate().read(|tx| setting(tx, "settings")).unwrap(), Some("{}".into()));
    }

    fn a_reader_cannot_write(store) {
        assert!(store.gate().read(|tx| put_setting(tx, "settings", "{}")).is_err());
    }
}

fn tx_tenant(tx: &Tx<'_>) -> i64 {
    tx.tenant()
}

#[test]
fn the_settings_row_is_that_of_the_domain() {
    // The feed carries the stored text as it is, so what is stored must be what tills read.
    let text = r#"{"business":"B","jurisdiction":"IN","currency":"INR","tax_inclusive":true,"cash_rounding_minor":100,
        "hsn_digits":4,"fiscal_year_start_month":4,"offset_min":330,"cashier_discount_max_ppm":100000,
        "over_short_limit_minor":10000}"#;
    let settings: Settings = serde_json::from_str(text).unwrap();
    assert_eq!(settings.business, "B");
}
