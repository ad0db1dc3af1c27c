//! What an analyst asks of an event, answered by every schema: `fixtures/answers.ndjson` beside its answers.
//!
//! Golden files show whole rows of fewer events; here is a line a schema with who, whom, what became of it, why, when and
//! from where.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value};

use super::{Mapping, Raw, Schema};
use crate::parse;

/// What answers, by schema.
const ANSWERS: [(Schema, &[&str]); 4] = [
    (
        Schema::Ecs,
        &[
            "/@timestamp",
            "/event/category",
            "/event/action",
            "/event/outcome",
            "/user",
            "/related/user",
            "/related/ip",
            "/error",
            "/user_agent/original",
        ],
    ),
    (
        Schema::Ocsf,
        &[
            "/type_name",
            "/status",
            "/user",
            "/actor",
            "/resources",
            "/status_code",
            "/status_detail",
            "/evidences",
        ],
    ),
    (
        Schema::Asim,
        &[
            "/EventType",
            "/EventResult",
            "/EventResultDetails",
            "/TargetUserId",
            "/TargetUsername",
            "/TargetUserType",
            "/ActorUserId",
            "/ActorUsername",
            "/ActorUserType",
            "/Object",
            "/ObjectId",
            "/ObjectType",
            "/OriginalObjectType",
            "/NewValue",
            "/OldValue",
        ],
    ),
    (
        Schema::Sentinel,
        &["/ActorUserId", "/ActorUsername", "/SrcIpAddr"],
    ),
];

#[test]
fn every_schema_answers_what_an_analyst_asks_as_it_was_looked_through() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let events = fs::read_to_string(fixtures.join("answers.ndjson")).unwrap();
    let answers: Vec<String> = events.lines().map(answers).collect();
    insta::with_settings!({
        snapshot_path => fixtures,
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, {
        insta::assert_snapshot!("answers", answers.join("\n\n"));
    });
}

fn answers(event: &str) -> String {
    let parsed = parse(event).unwrap();
    let lines = ANSWERS.map(|(schema, pointers)| {
        let mapping = Mapping::to(schema, None, "2026-11-20T17:00:00Z".parse().unwrap());
        let row = mapping
            .keeping(Raw::None)
            .write(&parsed.log_events[0])
            .into_owned();
        let row: Value = serde_json::from_str(&row).unwrap();
        let found: Map<String, Value> = pointers
            .iter()
            .filter_map(|pointer| {
                Some((
                    pointer.trim_start_matches('/').to_owned(),
                    row.pointer(pointer)?.clone(),
                ))
            })
            .collect();
        format!("{}: {}", schema.name(), Value::Object(found))
    });
    format!("{event}\n{}", lines.join("\n"))
}
