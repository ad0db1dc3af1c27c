//! Auth0: a tenant's log and its log streams behind the Management API, with tokens and a rate limit, and the HTTP stream of
//! the same log.
//!
//! As strict as the documentation: what it does not know of a request is refused. That the rate limit's bucket holds 50
//! requests and gets 16 a second, and that `x-ratelimit-reset` is the second of the next one, is assumed.

mod api;
mod log;
mod log_streams;
mod rate_limit;
mod stream;
mod tokens;

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;

use crate::faults::{Faults, inject};
use crate::lock::lock;
use crate::server::Server;

pub use log::{Logged, TenantLog, made_up};
pub use rate_limit::RateLimit;
pub use stream::{HttpStream, Streamed};

/// The tenant's domain.
pub const DOMAIN: &str = "acme.eu.auth0.com";
/// The application that may ask for tokens.
pub const CLIENT_ID: &str = "made-up-client";
/// Its secret.
pub const CLIENT_SECRET: &str = "made-up-client-secret";

/// What the tenant and its application allow.
#[derive(Debug, Clone)]
pub struct TenantOptions {
    /// The scopes that tokens have.
    pub scopes: Vec<&'static str>,
    /// How long a token lives.
    pub token_life: Duration,
    /// How many requests of the Management API are answered.
    pub rate_limit: Option<RateLimit>,
    /// What is answered, with success, in the place of a page.
    pub page: Option<&'static str>,
    /// How many log streams the plan has; those with priority do not count.
    pub max_log_streams: Option<usize>,
}

impl Default for TenantOptions {
    fn default() -> Self {
        Self {
            scopes: vec!["read:logs"],
            token_life: Duration::from_hours(24),
            rate_limit: None,
            page: None,
            max_log_streams: None,
        }
    }
}

/// A running tenant.
#[derive(Debug)]
pub struct Auth0 {
    log: TenantLog,
    state: Arc<Mutex<api::State>>,
    server: Server,
}

impl Auth0 {
    /// Starts the token endpoint and the Management API.
    pub async fn start(options: TenantOptions, faults: Faults) -> io::Result<Self> {
        let log = TenantLog::default();
        let state = Arc::new(Mutex::new(api::State::new(options)));
        let (of_server, answering) = (log.clone(), Arc::clone(&state));
        let server = Server::start(move |request| {
            let (log, state, faults) = (of_server.clone(), Arc::clone(&answering), faults.clone());
            async move {
                let fault = faults.next();
                let work = async { api::answer(&request, &log, &mut lock(&state)) };
                inject(&fault, api::refuse_faulty, work).await
            }
        });
        Ok(Self {
            log,
            state,
            server: server.await?,
        })
    }

    /// The tenant's log.
    pub fn log(&self) -> TenantLog {
        self.log.clone()
    }

    /// The settings of a poller.
    pub fn settings(&self) -> Vec<(String, String)> {
        let settings = [
            ("AUTH0_DOMAIN", DOMAIN),
            ("AUTH0_CLIENT_ID", CLIENT_ID),
            ("AUTH0_CLIENT_SECRET", CLIENT_SECRET),
            ("AUTH0_API_URL", &self.server.url()),
        ];
        let settings = settings.into_iter();
        settings
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }

    /// Changes what the tenant allows, from now on.
    pub fn set(&self, change: impl FnOnce(&mut TenantOptions)) {
        lock(&self.state).set(change);
    }

    /// From now on no token holds that was handed out so far.
    pub fn revoke_tokens(&self) {
        lock(&self.state).tokens.revoke_all();
    }

    /// Puts a log stream beside the others, as it is: a dashboard or another tool may have made it.
    pub fn add_log_stream(&self, stream: Value) {
        lock(&self.state).streams.push(stream);
    }

    /// Every log stream, with its credentials.
    pub fn log_streams(&self) -> Vec<Value> {
        lock(&self.state).streams.clone()
    }

    /// Requests so far, by what they asked for, and those that the rate limit refused.
    pub fn requests(&self) -> BTreeMap<&'static str, u64> {
        lock(&self.state).requests.clone()
    }
}
