//! To whom, and to what: the objects that an operation of the Management API names in its path and its bodies.
//!
//! Every text is JSON, with its quotes.

mod path;

use std::borrow::Cow;

use super::parties::{Party, is_email, text};
use crate::LogEvent;
use crate::json::{array_elements, string_content};
use crate::record::{Assigned, Body, Request, Response, read_object};
use path::ApiPath;

/// Of more objects than these only the first are named beside the event.
const MAX_TARGETS: usize = 100;

/// What an object of the Management API is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TargetKind {
    User,
    Role,
    Permission,
    Group,
    Grant,
    Client,
    Organization,
    Connection,
    /// Another one, by the word that its path has for it.
    Other(String),
}

impl TargetKind {
    /// Returns what a word of a path, or a member of a body, stands for; `None` for any other word.
    fn of_word(word: &str) -> Option<Self> {
        Some(match word {
            "users" | "users-by-email" | "user-blocks" | "members" => Self::User,
            "roles" => Self::Role,
            "permissions" => Self::Permission,
            "groups" => Self::Group,
            "grants" | "client-grants" => Self::Grant,
            "clients" => Self::Client,
            "organizations" => Self::Organization,
            "connections" | "enabled_connections" => Self::Connection,
            _ => return None,
        })
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
            Self::Permission => "Permission",
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
        match self {
            Self::User | Self::Role | Self::Permission | Self::Group | Self::Grant => true,
            Self::Client | Self::Organization | Self::Connection | Self::Other(_) => false,
        }
    }

    /// The member of an answer that identifies such an object.
    fn id_in_answer(&self) -> &'static str {
        match self {
            Self::User => "details.response.body.user_id",
            Self::Client => "details.response.body.client_id",
            Self::Role
            | Self::Permission
            | Self::Group
            | Self::Grant
            | Self::Organization
            | Self::Connection
            | Self::Other(_) => "details.response.body.id",
        }
    }
}

/// An object that an operation of the Management API was done to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target<'a> {
    pub(super) kind: TargetKind,
    pub(super) party: Party<'a>,
    /// Whether the request assigns it to another object, or takes it from that.
    pub(super) is_assigned: bool,
}

/// A request of the Management API and its answer.
pub(super) struct Exchange<'e, 'a> {
    pub(super) log_event: &'e LogEvent<'e>,
    pub(super) request: &'e Request<'a>,
    pub(super) response: &'e Response<'a>,
    pub(super) no_escapes: bool,
}

impl<'a> Exchange<'_, 'a> {
    /// Returns every object that it names: first those of the path, then those that the request's body assigns.
    pub(super) fn targets(&self) -> Vec<Target<'a>> {
        let path = self.request.path.and_then(string_content);
        let path = ApiPath::of(path.as_deref().unwrap_or_default());
        let answered = BodyJson::of(self.response.body, self.no_escapes);
        let asked = BodyJson::of(self.request.body, self.no_escapes);
        let mut targets = path.targets();
        let kind = path.kind();
        let kind = kind.or_else(|| answered.as_ref().and_then(BodyJson::kind));
        // Where the path is deep, the bodies tell of what is deepest.
        if let Some(kind) = kind.filter(|_| !path.is_deep()) {
            if targets.is_empty() {
                targets.push(Target::of(kind, Party::default()));
            }
            if let Some(first) = targets.first_mut() {
                self.tell(first, answered.as_ref(), asked.as_ref());
            }
        }
        for mut target in asked.iter().flat_map(|body| body.assigned(&path)) {
            target.is_assigned = true;
            if targets.len() < MAX_TARGETS && !targets.iter().any(|other| other.is(&target)) {
                targets.push(target);
            }
        }
        let has_user = targets.iter().any(|target| target.kind == TargetKind::User);
        if !has_user && !self.log_event.hides("details.request.path") {
            let query = BodyJson::of(self.request.query, self.no_escapes);
            let users = [asked, query].into_iter().flatten();
            let mut ids = users.filter_map(|body| body.party(&TargetKind::User).id);
            targets.extend(ids.next().map(|id| Target::user(Some(id), None)));
        }
        targets
    }

    /// Adds what the bodies tell of the path's object. A place is not filled from another where a redaction rule is about
    /// the first.
    fn tell(
        &self,
        target: &mut Target<'a>,
        answered: Option<&BodyJson<'a>>,
        asked: Option<&BodyJson<'a>>,
    ) {
        let hides = |path| self.log_event.hides(path);
        let [mut answered, mut asked] = [answered, asked]
            .map(|body| body.map_or_else(Party::default, |body| body.party(&target.kind)));
        if hides("details.request.path") {
            answered.id = None;
            asked.id = None;
        }
        asked.id = asked.id.filter(|_| !hides(target.kind.id_in_answer()));
        asked.name = asked.name.filter(|_| !hides("details.response.body.name"));
        asked.email = asked
            .email
            .filter(|_| !hides("details.response.body.email"));
        let party = &mut target.party;
        for told in [answered, asked] {
            party.id = party.id.take().or(told.id);
            party.name = party.name.take().or(told.name);
            party.email = party.email.take().or(told.email);
        }
    }
}

impl<'a> Target<'a> {
    fn of(kind: TargetKind, party: Party<'a>) -> Self {
        Self {
            kind,
            party,
            is_assigned: false,
        }
    }

