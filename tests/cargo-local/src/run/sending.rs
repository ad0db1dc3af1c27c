//! Sends bodies over the paths in turn: most by the webhook, some as partner events.

use std::sync::Arc;
use std::time::Duration;

use indicatif::ProgressBar;
use serde_json::Value;
use tenant_logs::{LogEvent, decode, parse};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::RunError;
use crate::cloud::{Cloud, PARTNER_SOURCE, TOKEN};
use crate::report::PathLine;
use fakes::aws::event_bus::{Entry, EventBus};
use fakes::client::post;

/// Requests that are open at once.
const MAX_REQUESTS: usize = 4;
/// Messages that may wait before more is sent, so that memory stays flat whatever the input.
const MAX_WAITING: usize = 5_000;
/// Room for the rest of an event beside its detail, of the 1,000,000 bytes that a bus takes and the 1 MB of a topic.
const MAX_PARTNER_BYTES: usize = 990_000;
/// Tries of one request, as many as Auth0 makes.
const MAX_TRIES: u32 = 3;

/// What is being sent, and what has been.
pub(super) struct Sending<'a> {
    cloud: &'a Cloud,
    url: Arc<str>,
    progress: &'a ProgressBar,
    requests: JoinSet<Result<u16, std::io::Error>>,
    body_count: u64,
    webhook: PathLine,
    partner_queue: PathLine,
    partner_direct: PathLine,
}

impl<'a> Sending<'a> {
    pub(super) fn new(cloud: &'a Cloud, progress: &'a ProgressBar) -> Self {
        Self {
            cloud,
            url: cloud.webhook.url().into(),
            progress,
            requests: JoinSet::new(),
            body_count: 0,
            webhook: PathLine::new("webhook, queue, target"),
            partner_queue: PathLine::new("partner bus, queue, target"),
            partner_direct: PathLine::new("partner bus, target"),
        }
    }

    /// Sends one body by the path whose turn it is.
    pub(super) async fn send(&mut self, body: Vec<u8>) -> Result<(), RunError> {
        while self.cloud.deliver_queue.depth().total() > MAX_WAITING {
            sleep(Duration::from_millis(10)).await;
        }
        let turn = self.body_count % 8;
        self.body_count += 1;
        let (details, is_whole) = of_partner(&body, |event| event.detail().into_owned());
        let count = u64::try_from(details.len()).unwrap_or(u64::MAX);
        match turn {
            // Only log events come from a partner, so a body with anything else goes by the webhook.
            5 if is_whole => {
                self.partner_queue.add(count);
                put_all(&self.cloud.partner_bus, details);
                self.progress.inc(count);
            }
            7 if is_whole => {
                self.partner_direct.add(count);
                put_all(&self.cloud.direct_bus, details);
                self.settle_direct().await?;
                self.progress.inc(count);
            }
            _ => {
                self.webhook.add(count);
                self.post(body, count).await?;
            }
        }
        Ok(())
    }

    /// Waits for the requests that are still open.
    pub(super) async fn finish(mut self) -> Result<Vec<PathLine>, RunError> {
        while !self.requests.is_empty() {
            self.one_answer().await?;
        }
        let paths = [self.webhook, self.partner_queue, self.partner_direct];
        Ok(paths
            .into_iter()
            .filter(|path| path.body_count > 0)
            .collect())
    }

    async fn post(&mut self, body: Vec<u8>, count: u64) -> Result<(), RunError> {
        if self.requests.len() >= MAX_REQUESTS {
            self.one_answer().await?;
        }
        let url = Arc::clone(&self.url);
        let progress = self.progress.clone();
        self.requests.spawn(async move {
            let status = post_as_auth0(&url, body).await?;
            progress.inc(count);
            Ok(status)
        });
        Ok(())
    }

    async fn one_answer(&mut self) -> Result<(), RunError> {
        match self.requests.join_next().await {
            Some(Ok(Ok(status))) => *self.webhook.answers.entry(status).or_default() += 1,
            Some(Ok(Err(error))) => return Err(RunError::Send(error)),
            Some(Err(_)) | None => {}
        }
        Ok(())
    }

    async fn settle_direct(&self) -> Result<(), RunError> {
        let settled = self.cloud.direct_bus.settled(super::ARRIVAL_TIMEOUT).await;
        settled.map_err(|waiting| RunError::Stuck {
            waiting,
            timeout: super::ARRIVAL_TIMEOUT,
        })
    }
}

/// Posts a body as Auth0 does, again where the answer is no success.
pub(super) async fn post_as_auth0(url: &str, body: Vec<u8>) -> Result<u16, std::io::Error> {
    let headers = [
        ("authorization", TOKEN),
        ("content-type", "application/json"),
    ];
    let mut tries = 0;
    loop {
        tries += 1;
        let status = post(url, &headers, body.clone()).await?.status().as_u16();
        if status < 500 && status != 429 || tries >= MAX_TRIES {
            return Ok(status);
        }
        sleep(Duration::from_millis(200)).await;
    }
}

/// A body's log events in a partner's form, and whether they are all it holds and a partner can put each.
pub(super) fn of_partner<T>(body: &[u8], form: impl Fn(&LogEvent<'_>) -> T) -> (Vec<T>, bool) {
    let Ok(text) = decode(body, usize::MAX) else {
        return (Vec::new(), false);
    };
    match parse(&text) {
        Ok(parsed) => {
            let is_whole =
                parsed.rejects.is_empty() && parsed.log_events.iter().all(can_be_a_partners);
            (parsed.log_events.iter().map(form).collect(), is_whole)
        }
        Err(_unreadable) => (Vec::new(), false),
    }
}

/// Whether a partner can put this event: the buses here and Event Grid refuse numbers beyond `f64`, nesting beyond 128
/// levels, halves of characters and what is larger than their limit.
fn can_be_a_partners(log_event: &LogEvent<'_>) -> bool {
    let detail = log_event.detail();
    detail.len() <= MAX_PARTNER_BYTES && serde_json::from_str::<Value>(&detail).is_ok()
}

fn put_all(bus: &EventBus, details: Vec<String>) {
    for detail in details {
        let entry = Entry {
            source: PARTNER_SOURCE.to_owned(),
            detail_type: "Auth0 log".to_owned(),
            detail,
            ..Entry::default()
        };
        // A detail that a bus does not take is missing at the end, where it counts as lost.
        let _taken = bus.put(&entry);
    }
}
