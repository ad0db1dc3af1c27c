//! Entra ID and App Service's endpoint for managed identities: hand out tokens, and tell services which of them hold.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use hyper::header::{AUTHORIZATION, HeaderMap};
use hyper::{Method, Request};
use serde_json::json;

use crate::faults::{Faults, inject};
use crate::lock::lock;
use crate::server::{Answer, Server};

/// What the platform gives to an app, and what its endpoint wants to see.
pub const IDENTITY_HEADER: &str = "local-identity-header";
/// The application that may ask with a secret.
pub const CLIENT_ID: &str = "00000000-0000-4000-8000-00000000c11e";
/// The application's secret.
pub const CLIENT_SECRET: &str = "local-client-secret";
/// The application's Entra tenant.
pub const ENTRA_TENANT: &str = "00000000-0000-4000-8000-00000000e12a";
const TOKEN_SECONDS: u64 = 3_600;

/// Tokens that hold, each with the resource that it is for.
#[derive(Debug, Clone, Default)]
pub struct Tokens {
    held: Arc<Mutex<Held>>,
}

#[derive(Debug, Default)]
struct Held {
    issued: u64,
    resources: BTreeMap<String, String>,
}

impl Tokens {
    /// Whether a request carries a token that holds and is for this resource.
    pub fn hold(&self, headers: &HeaderMap, resource: &str) -> bool {
        let value = headers.get(AUTHORIZATION);
        let value = value.and_then(|value| value.to_str().ok());
        let token = value.and_then(|value| value.strip_prefix("Bearer "));
        let held = lock(&self.held);
        token
            .and_then(|token| held.resources.get(token))
            .is_some_and(|found| found == resource)
    }

    /// From now on no token holds that was handed out so far.
    pub fn revoke_all(&self) {
        lock(&self.held).resources.clear();
    }

    /// How many tokens were handed out.
    pub fn issued(&self) -> u64 {
        lock(&self.held).issued
    }

    /// One of the tokens that hold.
    pub fn any(&self) -> Option<String> {
        lock(&self.held).resources.keys().next().cloned()
    }

    fn issue(&self, resource: &str) -> String {
        let mut held = lock(&self.held);
        held.issued += 1;
        let resource = resource.trim_end_matches('/').to_owned();
        let token = web_token(&resource, held.issued);
        held.resources.insert(token.clone(), resource);
        token
    }
}

/// The running endpoints.
#[derive(Debug)]
pub struct Entra {
    tokens: Tokens,
    server: Server,
}

impl Entra {
    /// Starts both endpoints.
    pub async fn start(faults: Faults) -> io::Result<Self> {
        let tokens = Tokens::default();
        let issuing = tokens.clone();
        let server = Server::start(move |request| {
            let (tokens, faults) = (issuing.clone(), faults.clone());
            async move {
                let work = async { answer(&request, &tokens) };
                inject(
                    &faults.next(),
                    |_| refuse(503, "temporarily_unavailable"),
                    work,
                )
                .await
            }
        });
        Ok(Self {
            tokens,
            server: server.await?,
        })
    }

    /// What services check tokens with.
    pub fn tokens(&self) -> Tokens {
        self.tokens.clone()
    }

    /// The settings of an app that has a managed identity.
    pub fn managed_identity(&self) -> Vec<(String, String)> {
        let endpoint = format!("{}/msi/token", self.server.url());
        settings([
            ("IDENTITY_ENDPOINT", &endpoint),
            ("IDENTITY_HEADER", IDENTITY_HEADER),
        ])
    }

    /// The settings of the application with a secret.
    pub fn client_secret(&self) -> Vec<(String, String)> {
        settings([
            ("ENTRA_TENANT_ID", ENTRA_TENANT),
            ("ENTRA_CLIENT_ID", CLIENT_ID),
            ("ENTRA_CLIENT_SECRET", CLIENT_SECRET),
            ("AZURE_AUTHORITY_HOST", &self.server.url()),
        ])
    }
}

