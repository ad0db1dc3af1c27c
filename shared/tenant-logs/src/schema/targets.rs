//! To whom, and to what: the objects that an operation of the Management API names in its path and its bodies.
//!
//! Every text is JSON, with its quotes.

mod bodies;
mod path;

use super::parties::{Party, text};
use crate::LogEvent;
use crate::json::{quoted, string_content};
use crate::record::{Body, Request, Response};
use bodies::BodyJson;
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
            // SCIM begins its words with a capital.
            "users" | "users-by-email" | "user-blocks" | "members" | "Users" => Self::User,
            "roles" => Self::Role,
            "permissions" => Self::Permission,
            "groups" | "Groups" => Self::Group,
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
            Some(("act", _)) => Some(Self::Other("actions".to_owned())),
            Some(("cd", _)) => Some(Self::Other("custom-domains".to_owned())),
            Some(("lst", _)) => Some(Self::Other("log-streams".to_owned())),
            Some(("rul", _)) => Some(Self::Other("rules".to_owned())),
            Some(("uinv", _)) => Some(Self::Other("invitations".to_owned())),
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

    /// Whether its requests name a user by an e-mail address alone.
    fn is_sent_to_a_user(&self) -> bool {
        let sent = [
            "email-verification",
            "enrollments",
            "invitations",
            "password-change",
            "verification-email",
        ];
        matches!(self, Self::Other(word) if sent.contains(&word.as_str()))
    }

    /// Whether it is a user's own: the answer names that user.
    fn is_of_a_user(&self) -> bool {
        let own = ["device-credentials", "refresh-tokens", "sessions"];
        *self == Self::Grant || matches!(self, Self::Other(word) if own.contains(&word.as_str()))
    }

    /// The members of an answer and of a request's body that identify such an object.
    fn ids_in_bodies(&self) -> [&'static str; 2] {
        match self {
            Self::User => [
                "details.response.body.user_id",
                "details.request.body.user_id",
            ],
            Self::Client => [
                "details.response.body.client_id",
                "details.request.body.client_id",
            ],
            Self::Role
            | Self::Permission
            | Self::Group
            | Self::Grant
            | Self::Organization
            | Self::Connection
            | Self::Other(_) => ["details.response.body.id", "details.request.body.id"],
        }
    }

    /// Whether a path may identify it otherwise than its answer does: an API by its audience.
    fn has_two_ids(&self) -> bool {
        matches!(self, Self::Other(word) if word == "resource-servers")
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

impl<'a> Target<'a> {
    fn of(kind: TargetKind, party: Party<'a>) -> Self {
        Self {
            kind,
            party,
            is_assigned: false,
        }
    }

    pub(super) fn user(party: Party<'a>) -> Self {
        Self::of(TargetKind::User, party)
    }

    pub(super) fn is_user(&self) -> bool {
        self.kind == TargetKind::User
    }

    /// Whether both are one object.
    fn is(&self, other: &Self) -> bool {
        let has_id = self.party.id.is_some() && self.party.id == other.party.id;
        self.kind == other.kind && (has_id || self.party == other.party)
    }
}

/// Returns every object that a request and its answer name: first those of the path, then those that the request's body
/// assigns.
pub(super) fn targets<'a>(
    log_event: &LogEvent<'_>,
    request: &Request<'a>,
    response: &Response<'a>,
    no_escapes: bool,
) -> Vec<Target<'a>> {
    let body = |json: Option<&'a str>| json.map(|json| BodyJson { json, no_escapes });
    let [asked, answered, query] = [request.body, response.body, request.query].map(body);
    let path = request.path.and_then(string_content);
    let path = ApiPath::of(path.as_deref().unwrap_or_default());
    let mut targets = path.targets();
    let kind = path.kind();
    let kind = kind.or_else(|| answered.and_then(BodyJson::kind));
    // Where the path is deep, the bodies tell of what is deepest.
    if let Some(kind) = kind.clone().filter(|_| !path.is_deep()) {
        if targets.is_empty() {
            targets.push(Target::of(kind, Party::default()));
        }
        if let Some(first) = targets.first_mut() {
            tell(log_event, first, [answered, asked]);
        }
    }
    if let [only] = targets.as_mut_slice()
        && only.is_user()
        && !only.party.is_known()
        && let Some(user) = query.and_then(BodyJson::user)
    {
        only.party = user;
    }
    let assigned = asked.map(|body| body.assigned(&path)).unwrap_or_default();
    for mut target in assigned {
        target.is_assigned = true;
        if targets.len() < MAX_TARGETS && !targets.iter().any(|other| other.is(&target)) {
            targets.push(target);
        }
    }
    name_single(&mut targets, &path, request);
    if let Some(part) = path.new_part().zip(answered).map(made) {
        targets.extend(part.filter(|part| !targets.iter().any(|other| other.is(part))));
    }
    if !targets.iter().any(Target::is_user) && !log_event.hides("details.request.path") {
        let user = user_of(log_event, (&path, kind.as_ref()), [asked, answered, query]);
        targets.extend(user.map(|user| Target {
            is_assigned: true,
            ..Target::user(user)
        }));
    }
    let mut objects = targets.iter().filter(|target| !target.is_assigned);
    if !objects.any(|target| target.party.is_known()) {
        // Where nothing else is named it was done to the user.
        let is_user = |target: &&mut Target<'_>| target.is_assigned && target.is_user();
        if let Some(user) = targets.iter_mut().find(is_user) {
            user.is_assigned = false;
        }
    }
    targets
}

