//! How an invocation fails as a whole. A webhook request never does: it is always answered.

use std::str::Utf8Error;

use lambda_runtime::Diagnostic;
use tenant_logs::UnexpectedJson;

/// An invocation that is no HTTP request.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// The event is no text.
    #[error("the event is no UTF-8 text")]
    NotText(#[source] Utf8Error),
    /// The event is not payload format 2.0 of a function URL or an HTTP API.
    #[error("the event is no HTTP request of payload format 2.0")]
    NotARequest(#[source] UnexpectedJson),
}

impl From<IngestError> for Diagnostic {
    fn from(error: IngestError) -> Self {
        let error_type = match error {
            IngestError::NotText(_) => "NotText",
            IngestError::NotARequest(_) => "NotARequest",
        };
        Self {
            error_type: error_type.to_owned(),
            error_message: error.to_string(),
        }
    }
}
