//! The store's suite: the same stories on SQLite and on PostgreSQL (`DAYBOOK_TEST_POSTGRES` names a server).

#![expect(clippy::unwrap_used, reason = "a test fails where it stands")]

#[macro_use]
mod support;

mod allotment;
mod balances;
mod counts;
mod crowd;
mod exchange;
mod facts;
mod gate;
mod import;
mod import_rules;
mod lives;
mod order_at_till;
mod orders;
mod reconcile;
mod restore;
mod schema;
mod sidecars;
mod till;
mod upkeep;
