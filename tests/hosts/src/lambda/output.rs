//! What the processes of a function write, gathered line by line.
//!
//! Lines of several processes never mix inside a line. Memory keeps the newest part; a file, where one is named, gets
//! everything.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::time::sleep;

use fakes::lock::lock;

/// Memory keeps at least half of this.
const MEMORY_BYTES: usize = 64 * 1024 * 1024;

/// A shared record of everything written so far.
#[derive(Debug, Clone)]
pub(crate) struct Output {
    kept: Arc<Mutex<Kept>>,
}

#[derive(Debug)]
struct Kept {
    text: Vec<u8>,
    file: Option<File>,
}

impl Output {
    /// An empty record that also appends to a file.
    pub(crate) fn new(file: Option<&Path>) -> io::Result<Self> {
        let file = file
            .map(|path| File::options().create(true).append(true).open(path))
            .transpose()?;
        let kept = Kept {
            text: Vec::new(),
            file,
        };
        Ok(Self {
            kept: Arc::new(Mutex::new(kept)),
        })
    }

    /// Everything that memory still has, as text.
    pub(crate) fn text(&self) -> String {
        let kept = lock(&self.kept);
        String::from_utf8_lossy(&kept.text).into_owned()
    }

    /// The text, once that holds, or after ten seconds.
    pub(crate) async fn text_when(&self, holds: impl Fn(&str) -> bool) -> String {
        for _ in 0..1_000 {
            if holds(&self.text()) {
                break;
            }
            sleep(Duration::from_millis(10)).await;
        }
        self.text()
    }

    /// Reads a stream to its end.
    pub(crate) async fn gather(self, stream: impl AsyncRead + Unpin) {
        let mut stream = BufReader::new(stream);
        let mut line = Vec::new();
        while let Ok(1..) = stream.read_until(b'\n', &mut line).await {
            self.add(&line);
            line.clear();
        }
    }

    fn add(&self, line: &[u8]) {
        let mut kept = lock(&self.kept);
        if kept.text.len() + line.len() > MEMORY_BYTES {
            let surplus = kept.text.len().min(MEMORY_BYTES / 2);
            kept.text.drain(..surplus);
        }
        kept.text.extend_from_slice(line);
        let written = kept
            .file
            .as_mut()
            .map_or(Ok(()), |file| file.write_all(line));
        // A full disk must not end the function under test: its output stays in memory.
        if written.is_err() {
            kept.file = None;
        }
    }
}
