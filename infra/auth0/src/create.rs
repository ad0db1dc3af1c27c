//! Makes a log stream, unless one leads there already, and says what is to be done next.

use std::io::Write;

use http_clients::ManagementApi;
use relay::TokenCheck;
use relay::webhook::FixedTokens;
use serde_json::{Value, json};
use tenant_logs::Category;
use tokio::time::Instant;

use crate::command::Ending;
use crate::error::Error;
use crate::options::{NewDestination, Traits};
use crate::stream::{EVENT_BRIDGE, EVENT_GRID, HTTP, LogStream};

const NAME: &str = "auth0-log-relay";
const CONTENT_FORMAT: &str = "JSONARRAY";
/// What a stream loses that leaves `other` out.
pub(crate) const OF_OTHER: &str = "`other`, which holds detections: pwd_leak, signup_pwd_leak, reset_pwd_leak, limit_sul \
                                   and nearly all events of MFA";

/// A log stream that is asked for.
pub(crate) struct NewStream<'a> {
    pub(crate) destination: &'a NewDestination,
    pub(crate) traits: &'a Traits,
    /// What the webhook takes; it gets the first one.
    pub(crate) tokens: Option<&'a FixedTokens>,
}

/// Makes it, or reports the one that is there.
pub(crate) async fn create(
    api: &ManagementApi,
    new: &NewStream<'_>,
    until: Instant,
    output: &mut impl Write,
) -> Result<Ending, Error> {
    let (kind, sink) = new.kind_and_sink();
    let streams = LogStream::all(api, until).await?;
    let mut there = streams.iter();
    let (ending, text) = if let Some(stream) = there.find(|one| one.leads_to(kind, &sink)) {
        (Ending::ThereAlready, new.report(stream, until).await?)
    } else {
        let body = new.traits.body(kind, &sink);
        let made = LogStream::make(api, &body, until).await?;
        (Ending::Done, new.next_step(&made))
    };
    writeln!(output, "{text}").map_err(Error::Write)?;
    Ok(ending)
}

impl Traits {
    /// What is posted to Auth0.
    fn body(&self, kind: &str, sink: &Value) -> Value {
        let name = self.name.as_deref().unwrap_or(NAME);
        let filters = self.filters.iter();
        let filters = filters.map(|name| json!({ "type": "category", "name": name }));
        let filters: Vec<Value> = filters.collect();
        let start_from = self.start_from.map(|moment| moment.to_string());
        let mut body = json!({
            "name": name,
            "type": kind,
            "sink": sink,
            "isPriority": self.priority.then_some(true),
            "filters": (!filters.is_empty()).then_some(filters),
            "startFrom": start_from,
        });
        if let Some(members) = body.as_object_mut() {
            members.retain(|_, value| !value.is_null());
        }
        body
    }

    /// In what a log stream differs.
    fn differences(&self, stream: &LogStream) -> Vec<String> {
        let mut found = Vec::new();
        let name = stream.name.as_deref().unwrap_or_default();
        if self.name.as_deref().is_some_and(|wanted| wanted != name) {
            found.push(format!("its name is `{name}`"));
        }
        if stream.status() != "active" {
            found.push(format!("it is {}, not active", stream.status()));
        }
        if stream.is_priority() != self.priority {
            let which = if self.priority { "no" } else { "a" };
            found.push(format!("it is {which} priority stream"));
        }
        let mut wanted: Vec<&str> = self.filters.iter().map(String::as_str).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let filters = stream.filters();
        if filters != wanted && filters.is_empty() {
            found.push("it passes everything".to_owned());
        } else if filters != wanted {
            found.push(format!("it passes only {}", filters.join(", ")));
        }
        if self.start_from.is_some() {
            let text = "it began when it was made: --start-from counts at creation only";
            found.push(text.to_owned());
        }
        found
    }
}

impl NewStream<'_> {
    /// What Auth0 calls its kind, and its sink, with the token where it is a webhook.
    fn kind_and_sink(&self) -> (&'static str, Value) {
        match self.destination {
            NewDestination::Webhook { url, .. } => {
                let token = self.tokens.and_then(FixedTokens::first);
                let authorization = token.map(|token| format!("Bearer {}", token.expose()));
                let sink = json!({
                    "httpEndpoint": url,
                    "httpContentType": "application/json",
                    "httpContentFormat": CONTENT_FORMAT,
                    "httpAuthorization": authorization,
                });
                (HTTP, sink)
            }
            NewDestination::EventBridge { account, region } => {
                let sink = json!({ "awsAccountId": account, "awsRegion": region });
                (EVENT_BRIDGE, sink)
            }
            NewDestination::EventGrid {
                subscription,
                region,
                resource_group,
            } => {
                let sink = json!({
                    "azureSubscriptionId": subscription,
                    "azureRegion": region,
                    "azureResourceGroup": resource_group,
                });
                (EVENT_GRID, sink)
            }
        }
    }

    /// What there is already, and how it differs from what was asked for.
    async fn report(&self, stream: &LogStream, until: Instant) -> Result<String, Error> {
        let mut differences = self.traits.differences(stream);
        if let Some(tokens) = self.tokens {
            let authorization = stream.sink("httpAuthorization").unwrap_or_default();
            let is_live = tokens.is_live(authorization.as_bytes(), until).await;
            if !is_live.map_err(Error::Call)? {
                differences.push("its Authorization is none of the webhook's tokens".to_owned());
            }
            let format = stream.sink("httpContentFormat").unwrap_or("not set");
            if format != CONTENT_FORMAT {
                let text = format!("its content format is {format} (the webhook reads each)");
                differences.push(text);
            }
        }
        let title = stream.title();
        if differences.is_empty() {
            return Ok(format!(
                "{title} leads there already, as asked for; none was made."
            ));
        }
        Ok(format!(
            "{title} leads there already; none was made. It differs from what was asked for:\n  {}\nChange it in Auth0's \
             dashboard (Monitoring > Streams), or delete it there and run this again.",
            differences.join("\n  ")
        ))
    }

    /// What was made, and what is to be done next.
    fn next_step(&self, made: &LogStream) -> String {
        let mut lines = vec![format!("Made {}.", made.title())];
        let filters = &self.traits.filters;
        let other = Category::Other.name();
        if !filters.is_empty() && !filters.iter().any(|name| name == other) {
            lines.push(format!("Its filters leave out {OF_OTHER}."));
        }
        let named = |member| {
            let later = "not named yet (`auth0-stream status` shows it later)";
            made.sink(member).unwrap_or(later)
        };
        match self.destination {
            NewDestination::Webhook { .. } => lines.push(format!(
                "Next: `auth0-stream check --id {}` asks the webhook whether it takes this stream.",
                made.id
            )),
            NewDestination::EventBridge { account, region } => lines.push(format!(
                "Partner event source: {}\nNext: deploy the stack in account {account}, region {region}, with that name as \
                 EventSourceName, which makes the bus. Events are dropped until then.",
                named("awsPartnerEventSource")
            )),
            NewDestination::EventGrid { resource_group, .. } => lines.push(format!(
                "Partner topic: {}\nNext: run infra/azure/deploy.sh for {resource_group} with --partner-topic (where the \
                 group has several of Auth0's, with --partner-topic-name and that name), which activates the topic and \
                 subscribes. Events are dropped until then.",
                named("azurePartnerTopic")
            )),
        }
        lines.join("\n")
    }
}
