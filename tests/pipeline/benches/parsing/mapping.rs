//! Mapping to each schema, beside `serde_json` doing the same: a typed parse, and a write of the very bytes of our rows.
//!
//! The peer need not find out what to write: its rows are made beforehand, copied members as raw JSON. So it is a floor
//! for anything written with `serde_json`, and no mapping itself.

use std::error::Error;
use std::fmt;
use std::hint::black_box;
use std::io::{self, Write};
use std::time::{Duration, Instant};

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;
use tenant_logs::{Mapping, Schema, Timestamp, parse};

use crate::floors::median;
use crate::steps::{Steps, TypedEvent};

/// Rounds of each side; the medians are compared.
const ROUNDS: usize = 21;
/// Of the speed of the peer: at most 1.25 times its cost.
const MAPPING_FLOOR: f64 = 0.8;
/// What we copy as one piece of JSON.
const COPIED: [&str; 10] = [
    "$event_schema",
    "AdditionalFields",
    "Details",
    "LocationInfo",
    "Raw",
    "auth0_client",
    "details",
    "location_info",
    "references",
    "security_context",
];

/// Measures every schema, prints the ratios, and fails where one is below the floor.
pub(crate) fn check(steps: &Steps) -> Result<(), Box<dyn Error>> {
    let mut missed = Vec::new();
    for schema in Schema::ALL {
        if schema == Schema::Raw {
            continue;
        }
        let peers: Vec<Vec<Node>> = steps
            .bodies()
            .iter()
            .map(|body| peer_rows(schema, body))
            .collect::<Result<_, _>>()?;
        let rounds: Vec<[Duration; 3]> =
            (0..ROUNDS).map(|_| round(schema, steps, &peers)).collect();
        let [ours, peer, record] = [0, 1, 2].map(|side| {
            median(
                rounds
                    .iter()
                    .filter_map(|all| all.get(side))
                    .copied()
                    .collect(),
            )
        });
        let ratio = peer.as_secs_f64() / ours.as_secs_f64();
        let speed = |time: Duration| f64::from(steps.event_count()) / time.as_secs_f64();
        writeln!(
            io::stdout(),
            "parse and map to {}: {:.0} events/s, serde_json's parse and write of the same bytes {:.0}: {ratio:.2} of \
             it (floor {MAPPING_FLOOR}); its parse and write of the events alone {:.0}",
            schema.name(),
            speed(ours),
            speed(peer),
            speed(record),
        )?;
        if ratio < MAPPING_FLOOR {
            missed.push(schema.name());
        }
    }
    if missed.is_empty() {
        Ok(())
    } else {
        Err(format!("mapping is below its floor: {}", missed.join(", ")).into())
    }
}

/// Our time, the peer's, and `serde_json`'s for the events as they came.
fn round(schema: Schema, steps: &Steps, peers: &[Vec<Node>]) -> [Duration; 3] {
    let mut times = [Duration::ZERO; 3];
    for (body, rows) in steps.bodies().iter().zip(peers) {
        let sides: [&dyn Fn() -> usize; 3] = [
            &|| map(schema, body),
            &|| typed_and_write(body, rows),
            &|| steps.typed_and_write(body),
        ];
        for (side, time) in sides.into_iter().zip(&mut times) {
            let begun = Instant::now();
            black_box(side());
            *time += begun.elapsed();
        }
    }
    times
}

/// As the relay does it: a row of its own for each event.
fn map(schema: Schema, body: &str) -> usize {
    let parsed = parse(body).unwrap_or_default();
    let mapping = Mapping::to(schema, None, Timestamp::UNIX_EPOCH);
    let log_events = parsed.log_events.iter();
    let rows: Vec<_> = log_events.map(|event| mapping.write(event)).collect();
    rows.iter().map(|row| row.len()).sum()
}

fn typed_and_write(body: &str, rows: &[Node]) -> usize {
    let events: Vec<TypedEvent<'_>> = serde_json::from_str(body).unwrap_or_default();
    let written: usize = rows
        .iter()
        .map(|row| serde_json::to_vec(row).unwrap_or_default().len())
        .sum();
    written + events.len()
}

/// A row as something typed would write it.
enum Node {
    Object(Vec<(String, Node)>),
    /// The whole event, escaped anew.
    Text(String),
    Json(Box<RawValue>),
}

/// The rows of a body, which the peer must write byte for byte.
fn peer_rows(schema: Schema, body: &str) -> Result<Vec<Node>, Box<dyn Error>> {
    let parsed = parse(body)?;
    let rows = parsed.log_events.iter().map(|log_event| {
        let row = schema.write(log_event);
        let node = Node::of("", serde_json::from_str(&row)?)?;
        if serde_json::to_string(&node)? != row {
            return Err("the peer writes other bytes".into());
        }
        Ok(node)
    });
    rows.collect()
}

impl Node {
    fn of(name: &str, json: Box<RawValue>) -> Result<Self, Box<dyn Error>> {
        let text = json.get();
        if matches!(name, "original" | "raw_data") && text.starts_with("\"{") {
            return Ok(Self::Text(serde_json::from_str(text)?));
        }
        if !text.starts_with('{') || COPIED.contains(&name) {
            return Ok(Self::Json(json));
        }
        let Members(members) = serde_json::from_str(text)?;
        let nodes = members.into_iter().map(|(name, json)| {
            let node = Self::of(&name, json)?;
            Ok((name, node))
        });
        nodes.collect::<Result<_, _>>().map(Self::Object)
    }
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Object(members) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for (name, node) in members {
                    map.serialize_entry(name, node)?;
                }
                map.end()
            }
            Self::Text(text) => serializer.serialize_str(text),
            Self::Json(json) => json.serialize(serializer),
        }
    }
}

/// An object's members in their order.
struct Members(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = Members;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(InOrder)
    }
}
