//! The window's TypeScript is what the commands say.

use std::collections::BTreeSet;
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

#[test]
fn the_cashiers_window_may_ask_for_every_command_and_the_customers_for_what_it_shows() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |file: &str| std::fs::read_to_string(here.join(file)).expect("the file is there");
    let allowed = read("permissions/windows.toml");
    let (till, display) = allowed.split_once("identifier = \"display\"").expect("both windows");
    let bindings = read("../ui/till/bindings.ts");
    let called = bindings.split("__TAURI_INVOKE<").skip(1);
    let called = called.filter_map(|call| quoted(call).next()).collect::<BTreeSet<_>>();
    assert!(called.contains("pay"), "{called:?}");
    let names = |text| quoted(text).filter(|name| called.contains(name)).collect::<BTreeSet<_>>();
    assert_eq!(names(till), called);
    assert_eq!(names(display).into_iter().collect::<Vec<_>>(), ["display"]);
}

fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('"').skip(1).step_by(2)
}
