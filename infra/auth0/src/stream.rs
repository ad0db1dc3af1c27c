//! A log stream as Auth0 tells it. It has no `Debug`: its sink holds credentials in the clear.

use http_clients::ManagementApi;
use relay::settings::without_secrets;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use crate::error::Error;

/// What Auth0's API calls a custom webhook.
pub(crate) const HTTP: &str = "http";
/// What it calls Amazon EventBridge.
pub(crate) const EVENT_BRIDGE: &str = "eventbridge";
/// What it calls Azure Event Grid.
pub(crate) const EVENT_GRID: &str = "eventgrid";

/// What tells where a log stream leads: our name and the member of its sink. None of it is a credential, once a URL is
/// shown without its user and its query.
const DESTINATION: [(&str, &str); 8] = [
    ("url", "httpEndpoint"),
    ("account", "awsAccountId"),
    ("region", "awsRegion"),
    ("event_source", "awsPartnerEventSource"),
    ("subscription", "azureSubscriptionId"),
    ("region", "azureRegion"),
    ("resource_group", "azureResourceGroup"),
    ("partner_topic", "azurePartnerTopic"),
];

#[derive(Deserialize)]
pub(crate) struct LogStream {
    pub(crate) id: String,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) name: Option<String>,
    status: Option<String>,
    #[serde(rename = "isPriority")]
    is_priority: Option<bool>,
    filters: Option<Vec<Filter>>,
    pii_config: Option<PiiConfig>,
    #[serde(default)]
    sink: Map<String, Value>,
}

#[derive(Deserialize)]
struct Filter {
    name: String,
}

#[derive(Deserialize)]
pub(crate) struct PiiConfig {
    #[serde(default)]
    pub(crate) log_fields: Vec<String>,
    #[serde(default)]
    pub(crate) method: String,
}

impl LogStream {
    /// Every log stream of the tenant.
    pub(crate) async fn all(api: &ManagementApi, until: Instant) -> Result<Vec<Self>, Error> {
        parse(&api.log_streams(until).await.map_err(Error::Call)?)
    }

    /// The log stream with this identifier.
    pub(crate) async fn find(api: &ManagementApi, id: &str, until: Instant) -> Result<Self, Error> {
        let found = api.log_stream(id, until).await.map_err(Error::Call)?;
        let unknown = || Error::Unknown { id: id.to_owned() };
        parse(&found.ok_or_else(unknown)?)
    }

    /// Makes a log stream as `body` says.
    pub(crate) async fn make(
        api: &ManagementApi,
        body: &Value,
        until: Instant,
    ) -> Result<Self, Error> {
        let made = api.create_log_stream(&body.to_string(), until).await;
        parse(&made.map_err(Error::Call)?)
    }

    /// Whether it may lead to our functions.
    pub(crate) fn is_of_ours(&self) -> bool {
        [HTTP, EVENT_BRIDGE, EVENT_GRID].contains(&self.kind.as_str())
    }

    /// A member of its sink, which may be a credential.
    pub(crate) fn sink(&self, name: &str) -> Option<&str> {
        let text = self.sink.get(name)?.as_str();
        text.filter(|text| !text.is_empty())
    }

    /// Names and values of the headers that a webhook gets beside the others.
    pub(crate) fn custom_headers(&self) -> impl Iterator<Item = (&str, &str)> {
        let headers = self.sink.get("httpCustomHeaders");
        let headers = headers.and_then(Value::as_array).into_iter().flatten();
        headers.filter_map(|header| {
            let text = |name: &str| header.get(name)?.as_str();
            Some((text("header")?, text("value")?))
        })
    }

    pub(crate) fn status(&self) -> &str {
        self.status.as_deref().unwrap_or("unknown")
    }

    pub(crate) fn is_priority(&self) -> bool {
        self.is_priority.unwrap_or_default()
    }

    /// The categories that pass, sorted; none where everything does.
    pub(crate) fn filters(&self) -> Vec<&str> {
        let filters = self.filters.as_deref().unwrap_or_default().iter();
        let mut names: Vec<&str> = filters.map(|filter| filter.name.as_str()).collect();
        names.sort_unstable();
        names
    }

    /// The PII settings, where they treat anything.
    pub(crate) fn pii(&self) -> Option<&PiiConfig> {
        let config = self.pii_config.as_ref();
        config.filter(|config| !config.log_fields.is_empty())
    }

    /// Identifier and name, as sentences begin with.
    pub(crate) fn title(&self) -> String {
        match &self.name {
            Some(name) => format!("{} ({name})", self.id),
            None => self.id.clone(),
        }
    }

    /// Whether it leads where a sink of this kind does: the URL, or account and region, or subscription, region and group.
    pub(crate) fn leads_to(&self, kind: &str, sink: &Value) -> bool {
        let mut wanted = DESTINATION
            .iter()
            .filter_map(|(_, member)| Some((self.sink(member), sink.get(member)?.as_str()?)));
        let is_same = |(found, wanted): (Option<&str>, &str)| match found {
            Some(found) if kind == HTTP => {
                found.trim_end_matches('/') == wanted.trim_end_matches('/')
            }
            // Neither regions nor groups nor identifiers tell cases apart.
            Some(found) => found.eq_ignore_ascii_case(wanted),
            None => false,
        };
        self.kind == kind && wanted.all(is_same)
    }

    /// Where it leads; of a kind that is none of ours nothing, because another's address may be a credential.
    pub(crate) fn destination(&self) -> impl Iterator<Item = (&'static str, String)> {
        let ours = DESTINATION.iter().filter(|_| self.is_of_ours());
        ours.filter_map(|(name, member)| {
            let shown = without_secrets(self.sink(member)?);
            Some((*name, shown.into_owned()))
        })
    }

    /// All that may be shown.
    pub(crate) fn shown(&self) -> Value {
        let destination = self.destination();
        let destination = destination.map(|(name, value)| (name.to_owned(), Value::from(value)));
        let pii = self.pii();
        json!({
            "id": self.id,
            "name": self.name,
            "type": self.kind,
            "status": self.status,
            "destination": destination.collect::<Map<_, _>>(),
            "filters": self.filters(),
            "pii": pii.map(|pii| json!({ "method": pii.method, "log_fields": pii.log_fields })),
            "priority": self.is_priority(),
        })
    }
}

fn parse<'t, T: Deserialize<'t>>(text: &'t str) -> Result<T, Error> {
    // What serde says may quote a value.
    serde_json::from_str(text).map_err(|error| Error::Unreadable {
        line: error.line(),
        column: error.column(),
    })
}
