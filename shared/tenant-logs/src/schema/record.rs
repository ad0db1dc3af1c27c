//! What the schemas read of a log event: one pass over its text, each member as its own JSON.
//!
//! A repeated member counts as its last occurrence, as everywhere.

use super::pass::Pass;
use crate::json::string;

/// Members with a place each.
trait Places<'a>: Default {
    /// The place of the member with this name.
    fn place(&mut self, name: &[u8]) -> Option<&mut Option<&'a str>>;

    /// Leaves out strings that cannot be decoded.
    fn leave_out_unreadable(&mut self);
}

fn leave_out_unreadable(place: &mut Option<&str>) {
    *place = place.filter(|json| !json.starts_with('"') || string(json).is_some());
}

/// Declares a struct of members, each with the name that it has in JSON, and the way from a name to its place.
macro_rules! members {
    ($(#[$about:meta])* $struct:ident { $($field:ident = $name:literal),* $(,)? }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Default)]
        pub(super) struct $struct<'a> {
            $(pub(super) $field: Option<&'a str>,)*
        }

        impl<'a> Places<'a> for $struct<'a> {
            #[expect(non_upper_case_globals, reason = "each has the name of its field")]
            fn place(&mut self, name: &[u8]) -> Option<&mut Option<&'a str>> {
                $(const $field: u64 = shape_of($name);)*
                let (place, same) = match shape_of(name) {
                    $($field => (&mut self.$field, name == $name),)*
                    _ => return None,
                };
                same.then_some(place)
            }

            fn leave_out_unreadable(&mut self) {
                $(leave_out_unreadable(&mut self.$field);)*
            }
        }
    };
}

/// A name's length, first two bytes and last four: a number that tells the names of a struct apart.
const fn shape_of(name: &[u8]) -> u64 {
    let [length, ..] = name.len().to_le_bytes();
    let (first, second) = match name.first_chunk::<2>() {
        Some([first, second]) => (*first, *second),
        None => (0, 0),
    };
    let [a, b, c, d] = match (name.last_chunk::<4>(), name.last()) {
        (Some(last), _) => *last,
        (None, Some(last)) => [0, 0, 0, *last],
        (None, None) => [0; 4],
    };
    u64::from_le_bytes([length, first, second, a, b, c, d, 0])
}

members! {
    /// The members of a record that have a place of their own in some schema.
    Members {
        audience = b"audience",
        auth0_client = b"auth0_client",
        client_id = b"client_id",
        client_ip = b"client_ip",
        client_name = b"client_name",
        connection = b"connection",
        connection_id = b"connection_id",
        date = b"date",
        description = b"description",
        details = b"details",
        environment_name = b"environment_name",
        event_schema = b"$event_schema",
        event_type = b"type",
        hostname = b"hostname",
        identity_user_id = b"identity_user_id",
        ip = b"ip",
        is_mobile = b"is_mobile",
        is_mobile_of_api = b"isMobile",
        location_info = b"location_info",
        log_id = b"log_id",
        organization_id = b"organization_id",
        organization_name = b"organization_name",
        references = b"references",
        scope = b"scope",
        security_context = b"security_context",
        strategy = b"strategy",
        strategy_type = b"strategy_type",
        tenant_name = b"tenant_name",
        underscore_id = b"_id",
        user_agent = b"user_agent",
        user_id = b"user_id",
        user_name = b"user_name",
    }
}

members! {
    /// What we read of `details`.
    Details {
        authenticator = b"authenticator",
        error = b"error",
        request = b"request",
        response = b"response",
        session_id = b"session_id",
    }
}

members! {
    /// What we read of `details.error`, where it is an object.
    DetailsError {
        code = b"code",
        message = b"message",
        oauth_error = b"oauthError",
        error_type = b"type",
    }
}

members! {
    /// What we read of `details.request`.
    Request {
        method = b"method",
        path = b"path",
    }
}

members! {
    /// What we read of `details.response`.
    Response {
        status_code = b"statusCode",
    }
}

members! {
    /// What we read of `details.authenticator`.
    Authenticator {
        factor_type = b"type",
    }
}

