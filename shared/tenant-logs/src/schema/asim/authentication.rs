//! `ASimAuthenticationEventLogs`: the user, or the application with credentials of its own, is the target.

use super::{has_text, username_type, write_event, write_raw, write_source};
use crate::Outcome;
use crate::schema::json_writer::{JsonWriter, key};
use crate::schema::reading::{ProviderProtocol, Reading};
use crate::{Cause, Happened, Proof};

/// Writes one row.
pub(super) fn write(reading: &Reading<'_>, row: &mut JsonWriter<'_>) {
    row.begin_row();
    write_event(reading, row);
    write_logon(reading, row);
    write_target(reading, row);
    write_source(reading, row);
    write_raw(reading, row);
    row.end_row();
}

fn write_logon(reading: &Reading<'_>, row: &mut JsonWriter<'_>) {
    let happened = reading.happened();
    let is_logoff = matches!(happened, Some(Happened::Logoff));
    row.word(
        key!("EventType"),
        if is_logoff { "Logoff" } else { "Logon" },
    );
    if let Some(sub_type) = happened.and_then(sub_type) {
        row.word(key!("EventSubType"), sub_type);
    }
    if reading.outcome() == Outcome::Failure {
        row.word(key!("EventResultDetails"), result_details(reading));
    }
    if let Some(method) = logon_method(reading, happened) {
        row.word(key!("LogonMethod"), method);
    }
    if let Some(protocol) = logon_protocol(reading, happened) {
        row.word(key!("LogonProtocol"), protocol);
    }
    if let Some(Happened::BruteForceBlock(_)) = happened {
        row.fixed(key!("DvcAction"), r#""Block""#);
    }
    let is_defence = matches!(
        happened,
        Some(Happened::BruteForceBlock(_) | Happened::BreachedPassword(_))
    );
    if let Some(known) = reading.known.filter(|_| is_defence) {
        row.word(key!("RuleName"), known.name);
    }
}

fn sub_type(happened: Happened) -> Option<&'static str> {
    match happened {
        Happened::Logon(Proof::Unsaid | Proof::Password | Proof::Social) => Some("Interactive"),
        Happened::TokenExchange(Proof::ClientCredentials) => Some("Service"),
        Happened::Logon(Proof::Delegation) | Happened::TokenExchange(Proof::Delegation) => {
            Some("AssumeRole")
        }
        Happened::Logon(_)
        | Happened::TokenExchange(_)
        | Happened::LogonStep
        | Happened::Logoff
        | Happened::SignUp
        | Happened::TokenRevocation
        | Happened::MfaChallenge(..)
        | Happened::MfaEnrolment(..)
        | Happened::PasswordChange(_)
        | Happened::BreachedPassword(_)
        | Happened::BruteForceBlock(_)
        | Happened::RateLimit
        | Happened::UserChange(..)
        | Happened::AdminChange(..)
        | Happened::ApiOperation(_)
        | Happened::SystemNotice(_) => None,
    }
}

fn result_details(reading: &Reading<'_>) -> &'static str {
    match reading.known.and_then(|known| known.meaning.cause) {
        Some(Cause::WrongPassword) => "Incorrect password",
        Some(Cause::NoSuchUser) => "No such user",
        Some(Cause::UserLocked) => "User locked",
        Some(Cause::AgainstPolicy) => "Logon violates policy",
        None => "Other",
    }
}

fn logon_method(reading: &Reading<'_>, happened: Option<Happened>) -> Option<&'static str> {
    let by_strategy = match reading.record.own.strategy_type {
        Some(r#""passwordless""#) => Some("Passwordless"),
        Some(_) | None => None,
    };
    match happened? {
        Happened::MfaChallenge(..) => Some("Multi factor authentication"),
        Happened::Logon(proof) | Happened::TokenExchange(proof) => match proof {
            Proof::Password => Some("Username & Password"),
            Proof::PasswordAndFactor | Proof::PasskeyAndFactor => {
                Some("Multi factor authentication")
            }
            Proof::OneTimeCode => Some("Passwordless"),
            Proof::ClientCredentials => Some("Service Principal"),
            Proof::Unsaid => by_strategy,
            Proof::Session
            | Proof::Social
            | Proof::AuthorizationCode
            | Proof::DeviceCode
            | Proof::Backchannel
            | Proof::RefreshToken
            | Proof::Token
            | Proof::Delegation => None,
        },
        Happened::LogonStep
        | Happened::Logoff
        | Happened::SignUp
        | Happened::TokenRevocation
        | Happened::MfaEnrolment(..)
        | Happened::PasswordChange(_)
        | Happened::BreachedPassword(_)
        | Happened::BruteForceBlock(_)
        | Happened::RateLimit
        | Happened::UserChange(..)
        | Happened::AdminChange(..)
        | Happened::ApiOperation(_)
        | Happened::SystemNotice(_) => None,
    }
}

fn logon_protocol(reading: &Reading<'_>, happened: Option<Happened>) -> Option<&'static str> {
    if let Some(Happened::TokenExchange(_)) = happened {
        return Some("OAuth 2.0");
    }
    reading.provider_protocol().map(ProviderProtocol::name)
}

fn write_target(reading: &Reading<'_>, row: &mut JsonWriter<'_>) {
    let own = &reading.record.own;
    if reading.is_application() {
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
        let types = (username_type(reading), "Regular");
        write_types(own.user_id, own.user_name, types, row);
    }
    row.text(key!("TargetAppId"), own.client_id);
    row.text(key!("TargetAppName"), own.client_name);
    if has_text(own.client_id) || has_text(own.client_name) {
        row.fixed(key!("TargetAppType"), r#""Service""#);
    }
    row.text(key!("TargetSessionId"), reading.record.details.session_id);
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
