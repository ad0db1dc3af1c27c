//! A Firehose stream: takes records by `PutRecordBatch` and keeps them behind each other, as its files in S3 would.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hyper::Request;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::aws::json::{Refusal, Service, malformed};
use crate::faults::{Faults, inject};
use crate::identifier::new_id;
use crate::lock::lock;
use crate::server::{Answer, Server};

const FIREHOSE: Service = Service {
    target: "Firehose_20150804",
    signing_name: "firehose",
    content_type: "application/x-amz-json-1.1",
    throttled: "ThrottlingException",
};

/// Most records of one call.
const RECORD_LIMIT: usize = 500;
/// The size of one record before base64.
const RECORD_LIMIT_BYTES: usize = 1_024_000;
/// The size of all records of one call together.
const CALL_LIMIT_BYTES: usize = 4 * 1_048_576;

/// What a stream has done so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FirehoseCounts {
    /// Calls, those refused or lost too.
    pub calls: u64,
    /// Records taken.
    pub accepted: u64,
    /// Records refused, in calls that succeeded.
    pub refused: u64,
}

/// A running stream with its endpoint.
#[derive(Debug)]
pub struct Firehose {
    stream: Arc<Stream>,
    server: Server,
}

#[derive(Debug)]
struct Stream {
    name: String,
    faults: Faults,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    written: Vec<u8>,
    counts: FirehoseCounts,
}

impl Firehose {
    /// Starts an empty stream.
    pub async fn start(name: impl Into<String>, faults: Faults) -> io::Result<Self> {
        let stream = Arc::new(Stream {
            name: name.into(),
            faults,
            state: Mutex::default(),
        });
        let handle = Arc::clone(&stream);
        let server = Server::start(move |request| {
            let stream = Arc::clone(&handle);
            async move { answer(&request, &stream).await }
        });
        Ok(Self {
            stream,
            server: server.await?,
        })
    }

    /// Where the SDK finds the service.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.stream.name
    }

    /// Everything it took, in the order of arrival, with nothing between the records.
    pub fn written(&self) -> Vec<u8> {
        lock(&self.stream.state).written.clone()
    }

    /// What it has done so far.
    pub fn counts(&self) -> FirehoseCounts {
        lock(&self.stream.state).counts
    }

    /// How often each `log_id` is in a line of what it took; a line without one counts under its own text.
    pub fn log_ids(&self) -> BTreeMap<String, u64> {
        let written = self.written();
        let mut log_ids = BTreeMap::new();
        for line in String::from_utf8_lossy(&written).lines() {
            let event: Value = serde_json::from_str(line).unwrap_or_default();
            let log_id = event.get("log_id").and_then(Value::as_str).unwrap_or(line);
            *log_ids.entry(log_id.to_owned()).or_default() += 1;
        }
        log_ids
    }
}

async fn answer(request: &Request<Bytes>, stream: &Stream) -> Answer {
    lock(&stream.state).counts.calls += 1;
    let fault = stream.faults.next();
    let work = async {
        let performed = FIREHOSE.read(request).and_then(|(operation, input)| {
            perform(&operation, input, stream, || {
                stream.faults.refuses_entry(&fault)
            })
        });
        match performed {
            Ok(output) => FIREHOSE.accept(&output),
            Err(refusal) => FIREHOSE.refuse(&refusal),
        }
    };
    inject(&fault, |fault| FIREHOSE.faulty_answer(fault), work).await
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PutRecordBatch {
    delivery_stream_name: String,
    records: Vec<PutRecord>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PutRecord {
    data: String,
}

/// `refuses` draws whether a record is refused on purpose, and with which code.
fn perform(
    operation: &str,
    input: Value,
    stream: &Stream,
    refuses: impl Fn() -> Option<String>,
) -> Result<Value, Refusal> {
    if operation != "PutRecordBatch" {
        let message = format!("{operation} is not part of the local cloud");
        return Err(Refusal::new("UnknownOperationException", message));
    }
    let input: PutRecordBatch = serde_json::from_value(input).map_err(|_wrong_type| malformed())?;
    if input.delivery_stream_name != stream.name {
        let message = format!("Firehose {} not found.", input.delivery_stream_name);
        return Err(Refusal::new("ResourceNotFoundException", message));
    }
    let records = input.records.iter().map(|record| {
        let decoded = STANDARD.decode(&record.data);
        decoded.map_err(|_not_base64| malformed())
    });
    let records: Vec<Vec<u8>> = records.collect::<Result<_, _>>()?;
    check(&records)?;

    let mut state = lock(&stream.state);
    let mut failed = 0;
    let mut results = Vec::with_capacity(records.len());
    for record in &records {
        if let Some(code) = refuses() {
            failed += 1;
            results.push(json!({"ErrorCode": code, "ErrorMessage": "refused on purpose"}));
        } else {
            state.written.extend_from_slice(record);
            state.counts.accepted += 1;
            results.push(json!({ "RecordId": new_id() }));
        }
    }
    state.counts.refused += failed;
    Ok(json!({"FailedPutCount": failed, "Encrypted": false, "RequestResponses": results}))
}

fn check(records: &[Vec<u8>]) -> Result<(), Refusal> {
    let invalid = |message: &str| Err(Refusal::new("ValidationException", message));
    if !(1..=RECORD_LIMIT).contains(&records.len()) {
        return invalid("Member must have a length between 1 and 500");
    }
    if records
        .iter()
        .any(|record| record.len() > RECORD_LIMIT_BYTES)
    {
        return invalid("Member must have length less than or equal to 1024000");
    }
    if records.iter().map(Vec::len).sum::<usize>() > CALL_LIMIT_BYTES {
        let message = "Records size exceeds 4 MB limit";
        return Err(Refusal::new("InvalidArgumentException", message));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
