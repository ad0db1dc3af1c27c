//! The webhook contract: what an Auth0 HTTP log stream sends, in which order it is checked, what it is answered.
//!
//! One implementation for every cloud; a function only turns its trigger's event into a [`WebhookRequest`].

mod tokens;

use std::borrow::Cow;

use tenant_logs::{
    ElementLimits, LargeBody, Parsed, Redaction, Unreadable, decode, decode_base64, out_of_base64,
    parse_within,
};

use crate::counters::InvocationCounters;
use crate::deadline::Deadline;
use crate::flow::{IncomingBody, Outcome, Relay};
use crate::journal::Store;
use crate::ports::{DeadLetters, Sink};
use crate::secrets::{SecretStore, WantedSecret};
use crate::settings::Reader;

pub use tokens::{FixedTokens, TokenSettings, WebhookTokens};

/// Bytes of a body unless `MAX_BODY_BYTES` says otherwise: what Lambda takes in one event.
const MAX_BODY_BYTES: usize = 6_291_456;

/// The settings of the webhook itself, whatever brings its requests.
#[derive(Debug)]
pub struct WebhookSettings {
    /// `WEBHOOK_TOKENS`, or what refers to them.
    pub tokens: TokenSettings,
    /// `MAX_BODY_BYTES`.
    pub max_body_bytes: usize,
}

impl WebhookSettings {
    /// The secret that they may refer to.
    pub const SECRET: WantedSecret = WantedSecret::live(tokens::SETTING);

    /// Reads them; `None` if the reader noted a problem.
    pub fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let tokens = TokenSettings::read(reader);
        let want = "a whole number of bytes";
        let max_body_bytes = reader.parsed_or("MAX_BODY_BYTES", want, MAX_BODY_BYTES, |text| {
            text.parse().ok().filter(|bytes| *bytes > 0)
        });
        Some(Self {
            tokens: tokens?,
            max_body_bytes: max_body_bytes?,
        })
    }
}

/// A request as any front end brings it.
#[derive(Debug, Clone)]
pub struct WebhookRequest<'a> {
    /// The method, upper case.
    pub method: &'a str,
    /// The `Authorization` header as it came.
    pub authorization: Option<&'a [u8]>,
    /// The body, not looked at before the token is right.
    pub body: WebhookBody<'a>,
    /// The trace that the front end names, as AWS writes it.
    pub trace_id: Option<&'a str>,
}

/// A body as the front end encodes it, which is let go once it is decoded.
#[derive(Debug, Clone)]
pub enum WebhookBody<'a> {
    /// The bytes themselves.
    Plain(Cow<'a, [u8]>),
    /// The bytes in base64.
    Base64(Cow<'a, str>),
    /// More bytes than a body may have, which were not held.
    Large(LargeBody),
}

impl Default for WebhookBody<'_> {
    /// No bytes.
    fn default() -> Self {
        Self::Plain(Cow::default())
    }
}

/// An answer: a status, a JSON body, and the headers that belong to the status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookAnswer {
    /// The HTTP status.
    pub status: u16,
    /// A JSON object.
    pub body: String,
    /// One more header, where the status asks for one.
    pub header: Option<(&'static str, &'static str)>,
}

/// Bytes from which on a body that was unpacked is not held besides what is in it.
const LARGE: usize = 1_000_000;

/// A body as it came, for the dead letter that it becomes where it is refused.
enum Sent<'a> {
    Held(Cow<'a, [u8]>),
    Large(LargeBody),
}

impl Sent<'_> {
    /// Its bytes, or its beginning.
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Held(bytes) => bytes,
            Self::Large(body) => body.beginning(),
        }
    }

    /// Keeps of a large one what its dead letter would have.
    fn unless_large(self, redaction: &Redaction) -> Self {
        if let Self::Held(bytes) = &self
            && bytes.len() >= LARGE
        {
            let mut body = LargeBody::begin(redaction);
            body.add(bytes);
            return Self::Large(body);
        }
        self
    }

    fn incoming<'b>(&'b self, parsed: Result<Parsed<'b>, Unreadable>) -> IncomingBody<'b> {
        let large = match self {
            Self::Held(_) => None,
            Self::Large(body) => Some(body),
        };
        IncomingBody {
            large,
            ..IncomingBody::new(self.bytes(), parsed)
        }
    }
}

/// Checks a request, delivers its log events, and answers.
pub async fn receive<S: Sink, L: Store, D: DeadLetters>(
    relay: &Relay<S, L, D>,
    tokens: &WebhookTokens<impl SecretStore + 'static>,
    max_body_bytes: usize,
    request: WebhookRequest<'_>,
    deadline: &Deadline,
) -> WebhookAnswer {
    let head = (request.method, request.authorization);
    match refusal_of_head(relay, tokens, head, deadline).await {
        Some(answer) => answer,
        None => receive_body(relay, max_body_bytes, request, deadline).await,
    }
}

