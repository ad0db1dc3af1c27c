//! What log streams a tenant has, without their credentials.

use std::io::Write;

use serde_json::Value;

use crate::command::Ending;
use crate::error::Error;
use crate::stream::LogStream;

/// Writes every log stream, for people or as a JSON array.
pub(crate) fn status(
    streams: &[LogStream],
    as_json: bool,
    output: &mut impl Write,
) -> Result<Ending, Error> {
    let text = if as_json {
        let shown: Vec<Value> = streams.iter().map(LogStream::shown).collect();
        format!("{:#}", Value::from(shown))
    } else if streams.is_empty() {
        "The tenant has no log stream.".to_owned()
    } else {
        let shown: Vec<String> = streams.iter().map(of_stream).collect();
        shown.join("\n\n")
    };
    writeln!(output, "{text}").map_err(Error::Write)?;
    Ok(Ending::Done)
}

fn of_stream(stream: &LogStream) -> String {
    let passes = match stream.filters() {
        filters if filters.is_empty() => "everything".to_owned(),
        filters => filters.join(", "),
    };
    let pii = stream.pii();
    let pii = pii.map(|pii| format!("{} of {}", pii.method, pii.log_fields.join(", ")));
    let is_priority = if stream.is_priority() { "yes" } else { "no" };
    let mut lines = vec![
        stream.title(),
        line("type", &stream.kind),
        line("status", stream.status()),
    ];
    lines.extend(stream.destination().map(|(name, value)| line(name, &value)));
    lines.push(line("passes", &passes));
    lines.push(line("pii", pii.as_deref().unwrap_or("not treated")));
    lines.push(line("priority", is_priority));
    lines.join("\n")
}

fn line(name: &str, value: &str) -> String {
    format!("  {:<16}{value}", name.replace('_', " "))
}
