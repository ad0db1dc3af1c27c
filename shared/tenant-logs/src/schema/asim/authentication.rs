//! `ASimAuthenticationEventLogs`: the user, or the application with credentials of its own, is the target.

use super::{has_text, username_type, write_actor, write_event, write_raw, write_source};
use crate::Outcome;
use crate::event_type::meaning::{Activity, AuthMethod, FailureReason};
use crate::schema::errors::FoundError;
use crate::schema::event_view::{EventView, ProviderProtocol};
use crate::schema::json_writer::{JsonWriter, key};
use crate::schema::parties::Party;
use crate::schema::raw::Given;

/// Writes one row.
pub(super) fn write(view: &EventView<'_>, row: &mut JsonWriter<'_>) {
    row.begin_row();
    let error = view.error();
    // Whoever logs on: the user, or the application by its own credentials.
    let target = view.subject().into_owned();
    write_event(view, &error, row);
    write_logon(view, &error, row);
    write_target(view, &target, row);
    write_source(view, row);
    let own = &view.record.own;
    let given = vec![
        Given::of("user_id", own.user_id, target.id),
        Given::of("user_name", own.user_name, target.name),
    ];
    write_raw(view, given, row);
    row.end_row();
}

fn write_logon(view: &EventView<'_>, error: &FoundError<'_, '_>, row: &mut JsonWriter<'_>) {
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
        row.word(key!("EventResultDetails"), result_details(view, error));
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

fn result_details(view: &EventView<'_>, error: &FoundError<'_, '_>) -> &'static str {
    match error.reason() {
        Some(FailureReason::WrongPassword) => "Incorrect password",
        Some(FailureReason::WrongKey) => "Incorrect key",
        Some(FailureReason::PasswordExpired) => "Password expired",
        Some(FailureReason::AccountExpired) => "Account expired",
        Some(FailureReason::NoSuchUser) => "No such user",
        Some(FailureReason::NoSuchApplication) if view.subject().is_application => "No such user",
        Some(FailureReason::UserLocked) => "User locked",
        Some(FailureReason::UserDisabled) => "User disabled",
        Some(FailureReason::SessionExpired) => "Session expired",
        Some(FailureReason::AgainstPolicy) => "Logon violates policy",
        Some(FailureReason::NoSuchApplication | FailureReason::Other) | None => "Other",
    }
}

fn logon_method(view: &EventView<'_>, activity: Option<Activity>) -> Option<&'static str> {
    if let Some(Activity::MfaChallenge(..)) = activity {
        return Some("Multi factor authentication");
    }
    match activity?.auth_method()? {
        AuthMethod::Password => Some("Username & Password"),
        AuthMethod::PasswordAndFactor | AuthMethod::PasskeyAndFactor => {
            Some("Multi factor authentication")
        }
        AuthMethod::OneTimeCode => Some("Passwordless"),
        AuthMethod::ClientCredentials => Some("Service Principal"),
        AuthMethod::Unsaid => match view.record.own.strategy_type {
            Some(r#""passwordless""#) => Some("Passwordless"),
            Some(_) | None => None,
        },
        AuthMethod::Session
        | AuthMethod::Social
        | AuthMethod::AuthorizationCode
        | AuthMethod::DeviceCode
        | AuthMethod::Backchannel
        | AuthMethod::RefreshToken
        | AuthMethod::Token
        | AuthMethod::Delegation => None,
    }
}

fn logon_protocol(view: &EventView<'_>, activity: Option<Activity>) -> Option<&'static str> {
    if let Some(Activity::TokenExchange(_)) = activity {
        return Some("OAuth 2.0");
    }
    view.provider_protocol().map(ProviderProtocol::name)
}

fn write_target(view: &EventView<'_>, target: &Party<'_>, row: &mut JsonWriter<'_>) {
    let own = &view.record.own;
    let user_type = if target.is_application {
        "Application"
    } else {
        "Regular"
    };
    row.text(key!("TargetUserId"), target.id.as_deref());
    if target.id.is_some() {
        row.fixed(key!("TargetUserIdType"), r#""Other""#);
    }
    row.text(key!("TargetUsername"), target.name.as_deref());
    if target.name.is_some() {
        let name_type = username_type(target.name.as_ref(), target);
        row.word(key!("TargetUsernameType"), name_type);
    }
    if target.id.is_some() || target.name.is_some() {
        row.word(key!("TargetUserType"), user_type);
    }
    if let Some(actor) = view.actor_beside_subject() {
        write_actor(&actor, row);
    }
    row.text(key!("TargetAppId"), own.client_id);
    row.text(key!("TargetAppName"), own.client_name);
    if has_text(own.client_id) || has_text(own.client_name) {
        row.fixed(key!("TargetAppType"), r#""Service""#);
    }
    row.text(key!("TargetSessionId"), view.record.details.session_id);
    row.text(key!("TargetUserScope"), own.tenant_name);
}
