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
    let hole = stored(&poller).hole.unwrap();
    assert_eq!(hole.after.as_deref(), Some("id000000"));
    assert_eq!(hole.before.as_deref(), Some("id000020"));

    poller.run(&deadline()).await.unwrap();
    assert_eq!(poller.delivered(), ids(20..30));
    assert_eq!(stored(&poller).resumed_from.as_deref(), Some("id000020"));
    poller.settings.resume_from = None;
    poller.run(&deadline()).await.unwrap();
    assert_eq!(stored(&poller).resumed_from, None);
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
