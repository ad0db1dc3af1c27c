//! The one HTTP client: rustls on ring, no redirects, no retries of its own.

use std::sync::Arc;

use relay::chain;
use relay::settings::Reader;
use reqwest::redirect::Policy;
use reqwest::{Client, retry};
use rustls::crypto::ring::default_provider;
use rustls::{ClientConfig, RootCertStore};

use crate::error::HttpClientError;
use crate::roots::read_roots;

const USER_AGENT: &str = concat!("auth0-log-relay/", env!("CARGO_PKG_VERSION"));

/// Builds a client that trusts whom `SSL_CERT_FILE` says; `None` if the reader noted a problem.
pub(crate) fn read_client(reader: &mut Reader<'_>) -> Option<Client> {
    let client = client(read_roots(reader)?);
    let client = client.inspect_err(|error| reader.problem("SSL_CERT_FILE", chain(error)));
    client.ok()
}

fn client(roots: RootCertStore) -> Result<Client, HttpClientError> {
    // The provider is named here, so that none has to be installed for the whole process.
    let mut tls = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(HttpClientError::Tls)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    tls.alpn_protocols = vec![b"http/1.1".to_vec()];
    Client::builder()
        .tls_backend_preconfigured(tls)
        // A redirect would turn a POST into a GET, or take the token to another host.
        .redirect(Policy::none())
        .retry(retry::never())
        .no_proxy()
        .referer(false)
        .user_agent(USER_AGENT)
        .build()
        .map_err(HttpClientError::Client)
}
