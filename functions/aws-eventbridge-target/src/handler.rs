//! Batches from SQS and Kinesis, by Lambda or EventBridge Pipes, and direct invocations by a rule or a topic in, item failures
//! out.

mod failure_record;
mod message;
mod record;
mod returns;

use std::collections::{BTreeMap, BTreeSet};

use aws_clients::{DeadLetterQueue, EventQueue, JournalTable, QueueSender};
use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse};
use lambda_handler::{Bytes, Handler};
use lambda_runtime::Context;
use relay::{AnySink, ComesAgain, Deadline, Relay, Remedy, Rest, TableOrMemory};
use serde::Serialize;

use crate::settings::ReplayQueue;
use crate::{Settings, TargetError};
use record::{Record, Text, records_of, texts_of};
use returns::give_back;

/// Whose records are answered one by one.
const BATCH_SOURCES: [&str; 2] = ["aws:sqs", "aws:kinesis"];

/// The sinks of other functions that lead to this one.
const LEADS_HERE: [&str; 1] = [EventQueue::KIND.name];

/// Everything the function needs, built once.
#[derive(Debug)]
pub struct Target {
    relay: Relay<AnySink, TableOrMemory<JournalTable>, DeadLetterQueue>,
    queues: QueueSender,
    replay_queue: ReplayQueue,
}

/// What Lambda gets back.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// For a batch from SQS or Kinesis, which share this shape: the records that must come again. Of a stream's, Lambda
    /// brings the first one and everything after it.
    Batch(SqsBatchResponse),
    /// For an event from a rule: it is delivered or set aside.
    Done {},
}

impl Target {
    /// Builds the clients.
    pub fn new(settings: Settings) -> Self {
        let function = settings.function;
        let ledger = settings
            .ledger
            .open(|table| JournalTable::new(&function.connection, table));
        let queues = function.queue_sender();
        let relay = Relay::delivering(
            function.into_parts(),
            ledger,
            settings.destinations,
            settings.replay_destinations,
        );
        Self {
            relay: Relay {
                leads_here: &LEADS_HERE,
                ..relay
            },
            queues,
            replay_queue: settings.replay_queue,
        }
    }
}

impl Handler for Target {
    type Answer = Answer;
    /// Nothing may be acknowledged; a batch is answered record by record instead.
    type Error = TargetError;

    async fn prepare(&self) {
        self.relay.prepare().await;
    }

    async fn answer(&self, payload: Bytes, context: &Context) -> Result<Answer, TargetError> {
        let answer = answer(self, payload, context).await;
        if answer
            .as_ref()
            .is_err_and(|error| error.remedy() == Remedy::Stop)
        {
            self.relay.report_nothing();
        }
        answer
    }
}

async fn answer(target: &Target, payload: Bytes, context: &Context) -> Result<Answer, TargetError> {
    let deadline = Deadline::at_epoch_millis(context.deadline);
    let text = str::from_utf8(&payload).map_err(TargetError::NotText)?;
    let Some(mut records) = records(text)? else {
        let trace_id = context.xray_trace_id.as_deref();
        let texts = texts_of(text, 0, trace_id, ComesAgain::Together(0));
        let delivered = deliver(target, &texts, &deadline).await;
        return if delivered.handed_back.is_empty() {
            Ok(Answer::Done {})
        } else {
            Err(TargetError::NotDelivered)
        };
    };
    drop(payload);
    check_source(&records)?;
    let data: Vec<_> = records.iter_mut().map(Record::take_data).collect();
    let numbered = records.iter().zip(data).enumerate();
    let texts: Vec<Text<'_>> = numbered
        .flat_map(|(position, (record, data))| record.texts(data, position, &target.replay_queue))
        .collect();
    let Delivered { handed_back, rests } = deliver(target, &texts, &deadline).await;
    let done = give_back(&target.queues, &records, &handed_back, &rests, &deadline).await;
    let failed = handed_back.difference(&done).copied();
    item_failures(&records, &failed.collect()).map(Answer::Batch)
}

/// The records that the event holds; `None` if it comes from a rule or a topic.
fn records(payload: &str) -> Result<Option<Vec<Record>>, TargetError> {
    if !payload.trim_start().starts_with(['{', '[']) {
        return Ok(None);
    }
    records_of(payload).map_err(TargetError::NotABatch)
}

/// All records of a batch come from the service of its first one.
fn check_source(records: &[Record]) -> Result<(), TargetError> {
    match records.first().map(Record::event_source) {
        Some(event_source) if !BATCH_SOURCES.contains(&event_source) => {
            Err(TargetError::UnknownEventSource {
                event_source: service_name(event_source).to_owned(),
            })
        }
        Some(_) | None => Ok(()),
    }
}

/// The name if it is one of AWS's own: anything else may be an event's text, which no report repeats.
fn service_name(event_source: &str) -> &str {
    let is_allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let is_service = event_source
        .strip_prefix("aws:")
        .is_some_and(|name| name.len() <= 32 && name.bytes().all(is_allowed));
    if is_service { event_source } else { "unknown" }
}

/// What must come again.
struct Delivered {
    /// The positions of the records of which something must.
    handed_back: BTreeSet<usize>,
    /// What alone of a record must, by its position.
    rests: BTreeMap<usize, Rest>,
}

async fn deliver(target: &Target, texts: &[Text<'_>], deadline: &Deadline) -> Delivered {
    let bodies = texts.iter().map(Text::incoming_body);
    let outcome = target.relay.deliver(bodies, deadline).await;
    let origin = |position: usize| Some(texts.get(position)?.origin);
    let handed_back = outcome.handed_back.iter();
    let handed_back = handed_back.filter_map(|position| origin(*position));
    let rests = outcome.rests.into_iter();
    let rests = rests.filter_map(|(position, rest)| Some((origin(position)?, rest)));
    Delivered {
        handed_back: handed_back.collect(),
        rests: rests.collect(),
    }
}

/// Names the records that must come again.
fn item_failures(
    records: &[Record],
    handed_back: &BTreeSet<usize>,
) -> Result<SqsBatchResponse, TargetError> {
    let mut response = SqsBatchResponse::default();
    for position in handed_back {
        let record = records.get(*position);
        let identifier = record.and_then(Record::identifier);
        let identifier = identifier.ok_or(TargetError::NoMessageId)?;
        let mut failure = BatchItemFailure::default();
        identifier.clone_into(&mut failure.item_identifier);
        response.batch_item_failures.push(failure);
    }
    Ok(response)
}
