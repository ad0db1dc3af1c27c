//! A log event read for a schema: its record, what the catalogue knows of it, when it happened.

use std::borrow::Cow;
use std::net::IpAddr;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::json_writer::{JsonWriter, ip_address, is_text};
use super::record::Record;
use crate::event_type::meaning::{Act, Happened, Proof};
use crate::json::{scalar, string};
use crate::{Known, LogEvent, Outcome, TenantName, known_event_type};

/// What a schema writes from.
#[derive(Debug)]
pub(super) struct Reading<'a> {
    pub(super) log_event: &'a LogEvent<'a>,
    /// Whose log it is, by our settings.
    pub(super) tenant: Option<&'a TenantName>,
    pub(super) record: Record<'a>,
    /// The type code, unknown ones too.
    pub(super) code: Option<Cow<'a, str>>,
    /// What the catalogue says of the code.
    pub(super) known: Option<&'static Known>,
    /// When it happened.
    pub(super) time: Timestamp,
    /// `ip`, where it is an address.
    pub(super) ip: Option<IpAddr>,
    /// `client_ip`, where it is an address: the user's, where `ip` is that of the application's back end.
    pub(super) client_ip: Option<IpAddr>,
}

/// A protocol by which Auth0 asks a user's own provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ProviderProtocol {
    Saml,
    Ldap,
    OpenId,
}

impl ProviderProtocol {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Saml => "SAML",
            Self::Ldap => "LDAP",
            Self::OpenId => "OpenID Connect",
        }
    }
}

/// What an event tells of its failure, as JSON.
pub(super) struct FoundError<'a> {
    pub(super) message: Option<&'a str>,
    pub(super) code: Option<&'a str>,
    pub(super) error_type: Option<&'a str>,
}

/// The raw event as `raw` writes it, in parts.
pub(super) struct RawEvent<'a>([Cow<'a, str>; 3]);

impl<'a> Reading<'a> {
    pub(super) fn of(log_event: &'a LogEvent<'_>, tenant: Option<&'a TenantName>) -> Self {
        let record = if log_event.is_bare() {
            Record::read(log_event.text())
        } else {
            Record::read_data(log_event.text())
        };
        let code = record.own.event_type.and_then(scalar);
        Self {
            log_event,
            tenant,
            // As it came: a code that is redacted still decides.
            known: log_event.event_type().and_then(known_event_type),
            time: time_of(record.own.date, log_event.log_id()),
            ip: ip_address(record.own.ip),
            client_ip: ip_address(record.own.client_ip),
            code,
            record,
        }
    }

    /// What happened; nothing for an unknown code. What an API operation did, its method says.
    pub(super) fn happened(&self) -> Option<Happened> {
        let happened = self.known?.meaning.happened;
        if let Happened::ApiOperation(act) = happened {
            let act = self.record.request.method.and_then(act_of).unwrap_or(act);
            return Some(Happened::ApiOperation(act));
        }
        Some(happened)
    }

    /// What became of what was attempted; an unknown code says nothing of it.
    pub(super) fn outcome(&self) -> Outcome {
        self.known.map_or(Outcome::Other, |known| known.outcome)
    }

    /// Whether it is an application that logs on, with credentials of its own.
    pub(super) fn is_application(&self) -> bool {
        let exchange = Happened::TokenExchange(Proof::ClientCredentials);
        self.happened() == Some(exchange)
    }

    /// The protocol by which the user's own provider was asked, where the strategy's name is that of one.
    pub(super) fn provider_protocol(&self) -> Option<ProviderProtocol> {
        match string(self.record.own.strategy?)?.as_ref() {
            "samlp" => Some(ProviderProtocol::Saml),
            "ad" => Some(ProviderProtocol::Ldap),
            "oidc" | "okta" | "waad" | "google-oauth2" | "google-apps" | "apple" => {
                Some(ProviderProtocol::OpenId)
            }
            _ => None,
        }
    }

    /// Writes the tenant's name: its own word, else what we were told.
    pub(super) fn write_tenant(&self, key: &'static str, writer: &mut JsonWriter<'_>) {
        match self.record.own.tenant_name.filter(|json| is_text(json)) {
            Some(json) => writer.any(key, Some(json)),
            None => writer.string(key, self.tenant.map_or("Auth0", TenantName::as_str)),
        }
    }

