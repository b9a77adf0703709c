//! One suite for both engines: a test is a function over a store that stands on an empty database of its own.

use daybook_store::db::Moment;
use daybook_store::gate::{Clock, Gate};
use daybook_store::keyring::Keyring;
use daybook_store::tenant::{Founding, found};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use uuid::Uuid;

/// 2026-11-22T00:00:00Z.
pub(crate) const START_MS: i64 = 1_795_305_600_000;

/// A clock that stands until it is advanced, and seeds that repeat.
#[derive(Debug)]
pub(crate) struct TestClock {
    at_ms: AtomicI64,
    seed: AtomicU64,
}

impl TestClock {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { at_ms: AtomicI64::new(START_MS), seed: AtomicU64::new(1) })
    }

    pub(crate) fn advance_ms(&self, ms: i64) {
        self.at_ms.fetch_add(ms, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn moment(&self) -> Moment {
        let mut seed = [0; 16];
        seed[..8].copy_from_slice(&self.seed.fetch_add(1, Ordering::SeqCst).to_be_bytes());
        Moment { at_ms: self.at_ms.load(Ordering::SeqCst), seed }
    }
}

/// Which engine a test runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EngineKind {
    Sqlite,
    Postgres,
}

/// An empty database that goes away with the test.
pub(crate) struct TestStore {
    gate: Option<Gate>,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) kind: EngineKind,
    pub(crate) dir: tempfile::TempDir,
    pub(crate) url: Option<String>,
    drop_with: Option<(String, String)>,
}

impl TestStore {
    pub(crate) fn gate(&self) -> &Gate {
        self.gate.as_ref().expect("open until dropped")
    }

    /// The key that seals secrets, beside the data.
    pub(crate) fn keyring(&self) -> Keyring {
        Keyring::open(&self.dir.path().join("store.key")).unwrap()
    }

    /// Closes and opens the data again, as a restarted process would.
    pub(crate) fn reopen(&mut self) {
        self.gate = None;
        self.gate = Some(open(self.kind, &self.dir, self.url.as_deref(), &self.clock));
    }

    /// A second process on the same data.
    pub(crate) fn second(&self) -> Gate {
        open(self.kind, &self.dir, self.url.as_deref(), &self.clock)
    }

    pub(crate) fn founded(self) -> Self {
        let founding = Founding {
            tenant: Uuid::from_u128(0x7e57),
            name: "Test shop".to_owned(),
            public_key: daybook_sync::hash::PublicKey([7; 32]),
            sealed_key: vec![1, 2, 3],
        };
        self.gate().write(move |tx| found(tx, &founding)).unwrap();
        self
    }
}

impl Drop for TestStore {
    fn drop(&mut self) {
        self.gate = None;
        if let Some((server, name)) = &self.drop_with {
            let mut client = postgres::Client::connect(server, postgres::NoTls).unwrap();
            client.batch_execute(&format!("DROP DATABASE {name} WITH (FORCE)")).unwrap();
        }
    }
}

fn open(
    kind: EngineKind,
    dir: &tempfile::TempDir,
    url: Option<&str>,
    clock: &Arc<TestClock>,
) -> Gate {
    match kind {
        EngineKind::Sqlite => {
            Gate::open_sqlite(&dir.path().join("store.db"), clock.clone()).unwrap()
        }
        EngineKind::Postgres => Gate::open_postgres(url.unwrap(), clock.clone()).unwrap(),
    }
}

/// An empty database of this engine, or nothing when there is no PostgreSQL to test with.
///
/// # Panics
/// Under CI a missing PostgreSQL is a failure, not a skip.
pub(crate) fn empty(kind: EngineKind) -> Option<TestStore> {
    let clock = TestClock::new();
    let dir = tempfile::tempdir().unwrap();
    let (url, drop_with) = match kind {
        EngineKind::Sqlite => (None, None),
        EngineKind::Postgres => {
            let (url, server, name) = own_database()?;
            (Some(url), Some((server, name)))
        }
    };
    let gate = Some(open(kind, &dir, url.as_deref(), &clock));
    Some(TestStore { gate, clock, kind, dir, url, drop_with })
}

fn own_database() -> Option<(String, String, String)> {
    let Ok(server) = std::env::var("DAYBOOK_TEST_POSTGRES") else {
        assert!(
            std::env::var("CI").as_deref() != Ok("true"),
            "CI must run the suite on PostgreSQL: set DAYBOOK_TEST_POSTGRES"
        );
        println!("SKIPPED on PostgreSQL: DAYBOOK_TEST_POSTGRES is not set");
        return None;
    };
    let mut unique = [0; 8];
    getrandom::fill(&mut unique).unwrap();
    let name = format!("daybook_test_{}", hex::encode(unique));
    let mut client = postgres::Client::connect(&server, postgres::NoTls).unwrap();
    client.batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
    let (base, query) =
        server.split_once('?').map_or((server.as_str(), None), |(base, query)| (base, Some(query)));
    let host_end = base.find("://").map_or(0, |at| at + 3);
    let path = base[host_end..].find('/').map_or(base.len(), |at| host_end + at);
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    Some((format!("{}/{name}{query}", &base[..path]), server, name))
}

/// Makes a test of a rule for each engine: `on_both!(rule_name, |store| { … })` over a founded store.
macro_rules! on_both {
    ($($(#[$meta:meta])* fn $name:ident($store:pat_param) $body:block)*) => {$(
        mod $name {
            use super::*;
            fn story($store: $crate::support::TestStore) $body

            $(#[$meta])*
            #[test]
            fn on_sqlite() {
                story($crate::support::empty($crate::support::EngineKind::Sqlite).unwrap().founded());
            }

            $(#[$meta])*
            #[test]
            fn on_postgres() {
                if let Some(store) = $crate::support::empty($crate::support::EngineKind::Postgres) {
                    story(store.founded());
                }
            }
        }
    )*};
}
