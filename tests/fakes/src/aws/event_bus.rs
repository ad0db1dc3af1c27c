//! An EventBridge bus: takes events by `PutEvents` or from a partner, and hands those that match a
//! rule to its targets.

mod delivery;
mod entry;
pub mod pattern;
mod put_events;
mod target;

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use hyper::Request;
use serde_json::{Value, json};

use crate::aws::REGION;
use crate::aws::event_bus::pattern::Pattern;
use crate::aws::json::{Refusal, Service};
use crate::faults::{Faults, inject};
use crate::lock::lock;
use crate::server::{Answer, Server};
use delivery::Deliveries;
use entry::Event;

pub use entry::{Entry, EntryError};
pub use target::{AsyncTarget, Target};

const EVENTBRIDGE: Service = Service {
    target: "AWSEvents",
    signing_name: "events",
    content_type: "application/x-amz-json-1.1",
    throttled: "ThrottlingException",
};

/// Targets of one rule, a hard limit of the service.
const TARGET_LIMIT: usize = 5;

/// Which events go where.
#[derive(Debug)]
pub struct Rule {
    /// Its name.
    pub name: String,
    /// Which events it takes.
    pub pattern: Pattern,
    /// Where they go; at most five.
    pub targets: Vec<Target>,
}

/// A rule with more targets than the service takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a rule has at most {TARGET_LIMIT} targets")]
pub struct TooManyTargets;

/// What a bus has done so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BusCounts {
    /// Calls of `PutEvents`, those refused or lost too.
    pub calls: u64,
    /// Calls of `DescribeEventBus`.
    pub described: u64,
    /// Events taken for a bus that does not exist, of which nothing remains.
    pub lost: u64,
    /// Events taken, those of a partner too.
    pub accepted: u64,
    /// Entries refused, in calls that succeeded.
    pub refused: u64,
    /// Events handed to a target, once for each target.
    pub delivered: u64,
}

/// A running bus with its endpoint.
#[derive(Debug)]
pub struct EventBus {
    bus: Arc<Bus>,
    server: Server,
}

impl EventBus {
    /// Starts a bus without rules.
    pub async fn start(name: impl Into<String>, faults: Faults) -> io::Result<Self> {
        let bus = Arc::new(Bus {
            name: name.into(),
            faults,
            state: Mutex::default(),
            deliveries: Deliveries::default(),
        });
        let handle = Arc::clone(&bus);
        let server = Server::start(move |request| {
            let bus = Arc::clone(&handle);
            async move { answer(&request, &bus).await }
        });
        Ok(Self {
            bus,
            server: server.await?,
        })
    }

    /// Where the SDK finds the service.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.bus.name
    }

    /// Its Amazon resource name, by which `PutEvents` may name it too.
    pub fn arn(&self) -> String {
        self.bus.arn()
    }

    /// Adds a rule for the events from now on.
    pub fn add_rule(&self, rule: Rule) -> Result<(), TooManyTargets> {
        if rule.targets.len() > TARGET_LIMIT {
            return Err(TooManyTargets);
        }
        lock(&self.bus.state).rules.push(Arc::new(rule));
        Ok(())
    }

    /// Takes an event as from a partner source, whose name may begin with `aws.`, and returns its
    /// identifier.
    pub fn put(&self, entry: &Entry) -> Result<String, EntryError> {
        Ok(self.bus.take(&Event::read(entry)?))
    }

    /// What it has done so far.
    pub fn counts(&self) -> BusCounts {
        lock(&self.bus.state).counts
    }

    /// Deletes the bus: from now on what is put onto it is taken and lost.
    pub fn delete(&self) {
        lock(&self.bus.state).is_deleted = true;
    }

    /// Makes the bus again.
    pub fn make_again(&self) {
        lock(&self.bus.state).is_deleted = false;
    }

    /// Refuses to say whether the bus is there, with this code; none answers again.
    pub fn refuse_description(&self, code: Option<&'static str>) {
        lock(&self.bus.state).description_refused = code;
    }

    /// How often an event with each `detail.log_id` was taken.
    pub fn log_ids(&self) -> BTreeMap<String, u64> {
        lock(&self.bus.state).log_ids.clone()
    }

    /// Waits until no function of a rule is being invoked or waits to be invoked again; past the
    /// time-out it says how many are.
    pub async fn settled(&self, timeout: Duration) -> Result<(), usize> {
        self.bus.deliveries.settled(timeout).await
    }
}

