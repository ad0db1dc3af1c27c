//! Texts that say why something failed, for codes that stand for many reasons. A text overrides what the code says.

use super::meaning::FailureReason;

/// What a description or an error's message contains, in lower case, and what it means. The first that fits counts.
const TEXTS: &[(&str, FailureReason)] = &[
    (
        "multiple consecutive login attempts",
        FailureReason::UserLocked,
    ),
    ("user is blocked", FailureReason::UserDisabled),
    ("user blocked", FailureReason::UserDisabled),
    ("user has been blocked", FailureReason::UserDisabled),
    ("account is blocked", FailureReason::UserDisabled),
    ("callback url mismatch", FailureReason::Other),
    ("callback mismatch", FailureReason::Other),
    ("redirect uri", FailureReason::Other),
    ("consent required", FailureReason::Other),
    ("interaction required", FailureReason::Other),
    ("multifactor authentication required", FailureReason::Other),
    ("mfa required", FailureReason::Other),
    ("password expired", FailureReason::PasswordExpired),
    ("password has expired", FailureReason::PasswordExpired),
    ("wrong email or password", FailureReason::WrongPassword),
    ("wrong username or password", FailureReason::WrongPassword),
    ("wrong password", FailureReason::WrongPassword),
    ("invalid user password", FailureReason::WrongPassword),
    ("login required", FailureReason::SessionExpired),
    ("user does not exist", FailureReason::NoSuchUser),
    ("user not found", FailureReason::NoSuchUser),
    ("access denied", FailureReason::AgainstPolicy),
];

/// Returns what a text says of the reason.
pub(crate) fn reason_in(text: &str) -> Option<FailureReason> {
    // A code has underscores where a sentence has blanks.
    let text = text.to_lowercase().replace('_', " ");
    let found = TEXTS.iter().find(|(part, _)| text.contains(part));
    found.map(|(_, reason)| *reason)
}
