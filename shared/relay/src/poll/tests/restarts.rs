//! A checkpoint that is of no use any more, and a restart from somewhere else.

use super::*;

#[tokio::test(start_paused = true)]
async fn an_expired_checkpoint_stops_says_where_the_hole_begins_and_stays_as_it_is() {
    let unknown = |fault| {
        let mut poller = going_on(3);
        poller.source.fault = fault;
        poller
    };
    // The log event itself is gone, or what follows it.
    let gone = unknown(|_| None);
    gone.source.events.lock().unwrap().remove(0);
    let refused = unknown(|_| Some(Fault::UnknownPosition));
    for poller in [gone, refused] {
        let error = failed(&poller).await;
        assert!(error.stops_checkpoint());
        assert_eq!(
            error.to_string(),
            "the checkpoint has expired: Auth0 no longer has log event `id000000`, after which the hole begins \
             (no run has reached the end of the log yet); set RESUME_FROM to go on"
        );
        let value = poller.checkpoints.value();
        assert_eq!(value.as_deref(), Some(r#"{"after":"id000000"}"#));
        assert_eq!(poller.delivered(), ids([]));
    }
}

#[tokio::test(start_paused = true)]
async fn a_checkpoint_at_the_end_of_a_quiet_log_does_not_expire() {
    let poller = going_on(1);
    poller.run(&deadline()).await.unwrap();
    poller.source.events.lock().unwrap().clear();
    assert_eq!(poller.run(&deadline()).await.unwrap().end, RunEnd::CaughtUp);
}

#[tokio::test(start_paused = true)]
async fn resume_from_is_honoured_once_and_leaves_a_hole() {
    let mut poller = going_on(30);
    poller.source.events.lock().unwrap().drain(..10);
    failed(&poller).await;
    set_resume(&mut poller, "id000020");
    poller.run(&deadline()).await.unwrap();
    assert_eq!(poller.delivered(), ids(20..30));
    assert_eq!(stored(&poller).holes, [hole(after(0), 20)]);

    poller.run(&deadline()).await.unwrap();
    assert_eq!(poller.delivered(), ids(20..30));
    assert_eq!(stored(&poller).resumed_from.as_deref(), Some("id000020"));
    poller.settings.resume_from = None;
    poller.run(&deadline()).await.unwrap();
    assert_eq!(stored(&poller).resumed_from, None);
    assert_eq!(stored(&poller).holes, [hole(after(0), 20)]);
}

fn hole(begin: Position, before: usize) -> Hole {
    Hole {
        begin: Some(begin),
        before: Some(logged(before).log_id),
        end_reached: None,
    }
}

/// A poller of forty log events that has left out numbers 1 to 9, and delivered 10 to 19.
async fn resumed_once() -> TestPoller {
    let mut poller = going_on(20);
    set_resume(&mut poller, "id000010");
    poller.run(&deadline()).await.unwrap();
    assert_eq!(poller.delivered(), ids(10..20));
    let more = (20..40).map(logged);
    poller.source.events.lock().unwrap().extend(more);
    poller
}

#[tokio::test(start_paused = true)]
async fn a_second_resume_from_that_is_later_leaves_two_holes() {
    let mut poller = resumed_once().await;
    let end_reached = stored(&poller).end_reached;
    set_resume(&mut poller, "id000030");
    poller.run(&deadline()).await.unwrap();
    assert_eq!(poller.delivered(), ids((10..20).chain(30..40)));
    let second = Hole {
        end_reached,
        ..hole(after(19), 30)
    };
    assert_eq!(stored(&poller).holes, [hole(after(0), 10), second]);

    // What is left out can still be had: all of it, by going back before the first hole.
    set_resume(&mut poller, "id000000");
    poller.run(&deadline()).await.unwrap();
    let mut delivered = poller.delivered();
    delivered.sort();
    assert_eq!(delivered, ids(0..40));
    assert_eq!(stored(&poller).holes, []);
}

#[tokio::test(start_paused = true)]
async fn a_second_resume_from_that_is_earlier_fills_the_hole_from_there_on() {
    let mut poller = resumed_once().await;
    set_resume(&mut poller, "id000005");
    poller.run(&deadline()).await.unwrap();
    let mut delivered = poller.delivered();
    delivered.sort();
    assert_eq!(delivered, ids(5..40));
    assert_eq!(stored(&poller).holes, [hole(after(0), 5)]);
}

#[tokio::test(start_paused = true)]
async fn the_same_resume_from_again_leaves_the_hole_as_it_is() {
    let mut poller = resumed_once().await;
    poller.run(&deadline()).await.unwrap();
    assert_eq!(poller.delivered(), ids(10..40));
    assert_eq!(stored(&poller).holes, [hole(after(0), 10)]);

    poller.settings.resume_from = None;
    poller.run(&deadline()).await.unwrap();
    set_resume(&mut poller, "id000010");
    poller.run(&deadline()).await.unwrap();
    assert_eq!(poller.delivered(), ids(10..40));
    assert_eq!(stored(&poller).holes, [hole(after(0), 10)]);
}

#[tokio::test(start_paused = true)]
async fn a_run_without_resume_from_ends_the_restart_though_it_fails() {
    let mut poller = resumed_once().await;
    poller.settings.resume_from = None;
    poller.source.fault = |_| Some(Fault::Failed);
    failed(&poller).await;
    assert_eq!(stored(&poller).resumed_from, None);
    assert_eq!(stored(&poller).position, after(19));
    assert_eq!(stored(&poller).holes, [hole(after(0), 10)]);

    poller.source.fault = |_| None;
    poller.source.cursors.lock().unwrap().clear();
    set_resume(&mut poller, "id000010");
    poller.run(&deadline()).await.unwrap();
    let first = poller.source.cursors.lock().unwrap()[0].clone();
    assert_eq!(first, Cursor::After("id000010".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn where_the_checkpoint_has_expired_the_same_resume_from_counts_again_once_a_run_has_said_so()
{
    let unknown = |fault| {
        let mut poller = going_on(20);
        let expired = r#"{"after":"id000000","resumed_from":"id000010"}"#;
        poller.checkpoints.put(Some(expired));
        set_resume(&mut poller, "id000010");
        poller.source.fault = fault;
        poller
    };
    // The log event itself is gone, or what follows it.
    let gone = unknown(|_| None);
    gone.source.events.lock().unwrap().remove(0);
    let refused = unknown(|pull| (pull == 0).then_some(Fault::UnknownPosition));
    for poller in [gone, refused] {
        assert!(failed(&poller).await.stops_checkpoint());
        let value = poller.checkpoints.value();
        assert_eq!(value.as_deref(), Some(r#"{"after":"id000000"}"#));
        poller.run(&deadline()).await.unwrap();
        assert_eq!(poller.delivered(), ids(10..20));
        assert_eq!(stored(&poller).holes, [hole(after(0), 10)]);
        assert_eq!(stored(&poller).resumed_from.as_deref(), Some("id000010"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_restart_while_a_sink_is_down_leaves_the_log_event_of_the_last_one_in_a_hole() {
    let mut poller = resumed_once().await;
    poller.relay.destinations[0].sink.plan = |_, _| Some(Remedy::HandBack);
    set_resume(&mut poller, "id000025");
    failed(&poller).await;
    poller.relay.destinations[0].sink.plan = takes_all;
    set_resume(&mut poller, "id000035");
    poller.run(&deadline()).await.unwrap();
    assert_eq!(poller.delivered(), ids((10..20).chain(35..40)));
    let begins: Vec<_> = stored(&poller)
        .holes
        .into_iter()
        .map(|hole| hole.begin)
        .collect();
    let at = Position::At(logged(25).log_id);
    assert_eq!(begins, [Some(after(0)), Some(after(19)), Some(at)]);
}

#[tokio::test(start_paused = true)]
async fn a_restart_from_a_time_skips_nothing_that_no_hole_has() {
    // Their `log_id`s lie in another order than their dates.
    let dates = ["09:00:00", "10:00:01", "09:59:50", "10:00:00"];
    let dates = dates.map(|time| format!("2026-05-01T{time}Z"));
    let events = dates.iter().enumerate();
    let log = TestLog::new(events.map(|(number, date)| dated(number, date)));
    let mut poller = poller(log, takes_all);
    poller.checkpoints.put(Some(r#"{"after":"id000000"}"#));
    set_resume(&mut poller, "2026-05-01T10:00:00Z");
    poller.run(&deadline()).await.unwrap();
    assert_eq!(poller.delivered(), ids(1..4));
    assert_eq!(stored(&poller).holes, [hole(after(0), 1)]);
}

#[tokio::test(start_paused = true)]
async fn resume_from_goes_on_from_a_checkpoint_that_cannot_be_read() {
    let mut poller = going_on(30);
    poller.checkpoints.put(None);
    assert!(failed(&poller).await.stops_checkpoint());
    assert_eq!(poller.checkpoints.value(), None);
    set_resume(&mut poller, "id000020");
    poller.run(&deadline()).await.unwrap();
    assert_eq!(poller.delivered(), ids(20..30));
}
