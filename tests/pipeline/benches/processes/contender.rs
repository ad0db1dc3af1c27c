//! What is measured: our functions, and what others would deploy in their place.

use std::error::Error;
use std::path::{Path, PathBuf};

use cargo_local::binaries::Binaries;
use cargo_local::cloud::{TENANT, TOKEN};
use fakes::aws::dynamodb::Table;
use hosts::lambda::{Function, FunctionOptions};

use crate::endpoint::{Endpoint, TlsEndpoint};

/// A program that runs as a Lambda function.
#[derive(Clone)]
pub(crate) struct Contender {
    /// How the report names it.
    pub(crate) name: &'static str,
    /// What Lambda would start.
    pub(crate) program: PathBuf,
}

impl Contender {
    /// One of our functions.
    pub(crate) fn ours(binaries: &Binaries, name: &'static str) -> Result<Self, Box<dyn Error>> {
        let program = binaries.path(name).ok_or("the build made no such binary")?;
        Ok(Self {
            name,
            program: program.to_owned(),
        })
    }

    /// A function that puts events onto a bus.
    pub(crate) fn ingest(
        &self,
        bus_url: &str,
        trusted: Option<&Path>,
    ) -> std::io::Result<Function> {
        let mut environment = vec![
            ("WEBHOOK_TOKENS", TOKEN.to_owned()),
            ("SINKS", "event-bus".to_owned()),
            ("EVENT_BUS_NAME", "auth0-logs".to_owned()),
            ("AWS_ENDPOINT_URL_EVENTBRIDGE", bus_url.to_owned()),
        ];
        if let Some(certificate) = trusted {
            // The same file under the name that each of them reads.
            for name in ["SSL_CERT_FILE", "AWS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"] {
                environment.push((name, certificate.display().to_string()));
            }
        }
        self.start(environment)
    }

    /// As [`Self::ingest`], over TLS.
    pub(crate) fn ingest_over_tls(&self, over_tls: &TlsEndpoint) -> std::io::Result<Function> {
        self.ingest(&over_tls.url, Some(&over_tls.certificate))
    }

    /// A function that posts events to a collector, with its ledger in memory.
    pub(crate) fn target(&self, collector: &Endpoint) -> std::io::Result<Function> {
        self.target_with(collector, Vec::new())
    }

    /// A function that posts events to a collector, with its ledger on a table.
    pub(crate) fn target_on_table(
        &self,
        collector: &Endpoint,
        table: &Table,
    ) -> std::io::Result<Function> {
        let environment = vec![
            ("LEDGER_TABLE", table.name().to_owned()),
            ("AWS_ENDPOINT_URL_DYNAMODB", table.url()),
        ];
        self.target_with(collector, environment)
    }

    fn target_with(
        &self,
        collector: &Endpoint,
        mut environment: Vec<(&str, String)>,
    ) -> std::io::Result<Function> {
        environment.push(("SINKS", "http".to_owned()));
        environment.push(("HTTP_SINK_URL", collector.url()));
        self.start(environment)
    }

    fn start(&self, environment: Vec<(&str, String)>) -> std::io::Result<Function> {
        let mut options = FunctionOptions::new(self.name, &self.program);
        let shared = [
            ("TENANT_NAME", TENANT.to_owned()),
            // Nothing is set aside here: whatever is ends the measurement as missing events.
            (
                "DEAD_LETTER_QUEUE_URL",
                "http://127.0.0.1:9/123456789012/set-aside".to_owned(),
            ),
        ];
        options.environment = shared
            .into_iter()
            .chain(environment)
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        options.concurrency = 1;
        Function::start(options)
    }
}
