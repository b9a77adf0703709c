//! The protocol between a till and its store, without IO: bytes, sequences and verdicts, no sales.
//!
//! `PROTOCOL.md` beside this crate is the normative text. A till drives [`client`]; a store verifies frames with
//! [`frame::verify_frames`] and lets [`decide`] say what to do with a push.

pub mod auth;
pub mod frame;
pub mod hash;
pub mod limits;
pub mod message;
pub mod wire;
