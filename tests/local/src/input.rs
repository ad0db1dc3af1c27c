//! What is sent through the local cloud: the sample tenant's day, or a captured file, as webhook bodies.

use std::collections::HashSet;
use std::io;
use std::path::Path;

use tenant_logs::{decode, parse};

use crate::sample::Sample;

/// Bodies above this are sent in parts, as the webhook would refuse them.
const MOST_BODY_BYTES: usize = 4_000_000;
/// Lines of a JSON Lines file that are sent as one body.
const LINES_A_BODY: usize = 100;

/// The bodies to send, and what must become of them.
#[derive(Debug, Clone)]
pub enum Input {
    /// Generated events.
    Sample(Sample),
    /// A captured file.
    File {
        /// Its bodies.
        bodies: Vec<Vec<u8>>,
        /// What they hold.
        expected: Expected,
    },
}

/// What must come out of some bodies.
#[derive(Debug, Clone, Default)]
pub struct Expected {
    /// Log events, lines and elements that are sent.
    pub element_count: u64,
    /// The distinct identifiers of the log events.
    pub log_ids: HashSet<String>,
    /// Elements and lines that are no log events, and bodies that cannot be read.
    pub poison_count: u64,
}

impl Input {
    /// Reads a captured file: one body, one body a line, or one event a line.
    pub fn from_file(path: &Path) -> io::Result<Self> {
        let bytes = std::fs::read(path)?;
        let bodies = split(&bytes);
        let mut expected = Expected::default();
        for body in &bodies {
            expected.add(body);
        }
        Ok(Self::File { bodies, expected })
    }

    /// What must come out.
    pub fn expected(&self) -> Expected {
        match self {
            Self::Sample(sample) => {
                let facts = sample.facts();
                Expected {
                    element_count: facts.element_count(),
                    log_ids: sample.log_ids().collect(),
                    poison_count: facts.poison_count,
                }
            }
            Self::File { expected, .. } => expected.clone(),
        }
    }

    /// The bodies in their order.
    pub fn bodies(self) -> Box<dyn Iterator<Item = Vec<u8>> + Send> {
        match self {
            Self::Sample(sample) => Box::new(sample.bodies().map(|body| body.bytes)),
            Self::File { bodies, .. } => Box::new(bodies.into_iter()),
        }
    }
}

impl Expected {
    fn add(&mut self, body: &[u8]) {
        let parsed = decode(body, usize::MAX).ok().and_then(|text| {
            let parsed = parse(&text).ok()?;
            let log_ids = parsed
                .log_events
                .iter()
                .map(|event| event.log_id().to_owned());
            Some((log_ids.collect::<Vec<_>>(), parsed.rejects.len()))
        });
        let (log_ids, reject_count) = parsed.unwrap_or((Vec::new(), 1));
        let reject_count = u64::try_from(reject_count).unwrap_or(u64::MAX);
        self.element_count += reject_count + u64::try_from(log_ids.len()).unwrap_or(u64::MAX);
        self.poison_count += reject_count;
        self.log_ids.extend(log_ids);
    }
}

/// Splits a captured file into bodies.
fn split(bytes: &[u8]) -> Vec<Vec<u8>> {
    let is_one_body = decode(bytes, usize::MAX)
        .ok()
        .is_none_or(|text| bytes.len() <= MOST_BODY_BYTES && parse(&text).is_ok());
    if is_one_body {
        return vec![bytes.to_vec()];
    }
    let Ok(text) = decode(bytes, usize::MAX) else {
        return vec![bytes.to_vec()];
    };
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    if lines.len() > 1 && lines.iter().all(|line| line.starts_with('[')) {
        return lines
            .into_iter()
            .map(|line| line.as_bytes().to_vec())
            .collect();
    }
    if lines.len() > 1 {
        let bodies = lines.chunks(LINES_A_BODY);
        return bodies.map(|lines| lines.join("\n").into_bytes()).collect();
    }
    // One array over the limit: its events in bodies of their own.
    match parse(&text) {
        Ok(parsed) => {
            let details: Vec<String> = parsed
                .log_events
                .iter()
                .map(|event| event.text().to_owned())
                .collect();
            let bodies = details.chunks(LINES_A_BODY);
            bodies
                .map(|events| format!("[{}]", events.join(",")).into_bytes())
                .collect()
        }
        Err(_unreadable) => vec![bytes.to_vec()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let bodies: Vec<String> = split(text.as_bytes())
            .into_iter()
            .map(|body| String::from_utf8(body).unwrap())
            .collect();
        assert_eq!(bodies, expected);
    }

    #[test]
    fn a_captured_file_is_one_body_or_one_body_a_line() {
        check("[{\"type\":\"s\"}]\n", &["[{\"type\":\"s\"}]\n"]);
        check(
            "{\"type\":\"s\"}\n{\"type\":\"f\"}",
            &["{\"type\":\"s\"}\n{\"type\":\"f\"}"],
        );
        check(
            "[{\"type\":\"s\"}]\n[{\"type\":\"f\"}]\n",
            &["[{\"type\":\"s\"}]", "[{\"type\":\"f\"}]"],
        );
        check("no JSON", &["no JSON"]);
    }

    #[test]
    fn what_is_expected_is_counted_by_the_parser() {
        let mut expected = Expected::default();
        expected.add(b"[{\"log_id\":\"1\"},{\"log_id\":\"1\"},7]");
        expected.add(b"no JSON");
        assert_eq!(expected.element_count, 4);
        assert_eq!(expected.poison_count, 2);
        assert_eq!(expected.log_ids.len(), 1);
    }
}
