//! A function's settings from first to last: which secrets they refer to, how they are checked, how they are loaded.

use tracing::level_filters::LevelFilter;

use super::{Reader, SettingsError};
use crate::secrets::{SecretStore, StoredSecrets, WantedSecret};

/// The settings of one function.
pub trait FunctionSettings: Sized {
    /// The secrets that they may refer to.
    fn secrets() -> Vec<WantedSecret>;

    /// Reads every setting; `None` if the reader noted a problem.
    fn read(reader: &mut Reader<'_>) -> Option<Self>;

    /// How much the function logs.
    fn log_level(&self) -> LevelFilter;
}

/// Reads every setting, and from a store the secrets that settings refer to; `open` reads what the store itself needs.
///
/// # Errors
/// Everything that is missing, wrong or cannot be read, at once.
pub async fn load<S: FunctionSettings, K: SecretStore>(
    lookup: &dyn Fn(&str) -> Option<String>,
    open: impl FnOnce(&mut Reader<'_>) -> Option<K>,
) -> Result<S, SettingsError> {
    let secrets = StoredSecrets::read(lookup, &S::secrets(), open).await;
    read_with(lookup, &secrets)
}

/// Reads every setting, without a request for any secret: a reference to one is checked for its form, and something else
/// stands in for the value.
///
/// # Errors
/// Everything that is missing or wrong, at once.
pub fn check<S: FunctionSettings, K: SecretStore>(
    lookup: &dyn Fn(&str) -> Option<String>,
) -> Result<S, SettingsError> {
    read_with(lookup, &StoredSecrets::unread::<K>(lookup, &S::secrets()))
}

/// Reads every setting where secrets are given by value.
///
/// # Errors
/// Everything that is missing or wrong, at once; a reference to a secret, too.
pub fn read<S: FunctionSettings>(
    lookup: &dyn Fn(&str) -> Option<String>,
) -> Result<S, SettingsError> {
    read_with(lookup, &StoredSecrets::default())
}

fn read_with<S: FunctionSettings>(
    lookup: &dyn Fn(&str) -> Option<String>,
    secrets: &StoredSecrets,
) -> Result<S, SettingsError> {
    let mut reader = Reader::with_secrets(lookup, secrets);
    let settings = S::read(&mut reader);
    reader.finish(|| settings)
}
