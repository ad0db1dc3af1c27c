//! `ASimAuditEventLogs`: what was done to which object, and by whom.

use super::{has_text, write_event, write_raw, write_source};
use crate::event_type::meaning::{Activity, Operation, Resource};
use crate::json::{quoted, string_content};
use crate::schema::event_view::EventView;
use crate::schema::json_writer::{JsonWriter, key};
use crate::schema::raw::Given;
use crate::schema::targets::{Target, TargetKind};

/// Writes one row.
pub(super) fn write(view: &EventView<'_>, row: &mut JsonWriter<'_>) {
    row.begin_row();
    write_event(view, &view.error(), row);
    row.word(key!("EventType"), event_type(view.activity()));
    view.write_operation(key!("Operation"), row);
    write_object(view, row);
    write_actor(view, row);
    row.fixed(key!("TargetAppName"), r#""Auth0""#);
    row.fixed(key!("TargetAppType"), r#""SaaS application""#);
    write_source(view, row);
    let own = &view.record.own;
    let actor = view.actor().into_owned();
    let given = vec![
        Given::of("user_id", own.user_id, actor.id),
        Given::of("user_name", own.user_name, actor.email.or(actor.name)),
    ];
    write_raw(view, given, row);
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

/// What the event names of its object; the tenant where it names nothing.
fn write_object(view: &EventView<'_>, row: &mut JsonWriter<'_>) {
    // The last one is what the others lead to: a member of an organization, whose roles change.
    let objects = view.known_targets().filter(|target| !target.is_assigned);
    if let Some(target) = objects.last() {
        write_target(target, row);
        return write_values(view, row);
    }
    let (object_type, names, id) = named_object(view);
    if let Some(name) = names.into_iter().find(|name| has_text(*name)) {
        row.text(key!("Object"), name);
        row.word(key!("ObjectType"), object_type);
        row.text(key!("ObjectId"), id);
    } else {
        view.write_tenant(key!("Object"), row);
        row.fixed(key!("ObjectType"), r#""Service""#);
    }
    write_values(view, row);
}

/// An object's type, what it may be called, the best name first, and its identifier.
type Object<'a> = (&'static str, [Option<&'a str>; 2], Option<&'a str>);

/// What the event's own members say of its object.
fn named_object<'a>(view: &'a EventView<'_>) -> Object<'a> {
    let own = &view.record.own;
    let user = [view.user.name.as_deref(), view.user.id.as_deref()];
    match view.activity() {
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
        Some(_) | None => ("Directory Service Object", user, view.user.id.as_deref()),
    }
}

/// What an API operation was done to.
fn write_target(target: &Target<'_>, row: &mut JsonWriter<'_>) {
    let party = &target.party;
    let name = party.name.as_deref().or(party.email.as_deref());
    row.text(key!("Object"), name.or(party.id.as_deref()));
    let object_type = match target.kind {
        TargetKind::User | TargetKind::Role | TargetKind::Group | TargetKind::Organization => {
            "Directory Service Object"
        }
        TargetKind::Grant | TargetKind::Permission => "Policy Rule",
        TargetKind::Connection => "Configuration Atom",
        TargetKind::Client | TargetKind::Other(_) => "Cloud Resource",
    };
    row.word(key!("ObjectType"), object_type);
    row.text(key!("ObjectId"), party.id.as_deref());
    row.string(key!("OriginalObjectType"), target.kind.name());
}

/// What was assigned to the object, or taken from it: roles of a user, members of an organization.
fn write_values(view: &EventView<'_>, row: &mut JsonWriter<'_>) {
    let assigned = view.known_targets().filter(|target| target.is_assigned);
    let texts = assigned.filter_map(|target| {
        let party = &target.party;
        let text = party.id.as_ref().or(party.name.as_ref());
        string_content(text.or(party.email.as_ref())?)
    });
    let texts: Vec<_> = texts.collect();
    if texts.is_empty() {
        return;
    }
    let is_deletion = matches!(
        view.activity(),
        Some(Activity::ApiOperation(Operation::Delete))
    );
    let key = if is_deletion {
        key!("OldValue")
    } else {
        key!("NewValue")
    };
    row.text(key, Some(&quoted(&texts.join(", "))));
    row.fixed(key!("ValueType"), r#""Other""#);
}

fn write_actor(view: &EventView<'_>, row: &mut JsonWriter<'_>) {
    let own = &view.record.own;
    let actor = view.actor();
    super::write_actor(&actor, row);
    row.text(key!("ActorScope"), own.tenant_name);
    row.text(key!("ActingAppId"), own.client_id);
    row.text(key!("ActingAppName"), own.client_name);
    if has_text(own.client_id) || has_text(own.client_name) {
        row.fixed(key!("ActingAppType"), r#""Service""#);
    }
}
