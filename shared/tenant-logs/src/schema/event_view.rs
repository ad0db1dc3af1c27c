//! A log event read for a schema: its record, what the catalogue knows of it, when it activity.

use std::borrow::Cow;
use std::net::IpAddr;

use super::event_time::EventTime;
use super::json_writer::{JsonWriter, is_text};
use crate::event_type::meaning::{Activity, AuthMethod, Operation};
use crate::json::{scalar, string_content};
use crate::record::{
    Authenticator, DetailsError, Fingerprints, Location, Record, References, Request, Response,
    read_object,
};
use crate::{Known, LogEvent, Outcome, TenantName, known_event_type};

/// What a schema writes from.
#[derive(Debug)]
pub(super) struct EventView<'a> {
    pub(super) log_event: &'a LogEvent<'a>,
    /// Whose log it is, by our settings.
    pub(super) tenant: Option<&'a TenantName>,
    pub(super) record: Record<'a>,
    /// What we read of `details.request`.
    pub(super) request: Request<'a>,
    /// The type code, unknown ones too.
    pub(super) code: Option<Cow<'a, str>>,
    /// What the catalogue says of the code.
    pub(super) known: Option<&'static Known>,
    /// When it activity.
    pub(super) time: EventTime,
    /// `ip`, where it is an address.
    pub(super) ip: Option<Address<'a>>,
    /// `client_ip`, where it is an address: the user's, where `ip` is that of the application's back end.
    pub(super) client_ip: Option<Address<'a>>,
}

/// An IP address as the event writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Address<'a> {
    /// With its quotes.
    pub(super) json: &'a str,
    /// Whether it is one of version 4.
    pub(super) is_v4: bool,
}

impl<'a> Address<'a> {
    fn of(json: &'a str) -> Option<Self> {
        let address: IpAddr = json.strip_prefix('"')?.strip_suffix('"')?.parse().ok()?;
        let is_v4 = address.is_ipv4();
        Some(Self { json, is_v4 })
    }
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

/// Latitude and longitude, where both are numbers on the globe.
pub(super) fn coordinates<'a>(location: &Location<'a>) -> Option<(&'a str, &'a str)> {
    let latitude = degrees(location.latitude?, 90.0)?;
    let longitude = degrees(location.longitude?, 180.0)?;
    Some((latitude, longitude))
}

/// What an event tells of its failure, as JSON.
pub(super) struct FoundError<'a> {
    pub(super) message: Option<&'a str>,
    pub(super) code: Option<&'a str>,
    pub(super) error_type: Option<&'a str>,
}

impl<'a> EventView<'a> {
    pub(super) fn of(log_event: &'a LogEvent<'_>, tenant: Option<&'a TenantName>) -> Self {
        let record = log_event.members();
        let own = &record.own;
        Self {
            log_event,
            tenant,
            // As it came: a code that is redacted still decides.
            known: log_event.event_type().and_then(known_event_type),
            time: EventTime::of(own.date, log_event.log_id()),
            ip: own.ip.and_then(Address::of),
            client_ip: own.client_ip.and_then(Address::of),
            code: own.event_type.and_then(scalar),
            request: read_object(record.details.request, record.no_escapes),
            record,
        }
    }

