//! The catalogue of event type codes: what a code is called, its filter category, its outcome, its meaning.
//!
//! Log events never carry their category, so it is looked up here. A code that is not listed is no
//! error: Auth0 adds some every year, and they pass with neither category nor outcome.

mod catalogue;
#[cfg(test)]
mod kql;
pub(crate) mod meaning;
pub(crate) mod reasons;

use catalogue::CATALOGUE;

use meaning::{Meaning, Severity};

/// An event type code of the catalogue with what is known about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// The code as log events carry it in `type`.
    pub code: &'static str,
    /// Auth0's name for it; empty where it never gave one.
    pub name: &'static str,
    /// The category by which Auth0's log streams filter it.
    pub category: Category,
    /// What the event says about what was attempted.
    pub outcome: Outcome,
    /// Whether Auth0 still documents it.
    pub status: Status,
    /// What happened: all that a schema needs to know of a code.
    pub(crate) meaning: Meaning,
    /// The code's first bytes, by which most others are told from it.
    prefix: u64,
}

/// What an event says about what was attempted: our reading, since Auth0 publishes none for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It was done.
    Success,
    /// It was refused, blocked or went wrong.
    Failure,
    /// Degraded, needs attention.
    Warning,
    /// Neither: a start, a summary, a notice.
    Other,
}

/// Whether Auth0 still documents a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// On the type-code page or in a published schema.
    Current,
    /// No longer, or never, documented; older logs and replays carry it.
    Retired,
}

impl Known {
    /// How much it matters: what failed or warns matters a little, unless the meaning says otherwise.
    pub(crate) fn severity(&self) -> Severity {
        let by_outcome = match self.outcome {
            Outcome::Success | Outcome::Other => Severity::Informational,
            Outcome::Failure | Outcome::Warning => Severity::Low,
        };
        self.meaning.severity.unwrap_or(by_outcome)
    }
}

/// Finds a code in the catalogue.
pub fn known_event_type(code: &str) -> Option<&'static Known> {
    let prefix = prefix_of(code);
    let index = CATALOGUE.binary_search_by(|entry| {
        let by_prefix = entry.prefix.cmp(&prefix);
        by_prefix.then_with(|| entry.code.cmp(code))
    });
    CATALOGUE.get(index.ok()?)
}

/// The whole catalogue in the byte order of the codes.
pub fn known_event_types() -> impl Iterator<Item = &'static Known> {
    CATALOGUE.iter()
}

#[expect(
    clippy::too_many_arguments,
    reason = "a row of the catalogue, on one line"
)]
const fn known(
    code: &'static str,
    name: &'static str,
    category: Category,
    outcome: Outcome,
    status: Status,
    meaning: Meaning,
) -> Known {
    Known {
        code,
        name,
        category,
        outcome,
        status,
        meaning,
        prefix: prefix_of(code),
    }
}

/// The first eight bytes of a code as a number of the same order; what is missing counts as zero.
const fn prefix_of(code: &str) -> u64 {
    let mut rest = code.as_bytes();
    let mut prefix = [0; 8];
    let mut free = prefix.as_mut_slice();
    while let ([byte, after @ ..], [slot, others @ ..]) = (rest, free) {
        *slot = *byte;
        (rest, free) = (after, others);
    }
    u64::from_be_bytes(prefix)
}

/// One of the 20 categories by which Auth0's log streams filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(
    missing_docs,
    reason = "each variant is Auth0's name of the category, and no more"
)]
pub enum Category {
    Actions,
    AuthLoginFail,
    AuthLoginNotification,
    AuthLoginSuccess,
    AuthLogoutFail,
    AuthLogoutSuccess,
    AuthSignupFail,
    AuthSignupSuccess,
    AuthSilentAuthFail,
    AuthSilentAuthSuccess,
    AuthTokenExchangeFail,
    AuthTokenExchangeSuccess,
    ManagementFail,
    ManagementSuccess,
    Other,
    ScimEvent,
    SystemNotification,
    UserFail,
    UserNotification,
    UserSuccess,
}

impl Category {
    /// Every category, in the order of the names.
    pub const ALL: [Self; 20] = [
        Self::Actions,
        Self::AuthLoginFail,
        Self::AuthLoginNotification,
        Self::AuthLoginSuccess,
        Self::AuthLogoutFail,
        Self::AuthLogoutSuccess,
        Self::AuthSignupFail,
        Self::AuthSignupSuccess,
        Self::AuthSilentAuthFail,
        Self::AuthSilentAuthSuccess,
        Self::AuthTokenExchangeFail,
        Self::AuthTokenExchangeSuccess,
        Self::ManagementFail,
        Self::ManagementSuccess,
        Self::Other,
        Self::ScimEvent,
        Self::SystemNotification,
        Self::UserFail,
        Self::UserNotification,
        Self::UserSuccess,
    ];

    /// Finds the category of a name as Auth0 writes it.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|category| category.name() == name)
    }

    /// The name as Auth0 writes it in stream filters.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Actions => "actions",
            Self::AuthLoginFail => "auth.login.fail",
            Self::AuthLoginNotification => "auth.login.notification",
            Self::AuthLoginSuccess => "auth.login.success",
            Self::AuthLogoutFail => "auth.logout.fail",
            Self::AuthLogoutSuccess => "auth.logout.success",
            Self::AuthSignupFail => "auth.signup.fail",
            Self::AuthSignupSuccess => "auth.signup.success",
            Self::AuthSilentAuthFail => "auth.silent_auth.fail",
            Self::AuthSilentAuthSuccess => "auth.silent_auth.success",
            Self::AuthTokenExchangeFail => "auth.token_exchange.fail",
            Self::AuthTokenExchangeSuccess => "auth.token_exchange.success",
            Self::ManagementFail => "management.fail",
            Self::ManagementSuccess => "management.success",
            Self::Other => "other",
            Self::ScimEvent => "scim.event",
            Self::SystemNotification => "system.notification",
            Self::UserFail => "user.fail",
            Self::UserNotification => "user.notification",
            Self::UserSuccess => "user.success",
        }
    }
}

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod tests;
