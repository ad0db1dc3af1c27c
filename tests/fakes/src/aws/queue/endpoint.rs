//! The SQS endpoint: one address for several queues, in the JSON protocol that the SDK speaks.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use hyper::Request;

use super::{Queue, operations};
use crate::aws::ACCOUNT;
use crate::aws::json::{Refusal, Service};
use crate::faults::{Faults, inject};
use crate::lock::lock;
use crate::server::{Answer, Server};

const SQS: Service = Service {
    target: "AmazonSQS",
    signing_name: "sqs",
    content_type: "application/x-amz-json-1.0",
    throttled: "RequestThrottled",
};

/// The queues of an endpoint by their URL.
pub(super) type Queues = BTreeMap<String, Arc<Queue>>;

/// A running SQS endpoint.
#[derive(Debug)]
pub struct SqsEndpoint {
    server: Server,
    queues: Arc<Mutex<Queues>>,
}

impl SqsEndpoint {
    /// Starts an endpoint without queues.
    pub async fn start(faults: Faults) -> io::Result<Self> {
        let queues = Arc::new(Mutex::new(Queues::new()));
        let known = Arc::clone(&queues);
        let server = Server::start(move |request| {
            let (queues, faults) = (Arc::clone(&known), faults.clone());
            async move { answer(&request, &queues, &faults).await }
        });
        Ok(Self {
            server: server.await?,
            queues,
        })
    }

    /// Puts a queue behind the endpoint and returns its URL.
    pub fn add(&self, queue: Arc<Queue>) -> String {
        let url = self.queue_url(queue.name());
        lock(&self.queues).insert(url.clone(), queue);
        url
    }

    /// Where the SDK finds the service.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// The URL that names a queue.
    pub fn queue_url(&self, name: &str) -> String {
        format!("{}/{ACCOUNT}/{name}", self.server.url())
    }
}

async fn answer(request: &Request<Bytes>, queues: &Mutex<Queues>, faults: &Faults) -> Answer {
    let fault = faults.next();
    let work = async {
        let (operation, input) = match SQS.read(request) {
            Ok(call) => call,
            Err(refusal) => return SQS.refuse(&refusal),
        };
        let queues = lock(queues).clone();
        let refuses = || faults.refuses_entry(&fault);
        match operations::perform(&operation, input, &queues, refuses).await {
            Ok(output) => SQS.accept(&output),
            Err(refusal) => SQS.refuse(&refusal),
        }
    };
    inject(&fault, |fault| SQS.faulty_answer(fault), work).await
}

/// A refusal that SQS clients know by the code of the older query protocol.
pub(super) fn refusal(
    code: &'static str,
    query_code: &'static str,
    message: impl Into<String>,
) -> Refusal {
    Refusal {
        query_code: Some(query_code),
        ..Refusal::new(code, message)
    }
}
