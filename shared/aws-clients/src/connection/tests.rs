use super::*;
use crate::test_endpoint::read_settings;

fn check(name: &str, value: &str, problem: &str) {
    let settings = read_settings(&[(name, value)], AwsSettings::read);
    let problems = settings.map_or_else(|error| error.to_string(), |_| String::new());
    assert_eq!(problems, problem);
}

#[test]
fn settings_that_cannot_be_right_are_named() {
    check("AWS_REGION", "eu-central-1", "");
    check(
        "AWS_REGION",
        "",
        "1 setting is wrong:\n  AWS_REGION: required, not set",
    );
    check(
        "AWS_REGION",
        "example.com/",
        "1 setting is wrong:\n  AWS_REGION: cannot read `example.com/` (want a region such as eu-central-1)",
    );
    check(
        "AWS_SECRET_ACCESS_KEY",
        "",
        "1 setting is wrong:\n  AWS_SECRET_ACCESS_KEY: required, not set",
    );
    check("AWS_SESSION_TOKEN", "", "");
    check("AWS_ENDPOINT_URL", "http://[::1]:4566", "");
    check("AWS_ENDPOINT_URL_SQS", "https://sqs.example.com", "");
    for at_home in ["http://127.0.0.1:1/a", "http://localhost", "http://[::1]/a"] {
        check("AWS_ENDPOINT_URL", at_home, "");
    }
    for (value, shown) in [
        ("sqs.example.com", "sqs.example.com"),
        ("http://sqs.example.com", "http://sqs.example.com"),
        (
            "http://127.0.0.1.example.com",
            "http://127.0.0.1.example.com",
        ),
        ("http://user:s3cret@127.0.0.1:1", "[secret]@127.0.0.1:1"),
        (
            "http://localhost:s3cret@sqs.example.com",
            "[secret]@sqs.example.com",
        ),
    ] {
        let problem = format!(
            "1 setting is wrong:\n  AWS_ENDPOINT_URL_SQS: cannot read `{shown}` (want an https URL, or http on a \
             loopback address)"
        );
        check("AWS_ENDPOINT_URL_SQS", value, &problem);
    }
    check(
        "SSL_CERT_FILE",
        "/nowhere/roots.pem",
        "1 setting is wrong:\n  SSL_CERT_FILE: cannot open `/nowhere/roots.pem`: entity not found",
    );
}

#[test]
fn a_file_of_roots_holds_certificates_and_nothing_broken() {
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for text in ["", "no certificate", broken] {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let path = file.path().to_str().unwrap();
        let expected = format!(
            "1 setting is wrong:\n  SSL_CERT_FILE: cannot use `{path}` (want PEM certificates)"
        );
        check("SSL_CERT_FILE", path, &expected);
    }
}

#[test]
fn a_service_has_its_own_endpoint_or_that_of_all() {
    let read = |values: &[(&str, &str)]| read_settings(values, AwsSettings::read).unwrap();
    let settings = read(&[
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
        ("AWS_ENDPOINT_URL_SQS", "http://127.0.0.1:2"),
    ]);
    assert_eq!(
        settings.event_bridge_endpoint.as_deref(),
        Some("http://127.0.0.1:1")
    );
    assert_eq!(settings.sqs_endpoint.as_deref(), Some("http://127.0.0.1:2"));
    let settings = read(&[("AWS_ENDPOINT_URL_EVENTBRIDGE", "http://127.0.0.1:3")]);
    assert_eq!(
        settings.event_bridge_endpoint.as_deref(),
        Some("http://127.0.0.1:3")
    );
    assert_eq!(settings.sqs_endpoint, None);
}

#[test]
fn debug_shows_no_secret() {
    let shown = format!("{:?}", read_settings(&[], AwsConnection::read).unwrap());
    assert!(shown.contains("AKIDEXAMPLE"), "{shown}");
    assert!(
        !shown.contains("example-secret") && !shown.contains("example-token"),
        "{shown}"
    );
}
