//! Asks a webhook whether it takes what a log stream of Auth0's would send: an empty array with the stream's own headers.

use relay::CallError;
use relay::settings::Reader;
use reqwest::Client;
use reqwest::header::HeaderValue;
use tenant_logs::Secret;
use tokio::time::Instant;

use crate::exchange::exchange;
use crate::tls::read_client;

/// No log event at all.
const BODY: &str = "[]";
const TARGET: &str = "the webhook";

/// What posts to webhooks.
#[derive(Debug)]
pub struct WebhookProbe {
    client: Client,
}

/// What a webhook answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookReply {
    /// The HTTP status.
    pub status: u16,
    /// The body, where all of it came.
    pub body: Vec<u8>,
}

impl WebhookProbe {
    /// Reads `SSL_CERT_FILE`; `None` if the reader noted a problem.
    pub fn read(reader: &mut Reader<'_>) -> Option<Self> {
        read_client(reader).map(|client| Self { client })
    }

    /// Posts an empty array once, with these headers.
    pub async fn ask(
        &self,
        url: &str,
        headers: &[(&str, Secret)],
        until: Instant,
    ) -> Result<WebhookReply, CallError> {
        let mut request = self.client.post(url).body(BODY);
        for (name, value) in headers {
            // What cannot be sent fails the request with the reason.
            request = match HeaderValue::from_str(value.expose()) {
                Ok(mut value) => {
                    value.set_sensitive(true);
                    request.header(*name, value)
                }
                Err(_) => request.header(*name, value.expose()),
            };
        }
        let answer = exchange(request, until, TARGET).await?;
        Ok(WebhookReply {
            status: answer.status.as_u16(),
            body: answer.whole_body().unwrap_or_default().to_vec(),
        })
    }
}
