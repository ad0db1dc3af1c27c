//! Rows for Microsoft's normalized tables: authentication and audit. What is neither is a row of `Auth0Logs_CL`.
//!
//! Every column is one that the table has. Its mandatory columns are always there.

mod audit;
mod authentication;
mod stream;

pub use stream::AsimStream;

use super::json_writer::{JsonWriter, is_text, key};
use super::reading::{Reading, coordinates};
use super::sentinel;
use crate::Outcome;
use crate::{Challenge, Happened, Severity};

/// Writes one row for the stream that the event belongs to.
pub(super) fn write(reading: &Reading<'_>, row: &mut JsonWriter<'_>) {
    match AsimStream::of_known(reading.known) {
        AsimStream::Authentication => authentication::write(reading, row),
        AsimStream::Audit => audit::write(reading, row),
        AsimStream::Auth0Logs => sentinel::write(reading, row),
    }
}

/// The columns that both tables have and that every event fills.
fn write_event(reading: &Reading<'_>, row: &mut JsonWriter<'_>) {
    let own = &reading.record.own;
    reading.write_time(key!("TimeGenerated"), row);
    row.fixed(key!("EventCount"), "1");
    reading.write_time(key!("EventStartTime"), row);
    reading.write_time(key!("EventEndTime"), row);
    // As Microsoft's own parser for Auth0 writes them, so that queries hold.
    row.fixed(key!("EventVendor"), r#""Okta""#);
    row.fixed(key!("EventProduct"), r#""Auth0""#);
    row.fixed(key!("EventSchemaVersion"), r#""1.0.0""#);
    row.word(key!("EventResult"), result(reading));
    row.word(key!("EventSeverity"), severity(reading));
    row.text(key!("EventMessage"), own.description);
    if let Some(code) = &reading.code {
        row.string(key!("EventOriginalType"), code);
    }
    row.string(key!("EventOriginalUid"), reading.log_event.log_id());
    row.text(key!("EventOriginalResultDetails"), reading.error().message);
    row.text(key!("DvcFQDN"), own.hostname);
}

/// Where the event came from, as far as the event tells.
fn write_source(reading: &Reading<'_>, row: &mut JsonWriter<'_>) {
    let own = &reading.record.own;
    let place = reading.location();
    if let Some(ip) = reading.ip {
        row.any(key!("SrcIpAddr"), Some(ip.json));
    }
    row.text(key!("SrcGeoCountry"), place.country_name);
    row.text(key!("SrcGeoCity"), place.city_name);
    row.text(key!("SrcGeoRegion"), place.subdivision_name);
    if let Some((latitude, longitude)) = coordinates(&place) {
        row.any(key!("SrcGeoLatitude"), Some(latitude));
        row.any(key!("SrcGeoLongitude"), Some(longitude));
    }
    if reading.is_mobile() == Some("true") {
        row.fixed(key!("SrcDeviceType"), r#""Mobile Device""#);
    }
    row.text(key!("HttpUserAgent"), own.user_agent);
}

fn write_raw(reading: &Reading<'_>, row: &mut JsonWriter<'_>) {
    reading.write_raw(key!("AdditionalFields"), row);
}

/// What only begins something has no result yet.
fn result(reading: &Reading<'_>) -> &'static str {
    let is_step = matches!(
        reading.happened(),
        Some(Happened::LogonStep | Happened::MfaChallenge(Challenge::Sent, _))
    );
    match reading.outcome() {
        Outcome::Success if is_step => "NA",
        Outcome::Success => "Success",
        Outcome::Warning => "Partial",
        Outcome::Failure => "Failure",
        Outcome::Other => "NA",
    }
}

fn severity(reading: &Reading<'_>) -> &'static str {
    match reading.known.map(crate::Known::severity) {
        None | Some(Severity::Informational) => "Informational",
        Some(Severity::Low) => "Low",
        Some(Severity::Medium) => "Medium",
        Some(Severity::High) => "High",
    }
}

/// How a user's name is written: as an e-mail address or just as a name.
fn username_type(reading: &Reading<'_>) -> &'static str {
    match reading.email() {
        Some(_) => "UPN",
        None => "Simple",
    }
}

fn has_text(json: Option<&str>) -> bool {
    json.is_some_and(is_text)
}
