use super::*;
use crate::client;

const SIGNATURE: &str =
    "AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/firehose/aws4_request, Signature=x";

async fn call(firehose: &Firehose, operation: &str, input: &Value) -> (u16, Value) {
    let target = format!("Firehose_20150804.{operation}");
    let headers = [
        ("content-type", "application/x-amz-json-1.1"),
        ("x-amz-target", target.as_str()),
        ("authorization", SIGNATURE),
    ];
    let body = input.to_string().into_bytes();
    let answer = client::post(&firehose.url(), &headers, body).await.unwrap();
    let output = serde_json::from_slice(answer.body()).unwrap();
    (answer.status().as_u16(), output)
}

fn put(stream: &str, records: &[&[u8]]) -> Value {
    let record = |data: &&[u8]| json!({ "Data": STANDARD.encode(data) });
    let records: Vec<Value> = records.iter().map(record).collect();
    json!({"DeliveryStreamName": stream, "Records": records})
}

async fn start() -> Firehose {
    Firehose::start("logs", Faults::seeded(1)).await.unwrap()
}

#[tokio::test]
async fn a_call_over_a_limit_is_refused_and_nothing_is_kept() {
    let firehose = start().await;
    let check = async |records: Vec<&[u8]>, code: &str| {
        let (status, output) = call(&firehose, "PutRecordBatch", &put("logs", &records)).await;
        assert_eq!((status, &output["__type"]), (400, &json!(code)));
    };
    let (most, more) = (vec![b'x'; 1_024_000], vec![b'x'; 1_024_001]);
    check(vec![], "ValidationException").await;
    check(vec![b"x"; 501], "ValidationException").await;
    check(vec![&more], "ValidationException").await;
    check(vec![&most; 5], "InvalidArgumentException").await;
    assert_eq!(firehose.written(), b"");
    let records: [&[u8]; 4] = [&most; 4];
    let (status, _) = call(&firehose, "PutRecordBatch", &put("logs", &records)).await;
    assert_eq!((status, firehose.counts().accepted), (200, 4));
}
