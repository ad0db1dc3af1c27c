//! An invocation on the wire, and what the host makes of a handler's answer.

use bytes::Bytes;
use hyper::header::CONTENT_TYPE;
use hyper::{Request, Response};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use fakes::identifier::new_id;

/// The version that the real host names; the behaviour is that of this one.
const HOST_VERSION: &str = "4.1037.0";

/// What becomes of an invocation by its answer.
#[derive(Debug, PartialEq)]
pub(crate) enum Verdict {
    /// It is done, with what the handler returns.
    Done(Value),
    /// It failed, for this reason.
    Failed(String),
    /// The host never learns that it ended: until `functionTimeout` nothing happens.
    NeverEnds,
}

/// What a function is invoked with.
#[derive(Debug, Clone)]
pub(crate) struct Invocation {
    pub(crate) function: String,
    /// The name of the trigger's binding.
    pub(crate) binding: String,
    /// A JSON value for it.
    pub(crate) data: String,
    /// The data of events once more.
    pub(crate) metadata: Option<String>,
}

impl Invocation {
    /// Its request, with the head of every invocation; `retry` says which try of how many retries this is.
    pub(crate) fn request(&self, port: u16, retry: Option<(u32, u32)>) -> Request<Bytes> {
        let sys = json!({
            "MethodName": self.function,
            "UtcNow": Timestamp::now().to_string(),
            "RandGuid": new_id(),
        });
        let data = self.metadata.as_ref();
        let data = data.map_or_else(String::new, |data| format!(r#""data":{data},"#));
        let retry = retry.map_or_else(String::new, |(count, most)| {
            let exception = (count > 0).then(|| json!({ "Message": "the invocation failed" }));
            let context = json!({
                "RetryCount": count,
                "MaxRetryCount": most,
                "Exception": exception,
                "Instance": null,
                "State": null,
            });
            format!(r#""RetryContext":{context},"#)
        });
        let metadata = format!(r#"{{{data}{retry}"sys":{sys}}}"#);
        let (binding, data) = (&self.binding, &self.data);
        let body = format!(r#"{{"Data":{{"{binding}":{data}}},"Metadata":{metadata}}}"#);
        let request = Request::post(format!("/{}", self.function))
            .header("host", format!("127.0.0.1:{port}"))
            .header("x-azure-functions-hostversion", HOST_VERSION)
            .header("x-azure-functions-invocationid", new_id())
            .header("user-agent", format!("Azure-Functions-Host/{HOST_VERSION}"))
            .header(CONTENT_TYPE, "application/json; charset=utf-8");
        let body = Bytes::from(body);
        // A function's name is a folder's, so that it is a path.
        request
            .body(body.clone())
            .unwrap_or_else(|_| Request::new(body))
    }
}

/// Reads an answer as the host does.
pub(crate) fn classify(response: &Response<Bytes>) -> Verdict {
    let status = response.status();
    if !status.is_success() {
        return Verdict::Failed(format!("the handler answered {}", status.as_u16()));
    }
    let body = response.body();
    let text = String::from_utf8_lossy(body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body));
    if text.trim().is_empty() || text.trim() == "null" {
        return Verdict::NeverEnds;
    }
    let content_type = response.headers().get(CONTENT_TYPE);
    let content_type = content_type
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    if !["application/json", "text/json"].contains(&media_type) {
        return Verdict::Failed(format!("the media type `{media_type}` is not JSON"));
    }
    match serde_json::from_str(&text) {
        Ok(Value::Object(members)) => classify_object(&members),
        Ok(_) => Verdict::Failed("the answer is no JSON object".to_owned()),
        Err(_) => Verdict::Failed("the answer is no JSON".to_owned()),
    }
}

/// Names are matched in any case.
fn classify_object(members: &Map<String, Value>) -> Verdict {
    let member = |name: &str| {
        let mut members = members.iter();
        let found = members.find(|(other, _)| other.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value)
    };
    let logs_are_wrong = match member("Logs") {
        None | Some(Value::Null) => false,
        Some(Value::Array(lines)) => !lines.iter().all(Value::is_string),
        Some(_) => true,
    };
    if logs_are_wrong {
        return Verdict::Failed("Logs is no list of strings".to_owned());
    }
    match member("Outputs") {
        None | Some(Value::Null) => Verdict::Done(Value::Null),
        Some(outputs @ Value::Object(_)) => Verdict::Done(outputs.clone()),
        Some(_) => Verdict::Failed("Outputs is no object".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(status: u16, content_type: &str, body: &'static str) -> Verdict {
        let response = Response::builder().status(status);
        let response = response.header(CONTENT_TYPE, content_type);
        classify(&response.body(Bytes::from_static(body.as_bytes())).unwrap())
    }

    fn is_done(status: u16, content_type: &str, body: &'static str) -> bool {
        matches!(verdict(status, content_type, body), Verdict::Done(_))
    }

    fn is_failed(status: u16, content_type: &str, body: &'static str) -> bool {
        matches!(verdict(status, content_type, body), Verdict::Failed(_))
    }

    const JSON: &str = "application/json";

    #[test]
    fn a_json_object_ends_an_invocation_well() {
        for body in [
            "{}",
            r#"{"Outputs":{},"Logs":[],"ReturnValue":null}"#,
            r#"{"outputs":null,"LOGS":null,"more":1}"#,
            r#"{"Logs":["a line"]}"#,
            "\u{feff}{}",
        ] {
            assert!(is_done(200, JSON, body), "{body}");
        }
        assert!(is_done(202, "application/json; charset=utf-16", "{}"));
        assert!(is_done(201, "text/json", "{}"));
    }

    #[test]
    fn an_empty_answer_never_ends_an_invocation() {
        for (status, body) in [(200, ""), (200, "null"), (204, ""), (200, " \n")] {
            assert_eq!(verdict(status, JSON, body), Verdict::NeverEnds, "{body}");
        }
    }

    #[test]
    fn anything_else_fails_it() {
        for status in [400, 401, 404, 408, 413, 429, 500, 503] {
            assert!(is_failed(status, JSON, "{}"), "{status}");
        }
        for media_type in [
            "text/plain",
            "application/problem+json",
            "application/cloudevents+json",
            "application/octet-stream",
            "",
        ] {
            assert!(is_failed(200, media_type, "{}"), "{media_type}");
        }
        for body in [
            "{",
            "[]",
            "\"a\"",
            "1",
            r#"{"Logs":[1]}"#,
            r#"{"Outputs":[]}"#,
        ] {
            assert!(is_failed(200, JSON, body), "{body}");
        }
    }
}
