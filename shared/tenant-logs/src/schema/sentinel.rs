//! The columns of `Auth0Logs_CL` as Microsoft's own Auth0 connector fills them, and `Raw`, the whole event.

use super::event_view::EventView;
use super::json_writer::{JsonWriter, key};
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
    row.text(key!("SrcIpAddr"), own.ip);
    row.text(key!("HttpUserAgent"), own.user_agent);
    row.text(key!("SrcHostname"), own.hostname);
    row.text(key!("ActorUserId"), own.user_id);
    row.text(key!("ActorUsername"), own.user_name);
    row.text(key!("Audience"), own.audience);
    write_scope(own.scope, row);
    row.text(key!("Strategy"), own.strategy);
    row.text(key!("StrategyType"), own.strategy_type);
    row.object(key!("LocationInfo"), own.location_info);
    row.any(key!("Details"), own.details);
    row.string(key!("LogId"), view.log_event.log_id());
    row.text(key!("TenantName"), own.tenant_name);
    row.boolean(key!("IsMobile"), view.is_mobile());
    view.write_raw(key!("Raw"), row);
    row.end_row();
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
