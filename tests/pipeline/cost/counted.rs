//! What the product's own clients ask of the far ends, which count it.

use std::sync::Arc;
use std::time::Duration;

use aws_clients::{AwsConnection, EventQueue, EventQueueSettings};
use fakes::aws::dynamodb::Table;
use fakes::aws::queue::{Queue, QueueOptions, SqsEndpoint};
use fakes::azure::entra::Entra;
use fakes::azure::event_grid::{EventSchema, Topic};
use fakes::azure::tables::TableStorage;
use fakes::faults::Faults;
use http_clients::{EntraIdentity, EventTopic, EventTopicSettings};
use relay::journal::{Journal, Store};
use relay::settings::Reader;
use relay::{Learned, Lease, Patience, Row, Sending, Settled, Sink};
use tenant_logs::{TenantName, Timestamp, parse};
use tokio::time::Instant;

/// What Event Grid bills as one operation, and SQS as one request.
const BILLED_BYTES: usize = 65_536;
const DAYS: u16 = 35;

/// What the ledger asks of DynamoDB for an event.
#[derive(Debug, Clone, Copy)]
pub(super) struct Units {
    pub(super) writes: f64,
    pub(super) reads: f64,
}

fn read<T>(values: &[(String, String)], read: impl Fn(&mut Reader<'_>) -> Option<T>) -> T {
    let lookup = |name: &str| {
        let found = values.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.clone())
    };
    let mut reader = Reader::new(&lookup);
    let settings = read(&mut reader);
    reader.finish(|| settings).unwrap()
}

fn connection(url: &str) -> AwsConnection {
    let values = [
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "local"),
        ("AWS_SECRET_ACCESS_KEY", "local"),
        ("AWS_ENDPOINT_URL", url),
    ];
    let values = values.map(|(name, value)| (name.to_owned(), value.to_owned()));
    read(&values, AwsConnection::read)
}

/// Claims and settles each batch, as invocations one after another do.
async fn keep(journal: &Journal<impl Store>, batches: &[Vec<String>]) {
    let until = || Instant::now() + Duration::from_mins(5);
    for batch in batches {
        let now = Timestamp::now();
        let lease = Lease {
            begins: now,
            ends: now,
            may_reclaim_dead_lettered: false,
        };
        let log_ids: Vec<&str> = batch.iter().map(String::as_str).collect();
        let claims = journal.claim("http", &log_ids, &lease, until()).await;
        assert!(claims.failure.is_none(), "{:?}", claims.failure);
        let fates = vec![Some(Settled::Delivered); log_ids.len()];
        let settled = journal.settle(claims.tickets, &fates, until()).await;
        settled.unwrap();
    }
}

fn event_count(batches: &[Vec<String>]) -> f64 {
    let count: usize = batches.iter().map(Vec::len).sum();
    f64::from(u32::try_from(count).unwrap())
}

/// What a body is on the queue.
#[derive(Debug, Clone, Copy)]
pub(super) struct OnQueue {
    pub(super) messages: f64,
    pub(super) bytes: f64,
}

/// Counts the messages that the webhook makes of a body.
pub(super) async fn on_queue(body: &str) -> OnQueue {
    let sqs = SqsEndpoint::start(Faults::healthy()).await.unwrap();
    let queue = Queue::new("deliver", QueueOptions::default());
    let values = [("EVENT_QUEUE_URL".to_owned(), sqs.add(Arc::clone(&queue)))];
    let settings = read(&values, EventQueueSettings::read);
    let connection = connection(&sqs.url());
    send(
        &EventQueue::new(&connection, settings, "aws-webhook-ingest"),
        body,
    )
    .await;
    let bodies = queue.bodies();
    let count = |count: usize| f64::from(u32::try_from(count).unwrap());
    OnQueue {
        messages: count(bodies.len()),
        bytes: count(bodies.iter().map(|body| body.len()).sum()),
    }
}

/// Counts what DynamoDB is asked for an event.
pub(super) async fn on_dynamodb(batches: &[Vec<String>]) -> Units {
    let table = Table::start("ledger", Faults::healthy()).await.unwrap();
    let rows = aws_clients::JournalTable::new(&connection(&table.url()), "ledger".to_owned());
    keep(&Journal::new(rows, DAYS), batches).await;
    let counts = table.counts();
    let of_an_event = |units: u64| f64::from(u32::try_from(units).unwrap()) / event_count(batches);
    Units {
        writes: of_an_event(counts.write_units),
        reads: of_an_event(counts.read_units),
    }
}

async fn identity() -> (Entra, EntraIdentity) {
    let entra = Entra::start(Faults::healthy()).await.unwrap();
    let identity = read(&entra.managed_identity(), EntraIdentity::read_managed);
    (entra, identity)
}

/// Counts the transactions of Table storage for an event.
pub(super) async fn on_table_storage(batches: &[Vec<String>]) -> f64 {
    let (entra, identity) = identity().await;
    let faults = Faults::healthy();
    let table = TableStorage::start("ledger", entra.tokens(), faults.clone()).await;
    let table = table.unwrap();
    let values = [("LEDGER_TABLE_ENDPOINT".to_owned(), table.endpoint())];
    let settings = read(&values, http_clients::read_ledger);
    let journal = settings.open(|table| http_clients::JournalTable::new(&identity, table));
    keep(&journal, batches).await;
    let made: u64 = faults.injected().values().sum();
    f64::from(u32::try_from(made).unwrap()) / event_count(batches)
}

/// Counts the operations that Event Grid bills for a body of log events: what the webhook publishes, and its delivery.
pub(super) async fn on_topic(body: &str) -> f64 {
    let (entra, identity) = identity().await;
    let schema = EventSchema::CloudEvents;
    let topic = Topic::start("logs", schema, entra.tokens(), Faults::healthy()).await;
    let topic = topic.unwrap();
    let values = [("EVENT_TOPIC_ENDPOINT".to_owned(), topic.endpoint())];
    let settings = read(&values, EventTopicSettings::read);
    let tenant = TenantName::parse("acme").unwrap();
    send(&EventTopic::new(&identity, settings, &tenant), body).await;
    let published = topic.published();
    let operations = published.iter().map(|event| {
        let billed = event.to_string().len().div_ceil(BILLED_BYTES);
        2.0 * f64::from(u32::try_from(billed).unwrap())
    });
    operations.sum()
}

/// Sends the log events of a body to a sink, all of which it takes.
async fn send(sink: &impl Sink, body: &str) {
    let log_events = parse(body).unwrap().log_events;
    let rows: Vec<Row<'_>> = log_events
        .iter()
        .map(|log_event| Row {
            log_event,
            json: log_event.detail(),
            trace_id: None,
        })
        .collect();
    let sending = Sending {
        until: Instant::now() + Duration::from_mins(1),
        patience: Patience::Shares,
        max_tries: 3,
        learned: Learned::default(),
    };
    let delivery = sink.send(&rows, &sending).await;
    assert_eq!(delivery.delivered.len(), rows.len(), "{delivery:?}");
}
