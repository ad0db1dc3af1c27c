//! A call by the timer in, done or failed out.

use std::convert::Infallible;

use custom_handler::{Call, Handler, Reply};
use http_clients::{DeadLetterContainer, JournalTable, ManagementApi, TableCheckpoint};
use relay::poll::Poller;
use relay::{AnySink, TableOrMemory, chain};

use crate::{RunError, Settings};

/// Everything the function needs, built once.
#[derive(Debug)]
pub struct LogPoller {
    poller: Poller<
        AnySink,
        TableOrMemory<JournalTable>,
        DeadLetterContainer,
        ManagementApi,
        TableCheckpoint,
    >,
}

impl LogPoller {
    /// Builds the clients.
    pub fn new(settings: Settings) -> Self {
        let function = settings.function;
        let tenant = function.common.tenant.clone();
        let checkpoints = TableCheckpoint::new(&function.identity, settings.checkpoints, tenant);
        let ledger = settings.poller.needs_ledger().then(|| {
            let open = |table| JournalTable::new(&function.identity, table);
            settings.ledger.open(open)
        });
        Self {
            poller: Poller::new(
                function.into_parts(env!("CARGO_PKG_NAME")),
                ledger,
                (settings.source, checkpoints),
                settings.poller,
            ),
        }
    }
}

impl Handler for LogPoller {
    /// Runs once, whatever the timer says.
    async fn answer(&self, mut call: Call) -> Reply {
        if call.method() != "POST" {
            return Reply::failure(405, "the Functions host calls by POST");
        }
        call.discard_body().await;
        match self.poller.run(&call.deadline()).await {
            Ok(_) => Reply::done(),
            Err(error) => {
                let error = RunError(error);
                let text = chain(&error).to_string();
                tracing::error!(error = text, "run failed");
                error.into()
            }
        }
    }

    async fn work_beside_calls(&self) -> Infallible {
        self.poller.relay.counters.write_from_time_to_time().await
    }
}
