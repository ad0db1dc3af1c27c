//! A handler that is still being made, from secrets that must be fetched first, say: the host is answered meanwhile.

use std::fmt::Display;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{sleep, timeout_at};

use crate::error::ServeError;
use crate::server::serve;
use crate::{Call, Handler, HandlerSettings, Reply};

/// Between two tries to make the handler.
const TRY_AGAIN_AFTER: Duration = Duration::from_secs(5);

/// Serves at once, and hands calls to a handler as soon as it is made; what cannot be made is tried again, because a
/// process that ends three times ends the host.
///
/// # Errors
/// As [`serve`].
pub(crate) async fn serve_when_made<H: Handler, E: Display>(
    make: impl AsyncFn() -> Result<H, E>,
    settings: HandlerSettings,
) -> Result<(), ServeError> {
    let (slot, waiting) = watch::channel(None);
    let mut serving = pin!(serve(Late { handler: waiting }, settings));
    let making = async {
        loop {
            match make().await {
                Ok(handler) => return handler,
                Err(error) => tracing::error!(%error, "start failed, trying again"),
            }
            sleep(TRY_AGAIN_AFTER).await;
        }
    };
    tokio::select! {
        ended = &mut serving => ended,
        handler = making => {
            let handler = Rc::new(handler);
            slot.send_replace(Some(Rc::clone(&handler)));
            tokio::select! {
                ended = serving => ended,
                never = handler.work_beside_calls() => match never {},
            }
        }
    }
}

struct Late<H> {
    handler: watch::Receiver<Option<Rc<H>>>,
}

impl<H: Handler> Handler for Late<H> {
    const READS_FIRST: Option<usize> = H::READS_FIRST;

    async fn answer(&self, call: Call) -> Reply {
        let mut handler = self.handler.clone();
        let waiting = async {
            let handler = handler.wait_for(Option::is_some).await.ok()?;
            handler.clone()
        };
        match timeout_at(call.deadline().send_by(), waiting).await {
            Ok(Some(handler)) => handler.answer(call).await,
            Ok(None) | Err(_) => Reply::failure(503, "not ready yet, send it again"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::sync::Notify;

    use super::*;

    struct Done;

    impl Handler for Done {
        async fn answer(&self, _call: Call) -> Reply {
            Reply::done()
        }
    }

    async fn exchange(port: u16, request: &str) -> String {
        let mut stream = loop {
            match TcpStream::connect(("127.0.0.1", port)).await {
                Ok(stream) => break stream,
                Err(_refused) => sleep(Duration::from_millis(5)).await,
            }
        };
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn the_host_is_answered_while_the_handler_is_made_and_calls_wait_for_it() {
        let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let (may_be_made, tries) = (Notify::new(), Cell::new(0));
        let make = async || {
            tries.set(tries.get() + 1);
            may_be_made.notified().await;
            Ok::<_, String>(Done)
        };
        let settings = HandlerSettings {
            port,
            invocation: Duration::from_mins(5),
        };
        let check = async {
            let ping = "GET / HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n";
            assert!(exchange(port, ping).await.ends_with("{}"));
            let call =
                "POST /f HTTP/1.1\r\nhost: h\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
            let mut calling = pin!(exchange(port, call));
            tokio::select! {
                answer = &mut calling => panic!("answered too early: {answer}"),
                answer = exchange(port, ping) => assert!(answer.ends_with("{}")),
            }
            may_be_made.notify_one();
            assert!(calling.await.ends_with(&Reply::done().json));
        };
        tokio::select! {
            ended = serve_when_made(make, settings) => panic!("{ended:?}"),
            () = check => {}
        }
        assert_eq!(tries.get(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn what_cannot_be_made_is_tried_again() {
        let tries = Cell::new(0);
        let done = Notify::new();
        let make = async || {
            tries.set(tries.get() + 1);
            if tries.get() < 4 {
                return Err("not yet");
            }
            done.notify_one();
            Ok(Done)
        };
        let settings = HandlerSettings {
            port: 0,
            invocation: Duration::from_mins(5),
        };
        tokio::select! {
            ended = serve_when_made(make, settings) => panic!("{ended:?}"),
            () = done.notified() => {}
        }
        assert_eq!(tries.get(), 4);
    }
}
