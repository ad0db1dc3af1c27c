use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_sdk_dynamodb::Client;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::test_endpoint::connection;

/// Answers each request on a connection that stays open, until the client closes it.
async fn serve(mut stream: TcpStream, status: &'static str) {
    let mut received = Vec::new();
    let mut part = [0; 4096];
    loop {
        let length = stream.read(&mut part).await.unwrap_or(0);
        if length == 0 {
            return;
        }
        received.extend_from_slice(&part[..length]);
        // Each body ends so: `{"TableName":"t"}`.
        if received.ends_with(b"}") {
            received.clear();
            let head = format!("HTTP/1.1 {status}\r\ncontent-type: application/x-amz-json-1.0\r\n");
            let answer = format!("{head}content-length: 2\r\n\r\n{{}}");
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    }
}

/// Makes two calls after each other, which both get this status; returns on how many connections they came.
async fn connections_of_two_calls(status: &'static str) -> usize {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let count = Arc::new(AtomicUsize::new(0));
    let accepted = count.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            accepted.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(serve(stream, status));
        }
    });
    let client: Client = connection(&url, &[]).dynamodb();
    for _ in 0..2 {
        let answer = client.describe_table().table_name("t").send().await;
        assert_eq!(answer.is_ok(), status.starts_with("200"), "{answer:?}");
    }
    count.load(Ordering::SeqCst)
}

#[tokio::test]
async fn calls_after_each_other_come_on_one_connection() {
    assert_eq!(connections_of_two_calls("200 OK").await, 1);
    assert_eq!(connections_of_two_calls("400 Bad Request").await, 1);
}

#[tokio::test]
async fn after_an_internal_error_the_next_call_opens_another_connection() {
    let count = connections_of_two_calls("500 Internal Server Error").await;
    assert_eq!(count, 2);
}
