//! The ledger as a DynamoDB table: one conditional write an entry, many side by side.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::delete_item::{DeleteItemError, DeleteItemOutput};
use aws_sdk_dynamodb::operation::put_item::{PutItemError, PutItemOutput};
use futures_util::{StreamExt, stream};
use relay::{CallError, Claim, Lease, Ledger, PortError, Remedy, Settled, back_off};
use tenant_logs::Timestamp;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::entry::{self, Item};
use crate::connection::AwsConnection;
use crate::error::call_error;

/// Writes side by side. One takes a few milliseconds, so a batch of a hundred is claimed in as many.
const WRITES_AT_ONCE: usize = 100;
/// Tries of a claim: nothing is sent yet, so the trigger may as well bring it again.
const MAX_TRIES: u32 = 6;
/// Most time one write may take before it counts as unanswered. A hundred first handshakes share the CPU, which at 128 MB
/// is a fourteenth of one.
const MAX_CALL_TIME: Duration = Duration::from_secs(5);
/// Most time all writes of a step may take together.
const MAX_STEP_TIME: Duration = Duration::from_secs(10);
const DAY_SECONDS: i64 = 86_400;

/// A ledger that every copy of a function shares.
#[derive(Debug)]
pub struct TableLedger {
    client: Client,
    table: String,
    target: String,
    keep_seconds: i64,
}

/// One write to one entry.
#[derive(Debug)]
enum Write<'a> {
    Claim(&'a Lease),
    Commit(Settled, Timestamp),
    Release(&'a Lease),
}

/// What became of a write.
#[derive(Debug)]
enum Written {
    Done,
    /// The condition did not hold; a claim learns what the entry is.
    Refused(Option<Item>),
}

/// A step that failed.
struct Failure {
    error: CallError,
    /// Places of the entries that were written, or may have been: an answer that was lost tells nothing.
    maybe_done: Vec<usize>,
}

/// All writes of one step.
struct Step<'a> {
    write: Write<'a>,
    until: Instant,
    /// Whether no more writes are begun.
    has_failed: AtomicBool,
}

impl TableLedger {
    /// A table that is reached through this connection; its entries are forgotten after some days.
    pub fn new(connection: &AwsConnection, table: String, days: u16) -> Self {
        Self {
            client: connection.dynamodb(),
            target: format!("ledger table `{table}`"),
            table,
            keep_seconds: i64::from(days) * DAY_SECONDS,
        }
    }

    /// Writes to every entry, and answers for each in their order.
    async fn write_all(
        &self,
        sink: &str,
        log_ids: &[&str],
        step: &Step<'_>,
    ) -> Result<Vec<Written>, Failure> {
        let calls: Vec<_> = log_ids
            .iter()
            .enumerate()
            .map(|(place, log_id)| self.write_in_place(place, entry::key(sink, log_id), step))
            .collect();
        let mut answers = stream::iter(calls).buffer_unordered(WRITES_AT_ONCE);
        let mut written: Vec<Written> = log_ids.iter().map(|_| Written::Refused(None)).collect();
        let mut maybe_done = Vec::new();
        let mut first_error = None;
        while let Some((place, answer)) = answers.next().await {
            match answer {
                Some(Ok(answer)) => {
                    if matches!(answer, Written::Done) {
                        maybe_done.push(place);
                    }
                    if let Some(slot) = written.get_mut(place) {
                        *slot = answer;
                    }
                }
                Some(Err(error)) => {
                    if error.remedy() == Remedy::Retry {
                        maybe_done.push(place);
                    }
                    first_error.get_or_insert(error);
                }
                None => {}
            }
        }
        match first_error {
            None => Ok(written),
            Some(error) => Err(Failure { error, maybe_done }),
        }
    }

    /// Writes to one entry, again while that helps; nothing where the step failed before.
    async fn write_in_place(
        &self,
        place: usize,
        key: String,
        step: &Step<'_>,
    ) -> (usize, Option<Result<Written, CallError>>) {
        let mut tries = 0;
        let mut failure = None;
        while !step.has_failed.load(Ordering::Relaxed) {
            let call_end = step.until.min(Instant::now() + MAX_CALL_TIME);
            let error = match timeout_at(call_end, self.write(key.clone(), &step.write)).await {
                Ok(Ok(written)) => return (place, Some(Ok(written))),
                Ok(Err(error)) => error,
                Err(_) => CallError::TimedOut {
                    target: self.target.clone(),
                },
            };
            tries += 1;
            let wake = Instant::now() + back_off(tries);
            // What became of an event is worth every try: one that cannot be noted is sent again later.
            let is_enough = tries >= MAX_TRIES && matches!(step.write, Write::Claim(_));
            if error.remedy() != Remedy::Retry || is_enough || wake >= step.until {
                step.note_failure(&error);
                return (place, Some(Err(error)));
            }
            failure = Some(Err(error));
            sleep_until(wake).await;
        }
        (place, failure)
    }

