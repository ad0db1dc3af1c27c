//! Who we are to Azure: a managed identity of the platform, or an application with a client secret; and its tokens.

mod settings;
mod token;

use std::fmt;
use std::sync::Arc;

use relay::CallError;
use relay::settings::Reader;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, RequestBuilder, Url};
use tenant_logs::Secret;
use tokio::time::Instant;

use crate::access_token::AccessToken;
use crate::exchange::{Answer, exchange};
use crate::tls::read_client;

pub(crate) use token::TokenCache;

/// Version of App Service's token service.
const IDENTITY_API_VERSION: &str = "2019-08-01";

/// An identity that tokens are fetched for, with the HTTP client that every service of it shares. Clones are cheap.
#[derive(Clone)]
pub struct EntraIdentity {
    client: Client,
    credential: Arc<Credential>,
}

/// How the identity is proved.
pub(crate) enum Credential {
    /// By the platform, in the process's own environment.
    Managed {
        endpoint: Url,
        header: Secret,
        /// Of a user-assigned identity.
        client_id: Option<String>,
    },
    /// By a secret of an application.
    Secret {
        endpoint: Url,
        client_id: String,
        secret: Secret,
    },
}

impl EntraIdentity {
    /// The setting of an application that may refer to a secret.
    pub const SECRET: &str = settings::SECRET;

    /// The managed identity that the platform's settings and `AZURE_CLIENT_ID` name; `None` if the reader noted a problem.
    pub fn read_managed(reader: &mut Reader<'_>) -> Option<Self> {
        let credential = settings::read_managed_identity(reader);
        Self::open(credential, reader)
    }

    /// The application that the settings name, by its secret; `None` if the reader noted a problem.
    pub fn read_application(reader: &mut Reader<'_>) -> Option<Self> {
        let credential = settings::read_client_secret(reader);
        Self::open(credential, reader)
    }

    fn open(credential: Option<Credential>, reader: &mut Reader<'_>) -> Option<Self> {
        let client = read_client(reader);
        Some(Self {
            credential: Arc::new(credential?),
            client: client?,
        })
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// Fetches a token for a resource, once.
    async fn fetch(&self, resource: &str, until: Instant) -> Result<AccessToken, CallError> {
        let target = self.credential.target();
        let asked_at = Instant::now();
        let answer = exchange(self.request(resource), until, target).await?;
        if !answer.is_success() {
            return Err(self.credential.error(answer));
        }
        let token = answer
            .whole_body()
            .and_then(|body| AccessToken::read(body, asked_at));
        token.ok_or_else(|| CallError::Unreadable {
            target: target.to_owned(),
        })
    }

    fn request(&self, resource: &str) -> RequestBuilder {
        match self.credential.as_ref() {
            Credential::Managed {
                endpoint,
                header,
                client_id,
            } => {
                let mut url = endpoint.clone();
                url.query_pairs_mut()
                    .append_pair("resource", resource)
                    .append_pair("api-version", IDENTITY_API_VERSION)
                    .extend_pairs(client_id.iter().map(|id| ("client_id", id)));
                self.client
                    .get(url)
                    .header("x-identity-header", header.expose())
            }
            Credential::Secret {
                endpoint,
                client_id,
                secret,
            } => {
                // A form is written as a query is.
                let mut form = endpoint.clone();
                form.query_pairs_mut()
                    .append_pair("grant_type", "client_credentials")
                    .append_pair("client_id", client_id)
                    .append_pair("client_secret", secret.expose())
                    .append_pair("scope", &format!("{resource}/.default"));
                self.client
                    .post(endpoint.clone())
                    .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                    .body(form.query().unwrap_or_default().to_owned())
            }
        }
    }
}

impl Credential {
    fn target(&self) -> &'static str {
        match self {
            Self::Managed { .. } => "the managed identity's endpoint",
            Self::Secret { .. } => "Entra ID",
        }
    }

    fn error(&self, answer: Answer) -> CallError {
        let advice = match self {
            Self::Managed { .. } => {
                "check that the app has the identity that AZURE_CLIENT_ID names, or one of its own"
            }
            Self::Secret { .. } => "check ENTRA_TENANT_ID, ENTRA_CLIENT_ID and ENTRA_CLIENT_SECRET",
        };
        let error = answer.into_error(self.target(), advice);
        // Nothing of a log event is in the request, so none is at fault.
        if let CallError::Content { target, code } = error {
            return CallError::Closed {
                target,
                code,
                advice,
            };
        }
        error
    }
}

impl fmt::Debug for EntraIdentity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("EntraIdentity")
            .field("proved_by", &self.credential.target())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
