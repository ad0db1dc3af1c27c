//! A log event read for a schema: its record, what the catalogue knows of it, when it happened.

use std::borrow::Cow;

use super::Mapping;
use super::addresses::Addresses;
use super::exchange::Exchange;
use super::json_writer::{JsonWriter, is_text};
use super::parties::Party;
use super::raw::Raw;
use super::targets::Target;
use crate::event_time::EventTime;
use crate::event_type::meaning::{Activity, Challenge, Operation};
use crate::json::{scalar, string_content};
use crate::record::{
    Authenticator, Fingerprints, Location, Record, References, Request, Response, read_object,
};
use crate::{Category, Known, LogEvent, Outcome, TenantName, known_event_type};

/// What a schema writes from.
#[derive(Debug)]
pub(super) struct EventView<'a> {
    pub(super) log_event: &'a LogEvent<'a>,
    /// Whose log it is, by our settings.
    pub(super) tenant: Option<&'a TenantName>,
    /// What the row keeps of the event beside its fields.
    pub(super) raw: Raw,
    pub(super) record: Record<'a>,
    /// What we read of `details.request`.
    pub(super) request: Request<'a>,
    /// The type code, unknown ones too.
    pub(super) code: Option<Cow<'a, str>>,
    /// What the catalogue says of the code.
    pub(super) known: Option<&'static Known>,
    /// When it happened.
    pub(super) time: EventTime,
    /// Whether that is when we received it, because nothing in the event tells.
    pub(super) is_time_of_receipt: bool,
    /// The addresses of `ip`: one as a rule.
    pub(super) ips: Addresses<'a>,
    /// Those of `client_ip`: the user's, where `ip` is that of the application's back end.
    pub(super) client_ips: Addresses<'a>,
    /// `details` where it is a text that holds no JSON.
    pub(super) plain_details: Option<&'a str>,
    /// The user, as far as the event tells; of an account that others change, whoever does.
    pub(super) user: Party<'a>,
    /// What an operation of the Management API was done to, the object of its path first; of an account that others change,
    /// its owner.
    pub(super) targets: Vec<Target<'a>>,
}

/// What begins the copy of an event whose time is that of its receipt.
const TIME_OF_RECEIPT: &str = r#"{"time_of_receipt":true,"#;

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

impl<'a> EventView<'a> {
    /// Reads an event from its record and, where strings held JSON, the members of `details` with that opened.
    pub(super) fn of(
        log_event: &'a LogEvent<'_>,
        (record, opened): (Record<'a>, Option<&'a str>),
        mapping: &Mapping<'a>,
    ) -> Self {
        let is_plain = opened.is_none();
        let record = record.with_details(opened);
        let own = &record.own;
        let request: Request<'_> = read_object(record.details.request, record.no_escapes);
        // As it came: a code that is redacted still decides.
        let known = log_event.event_type().and_then(known_event_type);
        let time = log_event.event_time_of(own.date);
        let exchange = Exchange {
            log_event,
            record: &record,
            request: &request,
            known,
        };
        let (user, targets) = exchange.parties();
        Self {
            log_event,
            tenant: mapping.tenant,
            raw: mapping.raw,
            known,
            time: time.unwrap_or(EventTime::Other(mapping.received_at)),
            is_time_of_receipt: time.is_none(),
            ips: Addresses::of(own.ip),
            client_ips: Addresses::of(own.client_ip),
            code: own.event_type.and_then(scalar),
            plain_details: own.details.filter(|json| is_plain && is_text(json)),
            user,
            targets,
            request,
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
    pub(super) fn response(&self) -> Response<'a> {
        read_object(self.record.details.response, self.record.no_escapes)
    }

    /// Returns what happened; `None` for an unknown code. What an operation of an API did, its method says.
    pub(super) fn activity(&self) -> Option<Activity> {
        let activity = self.known?.meaning.activity;
        let by_method = || self.request.method.and_then(operation_of);
        if let Activity::ApiOperation(operation) = activity {
            return Some(Activity::ApiOperation(by_method().unwrap_or(operation)));
        }
        if let Activity::UserChange(operation, resource) = activity
            && self.is_scim()
        {
            let operation = by_method().unwrap_or(operation);
            return Some(Activity::UserChange(operation, resource));
        }
        if let Activity::MfaEnrolment(Operation::Update, factor) = activity
            && self.is_of_my_account()
        {
            let operation = by_method().unwrap_or(Operation::Update);
            return Some(Activity::MfaEnrolment(operation, factor));
        }
        Some(activity)
    }

    /// Whether a user changes the user's own factors by an API.
    fn is_of_my_account(&self) -> bool {
        let path = self.request.path.and_then(string_content);
        path.is_some_and(|path| path.contains("/me/"))
    }

    /// Whether the user's own provider changes accounts.
    fn is_scim(&self) -> bool {
        self.known
            .is_some_and(|known| known.category == Category::ScimEvent)
    }

    /// What became of what was attempted; an unknown code says nothing of it.
    pub(super) fn outcome(&self) -> Outcome {
        self.known.map_or(Outcome::Other, |known| known.outcome)
    }

    /// Returns what was decided: a step on the way decides nothing, and neither does a warning during a logon.
    pub(super) fn decision(&self) -> Outcome {
        match self.outcome() {
            Outcome::Success if self.is_step() => Outcome::Other,
            Outcome::Warning if matches!(self.activity(), Some(Activity::Logon(_))) => {
                Outcome::Other
            }
            outcome @ (Outcome::Success | Outcome::Failure | Outcome::Warning | Outcome::Other) => {
                outcome
            }
        }
    }

    /// Whether it is a step on the way, such as a code that is sent.
    pub(super) fn is_step(&self) -> bool {
        matches!(
            self.activity(),
            Some(Activity::LogonStep | Activity::MfaChallenge(Challenge::Sent, _))
        )
    }

    /// Returns the user agent as a text; where it says nothing, that of the request that the event is about.
    pub(super) fn user_agent(&self) -> Option<&'a str> {
        let own = self.record.own.user_agent.filter(|agent| is_text(agent));
        let says_something = |agent: &str| {
            let agent = agent.trim_matches(['"', ' ']);
            !matches!(agent, "" | "Other 0.0.0 / Other 0.0.0")
        };
        if own.is_some_and(says_something) {
            return own;
        }
        let of_request = self.request.user_agent.filter(|agent| is_text(agent));
        let may_fill = || {
            let place = "details.request.userAgent";
            self.log_event.may_fill("user_agent", place)
        };
        of_request.filter(|_| may_fill()).or(own)
    }

