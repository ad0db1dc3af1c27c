//! What `main.bicep` sets for a function on Azure is what the function reads.

use std::fs;

use super::{
    Function, Names, block, indented, poller_on_azure, root, subscriber, webhook_on_azure,
};

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

/// The members of an object of a Bicep file whose names are those of environment variables.
fn variables_of(file: &str, opens: &str) -> Names {
    let text = fs::read_to_string(root().join("infra/azure").join(file)).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let members = block(&lines, |line| line.trim() == opens);
    members
        .iter()
        .filter_map(|line| indented(line).1.split_once(':'))
        .map(|(name, _)| name)
        .filter(|name| name.starts_with(|first: char| first.is_ascii_uppercase()))
        .map(str::to_owned)
        .collect()
}

/// The names that `main.bicep` sets for a function, in its own part and in what all apps share.
fn names_in_bicep(own: &[&str], app: &str) -> Names {
    let own = own.iter().map(|own| ("main.bicep", *own));
    let all = [
        ("main.bicep", "var commonSettings = {"),
        ("main.bicep", app),
        ("modules/app.bicep", "properties: union(settings, {"),
    ];
    let names = own
        .chain(all)
        .map(|(file, opens)| variables_of(file, opens));
    let set = names.flatten();
    // What the host itself reads.
    let is_hosts = |name: &String| {
        name.starts_with("AzureWebJobsStorage__") || name.starts_with("APPLICATIONINSIGHTS_")
    };
    set.filter(|name| !is_hosts(name)).collect()
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

/// Checks a function whose own settings stand in the variables `own`, and whose app sets them by the expression `app`.
fn check(function: &Function, own: &[&str], app: &str) {
    let name = function.name;
    let in_json = names_in_function_json(name);
    let known: Names = function.read.union(&in_json).cloned().collect();
    assert_eq!(function.names_in_readme(), known, "{name}: README");
    let set = names_in_bicep(own, app);
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
    check(
        &webhook_on_azure(),
        &["var ingestSettings = {"],
        "settings: union(commonSettings, ingestSettings, {",
    );
    check(
        &subscriber(),
        &["var subscriberSettings = {"],
        "settings: union(commonSettings, subscriberSettings, {",
    );
    check(
        &poller_on_azure(),
        &["var subscriberSettings = {", "var pollerSettings = {"],
        "settings: union(commonSettings, subscriberSettings, pollerSettings, {",
    );
}
