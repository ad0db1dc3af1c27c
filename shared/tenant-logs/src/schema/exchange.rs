//! Who did it and to whom: by the record's own members, and by the request that it tells of and the answer to that.

use super::parties::{Party, user_id_in};
use super::targets::{Target, TargetKind, targets};
use crate::event_type::meaning::{Activity, Operation, Resource};
use crate::record::{Record, Request, Response, read_object};
use crate::{Category, Known, LogEvent};

/// What an event tells of both sides.
pub(super) struct Exchange<'e, 'a> {
    pub(super) log_event: &'e LogEvent<'e>,
    pub(super) record: &'e Record<'a>,
    pub(super) request: &'e Request<'a>,
    pub(super) known: Option<&'static Known>,
}

impl<'a> Exchange<'_, 'a> {
    /// Returns who acted, and what it was done to where the event tells of somebody or something else.
    pub(super) fn parties(&self) -> (Party<'a>, Vec<Target<'a>>) {
        let own = Party::own(self.record);
        let asking = Party::of_credentials(self.log_event, self.record, self.request);
        let is_scim = self
            .known
            .is_some_and(|known| known.category == Category::ScimEvent);
        match self.known.map(|known| known.meaning.activity) {
            Some(Activity::ApiOperation(_)) => (own.or_as(asking), self.targets()),
            Some(Activity::UserChange(Operation::Delete, Resource::User)) => {
                let deleted = self.deleted();
                let is_unnamed = deleted.is_none() && !own.is_known();
                let own = if is_unnamed { self.of_details() } else { own };
                let (user, owner) = change(own, asking, deleted);
                (user, Vec::from_iter(owner.map(Target::user)))
            }
            Some(Activity::UserChange(..)) if is_scim => {
                let mut targets = self.targets();
                targets.retain(|target| target.kind != TargetKind::Connection);
                let is_user = |target: &&Target<'_>| target.kind == TargetKind::User;
                let named = targets.iter().find(is_user);
                if named.is_none() && targets.iter().any(|target| target.party.is_known()) {
                    for target in &mut targets {
                        target.is_assigned = false;
                    }
                    return (own.or_as(asking), targets);
                }
                let (user, owner) = change(own, asking, named.map(|user| user.party.clone()));
                (user, Vec::from_iter(owner.map(Target::user)))
            }
            Some(_) | None => {
                let user = own.or_as(asking);
                if user.is_known() {
                    return (user, Vec::new());
                }
                (self.of_details(), Vec::new())
            }
        }
    }

    fn of_details(&self) -> Party<'a> {
        Party::of_details(self.log_event, self.record)
    }

    /// Returns what the request names in its path and its bodies.
    fn targets(&self) -> Vec<Target<'a>> {
        let response: Response<'_> =
            read_object(self.record.details.response, self.record.no_escapes);
        targets(
            self.log_event,
            self.request,
            &response,
            self.record.no_escapes,
        )
    }

    /// Returns the user that a deletion names beside `user_id`: in its description, or in the path of its request.
    fn deleted(&self) -> Option<Party<'a>> {
        let may_fill =
            |other: &str| !self.log_event.hides("user_id") && !self.log_event.hides(other);
        let described = self.record.own.description.and_then(user_id_in);
        if let Some(id) = described.filter(|_| may_fill("description")) {
            return Some(Party {
                id: Some(id),
                ..Party::default()
            });
        }
        if self.request.path.is_none() || !may_fill("details.request.path") {
            return None;
        }
        let mut targets = self.targets().into_iter();
        let user = targets.find(|target| target.kind == TargetKind::User);
        user.map(|user| user.party).filter(Party::is_known)
    }
}

/// Returns who changed an account, and whose it is. `user_id` may be either: Auth0 says "the user behind the flow, or the
/// user executing the action".
fn change<'a>(
    own: Party<'a>,
    asking: Party<'a>,
    named: Option<Party<'a>>,
) -> (Party<'a>, Option<Party<'a>>) {
    match named {
        Some(named) if named.id.is_some() && own.id.is_some() && named.id != own.id => {
            (own.or_as(asking), Some(named))
        }
        Some(named) => {
            let owner = Party {
                id: named.id.or(own.id),
                name: own.name.or(named.name),
                email: own.email.or(named.email),
            };
            (asking, Some(owner))
        }
        // Who asked is named twice, and whose account it was not at all.
        None if asking.id.is_some() && asking.id == own.id => (own.or_as(asking), None),
        None => (asking, Some(own).filter(Party::is_known)),
    }
}
