//! What of a message its sinks lack goes back to its queue as a message of its own, so that the rest of it is done with.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_clients::{ARRAY_LIMITS, PRODUCER, QueueMessage, QueueSender, allowed};
use relay::{Deadline, Learned, Patience, Rest, Sending, json_array};
use tenant_logs::{ElementLimits, Timestamp, parse_within};

use super::message::{FIRST, MessageFacts, SINKS, TRIES};
use super::record::Record;

/// How much longer each return waits than the one before.
const DELAY: Duration = Duration::from_mins(1);
/// The longest that SQS delays a message.
const MAX_DELAY: Duration = Duration::from_mins(15);
/// Tries before a message that cannot be sent fails as the one that it came from. Each may be on the queue though its answer
/// was lost, and the one that it came from comes again beside it, so there are no more than every call has.
const MAX_TRIES: u32 = 3;

/// Sends what must come again of messages, and returns the positions of those that are done with so: everything of them is
/// at its sinks, among the dead letters or on a queue.
pub(super) async fn give_back(
    sender: &QueueSender,
    records: &[Record],
    handed_back: &BTreeSet<usize>,
    rests: &BTreeMap<usize, Rest>,
    deadline: &Deadline,
) -> BTreeSet<usize> {
    let now = Timestamp::now();
    let (mut positions, mut messages) = (Vec::new(), Vec::new());
    for position in handed_back {
        let record = records.get(*position);
        let replacing =
            record.and_then(|record| replacing(sender, record, rests.get(position), now));
        for message in replacing.into_iter().flatten() {
            positions.push(*position);
            messages.push(message);
        }
    }
    if messages.is_empty() {
        return BTreeSet::new();
    }
    let sending = Sending {
        until: deadline.answer_by(),
        patience: Patience::Shares,
        max_tries: MAX_TRIES,
        learned: Learned::default(),
    };
    let delivery = sender.send(&messages, &sending).await;
    for refusal in delivery.refused.iter().take(1) {
        let reason = refusal.reason.as_ref();
        let message_count = delivery.refused.len();
        tracing::warn!(
            message_count,
            reason,
            "what sinks lack could not be sent back"
        );
    }
    let delivered: BTreeSet<usize> = delivery.delivered.into_iter().collect();
    let mut done: BTreeSet<usize> = positions.iter().copied().collect();
    for (index, position) in positions.iter().enumerate() {
        if !delivered.contains(&index) {
            done.remove(position);
        }
    }
    done
}

/// What is sent in place of a message of which something must come again; `None` if SQS is to bring it again itself, as it is
/// where a log event is wrapped now and fits no message any more.
fn replacing(
    sender: &QueueSender,
    record: &Record,
    rest: Option<&Rest>,
    now: Timestamp,
) -> Option<Vec<QueueMessage>> {
    let facts = record.message_facts()?;
    let is_old = facts.is_old_rest(now);
    let parts = match rest.and_then(|rest| lacking(record.body(), rest)) {
        Some(parts) => parts,
        // Nothing of it passed for a day.
        None if is_old => vec![(facts.sinks.clone(), record.body().to_owned())],
        None => return None,
    };
    // What goes to the dead letters does not come back by itself.
    let (queue_url, tries, delay) = if is_old {
        let queue_url = sender.dead_letter_queue_url().to_owned();
        (queue_url, facts.tries(), Duration::ZERO)
    } else {
        let tries = facts.tries().saturating_add(1);
        let delay = (DELAY * tries).min(MAX_DELAY);
        (sender.queue_url(&facts.queue_arn)?, tries, delay)
    };
    let messages = parts.into_iter().map(|(sinks, body)| QueueMessage {
        queue_url: queue_url.clone(),
        body,
        delay,
        attributes: attributes(facts, tries, sinks, now),
        trace_id: facts.trace_header.clone(),
    });
    let messages: Vec<QueueMessage> = messages.collect();
    if !messages.iter().all(QueueMessage::is_sendable) {
        return None;
    }
    if is_old {
        let message_count = messages.len();
        tracing::error!(
            message_count,
            "log events set aside that a sink did not take within a day"
        );
    }
    Some(messages)
}

/// What each set of sinks lacks, as arrays; `None` if the message holds one log event and nothing else, or one of which an
/// envelope tells what nothing else does.
fn lacking(body: &str, rest: &Rest) -> Option<Vec<(Option<String>, String)>> {
    let (mut bodies, mut found) = (Vec::new(), 0);
    let first = parse_within(body, ElementLimits::BEHIND_TRIGGERS).ok()?;
    // What is no log event lies among the dead letters by now, and would again each time that it came.
    if first.log_events.len() + first.rejects.len() < 2 {
        return None;
    }
    let mut portion = Some(first);
    while let Some(parsed) = portion {
        let begin = parsed.log_events_before();
        for (sinks, places) in &rest.lacking {
            let places = places.iter().filter_map(|place| place.checked_sub(begin));
            let log_events = places.filter_map(|place| parsed.log_events.get(place));
            let details = log_events.map(|event| Some(allowed(event.alone()?).into_owned()));
            let details: Vec<String> = details.collect::<Option<_>>()?;
            found += details.len();
            let split = ARRAY_LIMITS.split(details, |detail| detail.len() + 1);
            let alone = split.too_large.into_iter().map(|detail| vec![detail]);
            for details in split.batches.into_iter().chain(alone) {
                let body = json_array(details.iter().map(String::as_str));
                bodies.push((Some(sinks.join(",")), body));
            }
        }
        portion = parsed.remainder.map(|remainder| remainder.read());
    }
    let wanted: usize = rest.lacking.values().map(Vec::len).sum();
    (found == wanted).then_some(bodies)
}

/// What a return says beside its body.
fn attributes(
    facts: &MessageFacts,
    tries: u32,
    sinks: Option<String>,
    now: Timestamp,
) -> Vec<(&'static str, String)> {
    let first = facts.first().unwrap_or(now).as_millisecond();
    let attributes = [
        (TRIES, Some(tries.to_string())),
        (FIRST, Some(first.to_string())),
        (SINKS, sinks),
        (PRODUCER, facts.producer.clone()),
    ];
    let attributes = attributes.into_iter();
    attributes
        .filter_map(|(name, text)| Some((name, text?)))
        .collect()
}
