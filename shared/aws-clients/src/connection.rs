//! How this process reaches AWS: region, credentials and endpoints from the environment, one HTTP client for all.
//!
//! `aws-config` is absent on purpose: Lambda puts credentials into the environment, and the default chain costs 75
//! crates of binary size.

use std::fmt;

use aws_sdk_eventbridge::config::retry::RetryConfig;
use aws_sdk_eventbridge::config::{
    BehaviorVersion, Credentials, IdentityCache, Region, SharedHttpClient,
    StalledStreamProtectionConfig,
};
use aws_smithy_runtime_api::client::http::{SharedHttpConnector, http_client_fn};
use relay::settings::{Reader, is_loopback};
use tenant_logs::Secret;

use crate::http::HyperConnector;
use crate::sqs_client::SqsClient;
use crate::tls::Tls;

/// Region, credentials, endpoints and trusted roots.
#[derive(Debug)]
struct AwsSettings {
    region: String,
    access_key_id: String,
    secret_access_key: Secret,
    session_token: Option<Secret>,
    dynamodb_endpoint: Option<String>,
    event_bridge_endpoint: Option<String>,
    firehose_endpoint: Option<String>,
    secrets_manager_endpoint: Option<String>,
    sqs_endpoint: Option<String>,
    tls: Tls,
}

impl AwsSettings {
    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let region = reader.required_parsed("AWS_REGION", "a region such as eu-central-1", region);
        let access_key_id = reader.required("AWS_ACCESS_KEY_ID");
        let secret_access_key = required_secret(reader, "AWS_SECRET_ACCESS_KEY");
        let session_token = reader.optional("AWS_SESSION_TOKEN").map(Secret::new);
        let all = read_endpoint(reader, "AWS_ENDPOINT_URL");
        let dynamodb = read_endpoint(reader, "AWS_ENDPOINT_URL_DYNAMODB");
        let event_bridge = read_endpoint(reader, "AWS_ENDPOINT_URL_EVENTBRIDGE");
        let firehose = read_endpoint(reader, "AWS_ENDPOINT_URL_FIREHOSE");
        let secrets_manager = read_endpoint(reader, "AWS_ENDPOINT_URL_SECRETS_MANAGER");
        let sqs = read_endpoint(reader, "AWS_ENDPOINT_URL_SQS");
        let tls = Tls::read(reader);
        Some(Self {
            region: region?,
            access_key_id: access_key_id?,
            secret_access_key: secret_access_key?,
            session_token,
            dynamodb_endpoint: dynamodb.or_else(|| all.clone()),
            event_bridge_endpoint: event_bridge.or_else(|| all.clone()),
            firehose_endpoint: firehose.or_else(|| all.clone()),
            secrets_manager_endpoint: secrets_manager.or_else(|| all.clone()),
            sqs_endpoint: sqs.or(all),
            tls: tls?,
        })
    }
}

/// Makes the clients of single services, over one pool of connections. Built once, in `main`.
pub struct AwsConnection {
    settings: AwsSettings,
    /// One for all, because reading the roots is most of what a start costs.
    http: SharedHttpClient,
}

/// How one service is called. Its crate's types have the same names as every other's, and nothing else in common.
macro_rules! config {
    ($sdk:ident, $connection:expr, $endpoint:expr) => {{
        let mut config = $sdk::Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new($connection.settings.region.clone()))
            .credentials_provider($connection.credentials())
            // Credentials of the environment never change, so a cache would only cost time.
            .identity_cache(IdentityCache::no_cache())
            .http_client($connection.http.clone())
            // `relay` sends again what was refused, and bounds each call.
            .retry_config(RetryConfig::disabled())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        config.set_endpoint_url($endpoint.clone());
        config.build()
    }};
}

impl AwsConnection {
    /// Prepares connections by the `AWS_…` settings and `SSL_CERT_FILE`; `None` if the reader noted a problem. Nothing is sent
    /// yet.
    pub fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let settings = AwsSettings::read(reader)?;
        let connector = SharedHttpConnector::new(HyperConnector::new(settings.tls.clone()));
        Some(Self {
            settings,
            http: http_client_fn(move |_, _| connector.clone()),
        })
    }

    pub(crate) fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        let endpoint = &self.settings.dynamodb_endpoint;
        aws_sdk_dynamodb::Client::from_conf(config!(aws_sdk_dynamodb, self, endpoint))
    }

    pub(crate) fn event_bridge(&self) -> aws_sdk_eventbridge::Client {
        let endpoint = &self.settings.event_bridge_endpoint;
        aws_sdk_eventbridge::Client::from_conf(config!(aws_sdk_eventbridge, self, endpoint))
    }

    pub(crate) fn secrets_manager(&self) -> aws_sdk_secretsmanager::Client {
        let endpoint = &self.settings.secrets_manager_endpoint;
        aws_sdk_secretsmanager::Client::from_conf(config!(aws_sdk_secretsmanager, self, endpoint))
    }

    pub(crate) fn firehose(&self) -> aws_sdk_firehose::Client {
        let endpoint = &self.settings.firehose_endpoint;
        aws_sdk_firehose::Client::from_conf(config!(aws_sdk_firehose, self, endpoint))
    }

    pub(crate) fn sqs(&self) -> SqsClient {
        let endpoint = &self.settings.sqs_endpoint;
        SqsClient::new(config!(aws_sdk_sqs, self, endpoint))
    }

    fn credentials(&self) -> Credentials {
        let settings = &self.settings;
        let session_token = settings.session_token.as_ref().map(Secret::expose);
        Credentials::new(
            settings.access_key_id.clone(),
            settings.secret_access_key.expose(),
            session_token.map(str::to_owned),
            None,
            "environment",
        )
    }
}

impl fmt::Debug for AwsConnection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("AwsConnection")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

fn required_secret(reader: &mut Reader<'_>, name: &str) -> Option<Secret> {
    reader.required(name).map(Secret::new)
}

fn read_endpoint(reader: &mut Reader<'_>, name: &str) -> Option<String> {
    let want = "an https URL, or http on a loopback address";
    reader.parsed(name, want, |text| {
        endpoint(text).filter(|url| is_private(url))
    })
}

/// A region becomes part of a host name.
fn region(text: &str) -> Option<String> {
    let is_allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (text.len() <= 63 && text.bytes().all(is_allowed)).then(|| text.to_owned())
}

/// An http or https URL with a host.
pub(crate) fn endpoint(text: &str) -> Option<String> {
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"))?;
    let has_host = rest.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '[');
    (has_host && rest.bytes().all(|byte| byte.is_ascii_graphic())).then(|| text.to_owned())
}

/// Whether what is sent to a URL is encrypted, or stays on the machine: every call carries credentials, and what is read
/// may be a secret.
fn is_private(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("http://") else {
        return true;
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    // What stands before a user's end may look like a host.
    if authority.contains('@') {
        return false;
    }
    let host = match authority
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
    {
        Some((host, _port)) => host,
        None => authority.split(':').next().unwrap_or_default(),
    };
    is_loopback(host)
}

#[cfg(test)]
mod tests;
