//! The rows that the real subscriber posts fit the stream and the table that the Bicep files make.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use cargo_local::azure_cloud::AzureOptions;
use fakes::azure::logs_ingestion::StoredRow;
use serde_json::{Value, json};

use crate::kit::azure::{azure, dead_letters, event_with, settled};

/// Columns of a stream, in the words of a stream.
type Columns = BTreeMap<String, String>;

fn read(path: &str) -> String {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    fs::read_to_string(format!("{root}/{path}")).unwrap()
}

/// What stands between two texts, the first time.
fn between<'a>(text: &'a str, begin: &str, end: &str) -> &'a str {
    let (_, rest) = text.split_once(begin).unwrap();
    rest.split_once(end).unwrap().0
}

/// The columns of a variable of `columns.bicep`.
fn columns(variable: &str) -> Columns {
    let text = read("infra/azure/modules/columns.bicep");
    let lines = between(&text, &format!("var {variable} column[] = [\n"), "\n]");
    let columns = lines.lines().map(|line| {
        let name = between(line, "name: '", "'");
        (name.to_owned(), between(line, "type: '", "'").to_owned())
    });
    columns.collect()
}

/// The columns that `rule.bicep` declares for each stream.
fn streams() -> BTreeMap<String, Columns> {
    let text = read("infra/azure/modules/rule.bicep");
    let variables = ["ownStream", "authenticationStream", "auditStream"];
    let streams = variables.map(|variable| {
        let name = between(&text, &format!("var {variable} = '"), "'");
        let declared = between(&text, &format!("'${{{variable}}}': {{\n"), "\n  ");
        let declared = declared.trim().strip_prefix("columns: ").unwrap();
        (name.to_owned(), columns(declared))
    });
    streams.into()
}

/// The columns of the tables, those of Microsoft's as it publishes them.
fn tables() -> BTreeMap<&'static str, Columns> {
    let table = read("infra/azure/modules/table.bicep");
    assert!(table.contains("var ours = map(auth0LogsColumns, each => {"));
    assert!(table.contains("columns: concat(ours, extraColumns)"));
    let published = read(".ci/schemas/columns.csv");
    let of = |table: &str| {
        let lines = published.lines().filter_map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            (cells[0] == table).then(|| (cells[1].to_owned(), cells[2].to_owned()))
        });
        lines.collect::<Columns>()
    };
    [
        ("Custom-Auth0Logs", columns("auth0LogsColumns")),
        (
            "Custom-ASimAuthentication",
            of("ASimAuthenticationEventLogs"),
        ),
        ("Custom-ASimAudit", of("ASimAuditEventLogs")),
    ]
    .into()
}

/// Whether a column of this type takes the value as it is.
fn fits(value: &Value, column_type: &str) -> bool {
    match column_type {
        "string" => value.is_string(),
        "int" => value
            .as_i64()
            .is_some_and(|number| i32::try_from(number).is_ok()),
        "real" => value.is_number(),
        "boolean" => value.is_boolean(),
        "datetime" => value
            .as_str()
            .is_some_and(|text| text.len() >= 20 && text.as_bytes()[10] == b'T'),
        "dynamic" => true,
        _ => false,
    }
}

fn check(row: &StoredRow, known: &Columns, target: &str) {
    for (name, value) in &row.columns {
        let column_type = known.get(name).map(String::as_str);
        let column_type = column_type.unwrap_or_else(|| panic!("{target} has no {name}: {row:?}"));
        assert!(
            fits(value, column_type),
            "{target}: {name} is {column_type}, not {value}"
        );
    }
}

/// Every type code with all members that such events have, and with the fewest; and one that nobody knows.
fn events() -> Vec<Value> {
    let text = read("shared/tenant-logs/fixtures/codes.ndjson");
    let full = text.lines().map(|line| {
        let mut record: Value = serde_json::from_str(line).unwrap();
        record["data"]["log_id"] = record["log_id"].clone();
        record["data"].take()
    });
    let full: Vec<Value> = full.collect();
    assert!(full.len() > 200, "{}", full.len());
    let minimal = full.iter().map(|event| {
        let id = format!("minimal-{}", event["log_id"].as_str().unwrap());
        json!({"log_id": id, "type": event["type"], "date": event["date"]})
    });
    let minimal: Vec<Value> = minimal.collect();
    let unknown =
        json!({"log_id": "1", "type": "a_code_of_next_year", "date": "2026-11-20T10:30:15.204Z"});
    [full, minimal, vec![unknown]].concat()
}

async fn rows_of(schema: &str) -> Vec<StoredRow> {
    let options = AzureOptions {
        environment: vec![("SINKS".to_owned(), format!("log-analytics:{schema}"))],
        ..AzureOptions::default()
    };
    let cloud = azure(options).await;
    let events = events();
    assert!(events.len() > 400, "{}", events.len());
    let wrapped: Vec<Value> = events.iter().map(event_with).collect();
    cloud.partner_topic.put(&wrapped).unwrap();
    settled(&cloud).await;
    assert_eq!(dead_letters(&cloud).len(), 0);
    let rows = cloud.logs.rows();
    assert_eq!(rows.len(), events.len(), "{schema}: a row for each event");
    rows
}

async fn rows_fit(schema: &str, expected_streams: &[&str]) {
    let (streams, tables) = (streams(), tables());
    let rows = rows_of(schema).await;
    for row in &rows {
        let stream = row.stream.as_str();
        check(row, &streams[stream], &format!("stream {stream}"));
        check(row, &tables[stream], &format!("table of {stream}"));
    }
    let used: BTreeSet<&str> = rows.iter().map(|row| row.stream.as_str()).collect();
    assert_eq!(used, expected_streams.iter().copied().collect());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_member_of_every_codes_sentinel_row_is_in_stream_and_table() {
    rows_fit("sentinel", &["Custom-Auth0Logs"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_member_of_every_codes_asim_row_is_in_its_stream_and_table() {
    let streams = [
        "Custom-ASimAudit",
        "Custom-ASimAuthentication",
        "Custom-Auth0Logs",
    ];
    rows_fit("asim", &streams).await;
}

#[test]
fn a_stream_has_the_types_of_its_table() {
    let (streams, tables) = (streams(), tables());
    for (stream, declared) in streams {
        let table = &tables[stream.as_str()];
        for (name, column_type) in declared {
            assert_eq!(
                table.get(&name),
                Some(&column_type),
                "{stream}: {name}, or the rule refuses it"
            );
        }
    }
}
