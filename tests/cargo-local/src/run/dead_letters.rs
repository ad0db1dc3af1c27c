//! Takes dead letters from their queue and appends them to a file.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::Deserialize;
use tokio::task::JoinHandle;

use crate::input::Expected;
use fakes::aws::queue::Queue;
use fakes::lock::lock;

/// Dead letters, by the log event that each names.
#[derive(Debug, Clone, Default)]
pub(super) struct SetAside {
    count: u64,
    log_ids: HashMap<String, u64>,
}

impl SetAside {
    pub(super) fn add(&mut self, dead_letter: &str) {
        #[derive(Deserialize)]
        struct Letter {
            log_id: Option<String>,
        }
        self.count += 1;
        let dead_letter: Option<Letter> = serde_json::from_str(dead_letter).ok();
        if let Some(log_id) = dead_letter.and_then(|dead_letter| dead_letter.log_id) {
            *self.log_ids.entry(log_id).or_default() += 1;
        }
    }

    /// How many dead letters there are.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// Whether a log event is among them.
    pub(super) fn has(&self, log_id: &str) -> bool {
        self.log_ids.contains_key(log_id)
    }

    /// How many hold something else than the log events that were sent.
    pub(super) fn poison_count(&self, expected: &Expected) -> u64 {
        let events = self.log_ids.iter();
        let events = events.filter(|(log_id, _)| expected.log_ids.contains(*log_id));
        self.count - events.map(|(_, count)| count).sum::<u64>()
    }
}

/// A running reader of the dead-letter queue. Dropping it ends it.
#[derive(Debug)]
pub struct DeadLetterReport {
    moved: Arc<Mutex<SetAside>>,
    reading: JoinHandle<io::Result<()>>,
}

impl DeadLetterReport {
    /// Starts to move dead letters to the end of a file.
    pub fn start(queue: Arc<Queue>, path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        let moved = Arc::new(Mutex::new(SetAside::default()));
        let reading = tokio::spawn(read(queue, file, Arc::clone(&moved)));
        Ok(Self { moved, reading })
    }

    /// What it moved so far.
    pub(super) fn moved(&self) -> SetAside {
        lock(&self.moved).clone()
    }
}

impl Drop for DeadLetterReport {
    fn drop(&mut self) {
        self.reading.abort();
    }
}

async fn read(queue: Arc<Queue>, mut file: File, moved: Arc<Mutex<SetAside>>) -> io::Result<()> {
    loop {
        for message in queue.receive(10, Duration::from_secs(1)).await {
            // In one write, as others append to the same file.
            file.write_all(format!("{}\n", message.body).as_bytes())?;
            lock(&moved).add(&message.body);
            // A receipt that lapsed brings the dead letter again; here nothing takes that long.
            let _deleted = queue.delete(&message.receipt_handle);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dead_letters_of_sent_events_are_told_from_those_of_poison() {
        let mut set_aside = SetAside::default();
        for dead_letter in [
            r#"{"log_id":"1"}"#,
            r#"{"log_id":null}"#,
            r#"{"log_id":"2"}"#,
            "[]",
        ] {
            set_aside.add(dead_letter);
        }
        let expected = Expected {
            log_ids: ["1".to_owned(), "3".to_owned()].into(),
            ..Expected::default()
        };
        assert_eq!(set_aside.count(), 4);
        assert_eq!(set_aside.poison_count(&expected), 3);
        assert!(set_aside.has("1") && !set_aside.has("3"));
    }
}