    /// `location_info`.
    pub(super) fn location(&self) -> Location<'_> {
        read_object(self.record.own.location_info, self.record.no_escapes)
    }

    /// `references`.
    pub(super) fn references(&self) -> References<'_> {
        read_object(self.record.own.references, self.record.no_escapes)
    }

    /// `security_context`.
    pub(super) fn fingerprints(&self) -> Fingerprints<'_> {
        read_object(self.record.own.security_context, self.record.no_escapes)
    }

    /// `details.authenticator`.
    pub(super) fn authenticator(&self) -> Authenticator<'_> {
        read_object(self.record.details.authenticator, self.record.no_escapes)
    }

    /// `details.response`.
    pub(super) fn response(&self) -> Response<'_> {
        read_object(self.record.details.response, self.record.no_escapes)
    }

    /// Returns what happened; `None` for an unknown code. What an API operation did, its method says.
    pub(super) fn activity(&self) -> Option<Activity> {
        let activity = self.known?.meaning.activity;
        if let Activity::ApiOperation(operation) = activity {
            let operation = self
                .request
                .method
                .and_then(operation_of)
                .unwrap_or(operation);
            return Some(Activity::ApiOperation(operation));
        }
        Some(activity)
    }

    /// What became of what was attempted; an unknown code says nothing of it.
    pub(super) fn outcome(&self) -> Outcome {
        self.known.map_or(Outcome::Other, |known| known.outcome)
    }

    /// Whether it is an application that logs on, with credentials of its own.
    pub(super) fn is_application(&self) -> bool {
        let exchange = Activity::TokenExchange(AuthMethod::ClientCredentials);
        self.activity() == Some(exchange)
    }

    /// The protocol by which the user's own provider was asked, where the strategy's name is that of one.
    pub(super) fn provider_protocol(&self) -> Option<ProviderProtocol> {
        match string_content(self.record.own.strategy?)?.as_ref() {
            "samlp" => Some(ProviderProtocol::Saml),
            "ad" => Some(ProviderProtocol::Ldap),
            "oidc" | "okta" | "waad" | "google-oauth2" | "google-apps" | "apple" => {
                Some(ProviderProtocol::OpenId)
            }
            _ => None,
        }
    }

    /// Writes the tenant's name: the event's own, else the configured one.
    pub(super) fn write_tenant(&self, key: &'static str, writer: &mut JsonWriter<'_>) {
        match self.record.own.tenant_name.filter(|json| is_text(json)) {
            Some(json) => writer.any(key, Some(json)),
            None => writer.string(key, self.tenant.map_or("Auth0", TenantName::as_str)),
        }
    }

    /// `is_mobile`, or `isMobile` as the Management API writes it.
    pub(super) fn is_mobile(&self) -> Option<&'a str> {
        let own = &self.record.own;
        own.is_mobile.or(own.is_mobile_of_api)
    }

    /// The user's name, where it is an e-mail address.
    pub(super) fn email(&self) -> Option<&'a str> {
        self.record.own.user_name.filter(|name| is_email(name))
    }

    /// What went wrong: `details.error`, as an object or as a text.
    pub(super) fn error(&self) -> FoundError<'_> {
        let error: DetailsError<'_> =
            read_object(self.record.details.error, self.record.no_escapes);
        FoundError {
            message: error.message.or(self.record.details.error),
            code: error.code.or(error.oauth_error),
            error_type: error.error_type,
        }
    }

    /// Writes the raw event as JSON.
    pub(super) fn write_raw(&self, key: &'static str, writer: &mut JsonWriter<'_>) {
        let (before, text, after) = self.log_event.detail_parts();
        writer.json_of_parts(key, [&before, text, after]);
    }

    /// Writes the raw event as a string.
    pub(super) fn write_raw_string(&self, key: &'static str, writer: &mut JsonWriter<'_>) {
        let (before, text, after) = self.log_event.detail_parts();
        writer.string_of_parts(key, [&before, text, after]);
    }

    /// Writes the time as RFC 3339, in Auth0's own writing where that is what it is.
    pub(super) fn write_time(&self, key: &'static str, writer: &mut JsonWriter<'_>) {
        match (self.time, self.record.own.date) {
            (EventTime::Plain { .. }, date) => writer.any(key, date),
            (EventTime::Other(time), _) => writer.display(key, format_args!("\"{time}\"")),
        }
    }
}

/// What a request with this method does.
fn operation_of(method: &str) -> Option<Operation> {
    let method = string_content(method)?;
    let is = |name: &&str| method.eq_ignore_ascii_case(name);
    let operations = [
        (Operation::Read, ["get", "head"].as_slice()),
        (Operation::Create, &["post"]),
        (Operation::Update, &["put", "patch"]),
        (Operation::Delete, &["delete"]),
    ];
    let found = operations
        .into_iter()
        .find(|(_, names)| names.iter().any(is));
    found.map(|(operation, _)| operation)
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
