//! A call's body on its way from the thread that speaks HTTP to the one that works: whole, with the call or once it is
//! asked for.
//!
//! The host sends a body by the kilobyte. Where each of these pieces goes to the other thread by itself, both are woken for
//! it: 350 times for a hundred events, which took the subscriber 12 of its 13 ms.

use std::fmt;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

/// How much is read of a body that is not kept, so that the sender sees the answer and no broken connection: the largest
/// request that the Functions host lets pass.
pub const MAX_HOST_BYTES: usize = 104_857_600;

/// What gets a body piece by piece.
pub type Pieces = Box<dyn FnMut(&[u8]) + Send>;

/// Why there is no body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// It is larger than what was asked for.
    #[error("the body is larger than {limit} bytes")]
    TooLarge {
        /// What was asked for.
        limit: usize,
    },
    /// It broke off, did not come in time, or was asked for before.
    #[error("the body is not whole")]
    Incomplete,
}

/// Where the handler has a body from.
pub(crate) struct BodyAtHand {
    /// What came with the call.
    read: Option<Brought>,
    ask: Option<oneshot::Sender<Asked>>,
}

/// Where a body is brought from.
pub(crate) struct BodyToBring {
    incoming: Incoming,
    asked: oneshot::Receiver<Asked>,
}

/// A body, where it is held.
type Brought = Result<Option<Bytes>, BodyError>;

struct Asked {
    wanted: Wanted,
    brought: oneshot::Sender<Brought>,
}

enum Wanted {
    /// All of it, if it has no more bytes than these.
    Whole(usize),
    /// The same, and a larger one piece by piece.
    WholeOrPieces(usize, Pieces),
    /// Nothing, but its sender is to come to its end.
    Discarded,
}

impl fmt::Debug for BodyAtHand {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("BodyAtHand")
    }
}

/// The two ends of a body; one that is to come with its call, of at most so many bytes, is read before.
pub(crate) async fn between_threads(
    mut incoming: Incoming,
    reads_first: Option<usize>,
    until: Instant,
) -> (BodyAtHand, BodyToBring) {
    let (ask, asked) = oneshot::channel();
    let at_hand = match reads_first {
        Some(max_bytes) => BodyAtHand {
            read: Some(read(&mut incoming, Wanted::Whole(max_bytes), until).await),
            ask: None,
        },
        None => BodyAtHand {
            read: None,
            ask: Some(ask),
        },
    };
    (at_hand, BodyToBring { incoming, asked })
}

impl BodyAtHand {
    /// The whole body, of at most so many bytes.
    pub(crate) async fn whole(&mut self, max_bytes: usize) -> Result<Bytes, BodyError> {
        let body = self.ask(Wanted::Whole(max_bytes)).await?;
        let body = body.filter(|body| body.len() <= max_bytes);
        body.ok_or(BodyError::TooLarge { limit: max_bytes })
    }

    /// The whole body, of at most so many bytes; `None` if it has more, and `pieces` got them.
    pub(crate) async fn whole_or_pieces(
        &mut self,
        max_bytes: usize,
        pieces: Pieces,
    ) -> Result<Option<Bytes>, BodyError> {
        self.ask(Wanted::WholeOrPieces(max_bytes, pieces)).await
    }

    /// Returns once the body has been read and dropped.
    pub(crate) async fn discarded(&mut self) {
        // Whoever sends too slowly or too much may see a broken connection.
        let _nothing = self.ask(Wanted::Discarded).await;
    }

    async fn ask(&mut self, wanted: Wanted) -> Brought {
        if let Some(read) = self.read.take() {
            return read;
        }
        let ask = self.ask.take().ok_or(BodyError::Incomplete)?;
        let (brought, bringing) = oneshot::channel();
        ask.send(Asked { wanted, brought })
            .map_err(|_gone| BodyError::Incomplete)?;
        bringing.await.unwrap_or(Err(BodyError::Incomplete))
    }
}

impl BodyToBring {
    /// Brings the body if it is asked for; what is not there at a moment is not waited for.
    pub(crate) async fn bring(&mut self, until: Instant) {
        let Ok(Asked {
            wanted,
            mut brought,
        }) = (&mut self.asked).await
        else {
            return;
        };
        let read = tokio::select! {
            read = read(&mut self.incoming, wanted, until) => read,
            () = brought.closed() => return,
        };
        // The call may have ended in this very moment.
        let _in_time = brought.send(read);
    }
}

async fn read(incoming: &mut Incoming, wanted: Wanted, until: Instant) -> Brought {
    let read = timeout_at(until, read_to_the_end(incoming, wanted)).await;
    read.unwrap_or(Err(BodyError::Incomplete))
}

async fn read_to_the_end(incoming: &mut Incoming, mut wanted: Wanted) -> Brought {
    let (limit, max_held) = match &wanted {
        Wanted::Whole(max_bytes) => (*max_bytes, *max_bytes),
        Wanted::WholeOrPieces(max_bytes, _) => (MAX_HOST_BYTES.max(*max_bytes), *max_bytes),
        Wanted::Discarded => (MAX_HOST_BYTES, 0),
    };
    // A buffer that grows with what comes is copied again and again.
    let named = usize::try_from(incoming.size_hint().lower()).unwrap_or(usize::MAX);
    let mut held = BytesMut::with_capacity(if named <= max_held { named } else { 0 });
    let mut is_held = max_held > 0;
    let mut left = limit;
    while let Some(frame) = incoming.frame().await {
        let frame = frame.map_err(|_broken| BodyError::Incomplete)?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        left = left
            .checked_sub(data.len())
            .ok_or(BodyError::TooLarge { limit })?;
        is_held &= held.len() + data.len() <= max_held;
        if is_held {
            held.extend_from_slice(&data);
        } else if let Wanted::WholeOrPieces(_, pieces) = &mut wanted {
            if !held.is_empty() {
                pieces(&std::mem::take(&mut held));
            }
            pieces(&data);
        }
    }
    Ok(is_held.then(|| held.freeze()))
}
