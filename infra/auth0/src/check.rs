//! Holds log streams against what our functions need: each finding is one sentence that says what to do.

mod webhook;

use std::io::Write;

use http_clients::WebhookProbe;
use tenant_logs::Category;

use crate::command::Ending;
use crate::create::OF_OTHER;
use crate::error::Error;
use crate::stream::{HTTP, LogStream, PiiConfig};

/// What a field of Auth0's PII settings changes in an event.
const MEMBERS: [(&str, &str); 6] = [
    ("first_name", "first_name, given_name, name"),
    ("last_name", "last_name, family_name, name"),
    ("username", "user_name, username"),
    ("email", "email"),
    (
        "phone",
        "phone, phone_number, old_phone_number, new_phone_number",
    ),
    ("address", "address"),
];

/// Checks log streams, and their webhooks by the probe; writes a line for each finding.
pub(crate) async fn check(
    streams: &[LogStream],
    probe: Option<&WebhookProbe>,
    output: &mut impl Write,
) -> Result<Ending, Error> {
    let mut ending = Ending::Done;
    if streams.is_empty() {
        let text = "The tenant has no log stream to a webhook, EventBridge or Event Grid: `auth0-stream create` makes one.";
        writeln!(output, "{text}").map_err(Error::Write)?;
        return Ok(Ending::Found);
    }
    for stream in streams {
        let title = stream.title();
        let mut findings = of_stream(stream);
        if stream.kind == HTTP {
            findings.extend(webhook::findings(stream, probe).await);
        }
        if findings.is_empty() {
            writeln!(output, "{title}: nothing found").map_err(Error::Write)?;
        } else {
            ending = Ending::Found;
        }
        for finding in findings {
            writeln!(output, "{title}: {finding}").map_err(Error::Write)?;
        }
    }
    Ok(ending)
}

/// What is wrong with a log stream, wherever it leads.
fn of_stream(stream: &LogStream) -> Vec<String> {
    if !stream.is_of_ours() {
        let kind = &stream.kind;
        return vec![format!(
            "it is of the type {kind}, which none of our functions receives"
        )];
    }
    let status = of_status(stream.status());
    let filters = of_filters(&stream.filters());
    let pii = stream.pii().map(of_pii);
    [status, filters, pii].into_iter().flatten().collect()
}

fn of_status(status: &str) -> Option<String> {
    match status {
        "active" => None,
        "paused" => Some(
            "it is paused, and its events wait at Auth0 as long as the tenant's log retention keeps them: resume it in \
             Auth0's dashboard (Monitoring > Streams), and expect all of them at once"
                .to_owned(),
        ),
        "suspended" => Some(
            "Auth0 has suspended it (Disabled in the dashboard) after successive errors, and what it does not send within \
             the tenant's log retention is lost to it: remove the cause, look at its Health tab, and enable it in Auth0's \
             dashboard (Monitoring > Streams)"
                .to_owned(),
        ),
        other => Some(format!(
            "its status is {other}, which is neither active nor paused nor suspended: look at it in Auth0's dashboard"
        )),
    }
}

fn of_filters(filters: &[&str]) -> Option<String> {
    let is_left_out = |category: &Category| !filters.contains(&category.name());
    let left_out: Vec<&str> = Category::ALL
        .iter()
        .filter(|category| is_left_out(category))
        .map(|category| category.name())
        .collect();
    if filters.is_empty() || left_out.is_empty() {
        return None;
    }
    let other = if is_left_out(&Category::Other) {
        format!(" ({OF_OTHER})")
    } else {
        String::new()
    };
    Some(format!(
        "its filters leave out {}{other}: remove the filters in Auth0's dashboard, and use EXCLUDE_CATEGORIES or \
         EXCLUDE_TYPES of our functions for what you do not want",
        left_out.join(", ")
    ))
}

fn of_pii(pii: &PiiConfig) -> String {
    let how = match pii.method.as_str() {
        "mask" => "asterisks in the place of",
        "hash" => "an xxHash, which has no key, in the place of",
        _ => "something else in the place of",
    };
    let fields = pii.log_fields.iter();
    let members: Vec<&str> = fields
        .map(|field| {
            let known = MEMBERS.iter().find(|(name, _)| name == field);
            known.map_or(field.as_str(), |(_, members)| members)
        })
        .collect();
    format!(
        "its PII settings let Auth0 put {how} {}, before an event leaves: what our columns show of them (user_name is \
         user.name in ECS, ActorUsername in Sentinel, either that or TargetUsername in ASIM) is not the value itself, and REDACT treats only what is left, \
         so that `hmac` joins with nothing else; take the fields out of the stream's PII settings and name them in REDACT",
        members.join(", ")
    )
}
