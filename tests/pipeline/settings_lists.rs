//! Three lists of settings are one: what a function reads, what its README names, what the templates set.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::fs;
use std::path::{Path, PathBuf};

use tenant_logs::Schema;

type Names = BTreeSet<String>;
type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Endpoints of single services, of which every function reads all and a README names its own.
const SERVICE_ENDPOINT: &str = "AWS_ENDPOINT_URL_";

/// What functions read and the template does not set, with the reason.
const NOT_SET_BY_THE_TEMPLATE: [(&str, &str); 10] = [
    ("AWS_ACCESS_KEY_ID", "Lambda sets it"),
    ("AWS_ENDPOINT_URL", "private endpoints and tests"),
    ("AWS_REGION", "Lambda sets it"),
    ("AWS_SECRET_ACCESS_KEY", "Lambda sets it"),
    ("AWS_SESSION_TOKEN", "Lambda sets it"),
    ("AZURE_AUTHORITY_HOST", "Azure's national clouds and tests"),
    (
        "FILE_SINK_PATH",
        "a Lambda's files end with it, so the template offers no file sink",
    ),
    (
        "LOGS_INGESTION_STREAM",
        "a rule made for these rows has the stream of the default",
    ),
    (
        "SINKS",
        "the ingest function has one sink; the target's is set",
    ),
    ("SSL_CERT_FILE", "private endpoints and tests"),
];

fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// Enough for every setting to be read, those that depend on others too.
fn values(file: &Path) -> BTreeMap<&'static str, String> {
    [
        ("AWS_ACCESS_KEY_ID", "key"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_SECRET_ACCESS_KEY", "made-up"),
        (
            "DEAD_LETTER_QUEUE_URL",
            "https://sqs.example.com/1/set-aside",
        ),
        ("ENTRA_CLIENT_ID", "00000000-0000-4000-8000-000000000001"),
        ("ENTRA_CLIENT_SECRET", "made-up"),
        ("ENTRA_TENANT_ID", "acme.example.com"),
        ("EVENT_BUS_NAME", "logs"),
        (
            "DEAD_LETTER_CONTAINER_ENDPOINT",
            "https://acme.blob.example.com/letters",
        ),
        (
            "EVENT_TOPIC_ENDPOINT",
            "https://logs.eventgrid.example.com/api/events",
        ),
        ("FILE_SINK_PATH", file.to_str().unwrap()),
        ("FUNCTIONS_CUSTOMHANDLER_PORT", "7071"),
        ("IDENTITY_ENDPOINT", "http://127.0.0.1:41/msi/token"),
        ("IDENTITY_HEADER", "made-up"),
        (
            "LEDGER_TABLE_ENDPOINT",
            "https://acme.table.example.com/ledger",
        ),
        ("LOGS_INGESTION_ENDPOINT", "https://acme.ingest.example.com"),
        ("LOGS_INGESTION_RULE_ID", "dcr-0123456789abcdef"),
        ("FIREHOSE_STREAM_NAME", "logs"),
        ("HTTP_SINK_URL", "https://collector.example.com/"),
        ("TENANT_NAME", "acme"),
        ("WEBHOOK_TOKENS", "made-up"),
    ]
    .map(|(name, value)| (name, value.to_owned()))
    .into()
}

