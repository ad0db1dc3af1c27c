//! An invocation by the schedule in, what a run did out.

use aws_clients::{DeadLetterQueue, JournalTable, TableCheckpoint};
use http_clients::ManagementApi;
use lambda_handler::{Bytes, Handler};
use lambda_runtime::Context;
use relay::poll::{Poller, RunEnd};
use relay::{AnySink, Deadline, TableOrMemory};
use serde::Serialize;

use crate::{RunError, Settings};

/// Everything the function needs, built once.
#[derive(Debug)]
pub struct LogPoller {
    poller: Poller<
        AnySink,
        TableOrMemory<JournalTable>,
        DeadLetterQueue,
        ManagementApi,
        TableCheckpoint,
    >,
}

/// What Lambda gets back: nobody reads it but a person who invokes the function.
#[derive(Debug, Serialize)]
pub struct Answer {
    end: &'static str,
    pages: usize,
    gap: usize,
}

impl LogPoller {
    /// Builds the clients.
    pub fn new(settings: Settings) -> Self {
        let function = settings.function;
        let tenant = function.common.tenant.clone();
        let checkpoints = TableCheckpoint::new(&function.connection, settings.checkpoints, tenant);
        let ledger = settings.poller.needs_ledger().then(|| {
            let open = |table| JournalTable::new(&function.connection, table);
            settings.ledger.open(open)
        });
        Self {
            poller: Poller::new(
                function.into_parts(),
                ledger,
                (settings.source, checkpoints),
                settings.poller,
            ),
        }
    }
}

impl Handler for LogPoller {
    type Answer = Answer;
    type Error = RunError;

    async fn prepare(&self) {
        self.poller.relay.prepare().await;
    }

    /// Runs once, whatever the payload.
    async fn answer(&self, _payload: Bytes, context: &Context) -> Result<Answer, RunError> {
        let deadline = Deadline::at_epoch_millis(context.deadline);
        let run = self.poller.run(&deadline).await.map_err(RunError)?;
        Ok(Answer {
            end: match run.end {
                RunEnd::CaughtUp => "caught_up",
                RunEnd::OutOfTime => "out_of_time",
                RunEnd::Overtaken => "overtaken",
            },
            pages: run.page_count,
            gap: run.gap,
        })
    }
}
