//! The KQL function `Auth0EventTypes` of infra/azure, held against the catalogue.
#![cfg(test)]

use std::fs;
use std::path::Path;

use tenant_logs::{Happened, Known, Outcome, Severity, Status, known_event_types};

const FILE: &str = "infra/azure/kql/functions/Auth0EventTypes.kql";

const BEGIN: &str = "\
// What each type code means: the catalogue of tenant-logs. Generated: shared/tenant-logs/tests/kql_event_types.rs
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
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let rows: Vec<String> = known_event_types().map(row).collect();
    let right = format!("{BEGIN}{}\n]\n", rows.join(",\n"));
    if fs::read_to_string(root.join(FILE)).ok().as_ref() != Some(&right) {
        let folder = root.join("target/kql");
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("Auth0EventTypes.kql");
        fs::write(&path, &right).unwrap();
        panic!("{FILE} is not what the catalogue says; this is: {path:?}");
    }
}

fn row(known: &Known) -> String {
    let texts = [
        known.code,
        known.name,
        known.category.name(),
        outcome(known.outcome),
        severity(known.severity()),
        meaning(known.meaning.happened),
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

fn meaning(happened: Happened) -> &'static str {
    match happened {
        Happened::Logon(_) => "Logon",
        Happened::LogonStep => "LogonStep",
        Happened::Logoff => "Logoff",
        Happened::SignUp => "SignUp",
        Happened::TokenExchange(_) => "TokenExchange",
        Happened::TokenRevocation => "TokenRevocation",
        Happened::MfaChallenge(..) => "MfaChallenge",
        Happened::MfaEnrolment(..) => "MfaEnrolment",
        Happened::PasswordChange(_) => "PasswordChange",
        Happened::BreachedPassword(_) => "BreachedPassword",
        Happened::BruteForceBlock(_) => "BruteForceBlock",
        Happened::RateLimit => "RateLimit",
        Happened::UserChange(..) => "UserChange",
        Happened::AdminChange(..) => "AdminChange",
        Happened::ApiOperation(_) => "ApiOperation",
        Happened::SystemNotice(_) => "SystemNotice",
    }
}
