//! Who did it, as far as the event tells. Every text is JSON, with its quotes.

use std::borrow::Cow;

use super::json_writer::is_text;
use crate::LogEvent;
use crate::json::{quoted, string_content};
use crate::record::{Actor, Auth, AuthUser, Body, Record, Request, read_object};

/// What ends the subject of a token that an application got by its own credentials: `<client_id>@clients`.
const END_OF_SUBJECT: &str = "@clients\"";

/// A user, an application, or another object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Party<'a> {
    pub(super) id: Option<Cow<'a, str>>,
    pub(super) name: Option<Cow<'a, str>>,
    pub(super) email: Option<Cow<'a, str>>,
    /// Whether it is an application that acts by itself, and nobody's person.
    pub(super) is_application: bool,
    /// The subject of such an application's own token, where the event names it by that.
    pub(super) subject: Option<Cow<'a, str>>,
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
            is_application: true,
            ..Self::default()
        }
    }

    /// Returns the user of the record's top level, or the application that it names there.
    pub(super) fn own(log_event: &LogEvent<'_>, record: &Record<'a>) -> Self {
        let own = &record.own;
        let party = Self {
            id: text(own.user_id),
            name: text(own.user_name),
            email: email(own.user_name),
            ..Self::default()
        };
        party.or_application(log_event, record, "user_name")
    }

    /// Returns the user of the request's credentials, or the application whose own they are. A place is not filled from
    /// another where a redaction rule is about either.
    pub(super) fn of_credentials(
        log_event: &LogEvent<'_>,
        record: &Record<'a>,
        request: &Request<'a>,
    ) -> Self {
        if request.auth.is_none() {
            return Self::default();
        }
        let may_fill =
            |own, other| log_event.may_fill(own, &format!("details.request.auth.user.{other}"));
        let auth: Auth<'_> = read_object(request.auth, record.no_escapes);
        let user: AuthUser<'_> = read_object(auth.user, record.no_escapes);
        let party = Self {
            id: text(user.user_id),
            name: text(user.name).filter(|_| may_fill("user_name", "name")),
            email: email(user.email).filter(|_| may_fill("user_name", "email")),
            ..Self::default()
        };
        let party = party.or_application(log_event, record, "user_name");
        let may_identify = may_fill("user_id", "user_id");
        Self {
            id: party.id.filter(|_| may_identify),
            subject: party.subject.filter(|_| may_identify),
            ..party
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
            let may_fill = |own, other| log_event.may_fill(own, &format!("{place}.{other}"));
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
                ..Self::default()
            });
        }
        let email = user.name.clone().filter(|name| is_email(name));
        Self { email, ..user }
    }

    /// Returns the same with what it lacks from another, unless that is somebody else.
    pub(super) fn or_as(self, other: Self) -> Self {
        if !self.is_known() {
            return other;
        }
        if other.is_application && self.id.is_none() {
            // The credentials tell what the name beside them belongs to.
            let name = self.name.filter(|name| !is_email(name));
            return Self {
                name: other.name.or(name),
                ..other
            };
        }
        if self.is_other_than(&other) {
            return self;
        }
        Self {
            id: self.id.or(other.id),
            name: self.name.or(other.name),
            email: self.email.or(other.email),
            ..self
        }
    }

    /// Whether what the event tells of both cannot be of one.
    pub(super) fn is_other_than(&self, other: &Self) -> bool {
        if !self.is_known() || !other.is_known() {
            return false;
        }
        if self.is_application != other.is_application {
            return true;
        }
        match (&self.id, &other.id, &self.email, &other.email) {
            (Some(id), Some(of_other), _, _) => !is_same_id(id, of_other),
            (_, _, Some(email), Some(of_other)) => !email.eq_ignore_ascii_case(of_other),
            _ => false,
        }
    }

    /// Whether the event tells that both are one.
    pub(super) fn is_same_as(&self, other: &Self) -> bool {
        let have_ids = self.id.is_some() && other.id.is_some();
        let have_emails = self.email.is_some() && other.email.is_some();
        (have_ids || have_emails) && !self.is_other_than(other)
    }

    /// Returns whoever acts in the place of the user, by a delegated right.
    pub(super) fn delegate(log_event: &LogEvent<'_>, record: &Record<'a>) -> Self {
        if record.details.actor.is_none() {
            return Self::default();
        }
        let actor: Actor<'_> = read_object(record.details.actor, record.no_escapes);
        let party = Self {
            id: text(actor.sub),
            name: text(actor.name),
            email: email(actor.email),
            ..Self::default()
        };
        party.or_application(log_event, record, "details.actor.name")
    }

    /// Returns the application where that is what the identifier stands for, else the same. It is called by the record's
    /// `client_name`, where that is its name and may fill the `place` of the name, else by the name beside the identifier; a
    /// person's address is none of its own.
    fn or_application(self, log_event: &LogEvent<'_>, record: &Record<'a>, place: &str) -> Self {
        let Some((subject, client_id)) = self.id.as_ref().or(self.name.as_ref()).and_then(|id| {
            let client_id = client_of_subject(id)?;
            Some((id.clone(), client_id))
        }) else {
            return self;
        };
        let own = &record.own;
        let is_of_record = text(own.client_id).is_none_or(|id| id == client_id);
        let may_fill = || log_event.may_fill(place, "client_name");
        let client_name = text(own.client_name).filter(|_| is_of_record && may_fill());
        let name = self
            .name
            .filter(|name| client_of_subject(name).is_none() && !is_email(name));
        Self {
            id: Some(client_id),
            name: client_name.or(name),
            email: None,
            is_application: true,
            subject: Some(subject),
        }
    }
}

