//! What a process may ask of the Runtime API, and the error reports it sends there.

use bytes::Bytes;
use hyper::{Method, Request};
use serde::Deserialize;
use serde_json::json;

use fakes::server::Answer;

/// One of the four calls of the Runtime API.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Route {
    Next,
    Response { id: String },
    Error { id: String },
    InitError,
}

impl Route {
    /// Finds the call that a request makes.
    pub(crate) fn of(request: &Request<Bytes>) -> Result<Self, Refusal> {
        let path = request.uri().path();
        let call = path
            .strip_prefix("/2018-06-01/runtime/")
            .ok_or(Refusal::UnknownPath)?;
        let (method, route) = match call.split('/').collect::<Vec<_>>().as_slice() {
            ["invocation", "next"] => (Method::GET, Self::Next),
            ["invocation", id, "response"] => {
                let id = (*id).to_owned();
                (Method::POST, Self::Response { id })
            }
            ["invocation", id, "error"] => {
                let id = (*id).to_owned();
                (Method::POST, Self::Error { id })
            }
            ["init", "error"] => (Method::POST, Self::InitError),
            _ => return Err(Refusal::UnknownPath),
        };
        if *request.method() != method {
            return Err(Refusal::WrongMethod);
        }
        Ok(route)
    }
}

/// An error as a process reports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Report {
    /// The report's own text.
    pub(crate) body: String,
    pub(crate) error_type: String,
    pub(crate) message: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReportBody {
    error_type: Option<String>,
    error_message: Option<String>,
}

impl Report {
    /// A report that Lambda itself makes.
    pub(crate) fn new(error_type: &str, message: &str) -> Self {
        Self {
            body: json!({"errorType": error_type, "errorMessage": message}).to_string(),
            error_type: error_type.to_owned(),
            message: message.to_owned(),
        }
    }

    /// Reads the body; the type may stand in the header alone.
    pub(crate) fn read(request: &Request<Bytes>) -> Self {
        let body = String::from_utf8_lossy(request.body()).into_owned();
        let parsed = serde_json::from_str(&body).unwrap_or(ReportBody {
            error_type: None,
            error_message: None,
        });
        let header = request
            .headers()
            .get("lambda-runtime-function-error-type")
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned);
        Self {
            error_type: parsed
                .error_type
                .or(header)
                .unwrap_or_else(|| "Runtime.UnknownError".to_owned()),
            message: parsed.error_message.unwrap_or_default(),
            body,
        }
    }
}

/// Why a call is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    UnknownPath,
    WrongMethod,
    /// The answer is to another invocation than the running one.
    UnknownInvocation,
    /// The call does not fit what the process is doing.
    NotAllowed {
        from: &'static str,
        to: &'static str,
    },
    TooLarge {
        limit: usize,
    },
}

impl Refusal {
    pub(crate) fn not_allowed(from: &'static str, to: &'static str) -> Self {
        Self::NotAllowed { from, to }
    }

    /// The answer, in the form of the real Runtime API.
    pub(crate) fn into_answer(self) -> Answer {
        let (status, error_type, message) = match self {
            Self::UnknownPath => return Answer::with_type(404, "text/plain", "404 page not found"),
            Self::WrongMethod => return Answer::with_type(405, "text/plain", ""),
            Self::UnknownInvocation => (400, "InvalidRequestID", "Invalid request ID".to_owned()),
            Self::NotAllowed { from, to } => (
                403,
                "InvalidStateTransition",
                format!(
                    "State transition from {from} to {to} failed for runtime. Error: State transition is not allowed"
                ),
            ),
            Self::TooLarge { limit } => (
                413,
                "RequestEntityTooLarge",
                format!("Exceeded maximum allowed payload size ({limit} bytes)."),
            ),
        };
        let body = json!({"errorMessage": message, "errorType": error_type});
        Answer::json(status, body.to_string())
    }
}
