//! SQS's client, made when it is first needed.

use std::sync::OnceLock;

use aws_sdk_sqs::{Client, Config};

/// SQS's client. Most functions have it for dead letters and what is sent back, which a start seldom needs, and making it
/// reads the SDK's list of regions: a seventh of the instructions of a start.
#[derive(Debug)]
pub(crate) struct SqsClient {
    config: Config,
    client: OnceLock<Client>,
}

impl SqsClient {
    pub(crate) fn new(config: Config) -> Self {
        Self {
            config,
            client: OnceLock::new(),
        }
    }

    pub(crate) fn get(&self) -> &Client {
        self.client
            .get_or_init(|| Client::from_conf(self.config.clone()))
    }
}
