//! Both engines have the same tables, columns, nullability and keys.

use crate::support::{EngineKind, empty};
use daybook_store::db::DbError;
use std::collections::BTreeMap;

#[derive(Debug, PartialEq, Eq)]
struct Column {
    kind: String,
    nullable: bool,
    key_place: i64,
}

type Schema = BTreeMap<(String, String), Column>;

fn sqlite_schema() -> Schema {
    let store = empty(EngineKind::Sqlite).unwrap();
    let rows = store
        .gate()
        .read(|tx| {
            tx.query(
                "SELECT m.name, c.name, c.type, c.\"notnull\", c.pk FROM sqlite_master m, pragma_table_info(m.name) c
                 WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name <> 'refinery_schema_history'",
                &[],
            )
        })
        .unwrap();
    rows.iter()
        .map(|row| {
            let column = Column {
                kind: row.text(2).unwrap().to_owned(),
                nullable: !row.bool(3).unwrap(),
                key_place: row.int(4).unwrap(),
            };
            ((row.text(0).unwrap().to_owned(), row.text(1).unwrap().to_owned()), column)
        })
        .collect()
}

fn postgres_schema() -> Option<Schema> {
    let store = empty(EngineKind::Postgres)?;
    let rows = store
        .gate()
        .read(|tx| {
            tx.query(
                "SELECT c.table_name::text, c.column_name::text, c.data_type::text, c.is_nullable = 'YES',
                        coalesce(k.ordinal_position, 0)::bigint
                 FROM information_schema.columns c
                 LEFT JOIN information_schema.table_constraints t
                   ON t.table_schema = c.table_schema AND t.table_name = c.table_name AND t.constraint_type = 'PRIMARY KEY'
                 LEFT JOIN information_schema.key_column_usage k
                   ON k.constraint_name = t.constraint_name AND k.table_name = c.table_name AND k.column_name = c.column_name
                 WHERE c.table_schema = 'public' AND c.table_name <> 'refinery_schema_history'",
                &[],
            )
        })
        .unwrap();
    let schema = rows.iter().map(|row| {
        let kind = match row.text(2).unwrap() {
            "bigint" => "INTEGER",
            "text" => "TEXT",
            "bytea" | "uuid" => "BLOB",
            other => other,
        };
        let column = Column {
            kind: kind.to_owned(),
            nullable: row.bool(3).unwrap(),
            key_place: row.int(4).unwrap(),
        };
        ((row.text(0).unwrap().to_owned(), row.text(1).unwrap().to_owned()), column)
    });
    Some(schema.collect())
}

#[test]
fn both_engines_have_the_same_schema() {
    let sqlite = sqlite_schema();
    assert!(sqlite.len() > 200, "the whole schema is compared");
    let Some(postgres) = postgres_schema() else { return };
    for (name, column) in &sqlite {
        assert_eq!(postgres.get(name), Some(column), "{name:?}");
    }
    assert_eq!(sqlite.len(), postgres.len());
}

#[test]
fn every_table_leads_with_the_tenant() {
    let store = empty(EngineKind::Sqlite).unwrap();
    let rows = store
        .gate()
        .read(|tx| {
            tx.query(
                "SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c
                 WHERE m.type = 'table' AND c.cid = 0 AND m.name NOT LIKE 'sqlite_%' AND m.name <> 'refinery_schema_history'",
                &[],
            )
        })
        .unwrap();
    for row in rows {
        assert_eq!(row.text(1).unwrap(), "tenant_id", "{}", row.text(0).unwrap());
    }
}

#[test]
fn data_of_a_newer_version_are_refused() {
    for kind in [EngineKind::Sqlite, EngineKind::Postgres] {
        let Some(store) = empty(kind) else { continue };
        store
            .gate()
            .write(|tx| {
                tx.batch(
                    "INSERT INTO refinery_schema_history (version, name, applied_on, checksum)
                     VALUES (9999, 'later', '2027-01-01T00:00:00Z', '1')",
                )
            })
            .unwrap();
        let refused = match kind {
            EngineKind::Sqlite => daybook_store::gate::Gate::open_sqlite(
                &store.dir.path().join("store.db"),
                store.clock.clone(),
            ),
            EngineKind::Postgres => daybook_store::gate::Gate::open_postgres(
                store.url.as_deref().unwrap(),
                store.clock.clone(),
            ),
        };
        assert!(matches!(refused.err(), Some(DbError::Migration(_))), "{kind:?}");
    }
}
