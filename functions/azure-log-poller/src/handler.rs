//! A call by the timer in, done or failed out.

use std::convert::Infallible;

use custom_handler::{Call, Handler, Reply};
use http_clients::{DeadLetterContainer, JournalTable, ManagementApi, TableCheckpoint};
use relay::poll::{NoArrivals, Poller};
use relay::{AnySink, Relay, TableOrMemory, chain};

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
        NoArrivals,
    >,
}

impl LogPoller {
    /// Builds the clients.
    pub fn new(settings: Settings) -> Self {
        let function = settings.function;
        let ledger = settings
            .ledger
            .open(|table| JournalTable::new(&function.identity, table));
        let tenant = function.common.tenant.clone();
        Self {
            poller: Poller {
                checkpoints: TableCheckpoint::new(&function.identity, settings.checkpoints, tenant),
                relay: Relay::polling(
                    function.into_parts(env!("CARGO_PKG_NAME")),
                    Some(ledger),
                    settings.destinations,
                ),
                source: settings.source,
                arrivals: NoArrivals,
                settings: settings.poll,
            },
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
