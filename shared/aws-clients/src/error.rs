//! How a call to AWS fails as a whole.

use aws_sdk_eventbridge::config::http::HttpResponse;
use aws_sdk_eventbridge::error::{ProvideErrorMetadata, SdkError};
use relay::{Refusal, Remedy, chain};

/// Codes that pass by themselves, whatever the status.
const BUSY_CODES: [&str; 11] = [
    "InternalFailure",
    "KmsThrottled",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "ServiceUnavailable",
    "ServiceUnavailableException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
];

/// Codes that a person must act upon, besides every 401 and 403.
const CLOSED_CODES: [&str; 22] = [
    "AccessDenied",
    "AccessDeniedException",
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "InvalidAddress",
    "InvalidClientTokenId",
    "InvalidKMSResourceException",
    "InvalidSecurity",
    "InvalidSignatureException",
    "InvalidSourceException",
    "KmsAccessDenied",
    "KmsDisabled",
    "KmsInvalidState",
    "KmsNotFound",
    "MissingAuthenticationToken",
    "NonExistentQueue",
    "OptInRequired",
    "QueueDoesNotExist",
    "ResourceNotFoundException",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
];

/// A call that failed as a whole. `target` says whom we called: ``event bus `auth0` ``.
///
/// Of what AWS answers only the code is kept: a message may quote an event, and that of a wrong signature quotes the
/// whole request, session token included.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    #[error("no answer from {target} in time")]
    TimedOut { target: String },
    #[error("no time was left for a call of {target}")]
    NotMade { target: String },
    #[error("no answer from {target}")]
    Unreachable {
        target: String,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    #[error("a call of {target} cannot be made")]
    Unmade {
        target: String,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    #[error("{target} answered what cannot be read")]
    Unreadable { target: String },
    #[error("{target} answered {code}")]
    Busy { target: String, code: String },
    #[error("{target} answered {code}: check its name, its region, permissions and credentials")]
    Closed { target: String, code: String },
    #[error("{target} answered {code}")]
    Content { target: String, code: String },
}

impl CallError {
    /// Tells what the SDK's error means to us.
    pub(crate) fn new<E>(target: &str, error: SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let target = target.to_owned();
        match &error {
            SdkError::TimeoutError(_) => Self::TimedOut { target },
            SdkError::DispatchFailure(_) => match error.into_source() {
                Ok(source) => Self::Unreachable { target, source },
                Err(_) => Self::TimedOut { target },
            },
            SdkError::ServiceError(context) => {
                let status = context.raw().status().as_u16();
                Self::answered(target, status, context.err().code())
            }
            SdkError::ConstructionFailure(_) => match error.into_source() {
                Ok(source) => Self::Unmade { target, source },
                Err(_) => Self::Unreadable { target },
            },
            // Some services' errors are only read where they are JSON: a front end's page still has a status.
            SdkError::ResponseError(context) => {
                let status = context.raw().status().as_u16();
                Self::answered(target, status, None)
            }
            _ => Self::Unreadable { target },
        }
    }

    /// What an answer's status and code mean.
    pub(crate) fn answered(target: String, status: u16, code: Option<&str>) -> Self {
        let name = code.map(short_name);
        let code = code
            .and_then(code_name)
            .map_or_else(|| format!("status {status}"), str::to_owned);
        let is_one_of = |codes: &[&str]| name.is_some_and(|name| codes.contains(&name));
        match status {
            408 | 429 | 500.. => Self::Busy { target, code },
            _ if is_one_of(&BUSY_CODES) => Self::Busy { target, code },
            401 | 403 => Self::Closed { target, code },
            _ if is_one_of(&CLOSED_CODES) => Self::Closed { target, code },
            400.. => Self::Content { target, code },
            _ => Self::Unreadable { target },
        }
    }

    /// What to do about it.
    pub(crate) fn remedy(&self) -> Remedy {
        match self {
            Self::TimedOut { target: _ }
            | Self::NotMade { target: _ }
            | Self::Unreachable {
                target: _,
                source: _,
            }
            | Self::Unreadable { target: _ }
            | Self::Busy { target: _, code: _ } => Remedy::Retry,
            Self::Unmade {
                target: _,
                source: _,
            }
            | Self::Closed { target: _, code: _ } => Remedy::Stop,
            Self::Content { target: _, code: _ } => Remedy::SetAside,
        }
    }

    /// The refusal of every one of some items.
    pub(crate) fn refuse(
        &self,
        indices: impl Iterator<Item = usize>,
        remedy: Remedy,
    ) -> Vec<Refusal> {
        let reason = chain(self).to_string();
        let refuse = |index| Refusal {
            index,
            remedy,
            reason: reason.clone().into(),
        };
        indices.map(refuse).collect()
    }
}

/// What to do about one entry that was refused while others may have passed.
pub(crate) fn is_busy(code: &str) -> bool {
    BUSY_CODES.contains(&short_name(code))
}

/// A code for people; nothing where the text does not look like one.
pub(crate) fn code_name(code: &str) -> Option<&str> {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_');
    let looks_like_one = !code.is_empty() && code.len() <= 100 && code.bytes().all(is_allowed);
    looks_like_one.then_some(code)
}

/// SQS's codes carry the prefix of its older protocol: `AWS.SimpleQueueService.NonExistentQueue`.
fn short_name(code: &str) -> &str {
    code.rsplit_once('.').map_or(code, |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(status: u16, code: &str, remedy: Remedy, answered: &str) {
        let code = Some(code).filter(|code| !code.is_empty());
        let error = CallError::answered("queue `letters`".to_owned(), status, code);
        assert_eq!(error.remedy(), remedy, "{status} {code:?}");
        let answered = format!("queue `letters` answered {answered}");
        assert!(error.to_string().starts_with(&answered), "{error}");
    }

    #[test]
    fn what_passes_by_itself_is_tried_again() {
        let check = |status, code, answered| check(status, code, Remedy::Retry, answered);
        check(500, "", "status 500");
        check(503, "ServiceUnavailable", "ServiceUnavailable");
        check(429, "TooManyRequestsException", "TooManyRequestsException");
        check(400, "ThrottlingException", "ThrottlingException");
        check(
            400,
            "AWS.SimpleQueueService.RequestThrottled",
            "AWS.SimpleQueueService.Req",
        );
        check(200, "", "what cannot be read");
    }

    #[test]
    fn what_a_person_must_act_upon_stops() {
        let check = |status, code, answered| check(status, code, Remedy::Stop, answered);
        check(
            400,
            "ResourceNotFoundException",
            "ResourceNotFoundException: check its name",
        );
        check(
            400,
            "AWS.SimpleQueueService.NonExistentQueue",
            "AWS.SimpleQueueService.NonE",
        );
        check(400, "QueueDoesNotExist", "QueueDoesNotExist: check");
        check(
            400,
            "UnrecognizedClientException",
            "UnrecognizedClientException: check",
        );
        check(400, "ExpiredTokenException", "ExpiredTokenException: check");
        check(
            403,
            "InvalidSignatureException",
            "InvalidSignatureException: check",
        );
        check(403, "SomethingNew", "SomethingNew: check");
        check(401, "", "status 401: check");
    }

    #[test]
    fn any_other_4xx_means_the_content() {
        check(
            400,
            "ValidationException",
            Remedy::SetAside,
            "ValidationException",
        );
        check(413, "", Remedy::SetAside, "status 413");
    }

    #[test]
    fn a_code_that_is_a_text_is_not_repeated() {
        let text = "user alice@example.com is unknown";
        check(400, text, Remedy::SetAside, "status 400");
        assert_eq!(code_name(text), None);
        assert_eq!(code_name("MalformedDetail"), Some("MalformedDetail"));
    }
}
