//! An HTTP request of payload format 2.0, as far as we read it: `aws_lambda_events` would decode all of it, with the
//! body by far the slowest part.

use std::collections::BTreeMap;

use serde::Deserialize;
use tenant_logs::deserialize_text;

/// A request as function URLs and HTTP APIs hand it over.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct HttpRequest {
    request_context: RequestContext,
    headers: Option<BTreeMap<String, String>>,
    #[serde(default, deserialize_with = "deserialize_text")]
    body: Option<String>,
    #[serde(default)]
    pub(super) is_base64_encoded: bool,
}

#[derive(Deserialize)]
struct RequestContext {
    http: HttpContext,
}

#[derive(Deserialize)]
struct HttpContext {
    method: String,
}

impl HttpRequest {
    /// Its method.
    pub(super) fn method(&self) -> &str {
        &self.request_context.http.method
    }

    /// The first header of a name, in whatever case it came.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter().flatten();
        let found = headers.find(|(other, _)| other.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// Its body, empty where it has none.
    pub(super) fn body(&self) -> &str {
        self.body.as_deref().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Option<HttpRequest> {
        serde_json::from_str(json).ok()
    }

    #[test]
    fn a_request_is_read_and_headers_are_found_in_any_case() {
        let request = read(
            r#"{"version":"2.0","headers":{"Authorization":"a","x":"b"},"requestContext":{"http":{"method":"POST","path":"/"}},"body":"[\"é\"]","isBase64Encoded":true}"#,
        )
        .unwrap();
        assert_eq!(request.method(), "POST");
        assert_eq!(request.header("authorization"), Some("a"));
        assert_eq!(request.header("cookie"), None);
        assert_eq!(request.body(), "[\"é\"]");
        assert!(request.is_base64_encoded);
    }

    #[test]
    fn a_request_may_lack_headers_and_body() {
        let request =
            read(r#"{"headers":null,"requestContext":{"http":{"method":"GET"}}}"#).unwrap();
        assert_eq!(request.header("authorization"), None);
        assert_eq!(request.body(), "");
        assert!(!request.is_base64_encoded);
    }

    #[test]
    fn what_has_no_method_is_no_request() {
        assert!(read("{}").is_none());
        assert!(read("[]").is_none());
        assert!(read(r#"{"httpMethod":"POST","body":""}"#).is_none());
    }
}
