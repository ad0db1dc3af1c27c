//! What an event tells of its failure: a message, a code, and the cause by both and by its type code.

use std::borrow::Cow;

use super::event_view::EventView;
use super::json_writer::is_text;
use crate::Outcome;
use crate::event_type::meaning::{Activity, FailureReason};
use crate::event_type::reasons::reason_of;
use crate::json::{quoted, string_content};
use crate::record::{DetailsError, ErrorPayload, read_object};

/// An error as it stands in an event.
#[derive(Debug)]
pub(super) struct FoundError<'v, 'a> {
    view: &'v EventView<'a>,
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

impl<'a> FoundError<'_, 'a> {
    /// Returns what went wrong, in words.
    pub(super) fn message(&self) -> Option<&'a str> {
        self.first_of(&self.messages(), |json| is_text(json).then_some(json))
    }

    /// Returns the error's code: never a sentence.
    pub(super) fn code(&self) -> Option<Cow<'a, str>> {
        self.first_of(&self.codes(), code)
    }

    /// Returns the kind that the error says it is of.
    pub(super) fn error_type(&self) -> Option<&'a str> {
        self.object.error_type
    }

    /// Returns why it failed, by what its texts and its error's codes tell and by what its type code says.
    pub(super) fn reason(&self) -> Option<FailureReason> {
        let known = self.view.known?.meaning;
        if let Activity::BruteForceBlock(_) | Activity::BreachedPassword(_) = known.activity {
            // What a defence stopped did not fail by what it answered.
            return known.reason;
        }
        let places = std::iter::once(("", self.view.record.own.description))
            .chain(self.messages())
            .chain([(".type", self.object.error_type)])
            .chain(self.codes());
        let told = places.filter_map(|(_, json)| string_content(json?));
        reason_of(known.reason, told)
    }

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

    /// Returns where a code may stand, the best place first: `error` beside an `errorCode` only names the HTTP status.
    fn codes(&self) -> [Told<'a>; 6] {
        [
            (".code", self.object.code),
            (".oauthError", self.object.oauth_error),
            (".payload.code", self.payload.code),
            (".errorCode", self.object.error_code),
            (".payload.errorCode", self.payload.error_code),
            (".error", self.object.error),
        ]
    }

    /// Returns what stands in the first place that holds such a thing. A place does not stand in for another where a redaction
    /// rule is about either.
    fn first_of<T>(&self, places: &[Told<'a>], take: impl Fn(&'a str) -> Option<T>) -> Option<T> {
        let mut found = places
            .iter()
            .map(|(_, json)| json.and_then(&take))
            .enumerate();
        let (at, found) = found.find_map(|(at, found)| Some((at, found?)))?;
        let view = self.view;
        let hides = |(place, _): &Told<'_>| view.hides(&format!("{}{place}", self.place));
        let is_hidden =
            at > 0 && !view.log_event.hides_nothing() && places.iter().take(at + 1).any(hides);
        Some(found).filter(|_| !is_hidden)
    }
}

impl<'a> EventView<'a> {
    /// Returns `details.error`, else what stands in its place, by the schemas that Auth0 publishes; of an API's operation that
    /// failed, what it was answered.
    pub(super) fn error(&self) -> FoundError<'_, 'a> {
        let details = &self.record.details;
        let is_failure = self.outcome() == Outcome::Failure;
        let answer = is_failure.then(|| self.response().body).flatten();
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
            (
                "client_authentoication_error",
                details.client_authentication_error_of_schema,
            ),
            ("response.body", answer),
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
        FoundError {
            view: self,
            place,
            json,
            payload: read_object(object.payload, self.record.no_escapes),
            object,
            details: self.plain_details.filter(|_| is_failure),
        }
    }

    /// Whether a member of `details` is hidden.
    fn hides(&self, member: &str) -> bool {
        self.log_event.hides(&format!("details.{member}"))
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
