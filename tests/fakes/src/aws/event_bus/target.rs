//! Where a rule sends its events.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::aws::queue::Queue;
use crate::invocation::InvocationError;
use crate::invocation::Invoke;

type Invoked = Pin<Box<dyn Future<Output = Result<Bytes, InvocationError>> + Send>>;

/// One target of a rule.
#[derive(Debug, Clone)]
pub enum Target {
    /// A queue; the event is the body of a message.
    Queue(Arc<Queue>),
    /// A function, invoked asynchronously with one event at a time.
    Function(Arc<AsyncTarget>),
}

/// A function behind Lambda's asynchronous invocation: two more tries, then the failure record.
pub struct AsyncTarget {
    name: String,
    invoke: Box<dyn Fn(Vec<u8>) -> Invoked + Send + Sync>,
    pub(super) on_failure: Option<Arc<Queue>>,
    pub(super) retry_after: [Duration; 2],
    throttle_delay: Duration,
}

impl AsyncTarget {
    /// A target that waits between its tries as Lambda does, one minute and two.
    pub fn new<I>(name: impl Into<String>, function: Arc<I>) -> Self
    where
        I: Invoke + Send + Sync + 'static,
    {
        // Targets of several functions stand in one list, so the type of the function ends here.
        let invoke = move |payload| -> Invoked {
            let function = Arc::clone(&function);
            Box::pin(async move { function.invoke(payload).await })
        };
        Self {
            name: name.into(),
            invoke: Box::new(invoke),
            on_failure: None,
            retry_after: [Duration::from_mins(1), Duration::from_mins(2)],
            throttle_delay: Duration::from_secs(1),
        }
    }

    /// Sends the record of an event that failed three times to a queue (`OnFailure`).
    #[must_use]
    pub fn on_failure(self, queue: Arc<Queue>) -> Self {
        Self {
            on_failure: Some(queue),
            ..self
        }
    }

    /// Waits this long before the second and the third try.
    #[must_use]
    pub fn retry_after(self, delays: [Duration; 2]) -> Self {
        Self {
            retry_after: delays,
            ..self
        }
    }

    /// Waits at most this long, at random, while the function has no free process. Lambda waits a second at first, and
    /// goes on for six hours.
    #[must_use]
    pub fn throttle_delay(self, throttle_delay: Duration) -> Self {
        Self {
            throttle_delay,
            ..self
        }
    }

    /// The next wait of a throttled invocation.
    pub(super) fn throttled_wait(&self) -> Duration {
        self.throttle_delay.mul_f64(fastrand::f64())
    }

    /// The name of the function.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(super) async fn invoke(&self, payload: Vec<u8>) -> Result<Bytes, InvocationError> {
        (self.invoke)(payload).await
    }
}

impl fmt::Debug for AsyncTarget {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("AsyncTarget")
            .field("name", &self.name)
            .field("on_failure", &self.on_failure)
            .finish_non_exhaustive()
    }
}
