//! The sink `log-analytics`: rows for tables of a workspace, by the Logs Ingestion API of a data collection rule.

mod body;
mod cut;
mod settings;

use std::borrow::Cow;

use bytes::Bytes;
use relay::{
    BatchCall, CallError, CallLimits, Delivery, PartLimit, Row, Sending, ServiceCode, Sink,
    SinkKind, TooLarge, send_in_calls,
};
use reqwest::Url;
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE};
use tenant_logs::{AsimStream, Raw, Schema};
use tokio::time::Instant;

use crate::azure_service::AzureService;
use crate::entra::EntraIdentity;
use crate::exchange::Answer;
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
    part_limit: PartLimit,
}

/// A row as it is sent.
struct Prepared<'a> {
    stream: AsimStream,
    json: Cow<'a, str>,
}

impl LogAnalytics {
    /// The sink and the schemas it takes, as `SINKS` names them.
    pub const KIND: SinkKind = SinkKind {
        name: "log-analytics",
        schemas: &[Schema::Sentinel, Schema::Asim],
        has_ledger: true,
        // A row is billed by the byte.
        raw: Raw::Rest,
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
            part_limit: PartLimit::default(),
        }
    }

    /// Cuts what no column takes, and tells which stream a row belongs to.
    fn prepare<'a>(&self, rows: &'a [Row<'_>]) -> Vec<Prepared<'a>> {
        let mut cut_count = 0;
        let prepared = rows.iter().map(|row| {
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
            Prepared { stream, json }
        });
        let prepared = prepared.collect();
        if cut_count > 0 {
            let sink = Self::KIND.name;
            tracing::warn!(sink, row_count = cut_count, "values above 64 KB were cut");
        }
        prepared
    }

    /// Returns what an answer that is no success means. What a change of the rule or of a role mends is no row's fault.
    fn error(&self, answer: Answer) -> CallError {
        let code = answer.service_code();
        let advice = match answer.status.as_u16() {
            400 if is_about_rule(&code) => RULE,
            403 => ROLE,
            _ => return self.service.error(answer),
        };
        CallError::Declined {
            target: self.service.target().to_owned(),
            code,
            advice,
        }
    }

    fn url(&self, stream: AsimStream) -> &Url {
        match stream {
            AsimStream::Authentication => &self.authentication,
            AsimStream::Audit => &self.audit,
            AsimStream::Auth0Logs => &self.auth0_logs,
        }
    }
}

impl Sink for LogAnalytics {
    fn name(&self) -> &'static str {
        Self::KIND.name
    }

    async fn send(&self, rows: &[Row<'_>], sending: &Sending) -> Delivery {
        send_in_calls(self, &self.prepare(rows), sending).await
    }
}

impl<'a> BatchCall<Prepared<'a>> for LogAnalytics {
    fn target(&self) -> &str {
        self.service.target()
    }

    fn limits(&self) -> CallLimits {
        CallLimits {
            batch: LIMITS,
            item_bytes: LIMITS.bytes,
            calls_at_once: CALLS_AT_ONCE,
            too_large: TooLarge::Refuse(
                format!("over the {MAX_BYTES} bytes of a call, even cut").into(),
            ),
        }
    }

    fn bytes(&self, row: &Prepared<'a>) -> usize {
        row_bytes(&row.json)
    }

    fn part_limit(&self) -> Option<&PartLimit> {
        Some(&self.part_limit)
    }

    /// A call carries rows of one stream.
    fn group(&self, row: &Prepared<'a>) -> usize {
        match row.stream {
            AsimStream::Auth0Logs => 0,
            AsimStream::Authentication => 1,
            AsimStream::Audit => 2,
        }
    }

    async fn call(&self, rows: &[&Prepared<'a>], until: Instant) -> Result<Delivery, CallError> {
        let Some(first) = rows.first() else {
            return Ok(Delivery::default());
        };
        let url = self.url(first.stream);
        let (body, encoding) = packed(rows.iter().map(|row| row.json.as_ref()));
        let body = Bytes::from(body);
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
            Ok(Delivery::all_delivered(rows.len()))
        } else {
            Err(self.error(answer))
        }
    }
}

/// Whether a 400 is about the rule (`InvalidStream`, `InvalidTransformOutput` …): then no row is at fault.
fn is_about_rule(code: &ServiceCode) -> bool {
    let words = [
        "Stream",
        "Transform",
        "Rule",
        "Dcr",
        "Destination",
        "Table",
        "ApiVersion",
    ];
    let code = code.code().unwrap_or_default();
    words.iter().any(|word| code.contains(word))
}

#[cfg(test)]
mod tests;
