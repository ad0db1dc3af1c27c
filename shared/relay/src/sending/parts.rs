//! What is still to be sent, in parts of a call each, and what is known of the rest.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use super::settlement::Settlement;
use super::under_way::UnderWay;
use super::{BatchCall, CallLimits, Learned, MadeCall, PartLimit, Sending, TooLarge, back_off};
use crate::call_error::CallError;
use crate::error::chain;
use crate::ports::{Delivery, Refusal, Remedy};

/// Items for one call, by their indices.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) indices: Vec<usize>,
    /// Whether its items were sent before and refused for now.
    is_again: bool,
}

/// The state of one sending.
///
/// A part that is refused for its content is bisected, and its halves wait behind the others: most items have passed
/// where time runs out on the way. Where many items are bad, bisecting from the top costs two calls an item, so parts
/// are no longer than what lately passed; and while nothing is known yet, no longer than what bisecting can still reach
/// the bottom of, or the next invocation would begin where this one did.
pub(super) struct Parts<'a> {
    sending: &'a Sending,
    limits: CallLimits,
    target: &'a str,
    /// The bytes and the group of each item.
    sizes: Vec<(usize, usize)>,
    ready: VecDeque<Part>,
    /// Parts that failed as a whole for now, with the moment when they are sent again.
    waiting: Vec<(Instant, Part)>,
    /// Items that were refused for now out of calls that passed; they are sent again together.
    pool: Option<(Instant, Vec<usize>)>,
    /// How often each item was refused for now, and why last.
    tries: Vec<(u32, Cow<'static, str>)>,
    learned: &'a Learned,
    part_limit: Option<&'a PartLimit>,
    under_way: UnderWay,
    /// Whether no call is begun any more.
    is_over: bool,
    pub(super) known: Settlement,
}

impl<'a> Parts<'a> {
    pub(super) fn new<I, C: BatchCall<I>>(
        service: &'a C,
        items: &[I],
        sending: &'a Sending,
    ) -> Self {
        let sizes = items
            .iter()
            .map(|item| (service.bytes(item), service.group(item)));
        let part_limit = service.part_limit();
        sending.learned.begin_with(part_limit);
        let mut parts = Self {
            sending,
            limits: service.limits(),
            target: service.target(),
            sizes: sizes.collect(),
            ready: VecDeque::new(),
            waiting: Vec::new(),
            pool: None,
            tries: vec![(0, Cow::Borrowed("")); items.len()],
            learned: &sending.learned,
            part_limit,
            under_way: UnderWay::default(),
            is_over: false,
            known: Settlement::of(items.len()),
        };
        parts.split((0..items.len()).collect(), false);
        parts
    }

    /// Puts items into parts that fit a call, one group after another.
    fn split(&mut self, mut indices: Vec<usize>, is_again: bool) {
        let size = |index: &usize| self.sizes.get(*index).copied().unwrap_or_default();
        // A stable sort keeps the order within a group; a service may answer in any.
        indices.sort_unstable();
        indices.sort_by_key(|index| size(index).1);
        for group in indices.chunk_by(|one, other| size(one).1 == size(other).1) {
            let max_bytes = self.limits.item_bytes.min(self.limits.batch.bytes);
            let (fitting, too_large): (Vec<usize>, Vec<usize>) =
                group.iter().partition(|index| size(index).0 <= max_bytes);
            let split = self.limits.batch.split(fitting, |index| size(index).0);
            let part = |indices| Part { indices, is_again };
            self.ready.extend(split.batches.into_iter().map(part));
            match &self.limits.too_large {
                TooLarge::SendAlone => {
                    let alone = too_large.into_iter().map(|index| part(vec![index]));
                    self.ready.extend(alone);
                }
                TooLarge::Refuse(reason) => {
                    for index in too_large {
                        self.known.refuse(index, Remedy::SetAside, reason.clone());
                    }
                }
            }
        }
    }

