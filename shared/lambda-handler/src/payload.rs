//! The payload of an invocation as it came, taken off before the runtime reads it.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use lambda_runtime::LambdaInvocation;
use lambda_runtime::tower::util::MapRequestLayer;

/// The payload of the invocation that runs.
#[derive(Debug, Default)]
pub(crate) struct RawPayload(Arc<Mutex<Bytes>>);

impl RawPayload {
    /// For [`lambda_runtime::Runtime::layer`]: keeps each invocation's body, and leaves `null` in its place.
    pub(crate) fn layer(
        &self,
    ) -> MapRequestLayer<impl Fn(LambdaInvocation) -> LambdaInvocation + Clone> {
        let kept = Arc::clone(&self.0);
        MapRequestLayer::new(move |mut invocation: LambdaInvocation| {
            let body = std::mem::replace(&mut invocation.body, Bytes::from_static(b"null"));
            *kept.lock().unwrap_or_else(PoisonError::into_inner) = body;
            invocation
        })
    }

    /// Takes the payload out; empty if it was taken before.
    pub(crate) fn take(&self) -> Bytes {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *kept)
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use lambda_runtime::Context;
    use lambda_runtime::tower::{Layer, ServiceExt, service_fn};

    use super::*;

    #[tokio::test]
    async fn the_runtime_gets_null_and_the_handler_each_payload_once() {
        let payload = RawPayload::default();
        for body in ["{ \"Records\": [] }", "not even JSON"] {
            let runtime = service_fn(async |invocation: LambdaInvocation| {
                Ok::<_, Infallible>((invocation.body, payload.take()))
            });
            let invocation = LambdaInvocation {
                parts: hyper::Response::new(()).into_parts().0,
                body: Bytes::from(body),
                context: Context::default(),
            };
            let layered = payload.layer().layer(runtime);
            let (read, taken) = layered.oneshot(invocation).await.unwrap();
            assert_eq!(read, "null");
            assert_eq!(taken, body);
            assert_eq!(payload.take(), "");
        }
    }
}
