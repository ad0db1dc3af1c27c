use std::future::Ready;

use bytes::Bytes;

use super::*;
use crate::invocation::InvocationError;

type Answered = Result<Bytes, InvocationError>;

/// Every record's text of a payload, and its sequence number.
fn records(payload: &[u8]) -> Vec<(String, String)> {
    let event: Value = serde_json::from_slice(payload).unwrap();
    let records = event["Records"].as_array().unwrap().iter();
    let record = records.map(|record| {
        let data = record["kinesis"]["data"].as_str().unwrap();
        let text = String::from_utf8(STANDARD.decode(data).unwrap()).unwrap();
        let number = record["kinesis"]["sequenceNumber"].as_str().unwrap();
        (text, number.to_owned())
    });
    record.collect()
}

/// A function that notes its batches and answers as `answer` says, which hears the number of the call.
fn noting(
    batches: Arc<Mutex<Vec<String>>>,
    answer: impl Fn(usize, &[(String, String)]) -> Answered + Send + Sync,
) -> impl Fn(Vec<u8>) -> Ready<Answered> + Send + Sync {
    move |payload| {
        let records = records(&payload);
        let texts: Vec<&str> = records.iter().map(|(text, _)| text.as_str()).collect();
        let mut batches = lock(&batches);
        let answer = answer(batches.len(), &records);
        batches.push(texts.join(""));
        std::future::ready(answer)
    }
}

fn fail(text: &str, records: &[(String, String)]) -> Bytes {
    let failed = records.iter().filter(|(other, _)| other == text);
    let failed: Vec<Value> = failed
        .map(|(_, number)| json!({ "itemIdentifier": number }))
        .collect();
    json!({ "batchItemFailures": failed }).to_string().into()
}

async fn batches(
    options: StreamOptions,
    answer: impl Fn(usize, &[(String, String)]) -> Answered + Send + Sync + 'static,
) -> (Vec<String>, StreamCounts) {
    let noted = Arc::default();
    let function = Arc::new(noting(Arc::clone(&noted), answer));
    let shard = Shard::start("logs", function, options);
    shard.put(["a", "b", "c", "d", "e"]);
    shard.drained(Duration::from_secs(10)).await.unwrap();
    (lock(&noted).clone(), shard.counts())
}

fn options(batch_size: usize) -> StreamOptions {
    StreamOptions {
        batch_size,
        ..StreamOptions::default()
    }
}

#[tokio::test(start_paused = true)]
async fn what_failed_comes_again_with_everything_after_it() {
    let answer = |call, records: &[_]| Ok(fail(if call == 0 { "c" } else { "" }, records));
    let (batches, counts) = batches(options(10), answer).await;
    assert_eq!(batches, ["abcde", "cde"]);
    assert_eq!((counts.done, counts.repeated), (5, 3));
}

#[tokio::test(start_paused = true)]
async fn a_batch_whose_invocation_fails_is_bisected() {
    let answer = |_, records: &[(String, String)]| {
        let has_it = records.iter().any(|(text, _)| text == "c");
        if has_it && records.len() > 1 {
            Err(InvocationError::Timeout)
        } else {
            Ok("{}".into())
        }
    };
    let (bisected, counts) = batches(options(10), answer).await;
    assert_eq!(bisected, ["abcde", "abc", "ab", "cde", "cd", "c", "de"]);
    assert_eq!(counts.failed, 4);
}
