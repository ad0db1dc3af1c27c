//! What a stack is made of, on moto's server, around the real functions.

use std::sync::Arc;

use cargo_local::cloud::RULE_PATTERN;
use fakes::auth0::{Auth0, CLIENT_SECRET};
use hosts::function_url::FunctionUrl;
use hosts::lambda::{Function, FunctionOptions};
use serde_json::{Value, json};

use super::moto::Moto;
use crate::kit::reply::{Reply, send};
use crate::kit::{binaries, settings};

/// The token that is live at first.
pub(crate) const TOKEN: &str = "first-webhook-token-of-the-secret";

/// Both functions, and what they are connected to.
pub(crate) struct Stack {
    pub(crate) moto: Moto,
    pub(crate) table: String,
    pub(crate) stream: String,
    pub(crate) deliver_url: String,
    pub(crate) set_aside_url: String,
    pub(crate) tokens_arn: String,
    pub(crate) ingest: Arc<Function>,
    pub(crate) target: Function,
    webhook: FunctionUrl,
}

async fn function(name: &str, environment: &[(&str, &str)]) -> Function {
    let binaries = binaries().await;
    let mut options = FunctionOptions::new(name, binaries.path(name).unwrap());
    options.concurrency = 1;
    options.environment = settings(environment);
    Function::start(options).unwrap()
}

impl Stack {
    /// Makes everything anew; `others` are settings of the ingest function and of the target that replace those of the stack.
    pub(crate) async fn start(moto: Moto, others: [&[(&str, &str)]; 2]) -> Self {
        let [deliver_url, set_aside_url] =
            [moto.queue("deliver").await, moto.queue("set-aside").await];
        let bus = moto.bus(&deliver_url, RULE_PATTERN).await;
        let (table, stream) = (moto.table().await, moto.stream().await);
        let tokens_arn = moto.secret("tokens", TOKEN).await;
        let key_arn = moto.secret("redact-key", "a key of the secret").await;
        let shared = [
            ("TENANT_NAME", "acme"),
            ("AWS_ENDPOINT_URL", &moto.url),
            ("DEAD_LETTER_QUEUE_URL", &set_aside_url),
            ("REDACT", "user_name=hmac"),
            ("REDACT_KEY_SECRET_ARN", &key_arn),
        ];
        let of_ingest = [
            ("WEBHOOK_TOKENS_SECRET_ARN", tokens_arn.as_str()),
            ("EVENT_QUEUE_URL", &deliver_url),
            ("EVENT_BUS_NAME", &bus),
        ];
        let of_target = [
            ("SINKS", "firehose"),
            ("FIREHOSE_STREAM_NAME", stream.as_str()),
            ("LEDGER_TABLE", &table),
        ];
        let environment = |own: &[(&'static str, &str)], others| -> Vec<(String, String)> {
            settings(&[&shared[..], own, others].concat())
        };
        let [of_ingest, of_target] = [
            environment(&of_ingest, others[0]),
            environment(&of_target, others[1]),
        ];
        let [of_ingest, of_target] = [&of_ingest, &of_target].map(|pairs| {
            let pairs = pairs.iter();
            let pairs = pairs.map(|(name, value)| (name.as_str(), value.as_str()));
            pairs.collect::<Vec<_>>()
        });
        let ingest = Arc::new(function("aws-webhook-ingest", &of_ingest).await);
        let target = function("aws-eventbridge-target", &of_target).await;
        Self {
            webhook: FunctionUrl::start(Arc::clone(&ingest)).await.unwrap(),
            moto,
            table,
            stream,
            deliver_url,
            set_aside_url,
            tokens_arn,
            ingest,
            target,
        }
    }

    /// A poller of a tenant that sends to the target's queue, with its ledger, and the checkpoint in the same table.
    pub(crate) async fn poller(&self, tenant: &Auth0, start_from: &str) -> Function {
        let secret_arn = self.moto.secret("client-secret", CLIENT_SECRET).await;
        let of_tenant = tenant.settings();
        let of_tenant = of_tenant.iter();
        let of_tenant = of_tenant.map(|(name, value)| (name.as_str(), value.as_str()));
        let own = [
            ("TENANT_NAME", "acme"),
            ("AWS_ENDPOINT_URL", self.moto.url.as_str()),
            ("DEAD_LETTER_QUEUE_URL", &self.set_aside_url),
            ("EVENT_QUEUE_URL", &self.deliver_url),
            ("LEDGER_TABLE", &self.table),
            ("CHECKPOINT_TABLE", &self.table),
            ("GAP_SINKS", "firehose"),
            ("START_FROM", start_from),
            ("AUTH0_CLIENT_SECRET", ""),
            ("AUTH0_CLIENT_SECRET_ARN", &secret_arn),
        ];
        let settings: Vec<_> = of_tenant.chain(own).collect();
        function("aws-log-poller", &settings).await
    }

    /// Posts a body to the webhook.
    pub(crate) async fn post(&self, token: &str, body: impl Into<Vec<u8>>) -> Reply {
        let headers = [("authorization", token)];
        send("POST", &self.webhook.url(), &headers, body.into()).await
    }

    /// Gives the target one batch after the other until the queue shows nothing more, and deletes what did not fail;
    /// returns how many messages there were and how many of them failed.
    pub(crate) async fn deliver(&self) -> (usize, usize) {
        let (mut received, mut failed) = (0, 0);
        let queue_arn = self.moto.queue_arn(&self.deliver_url).await;
        loop {
            let messages = self.moto.receive(&self.deliver_url).await;
            if messages.is_empty() {
                return (received, failed);
            }
            received += messages.len();
            let records = messages.iter().map(|message| message.record(&queue_arn));
            let payload = json!({ "Records": records.collect::<Vec<_>>() });
            let answer = self.target.invoke(payload.to_string()).await.unwrap();
            let answer: Value = serde_json::from_slice(&answer).unwrap();
            let failures = answer["batchItemFailures"].as_array().unwrap();
            failed += failures.len();
            let is_failed = |handle: &str| {
                let named = |failure: &Value| failure["itemIdentifier"] == handle;
                failures.iter().any(named)
            };
            let done = messages
                .iter()
                .filter(|message| !is_failed(&message.handle));
            for message in done {
                self.moto.delete(&self.deliver_url, &message.handle).await;
            }
        }
    }

    /// Takes the dead letters off their queue.
    pub(crate) async fn dead_letters(&self) -> Vec<Value> {
        let mut dead_letters = Vec::new();
        loop {
            let messages = self.moto.receive(&self.set_aside_url).await;
            if messages.is_empty() {
                return dead_letters;
            }
            for message in &messages {
                dead_letters.push(serde_json::from_str(&message.body).unwrap());
            }
        }
    }
}
