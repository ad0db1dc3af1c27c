//! A Lambda function: real processes of a binary around our own Runtime API.
//!
//! It behaves as Lambda does. A process serves one invocation at a time and is kept for the next; another is started
//! when an invocation finds none idle, up to the concurrency, beyond which invocations are throttled. A process that
//! takes too long is killed, and one that dies fails the invocation that it had; the next one starts a new process.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Semaphore;

mod environment;
#[cfg(test)]
pub(crate) mod fake_process;
pub(crate) mod output;
pub(crate) mod process;
mod report;
mod runtime_api;
#[cfg(test)]
pub(crate) mod script;
mod usage;
mod worker;

pub use usage::Usage;

use fakes::invocation::{InvocationError, Invoke};
use fakes::lock::lock;
use output::Output;
use process::Process;
use worker::Worker;

/// What a function is made of.
#[derive(Debug, Clone)]
pub struct FunctionOptions {
    /// Its name, as the process sees it.
    pub name: String,
    /// Its program.
    pub binary: PathBuf,
    /// Settings, beside what Lambda itself sets and stronger than that.
    pub environment: Vec<(String, String)>,
    /// How long an invocation may take.
    pub timeout: Duration,
    /// How many seconds the clock is ahead by which the processes are told their deadlines; negative where it is behind.
    pub clock_ahead_secs: i64,
    /// How many processes there may be at a time.
    pub concurrency: usize,
    /// A file that gets everything the processes write, at its end.
    pub output_file: Option<PathBuf>,
}

impl FunctionOptions {
    /// A function without settings: 30 seconds, ten processes at most, no output file.
    pub fn new(name: impl Into<String>, binary: impl Into<PathBuf>) -> Self {
        Self {
            name: name.into(),
            binary: binary.into(),
            environment: Vec::new(),
            timeout: Duration::from_secs(30),
            clock_ahead_secs: 0,
            concurrency: 10,
            output_file: None,
        }
    }
}

/// A function that can be invoked. Dropping it kills its processes.
#[derive(Debug)]
pub struct Function {
    options: FunctionOptions,
    output: Output,
    free: Semaphore,
    idle: Mutex<Vec<Worker>>,
    /// Every process that was ever started, ended ones too.
    processes: Mutex<Vec<Arc<Process>>>,
}

impl Function {
    /// Makes a function; its first process starts with its first invocation.
    pub fn start(options: FunctionOptions) -> io::Result<Self> {
        Ok(Self {
            output: Output::new(options.output_file.as_deref())?,
            free: Semaphore::new(options.concurrency),
            idle: Mutex::new(Vec::new()),
            processes: Mutex::new(Vec::new()),
            options,
        })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.options.name
    }

    /// Hands a payload to an idle process, or to a new one, and waits for the answer.
    pub async fn invoke(&self, payload: impl Into<Bytes>) -> Result<Bytes, InvocationError> {
        let Ok(_slot) = self.free.try_acquire() else {
            return Err(InvocationError::Throttled);
        };
        let worker = match self.idle_worker() {
            Some(worker) => worker,
            None => self.new_worker().await?,
        };
        let answered = worker.invoke(payload.into(), &self.options).await;
        match answered {
            Ok(_) | Err(InvocationError::Function { .. }) => lock(&self.idle).push(worker),
            Err(
                InvocationError::Timeout
                | InvocationError::Crashed { .. }
                | InvocationError::InitFailed { .. }
                | InvocationError::Throttled,
            ) => {}
        }
        answered
    }

    fn idle_worker(&self) -> Option<Worker> {
        let mut idle = lock(&self.idle);
        std::iter::from_fn(|| idle.pop()).find(|worker| !worker.process().has_ended())
    }

    async fn new_worker(&self) -> Result<Worker, InvocationError> {
        let worker = Worker::start(&self.options, &self.output).await?;
        lock(&self.processes).push(Arc::clone(worker.process()));
        worker.started().await?;
        Ok(worker)
    }

    /// Kills every process now and waits until they are gone. Running invocations fail as crashed; a later one starts
    /// a new process.
    pub async fn kill(&self) {
        let processes = lock(&self.processes).clone();
        for process in &processes {
            process.kill();
        }
        for process in &processes {
            process.ended().await;
        }
    }

    /// Sends every process SIGTERM and waits until they are gone.
    pub async fn terminate(&self) -> io::Result<()> {
        let processes = lock(&self.processes).clone();
        for process in &processes {
            process.terminate()?;
        }
        for process in &processes {
            process.ended().await;
        }
        Ok(())
    }

    /// Ends the function and its processes.
    pub async fn stop(self) {
        self.kill().await;
    }

    /// Everything that its processes have written so far: the newest 32 MiB at least.
    pub fn output(&self) -> String {
        self.output.text()
    }

    /// Its output, once that holds: what a process wrote before its answer may come after it, through another pipe.
    ///
    /// Waits ten seconds at most, and then returns what there is.
    pub async fn output_when(&self, holds: impl Fn(&str) -> bool) -> String {
        self.output.text_when(holds).await
    }

    /// How many processes were started.
    pub fn starts(&self) -> usize {
        lock(&self.processes).len()
    }

    /// What its processes have cost so far; none before the first one, and where the system does not tell.
    pub fn usage(&self) -> Option<Usage> {
        let processes = lock(&self.processes).clone();
        processes
            .iter()
            .filter_map(|process| process.usage())
            .reduce(Usage::and)
    }
}

impl Invoke for Function {
    async fn invoke(&self, payload: Vec<u8>) -> Result<Bytes, InvocationError> {
        Self::invoke(self, payload).await
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        for process in lock(&self.processes).iter() {
            process.kill();
        }
    }
}

#[cfg(test)]
mod tests;
