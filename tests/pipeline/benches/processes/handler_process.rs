//! A custom handler's process, started and called as the Functions host does it, by as little code as possible.
//!
//! The client blocks and keeps one connection, and a call is written as bytes that are ready, so that what is measured
//! is the handler.

use std::error::Error;
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use hosts::lambda::Usage;

/// Bytes of a chunk, as the real host was seen to send them.
const CHUNK_BYTES: usize = 1_024;
/// Between two tries to reach a handler that does not listen yet.
const TRY_AGAIN_AFTER: Duration = Duration::from_micros(100);
const START_LIMIT: Duration = Duration::from_secs(30);
/// Ports that no outgoing connection is given, so that none of ours can meet itself there.
const PORTS: std::ops::Range<u16> = 20_000..32_000;

/// A running handler. Dropping it kills it.
pub(crate) struct HandlerProcess {
    child: Child,
    port: u16,
    stream: TcpStream,
    /// From before the process existed to its first answer.
    pub(crate) start: Duration,
}

/// An answer of a handler.
pub(crate) struct Answered {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    /// From the first byte of the call to the last of the answer.
    pub(crate) after: Duration,
}

impl HandlerProcess {
    /// Starts a handler and waits for its first answer.
    pub(crate) fn start(
        program: &Path,
        environment: &[(String, String)],
    ) -> Result<Self, Box<dyn Error>> {
        let port = free_port()?;
        let mut command = Command::new(program);
        command
            .env_clear()
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .env("FUNCTIONS_CUSTOMHANDLER_PORT", port.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let begun = Instant::now();
        let mut child = command.spawn()?;
        let stream = loop {
            match TcpStream::connect((Ipv4Addr::LOCALHOST, port)) {
                Ok(stream) => break stream,
                Err(error) => {
                    if let Some(exit) = child.try_wait()? {
                        return Err(format!("{} ended with {exit}", program.display()).into());
                    }
                    if begun.elapsed() > START_LIMIT {
                        child.kill()?;
                        return Err(error.into());
                    }
                    sleep(TRY_AGAIN_AFTER);
                }
            }
        };
        stream.set_nodelay(true)?;
        let mut handler = Self {
            child,
            port,
            stream,
            start: Duration::ZERO,
        };
        let ping = format!("GET / HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\n\r\n");
        let pinged = handler.exchange(ping.as_bytes())?;
        handler.start = begun.elapsed();
        if pinged.status != 200 {
            return Err(format!("a ping was answered {}", pinged.status).into());
        }
        Ok(handler)
    }

    /// Makes one call; only the exchange itself is measured.
    pub(crate) fn call(
        &mut self,
        path: &str,
        headers: &str,
        body: &[u8],
    ) -> Result<Answered, Box<dyn Error>> {
        let port = self.port;
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\n{headers}transfer-encoding: chunked\r\n\r\n"
        );
        let mut bytes = head.into_bytes();
        for chunk in body.chunks(CHUNK_BYTES) {
            bytes.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
            bytes.extend_from_slice(chunk);
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b"0\r\n\r\n");
        self.exchange(&bytes)
    }

    /// The most memory that it has had.
    pub(crate) fn peak_bytes(&self) -> Result<u64, Box<dyn Error>> {
        let usage = Usage::of_process(self.child.id());
        let usage = usage.ok_or("the system does not tell what a process uses")?;
        Ok(usage.peak_memory_bytes)
    }

    fn exchange(&mut self, request: &[u8]) -> Result<Answered, Box<dyn Error>> {
        let begun = Instant::now();
        self.stream.write_all(request)?;
        let mut read = Vec::new();
        let mut buffer = [0; 4_096];
        loop {
            let count = self.stream.read(&mut buffer)?;
            read.extend_from_slice(buffer.get(..count).unwrap_or_default());
            if let Some((status, body)) = whole_answer(&read)? {
                return Ok(Answered {
                    status,
                    body: body.to_vec(),
                    after: begun.elapsed(),
                });
            }
            if count == 0 {
                return Err("the connection was closed before the answer".into());
            }
        }
    }
}

impl Drop for HandlerProcess {
    fn drop(&mut self) {
        // It fails only for a process that has ended by itself.
        let _killed = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// A status and a body.
type Parts<'a> = (u16, &'a [u8]);

/// The status and the body, once all of it is there.
fn whole_answer(read: &[u8]) -> Result<Option<Parts<'_>>, Box<dyn Error>> {
    let Some(end) = read.windows(4).position(|bytes| bytes == b"\r\n\r\n") else {
        return Ok(None);
    };
    let (head, body) = read.split_at(end + 4);
    let head = std::str::from_utf8(head)?.to_ascii_lowercase();
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1));
    let status = status.ok_or("no status in an answer")?.parse()?;
    let length = lines.find_map(|line| line.strip_prefix("content-length:"));
    let length: usize = length
        .ok_or("an answer without its length")?
        .trim()
        .parse()?;
    Ok(body.get(..length).map(|body| (status, body)))
}

fn free_port() -> Result<u16, Box<dyn Error>> {
    loop {
        let port = fastrand::u16(PORTS);
        match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            Ok(_free) => return Ok(port),
            Err(error) if error.kind() == ErrorKind::AddrInUse => {}
            Err(error) => return Err(error.into()),
        }
    }
}
