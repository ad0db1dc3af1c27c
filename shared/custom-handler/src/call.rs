//! One call of the host: its head at once, its body when it is asked for.

use bytes::Bytes;
use hyper::http::request::Parts;
use relay::Deadline;

use crate::body::{BodyAtHand, BodyError, Pieces};

/// A call as it came.
#[derive(Debug)]
pub struct Call {
    head: Parts,
    body: BodyAtHand,
    deadline: Deadline,
}

impl Call {
    pub(crate) fn new(head: Parts, body: BodyAtHand, deadline: Deadline) -> Self {
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

    /// The whole body, of at most so many bytes, however it was sent; a body can be had once.
    ///
    /// # Errors
    /// If it is larger, incomplete or late.
    pub async fn body(&mut self, max_bytes: usize) -> Result<Bytes, BodyError> {
        self.body.whole(max_bytes).await
    }

    /// The same; `None` if it is larger, up to [`crate::MAX_HOST_BYTES`]: then `pieces` got all of it, and nothing is held.
    ///
    /// # Errors
    /// If it is larger even than that, incomplete or late.
    pub async fn body_or_pieces(
        &mut self,
        max_bytes: usize,
        pieces: Pieces,
    ) -> Result<Option<Bytes>, BodyError> {
        self.body.whole_or_pieces(max_bytes, pieces).await
    }

    /// Reads an unwanted body, up to a limit, and drops it.
    pub async fn discard_body(&mut self) {
        self.body.discarded().await;
    }
}
