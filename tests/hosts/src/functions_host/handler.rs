//! The handler's process: started, pinged until it is ready, called, killed and started again as the real host does.

mod life;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use hyper::{Request, Response};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

use super::invocation::{Verdict, classify};
use super::wire::Wire;
use crate::lambda::Usage;
use crate::lambda::output::Output;
use crate::lambda::process::Process;
use fakes::lock::lock;

/// Ports that no outgoing connection is given, so that a killed handler's port stays free for the next one.
const PORTS: std::ops::Range<u16> = 20_000..32_000;
/// Those that this process has given out: one is free again before its handler listens on it.
static GIVEN_PORTS: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());

/// What a handler is started with.
#[derive(Debug)]
pub(crate) struct HandlerOptions {
    pub(crate) root: PathBuf,
    pub(crate) executable: PathBuf,
    pub(crate) environment: Vec<(OsString, OsString)>,
    /// `functionTimeout`.
    pub(crate) timeout: Duration,
    /// How long after it a handler is killed.
    pub(crate) grace: Duration,
    /// How long a handler may take until it listens.
    pub(crate) start_limit: Duration,
    /// How long a connection may be idle.
    pub(crate) idle_limit: Duration,
    /// Whether two handlers are started where the host has killed one.
    pub(crate) races_restarts: bool,
    pub(crate) output: Output,
}

/// Where the handler is in its life.
#[derive(Debug, Clone)]
enum Phase {
    /// Calls are held.
    Starting,
    Ready(Arc<Running>),
    /// It ended with 0: it is not started again, and every call fails.
    Closed,
    /// It failed too often.
    ShutDown,
}

/// One process that is ready.
#[derive(Debug)]
struct Running {
    process: Arc<Process>,
    wire: Wire,
}

/// The handler, whichever process it is at the moment. Dropping it kills the process.
#[derive(Debug)]
pub(crate) struct Handler {
    shared: Arc<Shared>,
    supervising: Mutex<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    options: HandlerOptions,
    port: u16,
    phase: watch::Sender<Phase>,
    processes: Mutex<Vec<Arc<Process>>>,
    /// Whether the host itself has killed the process, which does not count as an error.
    is_ours: AtomicBool,
    calls: AtomicUsize,
}

impl Handler {
    pub(crate) async fn start(options: HandlerOptions) -> std::io::Result<Self> {
        let shared = Arc::new(Shared {
            options,
            port: free_port().await?,
            phase: watch::Sender::new(Phase::Starting),
            processes: Mutex::default(),
            is_ours: AtomicBool::new(false),
            calls: AtomicUsize::new(0),
        });
        let supervising = tokio::spawn(life::supervise(Arc::clone(&shared)));
        Ok(Self {
            shared,
            supervising: Mutex::new(supervising),
        })
    }

    /// Invokes a function and reads the answer as the host does; an error is what the trigger gets to read.
    pub(crate) async fn invoke(&self, request: Request<Bytes>) -> Result<Value, String> {
        let running = self.ready().await?;
        let limit = Instant::now() + self.shared.options.timeout + self.shared.options.grace;
        self.shared.calls.fetch_add(1, Ordering::SeqCst);
        let verdict = match timeout_at(limit, running.wire.send_and_follow(request)).await {
            Ok(Ok(response)) => classify(&response),
            Ok(Err(_broken)) => Verdict::Failed("the connection was closed".to_owned()),
            Err(_elapsed) => Verdict::NeverEnds,
        };
        match verdict {
            Verdict::Done(outputs) => Ok(outputs),
            Verdict::Failed(reason) => Err(reason),
            Verdict::NeverEnds => {
                sleep_until(limit).await;
                self.kill_running(&running);
                running.process.ended().await;
                Err("Timeout value was exceeded".to_owned())
            }
        }
    }

    /// Passes a request on as it came, and the answer back; no answer where the connection broke or the time is over.
    pub(crate) async fn pass_on(
        &self,
        request: Request<Bytes>,
        is_chunked: bool,
    ) -> Option<Response<Bytes>> {
        let running = self.ready().await.ok()?;
        self.shared.calls.fetch_add(1, Ordering::SeqCst);
        let limit = self.shared.options.timeout + self.shared.options.grace;
        let sent = async {
            if is_chunked {
                running.wire.send_chunked(request).await
            } else {
                running.wire.send_whole(request).await
            }
        };
        match timeout(limit, sent).await {
            Ok(answered) => answered.ok(),
            Err(_elapsed) => {
                self.kill_running(&running);
                None
            }
        }
    }

