//! The real function binaries, built the way everybody else builds them.
//!
//! One cargo call builds every function and this package together: the same package set everywhere means the same
//! features, so nobody rebuilds what somebody else has just built. It runs once per process and profile, under a file
//! lock, and the paths come from cargo's own messages.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, OnceLock};

use serde::Deserialize;

/// How much of cargo's standard error a failure carries.
const STDERR_TAIL_LINES: usize = 40;

/// Which profile of the root `Cargo.toml` the binaries are built with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// What tests start: quick to build.
    Dev,
    /// What `cargo local` starts: optimised, but for the SDK.
    Local,
    /// What the benches start: what is deployed, without LTO.
    Bench,
    /// What is deployed.
    Release,
}

impl Profile {
    /// Its name on cargo's command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dev => "dev",
            Self::Local => "local",
            Self::Bench => "bench",
            Self::Release => "release",
        }
    }

    fn built(self) -> &'static OnceLock<Result<Binaries, BuildError>> {
        static DEV: OnceLock<Result<Binaries, BuildError>> = OnceLock::new();
        static LOCAL: OnceLock<Result<Binaries, BuildError>> = OnceLock::new();
        static BENCH: OnceLock<Result<Binaries, BuildError>> = OnceLock::new();
        static RELEASE: OnceLock<Result<Binaries, BuildError>> = OnceLock::new();
        match self {
            Self::Dev => &DEV,
            Self::Local => &LOCAL,
            Self::Bench => &BENCH,
            Self::Release => &RELEASE,
        }
    }
}

/// Whether a person watches the build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Cargo's progress goes to our own standard error.
    Shown,
    /// Cargo is silent; a failure carries the end of what it said.
    Hidden,
}

/// The executables of one build, by the name of their function.
#[derive(Debug, Clone)]
pub struct Binaries {
    paths: Arc<BTreeMap<String, PathBuf>>,
}

impl Binaries {
    /// Where a function's executable is.
    pub fn path(&self, name: &str) -> Option<&Path> {
        self.paths.get(name).map(PathBuf::as_path)
    }

    /// The names of all executables, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.paths.keys().map(String::as_str)
    }
}

/// Why there are no binaries.
#[derive(Debug, Clone, thiserror::Error)]
pub enum BuildError {
    /// The workspace's folders cannot be read.
    #[error("cannot read the function packages under {}", folder.display())]
    ReadPackages {
        /// The folder that should hold them.
        folder: PathBuf,
        /// What the system said.
        #[source]
        source: Arc<io::Error>,
    },
    /// The lock that keeps builds apart cannot be taken.
    #[error("cannot lock {}", path.display())]
    Lock {
        /// The lock file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: Arc<io::Error>,
    },
    /// Cargo does not start.
    #[error("cannot start {}", cargo.display())]
    StartCargo {
        /// The program.
        cargo: PathBuf,
        /// What the system said.
        #[source]
        source: Arc<io::Error>,
    },
    /// Cargo ran and the build failed.
    #[error("cargo build ended with {exit}\n{stderr_tail}")]
    Build {
        /// How cargo ended.
        exit: ExitStatus,
        /// The last lines of its standard error; empty when they were shown already.
        stderr_tail: String,
    },
    /// The build was given up because its task ended.
    #[error("the build was interrupted")]
    Interrupted,
}

/// Builds every function binary, once per process and profile.
pub async fn build(profile: Profile, progress: Progress) -> Result<Binaries, BuildError> {
    let build = move || {
        profile
            .built()
            .get_or_init(|| build_now(profile, progress))
            .clone()
    };
    tokio::task::spawn_blocking(build)
        .await
        .unwrap_or(Err(BuildError::Interrupted))
}

/// Builds one function as it is deployed: a release build of this package alone.
pub async fn build_alone(name: &str, progress: Progress) -> Result<Binaries, BuildError> {
    let packages = [name.to_owned()];
    let build = move || build_packages(&workspace_root(), Profile::Release, progress, &packages);
    tokio::task::spawn_blocking(build)
        .await
        .unwrap_or(Err(BuildError::Interrupted))
}

fn build_now(profile: Profile, progress: Progress) -> Result<Binaries, BuildError> {
    let root = workspace_root();
    let packages = packages(&root)?;
    build_packages(&root, profile, progress, &packages)
}

fn build_packages(
    root: &Path,
    profile: Profile,
    progress: Progress,
    packages: &[String],
) -> Result<Binaries, BuildError> {
    let _lock = lock(&root.join("target"))?;
    let output = run_cargo(root, profile, progress, packages)?;
    if output.status.success() {
        let paths = executables(&output.stdout);
        return Ok(Binaries {
            paths: Arc::new(paths),
        });
    }
    Err(BuildError::Build {
        exit: output.status,
        stderr_tail: last_lines(&output.stderr, STDERR_TAIL_LINES),
    })
}

fn workspace_root() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package
        .ancestors()
        .nth(2)
        .map_or_else(|| package.to_path_buf(), Path::to_path_buf)
}

