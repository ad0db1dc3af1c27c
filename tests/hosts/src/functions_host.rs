//! An Azure Functions host around one app with a custom handler: the real binary, `host.json` and `function.json` files.
//!
//! It behaves as the real host (4.1037, with the Event Grid extension 3.3.0) was seen to: it pings the handler until it
//! answers, calls it in parallel without a limit, in chunks, reads answers by its own table, kills a handler that lets a
//! call pass `functionTimeout`, starts one that failed twice again and then gives up, closes idle connections, may start
//! two at once, and ends it with SIGKILL: at its own end, too, once the calls under way are answered.

mod app;
mod event_grid_trigger;
mod handler;
mod http_trigger;
mod invocation;
mod rewriting;
mod wire;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper::{Request, Response};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::lambda::Usage;
use crate::lambda::output::Output;
use app::{App, Trigger};
use fakes::identifier::new_id;
use fakes::server::{Answer, Server};
use handler::{Handler, HandlerOptions};
use invocation::Invocation;

/// How long the calls under way may take once the host is told to end.
const SHUT_DOWN_LIMIT: Duration = Duration::from_secs(30);
/// The host's own setting, which a handler gets to see, made-up key included.
const STORAGE: &str = "DefaultEndpointsProtocol=https;AccountName=acme;AccountKey=bG9jYWwtc3RvcmFnZS1rZXk=;EndpointSuffix=example.com";

/// What a host is started with.
#[derive(Debug, Clone)]
pub struct HostOptions {
    /// The app's folder, with the executable that `host.json` names.
    pub root: PathBuf,
    /// The app's settings.
    pub environment: Vec<(String, String)>,
    /// How long an invocation may take; none takes it from `host.json`.
    pub timeout: Option<Duration>,
    /// How long after that a handler is killed.
    pub grace: Duration,
    /// How long a handler may take until it listens.
    pub start_limit: Duration,
    /// How long a connection to the handler may be idle before the host closes it.
    pub idle_limit: Duration,
    /// Whether two handlers are started on the one port where the host has killed one, as was seen twice of about 25
    /// times.
    pub races_restarts: bool,
    /// A file that gets everything the handler writes.
    pub output_file: Option<PathBuf>,
}

impl HostOptions {
    /// A host with the real one's times and no settings.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            environment: Vec::new(),
            timeout: None,
            grace: Duration::from_secs(2),
            start_limit: Duration::from_secs(30),
            idle_limit: Duration::from_millis(73_600),
            races_restarts: false,
            output_file: None,
        }
    }
}

/// Why a host does not start.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// The app's files are wrong.
    #[error("the app cannot be read: {0}")]
    App(String),
    /// A port or a file cannot be opened.
    #[error("cannot start the host")]
    Start(#[from] io::Error),
}

/// A running host. Dropping it kills the handler.
#[derive(Debug)]
pub struct FunctionsHost {
    server: Server,
    shared: Arc<Shared>,
    output: Output,
}

/// What every request of the host needs.
#[derive(Debug)]
struct Shared {
    app: App,
    handler: Handler,
    keys: Keys,
    requests: watch::Sender<Requests>,
}

/// The requests of the host.
#[derive(Debug, Default)]
struct Requests {
    under_way: usize,
    /// Whether new ones are refused.
    are_refused: bool,
}

/// The keys that a request must bring.
#[derive(Debug)]
struct Keys {
    system: String,
    function: String,
}

impl FunctionsHost {
    /// Reads the app and starts its handler; requests are held until it is ready.
    pub async fn start(options: HostOptions) -> Result<Self, HostError> {
        let app = App::read(&options.root).map_err(HostError::App)?;
        let output = Output::new(options.output_file.as_deref())?;
        let handler = Handler::start(HandlerOptions {
            executable: app.executable.clone(),
            environment: environment(&options),
            timeout: options.timeout.unwrap_or(app.timeout),
            grace: options.grace,
            start_limit: options.start_limit,
            idle_limit: options.idle_limit,
            races_restarts: options.races_restarts,
            output: output.clone(),
            root: options.root,
        })
        .await?;
        let shared = Arc::new(Shared {
            app,
            handler,
            keys: Keys {
                system: new_id(),
                function: new_id(),
            },
            requests: watch::Sender::default(),
        });
        let serving = Arc::clone(&shared);
        let server = Server::start(move |request| {
            let shared = Arc::clone(&serving);
            async move { answer(&shared, request).await }
        })
        .await?;
        Ok(Self {
            server,
            shared,
            output,
        })
    }

