//! Shell scripts in the place of a function's binary, for tests.

use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

#[derive(Debug)]
pub(crate) struct Script {
    pub(crate) folder: TempDir,
    pub(crate) path: PathBuf,
}

impl Script {
    pub(crate) fn new(lines: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("script");
        // A file that this process has open for writing, in a fork of another test too, cannot be executed.
        let written = Command::new("/bin/sh")
            .args([
                "-c",
                r#"printf '#!/bin/sh\n%s\n' "$0" > "$1" && chmod 755 "$1""#,
                lines,
            ])
            .arg(&path)
            .status();
        assert!(written.unwrap().success());
        Self { folder, path }
    }
}
