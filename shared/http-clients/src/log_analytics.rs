//! The sink `log-analytics`: rows for tables of a workspace, by the Logs Ingestion API of a data collection rule.

mod body;
mod cut;
mod settings;

use std::borrow::Cow;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use relay::{Delivery, Refusal, Remedy, Row, Sink, SinkKind, chain};
use reqwest::Url;
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE};
use tenant_logs::{AsimStream, Bisection, Schema};
use tokio::time::Instant;

use crate::azure_service::AzureService;
use crate::call_error::{CallError, Said};
use crate::entra::EntraIdentity;
use crate::exchange::wait_if_in_time;
use body::{LIMITS, MAX_BYTES, packed, row_bytes};

pub use settings::LogAnalyticsSettings;

const CALLS_AT_ONCE: usize = 4;
const ROLE: &str = "check that the identity has the role Monitoring Metrics Publisher on the data collection rule \
    LOGS_INGESTION_RULE_ID (a new role takes some minutes)";
const RULE: &str = "check LOGS_INGESTION_ENDPOINT, LOGS_INGESTION_RULE_ID, LOGS_INGESTION_STREAM and the streams of that \
    rule (a change takes some minutes)";

/// Tables of a Log Analytics workspace, behind one data collection rule.
#[derive(Debug)]
pub struct LogAnalytics {
    service: AzureService,
    schema: Schema,
    auth0_logs: Url,
    authentication: Url,
    audit: Url,
}

/// A row as it is sent, with its index among all rows.
struct Prepared<'a> {
    index: usize,
    stream: AsimStream,
    json: Cow<'a, str>,
}

impl LogAnalytics {
    /// The sink and the schemas it takes, as `SINKS` names them.
    pub const KIND: SinkKind = SinkKind {
        name: "log-analytics",
        schemas: &[Schema::Sentinel, Schema::Asim],
    };

    /// Tables that rows in this schema go to; nothing is sent yet.
    pub fn new(identity: &EntraIdentity, settings: &LogAnalyticsSettings, schema: Schema) -> Self {
        let target = format!("data collection rule `{}`", settings.rule_id);
        let resource = settings.resource();
        Self {
            service: AzureService::new(identity, resource, target, RULE),
            schema,
            authentication: settings.url("Custom-ASimAuthentication"),
            audit: settings.url("Custom-ASimAudit"),
            auth0_logs: settings.url(&settings.stream),
        }
    }

