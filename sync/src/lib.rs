//! Daybook: sync.
