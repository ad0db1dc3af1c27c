//! Which texts name which cause.

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
fn what_a_longer_word_ends_with_is_no_cause() {
    for told in ["unblocked user", "The zip is blocked"] {
        check(None, &[told], None);
    }
    for told in [
        "user_blocked",
        "(user is blocked)",
        "x: user-blocked!",
        "unblocked user: user is blocked",
    ] {
        check(None, &[told, told], Some(UserDisabled));
    }
    for (part, reason) in TEXTS {
        check(None, &[&format!("É. {part}é")], Some(*reason));
    }
}

#[test]
fn no_text_of_the_list_hides_one_after_it() {
    for (index, (part, _)) in TEXTS.iter().enumerate() {
        let mut before = TEXTS.iter().take(index);
        let hiding = before.find(|(other, _)| part.contains(other));
        assert_eq!(hiding, None, "{part}");
    }
}
