//! The schemas a sink can be given log events in.

use std::borrow::Cow;

use crate::LogEvent;

/// A schema that log events are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Schema {
    /// `{"log_id", "data"}`: Auth0's own record, untouched.
    #[default]
    Raw,
}

impl Schema {
    /// Reads a schema's name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|schema| schema.name() == name)
    }

    /// Every schema.
    pub const ALL: [Self; 1] = [Self::Raw];

    /// Its name in `SINKS`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw",
        }
    }

    /// One log event as a JSON object in this schema.
    pub fn write<'a>(self, log_event: &'a LogEvent<'_>) -> Cow<'a, str> {
        match self {
            Self::Raw => log_event.detail(),
        }
    }
}
