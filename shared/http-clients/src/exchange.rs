//! One request and its answer, read as far as somebody needs it.

use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, RETRY_AFTER};
use reqwest::{RequestBuilder, StatusCode};
use serde::Deserialize;
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::call_error::{CallError, Said};

/// What is read of an answer. Pages and secrets are far smaller; a blob of Event Grid's holds at most a batch of 1 MB
/// events, and one of ours at most what a function takes.
const MAX_ANSWER_BYTES: usize = 67_108_864;

/// What a service said.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    body: Vec<u8>,
    is_whole: bool,
}

/// How long a far end wants to be left alone, where it says so in seconds.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?;
    seconds.trim().parse().ok().map(Duration::from_secs)
}

/// Waits as long as a far end asks for, where that ends in time; answers whether it did.
pub(crate) async fn wait_if_in_time(wait: Duration, until: Instant) -> bool {
    match Instant::now().checked_add(wait) {
        Some(wake) if wake < until => {
            sleep_until(wake).await;
            true
        }
        Some(_) | None => false,
    }
}

/// Sends a request once, and reads the answer.
pub(crate) async fn exchange(
    request: RequestBuilder,
    until: Instant,
    target: &str,
) -> Result<Answer, CallError> {
    let target = || target.to_owned();
    if Instant::now() >= until {
        return Err(CallError::TimedOut { target: target() });
    }
    let mut response = match timeout_at(until, request.send()).await {
        Ok(Ok(response)) => response,
        Ok(Err(error)) => {
            return Err(CallError::Unreachable {
                target: target(),
                source: error.without_url(),
            });
        }
        Err(_elapsed) => return Err(CallError::TimedOut { target: target() }),
    };
    let mut answer = Answer {
        status: response.status(),
        headers: std::mem::take(response.headers_mut()),
        body: Vec::new(),
        is_whole: false,
    };
    // What became of a write, the status has said; so a body that breaks off is no error here.
    while let Ok(Ok(read)) = timeout_at(until, response.chunk()).await {
        match read {
            Some(bytes) if answer.body.len() + bytes.len() <= MAX_ANSWER_BYTES => {
                answer.body.extend_from_slice(&bytes);
            }
            Some(_) => break,
            None => {
                answer.is_whole = true;
                break;
            }
        }
    }
    Ok(answer)
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
        self.is_whole.then_some(self.body.as_slice())
    }

    pub(crate) fn header(&self, name: &HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub(crate) fn said(&self) -> Said {
        Said {
            status: self.status,
            code: self.code().filter(|code| is_code(code)),
        }
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

    /// How long the service wants to be left alone.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        retry_after(&self.headers)
    }

    /// What an answer that is no success means.
    pub(crate) fn into_error(self, target: &str, advice: &'static str) -> CallError {
        let said = self.said();
        let target = target.to_owned();
        if self.is_busy() {
            return CallError::Busy {
                target,
                said,
                retry_after: self.retry_after(),
            };
        }
        match self.status.as_u16() {
            400 | 409 | 412 | 413 | 422 => CallError::Content { target, said },
            _ => CallError::Closed {
                target,
                said,
                advice,
            },
        }
    }
}

/// A code is one word: anything else may be a message, and quote what was sent.
fn is_code(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}
