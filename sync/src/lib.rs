//! The protocol between a till and its store, without IO: bytes, sequences and verdicts, no sales.
//!
//! `PROTOCOL.md` beside this crate is the normative text. A till drives [`client::Client`]; a store refuses what
//! [`refusal`] names, verifies frames with [`frame::verify_frames`], lets [`decide::decide`] say what to do with a
//! push, and numbers, judges and cuts its feed with [`feed`].

mod absent;
pub mod auth;
pub mod client;
pub mod decide;
pub mod feed;
pub mod frame;
pub mod hash;
pub mod limits;
pub mod message;
pub mod overlay;
pub mod planted;
pub mod refusal;
pub mod wire;
