//! The Event Grid extension's endpoint: handshakes, notifications, and what Event Grid gets to see of each outcome.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use hyper::{Method, Request};
use serde_json::json;
use serde_json::value::RawValue;
use tokio::task::JoinSet;

use super::Shared;
use super::app::Trigger;
use super::invocation::Invocation;
use super::rewriting::rewritten;
use fakes::server::Answer;

/// The largest body that passes.
const MAX_BYTES: usize = 104_857_600;

/// Answers a request of Event Grid.
pub(crate) async fn answer(shared: &Arc<Shared>, request: &Request<Bytes>) -> Answer {
    let query = super::query_of(request);
    if query.get("code") != Some(&shared.keys.system) {
        return empty(401);
    }
    let function = query.get("functionName").map_or("", String::as_str);
    let Some(Trigger::EventGrid { binding, is_many }) = shared.app.functions.get(function) else {
        return empty(404);
    };
    if request.method() == Method::OPTIONS {
        return Answer::Respond(
            hyper::Response::builder()
                .header("webhook-allowed-origin", "eventgrid.azure.net")
                .body(Bytes::new())
                .unwrap_or_default(),
        );
    }
    let event_type = request.headers().get("aeg-event-type");
    match event_type.map(hyper::header::HeaderValue::as_bytes) {
        Some(b"SubscriptionValidation") => validation(request.body()),
        Some(b"Notification") => {
            let trigger = (function, binding.as_str(), *is_many);
            notification(shared, request.body(), trigger).await
        }
        Some(b"Unsubscribe") => empty(202),
        _ => empty(400),
    }
}

fn validation(body: &[u8]) -> Answer {
    let events: Option<serde_json::Value> = serde_json::from_slice(body).ok();
    let code = events.as_ref().and_then(|events| {
        let code = events.pointer("/0/data/validationCode")?;
        code.as_str()
    });
    match code {
        Some(code) => {
            let body = json!({ "validationResponse": code }).to_string();
            Answer::with_type(200, "text/plain; charset=utf-8", body)
        }
        None => empty(400),
    }
}

async fn notification(
    shared: &Arc<Shared>,
    body: &Bytes,
    (function, binding, is_many): (&str, &str, bool),
) -> Answer {
    let events = match events_of(body) {
        Ok(events) => events,
        Err(problem) => return Answer::with_type(500, "text/plain", problem),
    };
    if events.is_empty() {
        return empty(202);
    }
    let invocation = |data: String, metadata: String| Invocation {
        function: function.to_owned(),
        binding: binding.to_owned(),
        data,
        metadata: Some(metadata),
    };
    let calls: Vec<Invocation> = if is_many {
        let all: Vec<&str> = events.iter().map(|event| event.text.as_str()).collect();
        let data: Vec<&str> = events.iter().map(|event| event.data.as_str()).collect();
        // Several values travel as a string that holds an array.
        let [all, data] =
            [all, data].map(|texts| json!(format!("[{}]", texts.join(","))).to_string());
        vec![invocation(all, data)]
    } else {
        let each = events.into_iter();
        each.map(|event| invocation(event.text, event.data))
            .collect()
    };
    // All run at once, without a limit, and the answer comes after the slowest.
    let mut invocations = JoinSet::new();
    for call in calls {
        let shared = Arc::clone(shared);
        invocations.spawn(async move { shared.invoke(&call).await });
    }
    let mut failure = None;
    while let Some(ended) = invocations.join_next().await {
        let ended = ended.unwrap_or_else(|_| Err("the invocation broke off".to_owned()));
        failure = failure.or(ended.err());
    }
    match failure {
        None => empty(202),
        Some(reason) => Answer::with_type(500, "text/plain; charset=utf-8", reason),
    }
}

/// An event as a handler gets it, and its data, which travels once more.
struct Event {
    text: String,
    data: String,
}

fn events_of(body: &[u8]) -> Result<Vec<Event>, String> {
    if body.len() > MAX_BYTES {
        return Err("the request is too large".to_owned());
    }
    let text = str::from_utf8(body).map_err(|error| error.to_string())?;
    let text = rewritten(text).map_err(|error| error.to_string())?;
    let elements: Vec<&RawValue> = if text.starts_with('[') {
        serde_json::from_str(&text).map_err(|error| error.to_string())?
    } else {
        vec![serde_json::from_str(&text).map_err(|error| error.to_string())?]
    };
    let events = elements.into_iter().map(|element| {
        let members: BTreeMap<String, &RawValue> = serde_json::from_str(element.get())
            .map_err(|error| format!("an event is no object: {error}"))?;
        let data = members.get("data").map_or("null", |data| data.get());
        Ok(Event {
            text: element.get().to_owned(),
            data: data.to_owned(),
        })
    });
    events.collect()
}

fn empty(status: u16) -> Answer {
    Answer::with_type(status, "text/plain", "")
}
