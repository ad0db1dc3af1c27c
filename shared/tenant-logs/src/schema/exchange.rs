//! Who did it and to whom: by the record's own members, and by the request that it tells of and the answer to that.

use super::parties::{Party, user_id_in};
use super::targets::{Target, TargetKind, targets, user_in_path};
use crate::event_type::meaning::{Activity, Operation, Resource};
use crate::record::{Record, Request, Response, read_object};
use crate::{Category, Known, LogEvent, Outcome};

/// What an event tells of both sides.
pub(super) struct Exchange<'e, 'a> {
    pub(super) log_event: &'e LogEvent<'e>,
    pub(super) record: &'e Record<'a>,
    pub(super) request: &'e Request<'a>,
    pub(super) known: Option<&'static Known>,
}

/// Who acted, and what it was done to where the event tells of somebody or something else.
type Parties<'a> = (Party<'a>, Vec<Target<'a>>);

impl<'a> Exchange<'_, 'a> {
    /// Returns who acted, and what it was done to where the event tells of somebody or something else.
    pub(super) fn parties(&self) -> Parties<'a> {
        let own = Party::own(self.log_event, self.record);
        let asking = Party::of_credentials(self.log_event, self.record, self.request);
        let is_scim = self
            .known
            .is_some_and(|known| known.category == Category::ScimEvent);
        match self.known.map(|known| known.meaning.activity) {
            Some(Activity::ApiOperation(_)) => self.operated(own, asking),
            Some(Activity::UserChange(Operation::Delete, Resource::User)) => {
                let deleted = self.deleted();
                let is_unnamed = deleted.is_none() && !own.is_known();
                let own = if is_unnamed { self.of_details() } else { own };
                let (user, owner) = change(own, asking, deleted);
                (user, Vec::from_iter(owner.map(Target::user)))
            }
            Some(Activity::UserChange(..)) if is_scim => self.provisioned(own, asking),
            Some(activity) if is_of_an_account(activity) => self.changed(own, asking),
            Some(_) | None => {
                let user = own.or_as(asking);
                if user.is_known() {
                    return (user, Vec::new());
                }
                (self.of_details(), Vec::new())
            }
        }
    }

    /// What was done by the Management API: by whoever called it, where the credentials are of another than the user. Then the
    /// user is whom it was done to, unless the request names another object.
    fn operated(&self, own: Party<'a>, asking: Party<'a>) -> Parties<'a> {
        let mut targets = self.targets();
        // A name without an identifier may be that of the application whose credentials these are.
        let may_be_another = own.id.is_some() || !asking.is_application;
        let is_by_another = may_be_another && !own.is_application && own.is_other_than(&asking);
        if !is_by_another {
            return (own.or_as(asking), targets);
        }
        let is_own = |target: &&mut Target<'_>| target.is_user() && target.party.is_same_as(&own);
        if let Some(Target { party, .. }) = targets.iter_mut().find(is_own) {
            if party.name.is_none() && party.email.is_none() {
                party.name = own.name;
                party.email = own.email;
            }
        } else if !targets.iter().any(|target| target.party.is_known()) {
            targets.push(Target::user(own));
        }
        (asking, targets)
    }

    /// What the user's own provider changed.
    fn provisioned(&self, own: Party<'a>, asking: Party<'a>) -> Parties<'a> {
        let mut targets = self.targets();
        targets.retain(|target| target.kind != TargetKind::Connection);
        let named = targets.iter().find(|target| target.is_user());
        if named.is_none() && targets.iter().any(|target| target.party.is_known()) {
            for target in &mut targets {
                target.is_assigned = false;
            }
            return (own.or_as(asking), targets);
        }
        let (user, owner) = change(own, asking, named.map(|user| user.party.clone()));
        (user, Vec::from_iter(owner.map(Target::user)))
    }

    /// What its owner changes as a rule, and others do by the Management API: then the credentials name another, or the path
    /// the account.
    fn changed(&self, own: Party<'a>, asking: Party<'a>) -> Parties<'a> {
        let is_asked_for = asking.is_known() || own.is_application;
        let is_by_application = || Party::application(self.record).is_known();
        let named = user_in_path(self.log_event, self.request)
            .filter(|named| is_asked_for || own.is_other_than(named) || is_by_application());
        let (user, owner) = if named.is_some() {
            change(own, asking, named)
        } else {
            let own = if own.is_known() {
                own
            } else {
                self.of_details()
            };
            let is_of_another = own.is_known()
                && asking.is_known()
                && !own.is_application
                && !asking.is_same_as(&own);
            if is_of_another {
                (asking, Some(own))
            } else {
                (own.or_as(asking), None)
            }
        };
        let is_member = matches!(
            self.known.map(|known| known.meaning.activity),
            Some(Activity::AdminChange(..))
        );
        let targets = owner.map(|owner| Target {
            // A member is what the organization gets.
            is_assigned: is_member,
            ..Target::user(owner)
        });
        (user, Vec::from_iter(targets))
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
        let may_fill = |other| self.log_event.may_fill("user_id", other);
        let is_done = self
            .known
            .is_some_and(|known| known.outcome == Outcome::Success);
        let description = self.record.own.description;
        let described = description.and_then(|description| user_id_in(description, is_done));
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
        let user = targets.find(Target::is_user);
        user.map(|user| user.party).filter(Party::is_known)
    }
}

/// Whether an activity is about one account, which others than its owner may change.
fn is_of_an_account(activity: Activity) -> bool {
    match activity {
        Activity::SignUp
        | Activity::Logoff
        | Activity::TokenRevocation
        | Activity::MfaEnrolment(..)
        | Activity::PasswordChange(_) => true,
        Activity::UserChange(_, resource) => resource != Resource::Users,
        Activity::AdminChange(_, resource) => resource == Resource::OrganizationMember,
        Activity::Logon(_)
        | Activity::LogonStep
        | Activity::TokenExchange(_)
        | Activity::MfaChallenge(..)
        | Activity::BreachedPassword(_)
        | Activity::BruteForceBlock(_)
        | Activity::RateLimit
        | Activity::ApiOperation(_)
        | Activity::SystemNotice(_) => false,
    }
}

/// Returns who changed an account, and whose it is. `user_id` may be either: Auth0 says "the user behind the flow, or the
/// user executing the action".
fn change<'a>(
    own: Party<'a>,
    asking: Party<'a>,
    named: Option<Party<'a>>,
) -> (Party<'a>, Option<Party<'a>>) {
    let is_other = |named: &Party<'_>| own.is_other_than(named);
    if own.is_application || named.as_ref().is_some_and(is_other) {
        return (own.or_as(asking), named);
    }
    match named {
        Some(named) => {
            let owner = Party {
                id: named.id.or(own.id),
                name: own.name.or(named.name),
                email: own.email.or(named.email),
                ..Party::default()
            };
            (asking, Some(owner))
        }
        // Who asked is named twice, and whose account it was not at all.
        None if asking.id.is_some() && asking.id == own.id => (own.or_as(asking), None),
        None => (asking, Some(own).filter(Party::is_known)),
    }
}
