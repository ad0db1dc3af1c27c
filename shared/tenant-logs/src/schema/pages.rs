//! The pages of docs/ that list what each type code becomes, held against what the code writes.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::{AsimStream, Known, Schema, Status, known_event_types, parse};

/// What begins the table of a page; it goes on to the page's end.
const BEGIN: &str = "<!-- The rest is generated: shared/tenant-logs/src/schema/pages.rs -->\n";

fn check(schema: Schema, heads: &[&str], cells: impl Fn(&Known, &Value) -> Vec<String>) {
    let name = format!("schema-{}.md", schema.name());
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = fs::read_to_string(root.join("docs").join(&name)).unwrap();
    let (text, _) = page.split_once(BEGIN).unwrap();
    let right = format!("{text}{BEGIN}\n{}", table(schema, heads, cells));
    if page != right {
        let path = write_aside(&root, &name, &right);
        panic!("docs/{name} is not what the code says; this is: {path:?}");
    }
}

fn write_aside(root: &Path, name: &str, page: &str) -> PathBuf {
    let folder = root.join("target/schema-pages");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(name), page).unwrap();
    folder.join(name)
}

fn table(schema: Schema, heads: &[&str], cells: impl Fn(&Known, &Value) -> Vec<String>) -> String {
    let head = format!("| code | {} |\n", heads.join(" | "));
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
fn the_page_of_ecs_is_what_the_code_says() {
    let heads = ["kind", "category", "type", "action", "outcome"];
    check(Schema::Ecs, &heads, |_, row| {
        heads.map(|head| text(&row["event"][head])).to_vec()
    });
}

#[test]
fn the_page_of_ocsf_is_what_the_code_says() {
    let heads = ["class", "activity", "severity", "status"];
    check(Schema::Ocsf, &heads, |_, row| {
        let numbered = |name: &str, uid: &str| format!("{} {}", text(&row[uid]), text(&row[name]));
        vec![
            numbered("class_name", "class_uid"),
            numbered("activity_name", "activity_id"),
            text(&row["severity"]),
            text(&row["status"]),
        ]
    });
}

#[test]
fn the_page_of_asim_is_what_the_code_says() {
    let heads = [
        "table",
        "EventType",
        "EventResult",
        "EventResultDetails",
        "EventSeverity",
    ];
    check(Schema::Asim, &heads, |known, row| {
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
    });
}

#[test]
fn the_page_of_sentinel_is_what_the_code_says() {
    let heads = ["Auth0's name", "Auth0's filter category"];
    check(Schema::Sentinel, &heads, |known, row| {
        assert_eq!(row["EventType"], known.code);
        vec![known.name.to_owned(), known.category.name().to_owned()]
    });
}
