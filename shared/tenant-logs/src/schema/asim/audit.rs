//! `ASimAuditEventLogs`: what was done to which object, and by whom.

use super::{has_text, username_type, write_event, write_raw, write_source};
use crate::event_type::meaning::{Activity, Operation, Resource};
use crate::schema::event_view::EventView;
use crate::schema::json_writer::{JsonWriter, key};

/// Writes one row.
pub(super) fn write(view: &EventView<'_>, row: &mut JsonWriter<'_>) {
    row.begin_row();
    write_event(view, row);
    row.word(key!("EventType"), event_type(view.activity()));
    write_operation(view, row);
    write_object(view, row);
    write_actor(view, row);
    write_source(view, row);
    write_raw(view, row);
    row.end_row();
}

fn event_type(activity: Option<Activity>) -> &'static str {
    match activity {
        Some(Activity::SignUp) => "Create",
        Some(Activity::TokenRevocation) => "Delete",
        Some(Activity::MfaEnrolment(operation, _)) => match operation {
            Operation::Create => "Enable",
            Operation::Delete => "Disable",
            Operation::Read
            | Operation::Update
            | Operation::Write
            | Operation::Unlock
            | Operation::Start => operation_type(operation),
        },
        Some(
            Activity::PasswordChange(operation)
            | Activity::UserChange(operation, _)
            | Activity::AdminChange(operation, _)
            | Activity::ApiOperation(operation),
        ) => operation_type(operation),
        Some(
            Activity::Logon(_)
            | Activity::LogonStep
            | Activity::Logoff
            | Activity::TokenExchange(_)
            | Activity::MfaChallenge(..)
            | Activity::BreachedPassword(_)
            | Activity::BruteForceBlock(_)
            | Activity::RateLimit
            | Activity::SystemNotice(_),
        )
        | None => "Other",
    }
}

fn operation_type(operation: Operation) -> &'static str {
    match operation {
        Operation::Create => "Create",
        Operation::Read => "Read",
        Operation::Update | Operation::Write => "Set",
        Operation::Delete => "Delete",
        Operation::Unlock => "Enable",
        Operation::Start => "Start",
    }
}

/// The operation as Auth0 describes it where it is the API's, else as the catalogue names it, else the code.
fn write_operation(view: &EventView<'_>, row: &mut JsonWriter<'_>) {
    let description = view.record.own.description;
    let is_operation = matches!(view.activity(), Some(Activity::ApiOperation(_)));
    if is_operation && has_text(description) {
        row.text(key!("Operation"), description);
        return;
    }
    match view.known {
        Some(known) if !known.name.is_empty() => row.word(key!("Operation"), known.name),
        Some(_) | None => row.string(key!("Operation"), view.code.as_deref().unwrap_or("Unknown")),
    }
}

/// What the event names of its object; the tenant where it names nothing.
fn write_object(view: &EventView<'_>, row: &mut JsonWriter<'_>) {
    let own = &view.record.own;
    let user = [own.user_name, own.user_id];
    let (object_type, names, id) = match view.activity() {
        Some(Activity::ApiOperation(_)) => ("Cloud Resource", [view.request.path, None], None),
        Some(Activity::AdminChange(_, resource)) => match resource {
            Resource::OrganizationMember => (
                "Directory Service Object",
                [own.organization_name, own.organization_id],
                own.organization_id,
            ),
            Resource::Connection => (
                "Configuration Atom",
                [own.connection, own.connection_id],
                own.connection_id,
            ),
            Resource::User
            | Resource::Users
            | Resource::UserName
            | Resource::Email
            | Resource::EmailVerification
            | Resource::PhoneNumber
            | Resource::ConnectedAccount
            | Resource::MfaSettings
            | Resource::Key
            | Resource::Configuration
            | Resource::CustomDomain
            | Resource::Surplus => ("Configuration Atom", [None, None], None),
        },
        Some(Activity::UserChange(_, Resource::Users)) => (
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
        view.write_tenant(key!("Object"), row);
        row.fixed(key!("ObjectType"), r#""Service""#);
    }
}

fn write_actor(view: &EventView<'_>, row: &mut JsonWriter<'_>) {
    let own = &view.record.own;
    row.text(key!("ActorUserId"), own.user_id);
    if has_text(own.user_id) {
        row.fixed(key!("ActorUserIdType"), r#""Other""#);
    }
    row.text(key!("ActorUsername"), own.user_name);
    if has_text(own.user_name) {
        row.word(key!("ActorUsernameType"), username_type(view));
    }
    row.text(key!("ActorScope"), own.tenant_name);
    row.text(key!("ActingAppId"), own.client_id);
    row.text(key!("ActingAppName"), own.client_name);
    if has_text(own.client_id) || has_text(own.client_name) {
        row.fixed(key!("ActingAppType"), r#""Service""#);
    }
}
