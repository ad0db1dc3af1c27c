//! Standard output, a line each: for looking at events on one machine.

use std::io::{self, Write};

use super::SinkKind;
use crate::ports::{Delivery, Remedy, Row, Sink};
use crate::sending::Sending;

/// Prints each log event as a line.
#[derive(Debug, Default)]
pub struct StdoutSink;

impl StdoutSink {
    /// The sink and the schemas it takes, as `SINKS` names them.
    pub const KIND: SinkKind = SinkKind::of_any_schema("stdout");
}

impl Sink for StdoutSink {
    fn name(&self) -> &'static str {
        Self::KIND.name
    }

    async fn send(&self, rows: &[Row<'_>], _sending: &Sending) -> Delivery {
        let mut stdout = io::stdout().lock();
        let written = stdout.write_all(&ndjson(rows));
        match written.and_then(|()| stdout.flush()) {
            Ok(()) => Delivery::all_delivered(rows.len()),
            Err(error) => {
                let reason = format!("cannot write to standard output: {}", error.kind());
                Delivery::all_refused(rows.len(), Remedy::HandBack, reason)
            }
        }
    }
}

/// Rows as lines (NDJSON). Line breaks between the tokens of a row, which JSON allows, become blanks.
pub fn ndjson<'a>(rows: impl IntoIterator<Item = &'a Row<'a>> + Clone) -> Vec<u8> {
    let bytes = rows.clone().into_iter().map(|row| row.json.len() + 1).sum();
    let mut lines = Vec::with_capacity(bytes);
    for row in rows {
        let begin = lines.len();
        lines.extend_from_slice(row.json.as_bytes());
        // Every byte is written, changed or not: a loop without branches handles many at a time.
        for byte in lines.get_mut(begin..).unwrap_or_default() {
            let is_break = matches!(*byte, b'\n' | b'\r');
            *byte = if is_break { b' ' } else { *byte };
        }
        lines.push(b'\n');
    }
    lines
}

#[cfg(test)]
mod tests {
    use tenant_logs::{Schema, parse};

    use super::*;

    #[test]
    fn a_log_event_written_over_several_lines_becomes_one() {
        let parsed = parse("{\r\n\"log_id\":\"1\",\n\"data\":{}}").unwrap();
        let log_event = &parsed.log_events[0];
        let row = Row {
            log_event,
            json: Schema::Raw.write(log_event),
            trace_id: None,
        };
        assert_eq!(ndjson([&row]), b"{  \"log_id\":\"1\", \"data\":{}}\n");
    }
}
