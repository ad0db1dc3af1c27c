//! Secrets Manager: secrets whose current and previous version `GetSecretValue` reads.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use hyper::Request;
use serde_json::{Value, json};

use crate::aws::json::{Refusal, Service};
use crate::aws::{ACCOUNT, REGION};
use crate::faults::{Faults, inject};
use crate::lock::lock;
use crate::server::{Answer, Server};

const SECRETS_MANAGER: Service = Service {
    target: "secretsmanager",
    signing_name: "secretsmanager",
    content_type: "application/x-amz-json-1.1",
    throttled: "ThrottlingException",
};

/// The versions of each secret by its ARN, the newest last.
type Secrets = BTreeMap<String, Vec<String>>;

/// A running service.
#[derive(Debug)]
pub struct SecretsManager {
    secrets: Arc<Mutex<Secrets>>,
    server: Server,
}

impl SecretsManager {
    /// Starts the service without a secret.
    pub async fn start(faults: Faults) -> io::Result<Self> {
        let secrets = Arc::new(Mutex::new(Secrets::new()));
        let known = Arc::clone(&secrets);
        let server = Server::start(move |request| {
            let (secrets, faults) = (Arc::clone(&known), faults.clone());
            async move { answer(&request, &secrets, &faults).await }
        });
        Ok(Self {
            secrets,
            server: server.await?,
        })
    }

    /// Where the SDK finds the service.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// Gives a secret a new version, its first one where there is none; returns its ARN.
    pub fn put(&self, name: &str, text: &str) -> String {
        let arn = format!("arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{name}-AbCdEf");
        let mut secrets = lock(&self.secrets);
        let versions = secrets.entry(arn.clone()).or_default();
        versions.push(text.to_owned());
        arn
    }
}

async fn answer(request: &Request<Bytes>, secrets: &Mutex<Secrets>, faults: &Faults) -> Answer {
    let fault = faults.next(request);
    let work = async {
        let read = SECRETS_MANAGER.read(request);
        match read.and_then(|(operation, input)| version(&operation, &input, &lock(secrets))) {
            Ok(output) => SECRETS_MANAGER.accept(&output),
            Err(refusal) => SECRETS_MANAGER.refuse(&refusal),
        }
    };
    inject(&fault, |fault| SECRETS_MANAGER.faulty_answer(fault), work).await
}

/// The text of one version of a secret.
fn version(operation: &str, input: &Value, secrets: &Secrets) -> Result<Value, Refusal> {
    if operation != "GetSecretValue" {
        let message = format!("{operation} is not part of the local cloud");
        return Err(Refusal::new("UnknownOperationException", message));
    }
    let member = |name: &str| input.get(name).and_then(Value::as_str);
    let age = match member("VersionStage") {
        None | Some("AWSCURRENT") => 0,
        Some("AWSPREVIOUS") => 1,
        Some(_) => usize::MAX,
    };
    let arn = member("SecretId").unwrap_or_default();
    let text = secrets
        .get(arn)
        .and_then(|versions| versions.iter().rev().nth(age));
    match text {
        Some(text) => Ok(json!({"ARN": arn, "SecretString": text})),
        None => Err(Refusal::new(
            "ResourceNotFoundException",
            "Secrets Manager can't find the specified secret value for staging label",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client;

    const SIGNATURE: &str =
        "AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/secretsmanager/aws4_request, Signature=x";

    async fn read(manager: &SecretsManager, operation: &str, input: Value) -> Value {
        let target = format!("secretsmanager.{operation}");
        let headers = [
            ("content-type", "application/x-amz-json-1.1"),
            ("x-amz-target", target.as_str()),
            ("authorization", SIGNATURE),
        ];
        let answer = client::post(&manager.url(), &headers, input.to_string()).await;
        let output: Value = serde_json::from_slice(answer.unwrap().body()).unwrap();
        let text = output.get("SecretString").or(output.get("__type"));
        text.unwrap().clone()
    }

    #[tokio::test]
    async fn the_current_and_the_previous_version_are_read_and_no_other() {
        let manager = SecretsManager::start(Faults::healthy()).await.unwrap();
        let arn = manager.put("token", "first");
        let stage = |stage: &str| json!({"SecretId": arn, "VersionStage": stage});
        let previous = read(&manager, "GetSecretValue", stage("AWSPREVIOUS")).await;
        assert_eq!(previous, "ResourceNotFoundException");
        for text in ["second", "third"] {
            assert_eq!(manager.put("token", text), arn);
        }
        for (name, expected) in [
            ("AWSCURRENT", "third"),
            ("AWSPREVIOUS", "second"),
            ("AWSPENDING", "ResourceNotFoundException"),
        ] {
            assert_eq!(
                read(&manager, "GetSecretValue", stage(name)).await,
                expected
            );
        }
        let current = json!({ "SecretId": arn });
        assert_eq!(read(&manager, "GetSecretValue", current).await, "third");
        let other = json!({"SecretId": "other"});
        let refused = read(&manager, "GetSecretValue", other).await;
        assert_eq!(refused, "ResourceNotFoundException");
        let unknown = read(&manager, "ListSecrets", json!({})).await;
        assert_eq!(unknown, "UnknownOperationException");
    }
}
