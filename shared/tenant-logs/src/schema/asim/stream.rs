//! Which table an event belongs to.

use crate::{Act, Attempt, Happened, Known, LogEvent, known_event_type};

/// The table that a row in the schema `asim` is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AsimStream {
    /// `ASimAuthenticationEventLogs`: logons, logoffs, token exchanges, MFA challenges, and what stopped them.
    Authentication,
    /// `ASimAuditEventLogs`: sign-ups, changes of users, passwords, factors and settings, API writes.
    Audit,
    /// `Auth0Logs_CL`: what is neither, as a row in the schema `sentinel`.
    Auth0Logs,
}

impl AsimStream {
    /// The table of a log event, by its type code alone.
    pub fn of(log_event: &LogEvent<'_>) -> Self {
        Self::of_known(log_event.event_type().and_then(known_event_type))
    }

    /// The table of a code of the catalogue; an unknown code is in neither of the normalized ones.
    pub fn of_known(known: Option<&Known>) -> Self {
        let Some(known) = known else {
            return Self::Auth0Logs;
        };
        match known.meaning.happened {
            Happened::Logon(_)
            | Happened::LogonStep
            | Happened::Logoff
            | Happened::TokenExchange(_)
            | Happened::MfaChallenge(..)
            | Happened::BreachedPassword(Attempt::Logon | Attempt::Factor)
            | Happened::BruteForceBlock(_) => Self::Authentication,
            Happened::SignUp
            | Happened::TokenRevocation
            | Happened::MfaEnrolment(..)
            | Happened::PasswordChange(_)
            | Happened::BreachedPassword(Attempt::SignUp | Attempt::PasswordChange)
            | Happened::UserChange(..) => Self::Audit,
            Happened::AdminChange(act, _) | Happened::ApiOperation(act) => match act {
                Act::Create | Act::Update | Act::Delete | Act::Write | Act::Unlock | Act::Start => {
                    Self::Audit
                }
                Act::Read => Self::Auth0Logs,
            },
            Happened::RateLimit | Happened::SystemNotice(_) => Self::Auth0Logs,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_belongs_to_exactly_one_table() {
        let of = |code| AsimStream::of_known(known_event_type(code));
        for code in [
            "s",
            "fp",
            "slo",
            "seccft",
            "gd_auth_failed",
            "pwd_leak",
            "limit_wc",
        ] {
            assert_eq!(of(code), AsimStream::Authentication, "{code}");
        }
        for code in [
            "ss",
            "scp",
            "sce",
            "gd_unenroll",
            "gd_tenant_update",
            "sapi",
            "fapi",
        ] {
            assert_eq!(of(code), AsimStream::Audit, "{code}");
        }
        for code in [
            "mgmt_api_read",
            "api_limit",
            "depnote",
            "a_code_of_next_year",
        ] {
            assert_eq!(of(code), AsimStream::Auth0Logs, "{code}");
        }
    }
}
