//! Secrets in Key Vault: read at the start for the settings that name them, and while the process lives.

mod answers;

use std::time::Duration;

use futures_util::future::try_join_all;
use relay::settings::Reader;
use relay::{CallError, PortError, References, SecretStore};
use reqwest::Url;
use tenant_logs::{Secret, Timestamp};
use tokio::time::Instant;

use crate::azure_service::AzureService;
use crate::endpoint::{below, endpoint};
use crate::entra::EntraIdentity;
use answers::{SecretValue, Version, VersionPage};

const API_VERSION: &str = "7.4";
/// A start must fit into the time that the host gives it, and a reading into a request.
const MAX_TIME: Duration = Duration::from_secs(5);
/// Pages of 25 versions that are looked through; the vault keeps at most 500 versions that can be backed up.
const MAX_PAGES: usize = 40;
/// How many versions are live.
const LIVE_VERSIONS: usize = 2;
const ADVICE: &str = "check the URI, that the version is enabled, and that the identity has the role Key Vault Secrets User";
const WANT: &str = "the URI of a secret in Key Vault, `https://<vault>/secrets/<name>`";

/// Key Vault, in whichever vault a URI names. A secret is one string a version.
#[derive(Debug)]
pub struct KeyVault {
    services: [(&'static str, AzureService); 3],
}

/// A secret in a vault, with a version or without.
struct SecretUri {
    secret: Url,
    version: Option<String>,
}

impl KeyVault {
    /// A client by the settings of a managed identity; `None` if the reader noted a problem.
    pub fn read(reader: &mut Reader<'_>) -> Option<Self> {
        EntraIdentity::read_managed(reader).map(|identity| Self::new(&identity))
    }

    /// A client; nothing is sent yet.
    pub fn new(identity: &EntraIdentity) -> Self {
        // Tokens are for the vaults of a cloud.
        let clouds = [
            (
                ".vault.usgovcloudapi.net",
                "https://vault.usgovcloudapi.net",
            ),
            (".vault.azure.cn", "https://vault.azure.cn"),
            ("", "https://vault.azure.net"),
        ];
        Self {
            services: clouds.map(|(suffix, resource)| {
                let target = "Key Vault".to_owned();
                let service = AzureService::new(identity, resource, target, ADVICE);
                (suffix, service)
            }),
        }
    }

    /// The value of one version; of the newest without one.
    async fn value(
        &self,
        uri: &SecretUri,
        version: Option<&str>,
        until: Instant,
    ) -> Result<Secret, CallError> {
        let url = match version {
            Some(version) => below(&uri.secret, version),
            None => uri.secret.clone(),
        };
        let answer: SecretValue = self.get(with_api_version(url), until).await?;
        Ok(Secret::new(answer.value))
    }

    /// The identifiers of the newest versions that are enabled, newest first.
    async fn newest_versions(
        &self,
        uri: &SecretUri,
        until: Instant,
    ) -> Result<Vec<String>, CallError> {
        let mut versions: Vec<Version> = Vec::new();
        let mut next = Some(with_api_version(below(&uri.secret, "versions")));
        for _ in 0..MAX_PAGES {
            let Some(url) = next else {
                break;
            };
            let page: VersionPage = self.get(url, until).await?;
            versions.extend(page.value);
            // The next page is asked of the same vault, wherever the link leads.
            let link = page.next_link.and_then(|link| Url::parse(&link).ok());
            next = link.filter(|link| link.origin() == uri.secret.origin());
        }
        let now = Timestamp::now().as_second();
        versions.retain(|version| version.is_live(now));
        versions.sort_by_key(|version| std::cmp::Reverse(version.created()));
        let names = versions.iter().filter_map(Version::name).map(str::to_owned);
        Ok(names.take(LIVE_VERSIONS).collect())
    }

    async fn get<A: serde::de::DeserializeOwned>(
        &self,
        url: Url,
        until: Instant,
    ) -> Result<A, CallError> {
        let service = self.service(&url);
        let call = service.call_with_retry(until, |client| client.get(url.clone()));
        service.json(&service.success(call.await?)?)
    }

    fn service(&self, url: &Url) -> &AzureService {
        let [us, china, public] = &self.services;
        let host = url.host_str().unwrap_or_default();
        let special = [us, china]
            .into_iter()
            .find(|(suffix, _)| host.ends_with(suffix));
        let (_, service) = special.unwrap_or(public);
        service
    }
}

impl SecretStore for KeyVault {
    const REFERENCES: References = References {
        suffix: "URI",
        want: WANT,
        is_reference: |text| SecretUri::parse(text).is_some(),
    };

    /// The value of the newest version, or of the one that the URI names.
    async fn current(&self, uri: &str) -> Result<Secret, PortError> {
        let until = Instant::now() + MAX_TIME;
        let secret = parse(uri)?;
        let version = secret.version.as_deref();
        let value = self.value(&secret, version, until).await;
        value.map_err(|error| error.at(step(uri)))
    }

    async fn live_versions(&self, uri: &str) -> Result<Vec<Secret>, PortError> {
        let until = Instant::now() + MAX_TIME;
        let secret = parse(uri)?;
        if secret.version.is_some() {
            // A URI with a version names the only one that is live.
            return self.current(uri).await.map(|secret| vec![secret]);
        }
        let names = self.newest_versions(&secret, until).await;
        let names = names.map_err(|error| error.at(step(uri)))?;
        if names.is_empty() {
            return Err(PortError {
                step: step(uri),
                source: "no version of it is enabled".into(),
            });
        }
        let values = names
            .iter()
            .map(|name| self.value(&secret, Some(name), until));
        let values = try_join_all(values).await;
        values.map_err(|error| error.at(step(uri)))
    }
}

impl SecretUri {
    /// Reads `https://<vault>/secrets/<name>[/<version>]`.
    fn parse(text: &str) -> Option<Self> {
        let url = endpoint(text)?;
        let path = url.path().trim_matches('/');
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        let is_name = |part: &&str| !part.is_empty() && part.bytes().all(is_allowed);
        let parts: Vec<&str> = path.split('/').collect();
        let (name, version) = match parts.as_slice() {
            ["secrets", name] => (*name, None),
            ["secrets", name, version] => (*name, Some(*version)),
            _ => return None,
        };
        if !is_name(&name) || version.is_some_and(|version| !is_name(&version)) {
            return None;
        }
        let mut secret = url.clone();
        secret.set_path(&format!("secrets/{name}"));
        Some(Self {
            secret,
            version: version.map(str::to_owned),
        })
    }
}

fn parse(uri: &str) -> Result<SecretUri, PortError> {
    SecretUri::parse(uri).ok_or_else(|| PortError {
        step: "cannot read a secret".to_owned(),
        source: format!("want {WANT}").into(),
    })
}

fn step(uri: &str) -> String {
    format!("cannot read `{uri}`")
}

fn with_api_version(mut url: Url) -> Url {
    url.set_query(Some(&format!("api-version={API_VERSION}")));
    url
}

#[cfg(test)]
mod tests;
