//! The settings of the sink `log-analytics`.

use relay::settings::Reader;
use reqwest::Url;

use crate::endpoint::{WANT, below, endpoint, percent_encode};

const API_VERSION: &str = "2023-01-01";
const STREAM: &str = "Custom-Auth0Logs";

/// Which data collection rule, and which of its streams takes rows of `Auth0Logs_CL`.
#[derive(Debug, Clone)]
pub struct LogAnalyticsSettings {
    endpoint: Url,
    pub(super) rule_id: String,
    pub(super) stream: String,
}

impl LogAnalyticsSettings {
    /// Reads the `LOGS_INGESTION_…` settings; `None` if the reader noted a problem.
    pub fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let endpoint = reader.required_parsed("LOGS_INGESTION_ENDPOINT", WANT, endpoint);
        let want = "the immutable ID of a data collection rule, `dcr-…`";
        let rule_id = reader.required_parsed("LOGS_INGESTION_RULE_ID", want, rule_id);
        let want = "the name of a stream, `Custom-…`";
        let stream = reader.parsed("LOGS_INGESTION_STREAM", want, stream);
        Some(Self {
            endpoint: endpoint?,
            rule_id: rule_id?,
            stream: stream.unwrap_or_else(|| STREAM.to_owned()),
        })
    }

    /// Where rows of a stream are posted.
    pub(super) fn url(&self, stream: &str) -> Url {
        let stream = percent_encode(stream);
        let path = format!("dataCollectionRules/{}/streams/{stream}", self.rule_id);
        let mut url = below(&self.endpoint, &path);
        url.set_query(Some(&format!("api-version={API_VERSION}")));
        url
    }

    /// Whom tokens are for, in the cloud that the endpoint belongs to.
    pub(super) fn resource(&self) -> &'static str {
        let host = self.endpoint.host_str().unwrap_or_default();
        if host.ends_with(".azure.us") {
            "https://monitor.azure.us"
        } else if host.ends_with(".azure.cn") {
            "https://monitor.azure.cn"
        } else {
            "https://monitor.azure.com"
        }
    }
}

fn rule_id(text: &str) -> Option<String> {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    let is_id = text.starts_with("dcr-") && text.len() <= 64 && text.bytes().all(is_allowed);
    is_id.then(|| text.to_owned())
}

fn stream(text: &str) -> Option<String> {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    let is_name = text
        .strip_prefix("Custom-")
        .is_some_and(|name| !name.is_empty())
        && text.len() <= 128
        && text.bytes().all(is_allowed);
    is_name.then(|| text.to_owned())
}
