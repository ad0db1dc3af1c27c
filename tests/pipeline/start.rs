//! Starting with settings that are missing or wrong: one message that names them all, exit code 64, and no call to the
//! Runtime API.

mod entries;

use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use fakes::server::{Answer, Server};

use crate::kit::{PATIENCE, binaries, eventually};

const INGEST: &str = "aws-webhook-ingest";
const TARGET: &str = "aws-eventbridge-target";

/// What Lambda itself sets.
const PLATFORM: [(&str, &str); 4] = [
    ("AWS_REGION", "eu-central-1"),
    ("AWS_ACCESS_KEY_ID", "access-key"),
    ("AWS_SECRET_ACCESS_KEY", "marker-secret-key"),
    ("AWS_SESSION_TOKEN", "marker-session"),
];
const QUEUE: (&str, &str) = ("DEAD_LETTER_QUEUE_URL", "http://127.0.0.1:9/1/set-aside");

fn right(function: &str) -> Vec<(&'static str, &'static str)> {
    let own: &[_] = if function == INGEST {
        &[
            ("WEBHOOK_TOKENS", "marker-webhook-token"),
            ("EVENT_QUEUE_URL", "http://127.0.0.1:9/1/deliver"),
        ]
    } else {
        &[("SINKS", "http"), ("HTTP_SINK_URL", "http://127.0.0.1:9/")]
    };
    let shared = [("TENANT_NAME", "acme"), QUEUE];
    PLATFORM
        .into_iter()
        .chain(shared)
        .chain(own.iter().copied())
        .collect()
}

/// A Runtime API that counts its calls and never hands out an invocation.
struct RuntimeApi {
    server: Server,
    calls: Arc<AtomicU32>,
}

impl RuntimeApi {
    async fn start() -> Self {
        let calls = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&calls);
        let server = Server::start(move |_request| {
            counted.fetch_add(1, Ordering::Relaxed);
            async { Answer::Hang }
        });
        Self {
            server: server.await.unwrap(),
            calls,
        }
    }

    fn calls(&self) -> u32 {
        self.calls.load(Ordering::Relaxed)
    }

    /// The function's program with these settings only.
    async fn command(&self, function: &str, settings: &[(&str, &str)]) -> Command {
        let mut command = Command::new(binaries().await.path(function).unwrap());
        command
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", self.server.address().to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", function)
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
            .envs(settings.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }
}

