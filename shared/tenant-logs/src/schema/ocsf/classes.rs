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
    pub(crate) id: u32,
    /// The class's own word for the id.
    pub(crate) caption: &'static str,
    /// The caption, or our word where the class has none.
    pub(crate) name: &'static str,
}

impl Class {
    pub(crate) fn uid(self) -> u32 {
        match self {
            Self::BaseEvent => 0,
            Self::DetectionFinding => 2004,
            Self::AccountChange => 3001,
            Self::Authentication => 3002,
            Self::EntityManagement => 3004,
            Self::UserAccess => 3005,
            Self::ApiActivity => 6003,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::BaseEvent => "Base Event",
            Self::DetectionFinding => "Detection Finding",
            Self::AccountChange => "Account Change",
            Self::Authentication => "Authentication",
            Self::EntityManagement => "Entity Management",
            Self::UserAccess => "User Access Management",
            Self::ApiActivity => "API Activity",
        }
    }

    pub(super) fn category_uid(self) -> u32 {
        self.uid() / 1000
    }

    pub(super) fn category_name(self) -> &'static str {
        match self {
            Self::BaseEvent => "Uncategorized",
            Self::DetectionFinding => "Findings",
            Self::AccountChange
            | Self::Authentication
            | Self::EntityManagement
            | Self::UserAccess => "Identity & Access Management",
            Self::ApiActivity => "Application Activity",
        }
    }

    const fn does(self, id: u32, caption: &'static str) -> Activity {
        Activity {
            class: self,
            id,
            caption,
            name: caption,
        }
    }

    /// An activity that the class has no word for.
    const fn does_other(self, name: &'static str) -> Activity {
        Activity {
            class: self,
            id: 99,
            caption: "Other",
            name,
        }
    }
}

impl Activity {
    /// The activity of what happened; an unknown code is a base event of which nothing is known.
    pub(crate) fn of(happened: Option<Happened>) -> Self {
        use Class::{AccountChange, ApiActivity, Authentication, BaseEvent, DetectionFinding};
        let Some(happened) = happened else {
            return BaseEvent.does(0, "Unknown");
        };
        match happened {
            Happened::Logon(_) => Authentication.does(1, "Logon"),
            Happened::LogonStep => Authentication.does(6, "Preauth"),
            Happened::Logoff => Authentication.does(2, "Logoff"),
            Happened::TokenExchange(proof) => token_exchange(proof),
            Happened::TokenRevocation => Authentication.does_other("Token Revocation"),
            Happened::MfaChallenge(challenge, _) => Authentication.does_other(match challenge {
                Challenge::Sent => "MFA Challenge",
                Challenge::Answered => "MFA Verification",
            }),
            Happened::SignUp => AccountChange.does(1, "Create"),
            Happened::MfaEnrolment(act, _) => match act {
                Act::Create => AccountChange.does(10, "MFA Factor Enable"),
                Act::Delete => AccountChange.does(11, "MFA Factor Disable"),
                Act::Start => AccountChange.does_other("MFA Enrolment Start"),
                Act::Read | Act::Update | Act::Write | Act::Unlock => {
                    AccountChange.does_other("MFA Factor Update")
                }
            },
            Happened::PasswordChange(Act::Start) => AccountChange.does(4, "Password Reset"),
            Happened::PasswordChange(
                Act::Create | Act::Read | Act::Update | Act::Delete | Act::Write | Act::Unlock,
            ) => AccountChange.does(3, "Password Change"),
            Happened::BreachedPassword(_) | Happened::BruteForceBlock(_) => {
                DetectionFinding.does(1, "Create")
            }
            Happened::RateLimit => ApiActivity.does_other("Rate Limit"),
            Happened::UserChange(act, object) => user_change(act, object),
            Happened::AdminChange(_, Object::OrganizationMember) => {
                Class::UserAccess.does(1, "Assign Privileges")
            }
            Happened::AdminChange(act, _) => entity_management(act),
            Happened::ApiOperation(act) => match act {
                Act::Create => ApiActivity.does(1, "Create"),
                Act::Read => ApiActivity.does(2, "Read"),
                Act::Update => ApiActivity.does(3, "Update"),
                Act::Delete => ApiActivity.does(4, "Delete"),
                Act::Write | Act::Unlock | Act::Start => ApiActivity.does_other("Write"),
            },
            Happened::SystemNotice(notice) => BaseEvent.does_other(match notice {
                Notice::Network => "Network Notice",
                Notice::Extension => "Extension Notice",
                Notice::Message => "Message Notice",
                Notice::Product => "Product Notice",
                Notice::Service => "Service Notice",
            }),
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
        | Proof::Backchannel => Class::Authentication.does(1, "Logon"),
        Proof::Session
        | Proof::AuthorizationCode
        | Proof::RefreshToken
        | Proof::Token
        | Proof::Delegation => Class::Authentication.does_other("Token Exchange"),
    }
}

fn user_change(act: Act, object: Object) -> Activity {
    use Class::AccountChange;
    match object {
        Object::User => match act {
            Act::Create => AccountChange.does(1, "Create"),
            Act::Delete => AccountChange.does(6, "Delete"),
            Act::Unlock => AccountChange.does(12, "Unlock"),
            Act::Read | Act::Update | Act::Write | Act::Start => {
                AccountChange.does_other("User Update")
            }
        },
        Object::UserName => AccountChange.does_other("User Name Change"),
        Object::Email => AccountChange.does_other("Email Change"),
        Object::EmailVerification => AccountChange.does_other("Email Verification"),
        Object::PhoneNumber => AccountChange.does_other("Phone Number Change"),
        Object::ConnectedAccount => AccountChange.does_other(match act {
            Act::Delete => "Connected Account Delete",
            Act::Create | Act::Read | Act::Update | Act::Write | Act::Unlock | Act::Start => {
                "Connected Account Create"
            }
        }),
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
    use Class::EntityManagement;
    match act {
        Act::Create => EntityManagement.does(1, "Create"),
        Act::Read => EntityManagement.does(2, "Read"),
        Act::Update | Act::Write => EntityManagement.does(3, "Update"),
        Act::Delete => EntityManagement.does(4, "Delete"),
        Act::Unlock => EntityManagement.does(8, "Enable"),
        Act::Start => EntityManagement.does_other("Start"),
    }
}
