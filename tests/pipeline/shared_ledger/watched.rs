//! A function of which it is known what it was working on when it died.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use fakes::invocation::{InvocationError, Invoke};
use hosts::lambda::Function;
use serde_json::Value;

/// A function, and the events of each invocation that ended without an answer.
pub(crate) struct Watched {
    function: Function,
    is_working: AtomicBool,
    died_with: Mutex<Vec<BTreeSet<String>>>,
}

impl Watched {
    pub(crate) fn new(function: Function) -> Self {
        Self {
            function,
            is_working: AtomicBool::new(false),
            died_with: Mutex::default(),
        }
    }

    /// Whether an invocation is under way.
    pub(crate) fn is_working(&self) -> bool {
        self.is_working.load(Ordering::Relaxed)
    }

    pub(crate) async fn kill(&self) {
        self.function.kill().await;
    }

    /// The events of each batch that had no answer.
    pub(crate) fn died_with(&self) -> Vec<BTreeSet<String>> {
        self.died_with.lock().unwrap().clone()
    }
}

impl Invoke for Watched {
    async fn invoke(&self, payload: Vec<u8>) -> Result<Bytes, InvocationError> {
        let log_ids = log_ids(&payload);
        self.is_working.store(true, Ordering::Relaxed);
        let answer = self.function.invoke(payload).await;
        self.is_working.store(false, Ordering::Relaxed);
        if answer.is_err() {
            self.died_with.lock().unwrap().push(log_ids);
        }
        answer
    }
}

/// The `log_id` of every record of a batch.
fn log_ids(payload: &[u8]) -> BTreeSet<String> {
    let batch: Value = serde_json::from_slice(payload).unwrap();
    let records = batch["Records"].as_array().unwrap().iter();
    let bodies = records.map(|record| record["body"].as_str().unwrap());
    let events = bodies.map(|body| serde_json::from_str::<Value>(body).unwrap());
    events
        .map(|event| event["log_id"].as_str().unwrap().to_owned())
        .collect()
}
