//! How an invocation fails as a whole; most failures are answered record by record instead.

use std::str::Utf8Error;

use lambda_runtime::Diagnostic;
use relay::Remedy;
use tenant_logs::UnexpectedJson;

/// An invocation of which nothing may be acknowledged.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// The event is no text.
    #[error("the event is no UTF-8 text")]
    NotText(#[source] Utf8Error),
    /// The event claims to be records and is not.
    #[error("the event is no batch of records")]
    NotABatch(#[source] UnexpectedJson),
    /// Records of a service that this function does not read.
    #[error("the event holds records of `{event_source}`, not of `aws:sqs` or `aws:kinesis`")]
    UnknownEventSource {
        /// What the records name as their source.
        event_source: String,
    },
    /// An event from a rule, neither delivered nor set aside.
    #[error("a sink cannot take the event for now")]
    NotDelivered,
    /// A record that must be handed back and has no identifier to do so.
    #[error("a record that must be handed back has no messageId or sequence number")]
    NoMessageId,
}

impl TargetError {
    /// What to do about it.
    pub fn remedy(&self) -> Remedy {
        match self {
            Self::NotDelivered | Self::NoMessageId => Remedy::HandBack,
            Self::NotText(_) | Self::NotABatch(_) | Self::UnknownEventSource { .. } => Remedy::Stop,
        }
    }
}

impl From<TargetError> for Diagnostic {
    fn from(error: TargetError) -> Self {
        let error_type = match error {
            TargetError::NotText(_) => "NotText",
            TargetError::NotABatch(_) => "NotABatch",
            TargetError::UnknownEventSource { .. } => "UnknownEventSource",
            TargetError::NotDelivered => "NotDelivered",
            TargetError::NoMessageId => "NoMessageId",
        };
        Self {
            error_type: error_type.to_owned(),
            error_message: error.to_string(),
        }
    }
}
