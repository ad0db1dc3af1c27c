//! The schemas a sink can be given log events in.
//!
//! All but raw are written from what the catalogue says a code means and from the record's own members, which are
//! copied as the JSON that they are. A member that is missing or of the wrong type leaves its target out.

mod actors;
mod addresses;
mod asim;
mod ecs;
mod errors;
mod event_view;
mod exchange;
mod json_writer;
mod ocsf;
mod opened;
mod parties;
mod raw;
mod rest;
mod sentinel;
mod targets;

use std::borrow::Cow;

use jiff::Timestamp;

use crate::{LogEvent, TenantName};
pub use asim::AsimStream;
use event_view::EventView;
use json_writer::JsonWriter;
use opened::opened_details;
pub use raw::Raw;

/// A schema that log events are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum Schema {
    /// `{"log_id", "data"}`: Auth0's own record, untouched.
    #[default]
    Raw,
    /// Elastic Common Schema.
    Ecs,
    /// Open Cybersecurity Schema Framework.
    Ocsf,
    /// Microsoft's normalized tables for authentication and audit; what is in neither, as [`Self::Sentinel`].
    Asim,
    /// The columns of Microsoft's own table `Auth0Logs_CL`, and the raw event.
    Sentinel,
}

impl Schema {
    /// Every schema.
    pub const ALL: [Self; 5] = [Self::Raw, Self::Ecs, Self::Ocsf, Self::Asim, Self::Sentinel];

    /// Reads a schema's name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|schema| schema.name() == name)
    }

    /// Its name in `SINKS`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Ecs => "ecs",
            Self::Ocsf => "ocsf",
            Self::Asim => "asim",
            Self::Sentinel => "sentinel",
        }
    }

    /// One log event as a JSON object in this schema, without a tenant and without a clock: an event that tells nothing of
    /// its time gets the epoch. [`Mapping`] takes both.
    pub fn write<'a>(self, log_event: &'a LogEvent<'_>) -> Cow<'a, str> {
        Mapping::to(self, None, Timestamp::UNIX_EPOCH).write(log_event)
    }
}

/// Writes log events in a schema.
#[derive(Debug, Clone, Copy)]
pub struct Mapping<'t> {
    schema: Schema,
    tenant: Option<&'t TenantName>,
    received_at: Timestamp,
    raw: Raw,
}

impl<'t> Mapping<'t> {
    /// A mapping to a schema. The tenant's name stands where the schema requires one and an event has none, the time of
    /// receipt where nothing in an event tells when it happened.
    pub fn to(schema: Schema, tenant: Option<&'t TenantName>, received_at: Timestamp) -> Self {
        Self {
            schema,
            tenant,
            received_at,
            raw: Raw::Whole,
        }
    }

    /// The same mapping, keeping this much of an event beside the row's fields. Raw rows are the event itself.
    #[must_use]
    pub fn keeping(self, raw: Raw) -> Self {
        Self { raw, ..self }
    }

    /// One log event as a JSON object.
    pub fn write<'a>(&self, log_event: &'a LogEvent<'_>) -> Cow<'a, str> {
        if self.schema == Schema::Raw {
            return log_event.detail();
        }
        // The raw event is kept inside, beside what is taken out of it.
        let mut row = String::with_capacity(log_event.text().len() * 3 + 1024);
        self.append(log_event, &mut row);
        Cow::Owned(row)
    }

    /// Appends one log event as a JSON object.
    pub fn append(&self, log_event: &LogEvent<'_>, out: &mut String) {
        let write: fn(&EventView<'_>, &mut JsonWriter<'_>) = match self.schema {
            Schema::Raw => {
                let (before, text, after) = log_event.detail_parts();
                for part in [&before, text, &after] {
                    out.push_str(part);
                }
                return;
            }
            Schema::Ecs => ecs::write,
            Schema::Ocsf => ocsf::write,
            Schema::Asim => asim::write,
            Schema::Sentinel => sentinel::write,
        };
        let record = log_event.members();
        let opened = opened_details(&record);
        let view = EventView::of(log_event, (record, opened.as_deref()), self);
        write(&view, &mut JsonWriter::new(out));
    }
}

#[cfg(test)]
mod answers;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod hidden;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod pages;
#[cfg(test)]
mod restore;
#[cfg(test)]
mod sizes;
#[cfg(test)]
mod tests;
