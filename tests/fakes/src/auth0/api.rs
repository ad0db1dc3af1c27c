//! What the token endpoint, `/api/v2/logs` and `/api/v2/log-streams` answer.

use std::collections::BTreeMap;

use bytes::Bytes;
use hyper::header::{AUTHORIZATION, HOST};
use hyper::{Method, Request, Response, StatusCode};
use serde_json::{Value, json};

use super::log::{Logged, TenantLog};
use super::log_streams;
use super::rate_limit::{Allowance, Bucket};
use super::tokens::{Access, Tokens};
use super::{CLIENT_ID, CLIENT_SECRET, DOMAIN, TenantOptions};
use crate::azure::entra::{decode, form};
use crate::faults::Fault;
use crate::server::Answer;

const MAX_PAGE: usize = 100;
/// What a search shows, over all its pages.
const MAX_SEARCH: usize = 1_000;
const LOG_STREAMS: &str = "/api/v2/log-streams";
/// Scopes, and what is said where a token lacks one.
const READ_LOGS: (&str, &str) = (
    "read:logs",
    "Insufficient scope, expected any of: read:logs",
);
const READ_STREAMS: (&str, &str) = (
    "read:log_streams",
    "Insufficient scope, expected any of: read:log_streams",
);
const CREATE_STREAMS: (&str, &str) = (
    "create:log_streams",
    "Insufficient scope, expected any of: create:log_streams",
);

/// What the tenant remembers.
#[derive(Debug)]
pub(super) struct State {
    options: TenantOptions,
    bucket: Option<Bucket>,
    pub(super) tokens: Tokens,
    pub(super) streams: Vec<Value>,
    pub(super) requests: BTreeMap<&'static str, u64>,
}

impl State {
    pub(super) fn new(options: TenantOptions) -> Self {
        Self {
            bucket: options.rate_limit.map(Bucket::new),
            options,
            tokens: Tokens::default(),
            streams: Vec::new(),
            requests: BTreeMap::new(),
        }
    }

    pub(super) fn set(&mut self, change: impl FnOnce(&mut TenantOptions)) {
        change(&mut self.options);
        self.bucket = self.options.rate_limit.map(Bucket::new);
    }

    fn count(&mut self, what: &'static str) {
        *self.requests.entry(what).or_default() += 1;
    }
}

/// A refusal: its status, its code and its words.
pub(super) struct Refused(
    pub(super) u16,
    pub(super) &'static str,
    pub(super) &'static str,
);

const UNKNOWN_QUERY: Refused = Refused(400, "invalid_query_string", "Query validation error");

/// Answers one request.
pub(super) fn answer(request: &Request<Bytes>, log: &TenantLog, state: &mut State) -> Answer {
    let path = request.uri().path();
    if path == "/oauth/token" {
        state.count("token");
        return issue(request, state);
    }
    let allowance = state.bucket.as_mut().map(Bucket::take);
    if allowance.is_some_and(|allowance| !allowance.is_allowed) {
        state.count("limited");
        let refused = Refused(429, "too_many_requests", "Global limit has been reached");
        return respond(Err(refused), None, allowance);
    }
    if let Some(refused) = refused(request, state) {
        state.count("refused");
        return respond(Err(refused), None, allowance);
    }
    if let Some(below) = path.strip_prefix(LOG_STREAMS) {
        return respond(of_log_streams(request, below, state), None, allowance);
    }
    let query = form(request.uri().query().unwrap_or_default());
    match path.strip_prefix("/api/v2/logs") {
        Some("") if query.contains_key("from") => {
            state.count("page");
            if let Some(wrong) = state.options.page {
                return respond(Ok(wrong.to_owned()), None, allowance);
            }
            let page = page(log, &query);
            let link = page
                .as_ref()
                .ok()
                .map(|(_, last)| link(request, last, &query));
            respond(page.map(|(events, _)| array(&events)), link, allowance)
        }
        Some("") => {
            state.count("search");
            respond(search(log, &query), None, allowance)
        }
        Some(rest) => {
            state.count("find");
            let log_id = rest.strip_prefix('/').and_then(decode);
            let found = log_id.and_then(|log_id| log.find(&log_id));
            let found = found.map(|event| item(&event));
            let unknown = Refused(404, "log_not_found", "The log event does not exist");
            respond(found.ok_or(unknown), None, allowance)
        }
        None => respond(Err(Refused(404, "not_found", "Not Found")), None, allowance),
    }
}

/// Refuses what has no token with the scope, and what the API does not know.
fn refused(request: &Request<Bytes>, state: &State) -> Option<Refused> {
    let of_streams = request.uri().path().strip_prefix(LOG_STREAMS);
    let is_post = *request.method() == Method::POST;
    let (scope, lacking) = match of_streams {
        Some(_) if is_post => CREATE_STREAMS,
        Some(_) => READ_STREAMS,
        None => READ_LOGS,
    };
    let authorization = request.headers().get(AUTHORIZATION);
    let authorization = authorization.and_then(|value| value.to_str().ok());
    let is_known = *request.method() == Method::GET || is_post && of_streams == Some("");
    match state.tokens.access(authorization, scope) {
        Access::Unknown => Some(Refused(401, "invalid_token", "Invalid token")),
        Access::Insufficient => Some(Refused(403, "insufficient_scope", lacking)),
        Access::Granted if !is_known => Some(Refused(404, "not_found", "Not Found")),
        Access::Granted => None,
    }
}

