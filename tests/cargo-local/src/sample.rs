//! The bundled sample: one day of an invented tenant, as the webhook bodies that its log stream sends.
//!
//! The day is the same at every run. It is made while it is read, so that a sample of a million
//! events needs no more memory than one of a thousand. Nobody in it exists.

mod bodies;
mod day;
mod mix;
mod people;
mod shapes;
mod template;

pub use bodies::Bodies;
use day::Day;

/// The one element of a sample that is valid JSON and no log event.
pub const POISON: &str = r#"{"stream":"lst_0000000000000042","heartbeat":"2026-11-20T12:00:00Z"}"#;

/// How many distinct events a sample has unless asked otherwise.
pub const DEFAULT_EVENT_COUNT: u64 = 1_200;

/// One of this many events is sent again.
const REPEAT_EVERY: u64 = 50;
/// Its index among them, so that the first body repeats one already.
const REPEAT_AT: u64 = 20;

/// The log of an invented tenant on 20 November 2026.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    event_count: u64,
}

/// What is in a sample, so that a checker knows what must come out of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SampleFacts {
    /// Log events with a `log_id` of their own.
    pub distinct_count: u64,
    /// Elements that bring a `log_id` for the second time.
    pub repeat_count: u64,
    /// Elements that are no log event.
    pub poison_count: u64,
}

impl SampleFacts {
    /// All elements of all bodies.
    pub fn element_count(&self) -> u64 {
        self.distinct_count + self.repeat_count + self.poison_count
    }
}

/// How a body separates its elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BodyFormat {
    /// `[{…},{…}]`
    Array,
    /// One element a line.
    Lines,
    /// `{"logs":[{…},{…}]}`
    LogsObject,
}

/// One webhook request body.
#[derive(Debug, Clone)]
pub struct SampleBody {
    /// The bytes to post.
    pub bytes: Vec<u8>,
    /// How the elements are separated.
    pub format: BodyFormat,
    /// Whether the bytes are gzip.
    pub is_gzipped: bool,
    /// What is in this body.
    pub facts: SampleFacts,
}

impl Default for Sample {
    fn default() -> Self {
        Self::new(DEFAULT_EVENT_COUNT)
    }
}

impl Sample {
    /// A sample with this many distinct events, at least one. Repeats and the poison element come on
    /// top. From about 1,100 events on, every type code of the mix occurs.
    pub fn new(event_count: u64) -> Self {
        Self {
            event_count: event_count.max(1),
        }
    }

    /// What all bodies together hold.
    pub fn facts(&self) -> SampleFacts {
        SampleFacts {
            distinct_count: self.event_count,
            repeat_count: (self.event_count + REPEAT_EVERY - REPEAT_AT - 1) / REPEAT_EVERY,
            poison_count: 1,
        }
    }

    /// Every distinct `log_id`, in order.
    pub fn log_ids(&self) -> impl Iterator<Item = String> + use<> {
        let day = Day::new(self.event_count);
        (0..self.event_count).map(move |index| day.log_id(index))
    }

    /// The index of a `log_id` among [`Self::log_ids`], so that a checker of millions keeps bits
    /// instead of strings.
    pub fn index_of(&self, log_id: &str) -> Option<u64> {
        Day::new(self.event_count).index_of(log_id)
    }

    /// The request bodies, in the order in which they are sent.
    pub fn bodies(self) -> Bodies {
        Bodies::new(self.event_count)
    }
}

/// Whether and how an event is sent a second time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Repeat {
    No,
    InTheSameBody,
    InTheNextBody,
}

impl Repeat {
    fn of(index: u64) -> Self {
        if index % REPEAT_EVERY != REPEAT_AT {
            Self::No
        } else if (index / REPEAT_EVERY).is_multiple_of(2) {
            Self::InTheSameBody
        } else {
            Self::InTheNextBody
        }
    }
}

#[cfg(test)]
mod tests;
