//! The log stream that every measurement reads: webhook bodies of an invented tenant, a hundred events each.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use cargo_local::sample::{BodyFormat, Sample};

/// Events of one webhook body, as Auth0 sends them at most.
pub(crate) const EVENTS_A_BODY: u32 = 100;

/// Bodies, and who made them.
pub(crate) struct Stream {
    /// Each a JSON array of wrapped log events.
    pub(crate) bodies: Vec<String>,
    /// Who made them, for the report.
    pub(crate) origin: String,
}

/// Makes a stream: by `gen_events.py` where the repository has it beside itself, else the bundled sample's arrays.
pub(crate) fn make(event_count: u32) -> Result<Stream, Box<dyn Error>> {
    let generator = root().join("../shared/tools/gen_events.py");
    if !generator.is_file() {
        return sample(event_count);
    }
    let folder = work_folder()?;
    let path = folder.join(format!("events-{event_count}.jsonl"));
    let status = Command::new("python3")
        .arg(&generator)
        .arg(&path)
        .args(["--events", &event_count.to_string()])
        .args(["--batch", &EVENTS_A_BODY.to_string()])
        .stdout(std::process::Stdio::null())
        .status()?;
    if !status.success() {
        return Err(format!("gen_events.py ended with {status}").into());
    }
    let text = fs::read_to_string(&path)?;
    Ok(Stream {
        bodies: text.lines().map(str::to_owned).collect(),
        origin: format!("gen_events.py --events {event_count} --batch {EVENTS_A_BODY}"),
    })
}

fn sample(event_count: u32) -> Result<Stream, Box<dyn Error>> {
    let mut bodies = Vec::new();
    for body in Sample::new(u64::from(event_count)).bodies() {
        if body.format == BodyFormat::Array && !body.is_gzipped {
            bodies.push(String::from_utf8(body.bytes)?);
        }
    }
    Ok(Stream {
        bodies,
        origin: format!("the arrays among the bodies of a sample of {event_count} events"),
    })
}

/// Where what is made for measurements lies: below `target`.
pub(crate) fn work_folder() -> Result<PathBuf, Box<dyn Error>> {
    let folder = root().join("target/bench-input");
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// The repository's folder.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
