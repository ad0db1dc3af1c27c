use http_clients::KeyVault;
use relay::Sink;
use tenant_logs::Schema;
use tracing::level_filters::LevelFilter;

use super::*;

const ALL: [(&str, &str); 8] = [
    ("TENANT_NAME", "acme"),
    ("FUNCTIONS_CUSTOMHANDLER_PORT", "7071"),
    ("IDENTITY_ENDPOINT", "http://127.0.0.1:41/msi/token"),
    ("IDENTITY_HEADER", "h3ader"),
    (
        "DEAD_LETTER_CONTAINER_ENDPOINT",
        "https://acme.blob.example.com/dead-letters",
    ),
    ("LOGS_INGESTION_ENDPOINT", "https://acme.ingest.example.com"),
    ("LOGS_INGESTION_RULE_ID", "dcr-0123456789abcdef"),
    ("LOG_LEVEL", "debug"),
];

fn lookup<'a>(changes: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<String> + 'a {
    move |name| {
        let found = changes.iter().chain(&ALL).find(|(other, _)| *other == name);
        found.map(|(_, value)| (*value).to_owned())
    }
}

fn read(changes: &[(&str, &str)]) -> Result<Settings, String> {
    relay::settings::read(&lookup(changes)).map_err(|error| error.to_string())
}

fn names(settings: &Settings) -> Vec<&'static str> {
    let destinations = settings.destinations.iter();
    destinations
        .map(|destination| destination.sink.name())
        .collect()
}

#[test]
fn what_is_required_is_enough_for_log_analytics() {
    let settings = read(&[]).unwrap();
    assert_eq!(names(&settings), ["log-analytics"]);
    assert_eq!(settings.destinations[0].schema, Schema::Sentinel);
    let ledger = settings.ledger.open(|_| ());
    assert!(matches!(ledger.store(), relay::TableOrMemory::Memory(_)));
    assert_eq!(settings.handler.invocation.as_secs(), 25);
}

#[test]
fn every_problem_is_reported_at_once() {
    let problems = read(&[
        ("TENANT_NAME", ""),
        ("FUNCTIONS_CUSTOMHANDLER_PORT", ""),
        ("IDENTITY_ENDPOINT", ""),
        ("DEAD_LETTER_CONTAINER_ENDPOINT", ""),
        ("LOGS_INGESTION_ENDPOINT", ""),
        ("SINKS", "log-analytics,http,file"),
    ])
    .unwrap_err();
    for name in [
        "7 settings are wrong",
        "TENANT_NAME",
        "FUNCTIONS_CUSTOMHANDLER_PORT",
        "IDENTITY_ENDPOINT",
        "DEAD_LETTER_CONTAINER_ENDPOINT",
        "LOGS_INGESTION_ENDPOINT",
        "HTTP_SINK_URL",
        "FILE_SINK_PATH",
    ] {
        assert!(problems.contains(name), "{name}: {problems}");
    }
}

#[test]
fn sinks_and_schemas_are_as_they_are_named() {
    let settings = read(&[
        ("SINKS", "log-analytics:asim,http:ecs,stdout"),
        ("HTTP_SINK_URL", "https://collector.example.com/"),
    ])
    .unwrap();
    assert_eq!(names(&settings), ["log-analytics", "http", "stdout"]);
    let schemas: Vec<Schema> = settings.destinations.iter().map(|d| d.schema).collect();
    assert_eq!(schemas, [Schema::Asim, Schema::Ecs, Schema::Raw]);
    let problems = read(&[("SINKS", "log-analytics:raw")]).unwrap_err();
    assert!(
        problems.contains("want one of sentinel, asim"),
        "{problems}"
    );
    let problems = read(&[("SINKS", "event-topic:ecs")]).unwrap_err();
    assert!(problems.contains("want one of raw"), "{problems}");
}

#[test]
fn dead_letters_are_replayed_onto_a_topic_that_is_named() {
    assert_eq!(read(&[]).unwrap().replay_destinations.len(), 0);
    let endpoint = "https://logs.eventgrid.example.com/api/events";
    let with = read(&[("EVENT_TOPIC_ENDPOINT", endpoint)]).unwrap();
    assert_eq!(with.replay_destinations.len(), 1);
    assert_eq!(names(&with), ["log-analytics"]);
}

#[test]
fn the_start_needs_no_secret_yet() {
    let changes = [
        ("REDACT", "user_name=hmac"),
        ("REDACT_KEY_SECRET_URI", "https://v.example.com/secrets/key"),
    ];
    let check = |changes| relay::settings::check::<Settings, KeyVault>(&lookup(changes));
    let checked = check(&changes).unwrap();
    assert_eq!(checked.log_level(), LevelFilter::DEBUG);
    assert_eq!(checked.handler().port, 7_071);
    assert!(check(&[("TENANT_NAME", "")]).is_err());
}

#[test]
fn no_secret_is_ever_printed() {
    let printed = format!("{:?}", read(&[]).unwrap());
    assert!(!printed.contains("h3ader"), "{printed}");
}
