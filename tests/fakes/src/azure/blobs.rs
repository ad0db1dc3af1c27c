//! Blob storage: one container whose blobs are put, listed, read and deleted.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use hyper::{Method, Request, Response};

use crate::azure::entra::{Tokens, decode, form};
use crate::azure::tables::{ACCOUNT, RESOURCE};
use crate::faults::{Fault, Faults, inject};
use crate::lock::lock;
use crate::server::{Answer, Server};

/// The first version that takes tokens.
const FIRST_VERSION: &str = "2017-11-09";
const PAGE: usize = 5_000;

type Blobs = BTreeMap<String, Bytes>;

/// What a container has.
#[derive(Debug, Default)]
struct Content {
    blobs: Blobs,
    /// Where each blob is written, too.
    file: Option<File>,
}

/// A running container.
#[derive(Debug)]
pub struct BlobStorage {
    content: Arc<Mutex<Content>>,
    name: String,
    server: Server,
}

impl BlobStorage {
    /// Starts an empty container, which takes these tokens.
    pub async fn start(name: &str, tokens: Tokens, faults: Faults) -> io::Result<Self> {
        let content = Arc::new(Mutex::new(Content::default()));
        let (known, container) = (Arc::clone(&content), name.to_owned());
        let server = Server::start(move |request| {
            let (content, tokens) = (Arc::clone(&known), tokens.clone());
            let (faults, container) = (faults.clone(), container.clone());
            async move {
                let work = async { perform(&request, &container, &tokens, &mut lock(&content)) };
                inject(&faults.next(), faulty, work).await
            }
        });
        Ok(Self {
            content,
            name: name.to_owned(),
            server: server.await?,
        })
    }

    /// The URL of the container itself.
    pub fn endpoint(&self) -> String {
        format!("{}/{ACCOUNT}/{}", self.server.url(), self.name)
    }

    /// Every blob by its name.
    pub fn blobs(&self) -> BTreeMap<String, String> {
        let content = lock(&self.content);
        let texts = content.blobs.iter().map(|(name, bytes)| {
            let text = String::from_utf8_lossy(bytes).into_owned();
            (name.clone(), text)
        });
        texts.collect()
    }

    /// From now on appends each new blob to a file, one blob a line.
    pub fn write_blobs_to(&self, path: &Path) -> io::Result<()> {
        let file = File::options().create(true).append(true).open(path)?;
        lock(&self.content).file = Some(file);
        Ok(())
    }

    /// Puts a blob there, as Event Grid's dead-lettering does.
    pub fn put(&self, name: &str, blob: impl Into<Bytes>) {
        lock(&self.content).put(name.to_owned(), blob.into());
    }
}

impl Content {
    fn put(&mut self, name: String, blob: Bytes) {
        // A blob that is put again after a lost answer is one blob.
        if let Some(file) = &mut self.file
            && !self.blobs.contains_key(&name)
        {
            let line = String::from_utf8_lossy(&blob).replace(['\n', '\r'], " ");
            // A full disk must not lose the blob: it stays in memory.
            if file.write_all(format!("{line}\n").as_bytes()).is_err() {
                self.file = None;
            }
        }
        self.blobs.insert(name, blob);
    }
}

fn perform(
    request: &Request<Bytes>,
    container: &str,
    tokens: &Tokens,
    content: &mut Content,
) -> Answer {
    let header = |name: &str| {
        request
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    if !tokens.hold(request.headers(), RESOURCE) {
        return refuse(401, "InvalidAuthenticationInfo");
    }
    if header("x-ms-version").is_none_or(|version| version < FIRST_VERSION)
        || header("x-ms-date").is_none_or(|date| !date.ends_with(" GMT"))
    {
        return refuse(403, "AuthenticationFailed");
    }
    let path = request.uri().path();
    let path = path
        .strip_prefix(&format!("/{ACCOUNT}/"))
        .unwrap_or_default();
    let (found, name) = path.split_once('/').unwrap_or((path, ""));
    if found != container {
        return refuse(404, "ContainerNotFound");
    }
    let Some(name) = decode(name) else {
        return refuse(400, "InvalidUri");
    };
    match *request.method() {
        Method::GET if name.is_empty() => list(request, &content.blobs),
        Method::GET => match content.blobs.get(&name) {
            Some(bytes) => respond(200, bytes.clone()),
            None => refuse(404, "BlobNotFound"),
        },
        Method::PUT if name.is_empty() || name.len() > 1_024 => refuse(400, "InvalidUri"),
        Method::PUT if header("x-ms-blob-type") != Some("BlockBlob") => {
            refuse(400, "MissingRequiredHeader")
        }
        Method::PUT => {
            content.put(name, request.body().clone());
            respond(201, Bytes::new())
        }
        Method::DELETE => match content.blobs.remove(&name) {
            Some(_) => respond(202, Bytes::new()),
            None => refuse(404, "BlobNotFound"),
        },
        _ => refuse(405, "UnsupportedHttpVerb"),
    }
}

fn list(request: &Request<Bytes>, blobs: &Blobs) -> Answer {
    let query = form(request.uri().query().unwrap_or_default());
    let is = |name: &str, value: &str| query.get(name).is_some_and(|found| found == value);
    if !is("restype", "container") || !is("comp", "list") {
        return refuse(400, "InvalidQueryParameterValue");
    }
    let most = query.get("maxresults").and_then(|most| most.parse().ok());
    let marker = query.get("marker");
    let mut from = blobs
        .iter()
        .skip_while(|(name, _)| marker.is_some_and(|marker| *name < marker));
    let mut xml = String::from(
        "\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?><EnumerationResults><Blobs>",
    );
    for (name, bytes) in from.by_ref().take(most.unwrap_or(PAGE).min(PAGE)) {
        let (name, length) = (escape(name), bytes.len());
        let _infallible = write!(
            xml,
            "<Blob><Name>{name}</Name><Properties><Content-Length>{length}</Content-Length></Properties></Blob>"
        );
    }
    xml.push_str("</Blobs>");
    match from.next() {
        Some((name, _)) => {
            let _infallible = write!(xml, "<NextMarker>{}</NextMarker>", escape(name));
        }
        None => xml.push_str("<NextMarker />"),
    }
    xml.push_str("</EnumerationResults>");
    Answer::with_type(200, "application/xml", xml)
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

fn faulty(fault: &Fault) -> Answer {
    let (status, code) = fault.status_and_code(
        "AuthorizationPermissionMismatch",
        "ServerBusy",
        (503, "ServerBusy"),
    );
    refuse(status, code)
}

fn respond(status: u16, body: Bytes) -> Answer {
    Answer::with_type(status, "application/octet-stream", body)
}

fn refuse(status: u16, code: &'static str) -> Answer {
    let response = Response::builder()
        .status(status)
        .header("x-ms-error-code", code)
        .header("content-type", "application/xml");
    let body = format!("<Error><Code>{code}</Code><Message>refused</Message></Error>");
    let response = response.body(Bytes::from(body));
    response.map_or(Answer::Drop, Answer::Respond)
}
