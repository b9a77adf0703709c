//! The window's TypeScript is what the commands say.

use std::path::Path;

#[test]
fn the_bindings_in_the_window_are_current() {
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ui/till/bindings.ts");
    if std::env::var_os("DAYBOOK_WRITE_BINDINGS").is_some() {
        daybook_desktop::bindings::write(&kept).expect("the bindings can be written");
        return;
    }
    let fresh = std::env::temp_dir().join(format!("daybook-bindings-{}.ts", std::process::id()));
    daybook_desktop::bindings::write(&fresh).expect("the bindings can be written");
    let fresh_text = std::fs::read_to_string(&fresh).expect("the fresh bindings are there");
    std::fs::remove_file(&fresh).expect("the fresh bindings can be removed");
    let kept_text = std::fs::read_to_string(&kept).expect("ui/till/bindings.ts is there");
    assert!(kept_text == fresh_text, "run `make bindings`: ui/till/bindings.ts is out of date");
}
