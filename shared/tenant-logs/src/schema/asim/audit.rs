//! `ASimAuditEventLogs`: what was done to which object, and by whom.

use super::{has_text, username_type, write_event, write_raw, write_source};
use crate::schema::json_writer::{JsonWriter, key};
use crate::schema::reading::Reading;
use crate::{Act, Happened, Object};

/// Writes one row.
pub(super) fn write(reading: &Reading<'_>, row: &mut JsonWriter<'_>) {
    row.begin_row();
    write_event(reading, row);
    row.word(key!("EventType"), event_type(reading.happened()));
    write_operation(reading, row);
    write_object(reading, row);
    write_actor(reading, row);
    write_source(reading, row);
    write_raw(reading, row);
    row.end_row();
}

fn event_type(happened: Option<Happened>) -> &'static str {
    match happened {
        Some(Happened::SignUp) => "Create",
        Some(Happened::TokenRevocation) => "Delete",
        Some(Happened::MfaEnrolment(act, _)) => match act {
            Act::Create => "Enable",
            Act::Delete => "Disable",
            Act::Read | Act::Update | Act::Write | Act::Unlock | Act::Start => act_type(act),
        },
        Some(
            Happened::PasswordChange(act)
            | Happened::UserChange(act, _)
            | Happened::AdminChange(act, _)
            | Happened::ApiOperation(act),
        ) => act_type(act),
        Some(
            Happened::Logon(_)
            | Happened::LogonStep
            | Happened::Logoff
            | Happened::TokenExchange(_)
            | Happened::MfaChallenge(..)
            | Happened::BreachedPassword(_)
            | Happened::BruteForceBlock(_)
            | Happened::RateLimit
            | Happened::SystemNotice(_),
        )
        | None => "Other",
    }
}

fn act_type(act: Act) -> &'static str {
    match act {
        Act::Create => "Create",
        Act::Read => "Read",
        Act::Update | Act::Write => "Set",
        Act::Delete => "Delete",
        Act::Unlock => "Enable",
        Act::Start => "Start",
    }
}

/// The operation as Auth0 describes it where it is the API's, else as the catalogue names it, else the code.
fn write_operation(reading: &Reading<'_>, row: &mut JsonWriter<'_>) {
    let description = reading.record.own.description;
    let is_operation = matches!(reading.happened(), Some(Happened::ApiOperation(_)));
    if is_operation && has_text(description) {
        row.text(key!("Operation"), description);
        return;
    }
    match reading.known {
        Some(known) if !known.name.is_empty() => row.word(key!("Operation"), known.name),
        Some(_) | None => row.string(
            key!("Operation"),
            reading.code.as_deref().unwrap_or("Unknown"),
        ),
    }
}

/// What the event names of its object; the tenant where it names nothing.
fn write_object(reading: &Reading<'_>, row: &mut JsonWriter<'_>) {
    let own = &reading.record.own;
    let user = [own.user_name, own.user_id];
    let (object_type, names, id) = match reading.happened() {
        Some(Happened::ApiOperation(_)) => ("Cloud Resource", [reading.request.path, None], None),
        Some(Happened::AdminChange(_, object)) => match object {
            Object::OrganizationMember => (
                "Directory Service Object",
                [own.organization_name, own.organization_id],
                own.organization_id,
            ),
            Object::Connection => (
                "Configuration Atom",
                [own.connection, own.connection_id],
                own.connection_id,
            ),
            Object::User
            | Object::Users
            | Object::UserName
            | Object::Email
            | Object::EmailVerification
            | Object::PhoneNumber
            | Object::ConnectedAccount
            | Object::MfaSettings
            | Object::Key
            | Object::Configuration
            | Object::CustomDomain
            | Object::Resource => ("Configuration Atom", [None, None], None),
        },
        Some(Happened::UserChange(_, Object::Users)) => (
            "Directory Service Object",
            [own.connection, own.connection_id],
            own.connection_id,
        ),
        Some(_) | None => ("Directory Service Object", user, own.user_id),
    };
    if let Some(name) = names.into_iter().find(|name| has_text(*name)) {
        row.text(key!("Object"), name);
        row.word(key!("ObjectType"), object_type);
        row.text(key!("ObjectId"), id);
    } else {
        reading.write_tenant(key!("Object"), row);
        row.fixed(key!("ObjectType"), r#""Service""#);
    }
}

fn write_actor(reading: &Reading<'_>, row: &mut JsonWriter<'_>) {
    let own = &reading.record.own;
    row.text(key!("ActorUserId"), own.user_id);
    if has_text(own.user_id) {
        row.fixed(key!("ActorUserIdType"), r#""Other""#);
    }
    row.text(key!("ActorUsername"), own.user_name);
    if has_text(own.user_name) {
        row.word(key!("ActorUsernameType"), username_type(reading));
    }
    row.text(key!("ActorScope"), own.tenant_name);
    row.text(key!("ActingAppId"), own.client_id);
    row.text(key!("ActingAppName"), own.client_name);
    if has_text(own.client_id) || has_text(own.client_name) {
        row.fixed(key!("ActingAppType"), r#""Service""#);
    }
}
