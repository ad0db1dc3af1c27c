//! On AWS: the webhook's path over the queue, and Auth0's partner bus by a queue or by Kinesis.

use cargo_local::cost::{Bill, Prices};

use super::super::counted::{Units, on_dynamodb, on_queue};
use super::super::traffic::{EVENT_BYTES, TRAFFIC, Traffic, rates};
use super::{MILLION, SECONDS_A_MONTH, dollars, number_in, row};

/// Assumed: how long a call of each function takes.
const WEBHOOK_SECONDS: f64 = 0.05;
const TARGET_SECONDS: f64 = 0.3;
/// Lambda gathers messages for so long, and hands over no more than so many, and so many bytes.
const WINDOW_SECONDS: f64 = 5.0;
const MAX_MESSAGES: f64 = 100.0;
const MAX_BYTES: f64 = 6.0 * 1_024.0 * 1_024.0;
const BILLED_BYTES: f64 = 65_536.0;
/// Messages of a receive and of a delete.
const MESSAGES_A_CALL: f64 = 10.0;
/// From so many a second on a receive brings ten.
const MANY_MESSAGES_PER_SECOND: f64 = 100.0;
/// What EventBridge writes around a log event.
const ENVELOPE_BYTES: f64 = 350.0;
const KINESIS_BILLED_BYTES: f64 = 25_600.0;
const KINESIS_RECORDS_PER_SHARD_AND_SECOND: f64 = 1_000.0;

/// Messages of one size on their way through a queue.
struct Messages {
    /// How many come, for each event.
    an_event: f64,
    per_second: f64,
    bytes: f64,
}

impl Messages {
    /// How many the target is handed at once.
    fn a_batch(&self) -> f64 {
        let in_window = (self.per_second * WINDOW_SECONDS).floor();
        let in_bytes = (MAX_BYTES / self.bytes).floor();
        in_window.min(MAX_MESSAGES).min(in_bytes).max(1.0)
    }

    /// SQS for a million events: sent, received, deleted.
    fn queue(&self) -> Bill {
        let messages = self.an_event * MILLION;
        let a_receive = if self.per_second < MANY_MESSAGES_PER_SECOND {
            1.0
        } else {
            MESSAGES_A_CALL
        };
        let sent = messages * (self.bytes / BILLED_BYTES).ceil();
        let received = messages / a_receive * (a_receive * self.bytes / BILLED_BYTES).ceil();
        let batch = self.a_batch();
        let deleted = messages / batch * (batch / MESSAGES_A_CALL).ceil();
        Bill::default().with("sqs_request", sent + received + deleted)
    }

    /// The target for a million events.
    fn target(&self) -> Bill {
        let invocations = self.an_event * MILLION / self.a_batch();
        lambda(invocations, TARGET_SECONDS, "infra/aws/deliver.yaml")
    }
}

fn lambda(invocations: f64, seconds: f64, template: &str) -> Bill {
    let gigabytes = number_in(template, "MemorySize: ") / 1_024.0;
    Bill::default()
        .with("lambda_request", invocations)
        .with("lambda_gb_second", invocations * seconds * gigabytes)
}

fn ledger(units: Units) -> Bill {
    Bill::default()
        .with("dynamodb_write", units.writes * MILLION)
        .with("dynamodb_read", units.reads * MILLION)
}

async fn units(traffic: &Traffic, events_a_batch: f64) -> Units {
    // Whole numbers up to a few thousand.
    let events_a_batch = format!("{events_a_batch:.0}").parse().unwrap();
    on_dynamodb(&traffic.batches(events_a_batch)).await
}

pub(super) async fn webhook(prices: &Prices) -> String {
    let mut text = "### AWS: webhook, queue, target\n\nUS dollars a million events.\n\n\
        | events/s | events a body | write units an event | read units an event | webhook | SQS | target | **without ledger** | ledger | **with ledger** |\n\
        |---|---|---|---|---|---|---|---|---|---|\n"
        .to_owned();
    for traffic in &TRAFFIC {
        let body = on_queue(&traffic.body()).await;
        let messages = Messages {
            an_event: body.messages / f64::from(traffic.events_a_body),
            per_second: traffic.bodies_per_second() * body.messages,
            bytes: body.bytes / body.messages,
        };
        let events_a_batch = messages.a_batch() / messages.an_event;
        let units = units(traffic, events_a_batch).await;
        let bodies = MILLION / f64::from(traffic.events_a_body);
        let webhook = lambda(bodies, WEBHOOK_SECONDS, "infra/aws/receive.yaml");
        let (queue, target) = (messages.queue(), messages.target());
        let without = webhook.clone().and(&queue).and(&target);
        let ledger = ledger(units);
        row(
            &mut text,
            &[
                traffic.events_per_second.to_string(),
                traffic.events_a_body.to_string(),
                format!("{:.3}", units.writes),
                format!("{:.3}", units.reads),
                dollars(prices, &webhook),
                dollars(prices, &queue),
                dollars(prices, &target),
                format!("**{}**", dollars(prices, &without)),
                dollars(prices, &ledger),
                format!("**{}**", dollars(prices, &without.and(&ledger))),
            ],
        );
    }
    text
}

/// Each event is a message, or a record, of its own there.
pub(super) async fn partner_bus(prices: &Prices) -> String {
    let partner = Bill::default().with("eventbridge_event", MILLION);
    let mut text = format!(
        "### AWS: Auth0's partner bus, by a queue or by Kinesis\n\nUS dollars a million events, beside the {} of their way over the bus.\n\n\
         | events/s | queue, without ledger | queue, with ledger | Kinesis, without ledger | Kinesis, with ledger |\n|---|---|---|---|---|\n",
        dollars(prices, &partner)
    );
    for traffic in &rates() {
        let per_second = f64::from(traffic.events_per_second);
        let bytes = f64::from(u32::try_from(EVENT_BYTES).unwrap()) + ENVELOPE_BYTES;
        let messages = Messages {
            an_event: 1.0,
            per_second,
            bytes,
        };
        let ledger = ledger(units(traffic, messages.a_batch()).await);
        let by_queue = messages.queue().and(&messages.target());
        let shards = (per_second / KINESIS_RECORDS_PER_SHARD_AND_SECOND)
            .max(per_second * bytes / MILLION)
            .ceil();
        let hours = shards * SECONDS_A_MONTH / 3_600.0;
        let millions_a_month = per_second * SECONDS_A_MONTH / MILLION;
        let by_kinesis = messages
            .target()
            .with(
                "kinesis_put",
                MILLION * (bytes / KINESIS_BILLED_BYTES).ceil(),
            )
            .with("kinesis_shard_hour", hours / millions_a_month);
        let cells = [
            by_queue.clone(),
            by_queue.and(&ledger),
            by_kinesis.clone(),
            by_kinesis.and(&ledger),
        ];
        let cells = cells.iter().map(|bill| dollars(prices, bill));
        let rate = traffic.events_per_second.to_string();
        row(
            &mut text,
            &[rate].into_iter().chain(cells).collect::<Vec<_>>(),
        );
    }
    text
}
