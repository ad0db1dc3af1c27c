//! The sinks that a function can have, which of them `SINKS` names, and the two that need no network.

mod any_sink;
mod choice;
mod file;
mod json_array;
mod registry;
mod stdout;

pub use any_sink::AnySink;
use file::FileSink;
pub use json_array::{ARRAY_BYTES, json_array};
pub use registry::{RegisteredSink, SinkRegistry, local_sinks};
pub use stdout::{StdoutSink, ndjson};

use tenant_logs::{Raw, Schema};

/// What settings can say of a sink.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SinkKind {
    /// Its name in `SINKS`.
    pub name: &'static str,
    /// The schemas it takes; the first is what it is given where `SINKS` names none.
    pub schemas: &'static [Schema],
    /// Whether a ledger tells what it has. Buses, queues and topics are at least once, so they need none.
    pub has_ledger: bool,
    /// What its rows keep of their event beside their fields where `RAW` says nothing.
    pub raw: Raw,
}

impl SinkKind {
    /// A sink that takes every schema, raw unless another is named.
    pub const fn of_any_schema(name: &'static str) -> Self {
        Self {
            name,
            schemas: &Schema::ALL,
            has_ledger: true,
            raw: Raw::Whole,
        }
    }

    /// A sink that takes Auth0's own record only: a bus, whose rules match it, a queue or a topic.
    pub const fn of_raw(name: &'static str) -> Self {
        Self {
            name,
            schemas: &[Schema::Raw],
            has_ledger: false,
            raw: Raw::Whole,
        }
    }

    /// Whether some rows have fields of their own, beside which something of the event can be kept.
    fn has_fields(&self) -> bool {
        self.schemas.iter().any(|schema| *schema != Schema::Raw)
    }

    /// The schema of this name, or the first one; `None` if the sink does not take it.
    fn schema(&self, name: Option<&str>) -> Option<Schema> {
        let is_named = |schema: &&Schema| name.is_none_or(|name| schema.name() == name);
        self.schemas.iter().find(is_named).copied()
    }
}
