//! What a meaning is in the words of OCSF: the class and the activity.

use crate::{Act, Challenge, Happened, Notice, Object, Proof};

/// A class of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    BaseEvent,
    DetectionFinding,
    AccountChange,
    Authentication,
    EntityManagement,
    UserAccess,
    ApiActivity,
}

/// What was done, within a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Activity {
    pub(crate) class: Class,
    /// Category, class, activity and type by number and by name, as members of the event.
    pub(crate) json: &'static str,
}

/// An activity, ready-made: the type's number, which holds the others, and the class's own word for the activity.
/// `else` gives ours where the class has none.
macro_rules! activity {
    (BaseEvent, $uid:literal, $id:literal, $($words:tt)+) => {
        activity!(@ BaseEvent, 0, "Uncategorized", 0, "Base Event", $uid, $id, $($words)+)
    };
    (DetectionFinding, $uid:literal, $id:literal, $($words:tt)+) => {
        activity!(@ DetectionFinding, 2, "Findings", 2004, "Detection Finding", $uid, $id, $($words)+)
    };
    (AccountChange, $uid:literal, $id:literal, $($words:tt)+) => {
        activity!(@ AccountChange, 3, "Identity & Access Management", 3001, "Account Change", $uid, $id, $($words)+)
    };
    (Authentication, $uid:literal, $id:literal, $($words:tt)+) => {
        activity!(@ Authentication, 3, "Identity & Access Management", 3002, "Authentication", $uid, $id, $($words)+)
    };
    (EntityManagement, $uid:literal, $id:literal, $($words:tt)+) => {
        activity!(@ EntityManagement, 3, "Identity & Access Management", 3004, "Entity Management", $uid, $id, $($words)+)
    };
    (UserAccess, $uid:literal, $id:literal, $($words:tt)+) => {
        activity!(@ UserAccess, 3, "Identity & Access Management", 3005, "User Access Management", $uid, $id, $($words)+)
    };
    (ApiActivity, $uid:literal, $id:literal, $($words:tt)+) => {
        activity!(@ ApiActivity, 6, "Application Activity", 6003, "API Activity", $uid, $id, $($words)+)
    };
    (@ $class:ident, $category:literal, $category_name:literal, $class_uid:literal, $class_name:literal,
        $uid:literal, $id:literal, else $name:literal) => {
        activity!(# $class, $category, $category_name, $class_uid, $class_name, $uid, $id, "Other", $name)
    };
    (@ $class:ident, $category:literal, $category_name:literal, $class_uid:literal, $class_name:literal,
        $uid:literal, $id:literal, $name:literal) => {
        activity!(# $class, $category, $category_name, $class_uid, $class_name, $uid, $id, $name, $name)
    };
    (# $class:ident, $category:literal, $category_name:literal, $class_uid:literal, $class_name:literal,
        $uid:literal, $id:literal, $caption:literal, $name:literal) => {
        Activity {
            class: Class::$class,
            json: concat!(
                r#","category_uid":"#, $category, r#","category_name":""#, $category_name,
                r#"","class_uid":"#, $class_uid, r#","class_name":""#, $class_name,
                r#"","activity_id":"#, $id, r#","activity_name":""#, $name,
                r#"","type_uid":"#, $uid, r#","type_name":""#, $class_name, ": ", $caption, "\"",
            ),
        }
    };
}

impl Activity {
    /// The activity of what happened; an unknown code is a base event of which nothing is known.
    pub(crate) fn of(happened: Option<Happened>) -> Self {
        let Some(happened) = happened else {
            return activity!(BaseEvent, 0, 0, "Unknown");
        };
        match happened {
            Happened::Logon(_) => activity!(Authentication, 300201, 1, "Logon"),
            Happened::LogonStep => activity!(Authentication, 300206, 6, "Preauth"),
            Happened::Logoff => activity!(Authentication, 300202, 2, "Logoff"),
            Happened::TokenExchange(proof) => token_exchange(proof),
            Happened::TokenRevocation => {
                activity!(Authentication, 300299, 99, else "Token Revocation")
            }
            Happened::MfaChallenge(Challenge::Sent, _) => {
                activity!(Authentication, 300299, 99, else "MFA Challenge")
            }
            Happened::MfaChallenge(Challenge::Answered, _) => {
                activity!(Authentication, 300299, 99, else "MFA Verification")
            }
            Happened::SignUp => activity!(AccountChange, 300101, 1, "Create"),
            Happened::MfaEnrolment(act, _) => mfa_enrolment(act),
            Happened::PasswordChange(Act::Start) => {
                activity!(AccountChange, 300104, 4, "Password Reset")
            }
            Happened::PasswordChange(
                Act::Create | Act::Read | Act::Update | Act::Delete | Act::Write | Act::Unlock,
            ) => activity!(AccountChange, 300103, 3, "Password Change"),
            Happened::BreachedPassword(_) | Happened::BruteForceBlock(_) => {
                activity!(DetectionFinding, 200401, 1, "Create")
            }
            Happened::RateLimit => activity!(ApiActivity, 600399, 99, else "Rate Limit"),
            Happened::UserChange(act, object) => user_change(act, object),
            Happened::AdminChange(_, Object::OrganizationMember) => {
                activity!(UserAccess, 300501, 1, "Assign Privileges")
            }
            Happened::AdminChange(act, _) => entity_management(act),
            Happened::ApiOperation(act) => api_operation(act),
            Happened::SystemNotice(notice) => system_notice(notice),
        }
    }
}

/// Whoever shows credentials logs on; whoever turns a token into another goes on with a logon.
fn token_exchange(proof: Proof) -> Activity {
    match proof {
        Proof::Unsaid
        | Proof::Password
        | Proof::PasswordAndFactor
        | Proof::PasskeyAndFactor
        | Proof::OneTimeCode
        | Proof::Social
        | Proof::ClientCredentials
        | Proof::DeviceCode
        | Proof::Backchannel => activity!(Authentication, 300201, 1, "Logon"),
        Proof::Session
        | Proof::AuthorizationCode
        | Proof::RefreshToken
        | Proof::Token
        | Proof::Delegation => activity!(Authentication, 300299, 99, else "Token Exchange"),
    }
}

fn mfa_enrolment(act: Act) -> Activity {
    match act {
        Act::Create => activity!(AccountChange, 300110, 10, "MFA Factor Enable"),
        Act::Delete => activity!(AccountChange, 300111, 11, "MFA Factor Disable"),
        Act::Start => activity!(AccountChange, 300199, 99, else "MFA Enrolment Start"),
        Act::Read | Act::Update | Act::Write | Act::Unlock => {
            activity!(AccountChange, 300199, 99, else "MFA Factor Update")
        }
    }
}

fn user_change(act: Act, object: Object) -> Activity {
    match object {
        Object::User => match act {
            Act::Create => activity!(AccountChange, 300101, 1, "Create"),
            Act::Delete => activity!(AccountChange, 300106, 6, "Delete"),
            Act::Unlock => activity!(AccountChange, 300112, 12, "Unlock"),
            Act::Read | Act::Update | Act::Write | Act::Start => {
                activity!(AccountChange, 300199, 99, else "User Update")
            }
        },
        Object::UserName => activity!(AccountChange, 300199, 99, else "User Name Change"),
        Object::Email => activity!(AccountChange, 300199, 99, else "Email Change"),
        Object::EmailVerification => {
            activity!(AccountChange, 300199, 99, else "Email Verification")
        }
        Object::PhoneNumber => activity!(AccountChange, 300199, 99, else "Phone Number Change"),
        Object::ConnectedAccount => match act {
            Act::Delete => activity!(AccountChange, 300199, 99, else "Connected Account Delete"),
            Act::Create | Act::Read | Act::Update | Act::Write | Act::Unlock | Act::Start => {
                activity!(AccountChange, 300199, 99, else "Connected Account Create")
            }
        },
        Object::Users
        | Object::OrganizationMember
        | Object::MfaSettings
        | Object::Key
        | Object::Configuration
        | Object::Connection
        | Object::CustomDomain
        | Object::Resource => entity_management(act),
    }
}

fn entity_management(act: Act) -> Activity {
    match act {
        Act::Create => activity!(EntityManagement, 300401, 1, "Create"),
        Act::Read => activity!(EntityManagement, 300402, 2, "Read"),
        Act::Update | Act::Write => activity!(EntityManagement, 300403, 3, "Update"),
        Act::Delete => activity!(EntityManagement, 300404, 4, "Delete"),
        Act::Unlock => activity!(EntityManagement, 300408, 8, "Enable"),
        Act::Start => activity!(EntityManagement, 300499, 99, else "Start"),
    }
}

fn api_operation(act: Act) -> Activity {
    match act {
        Act::Create => activity!(ApiActivity, 600301, 1, "Create"),
        Act::Read => activity!(ApiActivity, 600302, 2, "Read"),
        Act::Update => activity!(ApiActivity, 600303, 3, "Update"),
        Act::Delete => activity!(ApiActivity, 600304, 4, "Delete"),
        Act::Write | Act::Unlock | Act::Start => {
            activity!(ApiActivity, 600399, 99, else "Write")
        }
    }
}

fn system_notice(notice: Notice) -> Activity {
    match notice {
        Notice::Network => activity!(BaseEvent, 99, 99, else "Network Notice"),
        Notice::Extension => activity!(BaseEvent, 99, 99, else "Extension Notice"),
        Notice::Message => activity!(BaseEvent, 99, 99, else "Message Notice"),
        Notice::Product => activity!(BaseEvent, 99, 99, else "Product Notice"),
        Notice::Service => activity!(BaseEvent, 99, 99, else "Service Notice"),
    }
}