/// A function on Azure with the settings that it needs, these changed.
async fn azure_command(function: &str, changes: &[(&str, &str)]) -> Command {
    let mut command = Command::new(binaries().await.path(function).unwrap());
    command
        .env_clear()
        .envs([
            ("TENANT_NAME", "acme"),
            ("FUNCTIONS_CUSTOMHANDLER_PORT", "9"),
            ("IDENTITY_ENDPOINT", "http://127.0.0.1:9/msi/token"),
            ("IDENTITY_HEADER", "marker-header"),
            ("EVENT_TOPIC_ENDPOINT", "http://127.0.0.1:9/api/events"),
            (
                "DEAD_LETTER_CONTAINER_ENDPOINT",
                "http://127.0.0.1:9/dead-letters",
            ),
        ])
        .envs(changes.iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Runs a program to its end, which must come soon.
fn run(mut command: Command) -> Output {
    let mut process = command.spawn().unwrap();
    let deadline = Instant::now() + PATIENCE;
    while process.try_wait().unwrap().is_none() {
        if Instant::now() > deadline {
            process.kill().unwrap();
            panic!("the program does not end");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    process.wait_with_output().unwrap()
}

/// The right settings with these changes must be refused with exactly this message.
async fn check(function: &str, settings: &[(&str, &str)], message: &str) {
    let api = RuntimeApi::start().await;
    check_output(run(api.command(function, settings).await), message);
    assert_eq!(api.calls(), 0, "the Runtime API was asked");
}

/// A usage error with exactly this message, and nothing else.
fn check_output(output: Output, message: &str) {
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(told, format!("{message}\n"));
    assert_eq!(output.status.code(), Some(64));
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "");
    assert!(!told.contains("marker"), "a secret is shown: {told}");
}

async fn check_changed(function: &str, changes: &[(&str, &str)], message: &str) {
    let right = right(function);
    let settings: Vec<(&str, &str)> = right.iter().chain(changes).copied().collect();
    check(function, &settings, message).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_right_settings_the_runtime_api_is_asked_for_an_invocation() {
    for function in [INGEST, TARGET] {
        let api = RuntimeApi::start().await;
        let mut process = api
            .command(function, &right(function))
            .await
            .spawn()
            .unwrap();
        eventually("the function is ready", || api.calls() > 0).await;
        process.kill().unwrap();
        let output = process.wait_with_output().unwrap();
        assert_eq!(String::from_utf8(output.stderr).unwrap(), "", "{function}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_nothing_set_every_required_setting_is_named() {
    check(
        INGEST,
        &[],
        "7 settings are wrong:
  TENANT_NAME: required, not set
  AWS_REGION: required, not set
  AWS_ACCESS_KEY_ID: required, not set
  AWS_SECRET_ACCESS_KEY: required, not set
  DEAD_LETTER_QUEUE_URL: required, not set
  WEBHOOK_TOKENS: required, not set
  EVENT_QUEUE_URL: required, not set",
    )
    .await;
    check(
        TARGET,
        &[],
        "6 settings are wrong:
  TENANT_NAME: required, not set
  AWS_REGION: required, not set
  AWS_ACCESS_KEY_ID: required, not set
  AWS_SECRET_ACCESS_KEY: required, not set
  DEAD_LETTER_QUEUE_URL: required, not set
  SINKS: required, not set",
    )
    .await;
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_setting_that_is_not_utf_8_is_wrong_and_not_missing() {
    use std::os::unix::ffi::OsStrExt;

    let api = RuntimeApi::start().await;
    let redact = std::ffi::OsStr::from_bytes(b"user_name=mask\xff");
    let output = api
        .command(TARGET, &right(TARGET))
        .await
        .env("REDACT", redact)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(64));
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(told.trim(), "1 setting is wrong:\n  REDACT: is not UTF-8");
    assert_eq!(api.calls(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_setting_counts_as_missing() {
    let empty = [("TENANT_NAME", ""), ("DEAD_LETTER_QUEUE_URL", "")];
    let message = "2 settings are wrong:
  TENANT_NAME: required, not set
  DEAD_LETTER_QUEUE_URL: required, not set";
    for function in [INGEST, TARGET] {
        check_changed(function, &empty, message).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_wrong_setting_of_the_webhook_is_named_at_once_and_no_secret_is_shown() {
    let changes = [
        ("TENANT_NAME", "acme/eu"),
        ("LOG_LEVEL", "loud"),
        ("INCLUDE_TYPES", "s,g*d"),
        ("EXCLUDE_CATEGORIES", "logins"),
        ("REDACT", "ip=hide"),
        ("REDACT_KEY", "marker-redact-key"),
        ("AWS_REGION", "EU central"),
        ("AWS_ENDPOINT_URL_SQS", "sqs.example.com"),
        ("EVENT_QUEUE_URL", "deliver"),
        ("EVENT_BUS_NAME", "two words"),
        ("EVENT_SOURCE", "aws.partner/x"),
        ("EVENT_BUS_EXCLUDE_TYPES", "*s"),
        ("DEAD_LETTER_QUEUE_URL", "https://sqs.example.com/1/a.fifo"),
        ("WEBHOOK_TOKENS", "marker-is-short"),
        ("MAX_BODY_BYTES", "ten"),
        ("SINKS", "event-queue,event-bus,http"),
    ];
    check_changed(INGEST, &changes, "15 settings are wrong:
  TENANT_NAME: cannot read `acme/eu` (want 1 to 63 letters, digits, `-`, `_` or `.`)
  LOG_LEVEL: cannot read `loud` (want off, error, warn, info, debug or trace)
  INCLUDE_TYPES: cannot read `g*d` (want a type code, or its beginning and `*`)
  EXCLUDE_CATEGORIES: cannot read `logins` (want one of Auth0's category names)
  REDACT: cannot read `ip=hide` (want a dotted path, `=` and drop, mask or hmac; a backslash escapes a dot, comma, equals sign)
  AWS_REGION: cannot read `EU central` (want a region such as eu-central-1)
  AWS_ENDPOINT_URL_SQS: cannot read `sqs.example.com` (want an https URL, or http on a loopback address)
  DEAD_LETTER_QUEUE_URL: cannot read `https://sqs.example.com/1/a.fifo` (want the URL of a standard SQS queue)
  WEBHOOK_TOKENS: holds a token of fewer than 16 characters
  MAX_BODY_BYTES: cannot read `ten` (want a whole number of bytes)
  SINKS: cannot read `http` (want one of event-queue, event-bus)
  EVENT_QUEUE_URL: cannot read `deliver` (want the URL of a standard SQS queue)
  EVENT_BUS_NAME: cannot read `two words` (want the name or ARN of a bus)
  EVENT_SOURCE: cannot read `aws.partner/x` (want at most 256 characters, not beginning with `aws.`)
  EVENT_BUS_EXCLUDE_TYPES: cannot read `*s` (want a type code, or its beginning and `*`)").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_wrong_setting_of_the_target_is_named_at_once_and_no_secret_is_shown() {
    let changes = [
        ("REDACT", "ip=hmac"),
        ("SINKS", "http,file"),
        ("HTTP_SINK_URL", "collector/marker"),
        ("HTTP_SINK_AUTHORIZATION", "marker\nmarker"),
        ("HTTP_SINK_FORMAT", "xml"),
        ("FILE_SINK_PATH", "/no/such/folder/events.ndjson"),
    ];
    check_changed(
        TARGET,
        &changes,
        "5 settings are wrong:
  REDACT: hmac needs REDACT_KEY
  HTTP_SINK_URL: cannot be read (want an http or https URL)
  HTTP_SINK_AUTHORIZATION: cannot be sent (want visible ASCII characters and blanks)
  HTTP_SINK_FORMAT: cannot read `xml` (want ndjson or array)
  FILE_SINK_PATH: cannot append to `/no/such/folder/events.ndjson`: entity not found",
    )
    .await;
    let known = cargo_local::cloud::aws_eventbridge_target::Settings::sinks(None).kinds();
    let known: Vec<&str> = known.iter().map(|kind| kind.name).collect();
    let message = format!(
        "4 settings are wrong:
  EXCLUDE_TYPES: cannot read `a*b` (want a type code, or its beginning and `*`)
  EXCLUDE_TYPES: cannot read `c*d` (want a type code, or its beginning and `*`)
  SINKS: names `http` twice
  SINKS: cannot read `smtp` (want one of {})
  HTTP_SINK_URL: required, not set
  FILE_SINK_PATH: required, not set",
        known.join(", ")
    );
    check_changed(
        TARGET,
        &[
            ("SINKS", "http,http,smtp,file"),
            ("HTTP_SINK_URL", ""),
            ("EXCLUDE_TYPES", "a*b,c*d"),
        ],
        &message,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_file_that_cannot_be_used_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("roots.pem");
    let path = path.to_str().unwrap();
    let changes = [("SSL_CERT_FILE", path)];
    let missing =
        format!("1 setting is wrong:\n  SSL_CERT_FILE: cannot open `{path}`: entity not found");
    check_changed(INGEST, &changes, &missing).await;

    let message = format!(
        "1 setting is wrong:\n  SSL_CERT_FILE: cannot use `{path}` (want PEM certificates)"
    );
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for content in ["", "no certificate", broken] {
        std::fs::write(path, content).unwrap();
        check_changed(INGEST, &changes, &message).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_malformed_arn_of_a_secret_is_named_and_not_shown() {
    let changes = [
        ("WEBHOOK_TOKENS", ""),
        ("WEBHOOK_TOKENS_SECRET_ARN", "marker-webhook-token"),
    ];
    let message = "1 setting is wrong:
  WEBHOOK_TOKENS_SECRET_ARN: want the ARN of a secret in Secrets Manager";
    check_changed(INGEST, &changes, message).await;
    let changes = [
        ("REDACT_KEY_SECRET_ARN", "arn:aws:iam::marker"),
        ("SINKS", "log-analytics"),
        ("ENTRA_TENANT_ID", "acme.example.com"),
        ("ENTRA_CLIENT_ID", "two words"),
        ("ENTRA_CLIENT_SECRET_ARN", "marker-secret"),
        ("LOGS_INGESTION_ENDPOINT", "https://acme.ingest.example.com"),
        ("LOGS_INGESTION_RULE_ID", "dcr-0"),
    ];
    let message = "3 settings are wrong:
  REDACT_KEY_SECRET_ARN: want the ARN of a secret in Secrets Manager
  ENTRA_CLIENT_ID: cannot read `two words` (want the client ID of an application)
  ENTRA_CLIENT_SECRET_ARN: want the ARN of a secret in Secrets Manager";
    check_changed(TARGET, &changes, message).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_malformed_uri_of_a_secret_ends_a_function_on_azure() {
    let want = "want the URI of a secret in Key Vault, `https://<vault>/secrets/<name>`";
    let changes = [
        (
            "WEBHOOK_TOKENS_SECRET_URI",
            "https://v.example.com/keys/marker",
        ),
        ("REDACT_KEY_SECRET_URI", "marker-redact-key"),
    ];
    let message = format!(
        "2 settings are wrong:\n  REDACT_KEY_SECRET_URI: {want}\n  WEBHOOK_TOKENS_SECRET_URI: {want}"
    );
    let command = azure_command("azure-webhook-ingest", &changes).await;
    check_output(run(command), &message);
    let changes = [
        ("SINKS", "http"),
        ("HTTP_SINK_URL", ""),
        (
            "HTTP_SINK_AUTHORIZATION_SECRET_URI",
            "http://vault.example.com/secrets/marker",
        ),
    ];
    let message = format!(
        "2 settings are wrong:\n  HTTP_SINK_URL: required, not set\n  HTTP_SINK_AUTHORIZATION_SECRET_URI: {want}"
    );
    let command = azure_command("azure-eventgrid-subscriber", &changes).await;
    check_output(run(command), &message);
}
