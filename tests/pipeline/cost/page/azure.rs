//! On Azure: webhook, custom topic, subscriber.

use cargo_local::cost::{Bill, Prices};

use super::super::counted::{on_table_storage, on_topic};
use super::super::traffic::TRAFFIC;
use super::{MILLION, dollars, number_in, row};

/// Log events of an event of many.
const EVENTS_AN_EVENT: u32 = 50;
/// From so many events a second on Event Grid hands over more than one event at once; until then it is not relied on.
const MANY_EVENTS_PER_SECOND: u32 = 1_000;
/// Log events that fit the 512 KB of a delivery, in events of 64 KB.
const EVENTS_A_DELIVERY: u32 = 350;

/// Calls of one app for a million events: each takes a second of an instance, which it shares with those beside it; one
/// instance is enough.
fn app(calls_an_event: f64, events_per_second: f64) -> Bill {
    let gigabytes = number_in(
        "infra/azure/main.bicep",
        "instanceMemoryMB 512 | 2048 | 4096 = ",
    );
    let active = (calls_an_event * events_per_second).min(1.0);
    let seconds = active / events_per_second * MILLION;
    Bill::default()
        .with("flex_execution", calls_an_event * MILLION)
        .with("flex_gb_second", seconds * gigabytes / 1_024.0)
}

pub(super) async fn webhook(prices: &Prices) -> String {
    let mut text = "### Azure: webhook, custom topic, subscriber\n\nUS dollars a million events.\n\n\
        | events/s | events a body | transactions an event | webhook | Event Grid | subscriber | **without ledger** | ledger | **with ledger** |\n\
        |---|---|---|---|---|---|---|---|---|\n"
        .to_owned();
    for traffic in &TRAFFIC {
        let per_second = f64::from(traffic.events_per_second);
        let bodies_an_event = 1.0 / f64::from(traffic.events_a_body);
        // An event of many has at most fifty of them.
        let events_a_delivery = match traffic.events_per_second {
            MANY_EVENTS_PER_SECOND.. => EVENTS_A_DELIVERY,
            _ => traffic.events_a_body.min(EVENTS_AN_EVENT),
        };
        let batches = traffic.batches(events_a_delivery);
        let transactions = on_table_storage(&batches).await;
        let operations = on_topic(&traffic.body()).await * bodies_an_event;
        let webhook = app(bodies_an_event, per_second);
        let topic = Bill::default().with("event_grid_operation", operations * MILLION);
        let subscriber = app(1.0 / f64::from(events_a_delivery), per_second);
        let ledger = Bill::default().with("table_transaction", transactions * MILLION);
        let without = webhook.clone().and(&topic).and(&subscriber);
        row(
            &mut text,
            &[
                traffic.events_per_second.to_string(),
                traffic.events_a_body.to_string(),
                format!("{transactions:.3}"),
                dollars(prices, &webhook),
                dollars(prices, &topic),
                dollars(prices, &subscriber),
                format!("**{}**", dollars(prices, &without)),
                dollars(prices, &ledger),
                format!("**{}**", dollars(prices, &without.and(&ledger))),
            ],
        );
    }
    text
}
