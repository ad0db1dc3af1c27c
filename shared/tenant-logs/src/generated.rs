//! Files that tests generate: compared with what they should be, or written by
//! `INSTA_UPDATE=always cargo test -p tenant-logs`, which writes the golden files too.

use std::fs;
use std::path::{Path, PathBuf};

/// Returns the path of a file of the repository.
pub(crate) fn repository_path(relative: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(relative)
}

/// What begins and ends a table that a test generates within a page.
const BEGIN: &str = "<!-- generated: begin -->\n";
const END: &str = "<!-- generated: end -->\n";

/// Holds the generated part of a page against what it should be, as [`check_file`] does.
pub(crate) fn check_part(relative: &str, part: &str) {
    let page = fs::read_to_string(repository_path(relative)).unwrap();
    let (before, after) = page.split_once(BEGIN).unwrap();
    let (_, after) = after.split_once(END).unwrap();
    check_file(relative, &format!("{before}{BEGIN}\n{part}\n{END}{after}"));
}

/// Holds a file against its right content, and writes that where the files are to be updated.
pub(crate) fn check_file(relative: &str, right: &str) {
    let path = repository_path(relative);
    let is_right = fs::read_to_string(&path).is_ok_and(|found| found == right);
    if is_right {
        return;
    }
    let is_update = std::env::var_os("INSTA_UPDATE").is_some_and(|value| value == "always");
    assert!(
        is_update,
        "{relative} is not what the code says: INSTA_UPDATE=always cargo test -p tenant-logs writes it"
    );
    fs::write(path, right).unwrap();
}
