//! Who may depend on whom, from cargo's own metadata and the lock file.

mod files;
mod manifests;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

/// A package of the workspace, as `cargo metadata` has it.
#[derive(Deserialize)]
struct Package {
    name: String,
    manifest_path: PathBuf,
    targets: Vec<Target>,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    /// `dev` or `build`, none for what the package itself is built from.
    kind: Option<String>,
    /// Where the package is, for those of this workspace.
    path: Option<PathBuf>,
    uses_default_features: bool,
}

impl Package {
    /// Its folder below the root, with `/` on every system.
    fn folder(&self) -> String {
        let folder = self.manifest_path.parent().unwrap();
        let below = folder.strip_prefix(root()).unwrap();
        below.to_str().unwrap().replace('\\', "/")
    }

    /// What it is built from, without what only its tests use.
    fn built_from(&self) -> impl Iterator<Item = &str> {
        let own = self
            .dependencies
            .iter()
            .filter(|dependency| dependency.kind.is_none());
        own.map(|dependency| dependency.name.as_str())
    }
}

fn root() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.ancestors().nth(2).unwrap().to_path_buf()
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

fn packages() -> Vec<Package> {
    #[derive(Deserialize)]
    struct Metadata {
        packages: Vec<Package>,
    }
    let output = Command::new(env!("CARGO"))
        .current_dir(root())
        .args([
            "metadata",
            "--format-version",
            "1",
            "--no-deps",
            "--offline",
        ])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Metadata = serde_json::from_slice(&output.stdout).unwrap();
    metadata.packages
}

/// What any package above the two cores may use.
const ABOVE_THE_CORES: [&str; 7] = [
    "bytes",
    "futures-util",
    "serde",
    "serde_json",
    "thiserror",
    "tokio",
    "tracing",
];

/// What the pure core may use.
const OF_TENANT_LOGS: [&str; 8] = [
    "base64",
    "flate2",
    "hmac",
    "jiff",
    "serde",
    "serde_json",
    "sha2",
    "thiserror",
];

/// What reaches the network without AWS may use.
const OF_HTTP_CLIENTS: [&str; 9] = [
    "base64",
    "flate2",
    "httpdate",
    "idna_adapter",
    "relay",
    "reqwest",
    "rustls",
    "tenant-logs",
    "webpki-roots",
];

/// What the fakes may use: no package of ours.
const OF_FAKES: [&str; 12] = [
    "base64",
    "fastrand",
    "flate2",
    "http-body-util",
    "hyper",
    "hyper-util",
    "jiff",
    "md-5",
    "rcgen",
    "rustls",
    "tokio",
    "tokio-rustls",
];

/// What a package may be built from; `*` stands for any end of a name. Nothing else may be added unseen.
fn may_use(package: &Package) -> Vec<&'static str> {
    let (own, is_core): (&[&str], bool) = match package.folder().as_str() {
        "shared/tenant-logs" => (&OF_TENANT_LOGS, true),
        "shared/relay" => (
            &[
                "fastrand",
                "futures-util",
                "serde_json",
                "tenant-logs",
                "thiserror",
                "tokio",
                "tracing",
                "tracing-subscriber",
            ],
            true,
        ),
        "shared/http-clients" => (&OF_HTTP_CLIENTS, false),
        // AWS's own: aws-sdk-*, aws-smithy-*.
        "shared/aws-clients" => (
            &[
                "aws-s*",
                "hyper-rustls",
                "hyper-util",
                "relay",
                "rustls",
                "tenant-logs",
                "webpki-roots",
            ],
            false,
        ),
        "shared/lambda-handler" => (&["lambda_runtime", "relay"], false),
        "shared/custom-handler" => (&["http-body-util", "hyper*", "relay"], false),
        folder if folder.starts_with("functions/aws-") => (
            &[
                "aws-clients",
                "aws_lambda_events",
                "http-clients",
                "lambda-handler",
                "lambda_runtime",
                "relay",
                "tenant-logs",
            ],
            false,
        ),
        folder if folder.starts_with("functions/") => (
            &["custom-handler", "http-clients", "relay", "tenant-logs"],
            false,
        ),
        "infra/auth0" => (&["clap", "http-clients", "relay", "tenant-logs"], false),
        // Any package may use it in its tests, so it knows none of them.
        "tests/fakes" => (&OF_FAKES, false),
        folder if folder.starts_with("tests/") => (&["*"], false),
        folder => panic!("nobody has said what {folder} may use"),
    };
    let general: &[&str] = if is_core { &[] } else { &ABOVE_THE_CORES };
    [own, general].concat()
}

