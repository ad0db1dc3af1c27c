//! What the schemas read of a log event: one pass over its text, each member as its own JSON.
//!
//! A repeated member counts as its last occurrence, as everywhere.

use std::borrow::Cow;

use crate::json::scan::{Name, object_end, skip_white_space, value_end};
use crate::json::string;

/// Members with a place each.
trait Places<'a>: Default {
    /// The place of the member with this name.
    fn place(&mut self, name: &str) -> Option<&mut Option<&'a str>>;
}

/// Declares a struct of members, each with the name that it has in JSON, and the way from a name to its place.
macro_rules! members {
    ($(#[$about:meta])* $struct:ident { $($field:ident = $($name:literal)|+),* $(,)? }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Default)]
        pub(super) struct $struct<'a> {
            $(pub(super) $field: Option<&'a str>,)*
        }

        impl<'a> Places<'a> for $struct<'a> {
            fn place(&mut self, name: &str) -> Option<&mut Option<&'a str>> {
                match name {
                    $($($name)|+ => Some(&mut self.$field),)*
                    _ => None,
                }
            }
        }
    };
}

members! {
    /// The members of a record that have a place of their own in some schema.
    Members {
        audience = "audience",
        auth0_client = "auth0_client",
        client_id = "client_id",
        client_ip = "client_ip",
        client_name = "client_name",
        connection = "connection",
        connection_id = "connection_id",
        date = "date",
        description = "description",
        details = "details",
        environment_name = "environment_name",
        event_schema = "$event_schema",
        event_type = "type",
        hostname = "hostname",
        identity_user_id = "identity_user_id",
        ip = "ip",
        is_mobile = "is_mobile" | "isMobile",
        location_info = "location_info",
        log_id = "log_id",
        organization_id = "organization_id",
        organization_name = "organization_name",
        references = "references",
        scope = "scope",
        security_context = "security_context",
        strategy = "strategy",
        strategy_type = "strategy_type",
        tenant_name = "tenant_name",
        underscore_id = "_id",
        user_agent = "user_agent",
        user_id = "user_id",
        user_name = "user_name",
    }
}

members! {
    /// What we read of `details`.
    Details {
        authenticator = "authenticator",
        error = "error",
        request = "request",
        response = "response",
        session_id = "session_id",
    }
}

members! {
    /// What we read of `details.error`, where it is an object.
    DetailsError {
        code = "code",
        message = "message",
        oauth_error = "oauthError",
        error_type = "type",
    }
}

members! {
    /// What we read of `details.request`.
    Request {
        method = "method",
        path = "path",
    }
}

members! {
    /// What we read of `details.response`.
    Response {
        status_code = "statusCode",
    }
}

members! {
    /// What we read of `details.authenticator`.
    Authenticator {
        factor_type = "type",
    }
}

members! {
    /// `location_info`.
    Location {
        city_name = "city_name",
        continent_code = "continent_code",
        country_code = "country_code",
        country_name = "country_name",
        latitude = "latitude",
        longitude = "longitude",
        subdivision_name = "subdivision_name",
        time_zone = "time_zone",
    }
}

members! {
    /// `references`.
    References {
        correlation_id = "correlation_id",
        trace_id = "trace_id",
    }
}

members! {
    /// `security_context`.
    Fingerprints {
        ja3 = "ja3",
        ja4 = "ja4",
    }
}

/// A record with its members where we look for them.
#[derive(Debug, Clone, Default)]
pub(super) struct Record<'a> {
    pub(super) own: Members<'a>,
    pub(super) details: Details<'a>,
    pub(super) error: DetailsError<'a>,
    pub(super) request: Request<'a>,
    pub(super) response: Response<'a>,
    pub(super) authenticator: Authenticator<'a>,
    pub(super) location: Location<'a>,
    pub(super) references: References<'a>,
    pub(super) fingerprints: Fingerprints<'a>,
    /// Members that we do not know, names and values as they are written.
    pub(super) others: Vec<(&'a str, &'a str)>,
}

