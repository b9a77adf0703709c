//! Daybook: print.
