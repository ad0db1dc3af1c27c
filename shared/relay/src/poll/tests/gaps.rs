//! What push did not bring, and what is left to it.

use tenant_logs::{Filter, FilterSettings};

use super::*;

#[tokio::test(start_paused = true)]
async fn only_gaps_are_sent_where_push_brings_the_rest() {
    let mut poller = going_on(30);
    poller.settings.gap_sinks = vec!["firehose".to_owned(), "file".to_owned()];
    for number in 1..30 {
        let log_id = logged(number).log_id;
        if number % 7 != 0 {
            poller.arrivals.known.insert(("firehose", log_id.clone()));
        }
        if number % 10 != 0 {
            poller.arrivals.known.insert(("file", log_id));
        }
    }
    let run = poller.run(&deadline()).await.unwrap();
    assert_eq!(poller.delivered(), ids([7, 10, 14, 20, 21, 28]));
    assert_eq!((run.known, run.gap), (23, 6));
    assert_eq!(stored(&poller).position, after(29));
}

#[tokio::test(start_paused = true)]
async fn what_the_filter_stops_is_no_gap() {
    let mut poller = going_on(10);
    poller.settings.gap_sinks = vec!["firehose".to_owned()];
    poller.relay.filter = Filter::parse(FilterSettings {
        exclude_types: Some("s"),
        ..FilterSettings::default()
    })
    .unwrap();
    poller.source.events.lock().unwrap()[4].json = logged(4).json.replace("\"s\"", "\"f\"");
    let run = poller.run(&deadline()).await;
    assert_eq!(run.unwrap().gap, 1);
    assert_eq!(poller.delivered(), ids([4]));
    let asked = poller.arrivals.asked.lock().unwrap();
    assert_eq!(asked.iter().cloned().collect::<Vec<_>>(), ids([4]));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_where_it_cannot_be_told_what_arrived() {
    let mut poller = going_on(10);
    poller.settings.gap_sinks = vec!["firehose".to_owned()];
    poller.arrivals.is_down = true;
    let error = failed(&poller).await;
    assert!(matches!(error, PollError::Look { .. }), "{error}");
    assert_eq!(poller.delivered(), ids([]));
    assert_eq!(stored(&poller).position, after(0));
}

#[tokio::test(start_paused = true)]
async fn a_run_ends_before_what_is_too_young_and_has_caught_up() {
    let mut poller = going_on(15);
    poller.settings.grace = Duration::from_mins(5);
    let young = dated(15, &Timestamp::now().to_string());
    poller.source.events.lock().unwrap().push(young);
    poller.source.events.lock().unwrap().push(logged(16));
    let run = poller.run(&deadline()).await.unwrap();
    assert_eq!(run.end, RunEnd::CaughtUp);
    assert_eq!(poller.delivered(), ids(1..15));
    assert_eq!(stored(&poller).position, after(14));
    assert!(stored(&poller).end_reached.is_some());

    poller.settings.grace = Duration::ZERO;
    poller.run(&deadline()).await.unwrap();
    assert_eq!(poller.delivered(), ids(1..17));
}
