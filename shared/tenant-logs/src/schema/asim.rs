//! Rows for Microsoft's normalized tables: authentication and audit. What is neither is a row of `Auth0Logs_CL`.
//!
//! Every column is one that the table has. Its mandatory columns are always there.

mod audit;
mod authentication;
mod stream;

pub use stream::AsimStream;

use super::event_view::{EventView, coordinates};
use super::json_writer::{JsonWriter, is_text, key};
use super::sentinel;
use crate::Outcome;
use crate::event_type::meaning::{Activity, Challenge, Severity};

/// Writes one row for the stream that the event belongs to.
pub(super) fn write(view: &EventView<'_>, row: &mut JsonWriter<'_>) {
    match AsimStream::of_known(view.known) {
        AsimStream::Authentication => authentication::write(view, row),
        AsimStream::Audit => audit::write(view, row),
        AsimStream::Auth0Logs => sentinel::write(view, row),
    }
}

/// The columns that both tables have and that every event fills.
fn write_event(view: &EventView<'_>, row: &mut JsonWriter<'_>) {
    let own = &view.record.own;
    view.write_time(key!("TimeGenerated"), row);
    row.fixed(key!("EventCount"), "1");
    view.write_time(key!("EventStartTime"), row);
    view.write_time(key!("EventEndTime"), row);
    // As Microsoft's own parser for Auth0 writes them, so that queries hold.
    row.fixed(key!("EventVendor"), r#""Okta""#);
    row.fixed(key!("EventProduct"), r#""Auth0""#);
    row.fixed(key!("EventSchemaVersion"), r#""1.0.0""#);
    row.word(key!("EventResult"), result(view));
    row.word(key!("EventSeverity"), severity(view));
    row.text(key!("EventMessage"), own.description);
    if let Some(code) = &view.code {
        row.string(key!("EventOriginalType"), code);
    }
    row.string(key!("EventOriginalUid"), view.log_event.log_id());
    row.text(key!("EventOriginalResultDetails"), view.error().message);
    row.text(key!("DvcFQDN"), own.hostname);
}

/// Where the event came from, as far as the event tells.
fn write_source(view: &EventView<'_>, row: &mut JsonWriter<'_>) {
    let own = &view.record.own;
    let location = view.location();
    if let Some(ip) = view.ip {
        row.any(key!("SrcIpAddr"), Some(ip.json));
    }
    row.text(key!("SrcGeoCountry"), location.country_name);
    row.text(key!("SrcGeoCity"), location.city_name);
    row.text(key!("SrcGeoRegion"), location.subdivision_name);
    if let Some((latitude, longitude)) = coordinates(&location) {
        row.any(key!("SrcGeoLatitude"), Some(latitude));
        row.any(key!("SrcGeoLongitude"), Some(longitude));
    }
    if view.is_mobile() == Some("true") {
        row.fixed(key!("SrcDeviceType"), r#""Mobile Device""#);
    }
    row.text(key!("HttpUserAgent"), own.user_agent);
}

fn write_raw(view: &EventView<'_>, row: &mut JsonWriter<'_>) {
    view.write_raw(key!("AdditionalFields"), row);
}

/// What only begins something has no result yet.
fn result(view: &EventView<'_>) -> &'static str {
    let is_step = matches!(
        view.activity(),
        Some(Activity::LogonStep | Activity::MfaChallenge(Challenge::Sent, _))
    );
    match view.outcome() {
        Outcome::Success if is_step => "NA",
        Outcome::Success => "Success",
        Outcome::Warning => "Partial",
        Outcome::Failure => "Failure",
        Outcome::Other => "NA",
    }
}

fn severity(view: &EventView<'_>) -> &'static str {
    match view.known.map(crate::Known::severity) {
        None | Some(Severity::Informational) => "Informational",
        Some(Severity::Low) => "Low",
        Some(Severity::Medium) => "Medium",
        Some(Severity::High) => "High",
    }
}

/// How a user's name is written: as an e-mail address or just as a name.
fn username_type(view: &EventView<'_>) -> &'static str {
    match view.email() {
        Some(_) => "UPN",
        None => "Simple",
    }
}

fn has_text(json: Option<&str>) -> bool {
    json.is_some_and(is_text)
}
