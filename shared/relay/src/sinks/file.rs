//! An NDJSON file that is appended: the local default, and what a test reads back.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use super::SinkKind;
use super::stdout::ndjson;
use crate::ports::{Delivery, Remedy, Row, Sink};
use crate::sending::Sending;
use crate::settings::Reader;

/// Appends each log event as a line.
#[derive(Debug)]
pub(super) struct FileSink {
    file: File,
    /// Whether a write that failed has left an unfinished line at the end.
    is_unfinished: Mutex<bool>,
}

impl FileSink {
    /// The sink and the schemas it takes, as `SINKS` names them.
    pub(super) const KIND: SinkKind = SinkKind::of_any_schema("file");

    /// Opens the file that `FILE_SINK_PATH` names; `None` if the reader noted a problem.
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let path = reader.required("FILE_SINK_PATH")?;
        match Self::open(Path::new(&path)) {
            Ok(sink) => Some(sink),
            Err(error) => {
                let problem = format!("cannot append to `{path}`: {}", error.kind());
                reader.problem("FILE_SINK_PATH", problem);
                None
            }
        }
    }

    /// Opens the file, creating it if it is missing. A line that a killed process left unfinished is ended first.
    fn open(path: &Path) -> io::Result<Self> {
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(path)?;
        if !ends_with_a_line(&mut file)? {
            file.write_all(b"\n")?;
        }
        Ok(Self {
            file,
            is_unfinished: Mutex::default(),
        })
    }
}

fn ends_with_a_line(file: &mut File) -> io::Result<bool> {
    if file.metadata()?.len() == 0 {
        return Ok(true);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

impl Sink for FileSink {
    fn name(&self) -> &'static str {
        Self::KIND.name
    }

    async fn send(&self, rows: &[Row<'_>], _sending: &Sending) -> Delivery {
        let mut is_unfinished = self
            .is_unfinished
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        append(&mut &self.file, rows, &mut is_unfinished)
    }
}

/// Appends rows; those whose lines are whole are delivered even if the disk is full after them.
fn append(file: &mut impl Write, rows: &[Row<'_>], is_unfinished: &mut bool) -> Delivery {
    let mut lines = ndjson(rows);
    let lines_before = usize::from(*is_unfinished);
    if *is_unfinished {
        lines.insert(0, b'\n');
    }
    let (written, error) = write_most(file, &lines);
    let Some(error) = error else {
        *is_unfinished = false;
        return Delivery::all_delivered(rows.len());
    };
    // A line is whole without its end, which the next write makes up for.
    let begun = lines.get(..=written).unwrap_or(&lines);
    let line_count = begun.split(|byte| *byte == b'\n').count() - 1;
    let delivered = line_count.saturating_sub(lines_before);
    if let Some(last) = written.checked_sub(1).and_then(|last| lines.get(last)) {
        *is_unfinished = *last != b'\n';
    }
    let reason = format!("cannot append to the file: {}", error.kind());
    let refused: Vec<usize> = (delivered..rows.len()).collect();
    let mut delivery = Delivery::all_delivered(delivered);
    delivery.merge(
        Delivery::all_refused(refused.len(), Remedy::HandBack, reason),
        &refused,
    );
    delivery
}

/// Writes as much as there is room for, in one call where nothing is wrong, so that other processes appending to the same
/// file never come in between. Returns how many bytes are written, and why not all.
fn write_most(file: &mut impl Write, bytes: &[u8]) -> (usize, Option<io::Error>) {
    let mut written = 0;
    while let Some(rest) = bytes.get(written..).filter(|rest| !rest.is_empty()) {
        match file.write(rest) {
            Ok(0) => return (written, Some(io::ErrorKind::WriteZero.into())),
            Ok(count) => written += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return (written, Some(error)),
        }
    }
    (written, None)
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use crate::sending::{Learned, Patience};
    use tenant_logs::{Parsed, Schema, parse};

    use super::*;

    fn rows_of<'a>(parsed: &'a Parsed<'a>) -> Vec<Row<'a>> {
        let rows = parsed.log_events.iter().map(|log_event| Row {
            log_event,
            json: Schema::Raw.write(log_event),
            trace_id: None,
        });
        rows.collect()
    }

    /// A disk with room for so many bytes.
    struct Disk {
        content: Vec<u8>,
        room: usize,
    }

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let count = bytes.len().min(self.room);
            if count == 0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.room -= count;
            self.content.extend_from_slice(&bytes[..count]);
            Ok(count)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_full_disk_keeps_whole_lines_and_the_next_write_ends_what_is_left() {
        let log_ids =
            ["1", "2", "3"].map(|log_id| format!(r#"{{"log_id":"{log_id}","data":{{}}}}"#));
        let body = format!("[{}]", log_ids.join(","));
        let parsed = parse(&body).unwrap();
        let rows = rows_of(&parsed);
        let line = log_ids[0].len() + 1;
        for room in 0..3 * line {
            let mut disk = Disk {
                content: Vec::new(),
                room,
            };
            let mut is_unfinished = false;
            let first = append(&mut disk, &rows, &mut is_unfinished);
            let whole = (room + 1) / line;
            assert_eq!(first.delivered, (0..whole).collect::<Vec<_>>());
            assert_eq!(first.refused.len(), 3 - whole);
            let again = append(&mut disk, &rows[whole..], &mut is_unfinished);
            assert_eq!(again.delivered, [0_usize; 0]);
            disk.room = usize::MAX;
            let rest = append(&mut disk, &rows[whole..], &mut is_unfinished);
            assert_eq!(rest, Delivery::all_delivered(3 - whole));
            let content = String::from_utf8(disk.content).unwrap();
            let whole: Vec<&str> = content
                .lines()
                .filter(|line| line.ends_with("{}}"))
                .collect();
            assert_eq!(whole, log_ids, "{room}: {content}");
            assert!(content.ends_with('\n'));
        }
    }

    fn now() -> Sending {
        Sending {
            until: Instant::now(),
            patience: Patience::WholeTime,
            max_tries: 1,
            learned: Learned::default(),
        }
    }

    #[tokio::test]
    async fn log_events_are_appended_a_line_each_after_an_unfinished_one() {
        let path = std::env::temp_dir().join(format!("file-sink-{}", fastrand::u64(..)));
        std::fs::write(&path, "{\"unfinished").unwrap();
        let parsed = parse(r#"[{"log_id":"1","data":{}},{"log_id":"2","data":{}}]"#).unwrap();
        let rows = rows_of(&parsed);

        let delivery = FileSink::open(&path).unwrap().send(&rows, &now()).await;
        FileSink::open(&path)
            .unwrap()
            .send(&rows[..1], &now())
            .await;

        let written = std::fs::read_to_string(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert_eq!(delivery, Delivery::all_delivered(2));
        assert_eq!(
            written,
            "{\"unfinished\n{\"log_id\":\"1\",\"data\":{}}\n{\"log_id\":\"2\",\"data\":{}}\n{\"log_id\":\"1\",\"data\":{}}\n"
        );
    }
}