    /// Returns the first address of `ip`.
    pub(super) fn ip(&self) -> Option<&str> {
        self.ips.first.as_ref().map(|ip| ip.json.as_ref())
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

    /// Writes the operation as Auth0 describes it where it is the API's, else as the catalogue names it, else the code.
    pub(super) fn write_operation(&self, key: &'static str, writer: &mut JsonWriter<'_>) {
        let description = self.record.own.description.filter(|json| is_text(json));
        let is_operation = matches!(self.activity(), Some(Activity::ApiOperation(_)));
        match (description.filter(|_| is_operation), self.known) {
            (Some(description), _) => writer.text(key, Some(description)),
            (None, Some(known)) if !known.name.is_empty() => writer.word(key, known.name),
            (None, _) => writer.string(key, self.code.as_deref().unwrap_or("Unknown")),
        }
    }

    /// `is_mobile`, or `isMobile` as the Management API writes it.
    pub(super) fn is_mobile(&self) -> Option<&'a str> {
        let own = &self.record.own;
        own.is_mobile.or(own.is_mobile_of_api)
    }

    /// Writes the raw event as JSON.
    pub(super) fn write_raw(&self, key: &'static str, writer: &mut JsonWriter<'_>) {
        let (before, text, after) = self.log_event.detail_parts();
        // A detail that comes whole begins with its own bracket.
        let (begin, before, text) = match (self.is_time_of_receipt, before.strip_prefix('{')) {
            (false, _) => ("", before.as_ref(), text),
            (true, Some(before)) => (TIME_OF_RECEIPT, before, text),
            (true, None) => (TIME_OF_RECEIPT, "", text.strip_prefix('{').unwrap_or(text)),
        };
        writer.json_of_parts(key, [begin, before, text, &after]);
    }

    /// Writes the raw event as a string.
    pub(super) fn write_raw_string(&self, key: &'static str, writer: &mut JsonWriter<'_>) {
        let (before, text, after) = self.log_event.detail_parts();
        writer.string_of_parts(key, [&before, text, &after]);
    }

    /// Returns the time as RFC 3339, in Auth0's own writing where that is what it is.
    pub(super) fn time_json(&self) -> Cow<'_, str> {
        match (self.time, self.record.own.date) {
            (EventTime::Plain(_), Some(date)) => Cow::Borrowed(date),
            (time, _) => Cow::Owned(format!("\"{}\"", time.timestamp())),
        }
    }

    /// Writes the time.
    pub(super) fn write_time(&self, key: &'static str, writer: &mut JsonWriter<'_>) {
        writer.any(key, Some(&self.time_json()));
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

/// A JSON number between minus and plus `most`.
fn degrees(json: &str, most: f64) -> Option<&str> {
    let is_number = json.starts_with(|first: char| first == '-' || first.is_ascii_digit());
    let number: f64 = json.parse().ok().filter(|_| is_number)?;
    (number.abs() <= most).then_some(json)
}
