//! A handler's life in the host: which end is followed by another start, and which by none.

use std::ffi::OsString;
use std::net::Ipv4Addr;
use std::process::ExitStatus;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use hyper::Request;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};

use super::{Phase, Running, Shared};
use crate::functions_host::wire::Wire;
use crate::lambda::process::Process;
use fakes::client;
use fakes::lock::lock;

/// Between two pings of a handler that does not listen yet.
const PING_INTERVAL: Duration = Duration::from_millis(25);
/// Before a handler that failed is started again.
const RESTART_DELAY: Duration = Duration::from_millis(60);
/// Failures that end the host, where they come within the window.
const MAX_ERRORS: usize = 3;
const ERROR_WINDOW: Duration = Duration::from_mins(30);
/// The exit code of a handler that asks for another start.
const RESTART_CODE: i32 = 200;

/// Failures so far.
#[derive(Default)]
struct Errors(Vec<Instant>);

impl Errors {
    /// Notes one; returns whether it ends the host.
    fn is_last(&mut self) -> bool {
        self.0.retain(|at| at.elapsed() < ERROR_WINDOW);
        self.0.push(Instant::now());
        self.0.len() >= MAX_ERRORS
    }
}

pub(super) async fn supervise(shared: Arc<Shared>) {
    let mut errors = Errors::default();
    // The other handler of a race, until it has ended.
    let mut rival: Option<Arc<Process>> = None;
    let mut winner: Option<Arc<Process>> = None;
    loop {
        shared.phase.send_replace(Phase::Starting);
        let Some(process) = winner.take().or_else(|| start(&shared).ok()) else {
            // The host goes on without a handler.
            shared.phase.send_replace(Phase::Closed);
            return;
        };
        let exit = {
            let mut living = std::pin::pin!(live(&shared, &process));
            loop {
                let racing = async {
                    match &rival {
                        Some(rival) => rival.ended().await,
                        None => std::future::pending().await,
                    }
                };
                let rival_exit = tokio::select! {
                    biased;
                    exit = racing => exit,
                    exit = &mut living => break exit,
                };
                // The loser of a race: an orderly end is harmless, any other is an error like each.
                rival = None;
                let is_orderly = rival_exit.is_some_and(|exit| exit.success());
                if !is_orderly && errors.is_last() {
                    process.kill();
                    shared.phase.send_replace(Phase::ShutDown);
                    return;
                }
            }
        };
        let is_ours = shared.is_ours.swap(false, Ordering::SeqCst);
        match exit.and_then(|exit| exit.code()) {
            _ if is_ours => {
                if shared.options.races_restarts && rival.is_none() {
                    rival = start(&shared).ok();
                }
            }
            Some(RESTART_CODE) => {}
            Some(0) => {
                winner = rival.take();
                if winner.is_none() {
                    shared.phase.send_replace(Phase::Closed);
                    return;
                }
            }
            _ => {
                if errors.is_last() {
                    shared.phase.send_replace(Phase::ShutDown);
                    return;
                }
                shared.phase.send_replace(Phase::Starting);
                sleep(RESTART_DELAY).await;
            }
        }
    }
}

fn start(shared: &Shared) -> std::io::Result<Arc<Process>> {
    let options = &shared.options;
    let port = OsString::from(shared.port.to_string());
    let own = [
        ("FUNCTIONS_CUSTOMHANDLER_PORT", port.clone()),
        ("FUNCTIONS_HTTPWORKER_PORT", port),
        ("FUNCTIONS_CUSTOMHANDLER_WORKER_ID", "worker".into()),
        ("FUNCTIONS_HTTPWORKER_ID", "worker".into()),
        ("FUNCTIONS_APP_ROOT_PATH", options.root.clone().into()),
    ];
    let own = own.map(|(name, value)| (OsString::from(name), value));
    let environment = options.environment.iter().cloned().chain(own);
    let process = Process::start_in(
        &options.root,
        &options.executable,
        environment,
        &options.output,
    )?;
    lock(&shared.processes).push(Arc::clone(&process));
    Ok(process)
}

/// A process from its first ping to its end.
async fn live(shared: &Shared, process: &Arc<Process>) -> Option<ExitStatus> {
    let pinged = tokio::select! {
        exit = process.ended() => return exit,
        pinged = ping(shared.port, shared.options.start_limit) => pinged,
    };
    if pinged {
        let running = Running {
            process: Arc::clone(process),
            wire: Wire::to(shared.port, shared.options.idle_limit),
        };
        shared.phase.send_replace(Phase::Ready(Arc::new(running)));
    } else {
        process.kill();
    }
    process.ended().await
}

/// Pings until somebody listens; whatever then comes back counts, a closed connection too.
async fn ping(port: u16, limit: Duration) -> bool {
    let until = Instant::now() + limit;
    while TcpStream::connect((Ipv4Addr::LOCALHOST, port))
        .await
        .is_err()
    {
        if Instant::now() >= until {
            return false;
        }
        sleep(PING_INTERVAL).await;
    }
    let request = Request::get(format!("http://127.0.0.1:{port}/")).body(Bytes::new());
    if let Ok(request) = request {
        let _anything = client::send(request).await;
    }
    true
}