/// The names that a function asks its environment for when it starts with these sinks.
fn names_read<S: Debug, E: Debug>(sinks: &str, read: impl Fn(Lookup<'_>) -> Result<S, E>) -> Names {
    let folder = tempfile::tempdir().unwrap();
    let values = values(&folder.path().join("file.ndjson"));
    let asked = RefCell::new(Names::new());
    let settings = read(&|name| {
        asked.borrow_mut().insert(name.to_owned());
        if name == "SINKS" {
            return Some(sinks.to_owned());
        }
        values.get(name).cloned()
    });
    // A setting that is missing could hide one that is read after it.
    settings.unwrap();
    // References to the other cloud's store are asked for only to be refused; the value's own name is asked for, too.
    let asked = asked.into_inner();
    asked.iter().map(|name| without_reference(name)).collect()
}

/// A secret is one setting, given by its value or by what refers to it.
fn without_reference(name: &str) -> String {
    let value = name
        .strip_suffix("_SECRET_ARN")
        .or_else(|| name.strip_suffix("_SECRET_URI"));
    value.unwrap_or(name).to_owned()
}

/// The names in the first column of the README's table of settings.
fn names_in_readme(function: &str) -> Names {
    let readme =
        fs::read_to_string(root().join("functions").join(function).join("README.md")).unwrap();
    let (_, table) = readme.split_once("| name | meaning |").unwrap();
    let rows = table
        .lines()
        .skip(1)
        .take_while(|line| line.starts_with('|'));
    let cells = rows.map(|row| row.split('|').nth(1).unwrap());
    cells
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .map(without_reference)
        .collect()
}

/// A line of YAML: how far it is indented, and what it says.
fn indented(line: &str) -> (usize, &str) {
    let text = line.trim_start();
    (line.len() - text.len(), text)
}

/// The lines below the one that opens a block, up to the next line that is not deeper.
fn block<'a>(lines: &[&'a str], opens: impl Fn(&str) -> bool) -> Vec<&'a str> {
    let begin = lines.iter().position(|line| opens(line)).unwrap();
    let (depth, _) = indented(lines[begin]);
    let deeper = |line: &&&str| line.trim().is_empty() || indented(line).0 > depth;
    lines[begin + 1..]
        .iter()
        .take_while(deeper)
        .copied()
        .collect()
}

/// The variables that a block of the template sets: the members directly below `Variables`.
fn variables(lines: &[&str]) -> Names {
    let members = block(lines, |line| line.trim() == "Variables:");
    let (depth, _) = indented(members[0]);
    members
        .iter()
        .map(|line| indented(line))
        .filter(|(indent, text)| *indent == depth && !text.starts_with('#'))
        .map(|(_, text)| without_reference(text.split(':').next().unwrap()))
        .collect()
}

/// The names that are set by the template that builds a function.
fn names_in_template(function: &str) -> Names {
    let code_uri = format!("CodeUri: ../../functions/{function}/");
    let entries = fs::read_dir(root().join("infra/aws")).unwrap();
    let files = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file());
    let templates = files.map(|path| fs::read_to_string(path).unwrap());
    let building: Vec<String> = templates.filter(|text| text.contains(&code_uri)).collect();
    assert_eq!(building.len(), 1, "{function}: templates that build it");
    variables(&building[0].lines().collect::<Vec<_>>())
}

fn split(names: Names, is_one: impl Fn(&&String) -> bool) -> (Names, Names) {
    names.into_iter().partition(|name| is_one(&name))
}

fn check(function: &str, all_read: &Names) {
    let is_endpoint = |name: &&String| name.starts_with(SERVICE_ENDPOINT);
    let (told_endpoints, told) = split(names_in_readme(function), is_endpoint);
    let (read_endpoints, read) = split(all_read.clone(), is_endpoint);
    assert!(read.len() > 10, "{read:?}");
    assert_eq!(told, read, "{function}: README and code");
    assert!(
        !told_endpoints.is_empty() && told_endpoints.is_subset(&read_endpoints),
        "{told_endpoints:?}"
    );
    let set = names_in_template(function);
    let unread: Vec<&String> = set.difference(&read).collect();
    assert_eq!(
        unread, [""; 0],
        "{function}: the template sets what nobody reads"
    );
    let not_set: Names = read.difference(&set).cloned().collect();
    let explained: Names = NOT_SET_BY_THE_TEMPLATE
        .iter()
        .map(|(name, _)| (*name).to_owned())
        .filter(|name| read.contains(name) && !(name == "SINKS" && set.contains(name)))
        .collect();
    assert_eq!(
        not_set, explained,
        "{function}: read, and not set by the template"
    );
}

#[test]
fn the_ingest_functions_settings_are_read_told_and_set() {
    let read = names_read("event-bus", aws_webhook_ingest::Settings::read);
    check("aws-webhook-ingest", &read);
}