/// Returns the identifier of the application whose own token has this subject; a user's names the connection before a `|`.
fn client_of_subject(subject: &str) -> Option<Cow<'static, str>> {
    let client_id = subject.strip_suffix(END_OF_SUBJECT)?;
    let is_one = client_id.len() > 1 && !client_id.contains('|');
    is_one.then(|| Cow::Owned(format!("{client_id}\"")))
}

/// Whether two identifiers are of one user: some places leave the connection out that the others name before a `|`.
fn is_same_id(id: &str, other: &str) -> bool {
    let ends_with = |id: &str, other: &str| {
        let tail = other.get(1..).filter(|tail| tail.len() > 1);
        let before = tail.and_then(|tail| id.strip_suffix(tail));
        before.is_some_and(|before| before.ends_with('|'))
    };
    id == other || ends_with(id, other) || ends_with(other, id)
}

/// Reads `user_id: auth0|42`, as the description of a deletion has it, and `"user_id":"auth0|42"`. That of one that was done says
/// nothing else as a rule, so there it may have blanks, as `samlp|acme|Nils Example` has.
pub(super) fn user_id_in(description: &str, is_done: bool) -> Option<Cow<'static, str>> {
    const QUOTES: [char; 3] = ['\'', '"', '`'];
    const ENDS: [char; 5] = [',', '.', ';', '}', ')'];
    let description = string_content(description)?;
    let goes_on = |id: &str| id.contains([',', ';', ':', '=', '}', ')']) || id.contains(QUOTES);
    if let Some(id) = description.strip_prefix("user_id: ")
        && is_done
        && id.contains('|')
        && !goes_on(id)
    {
        return Some(quoted(id.trim().trim_end_matches(ENDS)));
    }
    let (_, after) = description.split_once("user_id")?;
    let after = after.trim_start_matches(QUOTES).trim_start();
    let id = after.strip_prefix([':', '='])?.split_whitespace().next()?;
    let id = id.trim_start_matches(QUOTES);
    let id = id.split(QUOTES).next().unwrap_or_default();
    let id = id.trim_end_matches(ENDS);
    (!id.is_empty()).then(|| quoted(id))
}

/// Returns a string that is not empty.
pub(super) fn text(json: Option<&str>) -> Option<Cow<'_, str>> {
    json.filter(|json| is_text(json)).map(Cow::Borrowed)
}

/// Returns a string that is an e-mail address.
pub(super) fn email(json: Option<&str>) -> Option<Cow<'_, str>> {
    json.filter(|json| is_email(json)).map(Cow::Borrowed)
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
