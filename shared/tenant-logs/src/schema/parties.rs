//! Who did it, as far as the event tells. Every text is JSON, with its quotes.

use std::borrow::Cow;

use super::json_writer::is_text;
use crate::LogEvent;
use crate::event_type::meaning::{Activity, Operation, Resource};
use crate::json::{push_text, string_content};
use crate::record::{Actor, Auth, AuthUser, Record, Request, read_object};

/// A user, an application, or another object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Party<'a> {
    pub(super) id: Option<Cow<'a, str>>,
    pub(super) name: Option<Cow<'a, str>>,
    pub(super) email: Option<Cow<'a, str>>,
}

impl<'a> Party<'a> {
    /// The same, with texts of its own.
    pub(super) fn into_owned(self) -> Party<'static> {
        let owned = |text: Option<Cow<'a, str>>| text.map(|text| Cow::Owned(text.into_owned()));
        Party {
            id: owned(self.id),
            name: owned(self.name),
            email: owned(self.email),
        }
    }

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
    let id = id.split_whitespace().next()?;
    let id = id.trim_matches([',', '.', ';', '\'', '"', '`']);
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
