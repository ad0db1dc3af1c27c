mod circles;
mod empty_pages;
mod gaps;
mod restarts;

use std::time::Duration;

use tenant_logs::Timestamp;

use super::testing::*;
use super::*;
use crate::chain;
use crate::ports::Remedy;

/// As long as the platform gives a run.
fn deadline() -> Deadline {
    Deadline::after(Duration::from_mins(4))
}

fn ids(numbers: impl IntoIterator<Item = usize>) -> Vec<String> {
    let numbers = numbers.into_iter();
    numbers.map(|number| logged(number).log_id).collect()
}

fn stored(poller: &TestPoller) -> Checkpoint {
    Checkpoint::parse(&poller.checkpoints.value().unwrap()).unwrap()
}

fn after(number: usize) -> Position {
    Position::After(logged(number).log_id)
}

/// A poller of this many log events that has delivered number zero.
fn going_on(count: usize) -> TestPoller {
    let poller = poller(TestLog::new((0..count).map(logged)), takes_all);
    poller.checkpoints.put(Some(r#"{"after":"id000000"}"#));
    poller
}

async fn failed(poller: &TestPoller) -> PollError {
    poller.run(&deadline()).await.unwrap_err()
}

fn set_start(poller: &mut TestPoller, text: &str) {
    poller.settings.start_from = Some(StartPoint::parse(text).unwrap());
}

fn set_resume(poller: &mut TestPoller, text: &str) {
    let (text, start) = (text.to_owned(), StartPoint::parse(text).unwrap());
    poller.settings.resume_from = Some(ResumeFrom { text, start });
}

#[tokio::test(start_paused = true)]
async fn everything_after_the_checkpoint_is_delivered_and_the_checkpoint_moves() {
    let poller = going_on(36);
    let run = poller.run(&deadline()).await.unwrap();
    assert_eq!((run.end, run.page_count), (RunEnd::CaughtUp, 4));
    assert_eq!(poller.delivered(), ids(1..36));
    assert_eq!(stored(&poller).position, after(35));
    assert!(stored(&poller).end_reached.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_second_run_delivers_nothing_new() {
    let poller = going_on(36);
    poller.run(&deadline()).await.unwrap();
    let run = poller.run(&deadline()).await.unwrap();
    assert_eq!((run.end, run.page_count), (RunEnd::CaughtUp, 0));
    assert_eq!(poller.delivered(), ids(1..36));
}

#[tokio::test(start_paused = true)]
async fn pages_are_found_by_their_link_and_without_one_by_their_last_log_id() {
    for has_links in [true, false] {
        let mut poller = going_on(21);
        poller.source.has_links = has_links;
        poller.run(&deadline()).await.unwrap();
        assert_eq!(poller.delivered(), ids(1..21));
        let cursor = |number| {
            let log_id = logged(number).log_id;
            if has_links && number > 0 {
                Cursor::Next(format!("link:{log_id}"))
            } else {
                Cursor::After(log_id)
            }
        };
        assert_eq!(
            *poller.source.cursors.lock().unwrap(),
            [cursor(0), cursor(10), cursor(20)]
        );
    }
}

#[tokio::test(start_paused = true)]
async fn the_log_event_at_which_a_first_run_begins_is_sent_too() {
    let mut poller = poller(TestLog::new((0..25).map(logged)), takes_all);
    set_start(&mut poller, "id000003");
    poller.run(&deadline()).await.unwrap();
    assert_eq!(poller.delivered(), ids(3..25));
    assert_eq!(stored(&poller).position, after(24));
}

#[tokio::test(start_paused = true)]
async fn a_first_run_from_a_time_skips_what_is_dated_before_it_and_misses_nothing() {
    // Their `log_id`s lie in another order than their dates.
    let dates = ["09:59:10", "10:00:02", "09:59:50", "10:00:00", "10:00:01"];
    let dates = dates.map(|time| format!("2026-05-01T{time}Z"));
    let events = dates.iter().enumerate();
    let log = TestLog::new(events.map(|(number, date)| dated(number, date)));
    let mut poller = poller(log, takes_all);
    set_start(&mut poller, "2026-05-01T10:00:00Z");
    poller.run(&deadline()).await.unwrap();
    assert_eq!(poller.delivered(), ids([1, 3, 4]));
    assert_eq!(stored(&poller).skip_before, None);
}

#[tokio::test(start_paused = true)]
async fn what_is_dated_before_the_start_is_skipped_behind_a_log_event_that_is_too_young_too() {
    let ago = |number, seconds| {
        let date = Timestamp::now() - Duration::from_secs(seconds);
        dated(number, &date.to_string())
    };
    let log = TestLog::new([ago(0, 9_000), ago(1, 0), ago(2, 20_000)]);
    let mut poller = poller(log, takes_all);
    let start = Timestamp::now() - Duration::from_secs(10_000);
    set_start(&mut poller, &start.to_string());
    poller.settings.grace = Duration::from_secs(5_000);
    poller.run(&deadline()).await.unwrap();
    assert_eq!(poller.delivered(), ids([0]));
    poller.settings.grace = Duration::ZERO;
    poller.run(&deadline()).await.unwrap();
    assert_eq!(poller.delivered(), ids([0, 1]));
    assert_eq!(stored(&poller).skip_before, None);
}

#[tokio::test(start_paused = true)]
async fn the_time_of_a_first_run_is_kept_until_a_first_log_event_is_found() {
    let mut poller = poller(TestLog::new([]), takes_all);
    poller.source.is_search_down = true;
    let begun = Timestamp::now();
    failed(&poller).await;
    let Position::Since(since) = stored(&poller).position else {
        panic!("{:?}", stored(&poller));
    };
    assert!(begun <= since && since <= Timestamp::now());

    poller.source.is_search_down = false;
    assert_eq!(poller.run(&deadline()).await.unwrap().end, RunEnd::CaughtUp);
    assert_eq!(stored(&poller).position, Position::Since(since));

    let new = [
        dated(0, "2026-01-01T00:00:00Z"),
        dated(1, &Timestamp::now().to_string()),
    ];
    poller.source.events.lock().unwrap().extend(new);
    poller.run(&deadline()).await.unwrap();
    assert_eq!(poller.delivered(), ids([1]));
    assert_eq!(stored(&poller).position, after(1));
}

#[tokio::test(start_paused = true)]
async fn a_start_that_auth0_does_not_have_is_named_and_nothing_is_stored() {
    let mut poller = poller(TestLog::new((0..3).map(logged)), takes_all);
    set_start(&mut poller, "id000009");
    let error = failed(&poller).await;
    assert!(error.stops_checkpoint());
    let text = "START_FROM names the log event `id000009`, which Auth0 does not have";
    assert_eq!(error.to_string(), text);
    assert_eq!(poller.checkpoints.value(), None);
}

#[tokio::test(start_paused = true)]
async fn while_a_sink_is_down_the_checkpoint_stays_and_the_run_fails() {
    let plan: crate::testing::Plan = |log_id, _| (log_id > "id000014").then_some(Remedy::HandBack);
    let mut poller = poller(TestLog::new((0..40).map(logged)), plan);
    poller.source.takes = Duration::from_millis(10);
    poller.checkpoints.put(Some(r#"{"after":"id000000"}"#));
    let error = failed(&poller).await;
    assert!(!error.stops_checkpoint());
    let text = "1 pages after log event `id000010` were not delivered: the checkpoint stays";
    assert_eq!(error.to_string(), text);
    assert_eq!(stored(&poller).position, after(10));
    assert!(poller.relay.dead_letters.stored().is_empty());

    poller.relay.destinations[0].sink.plan = takes_all;
    poller.run(&deadline()).await.unwrap();
    assert_eq!(poller.delivered(), ids(1..40));
}

#[tokio::test(start_paused = true)]
async fn what_can_never_pass_is_set_aside_and_the_run_goes_on() {
    let plan: crate::testing::Plan = |log_id, _| (log_id == "id000002").then_some(Remedy::SetAside);
    let mut poller = poller(TestLog::new((0..5).map(logged)), plan);
    set_start(&mut poller, "id000000");
    poller.source.events.lock().unwrap()[3].json = "7".to_owned();
    poller.run(&deadline()).await.unwrap();
    assert_eq!(poller.delivered(), ids([0, 1, 4]));
    assert_eq!(poller.relay.dead_letters.stored().len(), 2);
    assert_eq!(stored(&poller).position, after(4));
}

#[tokio::test(start_paused = true)]
async fn a_run_ends_before_its_deadline_and_the_next_one_goes_on() {
    let mut poller = going_on(2_000);
    poller.source.takes = Duration::from_secs(3);
    let mut ends = Vec::new();
    while ends.last() != Some(&RunEnd::CaughtUp) {
        let deadline = deadline();
        ends.push(poller.run(&deadline).await.unwrap().end);
        assert!(Instant::now() < deadline.send_by());
    }
    assert_eq!(ends.len(), 3, "{ends:?}");
    assert_eq!(poller.delivered(), ids(1..2_000));
}

#[tokio::test(start_paused = true)]
async fn a_log_that_wants_to_be_left_alone_ends_a_run_that_has_come_on() {
    let mut poller = going_on(40);
    poller.source.fault = |pull| (pull == 2).then_some(Fault::OutOfTime);
    let run = poller.run(&deadline()).await.unwrap();
    assert_eq!(run.end, RunEnd::OutOfTime);
    assert_eq!(stored(&poller).position, after(20));

    poller.source.fault = |_| Some(Fault::OutOfTime);
    assert!(matches!(failed(&poller).await, PollError::Pull(_)));
}

#[tokio::test(start_paused = true)]
async fn a_log_that_fails_leaves_what_was_delivered_behind_the_checkpoint() {
    let mut poller = going_on(40);
    poller.source.fault = |pull| (pull == 2).then_some(Fault::Failed);
    let error = failed(&poller).await;
    let text = "cannot pull the log: cannot pull: ask a service: it fails on purpose";
    assert_eq!(chain(&error).to_string(), text);
    assert_eq!(stored(&poller).position, after(20));
    assert_eq!(stored(&poller).end_reached, None);
}

#[tokio::test(start_paused = true)]
async fn a_page_that_cannot_be_read_is_never_taken_for_the_end() {
    for text in ["", "<html>", r#"[{"_id":"a","type":"s"}"#] {
        let mut poller = going_on(40);
        poller.source.fault = match text {
            "" => |_| Some(Fault::Page("")),
            "<html>" => |_| Some(Fault::Page("<html>")),
            _ => |_| Some(Fault::Page(r#"[{"_id":"a","type":"s"}"#)),
        };
        let error = failed(&poller).await;
        assert!(matches!(error, PollError::UnreadablePage(_)), "{error}");
        assert_eq!(stored(&poller), Checkpoint::at(after(0)));
        assert!(poller.relay.dead_letters.stored().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_page_that_leads_nowhere_ends_the_run() {
    let mut poller = going_on(3);
    let faults: [fn(usize) -> Option<Fault>; 2] = [
        |_| Some(Fault::Page(r#"[{"_id":"id000000","type":"s"}]"#)),
        |_| Some(Fault::Page(r#"[{"type":"s"}]"#)),
    ];
    for fault in faults {
        poller.source.fault = fault;
        let error = failed(&poller).await;
        assert!(matches!(error, PollError::NoWayOn { .. }), "{error}");
        assert_eq!(stored(&poller).position, after(0));
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_overtaken_ends_and_leaves_the_others_checkpoint() {
    let mut poller = going_on(40);
    poller.source.takes = Duration::from_secs(1);
    let deadline = deadline();
    let overtaking = async {
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        poller.checkpoints.put(Some(r#"{"after":"id000039"}"#));
    };
    let (run, ()) = futures_util::future::join(poller.run(&deadline), overtaking).await;
    assert_eq!(run.unwrap().end, RunEnd::Overtaken);
    assert_eq!(stored(&poller), Checkpoint::at(after(39)));
}

#[tokio::test(start_paused = true)]
async fn of_two_runs_at_once_each_log_event_is_delivered_once_where_a_ledger_knows_it() {
    let mut poller = going_on(200);
    poller.source.takes = Duration::from_millis(100);
    let deadline = deadline();
    let both = futures_util::future::join(poller.run(&deadline), poller.run(&deadline));
    let (one, other) = both.await;
    assert!(one.is_ok() || other.is_ok(), "{one:?} {other:?}");
    poller.run(&deadline).await.unwrap();
    assert_eq!(poller.delivered(), ids(1..200));
}

#[tokio::test(start_paused = true)]
async fn a_kill_between_sending_and_the_checkpoint_loses_nothing() {
    let poller = going_on(40);
    *poller.checkpoints.failing_saves.lock().unwrap() = 1;
    let error = failed(&poller).await;
    assert!(matches!(error, PollError::Save(_)), "{error}");
    assert_eq!(stored(&poller).position, after(0));
    poller.run(&deadline()).await.unwrap();
    assert_eq!(poller.delivered(), ids(1..40));
}

#[tokio::test(start_paused = true)]
async fn few_pages_wait_for_a_slow_sink() {
    let mut poller = going_on(2_000);
    poller.relay.destinations[0].sink.hangs = true;
    let error = failed(&poller).await;
    assert!(matches!(error, PollError::NotDelivered { .. }), "{error}");
    let pulled = poller.source.cursors.lock().unwrap().len();
    assert!(pulled <= 2 * PAGES_AT_ONCE + 1, "{pulled} pages");
}

#[tokio::test(start_paused = true)]
async fn a_sink_that_is_too_slow_for_more_pages_ends_the_run_and_is_sent_nothing_twice() {
    let mut poller = going_on(2_000);
    // Two calls of it end in time, and a third would begin in time.
    poller.relay.destinations[0].sink.call_time = |_| Duration::from_secs(9);
    let deadline = Deadline::after(Duration::from_secs(30));
    let run = poller.run(&deadline).await;
    assert_eq!(run.unwrap().end, RunEnd::OutOfTime);
    let delivered = poller.delivered().len();
    assert_eq!(stored(&poller).position, after(delivered));
    let tries = poller.relay.destinations[0].sink.tries.lock().unwrap();
    assert_eq!(tries.len(), delivered, "nothing is under way any more");
    assert!(tries.values().all(|tries| *tries == 1));
}
