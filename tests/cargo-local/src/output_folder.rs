//! Where a run writes what arrived: one run at a time, which begins with an empty folder.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// The folder, kept from other runs until this is dropped.
#[derive(Debug)]
pub(crate) struct OutputFolder {
    path: PathBuf,
    _lock: File,
}

/// Why nothing can be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OutputFolderError {
    /// Two runs would delete each other's files.
    #[error("another cargo local writes to {}", .0.display())]
    InUse(PathBuf),
    /// The system said no.
    #[error("cannot write to {}", .0.display())]
    Write(PathBuf, #[source] io::Error),
}

impl OutputFolder {
    /// Makes the folder, without what an earlier run left in it.
    pub(crate) fn take(path: &Path) -> Result<Self, OutputFolderError> {
        let failed = |at: &Path| {
            let at = at.to_owned();
            move |source| OutputFolderError::Write(at, source)
        };
        fs::create_dir_all(path).map_err(failed(path))?;
        let lock_path = path.join(".lock");
        let lock = File::create(&lock_path).map_err(failed(&lock_path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(OutputFolderError::InUse(path.to_owned()));
            }
            Err(TryLockError::Error(source)) => return Err(failed(&lock_path)(source)),
        }
        for entry in fs::read_dir(path).map_err(failed(path))? {
            let found = entry.map_err(failed(path))?.path();
            let is_ours = found
                .extension()
                .is_some_and(|extension| extension == "ndjson" || extension == "log");
            if is_ours {
                fs::remove_file(&found).map_err(failed(&found))?;
            }
        }
        Ok(Self {
            path: path.to_owned(),
            _lock: lock,
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(path: &Path) -> String {
        relay::chain(&OutputFolder::take(path).unwrap_err()).to_string()
    }

    #[test]
    fn a_run_begins_without_the_files_of_the_one_before_and_keeps_others_out() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("local-out");
        let first = OutputFolder::take(&path).unwrap();
        fs::write(path.join("http.ndjson"), "{}").unwrap();
        fs::write(path.join("notes.txt"), "mine").unwrap();
        let in_use = format!("another cargo local writes to {}", path.display());
        assert_eq!(refusal(&path), in_use);
        assert!(path.join("http.ndjson").exists());

        drop(first);
        let second = OutputFolder::take(&path).unwrap();
        assert!(!second.path().join("http.ndjson").exists());
        assert!(second.path().join("notes.txt").exists());
    }

    #[test]
    fn an_error_names_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let path = folder.path().join("local-out");
        fs::create_dir_all(path.join("sub.ndjson")).unwrap();
        for (taken, named) in [(&file, &file), (&path, &path.join("sub.ndjson"))] {
            let named = format!("cannot write to {}: ", named.display());
            assert!(refusal(taken).starts_with(&named), "{}", refusal(taken));
        }
    }
}
