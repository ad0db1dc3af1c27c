//! One process of a function: started, watched, measured, killed and reaped.

use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::process::{Child, Command};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::lambda::output::Output;
use crate::lambda::usage::Usage;
use fakes::lock::lock;

/// How often a live process is measured: what it used after its last measurement is lost when it crashes.
const MEASURE_INTERVAL: Duration = Duration::from_millis(250);

/// How long the output of an ended process is read, in case a child of its own keeps the pipe open.
const OUTPUT_GRACE: Duration = Duration::from_millis(500);

/// How a process ended, where the system tells.
pub(crate) type Exit = Option<ExitStatus>;

/// A process that runs until it ends or is killed.
#[derive(Debug)]
pub(crate) struct Process {
    id: Option<u32>,
    kill: Arc<Notify>,
    ended: watch::Receiver<Option<Exit>>,
    usage: Mutex<Option<Usage>>,
}

impl Process {
    /// Starts a program with nothing but these variables in its environment.
    pub(crate) fn start<K: AsRef<OsStr>, V: AsRef<OsStr>>(
        binary: &Path,
        environment: impl IntoIterator<Item = (K, V)>,
        output: &Output,
    ) -> io::Result<Arc<Self>> {
        Self::start_command(Command::new(binary), environment, output)
    }

    /// The same in a folder.
    pub(crate) fn start_in<K: AsRef<OsStr>, V: AsRef<OsStr>>(
        folder: &Path,
        binary: &Path,
        environment: impl IntoIterator<Item = (K, V)>,
        output: &Output,
    ) -> io::Result<Arc<Self>> {
        let mut command = Command::new(binary);
        command.current_dir(folder);
        Self::start_command(command, environment, output)
    }

    fn start_command<K: AsRef<OsStr>, V: AsRef<OsStr>>(
        mut command: Command,
        environment: impl IntoIterator<Item = (K, V)>,
        output: &Output,
    ) -> io::Result<Arc<Self>> {
        let mut child = command
            .env_clear()
            .envs(environment)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // The runtime may end before the task that reaps the process.
            .kill_on_drop(true)
            .spawn()?;
        let mut readers = JoinSet::new();
        if let Some(stdout) = child.stdout.take() {
            readers.spawn(output.clone().gather(stdout));
        }
        if let Some(stderr) = child.stderr.take() {
            readers.spawn(output.clone().gather(stderr));
        }
        let (end, ended) = watch::channel(None);
        let process = Arc::new(Self {
            id: child.id(),
            kill: Arc::new(Notify::new()),
            ended,
            usage: Mutex::new(None),
        });
        tokio::spawn(watch_over(Arc::clone(&process), child, readers, end));
        Ok(process)
    }

    /// Its number, while it runs.
    pub(crate) fn id(&self) -> Option<u32> {
        self.id.filter(|_| !self.has_ended())
    }

    /// Sends SIGKILL.
    pub(crate) fn kill(&self) {
        self.kill.notify_one();
    }

    /// Sends SIGTERM, which a program may heed or not.
    pub(crate) fn terminate(&self) -> io::Result<()> {
        if let Some(id) = self.id() {
            std::process::Command::new("/bin/sh")
                .args(["-c", &format!("kill -TERM {id}")])
                .status()?;
        }
        Ok(())
    }

    /// Whether it has ended and is reaped.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended.borrow().is_some()
    }

    /// Waits until it has ended, is reaped and its output is read.
    pub(crate) async fn ended(&self) -> Exit {
        let mut ended = self.ended.clone();
        let exit = ended.wait_for(Option::is_some).await;
        exit.ok().and_then(|exit| exit.flatten())
    }

    /// What it has used up to now, or up to its last measurement.
    pub(crate) fn usage(&self) -> Option<Usage> {
        let mut usage = lock(&self.usage);
        if !self.has_ended()
            && let Some(measured) = self.id.and_then(Usage::of_process)
        {
            *usage = Some(measured);
        }
        *usage
    }
}

async fn watch_over(
    process: Arc<Process>,
    mut child: Child,
    mut readers: JoinSet<()>,
    end: watch::Sender<Option<Exit>>,
) {
    let mut measuring = interval(MEASURE_INTERVAL);
    measuring.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let exit = loop {
        tokio::select! {
            exit = child.wait() => break exit,
            () = process.kill.notified() => {
                process.usage();
                // It fails only for a process that has just ended by itself.
                let _already_ended: io::Result<()> = child.start_kill();
                break child.wait().await;
            }
            _ = measuring.tick() => {
                process.usage();
            }
        }
    };
    let read = timeout(OUTPUT_GRACE, async {
        while readers.join_next().await.is_some() {}
    });
    if read.await.is_err() {
        readers.detach_all();
    }
    end.send_replace(Some(exit.ok()));
}