    /// The user's name, where it is an e-mail address.
    pub(super) fn email(&self) -> Option<&'a str> {
        self.record.own.user_name.filter(|name| is_email(name))
    }

    /// What went wrong: `details.error`, as an object or as a text.
    pub(super) fn error(&self) -> FoundError<'a> {
        let error = &self.record.error;
        FoundError {
            message: error.message.or(self.record.details.error),
            code: error.code.or(error.oauth_error),
            error_type: error.error_type,
        }
    }

    /// Latitude and longitude, where both are numbers on the globe.
    pub(super) fn coordinates(&self) -> Option<(&'a str, &'a str)> {
        let latitude = degrees(self.record.location.latitude?, 90.0)?;
        let longitude = degrees(self.record.location.longitude?, 180.0)?;
        Some((latitude, longitude))
    }

    /// The raw event, to be kept inside.
    pub(super) fn raw(&self) -> RawEvent<'a> {
        RawEvent(self.log_event.detail_parts())
    }

    /// Writes the time as RFC 3339, in Auth0's own writing where that is what it is.
    pub(super) fn write_time(&self, key: &'static str, writer: &mut JsonWriter<'_>) {
        match self.record.own.date.filter(|date| is_plain_time(date)) {
            Some(date) => writer.any(key, Some(date)),
            None => writer.display(key, format_args!("\"{}\"", self.time)),
        }
    }
}

impl RawEvent<'_> {
    pub(super) fn parts(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(AsRef::as_ref)
    }
}

/// What a request with this method does.
fn act_of(method: &str) -> Option<Act> {
    let method = string(method)?;
    let is = |name: &&str| method.eq_ignore_ascii_case(name);
    let acts = [
        (Act::Read, ["get", "head"].as_slice()),
        (Act::Create, &["post"]),
        (Act::Update, &["put", "patch"]),
        (Act::Delete, &["delete"]),
    ];
    let found = acts.into_iter().find(|(_, names)| names.iter().any(is));
    found.map(|(act, _)| act)
}

/// Whether a JSON string is an e-mail address that every schema takes for one.
fn is_email(json: &str) -> bool {
    let plain = json
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    let Some((local, domain)) = plain.and_then(|plain| plain.split_once('@')) else {
        return false;
    };
    let is_local =
        |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&byte);
    let is_domain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    let has_dot = domain
        .split_once('.')
        .is_some_and(|(first, rest)| !first.is_empty() && !rest.is_empty());
    !local.is_empty() && local.bytes().all(is_local) && has_dot && domain.bytes().all(is_domain)
}

/// A JSON number between minus and plus `most`.
fn degrees(json: &str, most: f64) -> Option<&str> {
    let is_number = json.starts_with(|first: char| first == '-' || first.is_ascii_digit());
    let number: f64 = json.parse().ok().filter(|_| is_number)?;
    (number.abs() <= most).then_some(json)
}

/// The record's date; without a readable one the moment of receipt that Auth0 writes into its identifiers; without
/// that the epoch, because every schema requires a time.
fn time_of(date: Option<&str>, log_id: &str) -> Timestamp {
    let date = date.and_then(string);
    let date = date.and_then(|date| date.parse().ok());
    date.or_else(|| time_in(log_id))
        .unwrap_or(Timestamp::UNIX_EPOCH)
}

/// Reads `900`, then `YYYYMMDDHHMMSS` in UTC, of an identifier with 56 digits.
fn time_in(log_id: &str) -> Option<Timestamp> {
    if log_id.len() != 56 || !log_id.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let digits = log_id.get(3..17)?;
    let civil = DateTime::strptime("%Y%m%d%H%M%S", digits).ok()?;
    let zoned = civil.to_zoned(TimeZone::UTC).ok()?;
    Some(zoned.timestamp())
}

/// Whether a date is written as Auth0 writes it: `"2026-11-20T09:04:00.000Z"`.
fn is_plain_time(date: &str) -> bool {
    let pattern = b"\"0000-00-00T00:00:00.000Z\"";
    date.len() == pattern.len()
        && date.bytes().zip(pattern).all(|(byte, wanted)| {
            if *wanted == b'0' {
                byte.is_ascii_digit()
            } else {
                byte == *wanted
            }
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(date: &str, log_id: &str, expected: &str) {
        let time = time_of(Some(date), log_id);
        assert_eq!(time.to_string(), expected, "{date} {log_id}");
    }

    #[test]
    fn the_time_is_the_date_or_that_of_receipt() {
        let log_id = "90020261120090400000417000000000000000000004410027651184";
        check(
            "\"2026-11-20T10:04:00.5+01:00\"",
            log_id,
            "2026-11-20T09:04:00.5Z",
        );
        check("{\"$date\":0}", log_id, "2026-11-20T09:04:00Z");
        check("\"***\"", "900", "1970-01-01T00:00:00Z");
        check(
            "5",
            &log_id.replace("20261120", "20261320"),
            "1970-01-01T00:00:00Z",
        );
    }
}
