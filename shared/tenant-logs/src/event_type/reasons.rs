//! Texts and codes of errors that say why something failed, for type codes that stand for many reasons.
//!
//! What an event tells counts in this order, and no schema guesses:
//! 1. a cause that its type code does not say, by the first of its texts and its error's own codes that names one: who logs
//!    on with a password and is told `user_blocked` did not mistype it;
//! 2. what the type code says;
//! 3. what is told but may stand for something else: a wrong password, which strangers are told whatever the reason is, and
//!    the code `access_denied`, which Auth0 also answers a wrong client secret with.

use super::meaning::FailureReason::{
    self, AccountExpired, AgainstPolicy, NoSuchApplication, NoSuchUser, Other, PasswordExpired,
    SessionExpired, UserDisabled, UserLocked, WrongKey, WrongPassword,
};

/// What stands in a text or a code from the begin of a word on, in lower case and with blanks between the words, and what it
/// means. The first that fits counts, so what is contained in another stands after it.
///
/// `AgainstPolicy` is what Microsoft says of "Logon violates policy": a further factor is required, access is restricted,
/// attempts are too frequent.
const TEXTS: &[(&str, FailureReason)] = &[
    ("multiple consecutive login attempts", UserLocked),
    ("too many attempts", UserLocked),
    ("too many failed", UserLocked),
    ("too many login attempts", UserLocked),
    ("too many logins", UserLocked),
    ("account is locked", UserLocked),
    ("account locked", UserLocked),
    ("account has been locked", UserLocked),
    ("user is locked", UserLocked),
    ("user locked", UserLocked),
    ("user is blocked", UserDisabled),
    ("user blocked", UserDisabled),
    ("blocked user", UserDisabled),
    ("user has been blocked", UserDisabled),
    ("account is blocked", UserDisabled),
    ("account blocked", UserDisabled),
    ("account has been blocked", UserDisabled),
    ("user is disabled", UserDisabled),
    ("user disabled", UserDisabled),
    ("account is disabled", UserDisabled),
    ("account disabled", UserDisabled),
    ("account has been disabled", UserDisabled),
    ("account is suspended", UserDisabled),
    ("account has been suspended", UserDisabled),
    ("account is expired", AccountExpired),
    ("account expired", AccountExpired),
    ("account has expired", AccountExpired),
    ("unknown client", NoSuchApplication),
    ("client not found", NoSuchApplication),
    ("client does not exist", NoSuchApplication),
    ("session timed out", SessionExpired),
    ("session timeout", SessionExpired),
    ("callback url mismatch", Other),
    ("callback mismatch", Other),
    ("list of allowed", Other),
    ("redirect uri", Other),
    ("consent required", Other),
    ("interaction required", Other),
    ("account selection required", Other),
    ("invalid request", Other),
    ("invalid scope", Other),
    ("unsupported grant type", Other),
    ("unsupported response type", Other),
    ("unsupported challenge type", Other),
    ("service not found", Other),
    ("server error", Other),
    ("internal error", Other),
    ("unavailable", Other),
    ("timed out", Other),
    ("timeout", Other),
    ("cancelled by the user", Other),
    ("canceled by the user", Other),
    ("invalid captcha", Other),
    ("requires verification", Other),
    ("password expired", PasswordExpired),
    ("password has expired", PasswordExpired),
    ("password is expired", PasswordExpired),
    ("expired password", PasswordExpired),
    ("password change required", PasswordExpired),
    ("password reset required", PasswordExpired),
    ("password leaked", AgainstPolicy),
    ("previously disclosed", AgainstPolicy),
    ("data breach", AgainstPolicy),
    ("multifactor authentication required", AgainstPolicy),
    ("multi factor authentication required", AgainstPolicy),
    ("mfa required", AgainstPolicy),
    ("not enrolled", AgainstPolicy),
    ("enrollment required", AgainstPolicy),
    ("association required", AgainstPolicy),
    ("too many requests", AgainstPolicy),
    ("too many sms", AgainstPolicy),
    ("rate limit", AgainstPolicy),
    ("global limit has been reached", AgainstPolicy),
    ("address is blocked", AgainstPolicy),
    ("ip is blocked", AgainstPolicy),
    ("address has been blocked", AgainstPolicy),
    ("ip has been blocked", AgainstPolicy),
    ("refresh token was reused", AgainstPolicy),
    ("reused refresh token", AgainstPolicy),
    ("reused rotating", AgainstPolicy),
    ("reuse detected", AgainstPolicy),
    ("email or password", WrongPassword),
    ("username or password", WrongPassword),
    ("user name or password", WrongPassword),
    ("or verification code", WrongPassword),
    ("wrong password", WrongPassword),
    ("incorrect password", WrongPassword),
    ("invalid user password", WrongPassword),
    ("invalid credentials", WrongPassword),
    ("invalid user credentials", WrongPassword),
    ("client authentication", WrongKey),
    ("invalid client", WrongKey),
    ("invalid signature", WrongKey),
    ("invalid token signature", WrongKey),
    ("malformed mfa token", WrongKey),
    ("mfa token is invalid", WrongKey),
    ("malformed oob code", WrongKey),
    ("doesn't match the mfa token", WrongKey),
    ("login required", SessionExpired),
    ("session expired", SessionExpired),
    ("session has expired", SessionExpired),
    ("session not found", SessionExpired),
    ("token expired", SessionExpired),
    ("token has expired", SessionExpired),
    ("token is expired", SessionExpired),
    ("token has been revoked", SessionExpired),
    ("expired token", SessionExpired),
    ("jwt expired", SessionExpired),
    ("code expired", SessionExpired),
    ("code has expired", SessionExpired),
    ("code is expired", SessionExpired),
    ("user does not exist", NoSuchUser),
    ("user doesn't exist", NoSuchUser),
    ("user who doesn't exist", NoSuchUser),
    ("user who does not exist", NoSuchUser),
    ("user no longer exists", NoSuchUser),
    ("user has been deleted", NoSuchUser),
    ("user not found", NoSuchUser),
    ("no such user", NoSuchUser),
    ("unknown user", NoSuchUser),
    ("not allowed", AgainstPolicy),
    ("not authorized", AgainstPolicy),
    ("unauthorized client", AgainstPolicy),
    ("not been granted", AgainstPolicy),
    ("not enabled", AgainstPolicy),
    ("is disabled", AgainstPolicy),
    ("issued to another client", AgainstPolicy),
    ("not issued to this client", AgainstPolicy),
    ("is not part of the", AgainstPolicy),
    ("not a member of", AgainstPolicy),
    ("email not verified", AgainstPolicy),
    ("email is not verified", AgainstPolicy),
    ("verify your email", AgainstPolicy),
    ("access denied", AgainstPolicy),
];

