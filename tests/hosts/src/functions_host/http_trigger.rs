//! HTTP triggers: passed on to the handler as they are, rebuilt on the way, or as an invocation.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hyper::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HOST, TRANSFER_ENCODING};
use hyper::{HeaderMap, Request, Response};
use serde_json::{Value, json};

use super::app::{HttpPassing, Trigger};
use super::invocation::Invocation;
use super::{Shared, query_of};
use fakes::server::Answer;

/// Answers a request to a function's route.
pub(crate) async fn answer(shared: &Arc<Shared>, request: Request<Bytes>) -> Answer {
    let Some((name, trigger)) = find(shared, request.uri().path()) else {
        return empty(404);
    };
    let Trigger::Http {
        binding,
        output,
        methods,
        needs_key,
        ..
    } = trigger
    else {
        return empty(404);
    };
    let method = request.method().as_str();
    if !methods.is_empty() && !methods.iter().any(|own| own.eq_ignore_ascii_case(method)) {
        return empty(404);
    }
    if *needs_key && !has_key(shared, &request) {
        return empty(401);
    }
    let is_chunked = request.headers().contains_key(TRANSFER_ENCODING);
    match shared.app.http {
        HttpPassing::Invocation => invoke(shared, name, (binding, output), &request).await,
        HttpPassing::Forwarded if is_chunked => empty(500),
        passing @ (HttpPassing::Forwarded | HttpPassing::Proxied) => {
            let mut request = request;
            if passing == HttpPassing::Forwarded {
                request.headers_mut().remove(CONTENT_ENCODING);
            }
            // The way of sending says how long a body is.
            request.headers_mut().remove(TRANSFER_ENCODING);
            request.headers_mut().remove(CONTENT_LENGTH);
            let path = request.uri().path_and_query().map(ToString::to_string);
            let path = match passing {
                HttpPassing::Forwarded => path.map(|path| rebuilt(&path)),
                HttpPassing::Proxied | HttpPassing::Invocation => path,
            };
            if let Some(path) = path.and_then(|path| path.parse().ok()) {
                *request.uri_mut() = path;
            }
            match shared.pass_on(request, is_chunked).await {
                Some(response) => Answer::Respond(without_framing(response)),
                None => empty(502),
            }
        }
    }
}

/// A path whose query was taken apart and put together again: repeated names are merged, `+` is written as `%20`.
fn rebuilt(path: &str) -> String {
    let Some((path, query)) = path.split_once('?') else {
        return path.to_owned();
    };
    let mut merged: Vec<(&str, String)> = Vec::new();
    for pair in query.split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = value.replace('+', "%20");
        match merged.iter_mut().find(|(other, _)| *other == name) {
            Some((_, values)) => {
                values.push(',');
                values.push_str(&value);
            }
            None => merged.push((name, value)),
        }
    }
    let pairs: Vec<String> = merged
        .into_iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    format!("{path}?{}", pairs.join("&"))
}

fn find<'s>(shared: &'s Shared, path: &str) -> Option<(&'s str, &'s Trigger)> {
    let prefix = shared.app.route_prefix.as_str();
    let functions = shared.app.functions.iter();
    let mut found = functions.filter(|(_, trigger)| match trigger {
        Trigger::Http { route, .. } => {
            let parts = [prefix, route].into_iter().filter(|part| !part.is_empty());
            let own: Vec<&str> = parts.collect();
            path.trim_matches('/').eq_ignore_ascii_case(&own.join("/"))
        }
        Trigger::EventGrid { .. } | Trigger::Timer { .. } => false,
    });
    found.next().map(|(name, trigger)| (name.as_str(), trigger))
}

fn has_key(shared: &Shared, request: &Request<Bytes>) -> bool {
    let key = shared.keys.function.as_str();
    let header = request.headers().get("x-functions-key");
    header.is_some_and(|value| value.as_bytes() == key.as_bytes())
        || query_of(request)
            .get("code")
            .is_some_and(|code| code == key)
}

/// Without passing on, a body is there only where its length is said, and a bad answer becomes an empty 500.
async fn invoke(
    shared: &Arc<Shared>,
    name: &str,
    (binding, output): (&str, &str),
    request: &Request<Bytes>,
) -> Answer {
    let mut headers: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (header, value) in request.headers() {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        headers.entry(header.to_string()).or_default().push(value);
    }
    let host = request
        .headers()
        .get(HOST)
        .map(hyper::header::HeaderValue::as_bytes);
    let host = String::from_utf8_lossy(host.unwrap_or_default()).into_owned();
    let mut data = json!({
        "Url": format!("http://{host}{}", request.uri()),
        "Method": request.method().as_str(),
        "Query": query_of(request),
        "Headers": headers,
        "Params": {},
        "Identities": [],
    });
    let has_body = request.headers().contains_key(CONTENT_LENGTH) && !request.body().is_empty();
    if let Some(members) = data.as_object_mut().filter(|_| has_body) {
        members.insert("Body".to_owned(), body_value(request).into());
    }
    let invocation = Invocation {
        function: name.to_owned(),
        binding: binding.to_owned(),
        data: data.to_string(),
        metadata: None,
    };
    match shared.invoke(&invocation).await {
        Ok(outputs) => response_of(outputs.get(output)),
        Err(_failed) => empty(500),
    }
}

/// Text as it was sent, or made of whatever was sent; bytes in base64 where the content type says so.
fn body_value(request: &Request<Bytes>) -> String {
    let content_type = request.headers().get(CONTENT_TYPE);
    let is_bytes = content_type.is_some_and(|value| {
        let value = value.as_bytes();
        value.starts_with(b"application/octet-stream") || value.starts_with(b"multipart/")
    });
    if is_bytes {
        return STANDARD.encode(request.body());
    }
    String::from_utf8_lossy(request.body()).into_owned()
}

/// The response that a handler put into its output; without one the request is answered emptily.
fn response_of(output: Option<&Value>) -> Answer {
    let Some(output) = output.filter(|output| output.is_object()) else {
        return empty(200);
    };
    let member = |name: &str| {
        let mut members = output.as_object().into_iter().flatten();
        let found = members.find(|(other, _)| other.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value)
    };
    let status = match member("statusCode").or_else(|| member("status")) {
        Some(Value::String(text)) => text.parse().unwrap_or(500),
        Some(value) => value
            .as_u64()
            .and_then(|status| u16::try_from(status).ok())
            .unwrap_or(500),
        None => 200,
    };
    let body = match member("body") {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None => String::new(),
        Some(value) => value.to_string(),
    };
    let mut response = Response::builder().status(status);
    let headers = member("headers").and_then(Value::as_object);
    let headers = headers.into_iter().flatten();
    let mut has_type = false;
    for (name, value) in headers.filter_map(|(name, value)| Some((name, value.as_str()?))) {
        has_type |= name.eq_ignore_ascii_case(CONTENT_TYPE.as_str());
        response = response.header(name, value);
    }
    if !has_type {
        response = response.header(CONTENT_TYPE, "text/plain; charset=utf-8");
    }
    match response.body(Bytes::from(body)) {
        Ok(response) => Answer::Respond(response),
        Err(_no_response) => empty(500),
    }
}

fn without_framing(mut response: Response<Bytes>) -> Response<Bytes> {
    let headers: &mut HeaderMap = response.headers_mut();
    headers.remove(TRANSFER_ENCODING);
    headers.remove(CONTENT_LENGTH);
    response
}

fn empty(status: u16) -> Answer {
    Answer::with_type(status, "text/plain", "")
}
