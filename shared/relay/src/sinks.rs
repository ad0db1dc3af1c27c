//! `SINKS`, the list of sinks with their schemas, and the two sinks that need no network.

mod file;
mod stdout;

pub use file::FileSink;
pub use stdout::{StdoutSink, ndjson};

use tenant_logs::Schema;

use crate::settings::Reader;

/// A sink that a function has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SinkKind {
    /// Its name in `SINKS`.
    pub name: &'static str,
    /// The schemas it takes; the first is what it is given where `SINKS` names none.
    pub schemas: &'static [Schema],
}

impl SinkKind {
    /// A sink that takes every schema, raw unless another is named.
    pub const fn of_any_schema(name: &'static str) -> Self {
        Self {
            name,
            schemas: &Schema::ALL,
        }
    }

    /// A sink that takes Auth0's own record only: a bus, whose rules match it.
    pub const fn of_raw(name: &'static str) -> Self {
        Self {
            name,
            schemas: &[Schema::Raw],
        }
    }

    fn schema(&self, name: Option<&str>) -> Option<Schema> {
        let is_named = |schema: &&Schema| name.is_none_or(|name| schema.name() == name);
        self.schemas.iter().find(is_named).copied()
    }
}

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
enum SinkChoiceProblem {
    /// A name that this function does not know.
    #[error("cannot read `{name}` (want one of {known})")]
    Sink {
        /// What was written.
        name: String,
        /// What could be.
        known: String,
    },
    /// A schema that the sink does not take, or that there is not.
    #[error("cannot read the schema of `{entry}` (want one of {known})")]
    Schema {
        /// What was written.
        entry: String,
        /// What the sink takes.
        known: String,
    },
    /// The same sink again.
    #[error("names `{0}` twice")]
    Twice(&'static str),
    /// No entry at all.
    #[error("names no sink")]
    Empty,
}

/// Reads `SINKS`, where `known` are the sinks that the function has; `unless_set` stands for a list that is missing, which
/// is a problem without.
///
/// Answers the entries that can be used, so that their settings are read, too; the reader has noted what is wrong with all
/// others.
pub fn read_sinks(
    reader: &mut Reader<'_>,
    known: &[SinkKind],
    unless_set: Option<&str>,
) -> Option<Vec<SinkChoice>> {
    let list = match unless_set {
        Some(unless_set) => reader
            .optional("SINKS")
            .unwrap_or_else(|| unless_set.to_owned()),
        None => reader.required("SINKS")?,
    };
    let (choices, problems) = parse_sinks(&list, known);
    for problem in problems {
        reader.problem("SINKS", problem);
    }
    Some(choices)
}

/// Reads `http:ecs,file`.
fn parse_sinks(list: &str, known: &[SinkKind]) -> (Vec<SinkChoice>, Vec<SinkChoiceProblem>) {
    let mut choices: Vec<SinkChoice> = Vec::new();
    let mut problems = Vec::new();
    let entries = list.split(',').map(str::trim);
    for entry in entries.filter(|entry| !entry.is_empty()) {
        match parse_sink(entry, known) {
            Ok(choice) if choices.iter().any(|other| other.name == choice.name) => {
                problems.push(SinkChoiceProblem::Twice(choice.name));
            }
            Ok(choice) => choices.push(choice),
            Err(problem) => problems.push(problem),
        }
    }
    if choices.is_empty() && problems.is_empty() {
        problems.push(SinkChoiceProblem::Empty);
    }
    (choices, problems)
}

fn parse_sink(entry: &str, known: &[SinkKind]) -> Result<SinkChoice, SinkChoiceProblem> {
    let (name, schema) = match entry.split_once(':') {
        Some((name, schema)) => (name, Some(schema)),
        None => (entry, None),
    };
    let kind = known.iter().find(|kind| kind.name == name);
    let kind = kind.ok_or_else(|| SinkChoiceProblem::Sink {
        name: name.to_owned(),
        known: joined(known.iter().map(|kind| kind.name)),
    })?;
    let schema = kind
        .schema(schema)
        .ok_or_else(|| SinkChoiceProblem::Schema {
            entry: entry.to_owned(),
            known: joined(kind.schemas.iter().map(|schema| schema.name())),
        })?;
    Ok(SinkChoice {
        name: kind.name,
        schema,
    })
}

fn joined(names: impl Iterator<Item = &'static str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [SinkKind; 3] = [
        SinkKind::of_any_schema("http"),
        SinkKind::of_any_schema("file"),
        SinkKind::of_raw("event-bus"),
    ];

    fn check(list: &str, expected: Result<&[(&str, Schema)], &str>) {
        let (choices, problems) = parse_sinks(list, &KNOWN);
        let pairs = choices.iter().map(|choice| (choice.name, choice.schema));
        match expected {
            Ok(expected) => assert_eq!(pairs.collect::<Vec<_>>(), expected, "{list}"),
            Err(expected) => {
                let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
                assert_eq!(problems, [expected], "{list}");
            }
        }
    }

    #[test]
    fn every_wrong_entry_is_named_and_the_others_are_read() {
        let (choices, problems) = parse_sinks("smtp,http,htp,file:xml,http", &KNOWN);
        assert_eq!(choices.iter().map(|c| c.name).collect::<Vec<_>>(), ["http"]);
        let problems = problems.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(problems.len(), 4, "{problems:?}");
        for (problem, named) in problems
            .iter()
            .zip(["`smtp`", "`htp`", "`file:xml`", "`http`"])
        {
            assert!(problem.contains(named), "{problem}");
        }
    }

    #[test]
    fn sinks_are_read_with_their_schemas() {
        check("http", Ok(&[("http", Schema::Raw)]));
        check(
            " http:ecs , file:sentinel,",
            Ok(&[("http", Schema::Ecs), ("file", Schema::Sentinel)]),
        );
        check("", Err("names no sink"));
        check("http,http:raw", Err("names `http` twice"));
        check(
            "smtp",
            Err("cannot read `smtp` (want one of http, file, event-bus)"),
        );
    }

    #[test]
    fn a_list_that_is_missing_has_a_default_or_is_a_problem() {
        let read = |list: Option<&str>, unless_set| {
            let lookup = |_: &str| list.map(str::to_owned);
            let mut reader = Reader::new(&lookup);
            let choices = read_sinks(&mut reader, &KNOWN, unless_set);
            let names = choices.map(|choices| choices.iter().map(|c| c.name).collect::<Vec<_>>());
            reader.finish(|| names).map_err(|error| error.to_string())
        };
        assert_eq!(read(None, Some("file")).unwrap(), ["file"]);
        assert_eq!(read(Some("http"), Some("file")).unwrap(), ["http"]);
        for (list, problem) in [
            (None, "required, not set"),
            (Some("http,http"), "names `http` twice"),
        ] {
            let problem = format!("1 setting is wrong:\n  SINKS: {problem}");
            assert_eq!(read(list, None), Err(problem));
        }
    }

    #[test]
    fn a_schema_that_a_sink_cannot_take_is_a_problem() {
        let every = Schema::ALL.map(Schema::name).join(", ");
        for entry in ["http:xml", "http:", "file:ECS"] {
            let problem = format!("cannot read the schema of `{entry}` (want one of {every})");
            check(entry, Err(&problem));
        }
        check("event-bus:raw", Ok(&[("event-bus", Schema::Raw)]));
        check(
            "event-bus:ecs",
            Err("cannot read the schema of `event-bus:ecs` (want one of raw)"),
        );
    }
}
