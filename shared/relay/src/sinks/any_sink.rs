//! A sink of any kind, so that a function keeps all its sinks in one list.

use std::fmt::Debug;
use std::pin::Pin;

use super::SinkKind;
use crate::ports::{Delivery, Row, Sink};
use crate::sending::Sending;

/// A sink of any kind, under the name that it is registered by. Its future is boxed: one allocation a batch.
#[derive(Debug)]
pub struct AnySink {
    kind: SinkKind,
    sink: Box<dyn BoxedSend>,
}

impl AnySink {
    /// Forgets which kind of sink it is.
    pub(super) fn new(kind: SinkKind, sink: impl Sink + Debug + 'static) -> Self {
        Self {
            kind,
            sink: Box::new(sink),
        }
    }
}

impl Sink for AnySink {
    fn name(&self) -> &'static str {
        self.kind.name
    }

    fn has_ledger(&self) -> bool {
        self.kind.has_ledger
    }

    async fn prepare(&self) {
        self.sink.prepare().await;
    }

    async fn send(&self, rows: &[Row<'_>], sending: &Sending) -> Delivery {
        self.sink.send(rows, sending).await
    }
}

/// [`Sink`] with a future whose size does not depend on the sink.
trait BoxedSend: Debug + Send + Sync {
    fn prepare(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;

    fn send<'a>(
        &'a self,
        rows: &'a [Row<'a>],
        sending: &'a Sending,
    ) -> Pin<Box<dyn Future<Output = Delivery> + Send + 'a>>;
}

impl<S: Sink + Debug> BoxedSend for S {
    fn prepare(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(Sink::prepare(self))
    }

    fn send<'a>(
        &'a self,
        rows: &'a [Row<'a>],
        sending: &'a Sending,
    ) -> Pin<Box<dyn Future<Output = Delivery> + Send + 'a>> {
        Box::pin(Sink::send(self, rows, sending))
    }
}
