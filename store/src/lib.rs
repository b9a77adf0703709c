//! Daybook: store.