    fn user(id: Option<Cow<'a, str>>, email: Option<Cow<'a, str>>) -> Self {
        let party = Party {
            id,
            name: None,
            email,
        };
        Self::of(TargetKind::User, party)
    }

    /// Whether both are one object.
    fn is(&self, other: &Self) -> bool {
        let has_id = self.party.id.is_some() && self.party.id == other.party.id;
        self.kind == other.kind && (has_id || self.party == other.party)
    }

    fn into_owned(self) -> Target<'static> {
        Target {
            kind: self.kind,
            party: self.party.into_owned(),
            is_assigned: self.is_assigned,
        }
    }
}

/// A body as JSON, which a string may hold.
struct BodyJson<'a> {
    json: Cow<'a, str>,
    no_escapes: bool,
}

impl<'a> BodyJson<'a> {
    fn of(json: Option<&'a str>, no_escapes: bool) -> Option<Self> {
        let json = json?;
        if json.starts_with('"') {
            return Some(Self {
                json: string_content(json)?,
                no_escapes: false,
            });
        }
        Some(Self {
            json: Cow::Borrowed(json),
            no_escapes,
        })
    }

    /// Returns what the object is that the body is about.
    fn kind(&self) -> Option<TargetKind> {
        TargetKind::of_body(&read_object(Some(self.json.trim()), self.no_escapes))
    }

    /// Returns what the body tells of the object that it is about.
    fn party(&self, kind: &TargetKind) -> Party<'a> {
        match &self.json {
            Cow::Borrowed(json) => party_of(json.trim(), self.no_escapes, kind),
            Cow::Owned(json) => party_of(json.trim(), self.no_escapes, kind).into_owned(),
        }
    }

    /// Returns what a request's body says is assigned to the path's object, or taken from it.
    fn assigned(&self, path: &ApiPath) -> Vec<Target<'a>> {
        match &self.json {
            Cow::Borrowed(json) => assigned(json.trim(), self.no_escapes, path),
            Cow::Owned(json) => {
                let targets = assigned(json.trim(), self.no_escapes, path).into_iter();
                targets.map(Target::into_owned).collect()
            }
        }
    }
}

fn party_of<'a>(json: &'a str, no_escapes: bool, kind: &TargetKind) -> Party<'a> {
    let body: Body<'_> = read_object(Some(json), no_escapes);
    let (id, name) = match kind {
        TargetKind::User => (body.user_id, body.name.or(body.username)),
        TargetKind::Client => (body.client_id, body.name),
        TargetKind::Connection => (body.connection_id.or(body.id), body.name),
        TargetKind::Permission => (None, body.permission_name),
        TargetKind::Role
        | TargetKind::Group
        | TargetKind::Grant
        | TargetKind::Organization
        | TargetKind::Other(_) => (body.id, body.name),
    };
    let email = body.email.filter(|email| is_email(email));
    Party {
        id: text(id),
        name: text(name),
        email: email
            .filter(|_| *kind == TargetKind::User)
            .map(Cow::Borrowed),
    }
}

fn assigned<'a>(json: &'a str, no_escapes: bool, path: &ApiPath) -> Vec<Target<'a>> {
    if json.starts_with('[') {
        let kind = path.kind_of_last();
        let targets = kind.map(|kind| targets_in(json, no_escapes, &kind));
        return targets.unwrap_or_default();
    }
    let body: Assigned<'_> = read_object(Some(json), no_escapes);
    let lists = [
        (body.users, TargetKind::User),
        (body.members, TargetKind::User),
        (body.roles, TargetKind::Role),
        (body.permissions, TargetKind::Permission),
        (body.groups, TargetKind::Group),
    ];
    let lists = lists
        .into_iter()
        .filter_map(|(list, kind)| Some((list?, kind)));
    let mut targets: Vec<Target<'_>> = lists
        .flat_map(|(list, kind)| targets_in(list, no_escapes, &kind))
        .collect();
    let connection = text(body.connection_id).filter(|_| path.is_deep());
    targets.extend(connection.map(|id| {
        let party = Party {
            id: Some(id),
            ..Party::default()
        };
        Target::of(TargetKind::Connection, party)
    }));
    let invitee: Body<'_> = read_object(body.invitee, no_escapes);
    let invitee = invitee.email.filter(|email| is_email(email));
    targets.extend(invitee.map(|email| Target::user(None, Some(Cow::Borrowed(email)))));
    targets
}

/// Returns what a list names: by identifiers, or as objects. One text is a list of one.
fn targets_in<'a>(list: &'a str, no_escapes: bool, kind: &TargetKind) -> Vec<Target<'a>> {
    let elements = match list.as_bytes().first() {
        Some(b'[') => array_elements(list).unwrap_or_default(),
        _ => vec![list],
    };
    let parties = elements.into_iter().map(|element| {
        let element = element.trim();
        if element.starts_with('{') {
            let party = party_of(element, no_escapes, kind);
            let body: Body<'_> = read_object(Some(element), no_escapes);
            return Party {
                id: party.id.or_else(|| text(body.id)),
                ..party
            };
        }
        // A permission has a name and no identifier.
        let id = text(Some(element));
        let (id, name) = if *kind == TargetKind::Permission {
            (None, id)
        } else {
            (id, None)
        };
        Party {
            id,
            name,
            email: None,
        }
    });
    let parties = parties.filter(Party::is_known).take(MAX_TARGETS);
    parties
        .map(|party| Target::of(kind.clone(), party))
        .collect()
}
