//! docs/event-types.md, which lists what each type code becomes, held against what the code writes.

use serde_json::Value;

use crate::generated::check_file;
use crate::{AsimStream, Known, Schema, Status, known_event_types, parse};

const FILE: &str = "docs/event-types.md";

const HEAD: &str = "# What each type code becomes

Every code that `shared/tenant-logs` knows, by schema, as far as the code alone tells: what an API operation did and why
something failed, an event's own members may say better. The pages of the schemas tell the rest.
This page is generated (CONTRIBUTING, \"Add a type code\").
";

fn table(schema: Schema, heads: &[&str], cells: impl Fn(&Known, &Value) -> Vec<String>) -> String {
    let head = format!(
        "\n## {}\n\n| code | {} |\n",
        schema.name(),
        heads.join(" | ")
    );
    let rule = format!("|---|{}\n", "---|".repeat(heads.len()));
    let rows = known_event_types().map(|known| {
        let row = row(schema, known.code);
        let status = match known.status {
            Status::Current => "",
            Status::Retired => ", retired",
        };
        let cells = cells(known, &row).join(" | ");
        format!("| `{}`{status} | {cells} |\n", known.code)
    });
    head + &rule + &rows.collect::<String>()
}

/// What a schema says of an event that is nothing but its code.
fn row(schema: Schema, code: &str) -> Value {
    let body = format!(r#"{{"type":"{code}","log_id":"1"}}"#);
    let parsed = parse(&body).unwrap();
    serde_json::from_str(&schema.write(&parsed.log_events[0])).unwrap()
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(elements) => {
            let texts: Vec<String> = elements.iter().map(text).collect();
            texts.join(", ")
        }
        Value::Null => String::new(),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => value.to_string(),
    }
}

#[test]
fn the_page_of_type_codes_is_what_the_code_says() {
    let tables = [sentinel(), asim(), ecs(), ocsf()];
    check_file(FILE, &(HEAD.to_owned() + &tables.concat()));
}

fn sentinel() -> String {
    let heads = ["Auth0's name", "Auth0's filter category"];
    table(Schema::Sentinel, &heads, |known, _| {
        vec![known.name.to_owned(), known.category.name().to_owned()]
    })
}

fn ecs() -> String {
    let heads = ["kind", "category", "type", "action", "outcome"];
    table(Schema::Ecs, &heads, |_, row| {
        heads.map(|head| text(&row["event"][head])).to_vec()
    })
}

fn ocsf() -> String {
    let heads = ["class", "activity", "severity", "status"];
    table(Schema::Ocsf, &heads, |_, row| {
        let numbered = |name: &str, uid: &str| format!("{} {}", text(&row[uid]), text(&row[name]));
        vec![
            numbered("class_name", "class_uid"),
            numbered("activity_name", "activity_id"),
            text(&row["severity"]),
            text(&row["status"]),
        ]
    })
}

fn asim() -> String {
    let heads = [
        "table",
        "EventType",
        "EventResult",
        "EventResultDetails",
        "EventSeverity",
    ];
    table(Schema::Asim, &heads, |known, row| {
        let table = match AsimStream::of_known(Some(known)) {
            AsimStream::Authentication => "authentication",
            AsimStream::Audit => "audit",
            AsimStream::Auth0Logs => "`Auth0Logs_CL`",
        };
        // A row of that table has none of these columns but the first, which is the code there.
        let is_normalized = row.get("EventResult").is_some();
        let columns = heads.iter().skip(1);
        let columns = columns.map(|column| text(&row[*column]));
        let mut cells = vec![table.to_owned()];
        cells.extend(columns.map(|cell| if is_normalized { cell } else { String::new() }));
        cells
    })
}
