//! What `main.bicep` sets for a function on Azure is what the function reads.

use std::fs;

use super::{Function, Names, block, functions_on_azure, indented, root};

/// What Azure's functions read and `main.bicep` does not set, with the reason.
const NOT_SET_BY_BICEP: [(&str, &str); 8] = [
    ("AUTH0_API_URL", "tests"),
    (
        "FILE_SINK_PATH",
        "an instance's files end with it, so no file sink is offered",
    ),
    ("FUNCTIONS_CUSTOMHANDLER_PORT", "the Functions host sets it"),
    ("IDENTITY_ENDPOINT", "the platform sets it"),
    ("IDENTITY_HEADER", "the platform sets it"),
    (
        "LOGS_INGESTION_STREAM",
        "a rule made for these rows has the stream of the default",
    ),
    (
        "SINKS",
        "the ingest function has one sink; the subscriber's is set",
    ),
    ("SSL_CERT_FILE", "private endpoints and tests"),
];

/// The lines of a Bicep file.
fn lines_of(file: &str) -> Vec<String> {
    let text = fs::read_to_string(root().join("infra/azure").join(file)).unwrap();
    text.lines().map(str::to_owned).collect()
}

/// The members of an object whose names are those of environment variables.
fn variables_in(lines: &[&str], opens: &str) -> Names {
    let members = block(lines, |line| line.trim() == opens);
    members
        .iter()
        .filter_map(|line| indented(line).1.split_once(':'))
        .map(|(name, _)| name)
        .filter(|name| name.starts_with(|first: char| first.is_ascii_uppercase()))
        .map(str::to_owned)
        .collect()
}

/// What the module of an app of `main.bicep` says, for the function whose package it gets.
fn app_of<'a>(main: &[&'a str], function: &str) -> Vec<&'a str> {
    let constant = format!(" = '{function}'");
    let variable = main.iter().find_map(|line| line.strip_suffix(&constant));
    let variable = variable.unwrap().strip_prefix("var ").unwrap();
    let package = format!("packageContainerName: {variable}");
    let modules = main.iter().filter(|line| line.starts_with("module "));
    let mut bodies = modules.map(|module| block(main, |line| line == *module));
    let app = bodies.find(|lines| lines.iter().any(|line| line.trim() == package));
    app.unwrap_or_else(|| panic!("no app gets the package of {function}"))
}

/// The names that `main.bicep` sets for a function: those of the variables that its app joins, those that it adds, and those
/// of every app.
fn names_in_bicep(function: &str) -> Names {
    let (main, module) = (lines_of("main.bicep"), lines_of("modules/app.bicep"));
    let main: Vec<&str> = main.iter().map(String::as_str).collect();
    let module: Vec<&str> = module.iter().map(String::as_str).collect();
    let app = app_of(&main, function);
    let joins = |line: &&&str| line.trim().starts_with("settings: union(commonSettings, ");
    let joined = app.iter().find(joins).unwrap().trim();
    let variables = joined.trim_start_matches("settings: union(");
    let variables = variables.trim_end_matches(", {").split(", ");
    let mut set = variables_in(&app, joined);
    set.extend(variables_in(&module, "properties: union(settings, {"));
    set.extend(variables.flat_map(|name| variables_in(&main, &format!("var {name} = {{"))));
    // What the host itself reads.
    set.retain(|name| {
        !name.starts_with("AzureWebJobsStorage__") && !name.starts_with("APPLICATIONINSIGHTS_")
    });
    set
}

/// The names between percent signs in a function's `function.json` files, which the host looks up.
fn names_in_function_json(function: &str) -> Names {
    let entries = fs::read_dir(root().join("functions").join(function)).unwrap();
    let files = entries.map(|entry| entry.unwrap().path().join("function.json"));
    let texts: Vec<String> = files
        .filter(|file| file.is_file())
        .map(|file| fs::read_to_string(file).unwrap())
        .collect();
    assert!(!texts.is_empty(), "{function} has no function.json");
    let quoted = texts.iter().flat_map(|text| text.split('"'));
    let names = quoted.filter_map(|text| text.strip_prefix('%')?.strip_suffix('%'));
    names.map(str::to_owned).collect()
}

fn check(function: &Function) {
    let name = &function.name;
    let in_json = names_in_function_json(name);
    let known: Names = function.read.union(&in_json).cloned().collect();
    assert_eq!(function.names_in_readme(), known, "{name}: README");
    let set = names_in_bicep(name);
    let set: Names = set
        .iter()
        .map(|set| function.without_reference(set))
        .collect();
    let unread: Vec<&String> = set.difference(&known).collect();
    assert_eq!(unread, [""; 0], "{name}: Bicep sets what nobody reads");
    let not_set: Names = known.difference(&set).cloned().collect();
    let explained: Names = NOT_SET_BY_BICEP
        .iter()
        .map(|(name, _)| (*name).to_owned())
        .filter(|name| known.contains(name) && !(name == "SINKS" && set.contains(name)))
        .collect();
    assert_eq!(not_set, explained, "{name}: read, and not set by Bicep");
}

#[test]
fn the_settings_of_the_functions_on_azure_are_in_code_readme_and_bicep() {
    for function in functions_on_azure() {
        check(&function);
    }
}
