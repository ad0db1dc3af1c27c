//! Events beside what they become in every schema, a file each: `fixtures/golden`.
//!
//! Members stand in the order in which they are written. Each schema's copy of the whole event is left out; what rows keep
//! with another `RAW` has files of its own, `…-kept`.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Mapping, Raw, Schema};
use crate::json::{array_elements, object_members};
use crate::parse;

/// What stands for a schema's copy of the whole event.
const COPY: &str = r#""(the whole event)""#;

/// When the events were received, which shows where nothing in one tells its time.
const RECEIVED_AT: &str = "2026-11-20T17:00:00Z";

/// Codes of which the full event is shown, besides every file of `fixtures/log-events`.
pub(super) const CODES: &[&str] = &[
    "api_limit_warning",
    "cls",
    "depnote",
    "directory_sync_completed",
    "du",
    "fapi",
    "fertft",
    "ferrt",
    "fs",
    "gd_auth_rejected",
    "gd_enrollment_complete",
    "gd_start_auth",
    "gd_tenant_update",
    "gd_unenroll",
    "kms_key_state_changed",
    "limit_mu",
    "organization_member_added",
    "oidc_backchannel_logout_succeeded",
    "sapi",
    "sce",
    "scp",
    "seccft",
    "sepft",
    "signup_pwd_leak",
    "srrt",
    "ublkdu",
];

/// Files of `fixtures/log-events` whose rows are also shown with what they keep of their event.
const KEPT: &[&str] = &[
    "acls_summary-no-ip-no-client",
    "api_limit-no-user-no-client-name",
    "f-user-is-blocked",
    "fp-duplicate-keys",
    "mgmt_api_read-many-scopes",
    "pwd_leak-with-agent-and-fingerprints",
    "s-address-with-a-zone",
    "s-date-without-zone",
    "s-extra-fields-beside-data",
    "s-members-of-wrong-types",
    "s-no-log-id",
    "s-nothing-tells-the-time",
    "sapi-assign-roles-of-user",
    "sapi-by-an-administrator",
    "sapi-by-application-beside-a-user-name",
    "sapi-details-as-text",
    "sapi-update-client-by-application",
    "scp-by-an-administrator",
    "sdu-by-application",
    "sdu-user-at-the-top",
    "sdu-user-in-the-description",
];

/// Wrappers whose marks and `log_id` are not of our writing, shown likewise: what our functions do not believe they take out
/// before a row is written.
const ODD_WRAPPERS: &[(&str, &str)] = &[
    (
        "s-log-id-beside-is-a-list",
        r#"{"log_id":["90020261120164000000417000000000000000000000044300009008"],"data":{"date":"2026-11-20T16:40:00.000Z","type":"s","description":"Successful login","log_id":"90020261120164000000417000000000000000000000044300009008"}}"#,
    ),
    (
        "s-marks-of-a-sender-beside-data",
        r#"{"log_id":"90020261120164000000417000000000000000000000044300009007","redacted":"ip,user_name","log_id_derived":"yes","data":{"date":"2026-11-20T16:40:00.000Z","type":"s","description":"Successful login","log_id":"90020261120164000000417000000000000000000000044300009007"}}"#,
    ),
];

#[test]
fn what_a_row_keeps_of_an_event_is_as_it_was_looked_through() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    insta::with_settings!({
        snapshot_path => fixtures.join("golden"),
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, {
        for name in KEPT {
            let path = fixtures.join("log-events").join(name).with_extension("json");
            let event = fs::read_to_string(path).unwrap();
            insta::assert_snapshot!(format!("{name}-kept"), kept(&event));
        }
        for (name, event) in ODD_WRAPPERS {
            insta::assert_snapshot!(format!("{name}-kept"), kept(event));
        }
    });
}

