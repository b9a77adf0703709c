//! Tax: the places it is owed to.
pub mod states;
