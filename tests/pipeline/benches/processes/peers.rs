//! What we are compared with, made from public registries below `target/bench-peers`.
//!
//! A peer that cannot be made is left out with the reason: the comparison needs a registry, the rest does not.

use std::error::Error;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::contender::Contender;
use crate::stream::root;

/// The name of the handler in Python.
pub(crate) const PYTHON: &str = "python with boto3";
/// The name of the rule target in Python.
pub(crate) const PYTHON_TARGET: &str = "python with orjson";
/// The name of the handler in Node.
pub(crate) const NODE: &str = "node with the AWS SDK";

/// The handler in Python with boto3.
pub(crate) fn python() -> Result<Contender, Box<dyn Error>> {
    let folder = folder("python")?;
    let python = folder.join("venv/bin/python");
    let has_boto3 = python.is_file() && is_ok(Command::new(&python).args(["-c", "import boto3"]));
    if !has_boto3 {
        run(Command::new("python3")
            .args(["-m", "venv"])
            .arg(folder.join("venv")))?;
        run(Command::new(&python).args(["-m", "pip", "install", "--quiet", "boto3"]))?;
        // As Lambda's image has it: compiled once, not at each start.
        run(Command::new(&python).args([
            "-c",
            "import boto3; boto3.client('events', region_name='us-east-1')",
        ]))?;
    }
    let source = fs::read_to_string(sources().join("handler.py"))?;
    let program = script(&folder.join("ingest.py"), &python, &source)?;
    Ok(Contender {
        name: PYTHON,
        program,
    })
}

/// The rule target in Python with orjson.
pub(crate) fn python_target() -> Result<Contender, Box<dyn Error>> {
    let folder = folder("python-target")?;
    let python = folder.join("venv/bin/python");
    if !(python.is_file() && is_ok(Command::new(&python).args(["-c", "import orjson"]))) {
        run(Command::new("python3")
            .args(["-m", "venv"])
            .arg(folder.join("venv")))?;
        run(Command::new(&python).args(["-m", "pip", "install", "--quiet", "orjson"]))?;
    }
    let source = fs::read_to_string(sources().join("target.py"))?;
    let program = script(&folder.join("target.py"), &python, &source)?;
    Ok(Contender {
        name: PYTHON_TARGET,
        program,
    })
}

/// The handler in Node with the AWS SDK.
pub(crate) fn node() -> Result<Contender, Box<dyn Error>> {
    let folder = folder("node")?;
    if !folder
        .join("node_modules/@aws-sdk/client-eventbridge")
        .is_dir()
    {
        let install = ["install", "--silent", "--no-audit", "--no-fund", "--prefix"];
        run(Command::new("npm")
            .args(install)
            .arg(&folder)
            .arg("@aws-sdk/client-eventbridge@3"))?;
    }
    let source = fs::read_to_string(sources().join("handler.mjs"))?;
    let program = script(
        &folder.join("ingest.mjs"),
        Path::new("/usr/bin/env node"),
        &source,
    )?;
    Ok(Contender {
        name: NODE,
        program,
    })
}

/// The bare Rust program, built with our lock file and the profile `bench`.
pub(crate) fn bare() -> Result<Contender, Box<dyn Error>> {
    let program = build("bare", "bare", &["--profile", "bench"])?.join("release/bare");
    Ok(Contender {
        name: "bare lambda_runtime",
        program,
    })
}

/// The bare custom handler, a release build as the functions are; `has_sink` says whether it passes events on.
pub(crate) fn bare_axum(has_sink: bool) -> Result<PathBuf, Box<dyn Error>> {
    let (name, options): (_, &[&str]) = if has_sink {
        ("bare-axum-with-sink", &["--release", "--features", "sink"])
    } else {
        ("bare-axum", &["--release"])
    };
    Ok(build("bare-axum", name, options)?.join("release/bare-axum"))
}

/// Builds one of our own peers in a folder of its own, and says where the build's output is.
fn build(source: &str, name: &str, options: &[&str]) -> Result<PathBuf, Box<dyn Error>> {
    let folder = folder(name)?;
    fs::create_dir_all(folder.join("src"))?;
    for file in ["Cargo.toml", "src/main.rs"] {
        fs::copy(sources().join(source).join(file), folder.join(file))?;
    }
    fs::copy(root().join("Cargo.lock"), folder.join("Cargo.lock"))?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    run(Command::new(cargo)
        .current_dir(&folder)
        .args(["build", "--quiet", "--target-dir", "target"])
        .args(options))?;
    Ok(folder.join("target"))
}

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers")
}

fn folder(name: &str) -> Result<PathBuf, Box<dyn Error>> {
    let folder = root().join("target/bench-peers").join(name);
    fs::create_dir_all(&folder)?;
    Ok(folder.canonicalize()?)
}

/// Writes a program that the system starts by its first line, as Lambda starts a `bootstrap`.
fn script(path: &Path, interpreter: &Path, source: &str) -> Result<PathBuf, Box<dyn Error>> {
    fs::write(path, format!("#!{}\n{source}", interpreter.display()))?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
    Ok(path.to_owned())
}

fn run(command: &mut Command) -> Result<(), Box<dyn Error>> {
    let output = command.stdin(Stdio::null()).output()?;
    if output.status.success() {
        return Ok(());
    }
    let program = command.get_program().to_string_lossy().into_owned();
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().last().unwrap_or_default();
    Err(format!("{program} ended with {}: {last}", output.status).into())
}

fn is_ok(command: &mut Command) -> bool {
    run(command).is_ok()
}
