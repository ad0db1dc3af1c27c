//! A request as an event of payload format 2.0.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hyper::{HeaderMap, Request};
use jiff::Timestamp;
use serde::Serialize;

use fakes::aws::REGION;
use fakes::identifier::new_id;

/// The id that a function URL has as the first label of its host name.
const URL_ID: &str = "localfunctionurl";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    version: &'static str,
    route_key: &'static str,
    raw_path: String,
    raw_query_string: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cookies: Vec<String>,
    headers: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    query_string_parameters: BTreeMap<String, String>,
    request_context: RequestContext,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    is_base64_encoded: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext {
    account_id: &'static str,
    api_id: &'static str,
    domain_name: String,
    domain_prefix: &'static str,
    http: Http,
    request_id: String,
    route_key: &'static str,
    stage: &'static str,
    time: String,
    time_epoch: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Http {
    method: String,
    path: String,
    protocol: &'static str,
    source_ip: String,
    user_agent: String,
}

/// The event's JSON text.
pub(super) fn event_text(request: &Request<Bytes>) -> Result<Vec<u8>, serde_json::Error> {
    let path = request.uri().path().to_owned();
    let query = request.uri().query().unwrap_or_default();
    let headers = headers(request.headers());
    let content_type = headers.get("content-type").map_or("", String::as_str);
    let (body, is_base64_encoded) = body(content_type, request.body());
    let now = Timestamp::now();
    let event = Event {
        version: "2.0",
        route_key: "$default",
        raw_path: path.clone(),
        raw_query_string: query.to_owned(),
        cookies: cookies(request.headers()),
        query_string_parameters: query_parameters(query),
        request_context: RequestContext {
            // Without IAM the caller has no account.
            account_id: "anonymous",
            api_id: URL_ID,
            domain_name: format!("{URL_ID}.lambda-url.{REGION}.on.aws"),
            domain_prefix: URL_ID,
            http: Http {
                method: request.method().to_string(),
                path,
                protocol: "HTTP/1.1",
                source_ip: source_ip(),
                user_agent: headers.get("user-agent").cloned().unwrap_or_default(),
            },
            request_id: new_id(),
            route_key: "$default",
            stage: "$default",
            time: now.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string(),
            time_epoch: now.as_millisecond(),
        },
        headers,
        body,
        is_base64_encoded,
    };
    serde_json::to_vec(&event)
}

/// The server listens on loopback alone, so that is where every request comes from.
fn source_ip() -> String {
    Ipv4Addr::LOCALHOST.to_string()
}

/// Names in lower case, repeated ones joined by commas, cookies elsewhere, and what the front end adds.
fn headers(request: &HeaderMap) -> BTreeMap<String, String> {
    let mut headers = BTreeMap::from([
        ("x-forwarded-for".to_owned(), source_ip()),
        ("x-forwarded-port".to_owned(), "443".to_owned()),
        ("x-forwarded-proto".to_owned(), "https".to_owned()),
    ]);
    for name in request.keys().filter(|name| *name != "cookie") {
        let values: Vec<_> = request
            .get_all(name)
            .iter()
            .map(|value| String::from_utf8_lossy(value.as_bytes()))
            .collect();
        headers.insert(name.as_str().to_owned(), values.join(","));
    }
    headers
}

fn cookies(request: &HeaderMap) -> Vec<String> {
    request
        .get_all("cookie")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .map(|cookie| cookie.trim().to_owned())
        .filter(|cookie| !cookie.is_empty())
        .collect()
}

fn query_parameters(query: &str) -> BTreeMap<String, String> {
    let mut parameters: BTreeMap<String, String> = BTreeMap::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = percent_decoded(value);
        parameters
            .entry(percent_decoded(name))
            .and_modify(|values| {
                values.push(',');
                values.push_str(&value);
            })
            .or_insert(value);
    }
    parameters
}

