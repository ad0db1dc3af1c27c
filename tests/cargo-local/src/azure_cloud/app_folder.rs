//! An app's folder as a deployment makes it: the function's own `host.json` and `function.json` files, and its binary.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

/// A folder that goes with whoever holds it.
#[derive(Debug)]
pub(super) struct AppFolder {
    folder: TempDir,
    name: &'static str,
}

impl AppFolder {
    /// Makes the folder of a function's app; `is_single` takes the cardinality of its Event Grid trigger back to one.
    pub(super) fn new(name: &'static str, binary: &Path, is_single: bool) -> io::Result<Self> {
        let folder = TempDir::with_prefix(name)?;
        let source = sources().join(name);
        fs::copy(source.join("host.json"), folder.path().join("host.json"))?;
        for entry in fs::read_dir(&source)? {
            let entry = entry?;
            let file = entry.path().join("function.json");
            if !file.is_file() {
                continue;
            }
            let to = folder.path().join(entry.file_name());
            fs::create_dir(&to)?;
            let text = fs::read_to_string(&file)?;
            let text = if is_single { with_one(&text)? } else { text };
            fs::write(to.join("function.json"), text)?;
        }
        symlink(binary, folder.path().join(name))?;
        Ok(Self { folder, name })
    }

    /// Takes out of `host.json` that requests are passed on as they come.
    pub(super) fn stop_proxying(&self) -> io::Result<()> {
        let file = self.folder.path().join("host.json");
        let mut host: Value = serde_json::from_str(&fs::read_to_string(&file)?)?;
        let handler = host.get_mut("customHandler").and_then(Value::as_object_mut);
        if let Some(handler) = handler {
            handler.remove("enableProxyingHttpRequest");
        }
        fs::write(file, host.to_string())
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(super) fn name(&self) -> &'static str {
        self.name
    }
}

/// The folder of the functions' packages.
fn sources() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.join("../../functions")
}

fn with_one(text: &str) -> io::Result<String> {
    let mut function: Value = serde_json::from_str(text)?;
    let bindings = function.get_mut("bindings").and_then(Value::as_array_mut);
    for binding in bindings.into_iter().flatten() {
        if let Some(members) = binding.as_object_mut() {
            members.remove("cardinality");
        }
    }
    Ok(function.to_string())
}
