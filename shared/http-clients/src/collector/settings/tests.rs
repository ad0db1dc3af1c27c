use relay::settings::SettingsError;

use super::*;
use crate::test_settings;

pub(in crate::collector) fn read_settings(
    values: &[(&str, &str)],
) -> Result<HttpCollector, SettingsError> {
    test_settings::read_settings(values, HttpCollector::read)
}

fn check(values: &[(&str, &str)], problem: &str) {
    let settings = read_settings(values);
    let problems = settings.map_or_else(|error| error.to_string(), |_| String::new());
    assert_eq!(problems, problem);
}

#[test]
fn credentials_go_over_https_or_stay_on_the_machine() {
    let in_the_clear = "1 setting is wrong:\n  HTTP_SINK_URL: would be sent a credential in the clear (want https, or http on \
         a loopback address)";
    let plain = ("HTTP_SINK_URL", "http://logs.example.com/in");
    check(&[plain], "");
    check(&[plain, ("HTTP_SINK_AUTHORIZATION", "x")], in_the_clear);
    for user in [
        "http://k3y@logs.example.com",
        "http://:k3y@logs.example.com",
    ] {
        check(&[("HTTP_SINK_URL", user)], in_the_clear);
    }
    for at_home in [
        "http://127.0.0.1:9/in",
        "http://localhost/in",
        "http://[::1]/in",
    ] {
        check(
            &[("HTTP_SINK_URL", at_home), ("HTTP_SINK_AUTHORIZATION", "x")],
            "",
        );
    }
}

#[test]
fn settings_that_cannot_be_right_are_named_without_their_secrets() {
    let url = ("HTTP_SINK_URL", "https://logs.example.com/in?key=k3y");
    check(&[url], "");
    check(
        &[],
        "1 setting is wrong:\n  HTTP_SINK_URL: required, not set",
    );
    for wrong in [
        "logs.example.com/k3y",
        "ftp://logs.example.com/k3y",
        "https://",
    ] {
        let text =
            "1 setting is wrong:\n  HTTP_SINK_URL: cannot be read (want an http or https URL)";
        check(&[("HTTP_SINK_URL", wrong)], text);
    }
    check(
        &[
            url,
            ("HTTP_SINK_AUTHORIZATION", "Bearer k3y\n"),
            ("HTTP_SINK_FORMAT", "xml"),
        ],
        "2 settings are wrong:\n  HTTP_SINK_AUTHORIZATION: cannot be sent (want visible ASCII characters and \
         blanks)\n  HTTP_SINK_FORMAT: cannot read `xml` (want ndjson or array)",
    );
    check(
        &[
            ("HTTP_SINK_URL", "https://u:p@logs.example.com"),
            ("HTTP_SINK_AUTHORIZATION", "x"),
        ],
        "1 setting is wrong:\n  HTTP_SINK_URL: names a user, and HTTP_SINK_AUTHORIZATION is set too (want one of \
         them)",
    );
    check(
        &[url, ("SSL_CERT_FILE", "/nowhere/roots.pem")],
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
        let values = [
            ("HTTP_SINK_URL", "https://example.com"),
            ("SSL_CERT_FILE", path),
        ];
        let problems = read_settings(&values).unwrap_err().to_string();
        assert!(
            problems.ends_with("(want PEM certificates)"),
            "{text:?}: {problems}"
        );
    }
}
