//! Calls of the Functions host in, JSON objects out: events, the replay of dead letters, the purge of the ledger.

use std::convert::Infallible;

use custom_handler::{Call, Handler, Reply};
use http_clients::{DeadLetterContainer, JournalTable};
use relay::journal::Journal;
use relay::{AnySink, Relay, TableOrMemory, chain};
use serde_json::json;
use tenant_logs::decode;

use crate::events::{incoming_body, texts_of};
use crate::replay::replay;
use crate::{Settings, SubscriberError};

/// The host brings an event twice, so this is far above twice of what Event Grid delivers at once.
const MAX_BODY_BYTES: usize = 67_108_864;

/// Everything the function needs, built once.
#[derive(Debug)]
pub struct Subscriber {
    relay: Relay<AnySink, TableOrMemory<JournalTable>, DeadLetterContainer>,
}

impl Subscriber {
    /// Builds the clients.
    pub fn new(settings: Settings) -> Self {
        let function = settings.function;
        let ledger = settings
            .ledger
            .open(|table| JournalTable::new(&function.identity, table));
        Self {
            relay: Relay::delivering(
                function.into_parts(env!("CARGO_PKG_NAME")),
                ledger,
                settings.destinations,
                settings.replay_destinations,
            ),
        }
    }

    /// Delivers the events of one invocation; the answer is for all of them.
    async fn deliver(&self, call: &mut Call) -> Result<Reply, SubscriberError> {
        let deadline = call.deadline();
        let body = call.body(MAX_BODY_BYTES).await;
        let body = body.map_err(SubscriberError::Read)?;
        let text = decode(&body, MAX_BODY_BYTES);
        let texts = text.as_deref().map(texts_of);
        let outcome = match &texts {
            Ok(texts) => {
                let bodies = texts.iter().map(|text| incoming_body(text));
                self.relay.deliver(bodies, &deadline).await
            }
            Err(unreadable) => {
                let unreadable = relay::IncomingBody::new(&body, Err(**unreadable));
                self.relay.deliver([unreadable], &deadline).await
            }
        };
        if outcome.handed_back.is_empty() {
            Ok(Reply::done())
        } else {
            Err(SubscriberError::NotDelivered)
        }
    }

    /// Replays dead letters, and reports in the HTTP response how many are left.
    async fn replay(&self, call: &mut Call) -> Reply {
        call.discard_body().await;
        let (status, body) = match replay(&self.relay, &call.deadline()).await {
            Ok(replayed) => (200, replayed.to_json()),
            Err(error) => {
                report(&error);
                (503, json!({ "error": error.to_string() }).to_string())
            }
        };
        // `response` is the output in replay/function.json.
        let outputs = json!({
            "response": {
                "statusCode": status,
                "headers": { "content-type": "application/json" },
                "body": body,
            }
        });
        let answer = json!({ "Outputs": outputs, "Logs": [], "ReturnValue": null });
        Reply::new(200, answer.to_string())
    }

    /// Deletes what the ledger need not remember any more, as far as there is time; the next day goes on.
    async fn purge(&self, call: &mut Call) -> Result<Reply, SubscriberError> {
        call.discard_body().await;
        let deadline = call.deadline();
        // In memory the oldest buckets make way by themselves.
        let store = self.relay.ledger.as_ref().map(Journal::store);
        if let Some(TableOrMemory::Table(rows)) = store {
            let purged = rows.purge(deadline.begun(), deadline.send_by()).await;
            let purged = purged.map_err(SubscriberError::Purge)?;
            let (row_count, has_more) = (purged.deleted, purged.has_more);
            tracing::info!(row_count, has_more, "ledger purged");
        }
        Ok(Reply::done())
    }
}

impl Handler for Subscriber {
    const READS_FIRST: Option<usize> = Some(MAX_BODY_BYTES);

    async fn answer(&self, mut call: Call) -> Reply {
        if call.method() != "POST" {
            return Reply::failure(405, "the Functions host calls by POST");
        }
        let answered = match call.path() {
            "/replay" => Ok(self.replay(&mut call).await),
            "/purge-ledger" => self.purge(&mut call).await,
            // Whatever the function is called that Event Grid triggers.
            _ => self.deliver(&mut call).await,
        };
        answered.unwrap_or_else(|error| {
            report(&error);
            error.into()
        })
    }

    async fn work_beside_calls(&self) -> Infallible {
        self.relay.counters.write_from_time_to_time().await
    }
}

fn report(error: &SubscriberError) {
    // What was handed back is reported by the flow, with its reason.
    if !matches!(error, SubscriberError::NotDelivered) {
        let error = chain(error).to_string();
        tracing::error!(error, "call failed");
    }
}
