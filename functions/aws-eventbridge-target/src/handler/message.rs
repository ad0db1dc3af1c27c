//! What SQS tells of a message beside its body: where it came from, since when it is on its way, and what a return says.

use std::time::Duration;

use aws_clients::PRODUCER;
use tenant_logs::{JsonReader, Timestamp, UnexpectedJson};

/// How often something of it came back.
pub(super) const TRIES: &str = "tries";
/// When it was sent first, in milliseconds since 1970.
pub(super) const FIRST: &str = "first";
/// The sinks that it is for, comma separated.
pub(super) const SINKS: &str = "sinks";

/// How long a sink may be away before what it lacks is set aside.
const MAX_AGE: Duration = Duration::from_hours(24);

/// A message but for its body.
#[derive(Debug, Default)]
pub(super) struct MessageFacts {
    pub(super) queue_arn: String,
    pub(super) trace_header: Option<String>,
    /// The function of ours that wrote it.
    pub(super) producer: Option<String>,
    pub(super) sinks: Option<String>,
    sent: Option<String>,
    tries: Option<String>,
    first: Option<String>,
}

impl MessageFacts {
    /// Reads what the service tells.
    pub(super) fn read_system(
        &mut self,
        attributes: &mut JsonReader<'_>,
    ) -> Result<(), UnexpectedJson> {
        attributes.object(|name, value| {
            match name {
                "AWSTraceHeader" => self.trace_header = value.optional(JsonReader::text)?,
                "SentTimestamp" => self.sent = value.optional(JsonReader::text_or_json)?,
                _ => value.skip()?,
            }
            Ok(())
        })
    }

    /// Reads what the sender told.
    pub(super) fn read_own(
        &mut self,
        attributes: &mut JsonReader<'_>,
    ) -> Result<(), UnexpectedJson> {
        attributes.object(|name, value| {
            let field = match name {
                PRODUCER => &mut self.producer,
                TRIES => &mut self.tries,
                FIRST => &mut self.first,
                SINKS => &mut self.sinks,
                _ => return value.skip(),
            };
            let text = value.optional(string_value)?;
            *field = text.flatten().filter(|text| !text.is_empty());
            Ok(())
        })
    }

    /// Since when what it holds is on its way: an earlier return tells, else SQS does.
    pub(super) fn first(&self) -> Option<Timestamp> {
        self.returned_first().or_else(|| self.sent())
    }

    /// How often something of it came back.
    pub(super) fn tries(&self) -> u32 {
        let tries = self.returned_first().and(self.tries.as_deref());
        tries.and_then(|tries| tries.parse().ok()).unwrap_or(0)
    }

    /// Whether it is the rest of one that was sent more than a day ago.
    pub(super) fn is_old_rest(&self, now: Timestamp) -> bool {
        self.returned_first()
            .is_some_and(|first| now.duration_since(first).unsigned_abs() > MAX_AGE && first < now)
    }

    /// What an earlier return says. One that was sent a day after it was first sent was brought back from the dead letters,
    /// and begins anew: a return of ours is never that old.
    fn returned_first(&self) -> Option<Timestamp> {
        let first = millis(self.first.as_deref()?)?;
        let is_brought_back = self.sent().is_some_and(|sent| {
            first < sent && sent.duration_since(first).unsigned_abs() > MAX_AGE
        });
        (!is_brought_back).then_some(first)
    }

    fn sent(&self) -> Option<Timestamp> {
        millis(self.sent.as_deref()?)
    }
}

fn millis(text: &str) -> Option<Timestamp> {
    Timestamp::from_millisecond(text.parse().ok()?).ok()
}

/// The text of an attribute, as Lambda hands it over.
fn string_value(attribute: &mut JsonReader<'_>) -> Result<Option<String>, UnexpectedJson> {
    let mut text = None;
    attribute.object(|name, value| {
        match name {
            "stringValue" => text = value.optional(JsonReader::text)?,
            _ => value.skip()?,
        }
        Ok(())
    })?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST_MILLIS: i64 = 1_795_168_800_000;
    const HOUR_MILLIS: i64 = 3_600_000;

    fn returned(sent_after_hours: i64) -> MessageFacts {
        MessageFacts {
            sent: Some((FIRST_MILLIS + sent_after_hours * HOUR_MILLIS).to_string()),
            first: Some(FIRST_MILLIS.to_string()),
            tries: Some("3".to_owned()),
            ..MessageFacts::default()
        }
    }

    fn at(hours: i64) -> Timestamp {
        Timestamp::from_millisecond(FIRST_MILLIS + hours * HOUR_MILLIS).unwrap()
    }

    #[test]
    fn a_return_keeps_when_it_was_first_sent_and_grows_old_with_the_day() {
        let facts = returned(5);
        assert_eq!((facts.first(), facts.tries()), (Some(at(0)), 3));
        assert!(!facts.is_old_rest(at(24)) && facts.is_old_rest(at(25)));
    }

    #[test]
    fn what_was_never_returned_grows_not_old_and_is_as_old_as_sqs_says() {
        let facts = MessageFacts {
            first: None,
            ..returned(5)
        };
        assert_eq!((facts.first(), facts.tries()), (Some(at(5)), 0));
        assert!(!facts.is_old_rest(at(100)));
    }

    #[test]
    fn what_comes_back_from_the_dead_letters_begins_anew() {
        let facts = returned(50);
        assert_eq!((facts.first(), facts.tries()), (Some(at(50)), 0));
        assert!(!facts.is_old_rest(at(60)));
    }

    #[test]
    fn attributes_that_make_no_sense_count_as_missing() {
        let facts = MessageFacts {
            first: Some("yesterday".to_owned()),
            tries: Some("many".to_owned()),
            ..MessageFacts::default()
        };
        assert_eq!((facts.first(), facts.tries()), (None, 0));
    }
}
