//! How paths are read.

use super::*;

fn check(path: &str, expected: &[(&str, Option<&str>)]) {
    let path_of = ApiPath::of(path);
    let targets = path_of.targets();
    let found: Vec<(&str, Option<&str>)> = targets
        .iter()
        .map(|target| (target.kind.name(), target.party.id.as_deref()))
        .collect();
    assert_eq!(found, expected, "{path}");
}

#[test]
fn a_path_names_its_objects_however_it_is_written() {
    let nils = Some(r#""auth0|42""#);
    check("/api/v2/users/auth0%7C42/roles", &[("User", nils)]);
    check("/v2/users/auth0%7c42", &[("User", nils)]);
    check(
        "https://acme.example.com/api/v2/users/auth0|42?x=1",
        &[("User", nils)],
    );
    check("/api/v2/user-blocks/auth0|42/", &[("User", nils)]);
    check(
        "/api/v2/organizations/org_1/members/auth0%7C42/roles",
        &[("Organization", Some(r#""org_1""#)), ("User", nils)],
    );
    check(
        "/api/v2/clients/v2/credentials/cred_1",
        &[
            ("Client", Some(r#""v2""#)),
            ("credentials", Some(r#""cred_1""#)),
        ],
    );
    check("/api/v2/users", &[("User", None)]);
    check("/api/v2/users//roles", &[("User", None)]);
    check("/api/v2/users/%ff%7", &[("User", Some(r#""%ff%7""#))]);
    check(
        "/api/v2/log-streams/lst_1",
        &[("log-streams", Some(r#""lst_1""#))],
    );
    check(
        "/api/v2/guardian/enrollments/dev_1",
        &[("enrollments", Some(r#""dev_1""#))],
    );
    check(
        "/api/v2/tickets/password-change",
        &[("password-change", None)],
    );
}

#[test]
fn what_only_says_where_an_object_is_names_none() {
    let nils = Some(r#""auth0|42""#);
    check("/api/v2/jobs/users-exports", &[("users-exports", None)]);
    check("/api/v2/jobs/job_1", &[("jobs", Some(r#""job_1""#))]);
    check(
        "/api/v2/anomaly/blocks/ips/192.0.2.1",
        &[("ips", Some(r#""192.0.2.1""#))],
    );
    check("/api/v2/branding", &[("branding", None)]);
    check("/api/v2/actions/actions", &[("actions", None)]);
    check(
        "/api/v2/actions/actions/act_1/deploy",
        &[("actions", Some(r#""act_1""#))],
    );
    check(
        "/api/v2/guardian/enrollments/ticket",
        &[("enrollments", None)],
    );
    check("/api/v2/organizations/name/acme", &[("Organization", None)]);
    check(
        "/api/v2/connections/con_1/scim-configuration/tokens/tok_1",
        &[
            ("Connection", Some(r#""con_1""#)),
            ("tokens", Some(r#""tok_1""#)),
        ],
    );
    check(
        "/api/v2/connections/con_1/keys/rotate",
        &[("Connection", Some(r#""con_1""#))],
    );
    check(
        "/api/v2/users/auth0%7C42/authentication-methods/am_1",
        &[
            ("User", nils),
            ("authentication-methods", Some(r#""am_1""#)),
        ],
    );
    check(
        "/api/v2/users/auth0%7C42/identities/google-oauth2/7",
        &[("User", nils), ("identities", Some(r#""google-oauth2|7""#))],
    );
    check(
        "/scim/v2/connections/con_1/Users/auth0%7C42",
        &[("Connection", Some(r#""con_1""#)), ("User", nils)],
    );
    for none in ["", "***", "/", "users/auth0|42", "https://acme.example.com"] {
        check(none, &[]);
    }
}

#[test]
fn a_query_names_a_user_where_no_identifier_does() {
    let check = |path: &str, name: Option<&str>, email: Option<&str>| {
        let targets = ApiPath::of(path).targets();
        let users: Vec<&Target<'_>> = targets
            .iter()
            .filter(|target| target.kind == TargetKind::User)
            .collect();
        let [user] = users[..] else {
            panic!("{path}: {targets:?}");
        };
        let found = (user.party.name.as_deref(), user.party.email.as_deref());
        assert_eq!(found, (name, email), "{path}");
    };
    let nils = Some(r#""nils@example.com""#);
    check(
        "/api/v2/users-by-email?email=nils%40example.com",
        None,
        nils,
    );
    check(
        "/api/v2/connections/con_1/users?email=nils%40example.com",
        None,
        nils,
    );
    check(
        "/api/v2/user-blocks?page=1&identifier=nils%40example.com",
        None,
        nils,
    );
    check(
        "/api/v2/user-blocks?identifier=nils",
        Some(r#""nils""#),
        None,
    );
    check(
        "/api/v2/users/auth0%7C42?email=nils%40example.com",
        None,
        None,
    );
    check("/api/v2/users?email=", None, None);
}

#[test]
fn a_path_is_read_from_the_api_on_wherever_that_begins() {
    let nils = [("User", Some(r#""auth0|42""#))];
    for path in [
        "/api/v2/users/auth0%7C42",
        "/v2/users/auth0%7C42",
        "/users/auth0%7C42",
        "api/v2/users/auth0%7C42",
        "acme.example.com/api/v2/users/auth0%7C42",
        "https://acme.example.com/gateway/api/v2/users/auth0%7C42?x=/api/v2/roles/rol_1",
    ] {
        check(path, &nils);
    }
    check("/api/v2/clients/api/v2/", &[("Client", Some(r#""api""#))]);
}

#[test]
fn what_there_is_only_one_of_is_named_by_its_path() {
    let check = |path: &str, is_changed: bool, expected: Option<&str>| {
        let single = ApiPath::of(path).single(is_changed);
        assert_eq!(single.as_deref(), expected, "{path}");
    };
    for (path, expected) in [
        ("/api/v2/tenants/settings", "tenants/settings"),
        ("/v2/branding?fields=colors", "branding"),
        ("/api/v2/prompts", "prompts"),
        ("/api/v2/emails/provider", "emails/provider"),
        ("/api/v2/guardian/policies", "guardian/policies"),
        ("/api/v2/keys/signing/rotate", "keys/signing"),
        (
            "/api/v2/attack-protection/bot-detection",
            "attack-protection/bot-detection",
        ),
    ] {
        check(path, false, Some(expected));
    }
    // What is changed without an identifier is one thing, though no list has it yet.
    check(
        "/api/v2/supplemental-signals",
        true,
        Some("supplemental-signals"),
    );
    check("/api/v2/supplemental-signals", false, None);
    for several in ["/api/v2/rules", "/api/v2/hooks", "/", "***"] {
        check(several, false, None);
    }
    check("/api/v2/rules/rul_1", true, None);
    check("/api/v2/guardian/factors/sms", true, None);
}
