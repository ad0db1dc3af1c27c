//! What manifests and `deny.toml` say: versions in one place, no default features, one owner of each cloud's client.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use super::{Package, is_named, packages, read, root};

#[test]
fn versions_stand_in_the_root_and_default_features_are_off() {
    let manifest = read("Cargo.toml");
    let (_, section) = manifest.split_once("[workspace.dependencies]\n").unwrap();
    let section = section.split("\n[").next().unwrap();
    let lines: Vec<&str> = section
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect();
    assert!(lines.len() > 20, "{lines:?}");
    for line in lines {
        // Our own packages have no features.
        let is_ours = line.contains("{ path = \"");
        assert!(
            is_ours || line.contains("default-features = false"),
            "{line}"
        );
        assert!(
            !line.contains("features = ["),
            "features stand where they are used: {line}"
        );
    }
    for package in packages() {
        for dependency in package
            .dependencies
            .iter()
            .filter(|dependency| dependency.path.is_none())
        {
            assert!(
                !dependency.uses_default_features,
                "{}: {}",
                package.name, dependency.name
            );
        }
        let manifest = fs::read_to_string(&package.manifest_path).unwrap();
        for line in dependency_lines(&manifest) {
            let names_version = line.contains("version = \"") || line.contains(" = \"");
            assert!(!names_version, "{}: {line}", package.name);
        }
        assert!(
            manifest.contains("\n[lints]\nworkspace = true\n"),
            "{} has lints of its own",
            package.name
        );
    }
}

/// The lines of a manifest's sections of dependencies, those for tests and for single systems too.
fn dependency_lines(manifest: &str) -> impl Iterator<Item = &str> {
    let mut is_inside = false;
    manifest.lines().filter(move |line| {
        if line.starts_with('[') {
            is_inside = line.ends_with("dependencies]");
        }
        is_inside && line.contains('=')
    })
}

#[test]
fn what_speaks_to_a_cloud_is_denied_to_all_but_its_owner() {
    let deny = read("deny.toml");
    let owners = [
        ("aws-sdk-*", "aws-clients"),
        ("aws-smithy-http-client", "fakes"),
        ("reqwest", "http-clients"),
    ];
    let packages = packages();
    let mut used = BTreeSet::new();
    for package in &packages {
        used.extend(
            package
                .dependencies
                .iter()
                .map(|dependency| dependency.name.as_str()),
        );
    }
    for name in used {
        for (_, owner) in owners
            .iter()
            .filter(|(pattern, _)| is_named(name, &[pattern]))
        {
            let rule = format!("{{ crate = \"{name}\", wrappers = [\"{owner}\"");
            assert!(deny.contains(&rule), "deny.toml lacks {rule}");
        }
    }
    for name in ["aws-config", "aws-lc-rs", "native-tls", "openssl"] {
        assert!(
            deny.contains(&format!("{{ crate = \"{name}\"")),
            "deny.toml lacks {name}"
        );
    }
}

#[test]
fn a_function_is_named_alike_everywhere() {
    let functions: Vec<Package> = packages()
        .into_iter()
        .filter(|package| package.folder().starts_with("functions/"))
        .collect();
    assert!(functions.len() >= 2);
    for package in functions {
        assert_eq!(package.folder(), format!("functions/{}", package.name));
        let of_kind = |kind: &str| -> Vec<&str> {
            let targets = package
                .targets
                .iter()
                .filter(|target| target.kind.iter().any(|own| own == kind));
            targets.map(|target| target.name.as_str()).collect()
        };
        assert_eq!(of_kind("bin"), [package.name.as_str()]);
        assert_eq!(of_kind("lib"), [package.name.replace('-', "_")]);
        for file in [
            "README.md",
            "src/lib.rs",
            "src/handler.rs",
            "src/settings.rs",
            "src/error.rs",
        ] {
            let path = root().join(package.folder()).join(file);
            assert!(path.is_file(), "{} is missing", path.display());
        }
    }
}

/// The opt-levels that a section of the root manifest gives by package.
fn opt_levels(section: &str) -> BTreeMap<String, String> {
    let manifest = read("Cargo.toml");
    let (_, rest) = manifest.split_once(&format!("\n[{section}]\n")).unwrap();
    let lines = rest.split("\n[").next().unwrap().lines();
    lines
        .filter_map(|line| line.split_once(".opt-level = "))
        .map(|(name, level)| (name.to_owned(), level.to_owned()))
        .collect()
}

#[test]
fn every_package_of_ours_is_built_for_speed_and_no_profile_takes_in_build_scripts() {
    let levels = opt_levels("profile.release.package");
    for package in packages() {
        let level = levels.get(&package.name).map(String::as_str);
        // Its size is bounded by Lambda's start, its speed by Auth0's rate limit.
        let wanted = if package.name == "aws-log-poller" {
            "2"
        } else {
            "3"
        };
        assert_eq!(
            level,
            Some(wanted),
            "{} in profile.release.package",
            package.name
        );
    }
    // `local` is built in a hurry: the SDK's clients are left as they are, and ours are optimised lightly.
    let levels = opt_levels("profile.local.package");
    let of_sdk = |name: &str| name.starts_with("aws-sdk-");
    assert!(levels.keys().filter(|name| of_sdk(name)).count() >= 5);
    for package in packages() {
        assert!(levels.contains_key(&package.name), "{}", package.name);
    }
    for (name, level) in levels {
        let wanted = if of_sdk(&name) { "0" } else { "1" };
        assert_eq!(level, wanted, "{name}");
    }
    let manifest = read("Cargo.toml");
    assert!(!manifest.contains("\"*\""), "build scripts and macros, too");
}
