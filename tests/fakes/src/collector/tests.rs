use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::*;
use crate::client::{post, send};

async fn start(options: CollectorOptions) -> (Collector, Faults) {
    let faults = Faults::healthy();
    (
        Collector::start(options, faults.clone()).await.unwrap(),
        faults,
    )
}

async fn status(collector: &Collector, body: impl Into<Bytes>) -> u16 {
    post(&collector.url(), &[], body)
        .await
        .unwrap()
        .status()
        .as_u16()
}

#[tokio::test]
async fn lines_and_arrays_are_stored_byte_for_byte_and_counted() {
    let (collector, _) = start(CollectorOptions::default()).await;
    let lines = "{\"log_id\":\"1\", \"n\":1.0}\n\n{\"log_id\":\"2\"}\n";
    assert_eq!(status(&collector, lines).await, 200);
    assert_eq!(
        status(&collector, "[{\"log_id\":\"2\"},\n {\"x\" :0}]").await,
        200
    );
    let expected = [
        "{\"log_id\":\"1\", \"n\":1.0}",
        "{\"log_id\":\"2\"}",
        "{\"log_id\":\"2\"}",
        "{\"x\" :0}",
    ];
    assert_eq!(collector.events(), expected);
    assert_eq!(
        collector.log_ids(),
        BTreeMap::from([("1".to_owned(), 1), ("2".to_owned(), 2)])
    );
    assert_eq!(collector.counts().events, 4);
}

#[tokio::test]
async fn a_number_that_fits_no_float_is_stored_with_its_digits() {
    let (collector, _) = start(CollectorOptions::default()).await;
    let event = "{\"log_id\":\"1\",\"data\":{\"n\":1e400}}";
    assert_eq!(status(&collector, event).await, 200);
    assert_eq!(collector.events(), [event]);
    assert_eq!(collector.log_ids()["1"], 1);
}

#[tokio::test]
async fn a_gzip_body_is_read_by_its_header() {
    let (collector, _) = start(CollectorOptions::default()).await;
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(b"{\"log_id\":\"1\"}").unwrap();
    let body = encoder.finish().unwrap();
    let gzip = [("content-encoding", "gzip")];
    let answer = post(&collector.url(), &gzip, body.clone()).await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(collector.log_ids()["1"], 1);
    assert_eq!(status(&collector, body).await, 400);
    let unknown = post(&collector.url(), &[("content-encoding", "br")], "{}")
        .await
        .unwrap();
    assert_eq!(unknown.status(), 400);
}

#[tokio::test]
async fn what_is_no_list_of_objects_is_refused_as_a_whole() {
    let (collector, _) = start(CollectorOptions::default()).await;
    for body in ["{", "[{},1]", "{}\nx\n{}", "[{}", "1"] {
        assert_eq!(status(&collector, body).await, 400, "{body}");
    }
    assert_eq!(collector.counts().unreadable, 5);
    assert_eq!(collector.counts().events, 0);
}

#[tokio::test]
async fn method_credentials_and_size_are_checked() {
    let options = CollectorOptions {
        authorization: Some("Splunk secret".to_owned()),
        body_limit_bytes: 10,
        ..CollectorOptions::default()
    };
    let (collector, _) = start(options).await;
    let get = Request::get(collector.url()).body(Bytes::new()).unwrap();
    assert_eq!(send(get).await.unwrap().status(), 405);
    assert_eq!(status(&collector, "{}").await, 401);
    let wrong = post(&collector.url(), &[("authorization", "secret")], "{}")
        .await
        .unwrap();
    assert_eq!(wrong.status(), 401);
    let right = [("authorization", "Splunk secret")];
    assert_eq!(
        post(&collector.url(), &right, "{}").await.unwrap().status(),
        200
    );
    let large = post(&collector.url(), &right, "{\"x\":\"012\"}")
        .await
        .unwrap();
    assert_eq!(large.status(), 413);
    let counts = collector.counts();
    assert_eq!(
        (
            counts.calls,
            counts.events,
            counts.unauthorized,
            counts.too_large
        ),
        (5, 1, 2, 1)
    );
}

#[tokio::test]
async fn a_request_with_a_refused_event_stores_nothing() {
    let (collector, _) = start(CollectorOptions::default()).await;
    collector.refuse(vec![Refusal {
        contains: "\"bad\"".to_owned(),
        status: 422,
    }]);
    assert_eq!(
        status(&collector, "[{\"log_id\":\"good\"},{\"log_id\":\"bad\"}]").await,
        422
    );
    assert_eq!(status(&collector, "[{\"log_id\":\"good\"}]").await, 200);
    assert_eq!(
        collector.log_ids(),
        BTreeMap::from([("good".to_owned(), 1)])
    );
    assert_eq!(collector.counts().refused, 1);
    collector.refuse(Vec::new());
    assert_eq!(status(&collector, "{\"log_id\":\"bad\"}").await, 200);
}

#[tokio::test]
async fn an_ill_collector_fails_as_it_was_told() {
    let (collector, faults) = start(CollectorOptions::default()).await;
    faults.script([
        Fault::Status(500),
        Fault::Busy {
            status: 503,
            retry_after_secs: 7,
        },
        Fault::Throttle,
        Fault::DropBefore,
        Fault::DropAfter,
    ]);
    let body = "{\"log_id\":\"1\"}";
    assert_eq!(status(&collector, body).await, 500);
    let busy = post(&collector.url(), &[], body).await.unwrap();
    assert_eq!(
        (busy.status().as_u16(), &busy.headers()["retry-after"]),
        (503, &HeaderValue::from(7))
    );
    assert_eq!(status(&collector, body).await, 429);
    assert!(post(&collector.url(), &[], body).await.is_err());
    assert_eq!(collector.counts().events, 0);
    assert!(post(&collector.url(), &[], body).await.is_err());
    assert_eq!(status(&collector, body).await, 200);
    assert_eq!(collector.log_ids()["1"], 2);
}

#[tokio::test]
async fn events_are_appended_to_a_file_one_a_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("http.ndjson");
    std::fs::write(&path, "{\"before\":true}\n").unwrap();
    let options = CollectorOptions {
        file: Some(path.clone()),
        keeps_events: false,
        ..CollectorOptions::default()
    };
    let (collector, _) = start(options).await;
    assert_eq!(status(&collector, "[{\"a\":1},{\n\"b\":2}]").await, 200);
    let written = std::fs::read_to_string(&path).unwrap();
    assert_eq!(written, "{\"before\":true}\n{\"a\":1}\n{ \"b\":2}\n");
    assert!(collector.events().is_empty());
    assert_eq!(collector.counts().events, 2);
}
