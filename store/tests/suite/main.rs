//! The store's suite: the same stories on SQLite and on PostgreSQL (`DAYBOOK_TEST_POSTGRES` names a server).

#[macro_use]
mod support;

mod exchange;
mod gate;
mod import;
mod orders;
mod restore;
mod schema;
mod till;