impl<'a> Record<'a> {
    /// Reads the record that is the text's own object.
    pub(super) fn read(text: &'a str) -> Self {
        let mut record = Self::default();
        let begin = skip_white_space(text.as_bytes(), 0);
        // Text that is no object has no members.
        let _end = record.read_own(text, begin);
        record
    }

    /// Reads the record that is the member `data` of the text's object.
    pub(super) fn read_data(text: &'a str) -> Self {
        let mut record = Self::default();
        let begin = skip_white_space(text.as_bytes(), 0);
        let _end = object_end(text.as_bytes(), begin, |name, value| {
            if name_of(text, name) != "data" {
                return value_end(text.as_bytes(), value);
            }
            record = Self::default();
            record.read_own(text, value)
        });
        record
    }

    /// Reads the members of the object that begins here; another value has none.
    fn read_own(&mut self, text: &'a str, begin: usize) -> Option<usize> {
        if text.as_bytes().get(begin)? != &b'{' {
            return value_end(text.as_bytes(), begin);
        }
        object_end(text.as_bytes(), begin, |written, value| {
            let name = name_of(text, written);
            let end = match name.as_ref() {
                "details" => self.read_details(text, value),
                "location_info" => read_into(text, value, &mut self.location),
                "references" => read_into(text, value, &mut self.references),
                "security_context" => read_into(text, value, &mut self.fingerprints),
                _ => value_end(text.as_bytes(), value),
            }?;
            let json = text.get(value..end)?;
            match self.own.place(&name) {
                Some(place) => *place = Some(json),
                None => self.note_other(text.get(written.begin..written.end)?, json),
            }
            Some(end)
        })
    }

    fn read_details(&mut self, text: &'a str, begin: usize) -> Option<usize> {
        self.details = Details::default();
        self.error = DetailsError::default();
        self.request = Request::default();
        self.response = Response::default();
        self.authenticator = Authenticator::default();
        if text.as_bytes().get(begin)? != &b'{' {
            return value_end(text.as_bytes(), begin);
        }
        object_end(text.as_bytes(), begin, |written, value| {
            let name = name_of(text, written);
            let end = match name.as_ref() {
                "error" => read_into(text, value, &mut self.error),
                "request" => read_into(text, value, &mut self.request),
                "response" => read_into(text, value, &mut self.response),
                "authenticator" => read_into(text, value, &mut self.authenticator),
                _ => value_end(text.as_bytes(), value),
            }?;
            if let Some(place) = self.details.place(&name) {
                *place = text.get(value..end);
            }
            Some(end)
        })
    }

    /// Keeps a member that we do not know, instead of an earlier one of that name.
    fn note_other(&mut self, name: &'a str, json: &'a str) {
        let is_same = |other: &str| other == name || string(other) == string(name);
        match self.others.iter_mut().find(|(other, _)| is_same(other)) {
            Some((_, value)) => *value = json,
            None => self.others.push((name, json)),
        }
    }
}

/// Reads an object's members into their places; a value of another kind has none.
fn read_into<'a>(text: &'a str, begin: usize, into: &mut impl Places<'a>) -> Option<usize> {
    let bytes = text.as_bytes();
    *into = Default::default();
    if bytes.get(begin)? != &b'{' {
        return value_end(bytes, begin);
    }
    object_end(bytes, begin, |name, value| {
        let end = value_end(bytes, value)?;
        if let Some(place) = into.place(&name_of(text, name)) {
            *place = text.get(value..end);
        }
        Some(end)
    })
}

/// A member's name, decoded; empty where it cannot be.
fn name_of(text: &str, name: Name) -> Cow<'_, str> {
    if name.is_plain {
        return Cow::Borrowed(text.get(name.begin + 1..name.end - 1).unwrap_or_default());
    }
    let decoded = text.get(name.begin..name.end).and_then(string);
    decoded.unwrap_or_default()
}
