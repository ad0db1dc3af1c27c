//! The settings that prove our identity to Azure.

use relay::settings::Reader;
use reqwest::Url;
use reqwest::header::HeaderValue;
use tenant_logs::Secret;

use super::Credential;
use crate::endpoint::{WANT, endpoint, identity_endpoint};

pub(super) const SECRET: &str = "ENTRA_CLIENT_SECRET";
/// Where Entra ID is in Azure's public cloud.
const AUTHORITY: &str = "https://login.microsoftonline.com";

/// Reads the settings that the platform makes for a managed identity (`IDENTITY_ENDPOINT`, `IDENTITY_HEADER`), and
/// `AZURE_CLIENT_ID`, which names a user-assigned one; `None` if the reader noted a problem.
pub(super) fn read_managed_identity(reader: &mut Reader<'_>) -> Option<Credential> {
    if reader.optional("IDENTITY_ENDPOINT").is_none() {
        let text =
            "required, not set (the platform sets it for an app that has a managed identity)";
        reader.problem("IDENTITY_ENDPOINT", text);
        return None;
    }
    let want = "the URL that the platform gives to an app with a managed identity";
    let endpoint = reader.parsed("IDENTITY_ENDPOINT", want, identity_endpoint);
    let header = reader.required("IDENTITY_HEADER").map(Secret::new);
    let header = header.filter(|header| {
        let can_be_sent = HeaderValue::from_str(header.expose()).is_ok();
        if !can_be_sent {
            reader.problem(
                "IDENTITY_HEADER",
                "cannot be sent (want visible ASCII characters)",
            );
        }
        can_be_sent
    });
    let want = "the client ID of a user-assigned identity";
    let client_id = reader.parsed("AZURE_CLIENT_ID", want, identifier);
    Some(Credential::Managed {
        endpoint: endpoint?,
        header: header?,
        client_id,
    })
}

/// Reads the settings of an application with a client secret, for where there is no managed identity; `None` if the reader
/// noted a problem.
pub(super) fn read_client_secret(reader: &mut Reader<'_>) -> Option<Credential> {
    let want = "the ID or a domain of an Entra tenant";
    let entra_tenant = reader.required_parsed("ENTRA_TENANT_ID", want, identifier);
    let want = "the client ID of an application";
    let client_id = reader.required_parsed("ENTRA_CLIENT_ID", want, identifier);
    let secret = reader.required_secret_setting(SECRET);
    let secret = secret.and_then(|_| reader.secret(SECRET));
    let authority = reader.parsed("AZURE_AUTHORITY_HOST", WANT, endpoint);
    let authority = authority.or_else(|| Url::parse(AUTHORITY).ok());
    let path = format!("{}/oauth2/v2.0/token", entra_tenant?);
    Some(Credential::Secret {
        endpoint: crate::endpoint::below(&authority?, &path),
        client_id: client_id?,
        secret: secret?,
    })
}

/// A GUID or a domain: it becomes part of a URL.
fn identifier(text: &str) -> Option<String> {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-.".contains(&byte);
    let is_identifier = (1..=253).contains(&text.len())
        && text.bytes().all(is_allowed)
        && text.bytes().any(|byte| byte != b'.');
    is_identifier.then(|| text.to_owned())
}