/// The answer to a request that is refused before its body is looked at: by its method, then by its token.
pub async fn refusal_of_head<S: Sink, L: Store, D: DeadLetters>(
    relay: &Relay<S, L, D>,
    tokens: &WebhookTokens<impl SecretStore + 'static>,
    (method, authorization): (&str, Option<&[u8]>),
    deadline: &Deadline,
) -> Option<WebhookAnswer> {
    if method != "POST" {
        relay.report_nothing();
        let answer = WebhookAnswer::refusal(405, "send log events by POST");
        return Some(answer.with("allow", "POST"));
    }
    if let Some(authorization) = authorization
        && tokens.is_live(authorization, deadline.answer_by()).await
    {
        return None;
    }
    relay.report_only(&InvocationCounters {
        unauthorized: 1,
        ..InvocationCounters::default()
    });
    let answer = WebhookAnswer::refusal(401, "no live token in the Authorization header");
    Some(answer.with("www-authenticate", "Bearer"))
}

/// The answer to a request whose method and token are right, after its body.
pub async fn receive_body<S: Sink, L: Store, D: DeadLetters>(
    relay: &Relay<S, L, D>,
    max_body_bytes: usize,
    request: WebhookRequest<'_>,
    deadline: &Deadline,
) -> WebhookAnswer {
    let body = match request.body {
        WebhookBody::Plain(bytes) => bytes,
        WebhookBody::Base64(text) => match decode_base64(&text) {
            Ok(bytes) => Cow::Owned(bytes),
            Err(unreadable) => {
                let sent = Sent::Held(text.as_bytes().into());
                return refuse(relay, unreadable, &sent, deadline).await;
            }
        },
        WebhookBody::Large(body) => {
            let limit = max_body_bytes;
            let unreadable = Unreadable::TooLarge { limit };
            return refuse(relay, unreadable, &Sent::Large(body), deadline).await;
        }
    };
    let mut sent = Sent::Held(body);
    let decoded = match decode(sent.bytes(), max_body_bytes) {
        Ok(Cow::Owned(unpacked)) => {
            sent = sent.unless_large(&relay.redaction);
            Cow::Owned(unpacked)
        }
        Ok(as_it_came) => as_it_came,
        Err(unreadable) => return refuse(relay, unreadable, &sent, deadline).await,
    };
    let text = match out_of_base64(decoded, max_body_bytes) {
        Ok(text) => text,
        Err(unreadable) => return refuse(relay, unreadable, &sent, deadline).await,
    };
    let parsed = match parse_within(&text, ElementLimits::of(max_body_bytes)) {
        Ok(parsed) => parsed,
        Err(unreadable) => return refuse(relay, unreadable, &sent, deadline).await,
    };
    let arrival = IncomingBody {
        trace_id: request.trace_id,
        ..sent.incoming(Ok(parsed))
    };
    let outcome = relay.deliver([arrival], deadline).await;
    if outcome.is_not_storable {
        return refuse(relay, Unreadable::NotStorable, &sent, deadline).await;
    }
    WebhookAnswer::of(&outcome)
}

/// Refuses a body as a whole and sets it aside, because Auth0 would send it until it pauses the stream.
async fn refuse<S: Sink, L: Store, D: DeadLetters>(
    relay: &Relay<S, L, D>,
    unreadable: Unreadable,
    sent: &Sent<'_>,
    deadline: &Deadline,
) -> WebhookAnswer {
    if unreadable == Unreadable::Empty {
        relay.report_only(&InvocationCounters {
            unreadable: 1,
            ..InvocationCounters::default()
        });
        return WebhookAnswer::unreadable(unreadable);
    }
    let arrival = sent.incoming(Err(unreadable));
    let outcome = relay.deliver([arrival], deadline).await;
    if outcome.handed_back.is_empty() {
        WebhookAnswer::unreadable(unreadable)
    } else {
        WebhookAnswer::try_again()
    }
}

impl WebhookAnswer {
    fn of(outcome: &Outcome) -> Self {
        if !outcome.handed_back.is_empty() {
            return Self::try_again();
        }
        let Outcome {
            received,
            delivered,
            filtered,
            set_aside,
            ..
        } = outcome;
        let body = format!(
            r#"{{"received":{received},"delivered":{delivered},"filtered":{filtered},"set_aside":{set_aside}}}"#
        );
        Self {
            status: 200,
            body,
            header: None,
        }
    }

    /// Some events are neither sent nor set aside: Auth0 sends the batch again.
    fn try_again() -> Self {
        let refusal = Self::refusal(503, "not everything could be stored, send it again");
        refusal.with("retry-after", "30")
    }

    fn unreadable(unreadable: Unreadable) -> Self {
        let status = match unreadable {
            Unreadable::TooLarge { .. }
            | Unreadable::TooManyElements { .. }
            | Unreadable::TooManyRejects { .. }
            | Unreadable::NotStorable => 413,
            Unreadable::Empty
            | Unreadable::NotUtf8 { .. }
            | Unreadable::Syntax { .. }
            | Unreadable::Gzip
            | Unreadable::Base64 { .. } => 400,
        };
        let mut answer = Self::refusal(status, &unreadable.to_string());
        if let Some(offset) = unreadable.offset() {
            answer.body = format!(r#"{{"error":"{unreadable}","offset":{offset}}}"#);
        }
        answer
    }

    /// `error` is one of our own sentences, which need no escapes.
    fn refusal(status: u16, error: &str) -> Self {
        Self {
            status,
            body: format!(r#"{{"error":"{error}"}}"#),
            header: None,
        }
    }

    fn with(self, name: &'static str, value: &'static str) -> Self {
        Self {
            header: Some((name, value)),
            ..self
        }
    }
}

#[cfg(test)]
mod tests;
