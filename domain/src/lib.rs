//! Pure rules of selling: money, tax, basket, documents, stock, shifts, journal entries.
//!
//! No IO, no clock, no randomness: moments and ids are arguments. Every amount is an integer with its
//! unit in the name (`total_minor`, `quantity_milli`, `rate_ppm`), and every computation that needs a
//! fraction rounds in one named place.

mod absent;
pub mod allotment;
pub mod amount;
pub mod balance;
pub mod barcode;
pub mod basket;
pub mod cash;
pub mod catalogue;
pub mod clock;
pub mod document;
pub mod entry;
pub mod feed;
pub mod figures;
#[cfg(test)]
mod fixtures;
pub mod format;
pub mod gstin;
pub mod gtin;
pub mod ids;
pub mod lease;
pub mod number;
pub mod order;
pub mod reconcile;
pub mod refund;
pub mod reservation;
pub mod rounding;
pub mod shift;
pub mod staff;
pub mod stock;
pub mod stocktake;
pub mod tax;
pub mod tender;
pub mod upi;
pub mod words;
