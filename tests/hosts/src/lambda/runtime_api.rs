//! Lambda's Runtime API for one process: it asks for the next invocation and posts the answer.
//!
//! As strict as the real one: an answer to an unknown invocation, a second answer and a wrong method or path are
//! refused. One port per process tells processes apart.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;
use hyper::{Request, Response};
use jiff::Timestamp;
use tokio::sync::{Notify, oneshot, watch};

use crate::lambda::report::{Refusal, Report, Route};
use fakes::identifier::new_id;
use fakes::lock::lock;
use fakes::server::{Answer, Server};

/// The largest answer of an invocation, with the room that Lambda leaves beside 6 MiB.
const RESPONSE_BYTES: usize = 6 * 1024 * 1024 + 100;

/// What a process answers to an invocation.
pub(crate) type Answered = Result<Bytes, Report>;

/// The Runtime API of one process.
#[derive(Debug)]
pub(crate) struct RuntimeApi {
    server: Server,
    state: Arc<State>,
}

impl RuntimeApi {
    /// Listens on a port of its own.
    pub(crate) async fn start(function_arn: String) -> io::Result<Self> {
        let state = Arc::new(State {
            function_arn,
            turn: Mutex::new(Turn {
                phase: Phase::Starting,
                polls: 0,
                waiting: None,
            }),
            handed_in: Notify::new(),
            started: watch::Sender::new(None),
        });
        let shared = Arc::clone(&state);
        let handler = move |request| {
            let state = Arc::clone(&shared);
            async move { state.answer(request).await }
        };
        let server = Server::start(handler).await?;
        Ok(Self { server, state })
    }

    /// What the process gets as `AWS_LAMBDA_RUNTIME_API`.
    pub(crate) fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Waits until the process asks for its first invocation, or says why it cannot start.
    pub(crate) async fn started(&self) -> Result<(), Report> {
        let mut started = self.state.started.subscribe();
        match started.wait_for(Option::is_some).await.as_deref() {
            Ok(Some(Err(report))) => Err(report.clone()),
            // The sender lives as long as this state.
            Ok(Some(Ok(())) | None) | Err(_) => Ok(()),
        }
    }

    /// Hands in an invocation; its answer comes through the channel.
    pub(crate) fn hand_in(
        &self,
        payload: Bytes,
        deadline: Timestamp,
    ) -> oneshot::Receiver<Answered> {
        let (answer, answered) = oneshot::channel();
        self.state.turn().waiting = Some(Invocation {
            id: new_id(),
            payload,
            deadline,
            answer,
        });
        self.state.handed_in.notify_one();
        answered
    }
}

#[derive(Debug)]
struct Invocation {
    id: String,
    payload: Bytes,
    deadline: Timestamp,
    answer: oneshot::Sender<Answered>,
}

#[derive(Debug)]
struct State {
    function_arn: String,
    turn: Mutex<Turn>,
    handed_in: Notify,
    started: watch::Sender<Option<Result<(), Report>>>,
}

#[derive(Debug)]
struct Turn {
    phase: Phase,
    /// How often the process has asked for the next invocation: only its latest request gets one, because it may have
    /// given up the others.
    polls: u64,
    waiting: Option<Invocation>,
}

#[derive(Debug)]
enum Phase {
    Starting,
    /// It said that it cannot start.
    Failed,
    /// It asked for the next invocation.
    Ready,
    Running {
        id: String,
        answer: oneshot::Sender<Answered>,
    },
    Done {
        id: String,
    },
}

