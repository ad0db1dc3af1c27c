//! The JSON protocols 1.0 and 1.1 that the AWS services here speak.
//!
//! A call is a `POST` with its operation in `X-Amz-Target`, signed with version 4 for the service.
//! The signature itself is not verified: there is no secret to verify it with.

use bytes::Bytes;
use hyper::header::HeaderValue;
use hyper::{Method, Request, Response};
use serde_json::{Value, json};

use crate::faults::Fault;
use crate::server::Answer;

/// One service: how its calls are recognised and its answers written.
#[derive(Debug)]
pub(crate) struct Service {
    /// What stands before the dot of `X-Amz-Target`.
    pub(crate) target: &'static str,
    /// The name in the scope of the signature.
    pub(crate) signing_name: &'static str,
    /// The content type of calls and answers.
    pub(crate) content_type: &'static str,
    /// The error code of a throttled call.
    pub(crate) throttled: &'static str,
}

/// What a call is refused with.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: &'static str,
    pub(crate) message: String,
    /// The code of the older query protocol, where SQS clients know an error by that.
    pub(crate) query_code: Option<&'static str>,
}

impl Refusal {
    /// A call that its sender has to change.
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status: 400,
            code,
            message: message.into(),
            query_code: None,
        }
    }
}

impl Service {
    /// The operation and the object of a call.
    pub(crate) fn read(&self, request: &Request<Bytes>) -> Result<(String, Value), Refusal> {
        let header = |name| {
            request
                .headers()
                .get(name)
                .and_then(|value| value.to_str().ok())
        };
        let target = header("x-amz-target").and_then(|target| target.strip_prefix(self.target));
        let operation = target.and_then(|rest| rest.strip_prefix('.'));
        let Some(operation) = operation.filter(|_| request.method() == Method::POST) else {
            return Err(Refusal::new(
                "UnknownOperationException",
                "no operation of this service",
            ));
        };
        if header("content-type") != Some(self.content_type) {
            let message = format!("the content type is not {}", self.content_type);
            return Err(Refusal::new("SerializationException", message));
        }
        let scope = format!("/{}/aws4_request", self.signing_name);
        let is_signed = header("authorization")
            .is_some_and(|value| value.starts_with("AWS4-HMAC-SHA256 ") && value.contains(&scope));
        if !is_signed {
            let message = "the request has no version 4 signature for this service";
            return Err(Refusal::new("MissingAuthenticationTokenException", message));
        }
        match serde_json::from_slice(request.body()) {
            Ok(body @ Value::Object(_)) => Ok((operation.to_owned(), body)),
            Ok(_) | Err(_) => Err(malformed()),
        }
    }

    /// A successful answer.
    pub(crate) fn accept(&self, body: &Value) -> Answer {
        Answer::with_type(200, self.content_type, body.to_string())
    }

    /// An answer that refuses the call.
    pub(crate) fn refuse(&self, refusal: &Refusal) -> Answer {
        let body = json!({"__type": refusal.code, "message": refusal.message}).to_string();
        let response = Response::builder()
            .status(refusal.status)
            .header("content-type", self.content_type);
        let response = match refusal.query_code {
            Some(code) => response.header("x-amzn-query-error", format!("{code};Sender")),
            None => response,
        };
        response
            .body(body.into())
            .map_or(Answer::Drop, Answer::Respond)
    }

    /// The answer of a faulty service.
    pub(crate) fn faulty_answer(&self, fault: &Fault) -> Answer {
        let (status, retry_after_secs) = match fault {
            Fault::Status(status) => (*status, None),
            Fault::Busy {
                status,
                retry_after_secs,
            } => (*status, Some(*retry_after_secs)),
            Fault::Denied => {
                let message = "User is not authorized to perform this action";
                return self.refuse(&Refusal::new("AccessDeniedException", message));
            }
            Fault::Throttle
            | Fault::Healthy
            | Fault::RefuseEntries { .. }
            | Fault::Hang
            | Fault::DropBefore
            | Fault::DropAfter
            | Fault::ResetAfter
            | Fault::Late(_) => {
                return self.refuse(&Refusal::new(self.throttled, "Rate exceeded"));
            }
        };
        let message = "the service is faulty on purpose".to_owned();
        let refusal = Refusal {
            status,
            code: "InternalFailure",
            message,
            query_code: None,
        };
        match (self.refuse(&refusal), retry_after_secs) {
            (Answer::Respond(mut response), Some(seconds)) => {
                response
                    .headers_mut()
                    .insert("retry-after", HeaderValue::from(seconds));
                Answer::Respond(response)
            }
            (answer, _) => answer,
        }
    }
}

/// The refusal of a body that is not the operation's input.
pub(crate) fn malformed() -> Refusal {
    Refusal::new(
        "SerializationException",
        "the body is not the input of this operation",
    )
}
