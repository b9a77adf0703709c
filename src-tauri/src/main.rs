//! The till.

#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

use clap::Parser;
use daybook_desktop::{Options, run};
use std::process::ExitCode;

fn main() -> ExitCode {
    run(Options::parse())
}
