//! Settings from the environment: everything is read, every problem is collected, and the program fails once.
//!
//! Only `main` passes the real environment; everybody else passes a closure.

mod certificates;
mod every_function;
mod function;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt::{self, Display, Write as _};
use std::io::{self, Write as _};
use std::net::IpAddr;
use std::process::ExitCode;

use tenant_logs::Secret;

use crate::secrets::{StoredSecrets, reference_setting};

pub use certificates::read_certificates;
pub use every_function::{CommonSettings, read_filter};
pub use function::{FunctionSettings, check, load, read};

/// What the name of a setting ends in that refers to a secret, and the problem where the function reads no such store.
const REFERENCES: [(&str, &str); 2] = [
    (
        "ARN",
        "cannot be read here (Secrets Manager is read by the AWS functions)",
    ),
    (
        "URI",
        "cannot be read here (Key Vault is read by the Azure functions)",
    ),
];

/// Reads settings through a lookup, where empty counts as missing, and remembers what is wrong.
pub struct Reader<'a> {
    lookup: &'a dyn Fn(&str) -> Option<String>,
    secrets: Option<&'a StoredSecrets>,
    problems: Vec<(String, String)>,
}

/// A secret setting, by value or by what it refers to.
#[derive(Debug)]
pub enum SecretSetting {
    /// The value itself.
    Value(Secret),
    /// A secret in a store.
    Stored {
        /// Its name in the store.
        reference: String,
        /// Its live versions, newest first.
        versions: Vec<Secret>,
    },
}

/// Every setting that is wrong, a line for each problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsError {
    problems: Vec<(String, String)>,
}

impl<'a> Reader<'a> {
    /// Reads through `lookup`.
    pub fn new(lookup: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self {
            lookup,
            secrets: None,
            problems: Vec::new(),
        }
    }

    /// Reads through `lookup`, and from a store the secrets that settings refer to.
    pub fn with_secrets(
        lookup: &'a dyn Fn(&str) -> Option<String>,
        secrets: &'a StoredSecrets,
    ) -> Self {
        Self {
            secrets: Some(secrets),
            ..Self::new(lookup)
        }
    }

    /// A setting that may be missing.
    pub fn optional(&mut self, name: &str) -> Option<String> {
        let value = (self.lookup)(name).filter(|value| !value.is_empty())?;
        if value.contains(char::REPLACEMENT_CHARACTER) {
            self.problem(name, "is not UTF-8");
            return None;
        }
        Some(value)
    }

    /// A list with commas that may be missing. An empty list is an error, because a missing one lets everything pass.
    pub(crate) fn list(&mut self, name: &str) -> Option<String> {
        let list = self.optional(name)?;
        if list.split(',').all(|entry| entry.trim().is_empty()) {
            self.problem(name, "names nothing");
            return None;
        }
        Some(list)
    }

    /// A setting that must be there.
    pub fn required(&mut self, name: &str) -> Option<String> {
        let value = self.optional(name);
        let is_noted = self.problems.iter().any(|(other, _)| other == name);
        if value.is_none() && !is_noted {
            self.problem(name, "required, not set");
        }
        value
    }

    /// A setting that may be missing and otherwise must parse; `want` says what it should be.
    pub fn parsed<T>(
        &mut self,
        name: &str,
        want: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let value = self.optional(name)?;
        let parsed = parse(&value);
        if parsed.is_none() {
            let shown = without_secrets(&value);
            self.problem(name, format_args!("cannot read `{shown}` (want {want})"));
        }
        parsed
    }

    /// A setting that must be there and must parse.
    pub fn required_parsed<T>(
        &mut self,
        name: &str,
        want: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        self.required(name)?;
        self.parsed(name, want, parse)
    }

    /// A secret that may be missing: its value, or the newest version of the stored secret that a setting refers to.
    pub fn secret(&mut self, name: &str) -> Option<Secret> {
        match self.secret_setting(name)? {
            SecretSetting::Value(secret) => Some(secret),
            SecretSetting::Stored {
                reference: _,
                versions,
            } => versions.into_iter().next(),
        }
    }

