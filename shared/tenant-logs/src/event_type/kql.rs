//! The KQL function `Auth0EventTypes` of infra/azure, held against the catalogue.

use super::meaning::{Activity, Severity};
use super::{Known, Outcome, Status, known_event_types};
use crate::generated::check_file;

const FILE: &str = "infra/azure/kql/functions/Auth0EventTypes.kql";

const BEGIN: &str = "\
// What each type code means: the catalogue of tenant-logs. Generated (CONTRIBUTING, \"Add a type code\").
datatable(
    EventType: string,
    EventName: string,
    EventCategory: string,
    EventOutcome: string,
    EventSeverity: string,
    EventMeaning: string,
    IsRetired: bool
)[
";

#[test]
fn the_kql_function_of_the_event_types_is_what_the_catalogue_says() {
    let rows: Vec<String> = known_event_types().map(row).collect();
    check_file(FILE, &format!("{BEGIN}{}\n]\n", rows.join(",\n")));
}

fn row(known: &Known) -> String {
    let texts = [
        known.code,
        known.name,
        known.category.name(),
        outcome(known.outcome),
        severity(known.severity()),
        meaning(known.meaning.activity),
    ];
    let texts = texts.map(|text| format!("'{}'", text.replace('\\', r"\\").replace('\'', r"\'")));
    let is_retired = match known.status {
        Status::Current => false,
        Status::Retired => true,
    };
    format!("    {}, {is_retired}", texts.join(", "))
}

fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Success => "success",
        Outcome::Failure => "failure",
        Outcome::Warning => "warning",
        Outcome::Other => "other",
    }
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Informational => "Informational",
        Severity::Low => "Low",
        Severity::Medium => "Medium",
        Severity::High => "High",
    }
}

fn meaning(activity: Activity) -> &'static str {
    match activity {
        Activity::Logon(_) => "Logon",
        Activity::LogonStep => "LogonStep",
        Activity::Logoff => "Logoff",
        Activity::SignUp => "SignUp",
        Activity::TokenExchange(_) => "TokenExchange",
        Activity::TokenRevocation => "TokenRevocation",
        Activity::MfaChallenge(..) => "MfaChallenge",
        Activity::MfaEnrolment(..) => "MfaEnrolment",
        Activity::PasswordChange(_) => "PasswordChange",
        Activity::BreachedPassword(_) => "BreachedPassword",
        Activity::BruteForceBlock(_) => "BruteForceBlock",
        Activity::RateLimit => "RateLimit",
        Activity::UserChange(..) => "UserChange",
        Activity::AdminChange(..) => "AdminChange",
        Activity::ApiOperation(_) => "ApiOperation",
        Activity::SystemNotice(_) => "SystemNotice",
    }
}
