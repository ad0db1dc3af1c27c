//! `/api/v2/log-streams`: every log stream, one of them, and a new one, as the published description of the API has it.
//!
//! What stands in no member of a body that is described is refused, and credentials are answered in the clear. Not known,
//! and so assumed: the codes of refusals, and the name of a partner topic. Regions are not held to Auth0's lists, and only
//! the three kinds that lead to our functions can be made; any other is planted by a test.

use serde_json::{Map, Value, json};

use super::api::Refused;
use crate::identifier::new_id;

/// The names that filters take.
const CATEGORIES: [&str; 20] = [
    "auth.login.fail",
    "auth.login.notification",
    "auth.login.success",
    "auth.logout.fail",
    "auth.logout.success",
    "auth.signup.fail",
    "auth.signup.success",
    "auth.silent_auth.fail",
    "auth.silent_auth.success",
    "auth.token_exchange.fail",
    "auth.token_exchange.success",
    "management.fail",
    "management.success",
    "scim.event",
    "system.notification",
    "user.fail",
    "user.notification",
    "user.success",
    "actions",
    "other",
];
const LOG_FIELDS: [&str; 6] = [
    "first_name",
    "last_name",
    "username",
    "email",
    "phone",
    "address",
];
const FORMATS: [&str; 3] = ["JSONARRAY", "JSONLINES", "JSONOBJECT"];

const INVALID_BODY: Refused = Refused(400, "invalid_body", "Payload validation error");
const LIMIT: Refused = Refused(
    409,
    "limit_reached",
    "You have reached the maximum number of log streams for your account.",
);
const UNKNOWN: Refused = Refused(404, "not_found", "The log stream does not exist");

/// Answers with one of them, or with all where none is named.
pub(super) fn get(streams: &[Value], id: Option<&str>) -> Result<String, Refused> {
    let Some(id) = id else {
        let all: Vec<Value> = streams.iter().map(answered).collect();
        return Ok(Value::from(all).to_string());
    };
    let mut named = streams.iter();
    let found = named.find(|stream| stream.get("id").is_some_and(|own| own == id));
    let found = found.map(|stream| answered(stream).to_string());
    found.ok_or(UNKNOWN)
}

/// A log stream as it is answered: where it began is not.
fn answered(stream: &Value) -> Value {
    let mut stream = stream.clone();
    if let Some(members) = stream.as_object_mut() {
        members.remove("startFrom");
    }
    stream
}

/// Makes one, where the plan has room for it.
pub(super) fn make(
    streams: &mut Vec<Value>,
    most: Option<usize>,
    body: &[u8],
) -> Result<String, Refused> {
    let body: Value = serde_json::from_slice(body).map_err(|_no_json| INVALID_BODY)?;
    let mut made = read(body).ok_or(INVALID_BODY)?;
    let is_counted = |stream: &&Value| stream.get("isPriority") != Some(&Value::Bool(true));
    let count = streams.iter().filter(is_counted).count();
    if made.get("isPriority") != Some(&Value::Bool(true)) && most.is_some_and(|most| count >= most)
    {
        return Err(LIMIT);
    }
    let id = format!("lst_{:016}", streams.len() + 1);
    made.insert("id".to_owned(), id.into());
    made.insert("status".to_owned(), "active".into());
    let made = Value::Object(made);
    let shown = answered(&made).to_string();
    streams.push(made);
    Ok(shown)
}

/// A body as it is answered; `None` if it is not as described.
fn read(body: Value) -> Option<Map<String, Value>> {
    let Value::Object(mut body) = body else {
        return None;
    };
    let kind = body.get("type")?.as_str()?.to_owned();
    for (name, value) in &body {
        let is_right = match name.as_str() {
            "name" | "type" => value.is_string(),
            "isPriority" => value.is_boolean(),
            "startFrom" => parses::<jiff::Timestamp>(value),
            "filters" => value.as_array()?.iter().all(is_filter),
            "pii_config" => is_pii_config(value),
            "sink" => is_sink(&kind, value.as_object()?),
            _ => false,
        };
        is_right.then_some(())?;
    }
    let name = format!("acme-{}", new_id());
    let sink = body.get_mut("sink")?.as_object_mut()?;
    if kind == "eventbridge" {
        let source = format!("aws.partner/auth0.com/{name}/auth0.logs");
        sink.insert("awsPartnerEventSource".to_owned(), source.into());
    } else if kind == "eventgrid" {
        sink.insert("azurePartnerTopic".to_owned(), name.into());
    }
    Some(body)
}

fn is_filter(value: &Value) -> bool {
    CATEGORIES
        .iter()
        .any(|name| *value == json!({ "type": "category", "name": name }))
}

