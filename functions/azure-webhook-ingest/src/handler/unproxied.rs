//! A request as the Functions host hands it over where it does not pass it on, and the answer in the host's own words.
//!
//! Then any other answer than 200 becomes an empty 500 for the sender, and some bodies do not come through.

use std::borrow::Cow;
use std::collections::BTreeMap;

use custom_handler::Reply;
use relay::webhook::WebhookBody;
use tenant_logs::{JsonReader, UnexpectedJson, push_text, read_json};

/// Where the host calls the function then: its own name. Requests that are passed on have the path of its route.
pub(super) const PATH: &str = "/receive";
/// The output in receive/function.json.
const OUTPUT: &str = "response";
/// What the first two bytes of gzip are once they were taken for text.
const GZIP_AS_TEXT: &str = "\u{1f}\u{fffd}";

/// A request in the host's envelope.
#[derive(Default)]
pub(super) struct Unproxied {
    pub(super) method: String,
    headers: BTreeMap<String, String>,
    body: Option<String>,
}

impl Unproxied {
    /// Reads `{"Data":{"request":{"Url","Method","Headers","Body"}},"Metadata":{}}`.
    pub(super) fn read(text: &str) -> Result<Self, UnexpectedJson> {
        let mut request = None;
        read_json(text, |invocation| {
            invocation.object(|name, value| match name {
                "Data" => value.object(|_binding, value| {
                    request = Some(Self::read_request(value)?);
                    Ok(())
                }),
                _ => value.skip(),
            })
        })?;
        request.ok_or(UnexpectedJson)
    }

    fn read_request(reader: &mut JsonReader<'_>) -> Result<Self, UnexpectedJson> {
        let mut request = Self::default();
        reader.object(|name, value| {
            match name {
                "Method" => request.method = value.text()?,
                "Headers" => {
                    value.object(|name, value| {
                        let value = first_text(value)?;
                        request.headers.insert(name.to_ascii_lowercase(), value);
                        Ok(())
                    })?;
                }
                "Body" => request.body = value.optional(JsonReader::text_or_json)?,
                _ => value.skip()?,
            }
            Ok(())
        })?;
        Ok(request)
    }

    /// The first header of a name in lower case.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// The body; `None` if the host lost it: it leaves out what came in chunks, and makes text of what was compressed.
    pub(super) fn body(&self) -> Option<WebhookBody<'_>> {
        let Some(body) = self.body.as_deref() else {
            let is_empty = self.header("content-length") == Some("0");
            return is_empty.then(|| WebhookBody::Plain(Cow::default()));
        };
        // These it takes as bytes.
        let content_type = self.header("content-type").unwrap_or_default();
        let content_type = content_type.to_ascii_lowercase();
        if content_type.starts_with("application/octet-stream")
            || content_type.starts_with("multipart/")
        {
            return Some(WebhookBody::Base64(body.into()));
        }
        let coding = self.header("content-encoding").unwrap_or("identity");
        let is_text = coding.trim().eq_ignore_ascii_case("identity");
        let is_whole = is_text && !body.starts_with(GZIP_AS_TEXT);
        is_whole.then(|| WebhookBody::Plain(body.as_bytes().into()))
    }
}

/// The host has a list for each header.
fn first_text(reader: &mut JsonReader<'_>) -> Result<String, UnexpectedJson> {
    let mut first = None;
    if reader
        .array(|value| {
            let text = value.text()?;
            first.get_or_insert(text);
            Ok(())
        })
        .is_err()
    {
        return reader.text();
    }
    Ok(first.unwrap_or_default())
}

/// An answer as the host takes it: with status, headers and body for the sender inside.
pub(super) fn reply(answer: &Reply) -> Reply {
    let header = answer.header;
    let header = header.map(|(name, value)| format!(r#","{name}":"{value}""#));
    let header = header.unwrap_or_default();
    let mut body = Vec::new();
    push_text(&mut body, &answer.json);
    let body = String::from_utf8_lossy(&body);
    let status = answer.status;
    Reply::new(
        200,
        format!(
            r#"{{"Outputs":{{"{OUTPUT}":{{"statusCode":{status},"headers":{{"content-type":"application/json"{header}}},"body":{body}}}}},"Logs":[],"ReturnValue":null}}"#
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(headers: &str, body: &str) -> Unproxied {
        let request = format!(
            r#"{{"Url":"https://h/webhook","Method":"POST","Query":{{}},"Headers":{headers},"Params":{{}},"Identities":[]{body}}}"#
        );
        let envelope = format!(r#"{{"Data":{{"request":{request}}},"Metadata":{{"sys":{{}}}}}}"#);
        Unproxied::read(&envelope).unwrap()
    }

    fn check(headers: &str, body: &str, expected: Option<&[u8]>) {
        let request = read(headers, body);
        let found = request.body().map(|body| match body {
            WebhookBody::Plain(bytes) => bytes.into_owned(),
            WebhookBody::Base64(text) => text.into_owned().into_bytes(),
            WebhookBody::Large(_) => panic!("large"),
        });
        assert_eq!(found.as_deref(), expected, "{headers} {body}");
    }

    #[test]
    fn method_and_headers_are_those_of_the_sender() {
        let request = read(r#"{"Authorization":["one","two"],"X":"y","Empty":[]}"#, "");
        assert_eq!(request.method, "POST");
        assert_eq!(request.header("authorization"), Some("one"));
        assert_eq!(
            (request.header("x"), request.header("empty")),
            (Some("y"), Some(""))
        );
        assert_eq!(request.header("cookie"), None);
    }

    #[test]
    fn a_body_that_the_host_lost_is_none() {
        check("{}", r#","Body":"[\"é\"]""#, Some("[\"é\"]".as_bytes()));
        check("{}", r#","Body":{"a":1}"#, Some(br#"{"a":1}"#));
        check(
            r#"{"Content-Type":["application/octet-stream"]}"#,
            r#","Body":"W10=""#,
            Some(b"W10="),
        );
        check(r#"{"Content-Length":["0"]}"#, "", Some(b""));
        check(r#"{"Transfer-Encoding":["chunked"]}"#, "", None);
        check("{}", r#","Body":null"#, None);
        check(r#"{"Content-Encoding":["gzip"]}"#, r#","Body":"x""#, None);
        check(
            r#"{"Content-Encoding":["identity"]}"#,
            r#","Body":"x""#,
            Some(b"x"),
        );
        check("{}", r#","Body":"\u001f\ufffd\b""#, None);
    }

    #[test]
    fn what_is_no_envelope_is_refused() {
        for text in [
            "",
            "[]",
            "{}",
            r#"{"Data":{}}"#,
            r#"{"Data":{"request":7}}"#,
        ] {
            assert!(Unproxied::read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_answer_is_an_output_of_the_host() {
        let answer = Reply {
            header: Some(("retry-after", "30")),
            ..Reply::failure(503, "later")
        };
        let reply = reply(&answer);
        let expected = r#"{"Outputs":{"response":{"statusCode":503,"headers":{"content-type":"application/json","retry-after":"30"},"body":"{\"error\":\"later\"}"}},"Logs":[],"ReturnValue":null}"#;
        assert_eq!((reply.status, reply.json.as_str()), (200, expected));
    }
}
