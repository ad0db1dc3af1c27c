//! One request and its answer, read as far as somebody needs it.

use std::time::{Duration, UNIX_EPOCH};

use relay::{CallError, ServiceCode};
use reqwest::header::{HeaderMap, HeaderName, RETRY_AFTER};
use reqwest::{RequestBuilder, StatusCode};
use serde::Deserialize;
use tenant_logs::Timestamp;
use tokio::time::{Instant, timeout_at};

/// What is read of an answer. Pages and secrets are far smaller; a blob of Event Grid's holds at most a batch of 1 MB
/// events, and one of ours at most what a function takes.
pub(crate) const MAX_ANSWER_BYTES: usize = 67_108_864;

/// What a service answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    body: Vec<u8>,
    end: End,
}

/// How the reading of a body ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Whole,
    BrokenOff,
    TooLong,
}

/// Returns how long a service asks to be left alone, in seconds or as a date (RFC 9110, 10.2.3); a date that is over asks
/// for no wait. `None` if it says nothing that can be read.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().ok().map(Duration::from_secs);
    }
    let date = httpdate::parse_http_date(text).ok()?;
    let date = date.duration_since(UNIX_EPOCH).ok()?;
    let now = u64::try_from(Timestamp::now().as_millisecond()).ok()?;
    Some(date.saturating_sub(Duration::from_millis(now)))
}

/// Sends a request once, and reads the answer.
pub(crate) async fn exchange(
    request: RequestBuilder,
    until: Instant,
    target: &str,
) -> Result<Answer, CallError> {
    let target = || target.to_owned();
    if Instant::now() >= until {
        return Err(CallError::NotMade { target: target() });
    }
    let mut response = match timeout_at(until, request.send()).await {
        Ok(Ok(response)) => response,
        Ok(Err(error)) => {
            return Err(CallError::Unreachable {
                target: target(),
                source: error.without_url().into(),
            });
        }
        Err(_elapsed) => return Err(CallError::TimedOut { target: target() }),
    };
    let mut answer = Answer {
        status: response.status(),
        headers: std::mem::take(response.headers_mut()),
        body: Vec::new(),
        end: End::BrokenOff,
    };
    let named = response.content_length();
    let named = named.map(|length| usize::try_from(length).unwrap_or(usize::MAX));
    if named.is_some_and(|length| length > MAX_ANSWER_BYTES) {
        answer.end = End::TooLong;
        return Ok(answer);
    }
    // What became of a write, the status has said; so a body that breaks off is no error here.
    while let Ok(Ok(read)) = timeout_at(until, response.chunk()).await {
        match read {
            Some(bytes) if answer.body.len() + bytes.len() <= MAX_ANSWER_BYTES => {
                answer.body.extend_from_slice(&bytes);
            }
            Some(_) => {
                answer.end = End::TooLong;
                break;
            }
            None => {
                answer.end = End::Whole;
                break;
            }
        }
    }
    Ok(answer)
}

/// A number that some services write as text, and Table storage every one of 64 bits.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Number {
    Number(i64),
    Text(String),
}

impl Number {
    pub(crate) fn value(&self) -> Option<i64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Text(text) => text.parse().ok(),
        }
    }
}

/// Where the services write a code: storage in a header and below `odata.error`, most below `error`, Entra as `error`.
#[derive(Deserialize)]
struct Refusal {
    #[serde(alias = "odata.error")]
    error: ErrorField,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum ErrorField {
    Code(String),
    Object { code: String },
}

impl Answer {
    pub(crate) fn is_success(&self) -> bool {
        self.status.is_success()
    }

    /// Whether the same call may pass a little later.
    pub(crate) fn is_busy(&self) -> bool {
        matches!(self.status.as_u16(), 408 | 425 | 429 | 500..)
    }

    /// The body, where all of it came.
    pub(crate) fn whole_body(&self) -> Option<&[u8]> {
        (self.end == End::Whole).then_some(self.body.as_slice())
    }

    /// Whether the body is longer than what is read of one.
    pub(crate) fn is_too_long(&self) -> bool {
        self.end == End::TooLong
    }

    pub(crate) fn header(&self, name: &HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub(crate) fn service_code(&self) -> ServiceCode {
        ServiceCode::of_status(self.status.as_u16(), self.code().as_deref())
    }

    fn code(&self) -> Option<String> {
        if let Some(code) = self.header(&HeaderName::from_static("x-ms-error-code")) {
            return Some(code.to_owned());
        }
        let refusal: Refusal = serde_json::from_slice(&self.body).ok()?;
        match refusal.error {
            ErrorField::Code(code) | ErrorField::Object { code } => Some(code),
        }
    }

    /// What an answer that is no success means.
    pub(crate) fn into_error(self, target: &str, advice: &'static str) -> CallError {
        let code = self.service_code();
        let target = target.to_owned();
        if self.is_busy() {
            return CallError::Busy {
                target,
                code,
                retry_after: retry_after(&self.headers),
            };
        }
        match self.status.as_u16() {
            400 | 409 | 412 | 413 | 422 => CallError::Content { target, code },
            _ => CallError::Closed {
                target,
                code,
                advice,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(text: &str) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, text.parse().unwrap());
        retry_after(&headers)
    }

    #[test]
    fn a_wait_is_read_in_seconds_and_as_a_date() {
        assert_eq!(asked("120"), Some(Duration::from_mins(2)));
        assert_eq!(asked(" 0 "), Some(Duration::ZERO));
        for text in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
        ] {
            assert_eq!(asked(text), Some(Duration::ZERO), "{text}");
        }
        let in_an_hour = Timestamp::now().as_second() + 3_600;
        let in_an_hour = Timestamp::from_second(in_an_hour).unwrap();
        let wait = asked(&in_an_hour.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string());
        let wait = wait.unwrap().as_secs();
        assert!((3_500..=3_600).contains(&wait), "{wait}");
    }

    #[test]
    fn what_is_no_wait_is_none() {
        for text in [
            "",
            "soon",
            "-5",
            "1.5",
            "99999999999999999999",
            "Sun, 06 Nov",
        ] {
            assert_eq!(asked(text), None, "{text}");
        }
    }
}
