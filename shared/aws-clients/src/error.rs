//! How a call to AWS fails, as a whole or entry by entry.
//!
//! Of what AWS answers only the code is kept: a message may quote an event, and that of a wrong signature quotes the whole
//! request, session token included.

use aws_sdk_eventbridge::config::http::HttpResponse;
use aws_sdk_eventbridge::error::{ProvideErrorMetadata, SdkError};
use relay::{CallError, Delivery, Refusal, Remedy, ServiceCode};

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

/// What to check where nothing can pass.
const ADVICE: &str = "check its name, its region, permissions and credentials";

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

/// Returns what the SDK's error means to us.
pub(crate) fn call_error<E>(target: &str, error: SdkError<E, HttpResponse>) -> CallError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let target = target.to_owned();
    match &error {
        SdkError::TimeoutError(_) => CallError::TimedOut { target },
        SdkError::DispatchFailure(_) => match error.into_source() {
            Ok(source) => CallError::Unreachable { target, source },
            Err(_) => CallError::TimedOut { target },
        },
        SdkError::ServiceError(context) => {
            let status = context.raw().status().as_u16();
            answered(target, status, context.err().code())
        }
        SdkError::ConstructionFailure(_) => match error.into_source() {
            Ok(source) => CallError::Unmade { target, source },
            Err(_) => CallError::Unreadable { target },
        },
        // Some services' errors are only read where they are JSON: a front end's page still has a status.
        SdkError::ResponseError(context) => {
            let status = context.raw().status().as_u16();
            answered(target, status, None)
        }
        _ => CallError::Unreadable { target },
    }
}

/// The error of a call for something that does not exist.
pub(crate) fn not_found(target: &str) -> CallError {
    answered(target.to_owned(), 400, Some("ResourceNotFoundException"))
}

/// Returns what an answer's status and code mean.
fn answered(target: String, status: u16, code: Option<&str>) -> CallError {
    let name = code.map(short_name);
    let code = code.and_then(ServiceCode::of_code);
    let code = code.unwrap_or_else(|| ServiceCode::of_status(status, None));
    let is_one_of = |codes: &[&str]| name.is_some_and(|name| codes.contains(&name));
    let closed = |target, code| CallError::Closed {
        target,
        code,
        advice: ADVICE,
    };
    let busy = |target, code| CallError::Busy {
        target,
        code,
        retry_after: None,
    };
    match status {
        408 | 429 | 500.. => busy(target, code),
        _ if is_one_of(&BUSY_CODES) => busy(target, code),
        401 | 403 => closed(target, code),
        _ if is_one_of(&CLOSED_CODES) => closed(target, code),
        400.. => CallError::Content { target, code },
        _ => CallError::Unreadable { target },
    }
}

/// Whether an entry that was refused, while others may have passed, passes by itself.
pub(crate) fn is_busy(code: &str) -> bool {
    BUSY_CODES.contains(&short_name(code))
}

/// Returns what became of entries by the code and the identifier that each was answered with: a call that succeeds may still
/// have refused some, and what `passes` by itself is tried again.
///
/// An entry that the answer is too short for, or that has neither code nor identifier, has no answer.
pub(crate) fn delivery_of<'a>(
    service: &str,
    entries: impl Iterator<Item = (Option<&'a str>, Option<&'a str>)>,
    passes: impl Fn(&str) -> bool,
) -> Delivery {
    let mut delivery = Delivery::default();
    for (index, entry) in entries.enumerate() {
        match entry {
            (Some(code), _) => delivery.refused.push(Refusal {
                index,
                remedy: if passes(code) {
                    Remedy::Retry
                } else {
                    Remedy::SetAside
                },
                reason: format!("{service} answered {}", code_name(code)).into(),
            }),
            (None, Some(_)) => delivery.delivered.push(index),
            (None, None) => {}
        }
    }
    delivery
}

/// Returns the code of a refused entry for people; where the text does not look like one, it is not repeated.
pub(crate) fn code_name(code: &str) -> String {
    ServiceCode::of_code(code).map_or_else(|| "a code".to_owned(), |code| code.to_string())
}

/// SQS's codes carry the prefix of its older protocol: `AWS.SimpleQueueService.NonExistentQueue`.
fn short_name(code: &str) -> &str {
    code.rsplit_once('.').map_or(code, |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use relay::Remedy;

    use super::*;

    fn check(status: u16, code: &str, remedy: Remedy, answered: &str) {
        let code = Some(code).filter(|code| !code.is_empty());
        let error = super::answered("queue `letters`".to_owned(), status, code);
        assert_eq!(error.remedy(), remedy, "{status} {code:?}");
        let answered = format!("queue `letters` answered {answered}");
        assert!(error.to_string().starts_with(&answered), "{error}");
    }

    #[test]
    fn what_passes_by_itself_is_tried_again() {
        let check = |status, code, answered| check(status, code, Remedy::Retry, answered);
        check(500, "", "500");
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
        check(401, "", "401: check");
    }

    #[test]
    fn any_other_4xx_means_the_content() {
        check(
            400,
            "ValidationException",
            Remedy::SetAside,
            "ValidationException",
        );
        check(413, "", Remedy::SetAside, "413");
    }

    #[test]
    fn a_code_that_is_a_text_is_not_repeated() {
        let text = "user alice@example.com is unknown";
        check(400, text, Remedy::SetAside, "400");
        assert_eq!(code_name(text), "a code");
        assert_eq!(code_name("MalformedDetail"), "MalformedDetail");
    }
}
