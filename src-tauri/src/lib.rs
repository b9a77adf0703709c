//! The window of the till: one command a line over [`daybook_till::desk::Desk`], events of what changed, the customer's
//! display, a log that is rotated. No rule of selling is in here.

pub mod bindings;
mod commands;
mod logs;
mod options;
mod window;

pub use options::Options;
pub use window::run;
