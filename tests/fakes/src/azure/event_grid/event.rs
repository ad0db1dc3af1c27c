//! Events as publishers send them, in both schemas, and as subscriptions get them.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::identifier::new_id;

/// How events are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventSchema {
    /// Event Grid's own: `eventType`, `eventTime`, `dataVersion`.
    EventGrid,
    /// CloudEvents 1.0.
    CloudEvents,
}

/// Attributes that a CloudEvent has beside its extensions.
const CLOUD_EVENT: [&str; 9] = [
    "specversion",
    "id",
    "source",
    "type",
    "subject",
    "time",
    "datacontenttype",
    "dataschema",
    "data",
];

/// Checks an event of a publisher; an error says what the service would refuse.
pub(super) fn check(event: &Value, schema: EventSchema) -> Result<(), String> {
    let Some(members) = event.as_object() else {
        return Err("an event must be an object".to_owned());
    };
    match schema {
        EventSchema::EventGrid => check_event_grid(members),
        EventSchema::CloudEvents => check_cloud_event(members),
    }
}

fn check_event_grid(members: &Map<String, Value>) -> Result<(), String> {
    for name in ["id", "subject", "eventType", "dataVersion"] {
        required_text(members, name)?;
    }
    check_time(required_text(members, "eventTime")?)
}

fn check_cloud_event(members: &Map<String, Value>) -> Result<(), String> {
    if required_text(members, "specversion")? != "1.0" {
        return Err("specversion must be 1.0".to_owned());
    }
    for name in ["id", "source", "type"] {
        required_text(members, name)?;
    }
    if members.contains_key("time") {
        check_time(required_text(members, "time")?)?;
    }
    for (name, value) in members {
        if CLOUD_EVENT.contains(&name.as_str()) || name == "data_base64" {
            continue;
        }
        let is_lower = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        if name.is_empty() || name.len() > 20 || !name.bytes().all(is_lower) {
            return Err(format!("`{name}` is no name of an extension attribute"));
        }
        if value.is_object() || value.is_array() {
            return Err(format!("the extension attribute `{name}` must be a scalar"));
        }
    }
    Ok(())
}

fn required_text<'m>(members: &'m Map<String, Value>, name: &str) -> Result<&'m str, String> {
    let text = members.get(name).and_then(Value::as_str);
    text.filter(|text| !text.is_empty())
        .ok_or_else(|| format!("`{name}` must be a text that is not empty"))
}

fn check_time(text: &str) -> Result<(), String> {
    let time: Result<Timestamp, _> = text.parse();
    time.map(drop)
        .map_err(|_not_a_time| format!("`{text}` is no time"))
}

/// An event as the service hands it on. Events in Event Grid's schema may become CloudEvents, never the other way.
pub(super) fn delivered(event: &Value, topic: &str, schema: EventSchema) -> Value {
    let is_cloud_event = event.get("specversion").is_some();
    let text = |name: &str| event.get(name).cloned().unwrap_or(Value::Null);
    if !is_cloud_event && schema == EventSchema::CloudEvents {
        return json!({
            "specversion": "1.0",
            "id": text("id"),
            "source": topic,
            "type": text("eventType"),
            "subject": text("subject"),
            "time": text("eventTime"),
            "data": text("data"),
        });
    }
    let mut event = event.clone();
    if let Some(members) = event.as_object_mut().filter(|_| !is_cloud_event) {
        members.insert("topic".to_owned(), topic.into());
        members.insert("metadataVersion".to_owned(), "1".into());
    }
    event
}

/// An event as it lies among the dead letters.
pub(super) fn dead_lettered(event: &Value, reason: &str, outcome: &str, attempts: u32) -> Value {
    let is_cloud_event = event.get("specversion").is_some();
    let now = Timestamp::now().to_string();
    let more = [
        ("deadLetterReason", Value::from(reason)),
        ("deliveryAttempts", attempts.into()),
        ("lastDeliveryOutcome", outcome.into()),
        ("publishTime", now.clone().into()),
        ("lastDeliveryAttemptTime", now.into()),
    ];
    let mut event = event.clone();
    for (name, value) in more {
        let name = if is_cloud_event {
            name.to_ascii_lowercase()
        } else {
            name.to_owned()
        };
        if let Some(members) = event.as_object_mut() {
            members.insert(name, value);
        }
    }
    event
}

/// The event that asks a subscriber whether it wants a subscription.
pub(super) fn validation(topic: &str, code: &str) -> Value {
    json!([{
        "id": new_id(),
        "topic": topic,
        "subject": "",
        "data": { "validationCode": code },
        "eventType": "Microsoft.EventGrid.SubscriptionValidationEvent",
        "eventTime": Timestamp::now().to_string(),
        "metadataVersion": "1",
        "dataVersion": "1",
    }])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cloud_event() -> Value {
        json!({
            "specversion": "1.0",
            "id": "1",
            "source": "auth0.com/acme/auth0.logs",
            "type": "com.auth0.Log",
            "time": "2026-11-21T10:00:00Z",
            "redacted": "user_name,ip",
            "data": { "type": "s" },
        })
    }

    fn event() -> Value {
        json!({
            "id": "1",
            "subject": "s",
            "eventType": "com.auth0.Log",
            "eventTime": "2026-11-21T10:00:00Z",
            "dataVersion": "1",
            "data": { "type": "s" },
        })
    }

    #[test]
    fn both_schemas_are_checked() {
        use EventSchema::{CloudEvents, EventGrid};
        assert_eq!(check(&cloud_event(), CloudEvents), Ok(()));
        assert_eq!(check(&event(), EventGrid), Ok(()));
        assert!(check(&event(), CloudEvents).is_err());
        assert!(check(&cloud_event(), EventGrid).is_err());
        for (name, value) in [
            ("specversion", json!("0.3")),
            ("id", json!("")),
            ("source", json!(1)),
            ("time", json!("yesterday")),
            ("aName", json!("upper case")),
            ("redacted", json!(["a list"])),
        ] {
            let mut event = cloud_event();
            event[name] = value;
            assert!(check(&event, CloudEvents).is_err(), "{name}");
        }
    }

    #[test]
    fn event_grids_own_schema_becomes_cloud_events_and_not_the_other_way() {
        let made = delivered(&event(), "/topics/t", EventSchema::CloudEvents);
        assert_eq!(check(&made, EventSchema::CloudEvents), Ok(()));
        assert_eq!(made["data"], event()["data"]);
        let kept = delivered(&event(), "/topics/t", EventSchema::EventGrid);
        assert_eq!(kept["topic"], "/topics/t");
        let kept = delivered(&cloud_event(), "/topics/t", EventSchema::EventGrid);
        assert_eq!(kept, cloud_event());
    }

    #[test]
    fn a_dead_letter_says_why_in_the_case_of_its_schema() {
        let dead_letter = dead_lettered(&event(), "MaxDeliveryAttemptsExceeded", "Busy", 3);
        assert_eq!(
            dead_letter["deadLetterReason"],
            "MaxDeliveryAttemptsExceeded"
        );
        let dead_letter = dead_lettered(&cloud_event(), "TimeToLiveExceeded", "Busy", 3);
        assert_eq!(dead_letter["deadletterreason"], "TimeToLiveExceeded");
        assert_eq!(dead_letter["deliveryattempts"], 3);
    }
}
