//! Listens on the host's port, hands each call to the handler, and ends in order.
//!
//! Two threads: one speaks HTTP and answers `GET /`, the other one does the work. So the host is answered however long the
//! other one unpacks, reads and writes a large body.

use std::convert::Infallible;
use std::io;
use std::net::Ipv4Addr;
use std::pin::pin;
use std::rc::Rc;
use std::thread::JoinHandle;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use relay::Deadline;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{LocalSet, spawn_local};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use crate::body::between_threads;
use crate::error::ServeError;
use crate::{Call, HandlerSettings, Reply};

/// Between two tries to get the port, or to accept a connection after the system refused one.
const TRY_AGAIN_AFTER: Duration = Duration::from_millis(50);

/// What a function does with its calls, all of them on one thread.
pub trait Handler: 'static {
    /// Of how many bytes a body may be that is read before the handler sees its call: the two threads then meet twice
    /// less. `None` where anybody may call, and the head decides whether the body is read at all.
    const READS_FIRST: Option<usize> = None;

    /// Answers one call, before its deadline.
    fn answer(&self, call: Call) -> impl Future<Output = Reply>;

    /// What it does beside its calls, for as long as the process lives.
    fn work_beside_calls(&self) -> impl Future<Output = Infallible> {
        std::future::pending()
    }
}

/// A call on its way to the handler, and where its answer goes.
struct Arrival {
    call: Call,
    reply: oneshot::Sender<Reply>,
}

/// What every connection shares.
struct Serving {
    invocation: Duration,
    reads_first: Option<usize>,
    calls: mpsc::UnboundedSender<Arrival>,
    /// Held by every connection and call, so that the end can wait for the last one.
    under_way: mpsc::Sender<Infallible>,
}

/// Serves the host's calls until SIGTERM, then finishes those under way.
///
/// # Errors
/// If the port cannot be bound; one that is in use is tried again for as long as it takes.
pub(crate) async fn serve<H: Handler>(
    handler: H,
    settings: HandlerSettings,
) -> Result<(), ServeError> {
    let mut terminate = signal(SignalKind::terminate()).map_err(ServeError::Signal)?;
    serve_until(handler, settings, async move {
        terminate.recv().await;
    })
    .await
}

async fn serve_until<H: Handler>(
    handler: H,
    settings: HandlerSettings,
    stop: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    let (calls, arrivals) = mpsc::unbounded_channel();
    let (end, ending) = watch::channel(());
    let server = start_server((settings, H::READS_FIRST), calls, ending)?;
    let tasks = LocalSet::new();
    let answering = pin!(tasks.run_until(answer_all(Rc::new(handler), arrivals)));
    let ending = async {
        stop.await;
        end.send_replace(());
        std::future::pending::<Infallible>().await
    };
    // The server drops its end of the calls when it is done.
    tokio::select! {
        () = answering => {}
        never = ending => match never {},
    }
    // It has nothing left to do, so this takes no time. A panic in it is a bug of ours, and ends the process.
    server
        .join()
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// Answers the calls as they arrive, each in a task of its own: a panic ends it alone.
async fn answer_all<H: Handler>(handler: Rc<H>, mut arrivals: mpsc::UnboundedReceiver<Arrival>) {
    while let Some(Arrival { call, mut reply }) = arrivals.recv().await {
        let handler = Rc::clone(&handler);
        spawn_local(async move {
            let answered = tokio::select! {
                answered = handler.answer(call) => answered,
                // Nobody waits for it any more.
                () = reply.closed() => return,
            };
            // The deadline may have come in this very moment.
            let _in_time = reply.send(answered);
        });
    }
}

/// Starts the thread that speaks HTTP.
fn start_server(
    settings: (HandlerSettings, Option<usize>),
    calls: mpsc::UnboundedSender<Arrival>,
    ending: watch::Receiver<()>,
) -> Result<JoinHandle<Result<(), ServeError>>, ServeError> {
    let mut runtime = runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build().map_err(ServeError::Thread)?;
    let run = move || {
        let tasks = LocalSet::new();
        runtime.block_on(tasks.run_until(accept_all(settings, calls, ending)))
    };
    let thread = std::thread::Builder::new().name("host".to_owned());
    thread.spawn(run).map_err(ServeError::Thread)
}

async fn accept_all(
    (settings, reads_first): (HandlerSettings, Option<usize>),
    calls: mpsc::UnboundedSender<Arrival>,
    mut ending: watch::Receiver<()>,
) -> Result<(), ServeError> {
    let listener = tokio::select! {
        listener = listen(settings.port) => listener?,
        _ended = ending.changed() => return Ok(()),
    };
    // The handler goes on until this is dropped: a call may outlive its connection.
    let _answering = calls.clone();
    let (under_way, mut all_ended) = mpsc::channel(1);
    let serving = Rc::new(Serving {
        invocation: settings.invocation,
        reads_first,
        calls,
        under_way,
    });
    // Connections look at the end themselves, whether it comes before or after they do.
    let of_connections = ending.clone();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let ending = of_connections.clone();
                    spawn_local(connection(stream, Rc::clone(&serving), ending));
                }
                // Too many open files, say: those that are open will end.
                Err(_refused) => sleep(TRY_AGAIN_AFTER).await,
            },
            _ended = ending.changed() => break,
        }
    }
    drop(listener);
    drop(serving);
    tracing::info!("finishing the calls under way");
    // Every call is answered by its own deadline; whoever does not take the answer is not waited for.
    let _all_ended = timeout(settings.invocation, all_ended.recv()).await;
    Ok(())
}

