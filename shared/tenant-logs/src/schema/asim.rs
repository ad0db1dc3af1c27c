//! Rows for Microsoft's normalized tables: authentication and audit. What is neither is a row of `Auth0Logs_CL`.
//!
//! Every column is one that the table has. Its mandatory columns are always there.

mod audit;
mod authentication;
mod stream;

use std::borrow::Cow;

pub use stream::AsimStream;

use super::errors::FoundError;
use super::event_view::{EventView, coordinates};
use super::json_writer::{JsonWriter, is_text, key};
use super::parties::Party;
use super::raw::{self, Given, Place, Raw};
use super::sentinel;
use crate::Outcome;
use crate::event_type::meaning::Severity;

/// Writes one row for the stream that the event belongs to.
pub(super) fn write(view: &EventView<'_>, row: &mut JsonWriter<'_>) {
    match AsimStream::of_known(view.known) {
        AsimStream::Authentication => authentication::write(view, row),
        AsimStream::Audit => audit::write(view, row),
        AsimStream::Auth0Logs => sentinel::write(view, row),
    }
}

/// The columns that both tables have and that every event fills.
fn write_event(view: &EventView<'_>, error: &FoundError<'_, '_>, row: &mut JsonWriter<'_>) {
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
    row.text(key!("EventOriginalResultDetails"), error.message());
    row.text(key!("DvcFQDN"), own.hostname);
}

/// Where the event came from, as far as the event tells.
fn write_source(view: &EventView<'_>, row: &mut JsonWriter<'_>) {
    let location = view.location();
    row.any(key!("SrcIpAddr"), view.ip());
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
    row.text(key!("HttpUserAgent"), view.user_agent());
}

/// Writes what the row keeps of the event; `given` is what the columns of its table alone give back.
fn write_raw<'a>(view: &'a EventView<'_>, mut given: Vec<Given<'a>>, row: &mut JsonWriter<'_>) {
    let key = key!("AdditionalFields");
    let kept = Place::column(key);
    match view.raw {
        Raw::Whole => view.write_raw(key, row),
        Raw::Rest => {
            let own = &view.record.own;
            given.extend([
                Given::text("description", own.description),
                Given::text("hostname", own.hostname),
                Given::filled("ip", own.ip, view.ip()),
                Given::filled("user_agent", own.user_agent, view.user_agent()),
                Given::text("client_id", own.client_id),
                Given::text("client_name", own.client_name),
                Given::text("tenant_name", own.tenant_name),
            ]);
            given.extend(raw::always_in_tables(view));
            raw::write_rest(view, kept, &given, row);
        }
        Raw::None => raw::write_only_marks(view, kept, row),
    }
}

/// What only begins something has no result yet.
fn result(view: &EventView<'_>) -> &'static str {
    match view.outcome() {
        Outcome::Success if view.is_step() => "NA",
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

/// Writes who acted.
fn write_actor(actor: &Party<'_>, row: &mut JsonWriter<'_>) {
    row.text(key!("ActorUserId"), actor.id.as_deref());
    if actor.id.is_some() {
        row.fixed(key!("ActorUserIdType"), r#""Other""#);
    }
    // Of several names Microsoft prefers the address.
    let name = actor.email.as_ref().or(actor.name.as_ref());
    row.text(key!("ActorUsername"), name.map(AsRef::as_ref));
    if name.is_some() {
        row.word(key!("ActorUsernameType"), username_type(name, actor));
    }
    if actor.is_application {
        row.fixed(key!("ActorUserType"), r#""Application""#);
    }
}

/// How a name is written: as an e-mail address or just as a name.
fn username_type(name: Option<&Cow<'_, str>>, party: &Party<'_>) -> &'static str {
    if name.is_some() && name == party.email.as_ref() {
        "UPN"
    } else {
        "Simple"
    }
}

fn has_text(json: Option<&str>) -> bool {
    json.is_some_and(is_text)
}