/// Returns the user whom a request identifies in its path.
pub(super) fn user_in_path<'a>(
    log_event: &LogEvent<'_>,
    request: &Request<'_>,
) -> Option<Party<'a>> {
    let path = request.path.and_then(string_content)?;
    if !log_event.may_fill("user_id", "details.request.path") {
        return None;
    }
    let mut targets = ApiPath::of(&path).targets().into_iter();
    let user = targets.find(|target| target.is_user() && target.party.id.is_some());
    user.map(|user| user.party)
}

/// Names what there is only one of by its path.
fn name_single(targets: &mut [Target<'_>], path: &ApiPath, request: &Request<'_>) {
    let Some(Target {
        kind: TargetKind::Other(_),
        party,
        ..
    }) = targets.first_mut()
    else {
        return;
    };
    if party.is_known() {
        return;
    }
    let method = request.method.and_then(string_content);
    let is_changed = method.is_some_and(|method| {
        method.eq_ignore_ascii_case("patch") || method.eq_ignore_ascii_case("put")
    });
    party.name = path.single(is_changed).map(|whole| quoted(&whole));
}

/// Returns what was made a part of an object, as the answer tells.
fn made((kind, answered): (TargetKind, BodyJson<'_>)) -> Option<Target<'_>> {
    let party = answered.party(&kind);
    party.id.is_some().then(|| Target {
        is_assigned: true,
        ..Target::of(kind, party)
    })
}

/// Returns the user whom another object is for, or is one of.
fn user_of<'a>(
    log_event: &LogEvent<'_>,
    (path, kind): (&ApiPath, Option<&TargetKind>),
    [asked, answered, query]: [Option<BodyJson<'a>>; 3],
) -> Option<Party<'a>> {
    let is_sent = kind.is_some_and(TargetKind::is_sent_to_a_user);
    let asks_openly = [
        "details.request.body.email",
        "details.request.body.invitee.email",
        "details.request.body.user_id",
        "details.request.query.user_id",
    ]
    .iter()
    .all(|path| !log_event.hides(path));
    let is_of_user = is_sent || kind.is_some_and(TargetKind::is_of_a_user);
    let of_user = answered.filter(|_| is_of_user && asks_openly);
    let mut users = [asked, query, of_user].into_iter().flatten();
    let user = users.find_map(|body| {
        let user = body.party(&TargetKind::User);
        let is_named = user.id.is_some() || is_sent && user.email.is_some();
        is_named.then(|| Party {
            name: None,
            email: user.email.filter(|_| is_sent),
            ..user
        })
    });
    // Only what provisions users makes one below a connection.
    let made = asked.filter(|_| path.ends_with("Users"));
    user.or_else(|| path.user_in_query())
        .or_else(|| made.map(|body| body.party(&TargetKind::User)))
        .or_else(|| answered.filter(|_| asks_openly)?.invitee(path))
        .or_else(|| {
            query
                .filter(|_| path.kind_of_last() == Some(TargetKind::User))?
                .user()
        })
        .filter(Party::is_known)
}

/// Adds what the bodies tell of the path's object. A place is not filled from another where a redaction rule is about
/// the first.
fn tell<'a>(log_event: &LogEvent<'_>, target: &mut Target<'a>, bodies: [Option<BodyJson<'a>>; 2]) {
    let hides = |path| log_event.hides(path);
    let [mut answered, mut asked] =
        bodies.map(|body| body.map_or_else(Party::default, |body| body.party(&target.kind)));
    let ids = target.kind.ids_in_bodies();
    let [of_answer, of_request] = ids.map(|id| !hides(id) && !target.kind.has_two_ids());
    let is_other = |told: &Party<'_>| target.party.is_other_than(told);
    if of_answer && is_other(&answered) {
        answered = Party::default();
    }
    if of_request && is_other(&asked) {
        asked = Party::default();
    }
    if hides("details.request.path") {
        answered.id = None;
        asked.id = None;
    }
    asked.id = asked.id.filter(|_| !hides(ids[0]));
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
