//! The faults that are injected into a service.
//!
//! A service asks its [`Faults`] once a call. The answer comes from a plan that a test may change while the service runs,
//! and that gives the same faults for the same seed.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use fastrand::Rng;
use hyper::Response;

use crate::lock::lock;
use crate::server::Answer;

/// What goes wrong with one call.
#[derive(Debug, Clone, PartialEq)]
pub enum Fault {
    /// Nothing.
    Healthy,
    /// Each entry of the call is refused with this probability; the call itself succeeds.
    RefuseEntries {
        /// Between 0 and 1.
        share: f64,
        /// The error code of a refused entry.
        code: String,
    },
    /// The call is answered with this status, and nothing is done.
    Status(u16),
    /// The call is answered with this status and a `Retry-After`, and nothing is done.
    Busy {
        /// The status, 429 or 503 as a rule.
        status: u16,
        /// The seconds of the `Retry-After`.
        retry_after_secs: u64,
    },
    /// The caller may not make this call, and nothing is done.
    Denied,
    /// The call is throttled in the way of the service, and nothing is done.
    Throttle,
    /// The connection stays open, nothing is done and no answer comes.
    Hang,
    /// The connection is closed, and nothing is done.
    DropBefore,
    /// Everything is done, then the connection is closed: the answer is lost.
    DropAfter,
    /// Everything is done, then the connection is reset: the answer is lost.
    ResetAfter,
    /// Everything is done, and the answer comes late.
    Late(Duration),
}

impl Fault {
    /// The status and the code of the answer, by the service's codes for a caller who may not and for being busy, and by
    /// what it answers when it throttles.
    pub(crate) fn status_and_code<C>(&self, denied: C, busy: C, throttled: (u16, C)) -> (u16, C) {
        match self {
            Self::Status(status) | Self::Busy { status, .. } => (*status, busy),
            Self::Denied => (403, denied),
            Self::Throttle
            | Self::Healthy
            | Self::RefuseEntries { .. }
            | Self::Hang
            | Self::DropBefore
            | Self::DropAfter
            | Self::ResetAfter
            | Self::Late(_) => throttled,
        }
    }

    /// An answer of one line, with a `Retry-After` where there is one; `throttled` has the status and the seconds of a
    /// service that throttles.
    pub(crate) fn plain_answer(&self, throttled: (u16, Option<u64>)) -> Answer {
        let mut busy = None;
        if let Self::Busy {
            retry_after_secs, ..
        } = self
        {
            busy = Some(*retry_after_secs);
        }
        let (status, retry_after_secs) = self.status_and_code(None, busy, throttled);
        let mut response = Response::builder().status(status);
        if let Some(seconds) = retry_after_secs {
            response = response.header("retry-after", seconds);
        }
        let answer = response.body(Bytes::from_static(b"faulty on purpose"));
        answer.map_or(Answer::Drop, Answer::Respond)
    }

    /// Its name, as the counts have it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::RefuseEntries { .. } => "refuse_entries",
            Self::Status(_) => "status",
            Self::Busy { .. } => "busy",
            Self::Denied => "denied",
            Self::Throttle => "throttle",
            Self::Hang => "hang",
            Self::DropBefore => "drop_before",
            Self::DropAfter => "drop_after",
            Self::ResetAfter => "reset_after",
            Self::Late(_) => "late",
        }
    }
}

/// By the number and the body of a call.
type Decide = Box<dyn FnMut(u64, &[u8]) -> Fault + Send>;

enum Plan {
    Always(Fault),
    Mix(Vec<(f64, Fault)>),
    Script(VecDeque<Fault>),
    By(Decide),
}

struct State {
    plan: Plan,
    rng: Rng,
    calls: u64,
    injected: BTreeMap<&'static str, u64>,
}

/// The faults of a service, shared between the service and the test that injects them.
#[derive(Clone)]
pub struct Faults {
    state: Arc<Mutex<State>>,
}

impl Faults {
    /// No faults at first, all chances drawn from this seed.
    pub fn seeded(seed: u64) -> Self {
        Self {
            state: Arc::new(Mutex::new(State {
                plan: Plan::Always(Fault::Healthy),
                rng: Rng::with_seed(seed),
                calls: 0,
                injected: BTreeMap::new(),
            })),
        }
    }

