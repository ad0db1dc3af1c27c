//! One call of the host: its head at once, its body when it is asked for.

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::Request;
use hyper::body::Incoming;
use hyper::http::request::Parts;
use relay::Deadline;
use tokio::time::timeout_at;

/// How much of an unwanted body is read, so that the sender sees the answer and no broken connection.
const MAX_DISCARDED_BYTES: usize = 104_857_600;

/// A call as it came.
#[derive(Debug)]
pub struct Call {
    head: Parts,
    body: Incoming,
    deadline: Deadline,
}

/// Why there is no body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// It is larger than what was asked for.
    #[error("the body is larger than {limit} bytes")]
    TooLarge {
        /// What was asked for.
        limit: usize,
    },
    /// It broke off, or did not come in time.
    #[error("the body is not whole")]
    Incomplete,
}

impl Call {
    pub(crate) fn new(request: Request<Incoming>, deadline: Deadline) -> Self {
        let (head, body) = request.into_parts();
        Self {
            head,
            body,
            deadline,
        }
    }

    /// The method, upper case.
    pub fn method(&self) -> &str {
        self.head.method.as_str()
    }

    /// The path, `/` and the function's name where the host does not pass a request on as it came.
    pub fn path(&self) -> &str {
        self.head.uri.path()
    }

    /// The first header of a name.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        let value = self.head.headers.get(name)?;
        Some(value.as_bytes())
    }

    /// When the call must be answered.
    pub fn deadline(&self) -> Deadline {
        self.deadline
    }

    /// The whole body, of at most so many bytes, however it was sent.
    ///
    /// # Errors
    /// If it is larger, incomplete or late.
    pub async fn body(&mut self, max_bytes: usize) -> Result<Bytes, BodyError> {
        let body = &mut self.body;
        let reading = async {
            let mut whole = BytesMut::new();
            while let Some(frame) = body.frame().await {
                let frame = frame.map_err(|_broken| BodyError::Incomplete)?;
                let Ok(data) = frame.into_data() else {
                    continue;
                };
                if whole.len() + data.len() > max_bytes {
                    return Err(BodyError::TooLarge { limit: max_bytes });
                }
                whole.extend_from_slice(&data);
            }
            Ok(whole.freeze())
        };
        let read = timeout_at(self.deadline.send_by(), reading).await;
        read.unwrap_or(Err(BodyError::Incomplete))
    }

    /// Reads the rest of an unwanted body, up to a limit, and drops it.
    pub async fn discard_body(&mut self) {
        let body = &mut self.body;
        let reading = async {
            let mut left = MAX_DISCARDED_BYTES;
            while let Some(Ok(frame)) = body.frame().await {
                let byte_count = frame.data_ref().map_or(0, Bytes::len);
                match left.checked_sub(byte_count) {
                    Some(rest) => left = rest,
                    None => return,
                }
            }
        };
        // Whoever sends that slowly may see a broken connection.
        let _in_time = timeout_at(self.deadline.send_by(), reading).await;
    }
}