fn is_named(name: &str, patterns: &[&str]) -> bool {
    patterns
        .iter()
        .any(|pattern| match pattern.strip_suffix('*') {
            Some(begin) => name.starts_with(begin),
            None => name == *pattern,
        })
}

#[test]
fn each_package_is_built_from_what_it_may_use() {
    let packages = packages();
    assert!(packages.len() >= 8, "{}", packages.len());
    for package in &packages {
        let allowed = may_use(package);
        let strangers: Vec<&str> = package
            .built_from()
            .filter(|name| !is_named(name, &allowed))
            .collect();
        assert_eq!(strangers, [""; 0], "{} may not use these", package.name);
    }
}

#[test]
fn no_function_is_depended_on_but_by_tests_and_of_tests_only_the_fakes_by_other_tests() {
    for package in packages() {
        let is_test = package.folder().starts_with("tests/");
        // Its own tests count, too.
        for dependency in package.dependencies.iter().filter(|_| !is_test) {
            let Some(path) = &dependency.path else {
                continue;
            };
            let below = path.strip_prefix(root()).unwrap();
            let is_dev = dependency.kind.as_deref() == Some("dev");
            assert!(
                below.starts_with("shared") || is_dev && below == Path::new("tests/fakes"),
                "{} uses {}",
                package.name,
                below.display()
            );
        }
    }
}

/// What the lock file says that each package of a registry needs; tests of ours are not followed.
fn locked() -> BTreeMap<String, BTreeSet<String>> {
    let mut needs = BTreeMap::<String, BTreeSet<String>>::new();
    for entry in read("Cargo.lock").split("[[package]]").skip(1) {
        let name = entry
            .lines()
            .find_map(|line| line.strip_prefix("name = "))
            .unwrap();
        let listed = entry.lines().filter_map(|line| line.strip_prefix(" \""));
        // A name may be followed by its version.
        let names = listed.map(|line| line.split(['"', ' ']).next().unwrap().to_owned());
        needs
            .entry(name.trim_matches('"').to_owned())
            .or_default()
            .extend(names);
    }
    needs
}

/// Everything that a package of ours is built from, near and far.
fn all_built_from(name: &str) -> BTreeSet<String> {
    let (packages, locked) = (packages(), locked());
    let mut found = BTreeSet::new();
    let mut open = vec![name.to_owned()];
    while let Some(name) = open.pop() {
        if !found.insert(name.clone()) {
            continue;
        }
        match packages.iter().find(|package| package.name == name) {
            Some(package) => open.extend(package.built_from().map(str::to_owned)),
            None => open.extend(locked[&name].iter().cloned()),
        }
    }
    found
}

fn never(package: &str, patterns: &[&str]) {
    let all = all_built_from(package);
    assert!(all.len() > 10, "{all:?}");
    let found: Vec<&String> = all.iter().filter(|name| is_named(name, patterns)).collect();
    assert_eq!(found, [""; 0], "{package} is built from these");
}

#[test]
fn the_cores_never_reach_a_cloud_and_each_client_never_the_others_stack() {
    let cloud_or_web = [
        "aws*",
        "azure*",
        "h2",
        "http",
        "http-body*",
        "hyper*",
        "lambda*",
        "reqwest",
        "ring",
        "rustls*",
    ];
    never("relay", &cloud_or_web);
    never("tenant-logs", &cloud_or_web);
    never(
        "tenant-logs",
        &[
            "async*",
            "futures*",
            "mio",
            "socket2",
            "tokio*",
            "tracing*",
            "getrandom",
        ],
    );
    never("http-clients", &["aws*", "lambda*"]);
    never("custom-handler", &["aws*", "lambda*", "reqwest", "rustls*"]);
    never("aws-clients", &["reqwest", "lambda*"]);
}

#[test]
fn there_is_one_tls_provider_and_no_default_credentials_chain() {
    let locked = locked();
    assert!(locked.contains_key("ring") && locked.contains_key("rustls"));
    let banned = [
        "aws-lc-*",
        "openssl",
        "openssl-sys",
        "native-tls",
        "s2n-tls*",
        "aws-config",
    ];
    let found: Vec<&String> = locked
        .keys()
        .filter(|name| is_named(name, &banned))
        .collect();
    assert_eq!(found, [""; 0]);
}