    async fn write(&self, key: String, write: &Write<'_>) -> Result<Written, CallError> {
        let put = || self.client.put_item().table_name(self.table.clone());
        let keep = self.keep_seconds;
        match write {
            Write::Claim(lease) => {
                let answer = entry::claim(put(), key, lease, keep).send().await;
                self.read_put(answer)
            }
            Write::Commit(settled, now) => {
                let call = entry::commit(put(), key, *settled, (*now, keep));
                self.read_put(call.send().await)
            }
            Write::Release(lease) => {
                let delete = self.client.delete_item().table_name(self.table.clone());
                let answer = entry::release(delete, key, lease.owner).send().await;
                self.read_delete(answer)
            }
        }
    }

    fn read_put(
        &self,
        answer: Result<PutItemOutput, SdkError<PutItemError, HttpResponse>>,
    ) -> Result<Written, CallError> {
        let Err(error) = answer else {
            return Ok(Written::Done);
        };
        match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(refusal)) => {
                Ok(Written::Refused(refusal.item().cloned()))
            }
            Some(_) | None => Err(call_error(&self.target, error)),
        }
    }

    fn read_delete(
        &self,
        answer: Result<DeleteItemOutput, SdkError<DeleteItemError, HttpResponse>>,
    ) -> Result<Written, CallError> {
        let Err(error) = answer else {
            return Ok(Written::Done);
        };
        match error.as_service_error() {
            Some(refusal) if refusal.is_conditional_check_failed_exception() => {
                Ok(Written::Refused(None))
            }
            Some(_) | None => Err(call_error(&self.target, error)),
        }
    }
}

impl Ledger for TableLedger {
    async fn claim(
        &self,
        sink: &str,
        log_ids: &[&str],
        lease: &Lease,
    ) -> Result<Vec<Claim>, PortError> {
        // Half of the time is kept for sending, or for giving back what was claimed.
        let step = Step::new(Write::Claim(lease), time_left(lease) / 2);
        let failure = match self.write_all(sink, log_ids, &step).await {
            Ok(written) => {
                let claims = written.iter().map(|written| match written {
                    Written::Done => Claim::Claimed,
                    Written::Refused(item) => entry::read(item.as_ref()),
                });
                return Ok(claims.collect());
            }
            Err(failure) => failure,
        };
        let maybe_ours = failure.maybe_done.iter();
        let maybe_ours: Vec<&str> = maybe_ours
            .filter_map(|place| log_ids.get(*place).copied())
            .collect();
        let undo = Step::new(Write::Release(lease), time_left(lease) / 2);
        // What cannot be given back lapses with the lease; the error to tell is the claim's.
        drop(self.write_all(sink, &maybe_ours, &undo).await);
        Err(failure.of("claim", sink, log_ids))
    }

    async fn commit(
        &self,
        sink: &str,
        log_ids: &[&str],
        settled: Settled,
    ) -> Result<(), PortError> {
        let step = Step::new(Write::Commit(settled, Timestamp::now()), MAX_STEP_TIME);
        match self.write_all(sink, log_ids, &step).await {
            Ok(_) => Ok(()),
            Err(failure) => Err(failure.of("commit", sink, log_ids)),
        }
    }

    async fn release(&self, sink: &str, log_ids: &[&str], lease: &Lease) -> Result<(), PortError> {
        let step = Step::new(Write::Release(lease), MAX_STEP_TIME);
        match self.write_all(sink, log_ids, &step).await {
            Ok(_) => Ok(()),
            Err(failure) => Err(failure.of("release", sink, log_ids)),
        }
    }
}

impl Failure {
    fn of(self, verb: &str, sink: &str, log_ids: &[&str]) -> PortError {
        PortError {
            step: format!("{verb} {} log events of sink `{sink}`", log_ids.len()),
            source: Box::new(self.error),
        }
    }
}

impl<'a> Step<'a> {
    fn new(write: Write<'a>, time: Duration) -> Self {
        Self {
            write,
            until: Instant::now() + time.min(MAX_STEP_TIME),
            has_failed: AtomicBool::new(false),
        }
    }

    /// A claim fails as a whole. What can be committed or released is, whatever becomes of the rest, unless no write
    /// can pass.
    fn note_failure(&self, error: &CallError) {
        if matches!(self.write, Write::Claim(_)) || error.remedy() == Remedy::Stop {
            self.has_failed.store(true, Ordering::Relaxed);
        }
    }
}

/// What is left of an invocation.
fn time_left(lease: &Lease) -> Duration {
    let left = lease.ends.duration_since(Timestamp::now());
    Duration::try_from(left).unwrap_or_default()
}
