//! An HTTP request of payload format 2.0, as far as we read it: `aws_lambda_events` would decode all of it, with the
//! body by far the slowest part.

use std::borrow::Cow;
use std::collections::BTreeMap;

use relay::webhook::WebhookBody;
use tenant_logs::{JsonReader, UnexpectedJson, decode_base64, read_json};

/// A request as function URLs and HTTP APIs hand it over.
#[derive(Default)]
pub(super) struct HttpRequest {
    method: String,
    headers: BTreeMap<String, String>,
    body: WebhookBody<'static>,
}

impl HttpRequest {
    /// Reads a request, which must have a method.
    ///
    /// Nothing of it is borrowed: the payload may be as large as the body, and is let go.
    pub(super) fn read(text: &str) -> Result<Self, UnexpectedJson> {
        let mut request = Self::default();
        let (mut method, mut body, mut is_base64) = (None, None, false);
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
                    "body" => body = value.optional(body_text)?,
                    "isBase64Encoded" => {
                        is_base64 = value.optional(JsonReader::boolean)?.unwrap_or_default();
                    }
                    _ => value.skip()?,
                }
                Ok(())
            })
        })?;
        request.method = method.ok_or(UnexpectedJson)?;
        request.body = body_of(body.unwrap_or_default(), is_base64);
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

    /// Takes its body out, empty where it has none.
    pub(super) fn take_body(&mut self) -> WebhookBody<'static> {
        std::mem::take(&mut self.body)
    }
}

/// The text of a body, or what another sender than AWS puts in its place.
fn body_text<'a>(value: &mut JsonReader<'a>) -> Result<Cow<'a, str>, UnexpectedJson> {
    let text = value.text_as_it_is();
    text.or_else(|_| value.text_or_json().map(Cow::Owned))
}

/// What is no base64 stays what it is, and is refused once the token is known to be right.
fn body_of(text: Cow<'_, str>, is_base64: bool) -> WebhookBody<'static> {
    if !is_base64 {
        return WebhookBody::Plain(text.into_owned().into_bytes().into());
    }
    match decode_base64(&text) {
        Ok(bytes) => WebhookBody::Plain(bytes.into()),
        Err(_) => WebhookBody::Base64(text.into_owned().into()),
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

    fn bytes(request: &mut HttpRequest) -> Vec<u8> {
        match request.take_body() {
            WebhookBody::Plain(bytes) => bytes.into_owned(),
            WebhookBody::Base64(_) | WebhookBody::Large(_) => panic!("no bytes"),
        }
    }

    #[test]
    fn a_request_is_read_and_headers_are_found_in_any_case() {
        let mut request = read(
            r#"{"version":"2.0","headers":{"Authorization":"a","x":"b"},"requestContext":{"http":{"method":"POST","path":"/"}},"body":"[\"é\"]","isBase64Encoded":true}"#,
        )
        .unwrap();
        assert_eq!(request.method(), "POST");
        assert_eq!(request.header("authorization"), Some("a"));
        assert_eq!(request.header("cookie"), None);
        let WebhookBody::Base64(text) = request.take_body() else {
            panic!("it is no base64");
        };
        assert_eq!(text, "[\"é\"]");
    }

    #[test]
    fn a_request_may_lack_headers_and_body() {
        let mut request = read(
            r#"{"headers":null,"requestContext":{"http":{"method":"GET"}},"isBase64Encoded":null}"#,
        )
        .unwrap();
        assert_eq!(request.header("authorization"), None);
        assert_eq!(bytes(&mut request), b"");
    }

    #[test]
    fn a_body_is_text_or_base64() {
        let check = |body: &str, expected: &str| {
            let text =
                format!(r#"{{"requestContext":{{"http":{{"method":"POST"}}}},"body":{body}}}"#);
            assert_eq!(bytes(&mut read(&text).unwrap()), expected.as_bytes());
        };
        check(r#""[{\"a\":1}]""#, r#"[{"a":1}]"#);
        check(r#""W10=","isBase64Encoded":true"#, "[]");
        check(r#""W10=","isBase64Encoded":false"#, "W10=");
        check(r#"{"a": 1}"#, r#"{"a": 1}"#);
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
