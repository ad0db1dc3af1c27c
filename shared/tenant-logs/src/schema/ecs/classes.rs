//! What a meaning is in the words of ECS: kind, categories, types and action.
//!
//! A defence that stepped in is an alert about an intrusion or a logon, never a threat indicator: those describe what
//! is known of an attacker, not what somebody did.

use crate::Outcome;
use crate::schema::reading::Reading;
use crate::{Act, Attempt, Happened, Notice, Object, Proof};

/// The categorization fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Class {
    pub(crate) kind: &'static str,
    pub(crate) categories: &'static [&'static str],
    pub(crate) types: &'static [&'static str],
}

const fn event(categories: &'static [&'static str], types: &'static [&'static str]) -> Class {
    Class {
        kind: "event",
        categories,
        types,
    }
}

const fn alert(categories: &'static [&'static str], types: &'static [&'static str]) -> Class {
    Class {
        kind: "alert",
        categories,
        types,
    }
}

impl Class {
    /// The class of an event; one of an unknown code is informational.
    pub(crate) fn of(reading: &Reading<'_>) -> Self {
        match reading.happened() {
            None => event(&[], &["info"]),
            Some(Happened::RateLimit) if reading.outcome() == Outcome::Failure => {
                event(&["api"], &["denied"])
            }
            Some(happened) => Self::of_meaning(happened),
        }
    }

    /// The class as far as the code tells it.
    pub(crate) fn of_meaning(happened: Happened) -> Self {
        match happened {
            Happened::Logon(_) => event(&["authentication"], &["start"]),
            Happened::TokenExchange(proof) => token_exchange(proof),
            Happened::LogonStep | Happened::MfaChallenge(..) => {
                event(&["authentication"], &["info"])
            }
            Happened::Logoff => event(&["authentication", "session"], &["end"]),
            Happened::TokenRevocation => event(&["session"], &["end"]),
            Happened::SignUp => event(&["iam"], &["user", "creation"]),
            Happened::MfaEnrolment(act, _) | Happened::PasswordChange(act) => match act {
                Act::Start | Act::Read => event(&["iam"], &["user", "info"]),
                Act::Create | Act::Update | Act::Delete | Act::Write | Act::Unlock => {
                    event(&["iam"], &["user", "change"])
                }
            },
            Happened::BreachedPassword(attempt) => match attempt {
                Attempt::Logon | Attempt::Factor => {
                    alert(&["authentication", "intrusion_detection"], &["info"])
                }
                Attempt::SignUp | Attempt::PasswordChange => {
                    alert(&["iam", "intrusion_detection"], &["user", "info"])
                }
            },
            Happened::BruteForceBlock(_) => alert(
                &["authentication", "intrusion_detection"],
                &["denied", "info"],
            ),
            Happened::RateLimit => event(&["api"], &["info"]),
            Happened::ApiOperation(act) => match act {
                Act::Read => event(&["api"], &["admin", "access"]),
                Act::Create => event(&["api"], &["admin", "creation"]),
                Act::Delete => event(&["api"], &["admin", "deletion"]),
                Act::Update | Act::Write | Act::Unlock | Act::Start => {
                    event(&["api"], &["admin", "change"])
                }
            },
            Happened::UserChange(act, _) => match act {
                Act::Start | Act::Read => event(&["iam"], &["user", "info"]),
                Act::Create => event(&["iam"], &["user", "creation"]),
                Act::Update | Act::Write | Act::Unlock => event(&["iam"], &["user", "change"]),
                Act::Delete => event(&["iam"], &["user", "deletion"]),
            },
            Happened::AdminChange(_, Object::OrganizationMember) => {
                event(&["iam"], &["group", "change"])
            }
            Happened::AdminChange(act, _) => match act {
                Act::Read => event(&["configuration"], &["access"]),
                Act::Create => event(&["configuration"], &["creation"]),
                Act::Update | Act::Write | Act::Unlock => event(&["configuration"], &["change"]),
                Act::Delete => event(&["configuration"], &["deletion"]),
                Act::Start => event(&["configuration"], &["info"]),
            },
            Happened::SystemNotice(Notice::Network) => event(&["network"], &["info"]),
            Happened::SystemNotice(
                Notice::Extension | Notice::Message | Notice::Product | Notice::Service,
            ) => event(&[], &["info"]),
        }
    }
}

/// Whoever shows credentials begins something; whoever turns a token into another goes on with it.
fn token_exchange(proof: Proof) -> Class {
    match proof {
        Proof::Unsaid
        | Proof::Password
        | Proof::PasswordAndFactor
        | Proof::PasskeyAndFactor
        | Proof::OneTimeCode
        | Proof::Social
        | Proof::ClientCredentials
        | Proof::DeviceCode
        | Proof::Backchannel => event(&["authentication"], &["start"]),
        Proof::Session
        | Proof::AuthorizationCode
        | Proof::RefreshToken
        | Proof::Token
        | Proof::Delegation => event(&["authentication"], &["info"]),
    }
}

/// What the event captures, as an object and what was done to it; the second is empty where one word says both.
pub(crate) fn action(happened: Happened) -> (&'static str, &'static str) {
    match happened {
        Happened::Logon(_) => ("logon", ""),
        Happened::LogonStep => ("logon", "step"),
        Happened::Logoff => ("logoff", ""),
        Happened::SignUp => ("sign-up", ""),
        Happened::TokenExchange(_) => ("token", "exchange"),
        Happened::TokenRevocation => ("token", "revocation"),
        Happened::MfaChallenge(..) => ("mfa", "challenge"),
        Happened::MfaEnrolment(act, _) => ("mfa-enrolment", act_name(act)),
        Happened::PasswordChange(act) => ("password", act_name(act)),
        Happened::BreachedPassword(_) => ("breached", "password"),
        Happened::BruteForceBlock(_) => ("brute-force", "block"),
        Happened::RateLimit => ("rate", "limit"),
        Happened::UserChange(act, object) | Happened::AdminChange(act, object) => {
            (object_name(object), act_name(act))
        }
        Happened::ApiOperation(act) => ("api", act_name(act)),
        Happened::SystemNotice(Notice::Network) => ("network", "notice"),
        Happened::SystemNotice(Notice::Extension) => ("extension", "notice"),
        Happened::SystemNotice(Notice::Message) => ("message", "notice"),
        Happened::SystemNotice(Notice::Product) => ("product", "notice"),
        Happened::SystemNotice(Notice::Service) => ("service", "notice"),
    }
}

fn act_name(act: Act) -> &'static str {
    match act {
        Act::Create => "create",
        Act::Read => "read",
        Act::Update => "update",
        Act::Delete => "delete",
        Act::Write => "write",
        Act::Unlock => "unlock",
        Act::Start => "start",
    }
}

fn object_name(object: Object) -> &'static str {
    match object {
        Object::User => "user",
        Object::Users => "users",
        Object::UserName => "user-name",
        Object::Email => "email",
        Object::EmailVerification => "email-verification",
        Object::PhoneNumber => "phone-number",
        Object::ConnectedAccount => "connected-account",
        Object::OrganizationMember => "organization-member",
        Object::MfaSettings => "mfa-settings",
        Object::Key => "key",
        Object::Configuration => "configuration",
        Object::Connection => "connection",
        Object::CustomDomain => "custom-domain",
        Object::Resource => "resource",
    }
}
