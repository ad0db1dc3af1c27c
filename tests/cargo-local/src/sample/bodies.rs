//! Puts the events of the day into request bodies, in order, and repeats some as a retrying sender does.

use std::io::Write;
use std::mem;
use std::ops::RangeInclusive;

use fastrand::Rng;
use flate2::Compression;
use flate2::write::GzEncoder;

use super::day::Day;
use super::mix::kind_at;
use super::people::{APPLICATIONS, Person, everybody};
use super::shapes::Templates;
use super::template::Scene;
use super::{BodyFormat, POISON, Repeat, SampleBody, SampleFacts};

const SEED: u64 = 20_261_120;
const EVENTS_A_BODY: RangeInclusive<u64> = 50..=100;

/// The request bodies of a [`super::Sample`], made one at a time.
#[derive(Debug)]
pub struct Bodies {
    event_count: u64,
    next_index: u64,
    body_count: u64,
    /// Events that the next body brings again.
    pub(super) to_repeat: Vec<String>,
    day: Day,
    people: Vec<Person>,
    templates: Templates,
    rng: Rng,
}

/// The elements of one body.
#[derive(Debug, Default)]
struct Elements {
    texts: Vec<String>,
    distinct_count: u64,
    repeat_count: u64,
    poison_count: u64,
}

impl Bodies {
    pub(super) fn new(event_count: u64) -> Self {
        let mut rng = Rng::with_seed(SEED);
        Self {
            event_count,
            next_index: 0,
            body_count: 0,
            to_repeat: Vec::new(),
            day: Day::new(event_count),
            people: everybody(&mut rng),
            templates: Templates::read(),
            rng,
        }
    }

    fn elements(&mut self) -> Option<Elements> {
        let mut elements = Elements::default();
        let mut again = mem::take(&mut self.to_repeat);
        let wanted = self.rng.u64(EVENTS_A_BODY);
        while elements.distinct_count < wanted && self.next_index < self.event_count {
            let index = self.next_index;
            let event = self.event(index)?;
            match Repeat::of(index) {
                Repeat::No => {}
                Repeat::InTheSameBody => again.push(event.clone()),
                Repeat::InTheNextBody => self.to_repeat.push(event.clone()),
            }
            elements.texts.push(event);
            elements.distinct_count += 1;
            self.next_index += 1;
            if index == self.event_count / 2 {
                elements.texts.push(POISON.to_owned());
                elements.poison_count += 1;
            }
        }
        for event in again {
            elements.texts.push(event);
            elements.repeat_count += 1;
        }
        Some(elements)
    }

    fn event(&mut self, index: u64) -> Option<String> {
        let lag_millis = if self.rng.u8(..5) == 0 {
            self.rng.u64(100..=5_800)
        } else {
            self.rng.u64(30..=100)
        };
        let kind = kind_at(index, &mut self.rng)?;
        let log_id = self.day.log_id(index);
        let scene = Scene {
            kind,
            person: self.people.get(self.rng.usize(..self.people.len()))?,
            application: self.rng.choice(APPLICATIONS)?,
            moment: self.day.moment(index, lag_millis),
            log_id: &log_id,
        };
        let mut text = String::with_capacity(2_048);
        let template = self.templates.of(kind.shape)?;
        template.fill(&scene, &mut self.rng, &mut text);
        Some(text)
    }
}

impl Iterator for Bodies {
    type Item = SampleBody;

    fn next(&mut self) -> Option<SampleBody> {
        let elements = self.elements()?;
        if elements.texts.is_empty() {
            return None;
        }
        let (format, is_gzipped) = if elements.poison_count > 0 {
            (BodyFormat::Array, false)
        } else {
            form_of(self.body_count)
        };
        self.body_count += 1;
        let plain = joined(&elements.texts, format).into_bytes();
        let bytes = if is_gzipped { gzip(&plain)? } else { plain };
        Some(SampleBody {
            bytes,
            format,
            is_gzipped,
            facts: SampleFacts {
                distinct_count: elements.distinct_count,
                repeat_count: elements.repeat_count,
                poison_count: elements.poison_count,
            },
        })
    }
}

/// Of sixteen bodies eleven are plain arrays.
fn form_of(body_number: u64) -> (BodyFormat, bool) {
    match body_number % 16 {
        2 => (BodyFormat::Lines, false),
        4 => (BodyFormat::Array, true),
        6 | 14 => (BodyFormat::LogsObject, false),
        10 => (BodyFormat::Lines, true),
        _ => (BodyFormat::Array, false),
    }
}

fn joined(elements: &[String], format: BodyFormat) -> String {
    match format {
        BodyFormat::Array => format!("[{}]", elements.join(",")),
        BodyFormat::Lines => format!("{}\n", elements.join("\n")),
        BodyFormat::LogsObject => format!("{{\"logs\":[{}]}}", elements.join(",")),
    }
}

/// Writing to memory does not fail, so `None` does not occur.
fn gzip(plain: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(plain).ok()?;
    encoder.finish().ok()
}
