//! Who did it, and to whom, as far as the event tells. Every text is JSON, with its quotes.

use std::borrow::Cow;

use super::json_writer::is_text;
use crate::LogEvent;
use crate::event_type::meaning::{Activity, Operation, Resource};
use crate::json::{push_text, string_content};
use crate::record::{Actor, Auth, AuthUser, Body, Record, Request, Response, read_object};

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

    /// Returns the user: top level first, what it lacks from the request's credentials or from the description. A place is
    /// not filled from another where a redaction rule is about either.
    pub(super) fn user(
        log_event: &LogEvent<'_>,
        record: &Record<'a>,
        request: &Request<'a>,
        activity: Option<Activity>,
    ) -> Self {
        let own = &record.own;
        let mut user = Self {
            id: text(own.user_id),
            name: text(own.user_name),
            email: own
                .user_name
                .filter(|name| is_email(name))
                .map(Cow::Borrowed),
        };
        let may_fill = |own: &str, other: &str| !log_event.hides(own) && !log_event.hides(other);
        if request.auth.is_some() {
            let auth: Auth<'_> = read_object(request.auth, record.no_escapes);
            let of_auth: AuthUser<'_> = read_object(auth.user, record.no_escapes);
            let is_same =
                user.id.is_none() || text(of_auth.user_id).is_none_or(|id| Some(id) == user.id);
            if is_same {
                let path = "details.request.auth.user";
                if user.id.is_none() && may_fill("user_id", &format!("{path}.user_id")) {
                    user.id = text(of_auth.user_id);
                }
                if user.name.is_none() && may_fill("user_name", &format!("{path}.name")) {
                    user.name = text(of_auth.name);
                }
                if user.email.is_none() && may_fill("user_name", &format!("{path}.email")) {
                    let email = of_auth.email.filter(|email| is_email(email));
                    user.email = email.map(Cow::Borrowed);
                }
            }
        }
        let is_deletion = activity == Some(Activity::UserChange(Operation::Delete, Resource::User));
        if is_deletion && user.id.is_none() && may_fill("user_id", "description") {
            user.id = own.description.and_then(user_id_in);
        }
        user
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

/// Reads `user_id: auth0|42`, as the description of a deletion has it.
fn user_id_in(description: &str) -> Option<Cow<'static, str>> {
    let description = string_content(description)?;
    let (_, id) = description.split_once("user_id:")?;
    let id = id.split_whitespace().next()?.trim_end_matches([',', '.']);
    (!id.is_empty()).then(|| quoted(id))
}

/// What an object of the Management API is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TargetKind {
    User,
    Role,
    Group,
    Grant,
    Client,
    Organization,
    Connection,
    /// Another one, by the word that its path has for it.
    Other(String),
}

impl TargetKind {
    fn of_path(word: &str) -> Self {
        match word {
            "users" | "users-by-email" => Self::User,
            "roles" => Self::Role,
            "groups" => Self::Group,
            "grants" | "client-grants" => Self::Grant,
            "clients" => Self::Client,
            "organizations" => Self::Organization,
            "connections" => Self::Connection,
            other => Self::Other(other.to_owned()),
        }
    }

    /// Returns what an object without a path is, by its own members.
    fn of_body(body: &Body<'_>) -> Option<Self> {
        if text(body.user_id).is_some() {
            return Some(Self::User);
        }
        let id = body.id.and_then(string_content).unwrap_or_default();
        match id.split_once('_') {
            Some(("cgr", _)) => Some(Self::Grant),
            Some(("rol", _)) => Some(Self::Role),
            Some(("org", _)) => Some(Self::Organization),
            Some(("con", _)) => Some(Self::Connection),
            _ => text(body.client_id).map(|_| Self::Client),
        }
    }

    /// Returns its name in English.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::User => "User",
            Self::Role => "Role",
            Self::Group => "Group",
            Self::Grant => "Grant",
            Self::Client => "Client",
            Self::Organization => "Organization",
            Self::Connection => "Connection",
            Self::Other(word) => word,
        }
    }

    /// Whether it says who may do what.
    pub(super) fn is_identity(&self) -> bool {
        matches!(self, Self::User | Self::Role | Self::Group | Self::Grant)
    }
}

/// What an operation of the Management API was done to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target<'a> {
    pub(super) kind: TargetKind,
    pub(super) party: Party<'a>,
}

impl<'a> Target<'a> {
    /// Returns what the path names, with what the answer and the request's body tell of it.
    pub(super) fn of(
        request: &Request<'a>,
        response: &Response<'a>,
        no_escapes: bool,
    ) -> Option<Self> {
        let path = request.path.and_then(string_content).unwrap_or_default();
        let path = path.split(['?', '#']).next().unwrap_or_default();
        let mut words = path
            .split('/')
            .filter(|word| !matches!(*word, "" | "api" | "v2"));
        let (kind, id, deeper) = (words.next(), words.next(), words.next());
        let answered: Body<'_> = read_object(response.body, no_escapes);
        let asked: Body<'_> = read_object(request.body, no_escapes);
        let kind = match kind {
            Some(word) => TargetKind::of_path(word),
            None => TargetKind::of_body(&answered)?,
        };
        let mut party = Party {
            id: id.map(|id| quoted(&percent_decoded(id))),
            ..Party::default()
        };
        // What is deeper is another object, and the bodies tell of that.
        if deeper.is_none() {
            party.tell(&kind, &answered);
            party.tell(&kind, &asked);
        }
        Some(Self { kind, party })
    }
}

impl<'a> Party<'a> {
    /// Fills what is missing from a body.
    fn tell(&mut self, kind: &TargetKind, body: &Body<'a>) {
        let (id, name) = match kind {
            TargetKind::User => (body.user_id, body.name.or(body.username)),
            TargetKind::Client => (body.client_id, body.name),
            TargetKind::Role
            | TargetKind::Group
            | TargetKind::Grant
            | TargetKind::Organization
            | TargetKind::Connection
            | TargetKind::Other(_) => (body.id, body.name),
        };
        if self.id.is_none() {
            self.id = text(id);
        }
        if self.name.is_none() {
            self.name = text(name);
        }
        if self.email.is_none() && *kind == TargetKind::User {
            let email = body.email.filter(|email| is_email(email));
            self.email = email.map(Cow::Borrowed);
        }
    }
}

/// Returns what `%7C` and the like stand for; a text that is no UTF-8 then stays as it is.
fn percent_decoded(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let decoded = match rest {
            [b'%', high, low, ..] => hex_digit(*high).zip(hex_digit(*low)),
            _ => None,
        };
        if let Some((high, low)) = decoded {
            bytes.push(high << 4 | low);
            rest = rest.get(3..).unwrap_or_default();
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8(bytes).map_or(Cow::Borrowed(text), Cow::Owned)
}

fn hex_digit(byte: u8) -> Option<u8> {
    let digit = char::from(byte).to_digit(16)?;
    u8::try_from(digit).ok()
}

fn quoted(text: &str) -> Cow<'static, str> {
    let mut json = Vec::new();
    push_text(&mut json, text);
    Cow::Owned(String::from_utf8(json).unwrap_or_default())
}

fn text(json: Option<&str>) -> Option<Cow<'_, str>> {
    json.filter(|json| is_text(json)).map(Cow::Borrowed)
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
