//! Secrets that settings only refer to: where they are kept, and what they were as the process began.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use tenant_logs::Secret;

use crate::error::chain;
use crate::ports::PortError;
use crate::settings::Reader;

/// Stands in for a secret that is not read yet, whatever it is: a token, a key, a URL.
const STAND_IN: &str = "https://not-read-yet.example.com/";

/// Where secrets are kept.
pub trait SecretStore: Send + Sync {
    /// How settings refer to its secrets.
    const REFERENCES: References;

    /// The newest version of a secret; answers within a few seconds.
    fn current(&self, reference: &str) -> impl Future<Output = Result<Secret, PortError>> + Send;

    /// The versions of a secret that are live, newest first, at least one; answers within a few seconds.
    fn live_versions(
        &self,
        reference: &str,
    ) -> impl Future<Output = Result<Vec<Secret>, PortError>> + Send;
}

/// How settings refer to the secrets of a store.
#[derive(Debug, Clone, Copy)]
pub struct References {
    /// What the name of such a setting ends in.
    pub suffix: &'static str,
    /// What its value should be, for whoever reads that it is not.
    pub want: &'static str,
    /// Whether a text can be such a reference.
    pub is_reference: fn(&str) -> bool,
}

/// A secret that a setting may refer to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WantedSecret {
    name: &'static str,
    versions: SecretVersions,
}

/// Which versions of a secret a setting takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SecretVersions {
    Current,
    Live,
}

impl WantedSecret {
    /// The newest version of a secret.
    pub const fn current(name: &'static str) -> Self {
        Self {
            name,
            versions: SecretVersions::Current,
        }
    }

    /// Every live version of a secret.
    pub const fn live(name: &'static str) -> Self {
        Self {
            name,
            versions: SecretVersions::Live,
        }
    }

    /// The setting that gives it by its value.
    pub fn setting(self) -> &'static str {
        self.name
    }

    /// The setting that refers to it in a store whose references end in `suffix`.
    pub fn reference_setting(self, suffix: &str) -> String {
        reference_setting(self.name, suffix)
    }

    async fn read(self, store: &impl SecretStore, reference: &str) -> Result<Vec<Secret>, String> {
        let read = match self.versions {
            SecretVersions::Current => store.current(reference).await.map(|secret| vec![secret]),
            SecretVersions::Live => store.live_versions(reference).await,
        };
        read.map_err(|error| chain(&error).to_string())
    }
}

/// The setting that refers to the secret `name`: `REDACT_KEY_SECRET_ARN`, but `ENTRA_CLIENT_SECRET_ARN`.
pub(crate) fn reference_setting(name: &str, suffix: &str) -> String {
    if name.ends_with("SECRET") {
        format!("{name}_{suffix}")
    } else {
        format!("{name}_SECRET_{suffix}")
    }
}

/// What a secret store held as the process began, by the settings that refer to it: `WEBHOOK_TOKENS_SECRET_ARN`.
#[derive(Debug, Default)]
pub struct StoredSecrets {
    by_setting: BTreeMap<String, Result<Vec<Secret>, String>>,
}

impl StoredSecrets {
    /// Reads the secrets that settings refer to; makes no call if none does. `open` reads what the store itself needs.
    ///
    /// What cannot be read becomes a problem of the setting, so that it is reported with all others.
    pub async fn read<S: SecretStore>(
        lookup: &dyn Fn(&str) -> Option<String>,
        wanted: &[WantedSecret],
        open: impl FnOnce(&mut Reader<'_>) -> Option<S>,
    ) -> Self {
        let mut reader = Reader::new(lookup);
        let mut secrets = Self::default();
        let references = secrets.references::<S>(&mut reader, wanted);
        if references.is_empty() {
            return secrets;
        }
        let store = open(&mut reader);
        let store = &reader.finish(|| store);
        let readings = references
            .into_iter()
            .map(async |(setting, reference, secret)| {
                let read = match store {
                    Ok(store) => secret.read(store, &reference).await,
                    Err(_) => Err("cannot be read while other settings are wrong".to_owned()),
                };
                (setting, read)
            });
        for (setting, read) in join_all(readings).await {
            secrets.note(setting, read);
        }
        secrets
    }

    /// Stands in for secrets that are not read yet, so that everything else can be checked already, the form of the
    /// references included.
    pub fn unread<S: SecretStore>(
        lookup: &dyn Fn(&str) -> Option<String>,
        wanted: &[WantedSecret],
    ) -> Self {
        let mut secrets = Self::default();
        let references = secrets.references::<S>(&mut Reader::new(lookup), wanted);
        for (setting, _, _) in references {
            secrets.note(setting, Ok(vec![Secret::new(STAND_IN)]));
        }
        secrets
    }

    /// The settings that refer to a secret, each with its reference; notes those that are malformed.
    fn references<S: SecretStore>(
        &mut self,
        reader: &mut Reader<'_>,
        wanted: &[WantedSecret],
    ) -> Vec<(String, String, WantedSecret)> {
        let mut references = Vec::new();
        for secret in wanted {
            let setting = secret.reference_setting(S::REFERENCES.suffix);
            let Some(reference) = reader.optional(&setting) else {
                continue;
            };
            if (S::REFERENCES.is_reference)(&reference) {
                references.push((setting, reference, *secret));
            } else {
                // The text may be the secret itself, so it is not shown.
                self.note(setting, Err(format!("want {}", S::REFERENCES.want)));
            }
        }
        references
    }

    /// Notes the versions that a setting refers to, newest first, or why they cannot be read.
    pub(crate) fn note(&mut self, setting: String, versions: Result<Vec<Secret>, String>) {
        self.by_setting.insert(setting, versions);
    }

    /// What was noted; `None` if it was not looked up.
    pub(crate) fn get(&self, setting: &str) -> Option<&Result<Vec<Secret>, String>> {
        self.by_setting.get(setting)
    }
}

#[cfg(test)]
mod tests;
