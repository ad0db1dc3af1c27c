//! Texts and codes of errors that say why something failed, for type codes that stand for many reasons.
//!
//! What an event tells counts in this order, and no schema guesses:
//! 1. a cause that its type code does not say, by the first of its texts and its error's own codes that names one: who logs
//!    on with a password and is told `user_blocked` did not mistype it;
//! 2. what the type code says;
//! 3. what is told but may stand for something else: a wrong password, which strangers are told whatever the reason is, and
//!    the code `access_denied`, which Auth0 also answers a wrong client secret with.

use super::meaning::FailureReason::{
    self, AgainstPolicy, NoSuchUser, Other, PasswordExpired, SessionExpired, UserDisabled,
    UserLocked, WrongKey, WrongPassword,
};

/// What words of a text or a code say, in lower case and with blanks between the words, and what it means. The first that fits
/// counts, so what is contained in another stands after it.
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
    ("callback url mismatch", Other),
    ("callback mismatch", Other),
    ("redirect uri", Other),
    ("consent required", Other),
    ("interaction required", Other),
    ("account selection required", Other),
    ("multifactor authentication required", Other),
    ("mfa required", Other),
    ("invalid request", Other),
    ("invalid scope", Other),
    ("unsupported grant type", Other),
    ("unsupported response type", Other),
    ("server error", Other),
    ("temporarily unavailable", Other),
    ("too many requests", Other),
    ("global limit has been reached", Other),
    ("invalid captcha", Other),
    ("requires verification", Other),
    ("unknown client", Other),
    ("password expired", PasswordExpired),
    ("password has expired", PasswordExpired),
    ("password is expired", PasswordExpired),
    ("expired password", PasswordExpired),
    ("password change required", PasswordExpired),
    ("password reset required", PasswordExpired),
    ("password leaked", AgainstPolicy),
    ("previously disclosed", AgainstPolicy),
    ("data breach", AgainstPolicy),
    ("email or password", WrongPassword),
    ("username or password", WrongPassword),
    ("user name or password", WrongPassword),
    ("or verification code", WrongPassword),
    ("wrong password", WrongPassword),
    ("incorrect password", WrongPassword),
    ("invalid user password", WrongPassword),
    ("invalid credentials", WrongPassword),
    ("invalid user credentials", WrongPassword),
    ("invalid client", WrongKey),
    ("invalid signature", WrongKey),
    ("invalid token signature", WrongKey),
    ("login required", SessionExpired),
    ("session expired", SessionExpired),
    ("session has expired", SessionExpired),
    ("session not found", SessionExpired),
    ("token expired", SessionExpired),
    ("token has expired", SessionExpired),
    ("token is expired", SessionExpired),
    ("jwt expired", SessionExpired),
    ("user does not exist", NoSuchUser),
    ("user doesn't exist", NoSuchUser),
    ("user not found", NoSuchUser),
    ("no such user", NoSuchUser),
    ("unknown user", NoSuchUser),
    ("not allowed for the client", AgainstPolicy),
    ("unauthorized client", AgainstPolicy),
    ("is not part of the", AgainstPolicy),
    ("not a member of", AgainstPolicy),
    ("email not verified", AgainstPolicy),
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
    for text in told {
        let text = text.as_ref();
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
    let text = text.to_lowercase().replace(['_', '-'], " ");
    let found = TEXTS.iter().find(|(words, _)| has_words(&text, words));
    found.map(|(_, reason)| *reason)
}

/// Whether a text has these words one after another: who is "unblocked" is no "blocked user".
fn has_words(text: &str, words: &str) -> bool {
    text.match_indices(words).any(|(at, found)| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let after = text
            .get(at + found.len()..)
            .and_then(|after| after.chars().next());
        let is_inside = |c: char| c.is_alphanumeric();
        !before.is_some_and(is_inside) && !after.is_some_and(is_inside)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(of_type: Option<FailureReason>, told: &[&str], expected: Option<FailureReason>) {
        assert_eq!(reason_of(of_type, told.iter()), expected, "{told:?}");
    }

    #[test]
    fn a_cause_that_the_type_code_does_not_say_overrides_what_it_does() {
        let password = Some(WrongPassword);
        for (told, expected) in [
            ("user_blocked", UserDisabled),
            ("User is blocked", UserDisabled),
            ("too_many_attempts", UserLocked),
            ("password_expired", PasswordExpired),
            ("mfa_required", Other),
            ("callback-url-mismatch", Other),
            ("unauthorized_client", AgainstPolicy),
            ("password_leaked", AgainstPolicy),
            ("invalid_client", WrongKey),
        ] {
            check(
                password,
                &["Wrong email or password.", told],
                Some(expected),
            );
            check(None, &[told, "access_denied"], Some(expected));
        }
        check(
            Some(WrongKey),
            &["Unauthorized", "unauthorized_client"],
            Some(AgainstPolicy),
        );
        check(
            Some(SessionExpired),
            &["Login required", "consent_required"],
            Some(Other),
        );
    }

    #[test]
    fn what_may_stand_for_something_else_counts_where_nothing_else_is_said() {
        check(
            Some(NoSuchUser),
            &["Wrong email or password."],
            Some(NoSuchUser),
        );
        check(Some(WrongKey), &["access_denied"], Some(WrongKey));
        check(
            Some(WrongPassword),
            &["invalid_grant", "access_denied"],
            Some(WrongPassword),
        );
        check(None, &["access_denied"], Some(AgainstPolicy));
        check(
            None,
            &["Wrong email or password.", "access_denied"],
            Some(WrongPassword),
        );
        check(None, &["invalid_grant"], None);
        check(Some(UserLocked), &[], Some(UserLocked));
    }

    #[test]
    fn a_text_is_read_by_whole_words() {
        for other in [
            "unblocked user",
            "Unblocked user auth0|42",
            "the user is blockedlisted",
            "superuser locked",
            "preconsent requirements",
        ] {
            check(None, &[other], None);
        }
        check(None, &["no: \"blocked user\"."], Some(UserDisabled));
        check(
            None,
            &["unblocked user, then a blocked user"],
            Some(UserDisabled),
        );
    }

    #[test]
    fn no_text_of_the_list_hides_one_after_it() {
        for (index, (part, _)) in TEXTS.iter().enumerate() {
            let mut before = TEXTS.iter().take(index);
            let hiding = before.find(|(other, _)| part.contains(other));
            assert_eq!(hiding, None, "{part}");
        }
    }
}