#[derive(Debug)]
struct Bus {
    name: String,
    faults: Faults,
    state: Mutex<State>,
    deliveries: Deliveries,
}

#[derive(Debug, Default)]
struct State {
    rules: Vec<Arc<Rule>>,
    counts: BusCounts,
    log_ids: BTreeMap<String, u64>,
    is_deleted: bool,
    description_refused: Option<&'static str>,
}

impl Bus {
    /// Whether a name or an Amazon resource name is that of this bus.
    fn is_named(&self, name: &str) -> bool {
        (name == self.name || name == self.arn()) && !lock(&self.state).is_deleted
    }

    fn arn(&self) -> String {
        format!(
            "arn:aws:events:{REGION}:{}:event-bus/{}",
            crate::aws::ACCOUNT,
            self.name
        )
    }

    /// Counts an event and hands it to the targets of every rule that takes it.
    fn take(&self, event: &Event) -> String {
        let rules = {
            let mut state = lock(&self.state);
            state.counts.accepted += 1;
            if let Some(log_id) = event.log_id() {
                *state.log_ids.entry(log_id.to_owned()).or_default() += 1;
            }
            state.rules.clone()
        };
        let matching = rules
            .iter()
            .filter(|rule| rule.pattern.matches(event.text()));
        let targets = matching.flat_map(|rule| &rule.targets);
        let taken = targets.filter(|target| self.deliveries.hand_over(target, event.text()));
        let delivered = u64::try_from(taken.count()).unwrap_or(u64::MAX);
        lock(&self.state).counts.delivered += delivered;
        event.id().to_owned()
    }
}

async fn answer(request: &Request<Bytes>, bus: &Bus) -> Answer {
    // Faults are those of the entries: another operation must not use them up.
    if is_description(request) {
        lock(&bus.state).counts.described += 1;
        let read = EVENTBRIDGE.read(request);
        return match read.and_then(|(_, input)| describe(&input, bus)) {
            Ok(output) => EVENTBRIDGE.accept(&output),
            Err(refusal) => EVENTBRIDGE.refuse(&refusal),
        };
    }
    lock(&bus.state).counts.calls += 1;
    let fault = bus.faults.next();
    let work = async {
        match EVENTBRIDGE.read(request).and_then(|(operation, input)| {
            perform(&operation, input, bus, || bus.faults.refuses_entry(&fault))
        }) {
            Ok(output) => EVENTBRIDGE.accept(&output),
            Err(refusal) => EVENTBRIDGE.refuse(&refusal),
        }
    };
    inject(&fault, |fault| EVENTBRIDGE.faulty_answer(fault), work).await
}

fn is_description(request: &Request<Bytes>) -> bool {
    let target = request.headers().get("x-amz-target");
    target.is_some_and(|target| target.as_bytes() == b"AWSEvents.DescribeEventBus")
}

/// `DescribeEventBus`: without a name of the bus `default`.
fn describe(input: &Value, bus: &Bus) -> Result<Value, Refusal> {
    if let Some(code) = lock(&bus.state).description_refused {
        return Err(Refusal::new(code, "refused on purpose".to_owned()));
    }
    let name = input.get("Name").and_then(Value::as_str);
    let name = name.unwrap_or("default");
    if !bus.is_named(name) {
        let message = format!("Event bus {name} does not exist.");
        return Err(Refusal::new("ResourceNotFoundException", message));
    }
    Ok(json!({ "Name": bus.name, "Arn": bus.arn() }))
}

fn perform(
    operation: &str,
    input: Value,
    bus: &Bus,
    refuses: impl Fn() -> Option<String>,
) -> Result<Value, Refusal> {
    if operation == "PutEvents" {
        return put_events::perform(input, bus, refuses);
    }
    let message = format!("{operation} is not part of the local cloud");
    Err(Refusal::new("UnknownOperationException", message))
}

#[cfg(test)]
mod tests;
