//! Listens on the host's port, hands each call to the handler, and ends in order.

use std::convert::Infallible;
use std::io;
use std::net::Ipv4Addr;
use std::pin::pin;
use std::rc::Rc;
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
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, watch};
use tokio::task::{LocalSet, spawn_local};
use tokio::time::{sleep, timeout};

use crate::{Call, HandlerSettings, Reply, ServeError};

/// Between two tries to get the port, or to accept a connection after the system refused one.
const TRY_AGAIN_AFTER: Duration = Duration::from_millis(50);

/// What a function does with its calls, all of them on one thread.
pub trait Handler: 'static {
    /// Answers one call, before its deadline.
    fn answer(&self, call: Call) -> impl Future<Output = Reply>;

    /// What it does beside its calls, for as long as the process lives.
    fn work_beside_calls(&self) -> impl Future<Output = Infallible> {
        std::future::pending()
    }
}

/// What every connection shares.
struct Serving<H> {
    handler: H,
    invocation: Duration,
    /// Held by every connection and call, so that the end can wait for the last one.
    under_way: mpsc::Sender<Infallible>,
}

/// Serves the host's calls until SIGTERM, then finishes those under way.
///
/// # Errors
/// If the port cannot be bound; one that is in use is tried again for as long as it takes.
pub async fn serve<H: Handler>(handler: H, settings: HandlerSettings) -> Result<(), ServeError> {
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
    LocalSet::new()
        .run_until(serve_here(handler, settings, stop))
        .await
}

/// The same, where tasks of this thread may be spawned.
async fn serve_here<H: Handler>(
    handler: H,
    settings: HandlerSettings,
    stop: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    let mut stop = pin!(stop);
    let listener = tokio::select! {
        listener = listen(settings.port) => listener?,
        () = &mut stop => return Ok(()),
    };
    let (under_way, mut all_ended) = mpsc::channel(1);
    let (end, ending) = watch::channel(());
    let serving = Rc::new(Serving {
        handler,
        invocation: settings.invocation,
        under_way,
    });
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    spawn_local(connection(stream, Rc::clone(&serving), ending.clone()));
                }
                // Too many open files, say: those that are open will end.
                Err(_refused) => sleep(TRY_AGAIN_AFTER).await,
            },
            () = &mut stop => break,
        }
    }
    drop(listener);
    end.send_replace(());
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

async fn connection<H: Handler>(
    stream: TcpStream,
    serving: Rc<Serving<H>>,
    mut ending: watch::Receiver<()>,
) {
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

async fn respond<H: Handler>(
    serving: Rc<Serving<H>>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    if request.method() == Method::GET && request.uri().path() == "/" {
        return Ok(Reply::new(200, "{}").into_response());
    }
    let invocation = serving.invocation;
    let call = Call::new(request, Deadline::after(invocation));
    // A task of its own: a panic ends it alone, and a peer that goes away does not end it, so that what was sent is
    // still noted.
    let mut answering = spawn_local(async move {
        let _under_way = serving.under_way.clone();
        serving.handler.answer(call).await
    });
    let reply = match timeout(invocation, &mut answering).await {
        Ok(Ok(reply)) => reply,
        Ok(Err(_panicked)) => Reply::failure(500, "the call failed"),
        Err(_elapsed) => {
            answering.abort();
            tracing::error!("call not answered in time");
            Reply::failure(500, "no answer in time")
        }
    };
    Ok(reply.into_response())
}

#[cfg(test)]
mod tests;
