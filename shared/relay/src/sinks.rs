//! `SINKS`, the list of sinks with their schemas, and the two sinks that need no network.

mod file;
mod stdout;

pub use file::FileSink;
pub use stdout::{StdoutSink, ndjson};

use tenant_logs::Schema;

/// One entry of `SINKS`: a sink and the schema it is given log events in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SinkChoice {
    /// The sink's name.
    pub name: &'static str,
    /// The schema.
    pub schema: Schema,
}

/// An entry of `SINKS` that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SinkChoiceProblem {
    /// A name that this function does not know.
    #[error("cannot read `{name}` (want one of {known})")]
    Sink {
        /// What was written.
        name: String,
        /// What could be.
        known: String,
    },
    /// A schema that there is not.
    #[error("cannot read the schema of `{0}` (want one of {known})", known = schema_names())]
    Schema(String),
    /// The same sink again.
    #[error("names `{0}` twice")]
    Twice(&'static str),
    /// No entry at all.
    #[error("names no sink")]
    Empty,
}

/// Reads `http,file:raw`, where `known` are the sinks that the function has.
pub fn parse_sinks(
    list: &str,
    known: &[&'static str],
) -> Result<Vec<SinkChoice>, SinkChoiceProblem> {
    let mut choices: Vec<SinkChoice> = Vec::new();
    let entries = list.split(',').map(str::trim);
    for entry in entries.filter(|entry| !entry.is_empty()) {
        let (name, schema) = entry
            .split_once(':')
            .unwrap_or((entry, Schema::default().name()));
        let found = known.iter().find(|sink| **sink == name);
        let name = *found.ok_or_else(|| SinkChoiceProblem::Sink {
            name: name.to_owned(),
            known: known.join(", "),
        })?;
        let schema =
            Schema::parse(schema).ok_or_else(|| SinkChoiceProblem::Schema(entry.to_owned()))?;
        if choices.iter().any(|choice| choice.name == name) {
            return Err(SinkChoiceProblem::Twice(name));
        }
        choices.push(SinkChoice { name, schema });
    }
    if choices.is_empty() {
        return Err(SinkChoiceProblem::Empty);
    }
    Ok(choices)
}

fn schema_names() -> String {
    Schema::ALL.map(Schema::name).join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(list: &str, expected: Result<&[&str], &str>) {
        let parsed = parse_sinks(list, &["http", "file"]);
        let names = parsed.map(|choices| choices.iter().map(|c| c.name).collect::<Vec<_>>());
        match expected {
            Ok(expected) => assert_eq!(names.unwrap(), expected, "{list}"),
            Err(expected) => assert_eq!(names.unwrap_err().to_string(), expected, "{list}"),
        }
    }

    #[test]
    fn sinks_are_read_with_their_schemas() {
        check("http", Ok(&["http"]));
        check(" http:raw , file,", Ok(&["http", "file"]));
        check("", Err("names no sink"));
        check("http,http:raw", Err("names `http` twice"));
        check("smtp", Err("cannot read `smtp` (want one of http, file)"));
        check(
            "http:xml",
            Err("cannot read the schema of `http:xml` (want one of raw)"),
        );
    }
}
