//! The HTTPS door that Lambda puts before a function (a function URL), in plain HTTP.
//!
//! A request becomes an event of payload format 2.0, and what the function returns becomes the response.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use hyper::Request;

mod event;
mod response;

use crate::lambda::Function;
use fakes::invocation::InvocationError;
use fakes::server::{Answer, Server};

/// The largest request, and the largest event that carries one (Lambda quotas: 6 MB for a synchronous invocation).
const REQUEST_BYTES: usize = 6 * 1024 * 1024;

/// An HTTP server before a function. Dropping it closes the port.
#[derive(Debug)]
pub struct FunctionUrl {
    server: Server,
}

impl FunctionUrl {
    /// Listens on a free loopback port.
    pub async fn start(function: Arc<Function>) -> io::Result<Self> {
        let handler = move |request| {
            let function = Arc::clone(&function);
            // As with Lambda, an invocation goes on when its client has hung up.
            let answering = tokio::spawn(async move { answer(&function, &request).await });
            async move { answering.await.unwrap_or_else(|_| bad_gateway()) }
        };
        let server = Server::start(handler).await?;
        Ok(Self { server })
    }

    /// Its address, without a slash at the end.
    pub fn url(&self) -> String {
        self.server.url()
    }
}

async fn answer(function: &Function, request: &Request<Bytes>) -> Answer {
    // The front end looks at the size before anything of ours runs.
    if request.body().len() > REQUEST_BYTES {
        return too_large();
    }
    let Ok(event) = event::event_text(request) else {
        return bad_gateway();
    };
    if event.len() > REQUEST_BYTES {
        return too_large();
    }
    match function.invoke(event).await {
        Ok(returned) => response::answer(&returned).unwrap_or_else(bad_gateway),
        Err(InvocationError::Throttled) => Answer::json(
            429,
            r#"{"Reason":"ConcurrentInvocationLimitExceeded","Type":"User","message":"Rate Exceeded."}"#,
        ),
        Err(
            InvocationError::Function { .. }
            | InvocationError::Timeout
            | InvocationError::Crashed { .. }
            | InvocationError::InitFailed { .. },
        ) => bad_gateway(),
    }
}

fn too_large() -> Answer {
    Answer::json(413, r#"{"message":"Request Too Long"}"#)
}

fn bad_gateway() -> Answer {
    Answer::json(502, "Internal Server Error")
}

#[cfg(test)]
mod tests;
