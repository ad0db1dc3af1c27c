//! SQS batches and direct invocations by a rule in, item failures out.

use aws_clients::{AwsConnection, DeadLetterQueue};
use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use lambda_runtime::LambdaEvent;
use relay::{Arrival, CounterFormat, Deadline, MemoryLedger, Outcome, Relay, WhenRefused};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tenant_logs::parse;

use crate::sink::TargetSink;
use crate::{Settings, TargetError};

/// Everything the function needs, built once.
#[derive(Debug)]
pub struct Target {
    relay: Relay<TargetSink, MemoryLedger, DeadLetterQueue>,
}

/// What Lambda gets back.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// For a batch from SQS: the messages that must come again.
    Batch(SqsBatchResponse),
    /// For an event from a rule: it is delivered or set aside.
    Done {},
}

impl Target {
    /// Builds the clients.
    pub fn new(settings: Settings) -> Self {
        let connection = AwsConnection::new(settings.aws);
        let common = settings.common;
        tracing::warn!(
            "the ledger is in memory: it knows the last 100,000 log events of this process only"
        );
        Self {
            relay: Relay {
                function: env!("CARGO_PKG_NAME"),
                tenant: common.tenant,
                filter: common.filter,
                redaction: common.redaction,
                destinations: settings.destinations,
                replay_destinations: Some(Vec::new()),
                ledger: Some(MemoryLedger::default()),
                dead_letters: DeadLetterQueue::new(&connection, settings.dead_letters),
                when_refused: WhenRefused::HandBack,
                counter_format: CounterFormat::EmbeddedMetrics,
            },
        }
    }
}

/// Delivers the log events of one invocation.
///
/// # Errors
/// Where nothing may be acknowledged; a batch of SQS messages is answered message by message instead.
pub async fn handle(
    target: &Target,
    event: LambdaEvent<Box<RawValue>>,
) -> Result<Answer, TargetError> {
    let deadline = Deadline::at_epoch_millis(event.context.deadline);
    let payload = event.payload.get();
    match event_source(payload)? {
        None => {
            let trace_id = event.context.xray_trace_id.as_deref();
            let outcome = deliver(target, [(payload, trace_id)], &deadline).await;
            if outcome.handed_back.is_empty() {
                Ok(Answer::Done {})
            } else {
                Err(TargetError::NotDelivered)
            }
        }
        Some(event_source) if event_source == "aws:sqs" => {
            let batch: SqsEvent = serde_json::from_str(payload).map_err(TargetError::NotABatch)?;
            let bodies = batch.records.iter().map(body_and_trace);
            let outcome = deliver(target, bodies, &deadline).await;
            item_failures(&batch.records, &outcome).map(Answer::Batch)
        }
        Some(event_source) => Err(TargetError::UnknownEventSource {
            event_source: service_name(event_source),
        }),
    }
}

/// The name where it is one of AWS's own: anything else may be an event's text, which no report repeats.
fn service_name(event_source: String) -> String {
    let is_allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let is_service = event_source
        .strip_prefix("aws:")
        .is_some_and(|name| name.len() <= 32 && name.bytes().all(is_allowed));
    if is_service {
        event_source
    } else {
        "unknown".to_owned()
    }
}

/// The service whose records the event holds; nothing where it holds none and so comes from a rule.
fn event_source(payload: &str) -> Result<Option<String>, TargetError> {
    #[derive(Deserialize)]
    struct Records {
        #[serde(rename = "Records")]
        records: Option<Vec<Record>>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Record {
        #[serde(default)]
        event_source: String,
    }
    if !payload.starts_with('{') {
        return Ok(None);
    }
    let event: Records = serde_json::from_str(payload).map_err(TargetError::NotABatch)?;
    let first = event.records.map(|records| {
        let first = records.into_iter().next();
        first.map_or_else(|| "aws:sqs".to_owned(), |record| record.event_source)
    });
    Ok(first)
}

fn body_and_trace(message: &SqsMessage) -> (&str, Option<&str>) {
    let trace_id = message.attributes.get("AWSTraceHeader");
    (
        message.body.as_deref().unwrap_or_default(),
        trace_id.map(String::as_str),
    )
}

async fn deliver<'a>(
    target: &Target,
    bodies: impl IntoIterator<Item = (&'a str, Option<&'a str>)>,
    deadline: &Deadline,
) -> Outcome {
    let arrivals = bodies.into_iter().map(|(body, trace_id)| Arrival {
        body: body.as_bytes(),
        parsed: parse(body),
        trace_id,
    });
    target.relay.deliver(arrivals.collect(), deadline).await
}

/// Names the messages that must come again, by the positions of their bodies.
fn item_failures(
    messages: &[SqsMessage],
    outcome: &Outcome,
) -> Result<SqsBatchResponse, TargetError> {
    let mut response = SqsBatchResponse::default();
    for position in &outcome.handed_back {
        let message = messages.get(*position);
        // An empty identifier would make Lambda bring the whole batch again, so that is said as an error.
        let message_id = message
            .and_then(|message| message.message_id.clone())
            .filter(|message_id| !message_id.is_empty())
            .ok_or(TargetError::NoMessageId)?;
        let mut failure = BatchItemFailure::default();
        failure.item_identifier = message_id;
        response.batch_item_failures.push(failure);
    }
    Ok(response)
}
