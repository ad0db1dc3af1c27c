//! The sinks that a function has, each registered once: its name, its schemas, its secrets, and how settings open it.

use std::fmt::{self, Debug};

use tenant_logs::{Filter, Raw, Schema};

use super::choice::{SinkChoice, read_sinks};
use super::{AnySink, FileSink, SinkKind, StdoutSink};
use crate::flow::Destination;
use crate::ports::Sink;
use crate::secrets::WantedSecret;
use crate::settings::{Reader, read_filter};

/// Reads the settings of a sink, given in a schema; `None` if the reader noted a problem.
type Open<'a> = Box<dyn Fn(&mut Reader<'_>, Schema) -> Option<AnySink> + 'a>;

/// A sink that settings can open.
pub struct RegisteredSink<'a> {
    kind: SinkKind,
    secrets: Vec<WantedSecret>,
    /// What the names of its own filter's settings begin with.
    filter: Option<&'static str>,
    open: Open<'a>,
}

impl SinkKind {
    /// Registers the sink: `open` reads its settings, and returns `None` if the reader noted a problem.
    pub fn opened_by<'a, S: Sink + Debug + 'static>(
        self,
        open: impl Fn(&mut Reader<'_>, Schema) -> Option<S> + 'a,
    ) -> RegisteredSink<'a> {
        RegisteredSink {
            kind: self,
            secrets: Vec::new(),
            filter: None,
            open: Box::new(move |reader, schema| {
                let sink = open(reader, schema)?;
                Some(AnySink::new(self, sink))
            }),
        }
    }
}

impl RegisteredSink<'_> {
    /// What settings can say of it.
    pub fn kind(&self) -> SinkKind {
        self.kind
    }

    /// The same sink, one of whose settings may refer to a secret.
    #[must_use]
    pub fn with_secret(mut self, name: &'static str) -> Self {
        self.secrets.push(WantedSecret::current(name));
        self
    }

    /// The same sink, given only what passes a filter of its own: its settings are those of the filter of all, with `prefix`
    /// in front of each name.
    #[must_use]
    pub fn with_filter(self, prefix: &'static str) -> Self {
        Self {
            filter: Some(prefix),
            ..self
        }
    }

    /// The sink as a destination for dead letters that name it, if `setting` is there; `None` if the reader noted a
    /// problem.
    pub fn read_for_replay(
        &self,
        reader: &mut Reader<'_>,
        setting: &str,
    ) -> Option<Vec<Destination<AnySink>>> {
        if reader.optional(setting).is_none() {
            return Some(Vec::new());
        }
        let schema = self.kind.schema(None)?;
        self.open(reader, schema, None)
            .map(|destination| vec![destination])
    }

    /// Opens the sink; `raw` is what `RAW` says.
    fn open(
        &self,
        reader: &mut Reader<'_>,
        schema: Schema,
        raw: Option<Raw>,
    ) -> Option<Destination<AnySink>> {
        let sink = (self.open)(reader, schema);
        let filter = match self.filter {
            Some(prefix) => read_filter(reader, prefix),
            None => Some(Filter::default()),
        };
        Some(Destination {
            sink: sink?,
            schema,
            raw: raw.unwrap_or(self.kind.raw),
            filter: filter?,
        })
    }
}

impl Debug for RegisteredSink<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("RegisteredSink")
            .field("kind", &self.kind)
            .field("secrets", &self.secrets)
            .finish_non_exhaustive()
    }
}

/// Every sink of a function.
#[derive(Debug)]
pub struct SinkRegistry<'a> {
    sinks: Vec<RegisteredSink<'a>>,
}

impl<'a> FromIterator<RegisteredSink<'a>> for SinkRegistry<'a> {
    fn from_iter<I: IntoIterator<Item = RegisteredSink<'a>>>(sinks: I) -> Self {
        Self {
            sinks: sinks.into_iter().collect(),
        }
    }
}

impl SinkRegistry<'_> {
    /// What `SINKS` can name.
    pub fn kinds(&self) -> Vec<SinkKind> {
        self.sinks.iter().map(|sink| sink.kind).collect()
    }

    /// The secrets that the sinks' settings may refer to.
    pub fn secrets(&self) -> Vec<WantedSecret> {
        let secrets = self.sinks.iter().flat_map(|sink| &sink.secrets);
        secrets.copied().collect()
    }

    /// Reads `SINKS` and opens each sink that it names; `default` stands for a list that is missing, which is a problem
    /// without. `None` if the reader noted a problem.
    pub fn read(
        &self,
        reader: &mut Reader<'_>,
        default: Option<&str>,
    ) -> Option<Vec<Destination<AnySink>>> {
        let mut choices = read_sinks(reader, &self.sinks, default)?;
        // A function with one sink needs its settings even if `SINKS` is wrong, so all their problems are reported at once.
        if let ([], [only]) = (choices.as_slice(), self.sinks.as_slice()) {
            let schema = only.kind.schema(None)?;
            choices.push(SinkChoice { sink: only, schema });
        }
        // A function that only passes events on has no use for it.
        let has_fields = self.sinks.iter().any(|sink| sink.kind.has_fields());
        let raw = if has_fields {
            reader.parsed("RAW", "whole, rest or none", Raw::parse)
        } else {
            None
        };
        // Every sink is read before the first problem ends it.
        let destinations: Vec<_> = choices
            .into_iter()
            .map(|choice| choice.sink.open(reader, choice.schema, raw))
            .collect();
        destinations.into_iter().collect()
    }
}

/// The sinks that need no network.
pub fn local_sinks<'a>() -> Vec<RegisteredSink<'a>> {
    vec![
        FileSink::KIND.opened_by(|reader, _| FileSink::read(reader)),
        StdoutSink::KIND.opened_by(|_, _| Some(StdoutSink)),
    ]
}
