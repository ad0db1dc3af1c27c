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
