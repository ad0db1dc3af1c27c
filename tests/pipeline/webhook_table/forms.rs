//! Readable bodies of every form: what they hold lies on the bus, byte for byte.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::{DOORS, EVENT, ask_to_post, gzip, handed_off};
use crate::kit::ingest::{Ingest, OnBus};

/// How a fixture holds its records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Held {
    /// In `{"log_id","data"}`, which passes as it is.
    Wrapped,
    /// As they are, so that they are wrapped on their way.
    Bare,
}

/// Every file of `fixtures/envelopes` with the number of its log events.
const ENVELOPES: [(&str, usize, Held); 25] = [
    ("cloud-event-array-wrapped-data.json", 2, Held::Wrapped),
    ("cloud-event-array.json", 2, Held::Bare),
    ("cloud-event-of-many.json", 2, Held::Wrapped),
    ("cloud-event-single-without-subject.json", 1, Held::Bare),
    ("cloud-event-single.json", 1, Held::Bare),
    ("event-grid-array-wrapped-data.json", 2, Held::Wrapped),
    ("event-grid-array.json", 2, Held::Bare),
    ("event-grid-single.json", 1, Held::Bare),
    ("eventbridge-array.json", 2, Held::Wrapped),
    ("eventbridge-custom-bus.json", 1, Held::Wrapped),
    ("eventbridge-flat-detail.json", 1, Held::Bare),
    ("eventbridge-wrapped-detail.json", 1, Held::Wrapped),
    ("management-api-page.json", 2, Held::Bare),
    ("webhook-array-indented.json", 2, Held::Wrapped),
    ("webhook-array-of-bare-records.json", 2, Held::Bare),
    ("webhook-array-with-byte-order-mark.json", 2, Held::Wrapped),
    ("webhook-array.json", 2, Held::Wrapped),
    ("webhook-indented-objects.json", 2, Held::Wrapped),
    ("webhook-joined.json", 2, Held::Wrapped),
    ("webhook-lines-crlf-and-blank.ndjson", 2, Held::Wrapped),
    ("webhook-lines-of-bare-records.ndjson", 2, Held::Bare),
    ("webhook-lines.ndjson", 2, Held::Wrapped),
    ("webhook-logs-object.json", 2, Held::Wrapped),
    ("webhook-single-bare.json", 1, Held::Bare),
    ("webhook-single-wrapped.json", 1, Held::Wrapped),
];

fn fixtures(folder: &str) -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package
        .join("../../shared/tenant-logs/fixtures")
        .join(folder)
}

fn names(folder: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(fixtures(folder)).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.collect()
}