/// Every folder under `functions/` with a manifest, and this package.
fn packages(root: &Path) -> Result<Vec<String>, BuildError> {
    let folder = root.join("functions");
    let failed = |source: io::Error| BuildError::ReadPackages {
        folder: folder.clone(),
        source: Arc::new(source),
    };
    let mut names = vec![env!("CARGO_PKG_NAME").to_owned()];
    for entry in fs::read_dir(&folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if entry.path().join("Cargo.toml").is_file() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort_unstable();
    Ok(names)
}

fn lock(target: &Path) -> Result<File, BuildError> {
    let path = target.join("local-binaries.lock");
    let failed = |source: io::Error| BuildError::Lock {
        path: path.clone(),
        source: Arc::new(source),
    };
    fs::create_dir_all(target).map_err(failed)?;
    let file = File::create(&path).map_err(failed)?;
    file.lock().map_err(failed)?;
    Ok(file)
}

fn run_cargo(
    root: &Path,
    profile: Profile,
    progress: Progress,
    packages: &[String],
) -> Result<Output, BuildError> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(&cargo);
    command
        .current_dir(root)
        // With the versions that are committed, whatever a manifest allows by now.
        .args(["build", "--locked", "--profile", profile.name()])
        // Compiler errors stay readable text on standard error.
        .arg("--message-format=json-render-diagnostics")
        .stdin(Stdio::null())
        .stderr(match progress {
            Progress::Shown => Stdio::inherit(),
            Progress::Hidden => Stdio::piped(),
        });
    // What an outer cargo says of its own package would make build scripts believe that they must run again.
    let outer = [
        "CARGO_PKG_",
        "CARGO_MANIFEST_",
        "CARGO_BIN_",
        "CARGO_CRATE_",
        "CARGO_PRIMARY_",
    ];
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if outer.iter().any(|prefix| name.starts_with(prefix)) {
            command.env_remove(name);
        }
    }
    for package in packages {
        command.args(["--package", package]);
    }
    command.output().map_err(|source| BuildError::StartCargo {
        cargo: PathBuf::from(cargo),
        source: Arc::new(source),
    })
}

/// A line of cargo's messages, as far as it concerns us.
#[derive(Deserialize)]
struct CargoMessage {
    reason: String,
    target: Option<CargoTarget>,
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct CargoTarget {
    name: String,
}

fn executables(messages: &[u8]) -> BTreeMap<String, PathBuf> {
    messages
        .split(|byte| *byte == b'\n')
        .filter_map(|line| serde_json::from_slice::<CargoMessage>(line).ok())
        .filter(|message| message.reason == "compiler-artifact")
        .filter_map(|message| Some((message.target?.name, message.executable?)))
        .collect()
}

fn last_lines(text: &[u8], limit: usize) -> String {
    let text = String::from_utf8_lossy(text);
    let lines: Vec<&str> = text.lines().collect();
    let skipped = lines.len().saturating_sub(limit);
    lines
        .into_iter()
        .skip(skipped)
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn executables_are_read_from_cargos_messages_and_libraries_are_not() {
        let messages = concat!(
            r#"{"reason":"compiler-artifact","target":{"name":"relay","kind":["lib"]},"executable":null}"#,
            "\n",
            r#"{"reason":"compiler-artifact","target":{"name":"a-function","kind":["bin"]},"executable":"/t/a-function"}"#,
            "\n",
            r#"{"reason":"build-script-executed","out_dir":"/t/out"}"#,
            "\nnot json\n",
            r#"{"reason":"build-finished","success":true}"#,
            "\n"
        );
        let found = executables(messages.as_bytes());
        let expected = BTreeMap::from([("a-function".to_owned(), PathBuf::from("/t/a-function"))]);
        assert_eq!(found, expected);
    }

    #[test]
    fn every_function_package_is_built_and_this_one() {
        let root = workspace_root();
        let found = packages(&root).unwrap();
        assert!(found.contains(&"cargo-local".to_owned()));
        assert!(found.contains(&"aws-webhook-ingest".to_owned()));
        let functions = fs::read_dir(root.join("functions")).unwrap().count();
        assert_eq!(found.len(), functions + 1);
    }

    #[test]
    fn a_new_folder_without_a_manifest_is_no_package() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("functions/made")).unwrap();
        fs::create_dir_all(root.path().join("functions/empty")).unwrap();
        fs::write(root.path().join("functions/made/Cargo.toml"), "").unwrap();
        assert_eq!(packages(root.path()).unwrap(), ["cargo-local", "made"]);
    }

    #[test]
    fn only_the_committed_versions_are_built() {
        let root = tempfile::tempdir().unwrap();
        let manifest = "[package]\nname = \"made\"\nedition = \"2024\"\n";
        fs::write(root.path().join("Cargo.toml"), manifest).unwrap();
        fs::create_dir(root.path().join("src")).unwrap();
        fs::write(root.path().join("src/lib.rs"), "").unwrap();
        let packages = ["made".to_owned()];
        let output = run_cargo(root.path(), Profile::Dev, Progress::Hidden, &packages).unwrap();
        assert!(!output.status.success());
        assert!(!root.path().join("Cargo.lock").exists());
        let said = last_lines(&output.stderr, STDERR_TAIL_LINES);
        assert!(said.contains("--locked"), "{said}");
    }

    #[test]
    fn a_failed_build_carries_the_end_of_what_cargo_said() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("Cargo.toml"), "[package]\nnope").unwrap();
        let packages = ["made".to_owned()];
        let output = run_cargo(root.path(), Profile::Dev, Progress::Hidden, &packages).unwrap();
        assert!(!output.status.success());
        assert!(last_lines(&output.stderr, STDERR_TAIL_LINES).contains("Cargo.toml"));
        assert_eq!(last_lines(b"a\nb\nc\n", 2), "b\nc");
    }
}
