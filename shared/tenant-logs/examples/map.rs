//! Maps a body from standard input to a schema, a line an event: `cargo run --example map -- ecs rest < events.ndjson`.
//! The second word is what `RAW` can be, `whole` where it is missing.
//!
//! What is no log event is named on standard error, and the program fails.

use std::env;
use std::error::Error;
use std::io::{self, Read, Write};

use tenant_logs::{Mapping, Raw, Schema, Timestamp, decode, parse};

/// As large as any file that somebody would look at by hand.
const MAX_BYTES: usize = 1 << 30;

fn main() -> Result<(), Box<dyn Error>> {
    let name = env::args().nth(1).unwrap_or_default();
    let schema = Schema::parse(&name).ok_or_else(|| {
        let names = Schema::ALL.map(Schema::name).join(", ");
        format!("cannot read schema `{name}` (want one of {names})")
    })?;
    let raw = env::args().nth(2).unwrap_or_else(|| "whole".to_owned());
    let raw = Raw::parse(&raw).ok_or_else(|| {
        let names = Raw::ALL.map(Raw::name).join(", ");
        format!("cannot read `{raw}` (want one of {names})")
    })?;
    let mut body = Vec::new();
    io::stdin().lock().read_to_end(&mut body)?;
    let text = decode(&body, MAX_BYTES)?;
    let parsed = parse(&text)?;
    let mut stdout = io::stdout().lock();
    let mapping = Mapping::to(schema, None, Timestamp::now()).keeping(raw);
    for log_event in &parsed.log_events {
        let row = mapping.write(log_event);
        stdout.write_all(row.replace(['\n', '\r'], " ").as_bytes())?;
        stdout.write_all(b"\n")?;
    }
    stdout.flush()?;
    for reject in &parsed.rejects {
        writeln!(io::stderr(), "set aside: {}", reject.reason)?;
    }
    if parsed.rejects.is_empty() {
        Ok(())
    } else {
        Err(format!("{} elements are no log events", parsed.rejects.len()).into())
    }
}
