//! docs/failure.md names tests: each of them exists.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// Adds the text of every file below a folder with this ending, but for what was built.
fn texts(folder: &Path, ending: &str, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("target") {
            texts(&path, ending, found);
        } else if path.extension().is_some_and(|other| other == ending) {
            found.push(fs::read_to_string(path).unwrap());
        }
    }
}

/// The names of Rust's tests, and of the checks in `.ci`.
fn tests() -> BTreeSet<String> {
    let mut sources = Vec::new();
    for folder in ["functions", "shared", "tests"] {
        texts(&root().join(folder), "rs", &mut sources);
    }
    let mut tests = BTreeSet::new();
    for source in &sources {
        let mut is_marked = false;
        for line in source.lines().map(str::trim) {
            let signature = line.strip_prefix("async ").unwrap_or(line);
            if let Some(name) = signature.strip_prefix("fn ").filter(|_| is_marked) {
                tests.insert(name.split('(').next().unwrap().to_owned());
            }
            let is_left_out = is_marked && line.starts_with("#[");
            is_marked = is_left_out || line == "#[test]" || line.starts_with("#[tokio::test");
        }
    }
    // What runs on several services is listed once: `scenarios! { module::name, … }`.
    for source in &sources {
        let listed = source.split("\nscenarios! {\n").skip(1);
        let lines = listed.flat_map(|rest| rest.lines().take_while(|line| *line != "}"));
        let names = lines.filter_map(|line| line.trim().trim_end_matches(',').split_once("::"));
        tests.extend(names.map(|(_, name)| name.to_owned()));
    }
    // The journal's scenarios take a backend. One that no list names would be dead code, which clippy refuses.
    for line in sources.iter().flat_map(|source| source.lines()) {
        if let Some(signature) = line.strip_prefix("pub(crate) async fn ")
            && let Some((name, arguments)) = signature.split_once('(')
            && (arguments.is_empty() || arguments.starts_with("backend:"))
        {
            tests.insert(name.to_owned());
        }
    }
    let mut checks = Vec::new();
    texts(&root().join(".ci"), "py", &mut checks);
    for line in checks.iter().flat_map(|text| text.lines()) {
        if let Some(name) = line.strip_suffix("():")
            && let Some(name) = name.strip_prefix("def ")
            // One that is not called checks nothing.
            && checks.iter().any(|text| text.lines().any(|line| line.trim() == format!("{name}()")))
        {
            tests.insert(name.to_owned());
        }
    }
    assert!(tests.len() > 300, "{}", tests.len());
    tests
}

#[test]
fn every_row_names_tests_and_each_of_them_exists() {
    let page = fs::read_to_string(root().join("docs/failure.md")).unwrap();
    let rows = page.lines().filter(|line| line.starts_with('|'));
    let is_row = |line: &&str| !line.starts_with("|---") && !line.starts_with("| what fails ");
    let tests = tests();
    let mut row_count = 0;
    for row in rows.filter(is_row) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').collect();
        assert_eq!(cells.len(), 3, "{row}");
        let names: Vec<&str> = cells[2].split('`').skip(1).step_by(2).collect();
        assert!(!names.is_empty(), "no test: {row}");
        for name in names {
            assert!(tests.contains(name), "no such test: {name}");
        }
        row_count += 1;
    }
    assert!(row_count > 60, "{row_count}");
}
