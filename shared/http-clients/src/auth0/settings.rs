//! Whose log is pulled, and by which application.

use std::fmt;

use relay::settings::Reader;
use reqwest::Url;
use tenant_logs::Secret;

use crate::endpoint::{WANT, endpoint};

pub(super) const SECRET: &str = "AUTH0_CLIENT_SECRET";

/// A tenant's domain, and an application that may use its Management API.
pub(super) struct Auth0Settings {
    pub(super) domain: String,
    pub(super) client_id: String,
    pub(super) client_secret: Secret,
    /// Where the API is: the domain, unless a test says otherwise.
    pub(super) api: Url,
}

impl Auth0Settings {
    /// Reads `AUTH0_DOMAIN`, `AUTH0_CLIENT_ID`, `AUTH0_CLIENT_SECRET` and `AUTH0_API_URL`; `None` if the reader noted a
    /// problem.
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let want = "the tenant's domain, such as acme.eu.auth0.com";
        let domain = reader.required_parsed("AUTH0_DOMAIN", want, domain);
        let client_id = reader.required("AUTH0_CLIENT_ID");
        let client_secret = reader.required_secret_setting(SECRET);
        let client_secret = client_secret.and_then(|_| reader.secret(SECRET));
        let api = reader.parsed("AUTH0_API_URL", WANT, endpoint);
        let domain = domain?;
        let of_domain = || Url::parse(&format!("https://{domain}/")).ok();
        Some(Self {
            client_id: client_id?,
            client_secret: client_secret?,
            api: api.or_else(of_domain)?,
            domain,
        })
    }
}

impl fmt::Debug for Auth0Settings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Auth0Settings")
            .field("domain", &self.domain)
            .finish_non_exhaustive()
    }
}

/// A host name: it becomes part of a URL, and a token goes there.
fn domain(text: &str) -> Option<String> {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-.".contains(&byte);
    let is_host = (4..=253).contains(&text.len())
        && text.bytes().all(is_allowed)
        && text.contains('.')
        && text.split('.').all(|label| !label.is_empty());
    is_host.then(|| text.to_ascii_lowercase())
}
