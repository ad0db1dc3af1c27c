//! Which table an event belongs to.

use crate::event_type::meaning::{Activity, Attempt, Operation};
use crate::{Known, LogEvent, known_event_type};

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
    pub(crate) fn of_known(known: Option<&Known>) -> Self {
        let Some(known) = known else {
            return Self::Auth0Logs;
        };
        match known.meaning.activity {
            Activity::Logon(_)
            | Activity::LogonStep
            | Activity::Logoff
            | Activity::TokenExchange(_)
            | Activity::MfaChallenge(..)
            | Activity::BreachedPassword(Attempt::Logon | Attempt::Factor)
            | Activity::BruteForceBlock(_) => Self::Authentication,
            Activity::SignUp
            | Activity::TokenRevocation
            | Activity::MfaEnrolment(..)
            | Activity::PasswordChange(_)
            | Activity::BreachedPassword(Attempt::SignUp | Attempt::PasswordChange)
            | Activity::UserChange(..) => Self::Audit,
            Activity::AdminChange(operation, _) | Activity::ApiOperation(operation) => {
                match operation {
                    Operation::Create
                    | Operation::Update
                    | Operation::Delete
                    | Operation::Write
                    | Operation::Unlock
                    | Operation::Start => Self::Audit,
                    Operation::Read => Self::Auth0Logs,
                }
            }
            Activity::RateLimit | Activity::SystemNotice(_) => Self::Auth0Logs,
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
