//! Key Vault: secrets whose versions are listed and read, each enabled or not.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use hyper::{Method, Request};
use serde_json::{Value, json};

use crate::entra::{Tokens, form};
use crate::faults::{Fault, Faults, suffer};
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
                suffer(&faults.next(), ill, work).await
            }
        });
        Ok(Self {
            secrets,
            server: server.await?,
        })
    }

    /// Gives a secret a new version, its first one where there is none; answers the secret's URI.
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
        Some(version) => place(version).and_then(|place| versions.get(place)),
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
        .map(|(place, version)| {
            json!({
                "id": format!("{base}/{}", identifier(place)),
                "attributes": {"enabled": version.is_enabled, "created": 1_795_000_000 + place},
            })
        })
        .collect();
    let next = skip + PAGE;
    let next = (next < versions.len())
        .then(|| format!("{base}/versions?api-version={API_VERSION}&$skiptoken={next}"));
    Answer::json(200, json!({"value": page, "nextLink": next}).to_string())
}

/// A version's name: 32 hexadecimal digits.
fn identifier(place: usize) -> String {
    format!("{place:032x}")
}

fn place(identifier: &str) -> Option<usize> {
    let place = usize::from_str_radix(identifier, 16).ok()?;
    (identifier.len() == 32).then_some(place)
}

fn ill(fault: &Fault) -> Answer {
    let (status, code) = fault.status_and_code("ForbiddenByRbac", "Busy", (429, "Throttled"));
    refuse(status, code)
}

fn refuse(status: u16, code: &str) -> Answer {
    let body = json!({"error": {"code": code, "message": "refused"}});
    Answer::json(status, body.to_string())
}

#[cfg(test)]
mod tests {
    use http_clients::KeyVault as Client;
    use relay::{SecretStore, chain};

    use super::*;
    use crate::azurite::App;

    async fn live(client: &Client, uri: &str) -> Result<Vec<String>, String> {
        match client.live_versions(uri).await {
            Ok(versions) => Ok(versions
                .iter()
                .map(|secret| secret.expose().to_owned())
                .collect()),
            Err(error) => Err(chain(&error).to_string().replace(uri, "URI")),
        }
    }

    #[tokio::test]
    async fn the_newest_two_versions_are_live_as_the_secret_rotates() {
        let app = App::start().await;
        let vault = KeyVault::start(app.tokens(), Faults::healthy())
            .await
            .unwrap();
        let client = Client::new(&app.identity);
        let uri = vault.put("tokens", "v0");
        assert_eq!(live(&client, &uri).await.unwrap(), ["v0"]);
        for number in 1..=60 {
            vault.put("tokens", &format!("v{number}"));
        }
        assert_eq!(live(&client, &uri).await.unwrap(), ["v60", "v59"]);
        vault.disable("tokens", "v60");
        assert_eq!(live(&client, &uri).await.unwrap(), ["v59", "v58"]);
        app.tokens().revoke_all();
        assert_eq!(live(&client, &uri).await.unwrap(), ["v59", "v58"]);
        assert_eq!(app.tokens().issued(), 2);
    }

    #[tokio::test]
    async fn a_busy_vault_is_asked_again_and_one_that_denies_is_not() {
        let app = App::start().await;
        let faults = Faults::healthy();
        let vault = KeyVault::start(app.tokens(), faults.clone()).await.unwrap();
        let client = Client::new(&app.identity);
        let uri = vault.put("tokens", "v0");
        faults.script([
            Fault::Throttle,
            Fault::DropBefore,
            Fault::Healthy,
            Fault::DropAfter,
        ]);
        assert_eq!(live(&client, &uri).await.unwrap(), ["v0"]);
        faults.always(Fault::Denied);
        let error = live(&client, &uri).await.unwrap_err();
        assert_eq!(
            error,
            "cannot read `URI`: Key Vault answered 403 ForbiddenByRbac: check the URI, that the version is enabled, and \
             that the identity has the role Key Vault Secrets User"
        );
        assert_eq!(faults.told()["denied"], 1);
    }

    #[tokio::test]
    async fn a_secret_without_an_enabled_version_has_none() {
        let app = App::start().await;
        let vault = KeyVault::start(app.tokens(), Faults::healthy())
            .await
            .unwrap();
        let client = Client::new(&app.identity);
        let uri = vault.put("tokens", "v0");
        vault.disable("tokens", "v0");
        let error = live(&client, &uri).await.unwrap_err();
        assert_eq!(error, "cannot read `URI`: no version of it is enabled");
        let error = live(&client, &format!("{uri}-other")).await.unwrap_err();
        assert!(error.contains("404 SecretNotFound"), "{error}");
    }
}
