//! How a test sends rows, and how often it lets a sink try.

use std::time::Duration;

use relay::{Delivery, Learned, Patience, Row, Sending, Sink};
use tenant_logs::{LogEvent, Schema};
use tokio::time::Instant;

/// Sends log events in a schema; returns what became of them, by their order.
pub(crate) async fn send_rows(
    sink: &impl Sink,
    schema: Schema,
    log_events: &[LogEvent<'_>],
    sending: &Sending,
) -> Delivery {
    let rows = log_events.iter().map(|log_event| Row {
        log_event,
        json: schema.write(log_event),
        trace_id: None,
    });
    let rows: Vec<Row<'_>> = rows.collect();
    let mut delivery = sink.send(&rows, sending).await;
    delivery.delivered.sort_unstable();
    delivery
        .refused
        .sort_unstable_by_key(|refusal| refusal.index);
    delivery
}

/// One try of each row, so that a test sees what one call's answer means.
pub(crate) fn once(time: Duration) -> Sending {
    Sending {
        until: Instant::now() + time,
        patience: Patience::WholeTime,
        max_tries: 1,
        learned: Learned::default(),
    }
}

/// Two tries of each row.
pub(crate) fn twice(time: Duration) -> Sending {
    Sending {
        max_tries: 2,
        learned: Learned::default(),
        ..once(time)
    }
}