/// The whole row with the rest, and of that with nothing what it keeps all the same.
fn kept(event: &str) -> String {
    let parsed = parse(event).unwrap();
    let log_event = &parsed.log_events[0];
    let mut rows = Vec::new();
    for schema in [Schema::Ecs, Schema::Ocsf, Schema::Asim, Schema::Sentinel] {
        for raw in [Raw::Rest, Raw::None] {
            let mapping = Mapping::to(schema, None, RECEIVED_AT.parse().unwrap()).keeping(raw);
            let row = mapping.write(log_event);
            let shown = match raw {
                Raw::Whole | Raw::Rest => pretty_with(&row, 0, ""),
                Raw::None => place(&row),
            };
            rows.push(format!("{}, {}: {shown}", schema.name(), raw.name()));
        }
    }
    rows.join("\n\n")
}

/// The member of a row in which it keeps what it does.
fn place(row: &str) -> String {
    let members = object_members(row).unwrap();
    let found = members.into_iter().find(|(name, _)| {
        let places = ["auth0", "unmapped", "AdditionalFields", "Raw"];
        places.contains(&name.trim_matches('"'))
    });
    found.map_or_else(
        || "nothing".to_owned(),
        |(name, json)| format!("{name}: {}", pretty_with(json, 1, "")),
    )
}

#[test]
fn every_schema_of_an_event_is_as_it_was_looked_through() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut events: Vec<(String, String)> = files(&fixtures.join("log-events"))
        .into_iter()
        .map(|path| {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            (name, fs::read_to_string(path).unwrap())
        })
        .collect();
    let full = fs::read_to_string(fixtures.join("codes.ndjson")).unwrap();
    for code in CODES {
        let mut lines = full.lines();
        let found = lines.find(|line| line.contains(&format!("\"type\":\"{code}\"")));
        events.push((format!("{code}-full"), found.unwrap().to_owned()));
    }
    insta::with_settings!({
        snapshot_path => fixtures.join("golden"),
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, {
        for (name, event) in events {
            insta::assert_snapshot!(name, side_by_side(&event));
        }
    });
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn side_by_side(event: &str) -> String {
    let parsed = parse(event).unwrap();
    let log_event = &parsed.log_events[0];
    let rows = Schema::ALL.map(|schema| {
        let row = Mapping::to(schema, None, RECEIVED_AT.parse().unwrap()).write(log_event);
        format!("{}: {}", schema.name(), pretty(&row, 0))
    });
    rows.join("\n\n")
}

fn pretty(json: &str, depth: usize) -> String {
    pretty_with(json, depth, COPY)
}

/// JSON with line breaks; `copy` stands for a schema's copy of the whole event unless it is empty.
fn pretty_with(json: &str, depth: usize, copy: &str) -> String {
    let parts: Vec<String> = if let Some(members) = object_members(json) {
        let parts = members.into_iter().map(|(name, value)| {
            let is_copy = match name {
                _ if copy.is_empty() => false,
                r#""original""# | r#""raw_data""# => value.starts_with("\"{"),
                r#""Raw""# | r#""AdditionalFields""# => true,
                _ => false,
            };
            let value = if is_copy { copy } else { value };
            format!("{name}: {}", pretty_with(value, depth + 1, copy))
        });
        parts.collect()
    } else if json.starts_with('[') {
        let elements = array_elements(json).unwrap();
        let parts = elements
            .into_iter()
            .map(|e| pretty_with(e, depth + 1, copy));
        parts.collect()
    } else {
        return json.to_owned();
    };
    let (begin, end) = if json.starts_with('{') {
        ('{', '}')
    } else {
        ('[', ']')
    };
    let one_line = format!("{begin}{}{end}", parts.join(", "));
    if one_line.len() + 2 * depth <= 100 && !one_line.contains('\n') {
        return one_line;
    }
    let indent = "  ".repeat(depth + 1);
    let lines = parts.join(&format!(",\n{indent}"));
    format!("{begin}\n{indent}{lines}\n{}{end}", "  ".repeat(depth))
}
