//! Takes dead letters from their queue and appends them to a file.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::task::JoinHandle;

use crate::queue::Queue;

/// A running reader of the dead-letter queue. Dropping it ends it.
#[derive(Debug)]
pub struct Letters {
    count: Arc<AtomicU64>,
    reading: JoinHandle<io::Result<()>>,
}

impl Letters {
    /// Starts to move letters to the end of a file.
    pub fn start(queue: Arc<Queue>, path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        let count = Arc::new(AtomicU64::new(0));
        let reading = tokio::spawn(read(queue, file, Arc::clone(&count)));
        Ok(Self { count, reading })
    }

    /// Letters moved so far.
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }
}

impl Drop for Letters {
    fn drop(&mut self) {
        self.reading.abort();
    }
}

async fn read(queue: Arc<Queue>, mut file: File, count: Arc<AtomicU64>) -> io::Result<()> {
    loop {
        for message in queue.receive(10, Duration::from_secs(1)).await {
            // In one write, as others append to the same file.
            file.write_all(format!("{}\n", message.body).as_bytes())?;
            count.fetch_add(1, Ordering::Relaxed);
            // A receipt that lapsed brings the letter again; here nothing takes that long.
            let _deleted = queue.delete(&message.receipt_handle);
        }
    }
}
