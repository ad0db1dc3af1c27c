//! What is sent through the local cloud: the sample tenant's day, or a captured file, as webhook bodies.

mod captured;

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};

use tenant_logs::{LogEvent, Unreadable, decode, parse};

use crate::sample::Sample;
use captured::split;

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

/// A captured file that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {}", path.display())]
pub struct InputError {
    /// The file.
    path: PathBuf,
    /// What the system said.
    #[source]
    source: io::Error,
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
    /// Reads a captured file: one body, one body a line, or events one after another.
    pub fn from_file(path: &Path) -> Result<Self, InputError> {
        let bytes = std::fs::read(path).map_err(|source| InputError {
            path: path.to_owned(),
            source,
        })?;
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
        let text = decode(body, usize::MAX);
        let parsed = text.as_deref().map_err(|unreadable| *unreadable);
        match parsed.and_then(parse) {
            Ok(parsed) => {
                let log_ids = parsed.log_events.iter().map(LogEvent::log_id);
                self.log_ids.extend(log_ids.map(str::to_owned));
                self.add_elements(parsed.log_events.len(), parsed.rejects.len());
            }
            // The webhook refuses a body without a value, and has nothing to set aside.
            Err(Unreadable::Empty) => {}
            Err(_) => self.add_elements(0, 1),
        }
    }

    fn add_elements(&mut self, event_count: usize, poison_count: usize) {
        let poison_count = u64::try_from(poison_count).unwrap_or(u64::MAX);
        self.element_count += poison_count + u64::try_from(event_count).unwrap_or(u64::MAX);
        self.poison_count += poison_count;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_expected_is_counted_by_the_parser() {
        let mut expected = Expected::default();
        expected.add(b"[{\"log_id\":\"1\"},{\"log_id\":\"1\"},7]");
        expected.add(b"no JSON");
        expected.add(b"\xff");
        expected.add(b" \n");
        expected.add(b"[]");
        assert_eq!(expected.element_count, 5);
        assert_eq!(expected.poison_count, 3);
        assert_eq!(expected.log_ids.len(), 1);
    }
}