    /// Cuts what no column takes, and tells which stream a row belongs to.
    fn prepare<'a>(&self, rows: &'a [Row<'_>]) -> Vec<Prepared<'a>> {
        let mut cut_count = 0;
        let prepared = rows.iter().enumerate().map(|(index, row)| {
            let stream = match self.schema {
                Schema::Asim => AsimStream::of(row.log_event),
                Schema::Raw | Schema::Ecs | Schema::Ocsf | Schema::Sentinel => {
                    AsimStream::Auth0Logs
                }
            };
            let json = match cut::cut_row(&row.json) {
                Some(cut) => {
                    cut_count += 1;
                    Cow::Owned(cut)
                }
                None => Cow::Borrowed(row.json.as_ref()),
            };
            Prepared {
                index,
                stream,
                json,
            }
        });
        let prepared = prepared.collect();
        if cut_count > 0 {
            let sink = Self::KIND.name;
            tracing::warn!(sink, row_count = cut_count, "cut values above 64 KB");
        }
        prepared
    }

    /// Delivers one batch of one stream. A call refused for its content is bisected until the rows that are meant stand
    /// alone, so that they take no other with them.
    async fn deliver(&self, batch: Vec<Prepared<'_>>, until: Instant) -> Delivery {
        let mut delivery = Delivery::default();
        let mut parts = Bisection::new(&batch);
        while let Some(part) = parts.next_part() {
            match self.send_part(part, until).await {
                Ok(()) => delivery.delivered.extend(part.iter().map(|row| row.index)),
                Err(error) => {
                    let (remedy, reason) = self.classify(&error);
                    if remedy == Remedy::SetAside && parts.bisect(part) {
                        continue;
                    }
                    refuse(&mut delivery, part, remedy, &reason);
                }
            }
        }
        delivery
    }

    /// Makes a call, and makes it again after a wait that the service asks for, while that ends in time.
    async fn send_part(&self, part: &[Prepared<'_>], until: Instant) -> Result<(), CallError> {
        let url = match part.first().map(|row| row.stream) {
            Some(AsimStream::Authentication) => &self.authentication,
            Some(AsimStream::Audit) => &self.audit,
            Some(AsimStream::Auth0Logs) | None => &self.auth0_logs,
        };
        let (body, encoding) = packed(part.iter().map(|row| row.json.as_ref()));
        let body = Bytes::from(body);
        loop {
            let answer = self.service.call(until, |client| {
                let mut request = client
                    .post(url.clone())
                    .header(CONTENT_TYPE, "application/json")
                    .body(body.clone());
                if let Some(encoding) = encoding {
                    request = request.header(CONTENT_ENCODING, encoding);
                }
                request
            });
            let answer = answer.await?;
            if answer.is_success() {
                return Ok(());
            }
            let error = self.service.error(answer);
            let CallError::Busy {
                retry_after: Some(wait),
                ..
            } = &error
            else {
                return Err(error);
            };
            if !wait_if_in_time(*wait, until).await {
                return Err(error);
            }
        }
    }

    /// What to do about a call that failed, and what is said of it.
    fn classify(&self, error: &CallError) -> (Remedy, String) {
        let closed = |said: &Said, advice: &str| {
            let target = self.service.target();
            format!("{target} answered {said}: {advice}")
        };
        match error {
            CallError::Content { said, .. } if is_about_rule(said) => {
                (Remedy::HandBack, closed(said, RULE))
            }
            CallError::Closed { said, .. } if said.status == 403 => {
                (Remedy::HandBack, closed(said, ROLE))
            }
            // Trying again before the service wants it would only prolong the wait.
            CallError::Busy {
                retry_after: Some(_),
                ..
            } => (Remedy::HandBack, chain(error).to_string()),
            CallError::TimedOut { .. }
            | CallError::Unreachable { .. }
            | CallError::Unreadable { .. }
            | CallError::NoToken { .. }
            | CallError::Busy { .. }
            | CallError::Content { .. }
            | CallError::Closed { .. } => (error.remedy(), chain(error).to_string()),
        }
    }
}

impl Sink for LogAnalytics {
    fn name(&self) -> &'static str {
        Self::KIND.name
    }

    async fn send(&self, rows: &[Row<'_>], until: Instant) -> Delivery {
        let mut streams: [Vec<Prepared<'_>>; 3] = Default::default();
        let [auth0_logs, authentication, audit] = &mut streams;
        for row in self.prepare(rows) {
            match row.stream {
                AsimStream::Auth0Logs => auth0_logs.push(row),
                AsimStream::Authentication => authentication.push(row),
                AsimStream::Audit => audit.push(row),
            }
        }
        let mut delivery = Delivery::default();
        let mut calls = Vec::new();
        for rows in streams {
            let split = LIMITS.split(rows, |row| row_bytes(&row.json));
            let batches = split.batches.into_iter();
            calls.extend(batches.map(|batch| self.deliver(batch, until)));
            let reason = format!("over the {MAX_BYTES} bytes of a call, even cut");
            refuse(&mut delivery, &split.too_large, Remedy::SetAside, &reason);
        }
        let mut answers = stream::iter(calls).buffer_unordered(CALLS_AT_ONCE);
        while let Some(answer) = answers.next().await {
            delivery.delivered.extend(answer.delivered);
            delivery.refused.extend(answer.refused);
        }
        delivery
    }
}

fn refuse(delivery: &mut Delivery, part: &[Prepared<'_>], remedy: Remedy, reason: &str) {
    let refusals = part.iter().map(|row| Refusal {
        index: row.index,
        remedy,
        reason: reason.to_owned().into(),
    });
    delivery.refused.extend(refusals);
}

/// Whether a 400 is about the rule (`InvalidStream`, `InvalidTransformOutput` …): then no row is at fault.
fn is_about_rule(said: &Said) -> bool {
    let words = [
        "Stream",
        "Transform",
        "Rule",
        "Dcr",
        "Destination",
        "Table",
        "ApiVersion",
    ];
    let code = said.code.as_deref().unwrap_or_default();
    words.iter().any(|word| code.contains(word))
}

#[cfg(test)]
mod tests;
