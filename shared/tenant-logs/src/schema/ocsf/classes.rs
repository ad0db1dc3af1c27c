//! What a meaning is in the words of OCSF: the class and the activity.

use crate::event_type::meaning::{Activity, Challenge, Notice, Operation, Resource};

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
pub(crate) struct ClassActivity {
    pub(crate) class: Class,
    /// Category, class, activity and type by number and by name, as members of the event.
    pub(crate) json: &'static str,
}

/// An activity, ready-made: the type's number, which holds the others, and the class's own word for the activity.
/// `else` gives ours where the class has none.
macro_rules! class_activity {
    (BaseEvent, $uid:literal, $id:literal, $($words:tt)+) => {
        class_activity!(@ BaseEvent, 0, "Uncategorized", 0, "Base Event", $uid, $id, $($words)+)
    };
    (DetectionFinding, $uid:literal, $id:literal, $($words:tt)+) => {
        class_activity!(@ DetectionFinding, 2, "Findings", 2004, "Detection Finding", $uid, $id, $($words)+)
    };
    (AccountChange, $uid:literal, $id:literal, $($words:tt)+) => {
        class_activity!(@ AccountChange, 3, "Identity & Access Management", 3001, "Account Change", $uid, $id, $($words)+)
    };
    (Authentication, $uid:literal, $id:literal, $($words:tt)+) => {
        class_activity!(@ Authentication, 3, "Identity & Access Management", 3002, "Authentication", $uid, $id, $($words)+)
    };
    (EntityManagement, $uid:literal, $id:literal, $($words:tt)+) => {
        class_activity!(@ EntityManagement, 3, "Identity & Access Management", 3004, "Entity Management", $uid, $id, $($words)+)
    };
    (UserAccess, $uid:literal, $id:literal, $($words:tt)+) => {
        class_activity!(@ UserAccess, 3, "Identity & Access Management", 3005, "User Access Management", $uid, $id, $($words)+)
    };
    (ApiActivity, $uid:literal, $id:literal, $($words:tt)+) => {
        class_activity!(@ ApiActivity, 6, "Application Activity", 6003, "API Activity", $uid, $id, $($words)+)
    };
    (@ $class:ident, $category:literal, $category_name:literal, $class_uid:literal, $class_name:literal,
        $uid:literal, $id:literal, else $name:literal) => {
        class_activity!(# $class, $category, $category_name, $class_uid, $class_name, $uid, $id, "Other", $name)
    };
    (@ $class:ident, $category:literal, $category_name:literal, $class_uid:literal, $class_name:literal,
        $uid:literal, $id:literal, $name:literal) => {
        class_activity!(# $class, $category, $category_name, $class_uid, $class_name, $uid, $id, $name, $name)
    };
    (# $class:ident, $category:literal, $category_name:literal, $class_uid:literal, $class_name:literal,
        $uid:literal, $id:literal, $caption:literal, $name:literal) => {
        ClassActivity {
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

impl ClassActivity {
    /// The activity of what happened; an unknown code is a base event of which nothing is known.
    pub(crate) fn of(activity: Option<Activity>) -> Self {
        let Some(activity) = activity else {
            return class_activity!(BaseEvent, 0, 0, "Unknown");
        };
        match activity {
            Activity::Logon(_) => class_activity!(Authentication, 300201, 1, "Logon"),
            // Whoever shows credentials logs on.
            Activity::TokenExchange(proof) if proof.is_credential() => {
                class_activity!(Authentication, 300201, 1, "Logon")
            }
            Activity::TokenExchange(_) => {
                class_activity!(Authentication, 300299, 99, else "Token Exchange")
            }
            Activity::LogonStep => class_activity!(Authentication, 300206, 6, "Preauth"),
            Activity::Logoff => class_activity!(Authentication, 300202, 2, "Logoff"),
            Activity::TokenRevocation => {
                class_activity!(Authentication, 300299, 99, else "Token Revocation")
            }
            Activity::MfaChallenge(Challenge::Sent, _) => {
                class_activity!(Authentication, 300299, 99, else "MFA Challenge")
            }
            Activity::MfaChallenge(Challenge::Answered, _) => {
                class_activity!(Authentication, 300299, 99, else "MFA Verification")
            }
            Activity::SignUp => class_activity!(AccountChange, 300101, 1, "Create"),
            Activity::MfaEnrolment(operation, _) => mfa_enrolment(operation),
            Activity::PasswordChange(Operation::Start) => {
                class_activity!(AccountChange, 300104, 4, "Password Reset")
            }
            Activity::PasswordChange(
                Operation::Create
                | Operation::Read
                | Operation::Update
                | Operation::Delete
                | Operation::Write
                | Operation::Unlock,
            ) => class_activity!(AccountChange, 300103, 3, "Password Change"),
            Activity::BreachedPassword(_) | Activity::BruteForceBlock(_) => {
                class_activity!(DetectionFinding, 200401, 1, "Create")
            }
            Activity::RateLimit => class_activity!(ApiActivity, 600399, 99, else "Rate Limit"),
            Activity::UserChange(operation, resource) => user_change(operation, resource),
            Activity::AdminChange(_, Resource::OrganizationMember) => {
                class_activity!(UserAccess, 300501, 1, "Assign Privileges")
            }
            Activity::AdminChange(operation, _) => entity_management(operation),
            Activity::ApiOperation(operation) => api_operation(operation),
            Activity::SystemNotice(notice) => system_notice(notice),
        }
    }
}

fn mfa_enrolment(operation: Operation) -> ClassActivity {
    match operation {
        Operation::Create => class_activity!(AccountChange, 300110, 10, "MFA Factor Enable"),
        Operation::Delete => class_activity!(AccountChange, 300111, 11, "MFA Factor Disable"),
        Operation::Start => class_activity!(AccountChange, 300199, 99, else "MFA Enrolment Start"),
        Operation::Read | Operation::Update | Operation::Write | Operation::Unlock => {
            class_activity!(AccountChange, 300199, 99, else "MFA Factor Update")
        }
    }
}

fn user_change(operation: Operation, resource: Resource) -> ClassActivity {
    match resource {
        Resource::User => match operation {
            Operation::Create => class_activity!(AccountChange, 300101, 1, "Create"),
            Operation::Delete => class_activity!(AccountChange, 300106, 6, "Delete"),
            Operation::Unlock => class_activity!(AccountChange, 300112, 12, "Unlock"),
            Operation::Read => class_activity!(AccountChange, 300199, 99, else "User Read"),
            Operation::Update | Operation::Write | Operation::Start => {
                class_activity!(AccountChange, 300199, 99, else "User Update")
            }
        },
        Resource::UserName => class_activity!(AccountChange, 300199, 99, else "User Name Change"),
        Resource::Email => class_activity!(AccountChange, 300199, 99, else "Email Change"),
        Resource::EmailVerification => {
            class_activity!(AccountChange, 300199, 99, else "Email Verification")
        }
        Resource::PhoneNumber => {
            class_activity!(AccountChange, 300199, 99, else "Phone Number Change")
        }
        Resource::ConnectedAccount => match operation {
            Operation::Delete => {
                class_activity!(AccountChange, 300199, 99, else "Connected Account Delete")
            }
            Operation::Create
            | Operation::Read
            | Operation::Update
            | Operation::Write
            | Operation::Unlock
            | Operation::Start => {
                class_activity!(AccountChange, 300199, 99, else "Connected Account Create")
            }
        },
        Resource::Users
        | Resource::OrganizationMember
        | Resource::MfaSettings
        | Resource::Key
        | Resource::Configuration
        | Resource::Connection
        | Resource::CustomDomain
        | Resource::Surplus => entity_management(operation),
    }
}

fn entity_management(operation: Operation) -> ClassActivity {
    match operation {
        Operation::Create => class_activity!(EntityManagement, 300401, 1, "Create"),
        Operation::Read => class_activity!(EntityManagement, 300402, 2, "Read"),
        Operation::Update | Operation::Write => {
            class_activity!(EntityManagement, 300403, 3, "Update")
        }
        Operation::Delete => class_activity!(EntityManagement, 300404, 4, "Delete"),
        Operation::Unlock => class_activity!(EntityManagement, 300408, 8, "Enable"),
        Operation::Start => class_activity!(EntityManagement, 300499, 99, else "Start"),
    }
}

fn api_operation(operation: Operation) -> ClassActivity {
    match operation {
        Operation::Create => class_activity!(ApiActivity, 600301, 1, "Create"),
        Operation::Read => class_activity!(ApiActivity, 600302, 2, "Read"),
        Operation::Update => class_activity!(ApiActivity, 600303, 3, "Update"),
        Operation::Delete => class_activity!(ApiActivity, 600304, 4, "Delete"),
        Operation::Write | Operation::Unlock | Operation::Start => {
            class_activity!(ApiActivity, 600399, 99, else "Write")
        }
    }
}

fn system_notice(notice: Notice) -> ClassActivity {
    match notice {
        Notice::Network => class_activity!(BaseEvent, 99, 99, else "Network Notice"),
        Notice::Extension => class_activity!(BaseEvent, 99, 99, else "Extension Notice"),
        Notice::Message => class_activity!(BaseEvent, 99, 99, else "Message Notice"),
        Notice::Product => class_activity!(BaseEvent, 99, 99, else "Product Notice"),
        Notice::Service => class_activity!(BaseEvent, 99, 99, else "Service Notice"),
    }
}
