//! A message as a sender gives it, with its attributes, as strict as the service.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use super::{MESSAGE_LIMIT_BYTES, QueueError};

/// The longest delay of a message.
const DELAY_LIMIT: Duration = Duration::from_mins(15);
/// Most attributes of a message.
const MAX_ATTRIBUTES: usize = 10;
/// The longest name of an attribute.
const MAX_NAME_BYTES: usize = 256;

/// An attribute of a message whose value is text.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct MessageAttribute {
    /// `String` or `Number`, perhaps with a label of the sender's own.
    pub data_type: String,
    /// Its value.
    pub string_value: String,
}

/// What a sender gives beside the body.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Extras {
    /// How long the message stays invisible at first, at most 15 minutes.
    pub delay: Duration,
    /// Its attributes by their names.
    pub attributes: BTreeMap<String, MessageAttribute>,
    /// The trace that it belongs to.
    pub trace_header: Option<String>,
}

/// Refuses a message that the service would refuse.
pub(super) fn check(body: &str, extras: &Extras) -> Result<(), QueueError> {
    if extras.delay > DELAY_LIMIT {
        return Err(QueueError::TooLong);
    }
    if body.is_empty() {
        return Err(QueueError::Empty);
    }
    let bytes = bytes(body, extras);
    if bytes > MESSAGE_LIMIT_BYTES {
        return Err(QueueError::TooLarge { bytes });
    }
    let values = extras.attributes.values();
    let mut texts = values.map(|attribute| attribute.string_value.as_str());
    if !is_allowed(body) || !texts.all(is_allowed) {
        return Err(QueueError::InvalidCharacter);
    }
    let are_sound = extras.attributes.iter().all(is_sound);
    if extras.attributes.len() > MAX_ATTRIBUTES || !are_sound {
        return Err(QueueError::InvalidAttribute);
    }
    Ok(())
}

/// What counts as the size of a message: its body and its attributes.
pub(super) fn bytes(body: &str, extras: &Extras) -> usize {
    let attributes = extras.attributes.iter();
    let of_attributes = attributes.map(|(name, attribute)| {
        name.len() + attribute.data_type.len() + attribute.string_value.len()
    });
    body.len() + of_attributes.sum::<usize>()
}

/// What XML 1.0 allows, as the service documents it.
fn is_allowed(text: &str) -> bool {
    text.chars().all(|character| {
        matches!(character,
            '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
    })
}

fn is_sound((name, attribute): (&String, &MessageAttribute)) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    let is_named = (1..=MAX_NAME_BYTES).contains(&name.len()) && name.bytes().all(is_letter);
    let kind = attribute.data_type.split('.').next();
    let has_value = match kind {
        Some("String") => !attribute.string_value.is_empty(),
        Some("Number") => attribute.string_value.parse::<f64>().is_ok(),
        Some(_) | None => false,
    };
    is_named && has_value
}
