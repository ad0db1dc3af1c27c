//! How files are made: their length, their names, their first line, and what stands in none of them.

use std::fs;
use std::path::Path;

use super::{read, root};

const MAX_LINES: usize = 400;
/// Tables: one line a type code.
const TABLES: [&str; 1] = ["shared/tenant-logs/src/event_type/catalogue.rs"];
const MAX_LINES_OF_MAIN: usize = 50;

/// A source file, by its path below the root.
struct Source {
    path: String,
    text: String,
}

impl Source {
    fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap()
    }
}

/// Every Rust file of the workspace, whether git knows it yet or not.
fn sources() -> Vec<Source> {
    let mut sources = Vec::new();
    for folder in ["functions", "infra", "shared", "tests"] {
        collect(&root().join(folder), &mut sources);
    }
    assert!(sources.len() > 100, "{}", sources.len());
    sources
}

fn collect(folder: &Path, sources: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() && name != "target" && !name.starts_with('.') {
            collect(&path, sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let below = path.strip_prefix(root()).unwrap().to_str().unwrap();
            sources.push(Source {
                path: below.replace('\\', "/"),
                text: fs::read_to_string(&path).unwrap(),
            });
        }
    }
}

/// The paths of the files that break a rule.
fn breaking(rule: impl Fn(&Source) -> bool) -> Vec<String> {
    let breaking = sources().into_iter().filter(rule);
    breaking.map(|source| source.path).collect()
}

const NONE: [&str; 0] = [];

#[test]
fn no_file_has_more_than_400_lines() {
    let is_long = |source: &Source| {
        !TABLES.contains(&source.path.as_str()) && source.text.lines().count() > MAX_LINES
    };
    assert_eq!(breaking(is_long), NONE);
}

#[test]
fn a_test_that_is_left_out_says_what_it_needs_and_ci_runs_it() {
    // Put together, so that this file does not have it itself.
    let mark = concat!("#[ign", "ore");
    let given = [
        "MOTO_URL",
        "AZURITE_",
        "AZURE_PEERS_PYTHON",
        "FAKETIME_LIBRARY",
        "half an hour",
    ];
    let is_known = |rest: &str| {
        let reason = rest.strip_prefix(" = \"needs ");
        reason.is_some_and(|name| given.iter().any(|known| name.starts_with(known)))
    };
    let is_wrong = |source: &Source| {
        let mut marks = source.text.split(mark).skip(1);
        marks.any(|rest| !is_known(rest))
    };
    assert_eq!(breaking(is_wrong), NONE);
    let run = read(".ci/run");
    for script in [".ci/with-moto", ".ci/with-azurite", ".ci/with-faketime"] {
        let line = run.lines().find(|line| line.starts_with(script)).unwrap();
        assert!(line.contains(" -- --ignored"), "{line}");
    }
    assert!(read(".ci/full").contains(" whole_fault_matrix -- --ignored"));
}

#[test]
fn a_functions_main_only_starts_it() {
    let is_long = |source: &Source| {
        source.path.starts_with("functions/")
            && source.path.ends_with("/src/main.rs")
            && source.text.lines().count() > MAX_LINES_OF_MAIN
    };
    assert_eq!(breaking(is_long), NONE);
}

#[test]
fn modules_are_named_for_what_they_hold() {
    let empty_names = [
        "mod", "utils", "util", "common", "helpers", "helper", "types", "manager", "service",
        "prelude",
    ];
    let is_empty = |source: &Source| {
        let stem = source.name().trim_end_matches(".rs");
        empty_names.contains(&stem)
    };
    assert_eq!(breaking(is_empty), NONE);
}

#[test]
fn every_module_says_first_what_it_is_for() {
    let says_nothing = |source: &Source| {
        // Unit tests are told by the module that they test.
        let below_src = source.path.split_once("/src/").map(|(_, below)| below);
        let is_tests =
            below_src.is_some_and(|below| below.ends_with("tests.rs") || below.contains("tests/"));
        let begins = ["//! ", "#![doc = include_str!("].map(|begin| source.text.starts_with(begin));
        !is_tests && begins == [false, false]
    };
    assert_eq!(breaking(says_nothing), NONE);
}

#[test]
fn nothing_is_re_exported_wholesale_or_left_for_later() {
    let is_glob =
        |line: &str| line.trim_start().starts_with("pub use ") && line.trim_end().ends_with("::*;");
    assert_eq!(breaking(|source| source.text.lines().any(is_glob)), NONE);
    // Put together, so that this file does not name them itself.
    let later = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("#[should_", "panic"),
    ];
    let has_later = |source: &Source| later.iter().any(|mark| source.text.contains(mark));
    assert_eq!(breaking(has_later), NONE);
}

#[test]
fn lints_are_relaxed_with_a_reason_only() {
    let without_reason = |source: &Source| {
        let mut parts = source.text.split(concat!("#[exp", "ect(")).skip(1);
        parts.any(|part| !part.split(")]").next().unwrap().contains("reason = \""))
    };
    assert_eq!(breaking(without_reason), NONE);
    assert!(read("clippy.toml").contains("too-many-lines-threshold = 60"));
}
