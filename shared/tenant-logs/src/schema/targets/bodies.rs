//! What the bodies of a request of the Management API and of its answer tell of objects.

use std::borrow::Cow;

use super::path::ApiPath;
use super::{MAX_TARGETS, Target, TargetKind};
use crate::json::{array_elements, quoted, string_content};
use crate::record::{Assigned, Body, read_object};
use crate::schema::json_writer::is_text;
use crate::schema::parties::{Party, email, is_email, text};

/// A body as JSON; where a string held it, it was opened.
#[derive(Clone, Copy)]
pub(super) struct BodyJson<'a> {
    pub(super) json: &'a str,
    pub(super) no_escapes: bool,
}

impl<'a> BodyJson<'a> {
    fn members(self) -> Body<'a> {
        read_object(Some(self.json), self.no_escapes)
    }

    /// Returns what the object is that the body is about.
    pub(super) fn kind(self) -> Option<TargetKind> {
        TargetKind::of_body(&self.members())
    }

    /// Returns what the body tells of the object that it is about.
    pub(super) fn party(self, kind: &TargetKind) -> Party<'a> {
        let body = self.members();
        let (id, name) = match kind {
            TargetKind::User => {
                let names = [body.name, body.username, body.user_name_of_scim];
                let name = names.into_iter().flatten().find(|name| is_text(name));
                (body.user_id, name)
            }
            TargetKind::Client => (body.client_id, body.name),
            TargetKind::Connection => (body.connection_id.or(body.id), body.name),
            TargetKind::Permission => (None, body.permission_name),
            TargetKind::Role | TargetKind::Group | TargetKind::Grant | TargetKind::Organization => {
                (body.id, body.name)
            }
            TargetKind::Other(word) if word == "custom-domains" => {
                (body.custom_domain_id.or(body.id), body.domain)
            }
            TargetKind::Other(_) => (body.id.or(body.token_id), body.name),
        };
        let of_user = email(body.email).or_else(|| email(body.user_name_of_scim));
        Party {
            id: text(id),
            name: text(name),
            email: of_user.filter(|_| *kind == TargetKind::User),
            ..Party::default()
        }
    }

    /// Returns the user that a query names.
    pub(super) fn user(self) -> Option<Party<'a>> {
        let body = self.members();
        let names = [body.email, body.identifier];
        let user = names.into_iter().flatten().find(|name| is_text(name))?;
        let (name, email) = if is_email(user) {
            (None, Some(Cow::Borrowed(user)))
        } else {
            (Some(Cow::Borrowed(user)), None)
        };
        Some(Party {
            name,
            email,
            ..Party::default()
        })
    }

    /// Returns the user whom an answer says that an invitation is for.
    pub(super) fn invitee(self, path: &ApiPath) -> Option<Party<'a>> {
        let is_invitation = path.has("invitations") || self.kind() == Some(invitation());
        let body: Assigned<'_> = read_object(Some(self.json), self.no_escapes);
        let mut users = self.targets_in(body.invitee.filter(|_| is_invitation)?, &TargetKind::User);
        (!users.is_empty()).then(|| users.swap_remove(0).party)
    }

    /// Returns what a request's body says is assigned to the path's object, or taken from it.
    pub(super) fn assigned(self, path: &ApiPath) -> Vec<Target<'a>> {
        if self.json.starts_with('[') {
            let kind = path.kind_of_last();
            let targets = kind.map(|kind| self.targets_in(self.json, &kind));
            return targets.unwrap_or_default();
        }
        let body: Assigned<'_> = read_object(Some(self.json), self.no_escapes);
        let is_invitation = path.has("invitations");
        let of_invitation =
            |list: Option<&'a str>| (list.filter(|_| is_invitation), TargetKind::User);
        let lists = [
            (body.invitee, TargetKind::User),
            of_invitation(body.invitees),
            of_invitation(body.owners),
            of_invitation(body.emails),
            (body.users, TargetKind::User),
            (body.members, TargetKind::User),
            (body.roles, TargetKind::Role),
            (body.permissions, TargetKind::Permission),
            (body.groups, TargetKind::Group),
            (
                body.connection_id.filter(|_| path.is_deep()),
                TargetKind::Connection,
            ),
            (body.grant_id.filter(|_| path.is_deep()), TargetKind::Grant),
            (
                body.client_id
                    .filter(|_| path.kind() == Some(TargetKind::Grant)),
                TargetKind::Client,
            ),
        ];
        let lists = lists
            .into_iter()
            .filter_map(|(list, kind)| Some((list?, kind)));
        let mut targets: Vec<Target<'_>> = lists
            .flat_map(|(list, kind)| self.targets_in(list, &kind))
            .collect();
        if path.ends_with("identities") {
            targets.extend(self.identity());
        }
        targets
    }

    /// Returns the account elsewhere that a body links to a user.
    fn identity(self) -> Option<Target<'a>> {
        let body = self.members();
        let id = string_content(text(body.user_id)?.as_ref())?.into_owned();
        let id = match body.provider.and_then(string_content) {
            Some(provider) if !id.contains('|') => format!("{provider}|{id}"),
            Some(_) | None => id,
        };
        let party = Party {
            id: Some(quoted(&id)),
            ..Party::default()
        };
        Some(Target::of(
            TargetKind::Other("identities".to_owned()),
            party,
        ))
    }

    /// Returns what a list names: by identifiers, or as objects. One text is a list of one.
    fn targets_in(self, list: &'a str, kind: &TargetKind) -> Vec<Target<'a>> {
        let elements = match list.as_bytes().first() {
            Some(b'[') => array_elements(list).unwrap_or_default(),
            _ => vec![list],
        };
        let parties = elements.into_iter().map(|element| {
            if element.starts_with('{') {
                let element = Self {
                    json: element,
                    ..self
                };
                let party = element.party(kind);
                let party = Party {
                    id: party.id.or_else(|| text(element.members().id)),
                    ..party
                };
                if *kind == TargetKind::User && !party.is_known() {
                    return element.user().unwrap_or_default();
                }
                return party;
            }
            // A user without an account has no identifier yet; those of others name a connection before a `|`.
            if *kind == TargetKind::User && is_email(element) && !element.contains('|') {
                return Party {
                    email: Some(Cow::Borrowed(element)),
                    ..Party::default()
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
                ..Party::default()
            }
        });
        let parties = parties.filter(Party::is_known).take(MAX_TARGETS);
        parties
            .map(|party| Target::of(kind.clone(), party))
            .collect()
    }
}

fn invitation() -> TargetKind {
    TargetKind::Other("invitations".to_owned())
}
