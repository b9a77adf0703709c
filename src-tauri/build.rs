//! Puts capabilities and icons into the program.

fn main() {
    tauri_build::build();
}
