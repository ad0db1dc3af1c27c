//! The name of the Auth0 tenant whose log this is.

use std::fmt;

/// A tenant's name: 1 to 63 ASCII letters, digits, `-`, `_` or `.`, as Auth0 gives them.
///
/// It becomes part of event sources and storage keys, so anything else is refused at the edge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantName(String);

/// A name that no tenant can have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("want 1 to 63 letters, digits, `-`, `_` or `.`")]
pub struct TenantNameProblem;

impl TenantName {
    /// Checks a name.
    pub fn parse(text: &str) -> Result<Self, TenantNameProblem> {
        let is_allowed =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        if text.is_empty() || text.len() > 63 || !text.bytes().all(is_allowed) {
            return Err(TenantNameProblem);
        }
        Ok(Self(text.to_owned()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The source that our own events name: `auth0.com/<tenant>/auth0.logs`.
    pub fn event_source(&self) -> String {
        format!("auth0.com/{}/auth0.logs", self.0)
    }
}

impl fmt::Display for TenantName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, is_name: bool) {
        assert_eq!(TenantName::parse(text).is_ok(), is_name, "{text:?}");
    }

    #[test]
    fn a_tenant_name_is_short_and_plain() {
        check("acme", true);
        check("acme-prod.eu_1", true);
        check(&"a".repeat(63), true);
        check("", false);
        check(&"a".repeat(64), false);
        check("acme/prod", false);
        check("acme prod", false);
        check("ácme", false);
    }

    #[test]
    fn the_event_source_names_the_tenant() {
        let tenant = TenantName::parse("acme").unwrap();
        assert_eq!(tenant.event_source(), "auth0.com/acme/auth0.logs");
    }
}
