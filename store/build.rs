//! A migration that was added is built in, though no source of this crate changed.

fn main() {
    println!("cargo::rerun-if-changed=../migrations/store");
}
