//! Puts capabilities and icons into the program.

fn main() {
    println!("cargo:rerun-if-changed=permissions");
    tauri_build::build();
}