/// The code that stands for more than its words.
const ACCESS_DENIED: &str = "access_denied";

/// Returns why something failed: by its texts and its error's codes in their order, and by what its type code says.
pub(crate) fn reason_of<T: AsRef<str>>(
    of_type: Option<FailureReason>,
    told: impl Iterator<Item = T>,
) -> Option<FailureReason> {
    let mut vague = None;
    let mut before: Option<T> = None;
    for told in told {
        // A description is often the error's message.
        if before
            .as_ref()
            .is_some_and(|before| before.as_ref() == told.as_ref())
        {
            continue;
        }
        let told = &*before.insert(told);
        let text = told.as_ref();
        let Some(reason) = reason_in(text) else {
            continue;
        };
        let is_vague = reason == WrongPassword || text.eq_ignore_ascii_case(ACCESS_DENIED);
        if is_vague {
            vague = vague.or(Some(reason));
        } else if Some(reason) != of_type {
            return Some(reason);
        }
    }
    of_type.or(vague)
}

fn reason_in(text: &str) -> Option<FailureReason> {
    // A code has underscores where a sentence has blanks, a type hyphens.
    let plain = |character: char| match character {
        '_' | '-' => ' ',
        other => other.to_ascii_lowercase(),
    };
    let text: String = text.chars().map(plain).collect();
    let words = from_words_on(&text);
    let begins = words
        .iter()
        .fold(0, |bits, word| bits | bit_of_begin(word.as_bytes()));
    // Most parts of the list begin with letters that no word of the text does.
    let found = TEXTS.iter().find(|(part, _)| {
        begins & bit_of_begin(part.as_bytes()) != 0
            && words
                .iter()
                .any(|from_word_on| from_word_on.starts_with(part))
    });
    found.map(|(_, reason)| *reason)
}

/// Returns the text from each of its words on.
fn from_words_on(text: &str) -> Vec<&str> {
    let mut is_inside = false;
    let mut words = Vec::new();
    for (at, byte) in text.bytes().enumerate() {
        let was_inside = std::mem::replace(&mut is_inside, byte.is_ascii_alphanumeric());
        if is_inside && !was_inside {
            words.extend(text.get(at..));
        }
    }
    words
}

/// Returns one of 64 bits for the first two letters.
fn bit_of_begin(word: &[u8]) -> u64 {
    match word {
        [first, second, ..] => 1 << (first.wrapping_mul(31).wrapping_add(*second) % 64),
        [] | [_] => 0,
    }
}

#[cfg(test)]
mod tests;
