//! A collector that asks for time, takes its time, or hangs.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::tries::twice;

/// A collector that asks to be left alone, once, and takes the rows then.
async fn send_to_busy(retry_after: String) -> (Delivery, TestServer) {
    let calls = AtomicUsize::new(0);
    let server = TestServer::start(move |_| match calls.fetch_add(1, Ordering::SeqCst) {
        0 => {
            let headers = vec![("Retry-After", retry_after.clone())];
            Answer::Full(429, headers, String::new())
        }
        _ => Answer::Status(200),
    })
    .await;
    let url = format!("http://{}/in", server.address);
    let delivery = send_as(&twice(LONG), &url, &[], &body(1)).await;
    (delivery, server)
}

#[tokio::test]
async fn a_wait_that_the_collector_asks_for_is_kept_or_the_rows_are_handed_back() {
    let begun = Instant::now();
    let (delivery, _) = send_to_busy("1".to_owned()).await;
    assert_eq!(delivery.delivered, [0]);
    assert!(begun.elapsed() >= Duration::from_secs(1));

    let begun = tenant_logs::Timestamp::now();
    // A date has no fraction of a second.
    let date = tenant_logs::Timestamp::from_second(begun.as_second() + 2).unwrap();
    let text = date.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let (delivery, _) = send_to_busy(text).await;
    assert_eq!(delivery.delivered, [0]);
    assert!(tenant_logs::Timestamp::now() >= date);

    let (delivery, server) = send_to_busy("3600".to_owned()).await;
    let reason = "the collector answered 429";
    assert_eq!(refusals(&delivery), [(0, Remedy::Retry, reason)]);
    assert_eq!(server.calls().len(), 1);
}

#[tokio::test]
async fn when_one_call_hangs_the_others_answers_are_kept() {
    let (delivery, _) = send(&[], &body(2_500), SHORT, |call| {
        if has_row(call, 1_500) {
            Answer::Hang
        } else {
            Answer::Status(200)
        }
    })
    .await;
    assert_eq!(
        delivery.delivered,
        (0..1_000).chain(2_000..2_500).collect::<Vec<_>>()
    );
    let refused = 1_000..2_000;
    let reason = "no answer from the collector in time";
    let expected: Vec<_> = refused
        .map(|index| (index, Remedy::Retry, reason))
        .collect();
    assert_eq!(refusals(&delivery), expected);
}

#[tokio::test]
async fn a_slow_collector_is_not_cut_off_in_a_call_that_cannot_end_in_time() {
    let (delivery, server) = send(&[], &body(64), 2 * SHORT, |call| {
        std::thread::sleep(Duration::from_millis(900));
        Answer::Status(if has_row(call, 0) { 422 } else { 200 })
    })
    .await;
    let stored: usize = server
        .calls()
        .iter()
        .filter(|call| !has_row(call, 0))
        .map(row_count)
        .sum();
    assert_eq!(stored, delivery.delivered.len());
    // Few calls fit, and while none was taken they are short, so that some are: a quarter of the rows at least.
    assert!(stored >= 16, "{stored}");
    let reasons: Vec<_> = refusals(&delivery)
        .into_iter()
        .map(|refusal| refusal.2)
        .collect();
    let reason = "no time was left for a call of the collector";
    assert_eq!(reasons, vec![reason; 64 - stored]);
}
