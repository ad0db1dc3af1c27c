//! The replay of dead letters: each one in the container is delivered again, and deleted once its event is known.
//!
//! A dead letter that cannot pass stays where it is, as it is. Only a dead letter of Event Grid's own, or of no sink, may hold
//! events of which one sink takes some and another does not: for those a dead letter that names the sink is written.

use futures_util::stream::{self, StreamExt};
use http_clients::DeadLetterContainer;
use relay::journal::Store;
use relay::{DeadLetters, Deadline, IncomingBody, PortError, Relay, Sink, Stays, chain};
use serde_json::json;
use tenant_logs::DeadLetter;
use tokio::time::Instant;

use crate::SubscriberError;
use crate::events::returned_body;

/// Dead letters that are replayed side by side.
const DEAD_LETTERS_AT_ONCE: usize = 8;

/// A container of dead letters that can be replayed.
pub(crate) trait DeadLetterBox: DeadLetters {
    /// The names of all dead letters.
    fn names(&self, until: Instant) -> impl Future<Output = Result<Vec<String>, PortError>> + Send;

    /// A dead letter's bytes; `None` if it is gone.
    fn read(
        &self,
        name: &str,
        until: Instant,
    ) -> impl Future<Output = Result<Option<Vec<u8>>, PortError>> + Send;

    /// Takes a dead letter away; one that is gone already is no error.
    fn take_away(
        &self,
        name: &str,
        until: Instant,
    ) -> impl Future<Output = Result<(), PortError>> + Send;
}

impl DeadLetterBox for DeadLetterContainer {
    async fn names(&self, until: Instant) -> Result<Vec<String>, PortError> {
        let mut names = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let page = self.list(after.as_deref(), until).await?;
            names.extend(
                page.dead_letters
                    .into_iter()
                    .map(|dead_letter| dead_letter.name),
            );
            after = page.next;
            if after.is_none() {
                return Ok(names);
            }
        }
    }

    async fn read(&self, name: &str, until: Instant) -> Result<Option<Vec<u8>>, PortError> {
        self.get(name, until).await
    }

    async fn take_away(&self, name: &str, until: Instant) -> Result<(), PortError> {
        self.delete(name, until).await
    }
}

/// What became of the dead letters.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Replayed {
    /// Deleted, because their events are delivered or known.
    pub(crate) delivered: usize,
    /// Still there, because a sink refuses them for good.
    pub(crate) set_aside: usize,
    /// Still there, because a sink cannot take them for now, because something in them goes to no sink (it is no log event,
    /// or a filter stops it), or because the time was over.
    pub(crate) left: usize,
}

/// What became of one dead letter.
enum Fate {
    Delivered,
    SetAside,
    Left,
}

impl Replayed {
    /// For whoever asked for it.
    pub(crate) fn to_json(self) -> String {
        let Self {
            delivered,
            set_aside,
            left,
        } = self;
        json!({ "delivered": delivered, "set_aside": set_aside, "left": left }).to_string()
    }
}

/// Replays every dead letter that the deadline allows.
pub(crate) async fn replay<S: Sink, L: Store, B: DeadLetterBox>(
    relay: &Relay<S, L, B>,
    deadline: &Deadline,
) -> Result<Replayed, SubscriberError> {
    let dead_letter_box = &relay.dead_letters;
    let names = dead_letter_box.names(deadline.send_by()).await;
    let mut names = names.map_err(SubscriberError::List)?;
    // Each replay begins with another, or those that hang or fail at the head would keep all others from being tried.
    let micros = usize::try_from(deadline.begun().subsec_microsecond()).unwrap_or_default();
    let first = micros % names.len().max(1);
    names.rotate_left(first);
    let fates = stream::iter(&names).map(|name| async move {
        if Instant::now() >= deadline.send_by() {
            return Fate::Left;
        }
        match replay_one(relay, name, deadline).await {
            Ok(fate) => fate,
            Err(error) => {
                let error = chain(&error).to_string();
                tracing::error!(error, "dead letter not replayed, it stays where it is");
                Fate::Left
            }
        }
    });
    let mut replayed = Replayed::default();
    let mut fates = fates.buffer_unordered(DEAD_LETTERS_AT_ONCE);
    while let Some(fate) = fates.next().await {
        match fate {
            Fate::Delivered => replayed.delivered += 1,
            Fate::SetAside => replayed.set_aside += 1,
            Fate::Left => replayed.left += 1,
        }
    }
    Ok(replayed)
}

async fn replay_one<S: Sink, L: Store, B: DeadLetterBox>(
    relay: &Relay<S, L, B>,
    name: &str,
    deadline: &Deadline,
) -> Result<Fate, PortError> {
    let dead_letter_box = &relay.dead_letters;
    let Some(bytes) = dead_letter_box.read(name, deadline.send_by()).await? else {
        // Another replay was faster.
        return Ok(Fate::Delivered);
    };
    let Ok(text) = String::from_utf8(bytes) else {
        return Ok(Fate::Left);
    };
    let dead_letter = DeadLetter::read(&text);
    // What cannot pass stays in the dead letter, which is kept.
    let stays = Stays {
        sink: dead_letter.and_then(|dead_letter| dead_letter.sink),
    };
    let body = IncomingBody {
        stays: Some(stays),
        ..returned_body(&text)
    };
    let outcome = relay.deliver([body], deadline).await;
    if !outcome.handed_back.is_empty() || outcome.rejected > 0 {
        return Ok(Fate::Left);
    }
    if outcome.set_aside > 0 {
        return Ok(Fate::SetAside);
    }
    dead_letter_box
        .take_away(name, deadline.answer_by())
        .await?;
    Ok(Fate::Delivered)
}

#[cfg(test)]
mod tests;