fn is_pii_config(value: &Value) -> bool {
    let members = value.as_object().into_iter().flatten();
    let mut members = members.map(|(name, value)| match name.as_str() {
        "log_fields" => {
            let mut fields = value.as_array().into_iter().flatten();
            value.is_array() && fields.all(|field| is_one_of(field, &LOG_FIELDS))
        }
        "method" => is_one_of(value, &["mask", "hash"]),
        "algorithm" => is_one_of(value, &["xxhash"]),
        _ => false,
    });
    value.get("log_fields").is_some() && members.all(|is_right| is_right)
}

/// Whether a sink has what its kind asks for, in the patterns that are described, and nothing else.
fn is_sink(kind: &str, sink: &Map<String, Value>) -> bool {
    let (begin, required): (&str, &[&str]) = match kind {
        "http" => ("http", &["httpEndpoint"]),
        "eventbridge" => ("aws", &["awsAccountId", "awsRegion"]),
        "eventgrid" => (
            "azure",
            &["azureSubscriptionId", "azureRegion", "azureResourceGroup"],
        ),
        _ => return false,
    };
    let is_right = |(name, value): (&String, &Value)| {
        let text = value.as_str().unwrap_or_default();
        let is_right = match name.as_str() {
            "httpEndpoint" => text.starts_with("https://"),
            "httpContentFormat" => FORMATS.contains(&text),
            "httpContentType" | "httpAuthorization" | "awsRegion" | "azureRegion"
            | "azureResourceGroup" => value.is_string(),
            "httpCustomHeaders" => value.is_array(),
            "awsAccountId" => text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()),
            "azureSubscriptionId" => is_uuid(text),
            _ => false,
        };
        is_right && name.starts_with(begin)
    };
    required.iter().all(|name| sink.contains_key(*name)) && sink.iter().all(is_right)
}

fn is_uuid(text: &str) -> bool {
    let lengths: Vec<usize> = text.split('-').map(str::len).collect();
    let is_allowed = |byte: u8| byte.is_ascii_hexdigit() || byte == b'-';
    lengths == [8, 4, 4, 4, 12] && text.bytes().all(is_allowed)
}

fn is_one_of(value: &Value, names: &[&str]) -> bool {
    value.as_str().is_some_and(|text| names.contains(&text))
}

fn parses<T: std::str::FromStr>(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.parse::<T>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: &Value, expected: Result<(), u16>) {
        let made = make(&mut Vec::new(), None, body.to_string().as_bytes());
        let made = made.map(|_| ()).map_err(|Refused(status, ..)| status);
        assert_eq!(made, expected, "{body}");
    }

    #[test]
    fn a_body_is_held_to_what_is_described() {
        let http = |sink: Value| json!({ "name": "a", "type": "http", "sink": sink });
        let url = "https://logs.example.com/";
        check(&http(json!({ "httpEndpoint": url })), Ok(()));
        let filters = json!([{ "type": "category", "name": "other" }]);
        check(
            &json!({
                "type": "http", "isPriority": true, "startFrom": "2026-11-20T00:00:00.000Z", "filters": filters,
                "pii_config": { "log_fields": ["email"], "method": "hash", "algorithm": "xxhash" },
                "sink": {
                    "httpEndpoint": url, "httpContentFormat": "JSONLINES", "httpContentType": "text/plain",
                    "httpAuthorization": "x", "httpCustomHeaders": [{ "header": "X-A", "value": "b" }],
                },
            }),
            Ok(()),
        );
        for wrong in [
            http(json!({})),
            http(json!({ "httpEndpoint": "http://logs.example.com/" })),
            http(json!({ "httpEndpoint": url, "httpContentFormat": "XML" })),
            http(json!({ "httpEndpoint": url, "awsRegion": "eu-central-1" })),
            json!({ "type": "http", "sink": { "httpEndpoint": url }, "status": "active" }),
            json!({ "type": "http", "sink": { "httpEndpoint": url }, "filters": [{ "type": "category", "name": "login" }] }),
            json!({ "type": "http", "sink": { "httpEndpoint": url }, "startFrom": "yesterday" }),
            json!({ "type": "http", "sink": { "httpEndpoint": url }, "pii_config": { "method": "hash" } }),
            json!({ "type": "eventbridge", "sink": { "awsAccountId": "1", "awsRegion": "eu-central-1" } }),
            json!({ "type": "eventgrid", "sink": { "azureSubscriptionId": "1", "azureRegion": "westeurope", "azureResourceGroup": "a" } }),
            json!({ "sink": { "httpEndpoint": url } }),
            json!([]),
        ] {
            check(&wrong, Err(400));
        }
    }
}
