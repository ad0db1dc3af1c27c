//! What Auth0's answers say: a code, what it means for whoever set us up, and how many calls are left.

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde::Deserialize;
use tenant_logs::Timestamp;

use super::error::{Answered, Auth0Error};
use crate::exchange::{Answer, retry_after};

/// Shortest wait, where the moment that is named is over already: it is named in whole seconds.
const MIN_WAIT: Duration = Duration::from_millis(100);
/// Longest wait that is believed; the longest window of a rate limit is a minute.
const MAX_WAIT: Duration = Duration::from_mins(5);

/// Who answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Endpoint {
    Token,
    ManagementApi,
}

/// What is asked of the Management API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asks {
    Logs,
    LogStreams,
    NewLogStream,
}

impl Asks {
    fn scope(self) -> &'static str {
        match self {
            Self::Logs => "read:logs",
            Self::LogStreams => "read:log_streams",
            Self::NewLogStream => "create:log_streams",
        }
    }

    /// What it means that a request is not taken.
    fn not_taken(self) -> &'static str {
        match self {
            Self::Logs => "it does not know the log_id",
            Self::LogStreams => "it does not know the log stream",
            Self::NewLogStream => {
                "it does not take the log stream: check the region, and for Event Grid that the resource group authorizes \
                 Auth0 as a partner"
            }
        }
    }
}

/// `errorCode` of the Management API, `error` of the token endpoint; the API's `error` is the status in words.
#[derive(Deserialize)]
struct Refusal {
    #[serde(rename = "statusCode")]
    status_code: Option<u16>,
    #[serde(rename = "errorCode")]
    error_code: Option<String>,
    error: Option<String>,
}

impl Refusal {
    /// Whether it has what Auth0's own refusals have: a proxy or a gateway may answer in JSON, too.
    fn is_of(&self, endpoint: Endpoint) -> bool {
        let has_code = self.error.is_some() || self.error_code.is_some();
        match endpoint {
            Endpoint::Token => self.error.is_some(),
            Endpoint::ManagementApi => self.status_code.is_some() && has_code,
        }
    }
}

/// What an answer that is no success means.
pub(super) fn refusal(endpoint: Endpoint, asks: Asks, answer: &Answer) -> Auth0Error {
    let status = answer.status;
    let body = answer.whole_body();
    let refusal = body.and_then(|body| serde_json::from_slice::<Refusal>(body).ok());
    let refusal = refusal.filter(|refusal| refusal.is_of(endpoint));
    let is_auth0s = refusal.is_some();
    let code = refusal.and_then(|refusal| refusal.error_code.or(refusal.error));
    let answered = Answered {
        status,
        code: code.filter(|code| is_code(code)),
    };
    if answer.is_busy() {
        return Auth0Error::Busy { answered };
    }
    // What stands in the place of a tenant that is not there need not be JSON.
    let is_no_tenant = endpoint == Endpoint::Token && status == StatusCode::NOT_FOUND;
    if is_auth0s || is_no_tenant || status.is_redirection() {
        let advice = advice(endpoint, asks, &answered);
        return Auth0Error::Refused { answered, advice };
    }
    match body {
        Some(_) => Auth0Error::NotAuth0 { status },
        None => not_whole(answer),
    }
}

/// What a success means that does not bring what was asked for.
pub(super) fn unreadable(answer: &Answer, want: &'static str) -> Auth0Error {
    match answer.whole_body() {
        None => not_whole(answer),
        Some(body) if body.trim_ascii_start().first() == Some(&b'<') => Auth0Error::NotAuth0 {
            status: answer.status,
        },
        Some(_) => Auth0Error::Unreadable { want },
    }
}

/// Why an answer is not there as a whole.
fn not_whole(answer: &Answer) -> Auth0Error {
    if answer.is_too_long() {
        Auth0Error::TooLong
    } else {
        Auth0Error::BrokenOff
    }
}

/// A code is one word of lower-case letters: anything else may be a message.
fn is_code(text: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
    (1..=64).contains(&text.len()) && text.bytes().all(is_allowed)
}

fn advice(endpoint: Endpoint, asks: Asks, answered: &Answered) -> String {
    let is = |code: &str| answered.code.as_deref() == Some(code);
    let scope = asks.scope();
    let advice = match (endpoint, answered.status) {
        (Endpoint::Token | Endpoint::ManagementApi, status) if status.is_redirection() => {
            "check AUTH0_DOMAIN, and for a proxy on the way to Auth0: the answer leads elsewhere"
        }
        (Endpoint::Token, StatusCode::NOT_FOUND) => {
            "check AUTH0_DOMAIN (no tenant is known under it)"
        }
        (Endpoint::Token, StatusCode::FORBIDDEN) if !is("invalid_client") => {
            return format!(
                "authorize the application of AUTH0_CLIENT_ID for the Auth0 Management API with the scope {scope}, and \
                 allow it the grant client_credentials"
            );
        }
        (Endpoint::Token, _) => "check AUTH0_CLIENT_ID and AUTH0_CLIENT_SECRET",
        (Endpoint::ManagementApi, StatusCode::FORBIDDEN) => {
            return format!(
                "the application of AUTH0_CLIENT_ID lacks the scope {scope} of the Auth0 Management API"
            );
        }
        (Endpoint::ManagementApi, StatusCode::UNAUTHORIZED) => {
            "it does not accept its own token: check that AUTH0_DOMAIN is the tenant's own domain, not a custom one"
        }
        (Endpoint::ManagementApi, StatusCode::CONFLICT) if asks == Asks::NewLogStream => {
            "the tenant has as many log streams as its plan allows: delete one, or make this one a priority stream, which \
             is not counted"
        }
        (Endpoint::ManagementApi, StatusCode::BAD_REQUEST | StatusCode::NOT_FOUND) => {
            asks.not_taken()
        }
        (Endpoint::ManagementApi, _) => "check AUTH0_DOMAIN",
    };
    advice.to_owned()
}

/// How long no call may be made, by the headers of an answer; `None` if one may be made at once.
pub(super) fn wait(answer: &Answer, now: Timestamp) -> Option<Duration> {
    let is_refused = answer.status == StatusCode::TOO_MANY_REQUESTS;
    let is_used_up = number(&answer.headers, "x-ratelimit-remaining") == Some(0);
    if !is_refused && !is_used_up {
        return None;
    }
    let reset = number(&answer.headers, "x-ratelimit-reset");
    let reset = reset.and_then(|second| Timestamp::from_second(second).ok());
    let until_reset = reset.map(|reset| Duration::try_from(reset.duration_since(now)));
    let until_reset = until_reset.map(Result::unwrap_or_default);
    let longest = until_reset.max(retry_after(&answer.headers));
    Some(longest.unwrap_or_default().clamp(MIN_WAIT, MAX_WAIT))
}

fn number(headers: &HeaderMap, name: &str) -> Option<i64> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}