fn percent_decoded(text: &str) -> String {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let escaped = match (first, after) {
            (b'%', [high, low, ..]) => hex(*high).zip(hex(*low)),
            _ => None,
        };
        if let Some((high, low)) = escaped {
            decoded.push(high * 16 + low);
            rest = after.get(2..).unwrap_or_default();
        } else {
            decoded.push(if *first == b'+' { b' ' } else { *first });
            rest = after;
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

fn hex(digit: u8) -> Option<u8> {
    let value = char::from(digit).to_digit(16)?;
    u8::try_from(value).ok()
}

/// Text stays text; everything else is base64.
fn body(content_type: &str, body: &Bytes) -> (Option<String>, bool) {
    if body.is_empty() {
        return (None, false);
    }
    match std::str::from_utf8(body) {
        Ok(text) if is_text(content_type) => (Some(text.to_owned()), false),
        Ok(_) | Err(_) => (Some(STANDARD.encode(body)), true),
    }
}

fn is_text(content_type: &str) -> bool {
    let media_type = content_type.split(';').next().unwrap_or_default();
    let media_type = media_type.trim().to_ascii_lowercase();
    media_type.starts_with("text/")
        || media_type.ends_with("+json")
        || media_type.ends_with("+xml")
        || matches!(
            media_type.as_str(),
            "application/json" | "application/javascript" | "application/xml"
        )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn event(request: Request<impl Into<Bytes>>) -> Value {
        let text = event_text(&request.map(Into::into)).unwrap();
        serde_json::from_slice(&text).unwrap()
    }

    #[test]
    fn a_request_becomes_an_event_of_format_2() {
        let request = Request::post("/logs/in?a=1&b=x%20y&a=2+3&c")
            .header("Authorization", "Bearer a")
            .header("X-Tag", "one")
            .header("x-tag", "two")
            .header("cookie", "k=v; l=w")
            .header("user-agent", "auth0")
            .header("content-type", "application/json; charset=utf-8")
            .body("[{\"log_id\":\"é\"}]")
            .unwrap();
        let event = event(request);
        assert_eq!(event["version"], "2.0");
        assert_eq!(event["routeKey"], "$default");
        assert_eq!(event["rawPath"], "/logs/in");
        assert_eq!(event["rawQueryString"], "a=1&b=x%20y&a=2+3&c");
        let parameters = json!({"a": "1,2 3", "b": "x y", "c": ""});
        assert_eq!(event["queryStringParameters"], parameters);
        assert_eq!(event["cookies"], json!(["k=v", "l=w"]));
        assert_eq!(event["headers"]["authorization"], "Bearer a");
        assert_eq!(event["headers"]["x-tag"], "one,two");
        assert_eq!(event["headers"]["cookie"], Value::Null);
        assert_eq!(event["body"], "[{\"log_id\":\"é\"}]");
        assert_eq!(event["isBase64Encoded"], false);
        let context = &event["requestContext"];
        assert_eq!(context["stage"], "$default");
        assert_eq!(context["http"]["method"], "POST");
        assert_eq!(context["http"]["path"], "/logs/in");
        assert_eq!(context["http"]["userAgent"], "auth0");
        let seconds = context["timeEpoch"].as_i64().unwrap() / 1000;
        let time =
            jiff::fmt::strtime::parse("%d/%b/%Y:%H:%M:%S %z", context["time"].as_str().unwrap());
        assert_eq!(time.unwrap().to_timestamp().unwrap().as_second(), seconds);
    }

    #[test]
    fn a_request_without_query_and_body_has_no_such_fields() {
        let event = event(Request::get("/").body("").unwrap());
        assert_eq!(event["rawQueryString"], "");
        let fields = event.as_object().unwrap();
        for absent in ["queryStringParameters", "body", "cookies"] {
            assert!(!fields.contains_key(absent), "{absent}");
        }
        assert_eq!(event["isBase64Encoded"], false);
    }

    fn check_encoding(content_type: &str, sent: &'static [u8], is_base64: bool) {
        let (text, encoded) = body(content_type, &Bytes::from_static(sent));
        assert_eq!(encoded, is_base64, "{content_type}");
        let text = text.unwrap();
        let carried = if encoded {
            STANDARD.decode(&text).unwrap()
        } else {
            text.into_bytes()
        };
        assert_eq!(carried, sent, "{content_type}");
    }

    #[test]
    fn bodies_that_are_no_text_are_base64() {
        check_encoding("application/json", b"{}", false);
        check_encoding("Application/JSON; charset=utf-8", b"{}", false);
        check_encoding("text/plain", b"{}", false);
        check_encoding("application/cloudevents+json", b"{}", false);
        check_encoding("application/problem+xml", b"<a/>", false);
        check_encoding("application/javascript", b"a()", false);
        check_encoding("", b"{}", true);
        check_encoding("application/x-ndjson", b"{}\n{}", true);
        check_encoding("application/octet-stream", b"{}", true);
        check_encoding("application/json", b"\x1f\x8b\x08\x00", true);
    }

    #[test]
    fn a_broken_percent_escape_stays_as_it_is() {
        assert_eq!(percent_decoded("100%"), "100%");
        assert_eq!(percent_decoded("%zz%4"), "%zz%4");
        assert_eq!(percent_decoded("%c3%A9"), "é");
    }
}
