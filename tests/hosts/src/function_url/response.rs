//! What a function returned as a response.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hyper::Response;
use hyper::http::response::Builder;
use serde::Deserialize;
use serde_json::Value;

use fakes::server::Answer;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Returned {
    status_code: u16,
    #[serde(default)]
    headers: Option<BTreeMap<String, Value>>,
    #[serde(default)]
    cookies: Option<Vec<String>>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: Option<bool>,
}

/// The response; `None` if an object with a status code is not what a function may return.
pub(super) fn answer(returned: &Bytes) -> Option<Answer> {
    let has_status = serde_json::from_slice::<Value>(returned)
        .is_ok_and(|value| value.get("statusCode").is_some());
    if !has_status {
        return Some(Answer::json(200, returned.clone()));
    }
    let returned: Returned = serde_json::from_slice(returned).ok()?;
    let text = returned.body.unwrap_or_default();
    let body = if returned.is_base64_encoded.unwrap_or(false) {
        Bytes::from(STANDARD.decode(text).ok()?)
    } else {
        Bytes::from(text)
    };
    let mut response = Response::builder().status(returned.status_code);
    for (name, value) in returned.headers.unwrap_or_default() {
        response = response.header(name, header_text(value)?);
    }
    for cookie in returned.cookies.unwrap_or_default() {
        response = response.header("set-cookie", cookie);
    }
    with_content_type(response)
        .body(body)
        .ok()
        .map(Answer::Respond)
}

fn header_text(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(is_set) => Some(is_set.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn with_content_type(response: Builder) -> Builder {
    let is_named = response
        .headers_ref()
        .is_some_and(|headers| headers.contains_key("content-type"));
    if is_named {
        response
    } else {
        response.header("content-type", "application/json")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(returned: &'static str) -> Response<Bytes> {
        match answer(&Bytes::from_static(returned.as_bytes())) {
            Some(Answer::Respond(response)) => response,
            other => panic!("{returned}: {other:?}"),
        }
    }

    #[test]
    fn status_headers_cookies_and_body_are_the_functions_own() {
        let response = response(
            r#"{"statusCode":503,"headers":{"Retry-After":5,"content-type":"text/plain"},
                "cookies":["a=b","c=d"],"body":"later"}"#,
        );
        assert_eq!(response.status(), 503);
        assert_eq!(response.headers()["retry-after"], "5");
        assert_eq!(response.headers()["content-type"], "text/plain");
        let cookies: Vec<_> = response.headers().get_all("set-cookie").iter().collect();
        assert_eq!(cookies, ["a=b", "c=d"]);
        assert_eq!(response.body(), "later");
    }

    #[test]
    fn a_base64_body_is_decoded() {
        let response = response(r#"{"statusCode":200,"body":"AP8=","isBase64Encoded":true}"#);
        assert_eq!(&response.body()[..], [0, 255]);
        assert_eq!(response.headers()["content-type"], "application/json");
    }

    #[test]
    fn anything_else_than_an_object_with_a_status_is_the_body_of_a_200() {
        for returned in [r#"{"received":1}"#, r#""text""#, "null", "[1]", "no json"] {
            let response = response(returned);
            assert_eq!(response.status(), 200, "{returned}");
            assert_eq!(response.headers()["content-type"], "application/json");
            assert_eq!(response.body(), returned);
        }
    }

    #[test]
    fn a_status_with_wrong_parts_is_no_response() {
        for returned in [
            r#"{"statusCode":"no"}"#,
            r#"{"statusCode":99}"#,
            r#"{"statusCode":200,"body":{"a":1}}"#,
            r#"{"statusCode":200,"body":"?","isBase64Encoded":true}"#,
            r#"{"statusCode":200,"headers":{"a":["b"]}}"#,
        ] {
            assert!(
                answer(&Bytes::from_static(returned.as_bytes())).is_none(),
                "{returned}"
            );
        }
    }
}
