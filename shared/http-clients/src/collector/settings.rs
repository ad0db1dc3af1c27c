//! The settings of the sink `http`.

use relay::PartLimit;
use relay::settings::{Reader, SecretSetting};
use reqwest::Url;
use reqwest::header::HeaderValue;

use super::HttpCollector;
use super::authorization::{Authorization, header_value};
use super::body::BodyFormat;
use crate::endpoint::is_private;
use crate::tls::read_client;

pub(super) const SECRET: &str = "HTTP_SINK_AUTHORIZATION";
pub(super) const URL: &str = "HTTP_SINK_URL";

impl HttpCollector {
    /// The collector that the `HTTP_SINK_…` settings and `SSL_CERT_FILE` name; `None` if the reader noted a problem.
    pub(crate) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let url = read_url(reader);
        let authorization = read_authorization(reader);
        let (authorization, reference) = authorization.unzip();
        if let Some((url, is_stored)) = &url {
            let has_user = has_user(url);
            if has_user && authorization.is_some() {
                let text =
                    "names a user, and HTTP_SINK_AUTHORIZATION is set too (want one of them)";
                reader.problem(URL, text);
            }
            let has_credential = has_user || *is_stored || authorization.is_some();
            if has_credential && !is_private(url) {
                let text = "would be sent a credential in the clear (want https, or http on a loopback address)";
                reader.problem(URL, text);
            }
        }
        let format = reader.parsed("HTTP_SINK_FORMAT", "ndjson or array", BodyFormat::parse);
        let client = read_client(reader);
        Some(Self {
            client: client?,
            url: url?.0,
            authorization: authorization.map(Authorization::fixed),
            reference: reference.flatten(),
            format: format.unwrap_or_default(),
            part_limit: PartLimit::default(),
        })
    }
}

/// The URL, and whether a secret store holds it.
fn read_url(reader: &mut Reader<'_>) -> Option<(Url, bool)> {
    let (text, is_stored) = match reader.required_secret_setting(URL)? {
        SecretSetting::Value(text) => (text, false),
        SecretSetting::Stored {
            reference: _,
            versions,
        } => (versions.into_iter().next()?, true),
    };
    let url = Url::parse(text.expose()).ok();
    let url = url.filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    if url.is_none() {
        reader.problem(URL, "cannot be read (want an http or https URL)");
    }
    Some((url?, is_stored))
}

/// The header's value, and the secret that holds it.
fn read_authorization(reader: &mut Reader<'_>) -> Option<(HeaderValue, Option<String>)> {
    let (secret, reference) = match reader.secret_setting(SECRET)? {
        SecretSetting::Value(secret) => (secret, None),
        SecretSetting::Stored {
            reference,
            versions,
        } => (versions.into_iter().next()?, Some(reference)),
    };
    let value = header_value(secret.expose());
    if value.is_none() {
        let text = "cannot be sent (want visible ASCII characters and blanks)";
        reader.problem(SECRET, text);
    }
    Some((value?, reference))
}

fn has_user(url: &Url) -> bool {
    !url.username().is_empty() || url.password().is_some()
}

#[cfg(test)]
pub(super) mod tests;