    /// Returns the number and the items of a call to make now; `None` if nothing is ready, or nothing could end in time.
    pub(super) fn next_call(&mut self) -> Option<(usize, Vec<usize>)> {
        let now = Instant::now();
        let left = self.sending.until.saturating_duration_since(now);
        // A call that begins too late could succeed after it was reported as failed.
        self.is_over |= !self.learned.could_end(now, self.sending.until);
        if self.is_over || self.under_way.waited_for() >= self.limits.calls_at_once {
            return None;
        }
        self.wake_up(now);
        let paused_until = self.learned.paused_until();
        if paused_until.is_some_and(|until| until > now) {
            return None;
        }
        let mut part = self.next_ready()?;
        let max_len = self.max_len(left);
        if part.indices.len() > max_len {
            let indices = part.indices.split_off(max_len);
            self.ready.push_front(Part { indices, ..part });
        }
        if part.is_again {
            self.known.count_retried(part.indices.len());
        }
        let tries = self.tries_of(&part.indices);
        let share_ends = self.sending.share_end(tries);
        let indices = part.indices.clone();
        Some((self.under_way.begin(part, share_ends), indices))
    }

    /// Returns the next part of which something is not settled, without what is.
    fn next_ready(&mut self) -> Option<Part> {
        while let Some(mut part) = self.ready.pop_front() {
            part.indices.retain(|index| !self.known.has(*index));
            if !part.indices.is_empty() {
                return Some(part);
            }
        }
        None
    }

    /// Returns how long a part may be that is sent with this time left.
    fn max_len(&self, left: Duration) -> usize {
        let most = self.learned.max_part_len();
        let is_searching = most < usize::MAX;
        if !is_searching || !self.known.is_empty() {
            return most;
        }
        let longest = self.learned.longest();
        let mut max_len = 1;
        // Half of the rounds that are left are for bisecting, the other half for what it finds.
        let mut time = longest * 3;
        while time < left && max_len < most {
            max_len *= 2;
            time += longest * 2;
        }
        max_len.min(most)
    }

    /// When there is something to do besides waiting for answers; `None` if there will be nothing in time.
    pub(super) fn wake(&self) -> Option<Instant> {
        let share_ends = self.under_way.next_share_end(self.learned.longest());
        let sends = self.sends_at();
        let wake = [share_ends, sends].into_iter().flatten().min();
        wake.filter(|wake| *wake < self.sending.until)
    }

    /// When the next call can be made.
    fn sends_at(&self) -> Option<Instant> {
        if self.is_over || self.under_way.waited_for() >= self.limits.calls_at_once {
            return None;
        }
        let waiting = self.waiting.iter().map(|(wake, _)| *wake);
        let pool = self.pool.iter().map(|(wake, _)| *wake);
        let first = waiting.chain(pool).min();
        let first = if self.ready.is_empty() {
            first?
        } else {
            Instant::now()
        };
        Some(first.max(self.learned.paused_until().unwrap_or(first)))
    }

    /// Sends again what calls hold that have had their share of the time. Their answers still count.
    pub(super) fn note_slow_calls(&mut self) {
        let longest = self.learned.longest();
        for mut part in self.under_way.take_slow(Instant::now(), longest) {
            part.indices.retain(|index| !self.known.has(*index));
            let error = CallError::TimedOut {
                target: self.target.to_owned(),
            };
            let reason: Cow<'static, str> = chain(&error).to_string().into();
            let mut again = part.indices;
            // The last try is waited for as long as there is time.
            again.retain(|index| !self.is_last_try(*index, reason.clone()));
            self.send_again(again);
        }
    }

    fn wake_up(&mut self, now: Instant) {
        let awake = self.waiting.extract_if(.., |(wake, _)| *wake <= now);
        self.ready.extend(awake.map(|(_, part)| part));
        if let Some((_, indices)) = self.pool.take_if(|(wake, _)| *wake <= now) {
            self.split(indices, true);
        }
    }

    /// Notes what a call's answer says of its items.
    pub(super) fn note(&mut self, made: MadeCall) {
        let MadeCall {
            number,
            answer,
            took,
        } = made;
        let Some((part, is_slow)) = self.under_way.end(number) else {
            return;
        };
        match answer {
            Ok(delivery) => {
                self.learned.note_answer(took);
                self.learned.note_pass(part.indices.len());
                self.note_items(&part.indices, delivery, is_slow);
            }
            Err(error) => {
                if error.is_answer() {
                    self.learned.note_answer(took);
                }
                // What a slow call holds is sent again already; whatever its failure means, that call will hear, too.
                if !is_slow {
                    self.note_failure(part, &error);
                }
            }
        }
    }

