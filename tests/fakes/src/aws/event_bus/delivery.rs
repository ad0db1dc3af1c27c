//! Handing events to targets, and Lambda's own queue before an asynchronous invocation.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::target::{AsyncTarget, Target};
use crate::aws::{ACCOUNT, REGION};
use crate::identifier::new_id;
use crate::invocation::InvocationError;
use crate::lock::lock;

/// Invocations under way. They end when this is dropped.
#[derive(Debug)]
pub(super) struct Deliveries {
    invocations: Mutex<JoinSet<()>>,
    pending: watch::Sender<usize>,
}

impl Default for Deliveries {
    fn default() -> Self {
        Self {
            invocations: Mutex::default(),
            pending: watch::Sender::new(0),
        }
    }
}

impl Deliveries {
    /// Hands an event to a target; false if the target refuses it.
    pub(super) fn hand_over(&self, target: &Target, event: &str) -> bool {
        match target {
            Target::Queue(queue) => queue.send(event).is_ok(),
            Target::Function(function) => {
                self.invoke(Arc::clone(function), event.to_owned());
                true
            }
        }
    }

    pub(super) async fn settled(&self, timeout: Duration) -> Result<(), usize> {
        let mut pending = self.pending.subscribe();
        let settled = pending.wait_for(|count| *count == 0);
        match tokio::time::timeout(timeout, settled).await {
            Ok(_) => Ok(()),
            Err(_elapsed) => Err(*self.pending.borrow()),
        }
    }

    fn invoke(&self, function: Arc<AsyncTarget>, event: String) {
        self.pending.send_modify(|count| *count += 1);
        let pending = self.pending.clone();
        let mut invocations = lock(&self.invocations);
        while invocations.try_join_next().is_some() {}
        invocations.spawn(async move {
            invoke_asynchronously(&function, event).await;
            pending.send_modify(|count| *count -= 1);
        });
    }
}

async fn invoke_asynchronously(function: &AsyncTarget, event: String) {
    let request_id = new_id();
    let [first, second] = function.retry_after;
    let mut delays = [first, second].into_iter();
    let mut tries = 1_u32;
    let failure = loop {
        match function.invoke(event.clone().into_bytes()).await {
            Ok(_) => return,
            // A throttled invocation never reached the function, so it is no try.
            Err(InvocationError::Throttled) => {
                tokio::time::sleep(function.throttled_wait()).await;
            }
            Err(error) => match delays.next() {
                Some(delay) => {
                    tokio::time::sleep(delay).await;
                    tries += 1;
                }
                None => break error,
            },
        }
    };
    let Some(queue) = &function.on_failure else {
        return;
    };
    if let Some(record) = failure_record(function, &request_id, tries, &event, &failure) {
        // An event of the largest size no longer fits with its record: Lambda loses it as well.
        drop(queue.send(&record));
    }
}

/// What Lambda sends to an `OnFailure` destination, the event byte for byte.
fn failure_record(
    function: &AsyncTarget,
    request_id: &str,
    tries: u32,
    event: &str,
    error: &InvocationError,
) -> Option<String> {
    let response = match error {
        InvocationError::Function { body, .. } => serde_json::from_str(body).unwrap_or(Value::Null),
        InvocationError::Timeout
        | InvocationError::Crashed { .. }
        | InvocationError::InitFailed { .. }
        | InvocationError::Throttled => json!({ "errorMessage": error.to_string() }),
    };
    let payload: &RawValue = serde_json::from_str(event).ok()?;
    let head = json!({
        "version": "1.0",
        "timestamp": Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
        "requestContext": {
            "requestId": request_id,
            "functionArn": format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{}:$LATEST", function.name()),
            "condition": "RetriesExhausted",
            "approximateInvokeCount": tries,
        },
        "responseContext": {
            "statusCode": 200,
            "executedVersion": "$LATEST",
            "functionError": "Unhandled",
        },
        "responsePayload": response,
    });
    let head = head.to_string();
    let open = head.strip_suffix('}')?;
    Some(format!("{open},\"requestPayload\":{payload}}}"))
}