    /// A secret that may be missing, with all its live versions.
    pub fn secret_setting(&mut self, name: &str) -> Option<SecretSetting> {
        let value = self.optional(name).map(Secret::new);
        let mut stored = None;
        for (suffix, why_not) in REFERENCES {
            let setting = reference_setting(name, suffix);
            let Some(reference) = self.optional(&setting) else {
                continue;
            };
            if value.is_some() {
                self.problem(&setting, format_args!("{name} is set too (want one)"));
                continue;
            }
            match self.secrets.and_then(|secrets| secrets.get(&setting)) {
                Some(Ok(versions)) => {
                    let versions = versions.clone();
                    stored = Some(SecretSetting::Stored {
                        reference,
                        versions,
                    });
                }
                Some(Err(problem)) => self.problem(&setting, problem),
                None => self.problem(&setting, why_not),
            }
        }
        value.map(SecretSetting::Value).or(stored)
    }

    /// A secret that must be there, with all its live versions.
    pub fn required_secret_setting(&mut self, name: &str) -> Option<SecretSetting> {
        let problem_count = self.problems.len();
        let setting = self.secret_setting(name);
        if setting.is_none() && self.problems.len() == problem_count {
            self.problem(name, "required, not set");
        }
        setting
    }

    /// Notes that a setting is wrong, once where two parts read it. The text never holds a secret's value.
    pub fn problem(&mut self, name: &str, text: impl Display) {
        let problem = (name.to_owned(), text.to_string());
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }

    /// The settings, put together from their parts, or everything that was wrong with them.
    ///
    /// # Errors
    /// Whenever a problem was noted, even where `settings` can be put together.
    pub fn finish<T>(self, settings: impl FnOnce() -> Option<T>) -> Result<T, SettingsError> {
        let problems = self.problems;
        match settings() {
            Some(settings) if problems.is_empty() => Ok(settings),
            _ => Err(SettingsError { problems }),
        }
    }
}

impl fmt::Debug for Reader<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Reader")
            .field("problems", &self.problems)
            .finish_non_exhaustive()
    }
}

impl Display for SettingsError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: BTreeSet<&str> = self
            .problems
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        match names.len() {
            1 => formatter.write_str("1 setting is wrong:")?,
            count => write!(formatter, "{count} settings are wrong:")?,
        }
        for (name, text) in &self.problems {
            formatter.write_char('\n')?;
            write!(formatter, "  {name}: {text}")?;
        }
        Ok(())
    }
}

impl std::error::Error for SettingsError {}

/// Hides what of a URL may be a secret, however it is mistyped: user and password, the query, the fragment.
pub fn without_secrets(value: &str) -> Cow<'_, str> {
    let (user, rest) = match value.rsplit_once('@') {
        Some((_, rest)) => ("[secret]@", rest),
        None => ("", value),
    };
    let shown = rest.split_once(['?', '#']).map_or(rest, |(shown, _)| shown);
    if shown.len() == value.len() {
        return Cow::Borrowed(value);
    }
    let query = if shown.len() < rest.len() {
        "?[secret]"
    } else {
        ""
    };
    Cow::Owned(format!("{user}{shown}{query}"))
}

/// Whether a URL's host, a version 6 address with its brackets or without, is this machine.
pub fn is_loopback(host: &str) -> bool {
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// The process's own environment, for `main` to pass to a reader, which rejects the replacement character that stands for
/// what is not UTF-8.
pub fn environment(name: &str) -> Option<String> {
    let value = std::env::var_os(name)?;
    Some(value.to_string_lossy().into_owned())
}

/// Writes to standard error what is wrong, and returns the exit code of a usage error (`EX_USAGE`).
pub fn report_usage_error(error: &SettingsError) -> ExitCode {
    // A closed standard error leaves nowhere to report to.
    let _written = writeln!(io::stderr(), "{error}");
    ExitCode::from(64)
}

#[cfg(test)]
mod tests;
