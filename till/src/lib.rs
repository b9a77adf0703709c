//! Daybook: till.