impl State {
    fn turn(&self) -> MutexGuard<'_, Turn> {
        lock(&self.turn)
    }

    async fn answer(&self, request: Request<Bytes>) -> Answer {
        let answered = match Route::of(&request) {
            Ok(Route::Next) => return self.next().await.unwrap_or_else(Refusal::into_answer),
            Ok(Route::Response { id }) => self.response(&id, request.into_body()),
            Ok(Route::Error { id }) => self.finish(&id, Err(Report::read(&request))),
            Ok(Route::InitError) => self.init_error(Report::read(&request)),
            Err(refusal) => Err(refusal),
        };
        match answered {
            Ok(()) => Answer::json(202, r#"{"status":"OK"}"#),
            Err(refusal) => refusal.into_answer(),
        }
    }

    async fn next(&self) -> Result<Answer, Refusal> {
        let poll = self.begin_poll()?;
        loop {
            {
                let mut turn = self.turn();
                if turn.polls != poll {
                    // What woke this request was meant for its successor.
                    self.handed_in.notify_one();
                    return Ok(Answer::Hang);
                }
                if let Some(invocation) = turn.waiting.take() {
                    return Ok(self.hand_out(&mut turn, invocation));
                }
            }
            self.handed_in.notified().await;
        }
    }

    fn begin_poll(&self) -> Result<u64, Refusal> {
        let mut turn = self.turn();
        match turn.phase {
            Phase::Running { .. } => return Err(Refusal::not_allowed("Running", "Ready")),
            Phase::Failed => return Err(Refusal::not_allowed("InitError", "Ready")),
            Phase::Starting | Phase::Ready | Phase::Done { .. } => turn.phase = Phase::Ready,
        }
        turn.polls += 1;
        self.started.send_if_modified(|started| {
            let is_first = started.is_none();
            started.get_or_insert(Ok(()));
            is_first
        });
        Ok(turn.polls)
    }

    fn hand_out(&self, turn: &mut Turn, invocation: Invocation) -> Answer {
        let response = Response::builder()
            .header("content-type", "application/json")
            .header("Lambda-Runtime-Aws-Request-Id", &invocation.id)
            .header(
                "Lambda-Runtime-Deadline-Ms",
                invocation.deadline.as_millisecond(),
            )
            .header("Lambda-Runtime-Invoked-Function-Arn", &self.function_arn)
            .header("Lambda-Runtime-Trace-Id", trace_id())
            .body(invocation.payload);
        turn.phase = Phase::Running {
            id: invocation.id,
            answer: invocation.answer,
        };
        response.map_or(Answer::Drop, Answer::Respond)
    }

    fn response(&self, id: &str, body: Bytes) -> Result<(), Refusal> {
        let body_bytes = body.len();
        if body_bytes <= RESPONSE_BYTES {
            return self.finish(id, Ok(body));
        }
        let message = format!(
            "Response payload size ({body_bytes} bytes) exceeded maximum allowed payload size ({RESPONSE_BYTES} bytes)."
        );
        let report = Report::new("Function.ResponseSizeTooLarge", &message);
        self.finish(id, Err(report))?;
        Err(Refusal::TooLarge {
            limit: RESPONSE_BYTES,
        })
    }

    /// Ends the running invocation, if it is this one.
    fn finish(&self, id: &str, answered: Answered) -> Result<(), Refusal> {
        let mut turn = self.turn();
        let current = match &turn.phase {
            Phase::Running { id, .. } | Phase::Done { id } => Some(id.as_str()),
            Phase::Starting | Phase::Failed | Phase::Ready => None,
        };
        if current != Some(id) {
            return Err(Refusal::UnknownInvocation);
        }
        let done = Phase::Done { id: id.to_owned() };
        let Phase::Running { answer, .. } = std::mem::replace(&mut turn.phase, done) else {
            return Err(Refusal::not_allowed(
                "InvocationResponse",
                "InvocationResponse",
            ));
        };
        // Nobody waits for an invocation that has timed out; its process is about to be killed.
        let _unheard: Result<(), Answered> = answer.send(answered);
        Ok(())
    }

    fn init_error(&self, report: Report) -> Result<(), Refusal> {
        let mut turn = self.turn();
        if !matches!(turn.phase, Phase::Starting) {
            return Err(Refusal::not_allowed("Ready", "InitError"));
        }
        turn.phase = Phase::Failed;
        self.started.send_replace(Some(Err(report)));
        Ok(())
    }
}

fn trace_id() -> String {
    let started = Timestamp::now().as_second();
    let root = fastrand::u128(..) >> 32;
    let parent = fastrand::u64(..);
    format!("Root=1-{started:08x}-{root:024x};Parent={parent:016x};Sampled=0")
}
