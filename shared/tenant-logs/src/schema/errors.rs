//! What an event tells of its failure: a message, a code, and the cause by both and by its type code.

use std::borrow::Cow;

use super::event_view::EventView;
use super::json_writer::is_text;
use super::parties::quoted;
use crate::Outcome;
use crate::event_type::meaning::{Activity, FailureReason};
use crate::event_type::reasons::reason_of;
use crate::json::string_content;
use crate::record::{DetailsError, ErrorPayload, read_object};

/// What an event tells of its failure, as JSON.
#[derive(Debug)]
pub(super) struct FoundError<'a> {
    pub(super) message: Option<&'a str>,
    pub(super) code: Option<Cow<'a, str>>,
    pub(super) error_type: Option<&'a str>,
}

/// An error as it stands in the event.
struct Error<'a> {
    /// The member of `details` that it is, and the object or the text there.
    place: &'static str,
    json: Option<&'a str>,
    object: DetailsError<'a>,
    payload: ErrorPayload<'a>,
    /// The whole of `details`, where it is a text and the event a failure.
    details: Option<&'a str>,
}

/// A member below the error, and what stands there.
type Told<'a> = (&'static str, Option<&'a str>);

impl<'a> Error<'a> {
    /// Returns where a sentence may stand, the best place first.
    fn messages(&self) -> [Told<'a>; 10] {
        [
            (".message", self.object.message),
            (".reason", self.object.reason),
            (".detail", self.object.detail),
            (".error_description", self.object.error_description),
            (".description", self.object.description),
            (".title", self.object.title),
            (".payload.message", self.payload.message),
            (".payload.description", self.payload.description),
            ("", self.json),
            ("", self.details),
        ]
    }

    /// Returns where a code may stand, the best place first.
    fn codes(&self) -> [Told<'a>; 5] {
        [
            (".code", self.object.code),
            (".oauthError", self.object.oauth_error),
            (".payload.code", self.payload.code),
            (".error", self.object.error),
            (".errorCode", self.object.error_code),
        ]
    }
}

impl<'a> EventView<'a> {
    /// Returns what went wrong.
    pub(super) fn error(&self) -> FoundError<'a> {
        let error = self.found_error();
        FoundError {
            message: self.first_of(&error, &error.messages(), |json| {
                is_text(json).then_some(json)
            }),
            code: self.first_of(&error, &error.codes(), code),
            error_type: error.object.error_type,
        }
    }

    /// Returns why it failed, by what its texts and its error's codes tell and by what its type code says.
    pub(super) fn failure_reason(&self) -> Option<FailureReason> {
        let known = self.known?.meaning;
        if let Activity::BruteForceBlock(_) | Activity::BreachedPassword(_) = known.activity {
            // What a defence stopped did not fail by what it answered.
            return known.reason;
        }
        let error = self.found_error();
        let places = std::iter::once(("", self.record.own.description))
            .chain(error.messages())
            .chain([(".type", error.object.error_type)])
            .chain(error.codes());
        let told = places.filter_map(|(_, json)| string_content(json?));
        reason_of(known.reason, told)
    }

    /// Returns `details.error`, else what stands in its place, by the schemas that Auth0 publishes.
    fn found_error(&self) -> Error<'a> {
        let details = &self.record.details;
        let places = [
            ("error", details.error),
            ("action_error", details.action_error),
            ("failure_details", details.failure),
            ("provider_error", details.provider_error),
            ("failure_reason", details.failure_reason),
            ("errorMsg", details.error_message),
            (
                "client_authentication_error",
                details.client_authentication_error,
            ),
        ];
        let says = |json: &str| !matches!(json, "null" | r#""""# | "{}");
        let mut before = places
            .iter()
            .take_while(|(_, json)| !json.is_some_and(says));
        let (place, json) = places
            .into_iter()
            .find(|(_, json)| json.is_some_and(says))
            .unwrap_or(("error", None));
        let is_hidden =
            place != "error" && (self.hides(place) || before.any(|(place, _)| self.hides(place)));
        let json = json.filter(|_| !is_hidden);
        let object: DetailsError<'_> = read_object(json, self.record.no_escapes);
        Error {
            place,
            json,
            payload: read_object(object.payload, self.record.no_escapes),
            object,
            details: self
                .plain_details
                .filter(|_| self.outcome() == Outcome::Failure),
        }
    }

    /// Whether a member of `details` is hidden.
    fn hides(&self, member: &str) -> bool {
        self.log_event.hides(&format!("details.{member}"))
    }

    /// Returns what stands in the first place that holds such a thing. A place does not stand in for another where a redaction
    /// rule is about either.
    fn first_of<T>(
        &self,
        error: &Error<'_>,
        places: &[Told<'a>],
        take: impl Fn(&'a str) -> Option<T>,
    ) -> Option<T> {
        let mut found = places
            .iter()
            .map(|(_, json)| json.and_then(&take))
            .enumerate();
        let (at, found) = found.find_map(|(at, found)| Some((at, found?)))?;
        let hides = |(place, _): &Told<'_>| self.hides(&format!("{}{place}", error.place));
        let is_hidden =
            at > 0 && !self.log_event.hides_nothing() && places.iter().take(at + 1).any(hides);
        Some(found).filter(|_| !is_hidden)
    }
}

/// Returns a code: a string without white space as it is, a number as a string.
fn code(json: &str) -> Option<Cow<'_, str>> {
    let is_number = json.starts_with(|first: char| first == '-' || first.is_ascii_digit());
    if is_number {
        return Some(quoted(json));
    }
    is_word(json).then_some(Cow::Borrowed(json))
}

/// Whether JSON is a string without white space.
fn is_word(json: &str) -> bool {
    let content = string_content(json);
    content.is_some_and(|text| !text.is_empty() && !text.contains(char::is_whitespace))
}
