//! An NDJSON file that is appended: the local default, and what a test reads back.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use tokio::time::Instant;

use super::stdout::ndjson;
use crate::ports::{Delivery, Remedy, Row, Sink};
use crate::settings::Reader;

/// Appends each log event as a line.
#[derive(Debug)]
pub struct FileSink {
    file: File,
}

impl FileSink {
    /// Opens the file that `FILE_SINK_PATH` names; nothing where the reader noted a problem.
    pub fn read(reader: &mut Reader<'_>) -> Option<Self> {
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

    /// Opens the file, creating it where it is missing. A line that a killed process left unfinished is ended first.
    pub fn open(path: &Path) -> io::Result<Self> {
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(path)?;
        if !ends_with_a_line(&mut file)? {
            file.write_all(b"\n")?;
        }
        Ok(Self { file })
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
        "file"
    }

    async fn send(&self, rows: &[Row<'_>], _until: Instant) -> Delivery {
        // One write a call, so that other processes appending to the same file never come in between.
        match (&self.file).write_all(&ndjson(rows)) {
            Ok(()) => Delivery::all_delivered(rows.len()),
            Err(error) => {
                let reason = format!("cannot append to the file: {}", error.kind());
                Delivery::all_refused(rows.len(), Remedy::HandBack, reason)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tenant_logs::{Schema, parse};

    use super::*;

    #[tokio::test]
    async fn log_events_are_appended_a_line_each_after_an_unfinished_one() {
        let path = std::env::temp_dir().join(format!("file-sink-{}", fastrand::u64(..)));
        std::fs::write(&path, "{\"unfinished").unwrap();
        let parsed = parse(r#"[{"log_id":"1","data":{}},{"log_id":"2","data":{}}]"#).unwrap();
        let rows: Vec<Row<'_>> = parsed
            .log_events
            .iter()
            .map(|log_event| Row {
                log_event,
                json: Schema::Raw.write(log_event),
                trace_id: None,
            })
            .collect();

        let delivery = FileSink::open(&path)
            .unwrap()
            .send(&rows, Instant::now())
            .await;
        FileSink::open(&path)
            .unwrap()
            .send(&rows[..1], Instant::now())
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
