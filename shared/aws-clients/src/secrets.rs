//! Secrets in Secrets Manager: read at the start for the settings that name them, and while the process lives.

use std::time::Duration;

use aws_sdk_secretsmanager::Client;
use futures_util::future::{join, join_all};
use relay::settings::Reader;
use relay::{CallError, PortError, Remedy, SecretStore, StoredSecrets, back_off, chain};
use tenant_logs::Secret;
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::connection::{AwsConnection, AwsSettings};
use crate::error::call_error;

const MAX_TRIES: u32 = 3;
const MAX_CALL_TIME: Duration = Duration::from_secs(2);
/// A start must fit into the ten seconds that Lambda gives it, and a reading into a request.
const MAX_TIME: Duration = Duration::from_secs(5);

/// Which versions of a secret a setting takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretVersions {
    /// AWSCURRENT.
    Current,
    /// AWSCURRENT and, where there is one, AWSPREVIOUS.
    Live,
}

/// Reads the secrets that settings name by `<name>_SECRET_ARN`; asks nobody where none does.
///
/// What cannot be read becomes a problem of the setting, so that it is reported with all others.
pub async fn read_secrets(
    lookup: &dyn Fn(&str) -> Option<String>,
    wanted: &[(&str, SecretVersions)],
) -> StoredSecrets {
    let mut reader = Reader::new(lookup);
    let named: Vec<(String, String, SecretVersions)> = wanted
        .iter()
        .filter_map(|(name, versions)| {
            let setting = format!("{name}_SECRET_ARN");
            let arn = reader.optional(&setting)?;
            Some((setting, arn, *versions))
        })
        .collect();
    let mut secrets = StoredSecrets::default();
    if named.is_empty() {
        return secrets;
    }
    let settings = AwsSettings::read(&mut reader);
    let manager = reader
        .finish(|| settings)
        .map(|settings| SecretsManager::new(&AwsConnection::new(settings)));
    let readings = named.into_iter().map(async |(setting, arn, versions)| {
        let read = match &manager {
            // The text may be the secret itself, so it is not shown.
            _ if !is_arn(&arn) => Err("want the ARN of a secret in Secrets Manager".to_owned()),
            Ok(manager) => {
                let read = manager.read(&arn, versions).await;
                read.map_err(|error| chain(&error).to_string())
            }
            Err(_) => Err("cannot be read while other settings are wrong".to_owned()),
        };
        (setting, read)
    });
    for (setting, read) in join_all(readings).await {
        secrets.note(setting, read);
    }
    secrets
}

/// AWS Secrets Manager. A secret is one string a version.
#[derive(Debug)]
pub struct SecretsManager {
    client: Client,
}

impl SecretsManager {
    /// A client; nothing is sent yet.
    pub fn new(connection: &AwsConnection) -> Self {
        Self {
            client: connection.secrets_manager(),
        }
    }

    async fn read(&self, arn: &str, versions: SecretVersions) -> Result<Vec<Secret>, PortError> {
        match versions {
            SecretVersions::Current => self.current(arn).await.map(|secret| vec![secret]),
            SecretVersions::Live => self.live_versions(arn).await,
        }
    }

    async fn current(&self, arn: &str) -> Result<Secret, PortError> {
        match self.version(arn, "AWSCURRENT").await {
            Ok(secret) => secret.ok_or_else(|| error(arn, "it holds no string")),
            Err(cause) => Err(error(arn, cause)),
        }
    }

    /// The version before the current one; none where the secret never changed.
    async fn previous(&self, arn: &str) -> Result<Option<Secret>, PortError> {
        match self.version(arn, "AWSPREVIOUS").await {
            Ok(secret) => Ok(secret),
            Err(CallError::Closed { code, .. }) if code.is("ResourceNotFoundException") => Ok(None),
            Err(cause) => Err(error(arn, cause)),
        }
    }

    /// Reads one version, again while that helps; nothing where it holds bytes instead of a string.
    async fn version(&self, arn: &str, stage: &str) -> Result<Option<Secret>, CallError> {
        let until = Instant::now() + MAX_TIME;
        let mut tries = 0;
        loop {
            let call = self.client.get_secret_value();
            // In a box, because the compiler cannot lay out a `main` that holds this future within all others.
            let call = Box::pin(call.secret_id(arn).version_stage(stage).send());
            let target = || format!("secret `{arn}`");
            let call_end = until.min(Instant::now() + MAX_CALL_TIME);
            let error = match timeout_at(call_end, call).await {
                Ok(Ok(version)) => return Ok(version.secret_string.map(Secret::new)),
                Ok(Err(error)) => call_error(&target(), error),
                Err(_) => CallError::TimedOut { target: target() },
            };
            tries += 1;
            let wake = Instant::now() + back_off(tries);
            if error.remedy() != Remedy::Retry || tries >= MAX_TRIES || wake >= until {
                return Err(error);
            }
            sleep_until(wake).await;
        }
    }
}

impl SecretStore for SecretsManager {
    async fn live_versions(&self, arn: &str) -> Result<Vec<Secret>, PortError> {
        let (current, previous) = join(self.current(arn), self.previous(arn)).await;
        let mut versions = vec![current?];
        versions.extend(previous?);
        Ok(versions)
    }
}

fn error(arn: &str, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> PortError {
    PortError {
        step: format!("cannot read `{arn}`"),
        source: cause.into(),
    }
}

fn is_arn(text: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b":/_+=.@-!".contains(&byte);
    text.starts_with("arn:aws")
        && text.contains(":secretsmanager:")
        && text.len() <= 2_048
        && text.bytes().all(is_allowed)
}

#[cfg(test)]
mod tests;
