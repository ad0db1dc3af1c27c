#![doc = include_str!("../README.md")]

mod batch;
mod body;
mod dead_letter;
mod digest;
mod element;
mod error;
mod event_time;
mod event_type;
mod filter;
#[cfg(test)]
mod generated;
mod json;
mod log_event;
mod log_id;
mod parse;
mod record;
mod redaction;
mod schema;
mod secret;
mod tenant;

pub use batch::{BatchLimits, Split};
pub use body::{MAX_UNPACKED_BYTES, decode, decode_base64, decode_owned, gunzip};
pub use dead_letter::{DeadLetter, DeadLetterEvent, Keep, LargeBody, Unparsed, shows_its_event};
pub use digest::{sha256, sha256_hex};
pub use error::{RejectReason, Unreadable};
pub use event_type::{Category, Known, Outcome, Status, known_event_type, known_event_types};
pub use filter::{Filter, FilterProblem, FilterSettings};
pub use jiff::Timestamp;
pub use json::{
    JsonReader, UnexpectedJson, array_elements, object_members, push_content, push_text, read_json,
    string_content,
};
pub use log_event::LogEvent;
pub use log_id::time_in_log_id;
pub use parse::{
    ElementLimits, Parsed, Reject, Remainder, out_of_base64, parse, parse_within, split_values,
};
pub use redaction::{Redaction, RedactionProblem};
pub use schema::{AsimStream, Mapping, Raw, Schema};
pub use secret::Secret;
pub use tenant::{TenantName, TenantNameProblem};
