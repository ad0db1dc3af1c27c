//! A test in the place of a process: it speaks to a Runtime API.

use std::net::SocketAddr;

use bytes::Bytes;
use hyper::{Request, Response};

use fakes::client;

#[derive(Debug, Clone)]
pub(crate) struct FakeProcess {
    runtime: String,
}

impl FakeProcess {
    pub(crate) fn at(runtime_api: SocketAddr) -> Self {
        Self {
            runtime: format!("http://{runtime_api}/2018-06-01/runtime"),
        }
    }

    pub(crate) async fn next(&self) -> Response<Bytes> {
        let request = Request::get(format!("{}/invocation/next", self.runtime))
            .body(Bytes::new())
            .unwrap();
        client::send(request).await.unwrap()
    }

    pub(crate) fn id(next: &Response<Bytes>) -> String {
        let id = next.headers().get("lambda-runtime-aws-request-id").unwrap();
        id.to_str().unwrap().to_owned()
    }

    pub(crate) async fn respond(&self, id: &str, body: impl Into<Bytes>) -> Response<Bytes> {
        self.post(&format!("invocation/{id}/response"), body).await
    }

    pub(crate) async fn post(&self, path: &str, body: impl Into<Bytes>) -> Response<Bytes> {
        client::post(&format!("{}/{path}", self.runtime), &[], body)
            .await
            .unwrap()
    }
}
