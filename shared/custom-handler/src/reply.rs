//! What a call is answered: always JSON with a JSON content type, because the host fails a call on anything else.

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};

/// An answer to a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// A JSON object.
    pub json: String,
    /// One more header, where the status asks for one.
    pub header: Option<(&'static str, &'static str)>,
}

impl Reply {
    /// An answer with a status and a JSON object.
    pub fn new(status: u16, json: impl Into<String>) -> Self {
        Self {
            status,
            json: json.into(),
            header: None,
        }
    }

    /// An invocation that is done, in the host's own words.
    pub fn done() -> Self {
        Self::new(200, r#"{"Outputs":{},"Logs":[],"ReturnValue":null}"#)
    }

    /// A failure; `error` is one of our own sentences, which need no escapes.
    pub fn failure(status: u16, error: &str) -> Self {
        Self::new(status, format!(r#"{{"error":"{error}"}}"#))
    }

    pub(crate) fn into_response(self) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::from(self.json));
        // Statuses come from our own code; one that is none is a failure all the same.
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some((name, value)) = self.header {
            headers.insert(
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            );
        }
        response
    }
}
