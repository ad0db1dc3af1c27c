//! What is wrong with a log stream to a webhook, and what the webhook itself says.

use std::time::Duration;

use http_clients::{WebhookProbe, WebhookReply};
use relay::chain;
use relay::settings::without_secrets;
use tenant_logs::Secret;
use tokio::time::Instant;

use crate::stream::LogStream;

/// A cold start takes a few seconds; Auth0's own patience is not documented.
const MAX_TIME: Duration = Duration::from_secs(20);
/// What the webhook tells apart.
const FORMATS: [&str; 3] = ["JSONARRAY", "JSONLINES", "JSONOBJECT"];

/// How the answer of our functions begins when nothing was sent.
const NOTHING_RECEIVED: &[u8] = br#"{"received":0,"delivered":0,"#;

pub(super) async fn findings(stream: &LogStream, probe: Option<&WebhookProbe>) -> Vec<String> {
    let mut found = Vec::new();
    let format = stream.sink("httpContentFormat");
    if let Some(format) = format.filter(|format| !FORMATS.contains(format)) {
        found.push(format!(
            "its content format is {format}, which the webhook was not written for: choose JSON Array"
        ));
    }
    let url = stream.sink("httpEndpoint").unwrap_or_default();
    let is_https = url.starts_with("https://");
    if !is_https {
        let shown = without_secrets(url);
        found.push(format!(
            "its URL `{shown}` is not https, so its events and its token are sent in the clear: give it the https URL of \
             the webhook"
        ));
    }
    match (stream.sink("httpAuthorization"), probe) {
        (None, _) => found.push(
            "it sends no Authorization, so the webhook answers 401 to everything: give it the newest token of the webhook"
                .to_owned(),
        ),
        (Some(authorization), Some(probe)) if is_https => {
            found.extend(ask(stream, url, authorization, probe).await);
        }
        (Some(_), Some(_) | None) => {}
    }
    found
}

/// Posts what Auth0 would post when nothing has happened; returns what is wrong with the answer.
async fn ask(
    stream: &LogStream,
    url: &str,
    authorization: &str,
    probe: &WebhookProbe,
) -> Option<String> {
    let content_type = stream.sink("httpContentType").unwrap_or("application/json");
    let own = [
        ("authorization", authorization),
        ("content-type", content_type),
    ];
    let headers: Vec<(&str, Secret)> = own
        .into_iter()
        .chain(stream.custom_headers())
        .map(|(name, value)| (name, Secret::new(value)))
        .collect();
    let shown = without_secrets(url);
    match probe.ask(url, &headers, Instant::now() + MAX_TIME).await {
        Ok(reply) => of_reply(&reply).map(|text| format!("`{shown}` {text}")),
        Err(error) => Some(format!(
            "`{shown}` does not answer ({}): check the URL, and that the function is deployed and reached from the internet",
            chain(&error)
        )),
    }
}

fn of_reply(reply: &WebhookReply) -> Option<String> {
    let status = reply.status;
    let text = match status {
        200 if reply.body.starts_with(NOTHING_RECEIVED) => return None,
        200..=299 => "takes the stream's requests, yet it is none of our functions: check the URL",
        300..=399 => {
            "leads elsewhere: give the stream the URL that it leads to, if that is the webhook's"
        }
        401 => {
            "does not take the stream's Authorization: give the stream the newest token of the webhook (a token is revoked \
             once it was rotated twice)"
        }
        403 => {
            "lets nobody in: check who may call the function's URL, and a firewall in front of it"
        }
        404 => "is no webhook: check the URL, its path too, and that the function is deployed",
        405 => "takes no POST: check the URL",
        413 => {
            "finds an empty array too large, so something in front of the function refuses it: check gateway and firewall"
        }
        429 => {
            "has more requests than it may run: raise the function's reserved concurrency (nothing is lost, Auth0 sends again)"
        }
        503 => {
            "can neither hand on nor set aside, or cannot read its tokens: the function's log names what is missing (nothing \
             is lost, Auth0 sends again)"
        }
        500..=599 => {
            "fails: look at the function's log and at its settings (nothing is lost, Auth0 sends again)"
        }
        _ => "refuses the stream's requests: check the URL",
    };
    Some(format!("answers {status}: it {text}"))
}