    /// A healthy service.
    pub fn healthy() -> Self {
        Self::seeded(0)
    }

    /// Every call from now on has this fault.
    pub fn always(&self, fault: Fault) {
        lock(&self.state).plan = Plan::Always(fault);
    }

    /// Each call from now on has one of these faults with its probability; what is left is healthy.
    pub fn mix(&self, shares: Vec<(f64, Fault)>) {
        lock(&self.state).plan = Plan::Mix(shares);
    }

    /// The next calls have these faults in order; those after them are healthy.
    pub fn script(&self, faults: impl IntoIterator<Item = Fault>) {
        lock(&self.state).plan = Plan::Script(faults.into_iter().collect());
    }

    /// Asks a function, with the number of the call since the start, counted from zero.
    pub fn by(&self, mut decide: impl FnMut(u64) -> Fault + Send + 'static) {
        lock(&self.state).plan = Plan::By(Box::new(move |call, _| decide(call)));
    }

    /// Asks a function, with the body of the call where the service is a sink or a table, and an empty one elsewhere.
    pub fn by_body(&self, mut decide: impl FnMut(&[u8]) -> Fault + Send + 'static) {
        lock(&self.state).plan = Plan::By(Box::new(move |_, body| decide(body)));
    }

    /// Every call from now on is healthy.
    pub fn clear(&self) {
        self.always(Fault::Healthy);
    }

    /// How often each fault was injected, by its name.
    pub fn injected(&self) -> BTreeMap<&'static str, u64> {
        lock(&self.state).injected.clone()
    }

    /// What goes wrong with this call.
    pub(crate) fn next(&self) -> Fault {
        self.next_with(&[])
    }

    /// What goes wrong with a call that carries this.
    pub(crate) fn next_with(&self, body: &[u8]) -> Fault {
        let mut state = lock(&self.state);
        let call = state.calls;
        state.calls += 1;
        let drawn = state.rng.f64();
        let fault = match &mut state.plan {
            Plan::Always(fault) => fault.clone(),
            Plan::Mix(shares) => pick(shares, drawn),
            Plan::Script(faults) => faults.pop_front().unwrap_or(Fault::Healthy),
            Plan::By(decide) => decide(call, body),
        };
        *state.injected.entry(fault.name()).or_default() += 1;
        fault
    }

    /// Draws whether one entry is refused, and with which code.
    pub(crate) fn refuses_entry(&self, fault: &Fault) -> Option<String> {
        let Fault::RefuseEntries { share, code } = fault else {
            return None;
        };
        (lock(&self.state).rng.f64() < *share).then(|| code.clone())
    }
}

impl fmt::Debug for Faults {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = lock(&self.state);
        formatter
            .debug_struct("Faults")
            .field("calls", &state.calls)
            .field("injected", &state.injected)
            .finish_non_exhaustive()
    }
}

fn pick(shares: &[(f64, Fault)], drawn: f64) -> Fault {
    let mut bound = 0.0;
    for (share, fault) in shares {
        bound += share;
        if drawn < bound {
            return fault.clone();
        }
    }
    Fault::Healthy
}

/// Does the work of a call, or what its fault says instead. `refuse` makes the answers of a service that did nothing; it
/// gets only [`Fault::Status`], [`Fault::Busy`], [`Fault::Denied`] and [`Fault::Throttle`].
pub(crate) async fn inject(
    fault: &Fault,
    refuse: impl FnOnce(&Fault) -> Answer,
    work: impl Future<Output = Answer>,
) -> Answer {
    match fault {
        Fault::Healthy | Fault::RefuseEntries { .. } => work.await,
        Fault::Status(_) | Fault::Busy { .. } | Fault::Denied | Fault::Throttle => refuse(fault),
        Fault::Hang => Answer::Hang,
        Fault::DropBefore => Answer::Drop,
        Fault::DropAfter => {
            work.await;
            Answer::Drop
        }
        Fault::ResetAfter => {
            work.await;
            Answer::Reset
        }
        Fault::Late(delay) => {
            let answer = work.await;
            tokio::time::sleep(*delay).await;
            answer
        }
    }
}