    /// Waits while a handler is starting.
    async fn ready(&self) -> Result<Arc<Running>, String> {
        let mut phase = self.shared.phase.subscribe();
        loop {
            match &*phase.borrow_and_update() {
                Phase::Ready(running) => return Ok(Arc::clone(running)),
                Phase::Closed => return Err("the handler has ended".to_owned()),
                Phase::ShutDown => return Err("the host is shut down".to_owned()),
                Phase::Starting => {}
            }
            if phase.changed().await.is_err() {
                return Err("the host is gone".to_owned());
            }
        }
    }

    /// Waits until calls are taken; returns whether they ever will be.
    pub(crate) async fn is_ready(&self) -> bool {
        self.ready().await.is_ok()
    }

    /// Where it listens.
    pub(crate) fn port(&self) -> u16 {
        self.shared.port
    }

    /// Whether it failed too often.
    pub(crate) fn is_shut_down(&self) -> bool {
        matches!(*self.shared.phase.borrow(), Phase::ShutDown)
    }

    /// Kills the process as the host does when it restarts the handler.
    pub(crate) async fn restart(&self) {
        if let Ok(running) = self.ready().await {
            self.kill_running(&running);
            running.process.ended().await;
        }
    }

    /// Starts a process where the last one has ended for good.
    pub(crate) async fn start_again(&self) {
        let mut phase = self.shared.phase.subscribe();
        let closed = phase.wait_for(|phase| matches!(phase, Phase::Closed));
        // It fails where the host is gone.
        if closed.await.is_ok() {
            *lock(&self.supervising) = tokio::spawn(life::supervise(Arc::clone(&self.shared)));
        }
    }

    /// Kills the process for good.
    pub(crate) async fn end(&self) {
        lock(&self.supervising).abort();
        self.shared.phase.send_replace(Phase::ShutDown);
        let processes = lock(&self.shared.processes).clone();
        for process in processes {
            process.kill();
            process.ended().await;
        }
    }

    fn kill_running(&self, running: &Arc<Running>) {
        // Several calls may be late at once; the process is killed for the first.
        let is_current = self.shared.phase.send_if_modified(|phase| {
            let is_current =
                matches!(phase, Phase::Ready(current) if Arc::ptr_eq(current, running));
            if is_current {
                *phase = Phase::Starting;
            }
            is_current
        });
        if is_current {
            self.shared.is_ours.store(true, Ordering::SeqCst);
            running.process.kill();
        }
    }

    /// The process of the moment.
    pub(crate) fn process(&self) -> Option<Arc<Process>> {
        lock(&self.shared.processes).last().cloned()
    }

    /// How many processes were started.
    pub(crate) fn starts(&self) -> usize {
        lock(&self.shared.processes).len()
    }

    /// How many processes run at the moment.
    pub(crate) fn live(&self) -> usize {
        let processes = lock(&self.shared.processes);
        let live = processes.iter().filter(|process| !process.has_ended());
        live.count()
    }

    /// How many calls any process got.
    pub(crate) fn calls(&self) -> usize {
        self.shared.calls.load(Ordering::SeqCst)
    }

    /// What its processes have cost.
    pub(crate) fn usage(&self) -> Option<Usage> {
        let processes = lock(&self.shared.processes).clone();
        let used = processes.iter().filter_map(|process| process.usage());
        used.reduce(Usage::and)
    }
}

impl Drop for Handler {
    fn drop(&mut self) {
        lock(&self.supervising).abort();
        for process in lock(&self.shared.processes).iter() {
            process.kill();
        }
    }
}

async fn free_port() -> std::io::Result<u16> {
    loop {
        let port = fastrand::u16(PORTS);
        if !lock(&GIVEN_PORTS).insert(port) {
            continue;
        }
        match TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await {
            Ok(_free) => return Ok(port),
            Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_port_is_given_out_once() {
        let mut ports = BTreeSet::new();
        for _ in 0..500 {
            assert!(ports.insert(free_port().await.unwrap()));
        }
    }
}