    /// Where Event Grid delivers events for a function, with the key.
    pub fn event_grid_url(&self, function: &str) -> String {
        let (url, key) = (self.server.url(), &self.shared.keys.system);
        format!("{url}/runtime/webhooks/eventgrid?functionName={function}&code={key}")
    }

    /// The URL of a function with an HTTP trigger, with the key where it asks for one.
    pub fn http_url(&self, function: &str) -> Option<String> {
        let Trigger::Http {
            route, needs_key, ..
        } = self.shared.app.functions.get(function)?
        else {
            return None;
        };
        let prefix = &self.shared.app.route_prefix;
        let slash = if prefix.is_empty() { "" } else { "/" };
        let key = if *needs_key {
            format!("?code={}", self.shared.keys.function)
        } else {
            String::new()
        };
        Some(format!("{}{slash}{prefix}/{route}{key}", self.server.url()))
    }

    /// The schedule of a function with a timer.
    pub fn schedule(&self, function: &str) -> Option<&str> {
        match self.shared.app.functions.get(function)? {
            Trigger::Timer { schedule, .. } => Some(schedule),
            Trigger::EventGrid { .. } | Trigger::Http { .. } => None,
        }
    }

    /// Runs a function as its timer does, whatever the time; an error is why the invocation failed.
    pub async fn run_timer(&self, function: &str) -> Result<Value, String> {
        let timer = json!({
            "Schedule": { "AdjustForDST": true },
            // That of a schedule that never ran; a run by hand has it, too.
            "ScheduleStatus": {
                "Last": "0001-01-01T00:00:00+00:00",
                "LastUpdated": "0001-01-01T00:00:00+00:00",
                "Next": "2026-11-22T03:00:00+00:00",
            },
            "IsPastDue": false,
        });
        self.run_timer_with(function, &timer).await
    }

    /// The same with a timer of the caller's own.
    pub async fn run_timer_with(&self, function: &str, timer: &Value) -> Result<Value, String> {
        let Some(Trigger::Timer { binding, .. }) = self.shared.app.functions.get(function) else {
            return Err(format!("`{function}` has no timer"));
        };
        let invocation = Invocation {
            function: function.to_owned(),
            binding: binding.clone(),
            data: timer.to_string(),
            metadata: None,
        };
        self.shared.invoke(&invocation).await
    }

    /// Waits until the handler takes calls; returns whether it ever will.
    pub async fn is_ready(&self) -> bool {
        self.shared.handler.is_ready().await
    }

    /// Whether the handler failed so often that the host gave up.
    pub fn is_shut_down(&self) -> bool {
        self.shared.handler.is_shut_down()
    }

    /// Restarts the handler with SIGKILL, as an update or a move to another machine does.
    pub async fn restart(&self) {
        self.shared.handler.restart().await;
    }

    /// Ends as the real host does on SIGTERM: takes no more requests, lets those under way finish, and then ends the
    /// handler with SIGKILL, which never sees a SIGTERM.
    pub async fn shut_down(&self) {
        self.shared
            .requests
            .send_modify(|requests| requests.are_refused = true);
        let mut requests = self.shared.requests.subscribe();
        let last = requests.wait_for(|requests| requests.under_way == 0);
        // What takes longer is cut off.
        let _in_time = timeout(SHUT_DOWN_LIMIT, last).await;
        self.shared.handler.end().await;
    }

    /// Sends the handler SIGTERM, as a platform does when it takes an instance away; returns its exit code.
    pub async fn terminate_handler(&self) -> io::Result<Option<i32>> {
        let Some(process) = self.shared.handler.process() else {
            return Ok(None);
        };
        process.terminate()?;
        Ok(process.ended().await.and_then(|exit| exit.code()))
    }