members! {
    /// `location_info`.
    Location {
        city_name = b"city_name",
        continent_code = b"continent_code",
        country_code = b"country_code",
        country_name = b"country_name",
        latitude = b"latitude",
        longitude = b"longitude",
        subdivision_name = b"subdivision_name",
        time_zone = b"time_zone",
    }
}

members! {
    /// `references`.
    References {
        correlation_id = b"correlation_id",
        trace_id = b"trace_id",
    }
}

members! {
    /// `security_context`.
    Fingerprints {
        ja3 = b"ja3",
        ja4 = b"ja4",
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
    /// Reads the record that is the object itself.
    pub(super) fn read<const COPIES: bool>(pass: &mut Pass<'a, COPIES>) -> Option<Self> {
        let mut record = Self::default();
        record.read_own(pass, 0)?;
        record.leave_out_unreadable(pass);
        Some(record)
    }

    /// Reads the record that is the member `data` of the object.
    pub(super) fn read_data<const COPIES: bool>(pass: &mut Pass<'a, COPIES>) -> Option<Self> {
        let mut record = Self::default();
        pass.object(0, |pass, name, value| {
            if pass.decoded(name).as_ref() != b"data" {
                return pass.value(value);
            }
            record = Self::default();
            record.read_own(pass, value)
        })?;
        record.leave_out_unreadable(pass);
        Some(record)
    }

    /// Reads the members of the object that begins here; another value has none.
    fn read_own<const COPIES: bool>(
        &mut self,
        pass: &mut Pass<'a, COPIES>,
        begin: usize,
    ) -> Option<usize> {
        if pass.byte(begin)? != b'{' {
            return pass.value(begin);
        }
        pass.object(begin, |pass, written, value| {
            let name = pass.decoded(written);
            let end = match name.as_ref() {
                b"details" => self.read_details(pass, value),
                b"location_info" => read_into(pass, value, &mut self.location),
                b"references" => read_into(pass, value, &mut self.references),
                b"security_context" => read_into(pass, value, &mut self.fingerprints),
                _ => pass.value(value),
            }?;
            let json = pass.text(value, end)?;
            match self.own.place(&name) {
                Some(place) => *place = Some(json),
                None => self.note_other(pass.written(written)?, json),
            }
            Some(end)
        })
    }

    fn read_details<const COPIES: bool>(
        &mut self,
        pass: &mut Pass<'a, COPIES>,
        begin: usize,
    ) -> Option<usize> {
        self.details = Details::default();
        self.error = DetailsError::default();
        self.request = Request::default();
        self.response = Response::default();
        self.authenticator = Authenticator::default();
        if pass.byte(begin)? != b'{' {
            return pass.value(begin);
        }
        pass.object(begin, |pass, written, value| {
            let name = pass.decoded(written);
            let end = match name.as_ref() {
                b"error" => read_into(pass, value, &mut self.error),
                b"request" => read_into(pass, value, &mut self.request),
                b"response" => read_into(pass, value, &mut self.response),
                b"authenticator" => read_into(pass, value, &mut self.authenticator),
                _ => pass.value(value),
            }?;
            if let Some(place) = self.details.place(&name) {
                *place = pass.text(value, end);
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

    /// Leaves out strings with half of a surrogate pair, which only an escape can write.
    fn leave_out_unreadable<const COPIES: bool>(&mut self, pass: &Pass<'a, COPIES>) {
        if pass.has_backslash() {
            self.own.leave_out_unreadable();
            self.details.leave_out_unreadable();
            self.error.leave_out_unreadable();
            self.request.leave_out_unreadable();
            self.location.leave_out_unreadable();
            self.references.leave_out_unreadable();
            self.fingerprints.leave_out_unreadable();
        }
    }
}

/// Reads an object's members into their places; a value of another kind has none.
fn read_into<'a, const COPIES: bool>(
    pass: &mut Pass<'a, COPIES>,
    begin: usize,
    into: &mut impl Places<'a>,
) -> Option<usize> {
    *into = Default::default();
    if pass.byte(begin)? != b'{' {
        return pass.value(begin);
    }
    pass.object(begin, |pass, name, value| {
        let end = pass.value(value)?;
        if let Some(place) = into.place(&pass.decoded(name)) {
            *place = pass.text(value, end);
        }
        Some(end)
    })
}