#[test]
fn the_targets_settings_are_read_told_and_set() {
    let read = names_read(
        "http,firehose,event-bus,log-analytics,file,stdout",
        aws_eventbridge_target::Settings::read,
    );
    check("aws-eventbridge-target", &read);
    let conditional = [
        "HTTP_SINK_URL",
        "HTTP_SINK_AUTHORIZATION",
        "FILE_SINK_PATH",
        "FIREHOSE_STREAM_NAME",
    ];
    assert!(conditional.iter().all(|name| read.contains(*name)));
    assert!(names_in_template("aws-eventbridge-target").contains("SINKS"));
}

#[test]
fn the_template_offers_every_schema_and_asks_for_what_its_sink_needs() {
    let template = fs::read_to_string(root().join("template.yaml")).unwrap();
    let names = Schema::ALL.map(Schema::name);
    let log_analytics = [Schema::Sentinel, Schema::Asim].map(Schema::name);
    let pattern = format!(
        "'^((http|stdout|firehose)(:({}))?|log-analytics(:({}))?)$'",
        names.join("|"),
        log_analytics.join("|")
    );
    assert!(template.contains(&pattern), "{pattern}");
    for (sink, names) in [
        ("http", &names[..]),
        ("firehose", &names),
        ("log-analytics", &log_analytics),
    ] {
        let with_schemas = names.iter().map(|name| format!("\"{sink}:{name}\""));
        for entry in with_schemas.chain([sink.to_owned()]) {
            let condition = format!("!Contains [!Ref Sinks, {entry}]");
            assert!(template.contains(&condition), "{condition}");
        }
    }
}

/// What Azure's functions read and `main.bicep` does not set, with the reason.
const NOT_SET_BY_BICEP: [(&str, &str); 7] = [
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
        .map(without_reference)
        .collect()
}

/// The names that `main.bicep` sets for a function, in its own part and in what all apps share.
fn names_in_bicep(own: &str, app: &str) -> Names {
    let all = [
        ("main.bicep", "var commonSettings = {"),
        ("main.bicep", own),
        ("main.bicep", app),
        ("modules/app.bicep", "properties: union(settings, {"),
    ];
    let names = all.map(|(file, opens)| variables_of(file, opens));
    let set = names.into_iter().flatten();
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

fn check_azure(function: &str, own: &str, app: &str, read: &Names) {
    assert!(read.len() > 10, "{read:?}");
    let known: Names = read
        .union(&names_in_function_json(function))
        .cloned()
        .collect();
    assert_eq!(names_in_readme(function), known, "{function}: README");
    let set = names_in_bicep(own, app);
    let unread: Vec<&String> = set.difference(&known).collect();
    assert_eq!(unread, [""; 0], "{function}: Bicep sets what nobody reads");
    let not_set: Names = known.difference(&set).cloned().collect();
    let explained: Names = NOT_SET_BY_BICEP
        .iter()
        .map(|(name, _)| (*name).to_owned())
        .filter(|name| known.contains(name) && !(name == "SINKS" && set.contains(name)))
        .collect();
    assert_eq!(not_set, explained, "{function}: read, and not set by Bicep");
}

#[test]
fn the_settings_of_the_azure_functions_are_read_told_and_set() {
    let read = names_read("event-topic", azure_webhook_ingest::Settings::read);
    check_azure(
        "azure-webhook-ingest",
        "var ingestSettings = {",
        "settings: union(commonSettings, ingestSettings, {",
        &read,
    );
    let sinks = "log-analytics,http,event-topic,file,stdout";
    let read = names_read(sinks, azure_eventgrid_subscriber::Settings::read);
    check_azure(
        "azure-eventgrid-subscriber",
        "var subscriberSettings = {",
        "settings: union(commonSettings, subscriberSettings, {",
        &read,
    );
}

#[test]
fn every_function_has_its_lists_compared() {
    let entries = fs::read_dir(root().join("functions")).unwrap();
    let functions: BTreeSet<String> = entries
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().join("Cargo.toml").is_file())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    let compared = [
        "aws-eventbridge-target",
        "aws-webhook-ingest",
        "azure-eventgrid-subscriber",
        "azure-webhook-ingest",
    ];
    assert_eq!(functions, compared.map(str::to_owned).into());
}
