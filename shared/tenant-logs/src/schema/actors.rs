//! Who acted, and whom the event is about: the user, an application that acts by itself, whoever acts in the place of another.

use std::borrow::Cow;

use super::event_view::EventView;
use super::parties::Party;
use super::targets::Target;
use crate::event_type::meaning::{Activity, AuthMethod, Operation, Resource};

impl<'a> EventView<'a> {
    /// Returns who acted: the user, else the application that acts by itself.
    pub(super) fn actor(&self) -> Cow<'_, Party<'a>> {
        if !self.user.is_known() && self.may_be_application() {
            let application = self.acting_application();
            if application.is_known() {
                return Cow::Owned(application);
            }
        }
        Cow::Borrowed(&self.user)
    }

    /// Returns whom the event is about: whose account others change, the application that shows its own credentials, else
    /// who acted.
    pub(super) fn subject(&self) -> Cow<'_, Party<'a>> {
        if let Some(owner) = self.owner() {
            return Cow::Borrowed(owner);
        }
        if self.shows_own_credentials() && !self.user.is_application {
            return Cow::Owned(self.acting_application());
        }
        self.actor()
    }

    /// Returns who acted where the event is about another: in the place of the user, on the user's account, or as the person
    /// behind an application's own credentials.
    pub(super) fn actor_beside_subject(&self) -> Option<Cow<'_, Party<'a>>> {
        let delegate = Party::delegate(self.log_event, &self.record);
        if delegate.is_known() {
            return Some(Cow::Owned(delegate));
        }
        let is_behind =
            self.shows_own_credentials() && self.user.is_known() && !self.user.is_application;
        if !is_behind && self.owner().is_none() {
            return None;
        }
        Some(self.actor()).filter(|actor| actor.is_known())
    }

    /// Returns whose account others change, where that is what the event is about.
    pub(super) fn owner(&self) -> Option<&Party<'a>> {
        match self.activity() {
            Some(Activity::ApiOperation(_)) => None,
            Some(_) | None => self.target_users().next(),
        }
    }

    /// Returns the users that something was done to.
    pub(super) fn target_users(&self) -> impl Iterator<Item = &Party<'a>> {
        let users = self.targets.iter().filter(|target| target.is_user());
        users.map(|target| &target.party)
    }

    /// Returns the objects of which the event tells more than their kind.
    pub(super) fn known_targets(&self) -> impl Iterator<Item = &Target<'a>> {
        self.targets.iter().filter(|target| target.party.is_known())
    }

    /// Whether it is the application that acts, where no user is named: it asked for what the event tells of.
    fn may_be_application(&self) -> bool {
        let is_asked_for = matches!(
            self.activity(),
            Some(
                Activity::ApiOperation(_) | Activity::UserChange(Operation::Delete, Resource::User)
            )
        );
        is_asked_for || self.shows_own_credentials() || self.owner().is_some()
    }

    /// Whether an application logs on, with credentials of its own.
    fn shows_own_credentials(&self) -> bool {
        self.activity() == Some(Activity::TokenExchange(AuthMethod::ClientCredentials))
    }

    /// Returns the application as far as it may stand where a user does: not in a place that a redaction rule is about.
    fn acting_application(&self) -> Party<'a> {
        let application = Party::application(&self.record);
        if self.shows_own_credentials() {
            return application;
        }
        let may_fill = |own, other| self.log_event.may_fill(own, other);
        let (id, name) = (application.id, application.name);
        Party {
            id: id.filter(|_| may_fill("user_id", "client_id")),
            name: name.filter(|_| may_fill("user_name", "client_name")),
            ..application
        }
    }
}
