//! Who did it, as far as the event tells. Every text is JSON, with its quotes.

use std::borrow::Cow;

use super::json_writer::is_text;
use crate::LogEvent;
use crate::json::{push_text, string_content};
use crate::record::{Actor, Auth, AuthUser, Body, Record, Request, read_object};

/// A user, an application, or another object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Party<'a> {
    pub(super) id: Option<Cow<'a, str>>,
    pub(super) name: Option<Cow<'a, str>>,
    pub(super) email: Option<Cow<'a, str>>,
}

impl<'a> Party<'a> {
    pub(super) fn is_known(&self) -> bool {
        self.id.is_some() || self.name.is_some() || self.email.is_some()
    }

    /// Returns the application that the event names.
    pub(super) fn application(record: &Record<'a>) -> Self {
        Self {
            id: text(record.own.client_id),
            name: text(record.own.client_name),
            email: None,
        }
    }

    /// Returns the user of the record's top level.
    pub(super) fn own(record: &Record<'a>) -> Self {
        let own = &record.own;
        Self {
            id: text(own.user_id).filter(|id| !is_subject_of(id, own.client_id)),
            name: text(own.user_name),
            email: own
                .user_name
                .filter(|name| is_email(name))
                .map(Cow::Borrowed),
        }
    }

    /// Returns the user of the request's credentials. A place is not filled from another where a redaction rule is about
    /// either.
    pub(super) fn of_credentials(
        log_event: &LogEvent<'_>,
        record: &Record<'a>,
        request: &Request<'a>,
    ) -> Self {
        if request.auth.is_none() {
            return Self::default();
        }
        let may_fill = |own: &str, other: &str| {
            let other = format!("details.request.auth.user.{other}");
            !log_event.hides(own) && !log_event.hides(&other)
        };
        let auth: Auth<'_> = read_object(request.auth, record.no_escapes);
        let user: AuthUser<'_> = read_object(auth.user, record.no_escapes);
        let email = user.email.filter(|email| is_email(email));
        Self {
            id: text(user.user_id).filter(|_| may_fill("user_id", "user_id")),
            name: text(user.name).filter(|_| may_fill("user_name", "name")),
            email: email
                .map(Cow::Borrowed)
                .filter(|_| may_fill("user_name", "email")),
        }
    }

    /// Returns the user whom `details.body`, or the query of a link that was followed, names.
    pub(super) fn of_details(log_event: &LogEvent<'_>, record: &Record<'a>) -> Self {
        let mut user = Self::default();
        for (place, json) in [
            ("details.body", record.details.body),
            ("details.query", record.details.query),
        ] {
            let body: Body<'_> = read_object(json, record.no_escapes);
            let may_fill = |own: &str, other: &str| {
                !log_event.hides(own) && !log_event.hides(&format!("{place}.{other}"))
            };
            let names = [
                ("email", body.email),
                ("username", body.username),
                ("phone_number", body.phone_number),
            ];
            let names = names.into_iter().filter(|(_, name)| name.is_some());
            let name = names.map(|(at, name)| text(name).filter(|_| may_fill("user_name", at)));
            user = user.or_as(Self {
                id: text(body.user_id).filter(|_| may_fill("user_id", "user_id")),
                name: name.flatten().next(),
                email: None,
            });
        }
        let email = user.name.clone().filter(|name| is_email(name));
        Self { email, ..user }
    }

    /// Returns the same with what it lacks from another, unless that is somebody else.
    pub(super) fn or_as(self, other: Self) -> Self {
        if self.id.is_some() && other.id.is_some() && self.id != other.id {
            return self;
        }
        Self {
            id: self.id.or(other.id),
            name: self.name.or(other.name),
            email: self.email.or(other.email),
        }
    }

    /// Returns whoever acts in the place of the user, by a delegated right.
    pub(super) fn delegate(record: &Record<'a>) -> Self {
        let actor: Actor<'_> = read_object(record.details.actor, record.no_escapes);
        Self {
            id: text(actor.sub),
            name: text(actor.name),
            email: actor
                .email
                .filter(|email| is_email(email))
                .map(Cow::Borrowed),
        }
    }
}

/// Whether an identifier is that of an application's own tokens: `…@clients`.
fn is_subject_of(user_id: &str, client_id: Option<&str>) -> bool {
    let subject = user_id.strip_suffix("@clients\"");
    subject.is_some() && subject == client_id.and_then(|id| id.strip_suffix('"'))
}

/// Reads `user_id: auth0|42`, as the description of a deletion has it, and `"user_id":"auth0|42"`.
pub(super) fn user_id_in(description: &str) -> Option<Cow<'static, str>> {
    const QUOTES: [char; 3] = ['\'', '"', '`'];
    let description = string_content(description)?;
    let (_, after) = description.split_once("user_id")?;
    let after = after.trim_start_matches(QUOTES).trim_start();
    let id = after.strip_prefix([':', '='])?.split_whitespace().next()?;
    let id = id.trim_start_matches(QUOTES);
    let id = id.split(QUOTES).next().unwrap_or_default();
    let id = id.trim_end_matches([',', '.', ';', '}', ')']);
    (!id.is_empty()).then(|| quoted(id))
}

/// Returns a text as a JSON string.
pub(super) fn quoted(text: &str) -> Cow<'static, str> {
    let mut json = Vec::new();
    push_text(&mut json, text);
    Cow::Owned(String::from_utf8(json).unwrap_or_default())
}

/// Returns a string that is not empty.
pub(super) fn text(json: Option<&str>) -> Option<Cow<'_, str>> {
    json.filter(|json| is_text(json)).map(Cow::Borrowed)
}

/// Whether a JSON string is an e-mail address that every schema takes for one.
pub(super) fn is_email(json: &str) -> bool {
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
