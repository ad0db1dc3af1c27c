//! The messages of one queue. Nothing here reads a clock: every operation is told the time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::{Depth, Extras, QueueError, ReceivedMessage};
use crate::identifier::new_id;

/// A message between its sending and its deletion.
#[derive(Debug)]
pub(super) struct Message {
    id: String,
    body: Arc<str>,
    extras: Arc<Extras>,
    sent_at: Timestamp,
    first_received_at: Option<Timestamp>,
    receive_count: u32,
    hidden_until: Option<Instant>,
}

/// All messages of a queue, by the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Store {
    next_number: u64,
    messages: BTreeMap<u64, Message>,
    visible: BTreeSet<u64>,
    hidden: BTreeSet<(Instant, u64)>,
}

impl Store {
    pub(super) fn add(
        &mut self,
        body: &str,
        (sent_at, now): (Timestamp, Instant),
        delay: Duration,
        extras: Extras,
    ) -> String {
        let message_id = new_id();
        let message = Message {
            id: message_id.clone(),
            body: body.into(),
            extras: Arc::new(extras),
            sent_at,
            first_received_at: None,
            receive_count: 0,
            hidden_until: None,
        };
        let number = self.insert(message);
        if !delay.is_zero() {
            self.set_hidden(number, now + delay);
        }
        message_id
    }

    /// Takes over messages that another queue gave up. They keep their identifier and age.
    pub(super) fn adopt(&mut self, messages: Vec<Message>) {
        for message in messages {
            self.insert(Message {
                receive_count: 0,
                hidden_until: None,
                ..message
            });
        }
    }

    /// Receives visible messages, and removes those on the way that were delivered as often as the
    /// redrive limit allows.
    pub(super) fn take(
        &mut self,
        most: usize,
        limit: Option<u32>,
        now: (Timestamp, Instant),
        visibility_timeout: Duration,
    ) -> (Vec<ReceivedMessage>, Vec<Message>) {
        let (at, now) = now;
        self.show_due(now);
        let (mut received, mut dead) = (Vec::new(), Vec::new());
        while received.len() < most
            && let Some(number) = self.visible.pop_first()
            && let Some(message) = self.messages.get_mut(&number)
        {
            if limit.is_some_and(|limit| message.receive_count >= limit) {
                dead.extend(self.messages.remove(&number));
                continue;
            }
            message.receive_count += 1;
            let first_received_at = *message.first_received_at.get_or_insert(at);
            received.push(ReceivedMessage {
                message_id: message.id.clone(),
                receipt_handle: handle(number, message),
                body: Arc::clone(&message.body),
                receive_count: message.receive_count,
                sent_at: message.sent_at,
                first_received_at,
                extras: Arc::clone(&message.extras),
            });
            self.set_hidden(number, now + visibility_timeout);
        }
        (received, dead)
    }

    /// Deletes by a handle; false if this queue never gave it out.
    pub(super) fn delete(&mut self, receipt_handle: &str) -> bool {
        let Some(number) = self.number_of(receipt_handle) else {
            return false;
        };
        if self.is_latest(number, receipt_handle) {
            self.remove(number);
        }
        true
    }

    pub(super) fn hide(
        &mut self,
        receipt_handle: &str,
        now: Instant,
        timeout: Duration,
    ) -> Result<(), QueueError> {
        self.show_due(now);
        let number = self
            .number_of(receipt_handle)
            .ok_or(QueueError::InvalidReceiptHandle)?;
        if !self.is_latest(number, receipt_handle) || self.visible.contains(&number) {
            return Err(QueueError::NotInFlight);
        }
        self.set_hidden(number, now + timeout);
        self.show_due(now);
        Ok(())
    }

    pub(super) fn depth(&mut self, now: Instant) -> Depth {
        self.show_due(now);
        let is_delayed = |(_, number): &&(Instant, u64)| {
            self.messages
                .get(number)
                .is_some_and(|message| message.receive_count == 0)
        };
        let delayed = self.hidden.iter().filter(is_delayed).count();
        Depth {
            visible: self.visible.len(),
            in_flight: self.hidden.len() - delayed,
            delayed,
        }
    }

    /// When the next hidden message becomes visible.
    pub(super) fn next_visible(&self) -> Option<Instant> {
        self.hidden.first().map(|(instant, _)| *instant)
    }

    pub(super) fn messages(&self) -> Vec<(Arc<str>, Arc<Extras>)> {
        let messages = self.messages.values();
        let pair = |message: &Message| (Arc::clone(&message.body), Arc::clone(&message.extras));
        messages.map(pair).collect()
    }

    fn insert(&mut self, message: Message) -> u64 {
        let number = self.next_number;
        self.next_number += 1;
        self.messages.insert(number, message);
        self.visible.insert(number);
        number
    }

    fn remove(&mut self, number: u64) -> Option<Message> {
        let message = self.messages.remove(&number)?;
        self.visible.remove(&number);
        if let Some(until) = message.hidden_until {
            self.hidden.remove(&(until, number));
        }
        Some(message)
    }

    fn set_hidden(&mut self, number: u64, until: Instant) {
        let Some(message) = self.messages.get_mut(&number) else {
            return;
        };
        if let Some(before) = message.hidden_until.replace(until) {
            self.hidden.remove(&(before, number));
        }
        self.visible.remove(&number);
        self.hidden.insert((until, number));
    }

    fn show_due(&mut self, now: Instant) {
        while let Some(entry @ (until, number)) = self.hidden.first().copied()
            && until <= now
        {
            self.hidden.remove(&entry);
            if let Some(message) = self.messages.get_mut(&number) {
                message.hidden_until = None;
                self.visible.insert(number);
            }
        }
    }

    /// A handle is the number of the message, its delivery and its identifier: of a message that is
    /// gone only the form can still be checked.
    fn number_of(&self, receipt_handle: &str) -> Option<u64> {
        let mut parts = receipt_handle.splitn(3, '.');
        let number = parts.next()?.parse().ok()?;
        let delivery: u32 = parts.next()?.parse().ok()?;
        let message_id = parts.next()?;
        let is_ours = self
            .messages
            .get(&number)
            .is_none_or(|message| message.id == message_id && delivery <= message.receive_count);
        (number < self.next_number && is_ours).then_some(number)
    }

    fn is_latest(&self, number: u64, receipt_handle: &str) -> bool {
        let message = self.messages.get(&number);
        message.is_some_and(|message| handle(number, message) == receipt_handle)
    }
}

fn handle(number: u64, message: &Message) -> String {
    format!("{number}.{}.{}", message.receive_count, message.id)
}