/// A token as Entra ID writes it, with a signature that nobody can check: Azurite looks at the claims alone.
fn web_token(resource: &str, number: u64) -> String {
    let now = jiff::Timestamp::now().as_second();
    let claims = json!({
        "aud": resource,
        "iss": format!("https://sts.windows.net/{ENTRA_TENANT}/"),
        "iat": now,
        "nbf": now - 60,
        "exp": now + 3_600,
        "jti": number.to_string(),
    });
    let header = json!({"typ": "JWT", "alg": "RS256"});
    let encode = |json: &serde_json::Value| URL_SAFE_NO_PAD.encode(json.to_string());
    format!("{}.{}.c2lnbmF0dXJl", encode(&header), encode(&claims))
}

fn settings<const N: usize>(pairs: [(&str, &str); N]) -> Vec<(String, String)> {
    let owned = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
    owned.into()
}

fn answer(request: &Request<Bytes>, tokens: &Tokens) -> Answer {
    let path = request.uri().path();
    if path == "/msi/token" && request.method() == Method::GET {
        return managed(request, tokens);
    }
    if path == format!("/{ENTRA_TENANT}/oauth2/v2.0/token") && request.method() == Method::POST {
        return with_secret(request, tokens);
    }
    refuse(404, "not_found")
}

fn managed(request: &Request<Bytes>, tokens: &Tokens) -> Answer {
    let header = request.headers().get("x-identity-header");
    if header.is_none_or(|header| header != IDENTITY_HEADER) {
        return refuse(401, "unauthorized_client");
    }
    let query = form(request.uri().query().unwrap_or_default());
    let resource = query
        .get("resource")
        .filter(|resource| is_resource(resource));
    match (resource, query.get("api-version").map(String::as_str)) {
        (Some(resource), Some("2019-08-01")) => {
            let ends = jiff::Timestamp::now().as_second().unsigned_abs() + TOKEN_SECONDS;
            let body = json!({
                "access_token": tokens.issue(resource),
                "expires_on": ends.to_string(),
                "resource": resource,
                "token_type": "Bearer",
                "client_id": query.get("client_id"),
            });
            Answer::json(200, body.to_string())
        }
        _ => refuse(400, "invalid_request"),
    }
}

fn with_secret(request: &Request<Bytes>, tokens: &Tokens) -> Answer {
    let body = std::str::from_utf8(request.body()).unwrap_or_default();
    let form = form(body);
    let is = |name: &str, value: &str| form.get(name).is_some_and(|found| found == value);
    if !is("grant_type", "client_credentials") {
        return refuse(400, "unsupported_grant_type");
    }
    if !is("client_id", CLIENT_ID) || !is("client_secret", CLIENT_SECRET) {
        return refuse(401, "invalid_client");
    }
    let scope = form
        .get("scope")
        .and_then(|scope| scope.strip_suffix("/.default"));
    match scope.filter(|scope| is_resource(scope)) {
        Some(resource) => {
            let body = json!({
                "access_token": tokens.issue(resource),
                "expires_in": TOKEN_SECONDS,
                "token_type": "Bearer",
            });
            Answer::json(200, body.to_string())
        }
        None => refuse(400, "invalid_scope"),
    }
}

fn is_resource(resource: &str) -> bool {
    resource.starts_with("https://") && resource.len() > "https://".len()
}

fn refuse(status: u16, code: &str) -> Answer {
    let body = json!({"error": code, "error_description": "local-client-secret was refused"});
    Answer::json(status, body.to_string())
}

/// The pairs of a query or form, decoded.
pub(crate) fn form(text: &str) -> BTreeMap<String, String> {
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    let pairs = pairs.filter_map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        Some((
            decode(&name.replace('+', " "))?,
            decode(&value.replace('+', " "))?,
        ))
    });
    pairs.collect()
}

/// Undoes percent-encoding, once.
pub(crate) fn decode(text: &str) -> Option<String> {
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let (digits, rest) = part.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        bytes.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(bytes).ok()
}