/// Whether a detail is a part of the body, or a record of it that was wrapped.
fn check_bytes(body: &str, event: &OnBus, held: Held) {
    let detail = event.detail.get();
    let own = match held {
        Held::Wrapped => detail,
        Held::Bare => {
            let log_id = event.member("/log_id").unwrap();
            let begin = format!(r#"{{"log_id":{log_id},"data":"#);
            let record = detail.strip_prefix(&begin).expect("wrapped by us");
            record.strip_suffix('}').unwrap()
        }
    };
    assert!(own.starts_with('{') && own.contains("\"date\""), "{own}");
    assert!(body.contains(own), "not byte for byte: {own}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_form_reaches_the_bus_byte_for_byte() {
    let tested: BTreeSet<String> = ENVELOPES.iter().map(|(name, ..)| (*name).into()).collect();
    assert_eq!(tested, names("envelopes"));
    let ingest = Ingest::start(&[]).await;
    for (name, count, held) in ENVELOPES {
        let body = fs::read_to_string(fixtures("envelopes").join(name)).unwrap();
        let before = ingest.on_bus().len();
        for bytes in [body.clone().into_bytes(), gzip(&body)] {
            let reply = ask_to_post(&ingest, bytes).await;
            let told = (reply.status, reply.body);
            assert_eq!(told, (200, handed_off(count, count, 0, 0)), "{name}");
        }
        let events = ingest.on_bus().split_off(before);
        assert_eq!(events.len(), 2 * DOORS * count, "{name}");
        for event in events {
            check_bytes(&body, &event, held);
        }
    }
    assert_eq!(ingest.dead_letters().len(), 0);
}

/// Holds a number beyond `f64`, which the local bus does not take (see `fakes::aws::event_bus::EntryError`).
const BEYOND_THE_LOCAL_BUS: &str = "s-numbers-keep-their-digits.json";

/// Whether a text is the body itself, or the record of the body that was wrapped.
fn is_from(body: &str, detail: &str) -> bool {
    let record = detail.split_once(r#""data":"#).map_or("", |(_, rest)| rest);
    let record = record.strip_suffix('}').unwrap_or_default();
    // A `log_id` that is none is kept behind the record.
    let record = record.split(r#","$log_ids":"#).next().unwrap_or_default();
    detail == body.trim() || !record.is_empty() && body.contains(record)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_odd_log_event_reaches_the_bus() {
    let ingest = Ingest::start(&[]).await;
    for name in names("log-events") {
        let body = fs::read_to_string(fixtures("log-events").join(&name)).unwrap();
        let before = ingest.on_bus().len();
        let reply = ingest.post(body.clone()).await;
        let told = (reply.status, reply.body);
        if name == BEYOND_THE_LOCAL_BUS {
            assert_eq!(told, (200, handed_off(1, 0, 0, 1)));
            let dead_letter = ingest.dead_letter_texts().pop().unwrap();
            assert!(
                dead_letter.contains(body.trim()),
                "not byte for byte: {dead_letter}"
            );
            continue;
        }
        assert_eq!(told, (200, handed_off(1, 1, 0, 0)), "{name}");
        let [event] = <[OnBus; 1]>::try_from(ingest.on_bus().split_off(before)).unwrap();
        assert!(is_from(&body, event.detail.get()), "{name}: {event:?}");
    }
    assert_eq!(ingest.dead_letter_texts().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_carries_the_tenants_source_the_detail_type_and_its_own_date() {
    let cases = [
        (r#""2026-11-20T10:30:15.204Z""#, "2026-11-20T10:30:15Z"),
        (r#""2026-11-20T11:30:15+01:00""#, "2026-11-20T10:30:15Z"),
        (r#""2024-02-29T00:00:00Z""#, "2024-02-29T00:00:00Z"),
    ];
    let ingest = Ingest::start(&[]).await;
    for (date, time) in cases {
        let event = format!(r#"{{"log_id":"{time}","data":{{"type":"s","date":{date}}}}}"#);
        assert_eq!(ingest.post(event.clone()).await.status, 200);
        let on_bus = ingest.on_bus().pop().unwrap();
        assert_eq!(on_bus.source, "auth0.com/acme/auth0.logs");
        assert_eq!(on_bus.detail_type, "Auth0 log");
        assert_eq!(on_bus.time, time);
        assert_eq!(on_bus.detail.get(), event);
    }
    assert_eq!(
        ingest.post(r#"{"type":"s","date":"soon"}"#).await.status,
        200
    );
    let time: tenant_logs::Timestamp = ingest.on_bus().pop().unwrap().time.parse().unwrap();
    let age = tenant_logs::Timestamp::now() - time;
    assert!((0..60).contains(&age.get_seconds()), "{age}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_source_can_be_set() {
    let ingest = Ingest::start(&[("EVENT_SOURCE", "auth0.com/other/logs")]).await;
    assert_eq!(ingest.post(EVENT).await.status, 200);
    assert_eq!(ingest.on_bus()[0].source, "auth0.com/other/logs");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_array_without_elements_is_answered_200() {
    let ingest = Ingest::start(&[]).await;
    for body in ["[]", " [ ] ", r#"{"logs":[]}"#] {
        let reply = ask_to_post(&ingest, body).await;
        assert_eq!((reply.status, reply.body), (200, handed_off(0, 0, 0, 0)));
    }
    assert_eq!(ingest.bus.counts().calls, 0);
}
