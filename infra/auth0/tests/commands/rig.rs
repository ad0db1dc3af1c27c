//! A tenant, and the program with its settings; whatever it says is searched for credentials.

use std::process::Stdio;

use fakes::auth0::{Auth0, CLIENT_SECRET, TenantOptions};
use fakes::faults::Faults;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

/// The webhook's newest token, and the one before it.
pub(crate) const TOKEN: &str = "newest-webhook-token-7f";
pub(crate) const OLD_TOKEN: &str = "older-webhook-token-3c";
/// What a planted stream of another's has as its credential.
pub(crate) const OTHERS_KEY: &str = "others-key-91";
const CREDENTIALS: [&str; 5] = [
    CLIENT_SECRET,
    TOKEN,
    OLD_TOKEN,
    OTHERS_KEY,
    "made-up-token-",
];

pub(crate) struct Rig {
    pub(crate) tenant: Auth0,
    pub(crate) faults: Faults,
    settings: Vec<(String, String)>,
}

/// How the program ended, and what it said.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) output: String,
    pub(crate) error: String,
}

impl Rig {
    /// A tenant whose application has both scopes.
    pub(crate) async fn start() -> Self {
        Self::with(TenantOptions::default()).await
    }

    pub(crate) async fn with(options: TenantOptions) -> Self {
        let both = vec!["read:log_streams", "create:log_streams"];
        let scopes = if options.scopes == TenantOptions::default().scopes {
            both
        } else {
            options.scopes
        };
        let options = TenantOptions { scopes, ..options };
        let faults = Faults::healthy();
        let tenant = Auth0::start(options, faults.clone()).await.unwrap();
        let settings = tenant.settings();
        let mut rig = Self {
            tenant,
            faults,
            settings,
        };
        rig.set("WEBHOOK_TOKENS", &format!("{TOKEN},{OLD_TOKEN}"));
        rig
    }

    /// Gives the program a setting, or takes it away where the value is empty.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.settings.retain(|(other, _)| other != name);
        self.settings.push((name.to_owned(), value.to_owned()));
    }

    pub(crate) async fn run(&self, line: &str) -> Ran {
        self.run_with_input(line, "").await
    }

    /// Runs the program with what stands on a command line, and this on standard input.
    pub(crate) async fn run_with_input(&self, line: &str, input: &str) -> Ran {
        let mut child = Command::new(env!("CARGO_BIN_EXE_auth0-stream"))
            .args(line.split_whitespace())
            .env_clear()
            .envs(self.settings.iter().cloned())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        // A program that reads nothing may have ended.
        let _read = stdin.write_all(input.as_bytes()).await;
        drop(stdin);
        let ended = child.wait_with_output().await.unwrap();
        let ran = Ran {
            code: ended.status.code().unwrap(),
            output: String::from_utf8(ended.stdout).unwrap(),
            error: String::from_utf8(ended.stderr).unwrap(),
        };
        for credential in CREDENTIALS {
            let said = [&ran.output, &ran.error];
            assert!(
                !said.iter().any(|text| text.contains(credential)),
                "{ran:?}"
            );
        }
        ran
    }

    /// What an endpoint of the Management API was asked for, so often.
    pub(crate) fn asked(&self, what: &str) -> u64 {
        self.tenant
            .requests()
            .get(what)
            .copied()
            .unwrap_or_default()
    }
}

impl Ran {
    /// Holds how the program ended, and that it said this on the side where it belongs.
    pub(crate) fn expect(&self, code: i32, parts: &[&str]) {
        assert_eq!(self.code, code, "{self:?}");
        let said = if matches!(code, 2 | 4) {
            &self.error
        } else {
            &self.output
        };
        for part in parts {
            assert!(said.contains(part), "no `{part}` in {said}");
        }
    }
}

/// A webhook's log stream, as Auth0 answers it.
pub(crate) fn webhook_stream(url: &str) -> Value {
    json!({
        "id": "lst_0000000000000001",
        "name": "relay",
        "type": "http",
        "status": "active",
        "sink": {
            "httpEndpoint": url,
            "httpContentType": "application/json",
            "httpContentFormat": "JSONARRAY",
            "httpAuthorization": format!("Bearer {TOKEN}"),
        },
    })
}

/// The same with other members.
pub(crate) fn changed(mut stream: Value, changes: &Value) -> Value {
    for (name, value) in changes.as_object().unwrap() {
        match stream.get_mut(name) {
            Some(Value::Object(members)) => members.extend(value.as_object().unwrap().clone()),
            _ => stream[name] = value.clone(),
        }
    }
    stream
}