    /// The port on which the handler listens, whichever process it is.
    pub fn handler_port(&self) -> u16 {
        self.shared.handler.port()
    }

    /// Starts a handler where the last one ended by itself, as on another instance.
    pub async fn start_again(&self) {
        self.shared.handler.start_again().await;
    }

    /// How many handlers were started.
    pub fn starts(&self) -> usize {
        self.shared.handler.starts()
    }

    /// How many handlers run at the moment.
    pub fn live_handlers(&self) -> usize {
        self.shared.handler.live()
    }

    /// How many calls the handlers got.
    pub fn calls(&self) -> usize {
        self.shared.handler.calls()
    }

    /// What the handlers have written so far.
    pub fn output(&self) -> String {
        self.output.text()
    }

    /// Their output, once that holds: what a handler wrote before its answer may come after it, through another pipe.
    ///
    /// Waits ten seconds at most, and then answers what there is.
    pub async fn output_when(&self, holds: impl Fn(&str) -> bool) -> String {
        self.output.text_when(holds).await
    }

    /// What the handlers have cost so far.
    pub fn usage(&self) -> Option<Usage> {
        self.shared.handler.usage()
    }
}

impl Shared {
    /// Invokes a function, as often as its policy says; the error is that of the last try.
    async fn invoke(&self, invocation: &Invocation) -> Result<Value, String> {
        let policy = self.app.retries.get(&invocation.function);
        let most = policy.map_or(0, |policy| policy.max_retries);
        let mut count = 0;
        loop {
            let retry = policy.map(|_| (count, most));
            let request = invocation.request(self.handler.port(), retry);
            let invoked = self.handler.invoke(request).await;
            match policy {
                Some(policy) if invoked.is_err() && count < most => sleep(policy.delay).await,
                _ => return invoked,
            }
            count += 1;
        }
    }

    async fn pass_on(&self, request: Request<Bytes>, is_chunked: bool) -> Option<Response<Bytes>> {
        self.handler.pass_on(request, is_chunked).await
    }
}

async fn answer(shared: &Arc<Shared>, request: Request<Bytes>) -> Answer {
    let is_taken = shared.requests.send_if_modified(|requests| {
        let is_taken = !requests.are_refused;
        requests.under_way += usize::from(is_taken);
        is_taken
    });
    if !is_taken {
        return Answer::Drop;
    }
    let _under_way = UnderWay(shared);
    if shared.handler.is_shut_down() {
        return Answer::Drop;
    }
    if request.uri().path() == "/runtime/webhooks/eventgrid" {
        return event_grid_trigger::answer(shared, &request).await;
    }
    http_trigger::answer(shared, request).await
}

/// A request that is counted until it is answered, or its sender has gone away.
struct UnderWay<'s>(&'s Shared);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0
            .requests
            .send_modify(|requests| requests.under_way -= 1);
    }
}

/// The parameters of a request, which need no decoding here: names and keys are plain.
fn query_of(request: &Request<Bytes>) -> BTreeMap<String, String> {
    let query = request.uri().query().unwrap_or_default();
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// A handler gets the host's own environment: what the platform sets, and the app's settings.
fn environment(options: &HostOptions) -> Vec<(OsString, OsString)> {
    let platform = [
        ("FUNCTIONS_WORKER_RUNTIME", "Custom"),
        ("AZURE_FUNCTIONS_ENVIRONMENT", "Development"),
        ("WEBSITE_HOSTNAME", "localhost"),
        ("AzureWebJobsStorage", STORAGE),
    ];
    let platform = platform.map(|(name, value)| (name.into(), value.into()));
    let path = std::env::var_os("PATH").map(|path| ("PATH".into(), path));
    let settings = options.environment.iter();
    let settings = settings.map(|(name, value)| (name.into(), value.into()));
    platform.into_iter().chain(path).chain(settings).collect()
}

#[cfg(test)]
mod tests;
