//! Settings as tests give them.

use relay::settings::{Reader, SettingsError};

/// Reads settings from these values only.
pub(crate) fn read_settings<T>(
    values: &[(&str, &str)],
    read: impl Fn(&mut Reader<'_>) -> Option<T>,
) -> Result<T, SettingsError> {
    let lookup = |name: &str| {
        let found = values.iter().find(|(key, _)| *key == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    let mut reader = Reader::new(&lookup);
    let settings = read(&mut reader);
    reader.finish(|| settings)
}
