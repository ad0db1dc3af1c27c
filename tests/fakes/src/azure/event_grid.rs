//! Azure Event Grid: topics that take events by HTTP, or as a partner's, and subscriptions that deliver them.
//!
//! A topic is strict in what it takes: its schema, a megabyte a request, a credential. A subscription behaves as the
//! service does: handshake, batches as a whole, at least once, the retry schedule (scaled in time), dead letters.

mod event;
mod subscription;

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use hyper::header::CONTENT_TYPE;
use hyper::{Method, Request};
use serde_json::{Value, json};

use crate::azure::entra::Tokens;
use crate::faults::{Fault, Faults, inject};
use crate::identifier::new_id;
use crate::lock::lock;
use crate::server::{Answer, Server};

pub use event::EventSchema;
pub use subscription::{Deliveries, Subscription, SubscriptionOptions};

/// The largest request that a topic takes.
const MAX_BYTES: usize = 1_048_576;

/// Whom a token must be for.
pub(crate) const RESOURCE: &str = "https://eventgrid.azure.net";

/// A topic. Dropping it closes its port.
#[derive(Debug)]
pub struct Topic {
    server: Server,
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    /// Its resource identifier.
    id: String,
    schema: EventSchema,
    tokens: Tokens,
    key: String,
    subscriptions: Mutex<Vec<Arc<Subscription>>>,
    published: Mutex<Vec<Value>>,
    keeps_published: AtomicBool,
    taken: AtomicU64,
    faults: Faults,
}

impl Topic {
    /// A topic that takes events of one schema from whoever has a token for it.
    pub async fn start(
        name: &str,
        schema: EventSchema,
        tokens: Tokens,
        faults: Faults,
    ) -> io::Result<Self> {
        let group = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/logs";
        let state = Arc::new(State {
            id: format!("{group}/providers/Microsoft.EventGrid/topics/{name}"),
            schema,
            tokens,
            key: new_id(),
            subscriptions: Mutex::default(),
            published: Mutex::default(),
            keeps_published: AtomicBool::new(true),
            taken: AtomicU64::new(0),
            faults,
        });
        let serving = Arc::clone(&state);
        let server = Server::start(move |request| {
            let state = Arc::clone(&serving);
            async move {
                let fault = state.faults.next();
                inject(&fault, refusal, async { publish(&state, &request) }).await
            }
        })
        .await?;
        Ok(Self { server, state })
    }

    /// Where it takes events.
    pub fn endpoint(&self) -> String {
        format!("{}/api/events", self.server.url())
    }

    /// The access key, for clients that have no identity.
    pub fn key(&self) -> &str {
        &self.state.key
    }

    /// Adds a subscription, once its endpoint consents.
    pub async fn subscribe(&self, options: SubscriptionOptions) -> io::Result<Arc<Subscription>> {
        let subscription = Arc::new(Subscription::start(&self.state.id, options).await?);
        lock(&self.state.subscriptions).push(Arc::clone(&subscription));
        Ok(subscription)
    }

    /// Puts events onto the topic as a partner does, who needs no endpoint.
    ///
    /// # Errors
    /// What is wrong with one of them; then none is taken.
    pub fn put(&self, events: &[Value]) -> Result<(), String> {
        self.state.take(events)
    }

    /// From now on keeps no event that it takes.
    pub fn keep_nothing(&self) {
        self.state.keeps_published.store(false, Ordering::Relaxed);
    }

    /// How many events were taken.
    pub fn taken(&self) -> u64 {
        self.state.taken.load(Ordering::Relaxed)
    }

    /// Every event that was taken and kept.
    pub fn published(&self) -> Vec<Value> {
        lock(&self.state.published).clone()
    }
}

impl State {
    fn take(&self, events: &[Value]) -> Result<(), String> {
        for event in events {
            event::check(event, self.schema)?;
        }
        let count = u64::try_from(events.len()).unwrap_or(u64::MAX);
        self.taken.fetch_add(count, Ordering::Relaxed);
        if self.keeps_published.load(Ordering::Relaxed) {
            lock(&self.published).extend_from_slice(events);
        }
        for subscription in lock(&self.subscriptions).iter() {
            subscription.take(events);
        }
        Ok(())
    }
}

fn publish(state: &State, request: &Request<Bytes>) -> Answer {
    let refuse = |status: u16, code: &str, message: &str| {
        let body = json!({ "error": { "code": code, "message": message } });
        Answer::json(status, body.to_string())
    };
    if request.method() != Method::POST || request.uri().path() != "/api/events" {
        return refuse(404, "NotFound", "no such resource");
    }
    let header = |name: &str| request.headers().get(name)?.to_str().ok();
    let is_known = state.tokens.hold(request.headers(), RESOURCE)
        || header("aeg-sas-key") == Some(state.key.as_str());
    if !is_known {
        return refuse(401, "Unauthorized", "the credential is not valid");
    }
    let query = request.uri().query().unwrap_or_default();
    if !query
        .split('&')
        .any(|pair| pair == "api-version=2018-01-01")
    {
        return refuse(400, "BadRequest", "api-version 2018-01-01 is missing");
    }
    if request.body().len() > MAX_BYTES {
        return refuse(413, "RequestEntityTooLarge", "more than 1 MB");
    }
    let media_type = header(CONTENT_TYPE.as_str()).unwrap_or_default();
    let media_type = media_type.split(';').next().unwrap_or_default().trim();
    let body: Option<Value> = serde_json::from_slice(request.body()).ok();
    let events = match (state.schema, media_type, body) {
        (EventSchema::CloudEvents, "application/cloudevents+json", Some(event)) => vec![event],
        (
            EventSchema::CloudEvents,
            "application/cloudevents-batch+json",
            Some(Value::Array(events)),
        )
        | (EventSchema::EventGrid, "application/json", Some(Value::Array(events))) => events,
        (_, _, None) => return refuse(400, "BadRequest", "the body is no JSON"),
        (_, media_type, Some(_)) => {
            let message = format!("this topic takes no `{media_type}`");
            return refuse(400, "BadRequest", &message);
        }
    };
    match state.take(&events) {
        Ok(()) => Answer::with_type(200, "text/plain", ""),
        Err(problem) => refuse(400, "BadRequest", &problem),
    }
}

/// What a faulty topic answers.
fn refusal(fault: &Fault) -> Answer {
    let throttled = (429, "TooManyRequests");
    let (status, code) = fault.status_and_code("Forbidden", "InternalServerError", throttled);
    let body = json!({ "error": { "code": code, "message": "the topic is faulty" } });
    Answer::json(status, body.to_string())
}

#[cfg(test)]
mod tests;
