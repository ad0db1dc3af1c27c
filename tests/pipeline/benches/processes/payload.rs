//! The events that Lambda hands to the functions, made once and given new `log_id`s before each invocation.

use std::error::Error;
use std::ops::Range;

use cargo_local::cloud::TOKEN;
use serde_json::{Value, json};
use tenant_logs::{parse, time_in_log_id};

/// Digits at the end of a `log_id` that change.
const COUNTER_DIGITS: usize = 10;
/// Where a `log_id` of Auth0's names the time of its day.
const TIME_OF_DAY: Range<usize> = 11..17;
/// Log events a second, by their `log_id`s.
const EVENTS_PER_SECOND: u64 = 1_000;

/// An invocation's payload.
pub(crate) struct Payload {
    bytes: Vec<u8>,
    /// Where each event's `log_id` stands, event by event.
    log_ids: Vec<LogIdPlaces>,
}

/// Where a `log_id` stands in a payload.
struct LogIdPlaces {
    offsets: Vec<usize>,
    length: usize,
    /// Whether it names a time, which moves on as Auth0's does.
    has_time: bool,
}

impl Payload {
    /// A batch from SQS: each message an EventBridge event with one log event.
    pub(crate) fn sqs(body: &str) -> Result<Self, Box<dyn Error>> {
        let parsed = parse(body)?;
        let records = parsed
            .log_events
            .iter()
            .enumerate()
            .map(|(position, log_event)| {
                let event = format!(
                    r#"{{"version":"0","id":"11710aed-b79e-4468-a20b-{position:012}","detail-type":"Auth0 log","source":"auth0.com/acme/auth0.logs","account":"123456789012","time":"2026-11-20T00:00:00Z","region":"us-east-1","resources":[],"detail":{}}}"#,
                    log_event.detail()
                );
                json!({
                    "messageId": format!("059f36b4-87a3-44ab-83d2-{position:012}"),
                    "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a".repeat(5),
                    "body": event,
                    "attributes": {
                        "ApproximateReceiveCount": "1",
                        "SentTimestamp": "1795132800000",
                        "SenderId": "AIDAIENQZJOLO23YVJ4VO",
                        "ApproximateFirstReceiveTimestamp": "1795132800001"
                    },
                    "messageAttributes": {},
                    "md5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
                    "eventSource": "aws:sqs",
                    "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:deliver",
                    "awsRegion": "us-east-1"
                })
            });
        let records: Vec<_> = records.collect();
        Self::new(json!({ "Records": records }).to_string(), body)
    }

    /// A webhook request as a function URL brings it.
    pub(crate) fn webhook(body: &str) -> Result<Self, Box<dyn Error>> {
        let request = json!({
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": "/",
            "rawQueryString": "",
            "headers": {
                "authorization": TOKEN,
                "content-type": "application/json",
                "host": "example.com",
                "user-agent": "auth0-log-stream",
                "x-forwarded-for": "192.0.2.10",
                "x-forwarded-proto": "https"
            },
            "requestContext": {
                "accountId": "anonymous",
                "apiId": "abcdefghij",
                "domainName": "example.com",
                "domainPrefix": "abcdefghij",
                "http": {
                    "method": "POST",
                    "path": "/",
                    "protocol": "HTTP/1.1",
                    "sourceIp": "192.0.2.10",
                    "userAgent": "auth0-log-stream"
                },
                "requestId": "5c0d2f3e-7a7b-4a55-9a5b-000000000000",
                "routeKey": "$default",
                "stage": "$default",
                "time": "20/Nov/2026:00:00:00 +0000",
                "timeEpoch": 1_795_132_800_000_u64
            },
            "body": body,
            "isBase64Encoded": false
        });
        Self::new(request.to_string(), body)
    }

    /// A webhook request's body as it is.
    pub(crate) fn plain(body: &str) -> Result<Self, Box<dyn Error>> {
        Self::new(body.to_owned(), body)
    }

    /// A call of the Functions host for several events: a string that holds them, and their data once more beside it.
    pub(crate) fn invocation(body: &str) -> Result<Self, Box<dyn Error>> {
        let parsed = parse(body)?;
        let mut events = Vec::new();
        let mut data = Vec::new();
        for log_event in &parsed.log_events {
            let log_id = log_event.log_id();
            let record: Value = serde_json::from_str(log_event.record())?;
            events.push(json!({
                "id": log_id,
                "source": "auth0.com/acme/auth0.logs",
                "specversion": "1.0",
                "type": "com.auth0.Log",
                "subject": "s",
                "time": "2026-11-20T00:00:00Z",
                "data": record,
            }));
            data.push(record);
        }
        let sys = json!({
            "MethodName": "deliver",
            "UtcNow": "2026-11-20T00:00:01.2345678Z",
            "RandGuid": "24ad4c06-24ad-4e5b-8294-3da9714877e9",
        });
        let invocation = json!({
            "Data": { "events": serde_json::to_string(&events)? },
            "Metadata": { "data": serde_json::to_string(&data)?, "sys": sys },
        });
        Self::new(invocation.to_string(), body)
    }

    fn new(text: String, body: &str) -> Result<Self, Box<dyn Error>> {
        let mut log_ids = Vec::new();
        for log_event in parse(body)?.log_events {
            let log_id = log_event.log_id();
            if log_id.len() < COUNTER_DIGITS {
                return Err("a log_id is too short to count in it".into());
            }
            let offsets = text.match_indices(log_id);
            log_ids.push(LogIdPlaces {
                offsets: offsets.map(|(offset, _)| offset).collect(),
                length: log_id.len(),
                has_time: time_in_log_id(log_id).is_some()
                    && log_id.len() >= TIME_OF_DAY.end + COUNTER_DIGITS,
            });
        }
        Ok(Self {
            bytes: text.into_bytes(),
            log_ids,
        })
    }

    /// How many events it has.
    pub(crate) fn event_count(&self) -> u32 {
        u32::try_from(self.log_ids.len()).unwrap_or(u32::MAX)
    }

    /// Its bytes with `log_id`s that end in the next numbers, as nobody has seen them before, and that name the time at which
    /// they would have come.
    pub(crate) fn renewed(&mut self, next: &mut u64) -> Vec<u8> {
        for found in &self.log_ids {
            let digits = format!("{next:0COUNTER_DIGITS$}");
            let seconds = *next / EVENTS_PER_SECOND;
            let (hour, minute, second) = (seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
            let time = format!("{hour:02}{minute:02}{second:02}");
            *next += 1;
            for offset in &found.offsets {
                let end = offset + found.length;
                write_at(&mut self.bytes, end - COUNTER_DIGITS, &digits);
                if found.has_time {
                    write_at(&mut self.bytes, offset + TIME_OF_DAY.start, &time);
                }
            }
        }
        self.bytes.clone()
    }
}

fn write_at(bytes: &mut [u8], offset: usize, text: &str) {
    if let Some(slot) = bytes.get_mut(offset..offset + text.len()) {
        slot.copy_from_slice(text.as_bytes());
    }
}
