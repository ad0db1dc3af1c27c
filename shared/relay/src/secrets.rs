//! Secrets that settings only refer to: where they are kept, and what they were as the process began.

use std::collections::BTreeMap;

use tenant_logs::Secret;

use crate::ports::PortError;

/// Where secrets are kept.
pub trait SecretStore: Send + Sync {
    /// The versions of a secret that are live, newest first, at least one; answers within a few seconds.
    fn live_versions(
        &self,
        reference: &str,
    ) -> impl Future<Output = Result<Vec<Secret>, PortError>> + Send;
}

/// What a secret store held as the process began, by the settings that refer to it: `WEBHOOK_TOKENS_SECRET_ARN`.
#[derive(Debug, Default)]
pub struct StoredSecrets {
    by_setting: BTreeMap<String, Result<Vec<Secret>, String>>,
}

impl StoredSecrets {
    /// Notes the versions that a setting refers to, newest first, or why they cannot be read.
    pub fn note(&mut self, setting: String, versions: Result<Vec<Secret>, String>) {
        self.by_setting.insert(setting, versions);
    }

    /// What was noted; nothing where nobody looked.
    pub(crate) fn get(&self, setting: &str) -> Option<&Result<Vec<Secret>, String>> {
        self.by_setting.get(setting)
    }
}
