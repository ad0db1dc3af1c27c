//! What every app's `host.json` says of logging, so that our lines reach Application Insights, all of them and little else.

use std::fs;

use serde_json::{Value, json};

/// Each `host.json` of the functions, by its folder.
fn host_files() -> Vec<(String, Value)> {
    let functions = concat!(env!("CARGO_MANIFEST_DIR"), "/../../functions");
    let folders = fs::read_dir(functions).unwrap();
    folders
        .map(|entry| entry.unwrap().path())
        .filter(|folder| folder.join("host.json").is_file())
        .map(|folder| {
            let text = fs::read_to_string(folder.join("host.json")).unwrap();
            let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
            (name, serde_json::from_str(&text).unwrap())
        })
        .collect()
}

#[test]
fn the_host_writes_our_lines_unsampled_and_little_of_its_own() {
    let files = host_files();
    assert!(files.len() >= 2, "{files:?}");
    for (function, host) in files {
        assert!(function.starts_with("azure-"), "{function}");
        let levels = json!({
            "default": "Warning",
            "Function": "Error",
            "Host.Results": "Error",
            "Host.Function.Console": "Information",
        });
        assert_eq!(host["logging"]["logLevel"], levels, "{function}");
        let sampling = &host["logging"]["applicationInsights"]["samplingSettings"];
        let wanted = json!({"isEnabled": true, "excludedTypes": "Trace;Exception"});
        assert_eq!(*sampling, wanted, "{function}");
    }
}

#[test]
fn every_azure_function_has_a_host_file() {
    let functions = concat!(env!("CARGO_MANIFEST_DIR"), "/../../functions");
    let folders = fs::read_dir(functions).unwrap();
    let packages = folders
        .map(|entry| entry.unwrap().path())
        .filter(|folder| folder.join("Cargo.toml").is_file())
        .map(|folder| folder.file_name().unwrap().to_str().unwrap().to_owned());
    let mut azure: Vec<String> = packages.filter(|name| name.starts_with("azure-")).collect();
    let mut with_host: Vec<String> = host_files().into_iter().map(|(name, _)| name).collect();
    azure.sort_unstable();
    with_host.sort_unstable();
    assert_eq!(azure, with_host);
}
