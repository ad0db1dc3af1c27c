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
    let fault = faults.next();
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