    /// A call that succeeds may still have refused some of its items, and says nothing of those that it left out.
    fn note_items(&mut self, indices: &[usize], delivery: Delivery, is_slow: bool) {
        let mut has_answer = vec![false; indices.len()];
        let refused = delivery.refused.iter().map(|refusal| refusal.index);
        for index in delivery.delivered.iter().copied().chain(refused) {
            if let Some(slot) = has_answer.get_mut(index) {
                *slot = true;
            }
        }
        let mut whole = Delivery::default();
        whole.merge(delivery, indices);
        let unanswered = indices.iter().zip(has_answer).filter(|(_, has)| !has);
        whole.refused.extend(unanswered.map(|(index, _)| Refusal {
            index: *index,
            remedy: Remedy::Retry,
            reason: "no answer".into(),
        }));
        for index in whole.delivered {
            self.known.deliver(index);
        }
        let mut again = Vec::new();
        for refusal in whole.refused {
            let is_for_now = refusal.remedy == Remedy::Retry;
            // What a slow call holds is sent again already.
            if is_for_now && (is_slow || self.known.has(refusal.index)) {
                continue;
            }
            if is_for_now && !self.is_last_try(refusal.index, refusal.reason.clone()) {
                again.push(refusal.index);
            } else {
                self.known
                    .refuse(refusal.index, refusal.remedy, refusal.reason);
            }
        }
        if again.is_empty() {
            return;
        }
        let wake = Instant::now() + back_off(self.tries_of(&again));
        let (_, pooled) = self.pool.get_or_insert_with(|| (wake, Vec::new()));
        pooled.append(&mut again);
    }

    fn note_failure(&mut self, part: Part, error: &CallError) {
        let remedy = error.remedy();
        // One item may be what it takes too long for: a call that has no answer in all its time tells as little as one that
        // is refused.
        if remedy == Remedy::SetAside || matches!(error, CallError::TimedOut { .. }) {
            self.learned.note_too_long(part.indices.len());
        }
        if remedy == Remedy::SetAside && part.indices.len() > 1 {
            self.bisect(&part);
            return;
        }
        let reason: Cow<'static, str> = chain(error).to_string().into();
        let mut again = Vec::new();
        for index in part.indices {
            if self.known.has(index) {
                continue;
            }
            if remedy == Remedy::Retry && !self.is_last_try(index, reason.clone()) {
                again.push(index);
            } else {
                self.known.refuse(index, remedy, reason.clone());
            }
        }
        if let Some(pause) = error.retry_after() {
            let (now, end) = (Instant::now(), self.sending.until);
            let until = now.checked_add(pause).map_or(end, |until| until.min(end));
            self.learned.pause_until(until);
        }
        self.send_again(again);
    }

    /// Has a part wait until it is sent again.
    fn send_again(&mut self, indices: Vec<usize>) {
        if !indices.is_empty() {
            let wake = Instant::now() + back_off(self.tries_of(&indices));
            let is_again = true;
            self.waiting.push((wake, Part { indices, is_again }));
        }
    }

    fn bisect(&mut self, part: &Part) {
        let (first, second) = part.indices.split_at(part.indices.len() / 2);
        for half in [first, second] {
            self.ready.push_back(Part {
                indices: half.to_vec(),
                is_again: false,
            });
        }
    }

    /// Counts a try that was refused for now; returns whether it was the item's last one.
    fn is_last_try(&mut self, index: usize, why: Cow<'static, str>) -> bool {
        let Some((tries, reason)) = self.tries.get_mut(index) else {
            return true;
        };
        *tries += 1;
        *reason = why;
        *tries >= self.sending.max_tries
    }

    /// How often the item of these that was tried most often was refused for now.
    fn tries_of(&self, indices: &[usize]) -> u32 {
        let tries = indices.iter().filter_map(|index| self.tries.get(*index));
        tries.map(|(tries, _)| *tries).max().unwrap_or(0)
    }

    /// Returns what became of every item; what is not settled is refused for now, with what was last said of it, or because
    /// no call was made.
    pub(super) fn into_delivery(mut self) -> Delivery {
        if let Some(part_limit) = self.part_limit {
            part_limit.note(self.learned.max_part_len(), self.known.is_complete());
        }
        let not_made = CallError::NotMade {
            target: self.target.to_owned(),
        };
        let not_made: Cow<'static, str> = not_made.to_string().into();
        for (index, (_, last)) in self.tries.into_iter().enumerate() {
            let was_made = !last.is_empty();
            let reason = if was_made { last } else { not_made.clone() };
            self.known.refuse(index, Remedy::Retry, reason);
        }
        self.known.into_delivery()
    }
}