/// Takes the port as soon as it is free: two handlers of one host may be started at once.
async fn listen(port: u16) -> Result<TcpListener, ServeError> {
    let mut is_said = false;
    loop {
        match TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await {
            Ok(listener) => return Ok(listener),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                if !is_said {
                    tracing::warn!(port, "the port is in use, waiting for it");
                    is_said = true;
                }
                sleep(TRY_AGAIN_AFTER).await;
            }
            Err(source) => return Err(ServeError::Listen { port, source }),
        }
    }
}

async fn connection(stream: TcpStream, serving: Rc<Serving>, mut ending: watch::Receiver<()>) {
    let _under_way = serving.under_way.clone();
    // A small answer must not wait for the acknowledgement of an earlier one. Without it we are slower, no more.
    let _no_delay = stream.set_nodelay(true);
    let service = service_fn(|request| respond(Rc::clone(&serving), request));
    // No time limits here: the host keeps idle connections for more than a minute.
    let serving_it = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    let mut serving_it = pin!(serving_it);
    // A peer that goes away ends the connection with an error, and there is nothing to do about it.
    tokio::select! {
        _closed = serving_it.as_mut() => return,
        _ended = ending.changed() => serving_it.as_mut().graceful_shutdown(),
    }
    let _closed = serving_it.await;
}

async fn respond(
    serving: Rc<Serving>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    if request.method() == Method::GET && request.uri().path() == "/" {
        return Ok(Reply::new(200, "{}").into_response());
    }
    // A task of its own: a peer that goes away does not end the call, so that what was sent is still noted.
    let answered = spawn_local(answer_to(request, serving));
    let reply = answered.await;
    let reply = reply.unwrap_or_else(|_panicked| Reply::failure(500, "the call failed"));
    Ok(reply.into_response())
}

/// What the handler answers, or that it did not in time. The handler is brought the body meanwhile, if it asks for it.
async fn answer_to(request: Request<Incoming>, serving: Rc<Serving>) -> Reply {
    let _under_way = serving.under_way.clone();
    let (reply, answered) = oneshot::channel();
    let deadline = Deadline::after(serving.invocation);
    let ends = Instant::now() + serving.invocation;
    let (head, incoming) = request.into_parts();
    let until = deadline.send_by();
    // What is left of it is let go with the reply, and not before.
    let (body, mut to_bring) = between_threads(incoming, serving.reads_first, until).await;
    let call = Call::new(head, body, deadline);
    if serving.calls.send(Arrival { call, reply }).is_err() {
        return Reply::failure(500, "the call failed");
    }
    drop(serving);
    // Whether or not it is asked for the body, that part ends with the call.
    let answered = async { tokio::join!(answered, to_bring.bring(until)).0 };
    match timeout_at(ends, answered).await {
        Ok(Ok(reply)) => reply,
        Ok(Err(_panicked)) => Reply::failure(500, "the call failed"),
        Err(_elapsed) => {
            tracing::error!("call not answered in time");
            Reply::failure(500, "no answer in time")
        }
    }
}

#[cfg(test)]
mod tests;
