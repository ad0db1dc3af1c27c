//! Key Vault: secrets whose versions are listed and read, each enabled or not.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use hyper::{Method, Request};
use serde_json::{Value, json};

use crate::azure::entra::{Tokens, form};
use crate::faults::{Fault, Faults, inject};
use crate::lock::lock;
use crate::server::{Answer, Server};

const RESOURCE: &str = "https://vault.azure.net";
const API_VERSION: &str = "7.4";
/// What a page of versions has at most.
const PAGE: usize = 25;

/// The versions of each secret by its name, the oldest first.
type Secrets = BTreeMap<String, Vec<Version>>;

#[derive(Debug, Clone)]
struct Version {
    value: String,
    is_enabled: bool,
}

/// A running vault.
#[derive(Debug)]
pub struct KeyVault {
    secrets: Arc<Mutex<Secrets>>,
    server: Server,
}

impl KeyVault {
    /// Starts a vault without a secret, which takes these tokens.
    pub async fn start(tokens: Tokens, faults: Faults) -> io::Result<Self> {
        let secrets = Arc::new(Mutex::new(Secrets::new()));
        let known = Arc::clone(&secrets);
        let server = Server::start(move |request| {
            let (secrets, tokens) = (Arc::clone(&known), tokens.clone());
            let faults = faults.clone();
            async move {
                let work = async { answer(&request, &tokens, &lock(&secrets)) };
                inject(&faults.next(), faulty, work).await
            }
        });
        Ok(Self {
            secrets,
            server: server.await?,
        })
    }

    /// Gives a secret a new version, its first one where there is none; returns the secret's URI.
    pub fn put(&self, name: &str, value: &str) -> String {
        let version = Version {
            value: value.to_owned(),
            is_enabled: true,
        };
        lock(&self.secrets)
            .entry(name.to_owned())
            .or_default()
            .push(version);
        format!("{}/secrets/{name}", self.server.url())
    }

    /// Disables the version that has this value.
    pub fn disable(&self, name: &str, value: &str) {
        let mut secrets = lock(&self.secrets);
        for version in secrets.entry(name.to_owned()).or_default() {
            version.is_enabled &= version.value != value;
        }
    }
}

fn answer(request: &Request<Bytes>, tokens: &Tokens, secrets: &Secrets) -> Answer {
    if !tokens.hold(request.headers(), RESOURCE) {
        return refuse(401, "Unauthorized");
    }
    if request.method() != Method::GET {
        return refuse(405, "MethodNotAllowed");
    }
    let query = form(request.uri().query().unwrap_or_default());
    if query
        .get("api-version")
        .is_none_or(|version| version != API_VERSION)
    {
        return refuse(400, "BadParameter");
    }
    let path: Vec<&str> = request.uri().path().trim_matches('/').split('/').collect();
    let (name, part) = match path.as_slice() {
        ["secrets", name] => (*name, None),
        ["secrets", name, part] => (*name, Some(*part)),
        _ => return refuse(404, "NotFound"),
    };
    let Some(versions) = secrets.get(name) else {
        return refuse(404, "SecretNotFound");
    };
    let host = request
        .headers()
        .get("host")
        .and_then(|host| host.to_str().ok());
    let base = format!("http://{}/secrets/{name}", host.unwrap_or_default());
    let found = match part {
        Some("versions") => {
            let skip = query.get("$skiptoken").and_then(|skip| skip.parse().ok());
            return list(versions, &base, skip.unwrap_or(0));
        }
        Some(version) => index(version).and_then(|index| versions.get(index)),
        None => versions.last(),
    };
    match found {
        Some(version) if version.is_enabled => {
            let body = json!({"value": version.value, "attributes": {"enabled": true}});
            Answer::json(200, body.to_string())
        }
        Some(_) => refuse(403, "Forbidden"),
        None => refuse(404, "SecretNotFound"),
    }
}

/// A page of versions, in no order that tells which is the newest.
fn list(versions: &[Version], base: &str, skip: usize) -> Answer {
    let page = versions.iter().enumerate().skip(skip).take(PAGE);
    let page: Vec<Value> = page
        .map(|(index, version)| {
            json!({
                "id": format!("{base}/{}", identifier(index)),
                "attributes": {"enabled": version.is_enabled, "created": 1_795_000_000 + index},
            })
        })
        .collect();
    let next = skip + PAGE;
    let next = (next < versions.len())
        .then(|| format!("{base}/versions?api-version={API_VERSION}&$skiptoken={next}"));
    Answer::json(200, json!({"value": page, "nextLink": next}).to_string())
}

/// A version's name: 32 hexadecimal digits.
fn identifier(index: usize) -> String {
    format!("{index:032x}")
}

fn index(identifier: &str) -> Option<usize> {
    let index = usize::from_str_radix(identifier, 16).ok()?;
    (identifier.len() == 32).then_some(index)
}

fn faulty(fault: &Fault) -> Answer {
    let (status, code) = fault.status_and_code("ForbiddenByRbac", "Busy", (429, "Throttled"));
    refuse(status, code)
}

fn refuse(status: u16, code: &str) -> Answer {
    let body = json!({"error": {"code": code, "message": "refused"}});
    Answer::json(status, body.to_string())
}
