//! Empty pages: the end of the log is one that names itself, or no other.

use super::*;

#[tokio::test(start_paused = true)]
async fn an_empty_page_that_names_another_one_is_not_the_end() {
    let mut poller = going_on(15);
    poller.source.fault = |pull| (pull % 2 == 0).then_some(Fault::EmptyPage);
    let run = poller.run(&deadline()).await.unwrap();
    assert_eq!(run.end, RunEnd::CaughtUp);
    assert_eq!(poller.delivered(), ids(1..15));
    assert!(stored(&poller).end_reached.is_some());
}

#[tokio::test(start_paused = true)]
async fn an_empty_page_without_a_link_is_the_end() {
    let mut poller = going_on(15);
    poller.source.fault = |_| Some(Fault::Page("[]"));
    let run = poller.run(&deadline()).await.unwrap();
    assert_eq!((run.end, run.page_count), (RunEnd::CaughtUp, 0));
    assert_eq!(poller.source.cursors.lock().unwrap().len(), 1);
    assert!(stored(&poller).end_reached.is_some());
}

#[tokio::test(start_paused = true)]
async fn empty_pages_that_name_each_other_end_the_run() {
    let mut poller = going_on(15);
    poller.source.fault = |_| Some(Fault::EmptyCircle);
    let run = poller.run(&deadline()).await.unwrap();
    assert_eq!(run.end, RunEnd::CaughtUp);
    assert_eq!(poller.source.cursors.lock().unwrap().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn empty_pages_without_an_end_last_as_long_as_the_run_and_the_checkpoint_stays() {
    let mut poller = going_on(15);
    poller.source.takes = Duration::from_secs(5);
    poller.source.fault = |_| Some(Fault::EmptyPage);
    let this_run = deadline();
    let run = poller.run(&this_run).await.unwrap();
    assert_eq!((run.end, run.page_count), (RunEnd::OutOfTime, 0));
    assert!(Instant::now() < this_run.send_by());
    assert_eq!(stored(&poller), Checkpoint::at(after(0)));
    poller.source.fault = |_| None;
    poller.run(&deadline()).await.unwrap();
    assert_eq!(poller.delivered(), ids(1..15));
}
