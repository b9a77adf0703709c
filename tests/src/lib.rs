//! Daybook: tests.
