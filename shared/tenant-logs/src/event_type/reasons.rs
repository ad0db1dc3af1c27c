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

/// What a text or a code contains, in lower case and with blanks between the words, and what it means. The first that fits
/// counts, so what is contained in another stands after it.
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
    let found = TEXTS.iter().find(|(part, _)| text.contains(part));
    found.map(|(_, reason)| *reason)
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
            ("mfa_required", AgainstPolicy),
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
    fn an_exchange_that_a_right_secret_does_not_get_is_no_wrong_key() {
        let key = Some(WrongKey);
        for (told, expected) in [
            (
                r#"Client is not authorized to access "https://api.example.com/". You need to create a "client-grant" associated to this API."#,
                AgainstPolicy,
            ),
            (
                r#"Client "cid1" is not authorized to access resource server "https://api.example.com"."#,
                AgainstPolicy,
            ),
            (
                "Service not enabled within domain: https://api.example.com",
                AgainstPolicy,
            ),
            (
                "Grant type 'client_credentials' not allowed for the client.",
                AgainstPolicy,
            ),
            (
                "Client has not been granted scopes: read:users",
                AgainstPolicy,
            ),
            ("Service not found: https://api.example.com", Other),
            ("invalid_request", Other),
            ("Unknown client: cid1", NoSuchApplication),
            ("Failed client authentication", WrongKey),
            ("Unauthorized", WrongKey),
        ] {
            check(key, &[told, "access_denied"], Some(expected));
        }
    }

    #[test]
    fn a_factor_or_a_token_may_fail_for_another_reason_than_its_code_says() {
        for (of_type, told, expected) in [
            (WrongPassword, "Invalid otp_code.", WrongPassword),
            (WrongPassword, "Malformed mfa_token", WrongKey),
            (WrongPassword, "mfa_token is expired", SessionExpired),
            (WrongPassword, "oob_code is expired", SessionExpired),
            (
                WrongPassword,
                "user is not enrolled with Google authenticator. Please enroll first.",
                AgainstPolicy,
            ),
            (
                WrongPassword,
                "Multifactor authentication required",
                AgainstPolicy,
            ),
            (WrongPassword, "You are not allowed in.", AgainstPolicy),
            (
                WrongKey,
                "Too many failed codes. Wait for some minutes before retrying.",
                UserLocked,
            ),
            (
                WrongKey,
                "The operation either timed out or was not allowed.",
                Other,
            ),
            (WrongKey, "server_error", Other),
            (
                SessionExpired,
                "Unknown or invalid refresh token.",
                SessionExpired,
            ),
            (
                SessionExpired,
                "The refresh_token was generated for a user who doesn't exist anymore.",
                NoSuchUser,
            ),
            (
                SessionExpired,
                "Unsuccessful Refresh Token exchange, reused refresh token detected",
                AgainstPolicy,
            ),
            (
                SessionExpired,
                "The specified origin is not allowed",
                AgainstPolicy,
            ),
            (
                SessionExpired,
                "Service not found: https://api.example.com",
                Other,
            ),
        ] {
            check(Some(of_type), &["invalid_grant", told], Some(expected));
        }
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
    fn no_text_of_the_list_hides_one_after_it() {
        for (index, (part, _)) in TEXTS.iter().enumerate() {
            let mut before = TEXTS.iter().take(index);
            let hiding = before.find(|(other, _)| part.contains(other));
            assert_eq!(hiding, None, "{part}");
        }
    }
}
