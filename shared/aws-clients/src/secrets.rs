//! Secrets in Secrets Manager: read at the start for the settings that name them, and while the process lives.

use std::time::Duration;

use aws_sdk_secretsmanager::Client;
use futures_util::TryFutureExt;
use futures_util::future::join;
use relay::settings::Reader;
use relay::{CallError, PortError, References, SecretStore, Tries, call_with_retry};
use tenant_logs::Secret;
use tokio::time::Instant;

use crate::boxed_call::BoxedCall;
use crate::connection::AwsConnection;
use crate::error::call_error;

const TRIES: Tries = Tries {
    max: 3,
    max_time: Duration::from_secs(2),
};
/// A start must fit into the ten seconds that Lambda gives it, and a reading into a request.
const MAX_TIME: Duration = Duration::from_secs(5);

/// AWS Secrets Manager. A secret is one string a version.
#[derive(Debug)]
pub struct SecretsManager {
    client: Client,
}

impl SecretsManager {
    /// A client by the `AWS_…` settings; `None` if the reader noted a problem.
    pub fn read(reader: &mut Reader<'_>) -> Option<Self> {
        AwsConnection::read(reader).map(|connection| Self::new(&connection))
    }

    /// A client; nothing is sent yet.
    pub fn new(connection: &AwsConnection) -> Self {
        Self {
            client: connection.secrets_manager(),
        }
    }

    /// The version before the current one; `None` if the secret never changed.
    async fn previous(&self, arn: &str) -> Result<Option<Secret>, PortError> {
        match self.version(arn, "AWSPREVIOUS").await {
            Ok(secret) => Ok(secret),
            Err(CallError::Closed { code, .. }) if code.is("ResourceNotFoundException") => Ok(None),
            Err(cause) => Err(error(arn, cause)),
        }
    }

    /// Reads one version, again while that helps; `None` if it holds bytes instead of a string.
    async fn version(&self, arn: &str, stage: &str) -> Result<Option<Secret>, CallError> {
        let target = format!("secret `{arn}`");
        let until = Instant::now() + MAX_TIME;
        let call = |_| {
            let call = self.client.get_secret_value();
            // In a box also because the compiler cannot lay out a `main` that holds this future within all others.
            let call = call.secret_id(arn).version_stage(stage).send_boxed();
            call.map_err(|error| call_error(&target, error))
        };
        let version = call_with_retry(&target, TRIES, until, call).await?;
        Ok(version.secret_string.map(Secret::new))
    }
}

impl SecretStore for SecretsManager {
    const REFERENCES: References = References {
        suffix: "ARN",
        want: "the ARN of a secret in Secrets Manager",
        is_reference: is_arn,
    };

    async fn current(&self, arn: &str) -> Result<Secret, PortError> {
        match self.version(arn, "AWSCURRENT").await {
            Ok(secret) => secret.ok_or_else(|| error(arn, "it holds no string")),
            Err(cause) => Err(error(arn, cause)),
        }
    }

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
