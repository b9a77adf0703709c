//! Who may use whom: the edges of ARCHITECTURE.md, read from `cargo metadata` and from the sources.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Workspace crate, and what of the workspace it may use.
const EDGES: &[(&str, &[&str])] = &[
    ("daybook-json", &[]),
    ("daybook-domain", &["daybook-json"]),
    ("daybook-sync", &["daybook-json"]),
    ("daybook-print", &["daybook-domain"]),
    ("daybook-till", &["daybook-domain", "daybook-sync", "daybook-print"]),
    ("daybook-store", &["daybook-json", "daybook-domain", "daybook-sync", "daybook-print"]),
    ("daybook-desktop", &["daybook-domain", "daybook-till"]),
    ("daybook-sim", &["daybook-sync"]),
    (
        "daybook-tests",
        &["daybook-domain", "daybook-sync", "daybook-print", "daybook-till", "daybook-store"],
    ),
];

/// Crates without clock, socket, file or database.
const PURE: &[&str] = &["daybook-json", "daybook-domain", "daybook-sync", "daybook-print"];

/// What a pure crate never reaches, not even through others.
const IO: &[&str] = &[
    "axum",
    "hyper",
    "postgres",
    "r2d2",
    "reqwest",
    "rusqlite",
    "tauri",
    "tokio",
    "tokio-postgres",
];

/// The only crate that may know of windows.
const WINDOW: &str = "daybook-desktop";

/// Modules of till and store that parse, call one use-case and convert: no SQL in there.
const BOUNDARY: &[&str] = &["main", "bin", "cli", "commands", "http", "api", "handlers", "serve"];

/// How a statement begins, after the quotation mark or at the start of a line of a longer text.
const STATEMENTS: &[(&str, &str)] =
    &[("SELECT ", ""), ("INSERT ", "INTO"), ("UPDATE ", " SET"), ("DELETE ", "FROM")];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ is in the workspace").to_owned()
}

/// Every package by id: its name, and the ids of what it uses directly, for building or for testing.
struct Graph {
    names: BTreeMap<String, String>,
    uses: BTreeMap<String, Vec<String>>,
    members: Vec<String>,
}

fn text(value: &Value) -> String {
    value.as_str().expect("cargo metadata gives a text here").to_owned()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().expect("cargo metadata gives a list here").iter()
}

fn host() -> String {
    let output = Command::new("rustc").arg("-vV").output().expect("rustc runs");
    let told = String::from_utf8(output.stdout).expect("rustc tells its host in UTF-8");
    told.lines()
        .find_map(|line| line.strip_prefix("host: "))
        .expect("rustc tells its host")
        .to_owned()
}

fn graph() -> Graph {
    // Only this platform's packages: those of others were never downloaded.
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--locked", "--filter-platform", &host()])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo metadata is JSON");
    let names = list(&metadata["packages"]).map(|p| (text(&p["id"]), text(&p["name"]))).collect();
    let uses = list(&metadata["resolve"]["nodes"])
        .map(|node| (text(&node["id"]), list(&node["dependencies"]).map(text).collect()))
        .collect();
    Graph { names, uses, members: list(&metadata["workspace_members"]).map(text).collect() }
}

impl Graph {
    fn name(&self, id: &str) -> &str {
        &self.names[id]
    }

    fn direct(&self, id: &str) -> BTreeSet<&str> {
        self.uses[id].iter().map(|used| self.name(used)).collect()
    }

    /// Everything that a crate reaches, through others too.
    fn reached(&self, id: &str) -> BTreeSet<&str> {
        let mut seen = BTreeSet::new();
        let mut open = vec![id];
        while let Some(next) = open.pop() {
            for used in &self.uses[next] {
                if seen.insert(used.as_str()) {
                    open.push(used);
                }
            }
        }
        seen.into_iter().map(|used| self.name(used)).collect()
    }
}

#[test]
fn a_crate_uses_only_the_crates_it_may() {
    let graph = graph();
    let members: BTreeSet<&str> = graph.members.iter().map(|id| graph.name(id)).collect();
    for id in &graph.members {
        let name = graph.name(id);
        let (_, allowed) =
            EDGES.iter().find(|(crate_name, _)| *crate_name == name).unwrap_or_else(|| {
                panic!("{name} is new: say in ARCHITECTURE.md and here whom it may use")
            });
        for used in graph.direct(id).intersection(&members) {
            // With itself a crate only asks for what its own tests need.
            assert!(*used == name || allowed.contains(used), "{name} may not use {used}");
        }
    }
}

#[test]
fn rules_protocol_and_paper_never_reach_io() {
    let graph = graph();
    for id in graph.members.iter().filter(|id| PURE.contains(&graph.name(id))) {
        let reached = graph.reached(id);
        for forbidden in IO {
            assert!(!reached.contains(forbidden), "{} reaches {forbidden}", graph.name(id));
        }
    }
}

#[test]
fn only_the_window_knows_of_windows() {
    let graph = graph();
    for id in graph.members.iter().filter(|id| graph.name(id) != WINDOW) {
        assert!(!graph.reached(id).contains("tauri"), "{} reaches tauri", graph.name(id));
    }
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.expect("the sources can be listed").path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Whether a line of code holds the start of an SQL statement in a string.
fn holds_sql(line: &str) -> bool {
    let code = line.trim_start();
    if code.starts_with("//") {
        return false;
    }
    let quoted = code.split('"').skip(1).map(str::trim_start);
    quoted.chain([code]).any(|part| {
        STATEMENTS.iter().any(|(verb, rest)| part.starts_with(verb) && part.contains(rest))
    })
}

/// Lines with SQL in files whose path below `src` passes.
fn sql_in(folder: &str, applies: impl Fn(&Path) -> bool) -> Vec<String> {
    let source = root().join(folder).join("src");
    let mut files = Vec::new();
    rust_files(&source, &mut files);
    let mut found = Vec::new();
    for file in files.iter().filter(|file| applies(file.strip_prefix(&source).unwrap_or(file))) {
        let code = std::fs::read_to_string(file).expect("the sources are UTF-8");
        let lines = code.lines().enumerate().filter(|(_, line)| holds_sql(line));
        found.extend(lines.map(|(no, line)| format!("{}:{}: {line}", file.display(), no + 1)));
    }
    found
}

#[test]
fn sql_stays_out_of_rules_protocol_paper_and_window() {
    for folder in ["domain", "sync", "print", "src-tauri"] {
        assert_eq!(sql_in(folder, |_| true), Vec::<String>::new());
    }
}

#[test]
fn sql_stays_out_of_command_lines_and_handlers() {
    let at_boundary = |path: &Path| {
        path.components().any(|part| {
            let name = part.as_os_str().to_string_lossy();
            BOUNDARY.contains(&name.trim_end_matches(".rs"))
        })
    };
    for folder in ["till", "store"] {
        assert_eq!(sql_in(folder, at_boundary), Vec::<String>::new());
    }
}

#[test]
fn the_scan_sees_sql_and_nothing_else() {
    assert!(holds_sql(r#"    tx.query("SELECT sku FROM item", ())"#));
    assert!(holds_sql("             UPDATE stock SET on_hand_milli = $1"));
    assert!(holds_sql(r#"let sql = "DELETE FROM x";"#));
    assert!(!holds_sql(r#"// "SELECT 1""#));
    assert!(!holds_sql(r#"say("UPDATE the price book first")"#));
}
