//! `SINKS`, the list of sinks with their schemas.

use tenant_logs::Schema;

use super::RegisteredSink;
use crate::settings::Reader;

/// One entry of `SINKS`: a sink and the schema it is given log events in.
pub(super) struct SinkChoice<'s, 'a> {
    pub(super) sink: &'s RegisteredSink<'a>,
    pub(super) schema: Schema,
}

impl SinkChoice<'_, '_> {
    fn name(&self) -> &'static str {
        self.sink.kind().name
    }
}

/// Reads `SINKS`, where `known` are the sinks that the function has; `default` stands for a list that is missing, which is
/// a problem without.
///
/// Returns the entries that can be used, so that their settings are read, too; the reader has noted what is wrong with all
/// others.
pub(super) fn read_sinks<'s, 'a>(
    reader: &mut Reader<'_>,
    known: &'s [RegisteredSink<'a>],
    default: Option<&str>,
) -> Option<Vec<SinkChoice<'s, 'a>>> {
    let list = match default {
        Some(default) => reader
            .optional("SINKS")
            .unwrap_or_else(|| default.to_owned()),
        None => reader.required("SINKS")?,
    };
    let (choices, problems) = parse_sinks(&list, known);
    for problem in problems {
        reader.problem("SINKS", problem);
    }
    Some(choices)
}

/// Reads `http:ecs,file`; returns what is wrong with the entries that cannot be used, too.
fn parse_sinks<'s, 'a>(
    list: &str,
    known: &'s [RegisteredSink<'a>],
) -> (Vec<SinkChoice<'s, 'a>>, Vec<String>) {
    let mut choices: Vec<SinkChoice<'s, 'a>> = Vec::new();
    let mut problems = Vec::new();
    let entries = list.split(',').map(str::trim);
    for entry in entries.filter(|entry| !entry.is_empty()) {
        match parse_sink(entry, known) {
            Ok(choice) if choices.iter().any(|other| other.name() == choice.name()) => {
                problems.push(format!("names `{}` twice", choice.name()));
            }
            Ok(choice) => choices.push(choice),
            Err(problem) => problems.push(problem),
        }
    }
    if choices.is_empty() && problems.is_empty() {
        problems.push("names no sink".to_owned());
    }
    (choices, problems)
}

fn parse_sink<'s, 'a>(
    entry: &str,
    known: &'s [RegisteredSink<'a>],
) -> Result<SinkChoice<'s, 'a>, String> {
    let (name, schema) = match entry.split_once(':') {
        Some((name, schema)) => (name, Some(schema)),
        None => (entry, None),
    };
    let sink = known.iter().find(|sink| sink.kind().name == name);
    let sink = sink.ok_or_else(|| {
        let known = joined(known.iter().map(|sink| sink.kind().name));
        format!("cannot read `{name}` (want one of {known})")
    })?;
    let kind = sink.kind();
    let schema = kind.schema(schema).ok_or_else(|| {
        let known = joined(kind.schemas.iter().map(|schema| schema.name()));
        format!("cannot read the schema of `{entry}` (want one of {known})")
    })?;
    Ok(SinkChoice { sink, schema })
}

fn joined(names: impl Iterator<Item = &'static str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::super::{SinkKind, StdoutSink};
    use super::*;

    fn known() -> Vec<RegisteredSink<'static>> {
        let kinds = [
            SinkKind::of_any_schema("http"),
            SinkKind::of_any_schema("file"),
            SinkKind::of_raw("event-bus"),
        ];
        let sinks = kinds.map(|kind| kind.opened_by(|_, _| Some(StdoutSink)));
        sinks.into()
    }

    fn check(list: &str, expected: Result<&[(&str, Schema)], &str>) {
        let known = known();
        let (choices, problems) = parse_sinks(list, &known);
        let pairs = choices.iter().map(|choice| (choice.name(), choice.schema));
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
        let known = known();
        let (choices, problems) = parse_sinks("smtp,http,htp,file:xml,http", &known);
        let names = choices.iter().map(SinkChoice::name);
        assert_eq!(names.collect::<Vec<_>>(), ["http"]);
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
        let read = |list: Option<&str>, default| {
            let known = known();
            let lookup = |_: &str| list.map(str::to_owned);
            let mut reader = Reader::new(&lookup);
            let choices = read_sinks(&mut reader, &known, default);
            let names =
                choices.map(|choices| choices.iter().map(SinkChoice::name).collect::<Vec<_>>());
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
