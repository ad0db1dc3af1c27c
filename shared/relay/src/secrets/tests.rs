use std::sync::Mutex;

use super::*;

/// A store that knows one secret with two versions, and keeps what it was asked.
#[derive(Default)]
struct TestStore {
    asked: Mutex<Vec<String>>,
}

impl SecretStore for &TestStore {
    const REFERENCES: References = References {
        suffix: "ARN",
        want: "a text that begins with `arn:`",
        is_reference: |text| text.starts_with("arn:"),
    };

    async fn current(&self, reference: &str) -> Result<Secret, PortError> {
        self.asked.lock().unwrap().push(reference.to_owned());
        match reference {
            "arn:known" => Ok(Secret::new("new")),
            _ => Err(PortError {
                step: format!("cannot read `{reference}`"),
                source: "there is none".into(),
            }),
        }
    }

    async fn live_versions(&self, reference: &str) -> Result<Vec<Secret>, PortError> {
        Ok(vec![self.current(reference).await?, Secret::new("old")])
    }
}

const KEY: WantedSecret = WantedSecret::current("KEY");
const TOKENS: WantedSecret = WantedSecret::live("TOKENS");
const CLIENT_SECRET: WantedSecret = WantedSecret::current("CLIENT_SECRET");

/// What is noted for each setting once these are looked up.
async fn read(store: &TestStore, values: &[(&str, &str)], opens: bool) -> StoredSecrets {
    let lookup = |name: &str| {
        let found = values.iter().find(|(other, _)| *other == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    let open = |reader: &mut Reader<'_>| {
        if !opens {
            reader.problem("REGION", "required, not set");
        }
        opens.then_some(store)
    };
    StoredSecrets::read(&lookup, &[KEY, TOKENS, CLIENT_SECRET], open).await
}

fn check(secrets: &StoredSecrets, setting: &str, expected: Result<&[&str], &str>) {
    let noted = secrets.get(setting).unwrap().as_ref();
    let noted = noted.map(|versions| versions.iter().map(Secret::expose).collect::<Vec<_>>());
    assert_eq!(
        noted.as_deref().map_err(|problem| problem.as_str()),
        expected
    );
}

#[tokio::test]
async fn a_setting_gets_the_versions_that_it_wants() {
    let store = TestStore::default();
    let values = [
        ("KEY_SECRET_ARN", "arn:known"),
        ("TOKENS_SECRET_ARN", "arn:known"),
        ("CLIENT_SECRET_ARN", "arn:known"),
    ];
    let secrets = read(&store, &values, true).await;
    check(&secrets, "KEY_SECRET_ARN", Ok(&["new"]));
    check(&secrets, "TOKENS_SECRET_ARN", Ok(&["new", "old"]));
    // The name says already that it is a secret.
    check(&secrets, "CLIENT_SECRET_ARN", Ok(&["new"]));
}

#[tokio::test]
async fn nobody_is_asked_if_no_setting_refers_to_a_secret() {
    let store = TestStore::default();
    let values = [("KEY", "k3y"), ("CLIENT_SECRET_SECRET_ARN", "arn:known")];
    // Nor is the store opened, which may lack settings.
    let secrets = read(&store, &values, false).await;
    assert!(secrets.by_setting.is_empty(), "{secrets:?}");
    assert!(store.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_malformed_reference_is_neither_sent_nor_shown() {
    let store = TestStore::default();
    let secrets = read(&store, &[("KEY_SECRET_ARN", "k3y")], true).await;
    let want = "want a text that begins with `arn:`";
    check(&secrets, "KEY_SECRET_ARN", Err(want));
    assert!(store.asked.lock().unwrap().is_empty());
    let lookup = |name: &str| (name == "KEY_SECRET_ARN").then(|| "k3y".to_owned());
    let unread = StoredSecrets::unread::<&TestStore>(&lookup, &[KEY, TOKENS]);
    check(&unread, "KEY_SECRET_ARN", Err(want));
    assert!(unread.get("TOKENS_SECRET_ARN").is_none());
}

#[tokio::test]
async fn a_secret_that_cannot_be_read_says_why() {
    let store = TestStore::default();
    let values = [("KEY_SECRET_ARN", "arn:unknown")];
    let secrets = read(&store, &values, true).await;
    let why = "cannot read `arn:unknown`: there is none";
    check(&secrets, "KEY_SECRET_ARN", Err(why));
    let secrets = read(&store, &values, false).await;
    let why = "cannot be read while other settings are wrong";
    check(&secrets, "KEY_SECRET_ARN", Err(why));
}
