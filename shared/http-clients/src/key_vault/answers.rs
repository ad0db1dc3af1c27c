//! What Key Vault answers, as far as it is read.

use std::fmt;

use serde::Deserialize;

/// One version with its value.
#[derive(Deserialize)]
pub(super) struct SecretValue {
    pub(super) value: String,
}

impl fmt::Debug for SecretValue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[secret]")
    }
}

/// Versions without their values, in no order.
#[derive(Debug, Deserialize)]
pub(super) struct VersionPage {
    pub(super) value: Vec<Version>,
    #[serde(rename = "nextLink")]
    pub(super) next_link: Option<String>,
}

/// One version.
#[derive(Debug, Deserialize)]
pub(super) struct Version {
    id: String,
    attributes: Attributes,
}

#[derive(Debug, Deserialize)]
struct Attributes {
    enabled: Option<bool>,
    created: Option<i64>,
    /// When it ends, in seconds since 1970.
    exp: Option<i64>,
    /// When it begins.
    nbf: Option<i64>,
}

impl Version {
    pub(super) fn is_live(&self, now: i64) -> bool {
        let Attributes {
            enabled, exp, nbf, ..
        } = &self.attributes;
        enabled.unwrap_or(true)
            && exp.is_none_or(|end| now < end)
            && nbf.is_none_or(|begin| begin <= now)
    }

    pub(super) fn created(&self) -> i64 {
        self.attributes.created.unwrap_or_default()
    }

    /// The last part of its identifier.
    pub(super) fn name(&self) -> Option<&str> {
        let name = self.id.rsplit('/').next()?;
        let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
        is_name.then_some(name)
    }
}
