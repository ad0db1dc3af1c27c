//! What a meaning is in the words of ECS: kind, categories, types and action.
//!
//! A defence that stepped in is an alert about an intrusion or a logon, never a threat indicator: those describe what
//! is known of an attacker, not what somebody did.

use crate::Outcome;
use crate::event_type::meaning::{Activity, Attempt, Notice, Operation, Resource};
use crate::schema::event_view::EventView;
use crate::schema::targets::Target;

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
    pub(crate) fn of(view: &EventView<'_>) -> Self {
        match view.activity() {
            None => event(&[], &["info"]),
            Some(Activity::RateLimit) if view.outcome() == Outcome::Failure => {
                event(&["api"], &["denied"])
            }
            Some(activity) => {
                let class = Self::of_meaning(activity);
                let is_identity = |target: &Target<'_>| target.kind.is_identity();
                let is_operation = matches!(activity, Activity::ApiOperation(_));
                if is_operation && view.targets.iter().any(is_identity) {
                    return event(&["api", "iam"], class.types);
                }
                class
            }
        }
    }

    /// The class as far as the code tells it.
    pub(crate) fn of_meaning(activity: Activity) -> Self {
        match activity {
            Activity::Logon(_) => event(&["authentication"], &["start"]),
            // Whoever shows credentials begins something.
            Activity::TokenExchange(proof) if proof.is_credential() => {
                event(&["authentication"], &["start"])
            }
            Activity::TokenExchange(_) | Activity::LogonStep | Activity::MfaChallenge(..) => {
                event(&["authentication"], &["info"])
            }
            Activity::Logoff => event(&["authentication", "session"], &["end"]),
            Activity::TokenRevocation => event(&["session"], &["end"]),
            Activity::SignUp => event(&["iam"], &["user", "creation"]),
            Activity::MfaEnrolment(operation, _) | Activity::PasswordChange(operation) => {
                match operation {
                    Operation::Start | Operation::Read => event(&["iam"], &["user", "info"]),
                    Operation::Create
                    | Operation::Update
                    | Operation::Delete
                    | Operation::Write
                    | Operation::Unlock => event(&["iam"], &["user", "change"]),
                }
            }
            Activity::BreachedPassword(attempt) => match attempt {
                Attempt::Logon | Attempt::Factor => {
                    alert(&["authentication", "intrusion_detection"], &["info"])
                }
                Attempt::SignUp | Attempt::PasswordChange => {
                    alert(&["iam", "intrusion_detection"], &["user", "info"])
                }
            },
            Activity::BruteForceBlock(_) => alert(
                &["authentication", "intrusion_detection"],
                &["denied", "info"],
            ),
            Activity::RateLimit => event(&["api"], &["info"]),
            Activity::ApiOperation(operation) => match operation {
                Operation::Read => event(&["api"], &["admin", "access"]),
                Operation::Create => event(&["api"], &["admin", "creation"]),
                Operation::Delete => event(&["api"], &["admin", "deletion"]),
                Operation::Update | Operation::Write | Operation::Unlock | Operation::Start => {
                    event(&["api"], &["admin", "change"])
                }
            },
            Activity::UserChange(operation, _) => user_change(operation),
            Activity::AdminChange(_, Resource::OrganizationMember) => {
                event(&["iam"], &["group", "change"])
            }
            Activity::AdminChange(operation, _) => match operation {
                Operation::Read => event(&["configuration"], &["access"]),
                Operation::Create => event(&["configuration"], &["creation"]),
                Operation::Update | Operation::Write | Operation::Unlock => {
                    event(&["configuration"], &["change"])
                }
                Operation::Delete => event(&["configuration"], &["deletion"]),
                Operation::Start => event(&["configuration"], &["info"]),
            },
            Activity::SystemNotice(Notice::Network) => event(&["network"], &["info"]),
            Activity::SystemNotice(
                Notice::Extension | Notice::Message | Notice::Product | Notice::Service,
            ) => event(&[], &["info"]),
        }
    }
}

/// What happens to an account, an operation on it each.
fn user_change(operation: Operation) -> Class {
    match operation {
        Operation::Start | Operation::Read => event(&["iam"], &["user", "info"]),
        Operation::Create => event(&["iam"], &["user", "creation"]),
        Operation::Update | Operation::Write | Operation::Unlock => {
            event(&["iam"], &["user", "change"])
        }
        Operation::Delete => event(&["iam"], &["user", "deletion"]),
    }
}

/// What the event captures, as a resource and what was done to it; the second is empty where one word says both.
pub(crate) fn action(activity: Activity) -> (&'static str, &'static str) {
    match activity {
        Activity::Logon(_) => ("logon", ""),
        Activity::LogonStep => ("logon", "step"),
        Activity::Logoff => ("logoff", ""),
        Activity::SignUp => ("sign-up", ""),
        Activity::TokenExchange(_) => ("token", "exchange"),
        Activity::TokenRevocation => ("token", "revocation"),
        Activity::MfaChallenge(..) => ("mfa", "challenge"),
        Activity::MfaEnrolment(operation, _) => ("mfa-enrolment", operation_name(operation)),
        Activity::PasswordChange(operation) => ("password", operation_name(operation)),
        Activity::BreachedPassword(_) => ("breached", "password"),
        Activity::BruteForceBlock(_) => ("brute-force", "block"),
        Activity::RateLimit => ("rate", "limit"),
        Activity::UserChange(operation, resource) | Activity::AdminChange(operation, resource) => {
            (resource_name(resource), operation_name(operation))
        }
        Activity::ApiOperation(operation) => ("api", operation_name(operation)),
        Activity::SystemNotice(Notice::Network) => ("network", "notice"),
        Activity::SystemNotice(Notice::Extension) => ("extension", "notice"),
        Activity::SystemNotice(Notice::Message) => ("message", "notice"),
        Activity::SystemNotice(Notice::Product) => ("product", "notice"),
        Activity::SystemNotice(Notice::Service) => ("service", "notice"),
    }
}

fn operation_name(operation: Operation) -> &'static str {
    match operation {
        Operation::Create => "create",
        Operation::Read => "read",
        Operation::Update => "update",
        Operation::Delete => "delete",
        Operation::Write => "write",
        Operation::Unlock => "unlock",
        Operation::Start => "start",
    }
}

fn resource_name(resource: Resource) -> &'static str {
    match resource {
        Resource::User => "user",
        Resource::Users => "users",
        Resource::UserName => "user-name",
        Resource::Email => "email",
        Resource::EmailVerification => "email-verification",
        Resource::PhoneNumber => "phone-number",
        Resource::ConnectedAccount => "connected-account",
        Resource::OrganizationMember => "organization-member",
        Resource::MfaSettings => "mfa-settings",
        Resource::Key => "key",
        Resource::Configuration => "configuration",
        Resource::Connection => "connection",
        Resource::CustomDomain => "custom-domain",
        Resource::Surplus => "resource",
    }
}