/// Makes a log stream, or answers with what is below their path.
fn of_log_streams(
    request: &Request<Bytes>,
    below: &str,
    state: &mut State,
) -> Result<String, Refused> {
    if *request.method() == Method::POST {
        state.count("create_log_stream");
        let most = state.options.max_log_streams;
        return log_streams::make(&mut state.streams, most, request.body());
    }
    state.count("log_streams");
    let id = below.strip_prefix('/').and_then(decode);
    log_streams::get(&state.streams, id.as_deref())
}

/// A page by checkpoint, and the `log_id` that the next one follows.
fn page(
    log: &TenantLog,
    query: &BTreeMap<String, String>,
) -> Result<(Vec<Logged>, String), Refused> {
    let known = |name: &String| ["from", "take"].contains(&name.as_str());
    let take = query.get("take").map_or(Some(50), |take| take.parse().ok());
    let take = take.filter(|take| (1..=MAX_PAGE).contains(take));
    match (query.get("from"), take) {
        (Some(from), Some(take)) if query.keys().all(known) => {
            let unknown = Refused(404, "log_not_found", "The log event does not exist");
            let events = log.after(from, take).ok_or(unknown)?;
            let last = events.last().map_or(from, |event| &event.log_id).clone();
            Ok((events, last))
        }
        _ => Err(UNKNOWN_QUERY),
    }
}

/// A page of a search from a date on, ascending.
fn search(log: &TenantLog, query: &BTreeMap<String, String>) -> Result<String, Refused> {
    let known = |name: &String| ["q", "sort", "page", "per_page"].contains(&name.as_str());
    let number = |name: &str| query.get(name).and_then(|text| text.parse::<usize>().ok());
    let range = query.get("q").and_then(|q| q.strip_prefix("date:["));
    let date = range.and_then(|range| range.strip_suffix(" TO *]"));
    let date = date.and_then(|date| date.parse().ok());
    let is_ascending = query.get("sort").is_some_and(|sort| sort == "date:1");
    match (date, number("page"), number("per_page")) {
        (Some(date), Some(page), Some(size))
            if is_ascending
                && query.keys().all(known)
                && (1..=MAX_PAGE).contains(&size)
                && (page + 1) * size <= MAX_SEARCH =>
        {
            let found = log.since(date).into_iter();
            let found: Vec<Logged> = found.skip(page * size).take(size).collect();
            Ok(array(&found))
        }
        _ => Err(UNKNOWN_QUERY),
    }
}

fn array(events: &[Logged]) -> String {
    let items: Vec<String> = events.iter().map(item).collect();
    format!("[{}]", items.join(","))
}

/// A record as the Management API shows it: with `_id` and `isMobile`.
fn item(event: &Logged) -> String {
    let members = event.record.strip_prefix('{').unwrap_or("}");
    let log_id = Value::from(event.log_id.as_str());
    format!(r#"{{"_id":{log_id},"isMobile":false,{members}"#)
}

fn link(request: &Request<Bytes>, last: &str, query: &BTreeMap<String, String>) -> String {
    let host = request.headers().get(HOST);
    let host = host.and_then(|host| host.to_str().ok()).unwrap_or_default();
    let take = query.get("take").map_or("50", String::as_str);
    format!(r#"<http://{host}/api/v2/logs?from={last}&take={take}>; rel="next""#)
}

/// Hands out a token for the application's own credentials.
fn issue(request: &Request<Bytes>, state: &mut State) -> Answer {
    let asked: Value = serde_json::from_slice(request.body()).unwrap_or_default();
    let is = |name: &str, value: &str| asked.get(name).is_some_and(|asked| asked == value);
    let refuse = |status, code: &str| {
        let body = json!({ "error": code, "error_description": "made-up words" });
        Answer::json(status, body.to_string())
    };
    if *request.method() != Method::POST || !is("grant_type", "client_credentials") {
        return refuse(403, "unauthorized_client");
    }
    if !is("client_id", CLIENT_ID) || !is("client_secret", CLIENT_SECRET) {
        return refuse(401, "access_denied");
    }
    if !is("audience", &format!("https://{DOMAIN}/api/v2/")) || state.options.scopes.is_empty() {
        return refuse(403, "access_denied");
    }
    let (scopes, life) = (&state.options.scopes, state.options.token_life);
    let token = state.tokens.issue(scopes, life);
    let body = json!({
        "access_token": token,
        "scope": scopes.join(" "),
        "expires_in": life.as_secs(),
        "token_type": "Bearer",
    });
    Answer::json(200, body.to_string())
}

fn respond(
    body: Result<String, Refused>,
    link: Option<String>,
    allowance: Option<Allowance>,
) -> Answer {
    let (status, body) = match body {
        Ok(body) => (200, body),
        Err(Refused(status, code, message)) => {
            let words = StatusCode::from_u16(status).ok();
            let words = words.and_then(|status| status.canonical_reason());
            let body = json!({ "statusCode": status, "error": words, "message": message, "errorCode": code });
            (status, body.to_string())
        }
    };
    let mut response = Response::builder()
        .status(status)
        .header("content-type", "application/json; charset=utf-8");
    if let Some(link) = link {
        response = response.header("link", link);
    }
    if let Some(allowance) = allowance {
        response = response
            .header("x-ratelimit-limit", allowance.limit)
            .header("x-ratelimit-remaining", allowance.remaining)
            .header("x-ratelimit-reset", allowance.reset);
    }
    response
        .body(Bytes::from(body))
        .map_or(Answer::Drop, Answer::Respond)
}

/// What Auth0's front end answers for an injected fault: a page, no JSON.
pub(super) fn refuse_faulty(fault: &Fault) -> Answer {
    let (status, ()) = fault.status_and_code((), (), (429, ()));
    Answer::with_type(status, "text/html", "<html>an injected fault</html>")
}
