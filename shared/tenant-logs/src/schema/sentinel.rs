//! The columns of `Auth0Logs_CL` as Microsoft's own Auth0 connector fills them, and `Raw`, the whole event.

use std::borrow::Cow;

use super::event_view::EventView;
use super::json_writer::{JsonWriter, is_text, key};
use super::parties::{Party, text};
use super::raw::{self, Given, Place, Raw};
use crate::json::{array_elements, string_content};

/// Writes one row.
pub(super) fn write(view: &EventView<'_>, row: &mut JsonWriter<'_>) {
    let own = &view.record.own;
    row.begin_row();
    view.write_time(key!("TimeGenerated"), row);
    view.write_time(key!("event_date"), row);
    if let Some(code) = &view.code {
        row.string(key!("EventType"), code);
    }
    row.text(key!("Description"), own.description);
    row.text(key!("Connection"), own.connection);
    row.text(key!("ConnectionId"), own.connection_id);
    row.text(key!("ClientId"), own.client_id);
    row.text(key!("ClientName"), own.client_name);
    row.text(key!("SrcIpAddr"), view.ip().or(own.ip));
    row.text(key!("HttpUserAgent"), view.user_agent());
    row.text(key!("SrcHostname"), own.hostname);
    let (user_id, user_name) = columns_of_user(view);
    row.text(key!("ActorUserId"), user_id.as_deref());
    row.text(key!("ActorUsername"), user_name.as_deref());
    row.text(key!("Audience"), own.audience);
    write_scope(own.scope, row);
    row.text(key!("Strategy"), own.strategy);
    row.text(key!("StrategyType"), own.strategy_type);
    row.object(key!("LocationInfo"), own.location_info);
    row.any(key!("Details"), own.details);
    row.string(key!("LogId"), view.log_event.log_id());
    row.text(key!("TenantName"), own.tenant_name);
    row.boolean(key!("IsMobile"), view.is_mobile());
    write_raw(view, row);
    row.end_row();
}

fn write_raw(view: &EventView<'_>, row: &mut JsonWriter<'_>) {
    let kept = Place::column(key!("Raw"));
    match view.raw {
        Raw::Whole => view.write_raw(key!("Raw"), row),
        Raw::Rest => raw::write_rest(view, kept, &given(view), row),
        Raw::None => raw::write_only_marks(view, kept, row),
    }
}

/// What the columns give back.
fn given<'a>(view: &'a EventView<'_>) -> Vec<Given<'a>> {
    let own = &view.record.own;
    let user = columns_of_user(view);
    let ip = view.ip().or(own.ip.filter(|json| is_text(json)));
    let is_boolean = |json: &&str| matches!(*json, "true" | "false");
    let mut given = vec![
        Given::text("description", own.description),
        Given::text("connection", own.connection),
        Given::text("connection_id", own.connection_id),
        Given::text("client_id", own.client_id),
        Given::text("client_name", own.client_name),
        Given::filled("ip", own.ip, ip),
        Given::filled("user_agent", own.user_agent, view.user_agent()),
        Given::text("hostname", own.hostname),
        Given::of("user_id", own.user_id, user.0),
        Given::of("user_name", own.user_name, user.1),
        Given::text("audience", own.audience),
        Given::text("scope", own.scope),
        Given::text("strategy", own.strategy),
        Given::text("strategy_type", own.strategy_type),
        Given::filled(
            "location_info",
            own.location_info,
            own.location_info.filter(|json| json.starts_with('{')),
        ),
        Given::filled(
            "details",
            own.details,
            own.details.filter(|json| *json != "null"),
        ),
        Given::text("tenant_name", own.tenant_name),
        Given::filled(
            "is_mobile",
            own.is_mobile,
            view.is_mobile().filter(is_boolean),
        ),
    ];
    given.extend(raw::always_in_tables(view));
    given
}

/// The user's identifier and name: as the record has them, unless another acted.
fn columns_of_user<'a>(view: &'a EventView<'_>) -> (Option<Cow<'a, str>>, Option<Cow<'a, str>>) {
    let own = &view.record.own;
    let mut actor = view.actor().into_owned();
    let is_somebody = actor.is_known();
    if !is_somebody {
        // The table has no other column for a user.
        actor = view.subject().into_owned();
    }
    let user = Party::own(view.log_event, &view.record);
    // A name alone, which is no address, may be another one of the application that acts.
    let is_named = user.id.is_some() || user.email.is_some();
    let is_by_another = is_named && user.is_other_than(&actor) || view.owner().is_some();
    let id = actor.subject.or(actor.id);
    let is_own = id.is_some() && id.as_deref() == own.user_id;
    let is_of_another = is_somebody && !is_own && is_by_another;
    let own_name = text(own.user_name).filter(|_| !is_of_another);
    (id, own_name.or(actor.email).or(actor.name))
}

/// Auth0 sends the scope as one text or as an array of texts; the column is one text.
fn write_scope(scope: Option<&str>, row: &mut JsonWriter<'_>) {
    let Some(array) = scope.filter(|scope| scope.starts_with('[')) else {
        row.text(key!("Scope"), scope);
        return;
    };
    let scopes: Option<Vec<_>> = array_elements(array)
        .unwrap_or_default()
        .into_iter()
        .map(string_content)
        .collect();
    if let Some(scopes) = scopes.filter(|scopes| !scopes.is_empty()) {
        row.string(key!("Scope"), &scopes.join(" "));
    }
}
