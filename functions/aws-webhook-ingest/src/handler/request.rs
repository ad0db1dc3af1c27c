//! An HTTP request of payload format 2.0, as far as we read it: `aws_lambda_events` would decode all of it, with the
//! body by far the slowest part.

use std::collections::BTreeMap;

use tenant_logs::{JsonReader, UnexpectedJson, read_json};

/// A request as function URLs and HTTP APIs hand it over.
#[derive(Default)]
pub(super) struct HttpRequest {
    method: String,
    headers: BTreeMap<String, String>,
    body: Option<String>,
    pub(super) is_base64_encoded: bool,
}

impl HttpRequest {
    /// Reads a request, which must have a method.
    pub(super) fn read(text: &str) -> Result<Self, UnexpectedJson> {
        let mut request = Self::default();
        let mut method = None;
        read_json(text, |event| {
            event.object(|name, value| {
                match name {
                    "requestContext" => method = method_of(value)?,
                    "headers" => {
                        value.optional(|headers| {
                            headers.object(|name, value| {
                                if let Some(value) = value.optional(JsonReader::text)? {
                                    request.headers.insert(name.to_owned(), value);
                                }
                                Ok(())
                            })
                        })?;
                    }
                    "body" => request.body = value.optional(JsonReader::text_or_json)?,
                    "isBase64Encoded" => {
                        let is_base64_encoded = value.optional(JsonReader::boolean)?;
                        request.is_base64_encoded = is_base64_encoded.unwrap_or_default();
                    }
                    _ => value.skip()?,
                }
                Ok(())
            })
        })?;
        request.method = method.ok_or(UnexpectedJson)?;
        Ok(request)
    }

    /// Its method.
    pub(super) fn method(&self) -> &str {
        &self.method
    }

    /// The first header of a name, in whatever case it came.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(other, _)| other.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// Its body, empty where it has none.
    pub(super) fn body(&self) -> &str {
        self.body.as_deref().unwrap_or_default()
    }
}

/// The method that `requestContext.http` names.
fn method_of(context: &mut JsonReader<'_>) -> Result<Option<String>, UnexpectedJson> {
    let mut method = None;
    context.object(|name, value| match name {
        "http" => value.object(|name, value| {
            match name {
                "method" => method = Some(value.text()?),
                _ => value.skip()?,
            }
            Ok(())
        }),
        _ => value.skip(),
    })?;
    Ok(method)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Option<HttpRequest> {
        HttpRequest::read(json).ok()
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
        let request = read(
            r#"{"headers":null,"requestContext":{"http":{"method":"GET"}},"isBase64Encoded":null}"#,
        )
        .unwrap();
        assert_eq!(request.header("authorization"), None);
        assert_eq!(request.body(), "");
        assert!(!request.is_base64_encoded);
    }

    #[test]
    fn what_has_no_method_is_no_request() {
        assert!(read("{}").is_none());
        assert!(read("[]").is_none());
        assert!(read(r#"{"httpMethod":"POST","body":""}"#).is_none());
        assert!(read(r#"{"requestContext":{"http":{}},"body":""}"#).is_none());
        assert!(read(r#"{"requestContext":{"http":{"method":null}}}"#).is_none());
        assert!(read(r#"{"requestContext":{"http":{"method":"GET"}}} {}"#).is_none());
        assert!(
            read(r#"{"requestContext":{"http":{"method":"GET"}},"headers":{"a":1}}"#).is_none()
        );
    }
}
