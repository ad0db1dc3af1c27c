//! What of a record a schema has no field for, under Auth0's own names.

use super::event_view::EventView;
use super::json_writer::{JsonWriter, key};
use crate::json::string_content;

/// A member with its key.
pub(super) type Member<'a> = (&'static str, Option<&'a str>);

/// A member that has a field of its own, where it is no text and so not in that.
pub(super) fn wrong_type<'a>(key: &'static str, json: Option<&'a str>) -> Member<'a> {
    (key, json.filter(|json| !json.starts_with('"')))
}

/// Writes a member that holds the rest of the record, and what else the schema has no field for.
///
/// Null and empty texts say nothing and are left out.
pub(super) fn write_rest(
    view: &EventView<'_>,
    key: &'static str,
    besides: &[Member<'_>],
    writer: &mut JsonWriter<'_>,
) {
    let record = &view.record;
    let own = &record.own;
    let rest = writer.begin_object(key);
    if view.is_time_of_receipt {
        writer.fixed(key!("time_of_receipt"), "true");
    }
    let not_one_address = own
        .client_ip
        .filter(|json| !view.client_ips.is_all_of(json));
    let known = [
        (key!("client_ip"), not_one_address),
        wrong_type(key!("type"), own.event_type),
        wrong_type(key!("log_id"), own.log_id),
        wrong_type(key!("_id"), own.underscore_id),
        wrong_type(key!("date"), own.date),
        (key!("agent_id"), own.agent_id),
        (key!("$event_schema"), own.event_schema),
        (key!("audience"), own.audience),
        (key!("auth0_client"), own.auth0_client),
        (key!("client_id"), own.client_id),
        (key!("client_name"), own.client_name),
        (key!("connection"), own.connection),
        (key!("connection_id"), own.connection_id),
        (key!("details"), own.details),
        (key!("environment_name"), own.environment_name),
        (key!("external_agent_id"), own.external_agent_id),
        (key!("identity_user_id"), own.identity_user_id),
        (key!("is_mobile"), view.is_mobile()),
        (key!("location_info"), own.location_info),
        (key!("mtls_thumbprint_sha256"), own.mtls_thumbprint_sha256),
        (key!("references"), own.references),
        (key!("scope"), own.scope),
        (key!("security_context"), own.security_context),
        (key!("session_connection"), own.session_connection),
        (key!("strategy"), own.strategy),
        (key!("strategy_type"), own.strategy_type),
        (key!("tenant_name"), own.tenant_name),
        (key!("tracking_id"), own.tracking_id),
        (key!("transaction_linking_id"), own.transaction_linking_id),
    ];
    for (key, json) in known.iter().chain(besides) {
        writer.any(key, json.filter(|json| *json != r#""""#));
    }
    for (name, json) in &record.others {
        // A name that cannot be decoded could not be read again.
        if string_content(name).is_some() {
            writer.member(name, json);
        }
    }
    writer.end_object(rest);
}
