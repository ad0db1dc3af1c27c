//! Table storage: one table whose entities are written under the conditions that its REST interface knows.

mod entities;
mod filter;
mod request;

use std::io;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use hyper::{Request, Response};
use serde_json::{Map, Value, json};

use crate::azure::entra::Tokens;
use crate::faults::{Fault, Faults, inject};
use crate::lock::lock;
use crate::server::{Answer, Server};
use entities::Entities;
use request::{Operation, read};

/// The account in every URL, as emulators write it.
pub(crate) const ACCOUNT: &str = "devstoreaccount1";
/// Whom tokens for storage are for.
pub(crate) const RESOURCE: &str = "https://storage.azure.com";

/// A running table.
#[derive(Debug)]
pub struct TableStorage {
    entities: Arc<Mutex<Entities>>,
    name: String,
    server: Server,
}

/// What is answered: a status, a code where it is no success, headers and a body.
#[derive(Debug, Default)]
struct Reply {
    status: u16,
    code: Option<&'static str>,
    headers: Vec<(&'static str, String)>,
    body: Option<Value>,
}

impl TableStorage {
    /// Starts an empty table, which takes these tokens.
    pub async fn start(name: &str, tokens: Tokens, faults: Faults) -> io::Result<Self> {
        let entities = Arc::new(Mutex::new(Entities::default()));
        let (known, table) = (Arc::clone(&entities), name.to_owned());
        let server = Server::start(move |request| {
            let (entities, tokens) = (Arc::clone(&known), tokens.clone());
            let (faults, table) = (faults.clone(), table.clone());
            async move {
                let work = async { perform(&request, &table, &tokens, &entities).into() };
                inject(&faults.next_with(request.body()), faulty_answer, work).await
            }
        });
        Ok(Self {
            entities,
            name: name.to_owned(),
            server: server.await?,
        })
    }

    /// The URL of the table itself.
    pub fn endpoint(&self) -> String {
        format!("{}/{ACCOUNT}/{}", self.server.url(), self.name)
    }

    /// An entity by its keys as they are stored, without its time and tag.
    pub fn entity(&self, partition: &str, row: &str) -> Option<Map<String, Value>> {
        lock(&self.entities).get(partition, row)
    }

    /// The entities of a partition, by its key as it is stored.
    pub fn partition(&self, partition: &str) -> Vec<Map<String, Value>> {
        lock(&self.entities).partition(partition)
    }

    /// How many entities there are.
    pub fn count(&self) -> usize {
        lock(&self.entities).count()
    }

    /// Puts an entity there as somebody else would.
    pub fn put(&self, partition: &str, row: &str, properties: Value) {
        lock(&self.entities).put(partition, row, properties);
    }

    /// How many entities a page of a query has at most.
    pub fn page_by(&self, count: usize) {
        lock(&self.entities).page_by = count;
    }
}

fn perform(
    request: &Request<Bytes>,
    table: &str,
    tokens: &Tokens,
    entities: &Mutex<Entities>,
) -> Reply {
    if !tokens.hold(request.headers(), RESOURCE) {
        return Reply::refuse(401, "InvalidAuthenticationInfo");
    }
    let operation = match read(request, table) {
        Ok(operation) => operation,
        Err((status, code)) => return Reply::refuse(status, code),
    };
    let mut entities = lock(entities);
    let done = match operation {
        Operation::Insert { key, properties } => entities.insert(key, properties),
        Operation::Get { key } => entities.read(&key),
        Operation::Put {
            key,
            properties,
            tag,
        } => entities.write(key, properties, tag.as_deref()),
        Operation::Delete { key, tag } => entities.delete(&key, &tag),
        Operation::Query {
            filter,
            select,
            from,
        } => Ok(entities.query(&filter, select.as_ref(), from.as_ref())),
    };
    done.unwrap_or_else(|(status, code)| Reply::refuse(status, code))
}

/// What a faulty table answers, which did nothing.
pub fn faulty_answer(fault: &Fault) -> Answer {
    faulty(fault).into()
}

fn faulty(fault: &Fault) -> Reply {
    match fault {
        Fault::Status(status) => Reply {
            status: *status,
            ..Reply::default()
        },
        Fault::Busy {
            status,
            retry_after_secs,
        } => Reply {
            headers: vec![("retry-after", retry_after_secs.to_string())],
            ..Reply::refuse(*status, "ServerBusy")
        },
        Fault::Denied => Reply::refuse(403, "AuthorizationPermissionMismatch"),
        Fault::Throttle
        | Fault::Healthy
        | Fault::RefuseEntries { .. }
        | Fault::Hang
        | Fault::DropBefore
        | Fault::DropAfter
        | Fault::ResetAfter
        | Fault::Late(_) => Reply::refuse(503, "ServerBusy"),
    }
}

impl Reply {
    fn refuse(status: u16, code: &'static str) -> Self {
        Self {
            status,
            code: Some(code),
            ..Self::default()
        }
    }
}

impl From<Reply> for Answer {
    fn from(reply: Reply) -> Self {
        let mut response = Response::builder().status(reply.status);
        for (name, value) in reply.headers {
            response = response.header(name, value);
        }
        let body = match (reply.code, reply.body) {
            (Some(code), _) => {
                let message = json!({"lang": "en-US", "value": "refused"});
                Some(json!({"odata.error": {"code": code, "message": message}}))
            }
            (None, body) => body,
        };
        let body = body.map_or_else(Bytes::new, |body| Bytes::from(body.to_string()));
        let response = response
            .header("content-type", "application/json;odata=minimalmetadata")
            .body(body);
        response.map_or(Self::Drop, Self::Respond)
    }
}
