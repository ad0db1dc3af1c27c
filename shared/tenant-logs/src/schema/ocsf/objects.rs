//! The objects of OCSF events. One that its class requires says "Unknown" where the event tells nothing.

use crate::event_type::meaning::{Activity, Resource};
use crate::json::string_content;
use crate::schema::event_view::{EventView, coordinates};
use crate::schema::json_writer::{JsonWriter, is_text, key};
use crate::schema::parties::Party;

pub(super) fn write_metadata(view: &EventView<'_>, event: &mut JsonWriter<'_>) {
    let own = &view.record.own;
    let metadata = event.begin_object(key!("metadata"));
    event.fixed(key!("version"), r#""1.5.0""#);
    event.fixed(key!("product"), r#"{"name":"Auth0","vendor_name":"Okta"}"#);
    event.fixed(key!("log_name"), r#""Auth0 tenant log""#);
    event.fixed(key!("log_provider"), r#""Auth0""#);
    event.string(key!("uid"), view.log_event.log_id());
    if let Some(code) = &view.code {
        event.string(key!("event_code"), code);
    }
    event.text(key!("original_time"), own.date);
    event.text(key!("tenant_uid"), own.tenant_name);
    event.text(key!("correlation_uid"), view.references().correlation_id);
    event.end_object(metadata);
}

/// Whom the event is about.
pub(super) fn write_user(view: &EventView<'_>, key: &'static str, event: &mut JsonWriter<'_>) {
    write_party(key, &view.subject(), view, event);
}

/// The number and name of a user's type.
type UserType = (&'static str, &'static str);
const UNKNOWN: UserType = ("0", "Unknown");
const USER: UserType = ("1", "User");
const SYSTEM: UserType = ("3", "System");

fn write_party(
    key: &'static str,
    party: &Party<'_>,
    view: &EventView<'_>,
    event: &mut JsonWriter<'_>,
) {
    let own = &view.record.own;
    let user = event.begin_object(key);
    let (type_id, type_name) = match (party.is_known(), party.is_application) {
        (false, _) => UNKNOWN,
        (true, true) => SYSTEM,
        (true, false) => USER,
    };
    if party.is_known() {
        event.text(key!("name"), party.name.as_deref());
        event.text(key!("uid"), party.id.as_deref());
        event.text(key!("email_addr"), party.email.as_deref());
    } else {
        event.fixed(key!("name"), r#""Unknown""#);
    }
    event.fixed(key!("type_id"), type_id);
    event.word(key!("type"), type_name);
    let organization = event.begin_object(key!("org"));
    event.text(key!("name"), own.organization_name);
    event.text(key!("uid"), own.organization_id);
    event.end_object(organization);
    event.end_object(user);
}

/// Who acted, and through what; the user too where the class has no attribute for one beside the actor.
pub(super) fn write_actor(view: &EventView<'_>, with_user: bool, event: &mut JsonWriter<'_>) {
    let own = &view.record.own;
    let has_application = [own.client_name, own.client_id]
        .into_iter()
        .flatten()
        .any(is_text);
    let actor = event.begin_object(key!("actor"));
    let user = view.actor_beside_subject();
    let user = user.or_else(|| Some(view.actor()).filter(|user| with_user && user.is_known()));
    if let Some(user) = &user {
        write_party(key!("user"), user, view, event);
    }
    event.text(key!("app_name"), own.client_name);
    event.text(key!("app_uid"), own.client_id);
    if user.is_none() && !has_application {
        event.fixed(key!("app_name"), r#""Unknown""#);
    }
    let provider = event.begin_object(key!("idp"));
    event.text(key!("name"), own.connection);
    event.text(key!("uid"), own.connection_id);
    event.end_object(provider);
    event.end_object(actor);
}

/// What an API operation was done to: the object of its path first.
pub(super) fn write_target_resources(view: &EventView<'_>, event: &mut JsonWriter<'_>) {
    let resources = event.begin_array(key!("resources"));
    for target in view.known_targets() {
        let resource = event.begin_element();
        let party = &target.party;
        event.text(
            key!("name"),
            party.name.as_deref().or(party.email.as_deref()),
        );
        event.text(key!("uid"), party.id.as_deref());
        event.string(key!("type"), target.kind.name());
        event.end_object(resource);
    }
    event.end_array(resources);
}

pub(super) fn write_src_endpoint(
    view: &EventView<'_>,
    key: &'static str,
    event: &mut JsonWriter<'_>,
) {
    let endpoint = event.begin_object(key);
    if let Some(ip) = view.ip() {
        event.any(key!("ip"), Some(ip));
    } else {
        event.fixed(key!("name"), r#""Unknown""#);
        event.fixed(key!("type_id"), "0");
        event.fixed(key!("type"), r#""Unknown""#);
    }
    write_location(view, event);
    event.end_object(endpoint);
}

fn write_location(view: &EventView<'_>, event: &mut JsonWriter<'_>) {
    let location = view.location();
    let names = [
        (key!("city"), location.city_name),
        (key!("country"), location.country_code),
        (key!("region"), location.subdivision_name),
    ];
    if !names.iter().any(|(_, json)| json.is_some_and(is_text)) {
        return;
    }
    let object = event.begin_object(key!("location"));
    for (key, json) in names {
        event.text(key, json);
    }
    if let Some((latitude, longitude)) = coordinates(&location) {
        event.any(key!("lat"), Some(latitude));
        event.any(key!("long"), Some(longitude));
    }
    event.end_object(object);
}

/// The application that is logged on to.
pub(super) fn write_service(view: &EventView<'_>, event: &mut JsonWriter<'_>) {
    let own = &view.record.own;
    let service = event.begin_object(key!("service"));
    event.text(key!("name"), own.client_name);
    event.text(key!("uid"), own.client_id);
    let is_known = [own.client_name, own.client_id]
        .into_iter()
        .flatten()
        .any(is_text);
    if !is_known {
        event.fixed(key!("name"), r#""Unknown""#);
    }
    event.end_object(service);
}

/// The tenant's own host name.
pub(super) fn write_dst_endpoint(view: &EventView<'_>, event: &mut JsonWriter<'_>) {
    let endpoint = event.begin_object(key!("dst_endpoint"));
    event.text(key!("hostname"), view.record.own.hostname);
    event.end_object(endpoint);
}

pub(super) fn write_http_request(view: &EventView<'_>, event: &mut JsonWriter<'_>) {
    let record = &view.record;
    let request = event.begin_object(key!("http_request"));
    if let Some(method) = view.request.method.and_then(method_name) {
        event.word(key!("http_method"), method);
    }
    event.text(key!("user_agent"), view.user_agent());
    if view.request.path.is_some_and(is_text) {
        let url = event.begin_object(key!("url"));
        event.text(key!("path"), view.request.path);
        event.text(key!("hostname"), record.own.hostname);
        event.end_object(url);
    }
    let forwarded = event.begin_array(key!("x_forwarded_for"));
    for ip in view.client_ips.first.iter().chain(&view.client_ips.others) {
        event.text_element(Some(&ip.json));
    }
    event.end_array(forwarded);
    event.end_object(request);
}

/// The method as the schema writes it, which knows no PATCH.
fn method_name(json: &str) -> Option<&'static str> {
    let method = string_content(json)?;
    let names = [
        "GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "TRACE", "CONNECT",
    ];
    names
        .into_iter()
        .find(|name| method.eq_ignore_ascii_case(name))
}

pub(super) fn is_status_code(json: Option<&str>) -> bool {
    json.is_some_and(|json| json.len() == 3 && json.bytes().all(|byte| byte.is_ascii_digit()))
}

/// What the API was asked for, and how it answered.
pub(super) fn write_api(view: &EventView<'_>, event: &mut JsonWriter<'_>) {
    let api = event.begin_object(key!("api"));
    view.write_operation(key!("operation"), event);
    event.fixed(key!("service"), r#"{"name":"Auth0"}"#);
    if is_status_code(view.response().status_code) {
        let response = event.begin_object(key!("response"));
        event.any(key!("code"), view.response().status_code);
        event.end_object(response);
    }
    event.end_object(api);
}

/// The object that was managed, by the event's own name for it where there is one.
pub(super) fn write_entity(view: &EventView<'_>, event: &mut JsonWriter<'_>) {
    let Some(Activity::AdminChange(_, resource) | Activity::UserChange(_, resource)) =
        view.activity()
    else {
        return;
    };
    let own = &view.record.own;
    let (kind, type_id, name, uid) = match resource {
        Resource::Users
        | Resource::User
        | Resource::UserName
        | Resource::Email
        | Resource::EmailVerification
        | Resource::PhoneNumber
        | Resource::ConnectedAccount => ("User", "2", own.connection, own.connection_id),
        Resource::OrganizationMember => (
            "Organization",
            "4",
            own.organization_name,
            own.organization_id,
        ),
        Resource::MfaSettings => ("MFA Settings", "99", None, None),
        Resource::Key => ("Encryption Key", "99", None, None),
        Resource::Configuration => ("Configuration", "99", None, None),
        Resource::Connection => ("Connection", "99", own.connection, own.connection_id),
        Resource::CustomDomain => ("Custom Domain", "99", None, None),
        Resource::Surplus => ("Resource", "99", None, None),
    };
    let entity = event.begin_object(key!("entity"));
    if name.is_some_and(is_text) {
        event.text(key!("name"), name);
    } else {
        event.word(key!("name"), kind);
    }
    event.text(key!("uid"), uid);
    event.fixed(key!("type_id"), type_id);
    event.word(key!("type"), kind);
    event.end_object(entity);
}

pub(super) fn write_organization_resource(view: &EventView<'_>, event: &mut JsonWriter<'_>) {
    let own = &view.record.own;
    let is_known = [own.organization_name, own.organization_id]
        .into_iter()
        .flatten()
        .any(is_text);
    if !is_known {
        return;
    }
    let resources = event.begin_array(key!("resources"));
    let resource = event.begin_element();
    event.text(key!("name"), own.organization_name);
    event.text(key!("uid"), own.organization_id);
    event.fixed(key!("type"), r#""Organization""#);
    event.end_object(resource);
    event.end_array(resources);
}
