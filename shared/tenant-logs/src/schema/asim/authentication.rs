//! `ASimAuthenticationEventLogs`: the user, or the application with credentials of its own, is the target.

use super::{has_text, username_type, write_event, write_raw, write_source};
use crate::Outcome;
use crate::event_type::meaning::{Activity, AuthMethod, FailureReason};
use crate::schema::event_view::{EventView, ProviderProtocol};
use crate::schema::json_writer::{JsonWriter, key};

/// Writes one row.
pub(super) fn write(view: &EventView<'_>, row: &mut JsonWriter<'_>) {
    row.begin_row();
    write_event(view, row);
    write_logon(view, row);
    write_target(view, row);
    write_source(view, row);
    write_raw(view, row);
    row.end_row();
}

fn write_logon(view: &EventView<'_>, row: &mut JsonWriter<'_>) {
    let activity = view.activity();
    let is_logoff = matches!(activity, Some(Activity::Logoff));
    row.word(
        key!("EventType"),
        if is_logoff { "Logoff" } else { "Logon" },
    );
    if let Some(sub_type) = activity.and_then(sub_type) {
        row.word(key!("EventSubType"), sub_type);
    }
    if view.outcome() == Outcome::Failure {
        row.word(key!("EventResultDetails"), result_details(view));
    }
    if let Some(method) = logon_method(view, activity) {
        row.word(key!("LogonMethod"), method);
    }
    if let Some(protocol) = logon_protocol(view, activity) {
        row.word(key!("LogonProtocol"), protocol);
    }
    if let Some(Activity::BruteForceBlock(_)) = activity {
        row.fixed(key!("DvcAction"), r#""Block""#);
    }
    let is_defence = matches!(
        activity,
        Some(Activity::BruteForceBlock(_) | Activity::BreachedPassword(_))
    );
    if let Some(known) = view.known.filter(|_| is_defence) {
        row.word(key!("RuleName"), known.name);
    }
}

fn sub_type(activity: Activity) -> Option<&'static str> {
    match activity {
        Activity::Logon(AuthMethod::Unsaid | AuthMethod::Password | AuthMethod::Social) => {
            Some("Interactive")
        }
        Activity::TokenExchange(AuthMethod::ClientCredentials) => Some("Service"),
        Activity::Logon(AuthMethod::Delegation)
        | Activity::TokenExchange(AuthMethod::Delegation) => Some("AssumeRole"),
        Activity::Logon(_)
        | Activity::TokenExchange(_)
        | Activity::LogonStep
        | Activity::Logoff
        | Activity::SignUp
        | Activity::TokenRevocation
        | Activity::MfaChallenge(..)
        | Activity::MfaEnrolment(..)
        | Activity::PasswordChange(_)
        | Activity::BreachedPassword(_)
        | Activity::BruteForceBlock(_)
        | Activity::RateLimit
        | Activity::UserChange(..)
        | Activity::AdminChange(..)
        | Activity::ApiOperation(_)
        | Activity::SystemNotice(_) => None,
    }
}

fn result_details(view: &EventView<'_>) -> &'static str {
    match view.known.and_then(|known| known.meaning.reason) {
        Some(FailureReason::WrongPassword) => "Incorrect password",
        Some(FailureReason::NoSuchUser) => "No such user",
        Some(FailureReason::UserLocked) => "User locked",
        Some(FailureReason::AgainstPolicy) => "Logon violates policy",
        None => "Other",
    }
}

fn logon_method(view: &EventView<'_>, activity: Option<Activity>) -> Option<&'static str> {
    let by_strategy = match view.record.own.strategy_type {
        Some(r#""passwordless""#) => Some("Passwordless"),
        Some(_) | None => None,
    };
    match activity? {
        Activity::MfaChallenge(..) => Some("Multi factor authentication"),
        Activity::Logon(proof) | Activity::TokenExchange(proof) => match proof {
            AuthMethod::Password => Some("Username & Password"),
            AuthMethod::PasswordAndFactor | AuthMethod::PasskeyAndFactor => {
                Some("Multi factor authentication")
            }
            AuthMethod::OneTimeCode => Some("Passwordless"),
            AuthMethod::ClientCredentials => Some("Service Principal"),
            AuthMethod::Unsaid => by_strategy,
            AuthMethod::Session
            | AuthMethod::Social
            | AuthMethod::AuthorizationCode
            | AuthMethod::DeviceCode
            | AuthMethod::Backchannel
            | AuthMethod::RefreshToken
            | AuthMethod::Token
            | AuthMethod::Delegation => None,
        },
        Activity::LogonStep
        | Activity::Logoff
        | Activity::SignUp
        | Activity::TokenRevocation
        | Activity::MfaEnrolment(..)
        | Activity::PasswordChange(_)
        | Activity::BreachedPassword(_)
        | Activity::BruteForceBlock(_)
        | Activity::RateLimit
        | Activity::UserChange(..)
        | Activity::AdminChange(..)
        | Activity::ApiOperation(_)
        | Activity::SystemNotice(_) => None,
    }
}

fn logon_protocol(view: &EventView<'_>, activity: Option<Activity>) -> Option<&'static str> {
    if let Some(Activity::TokenExchange(_)) = activity {
        return Some("OAuth 2.0");
    }
    view.provider_protocol().map(ProviderProtocol::name)
}

fn write_target(view: &EventView<'_>, row: &mut JsonWriter<'_>) {
    let own = &view.record.own;
    if view.is_application() {
        row.text(key!("TargetUserId"), own.client_id);
        row.text(key!("TargetUsername"), own.client_name);
        write_types(
            own.client_id,
            own.client_name,
            ("Simple", "Application"),
            row,
        );
    } else {
        row.text(key!("TargetUserId"), own.user_id);
        row.text(key!("TargetUsername"), own.user_name);
        let types = (username_type(view), "Regular");
        write_types(own.user_id, own.user_name, types, row);
    }
    row.text(key!("TargetAppId"), own.client_id);
    row.text(key!("TargetAppName"), own.client_name);
    if has_text(own.client_id) || has_text(own.client_name) {
        row.fixed(key!("TargetAppType"), r#""Service""#);
    }
    row.text(key!("TargetSessionId"), view.record.details.session_id);
    row.text(key!("TargetUserScope"), own.tenant_name);
}

/// The columns that say what kind of thing the others hold.
fn write_types(
    id: Option<&str>,
    name: Option<&str>,
    (name_type, user_type): (&'static str, &'static str),
    row: &mut JsonWriter<'_>,
) {
    if has_text(id) {
        row.fixed(key!("TargetUserIdType"), r#""Other""#);
    }
    if has_text(name) {
        row.word(key!("TargetUsernameType"), name_type);
    }
    if has_text(id) || has_text(name) {
        row.word(key!("TargetUserType"), user_type);
    }
}
