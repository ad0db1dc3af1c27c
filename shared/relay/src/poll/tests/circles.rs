//! Pages that hold log events and lead back.

use super::*;

/// A run that fails at a page which leads back, and the next one, which goes on.
async fn check(fault: fn(usize) -> Option<Fault>, delivered: usize, sentence: &str) {
    let mut poller = going_on(36);
    poller.source.fault = fault;
    let error = failed(&poller).await;
    assert_eq!(error.to_string(), sentence);
    assert!(!error.stops_checkpoint());
    assert_eq!(poller.delivered(), ids(1..=delivered));
    assert_eq!(stored(&poller).position, after(delivered));
    poller.source.fault = |_| None;
    poller.run(&deadline()).await.unwrap();
    assert_eq!(poller.delivered(), ids(1..36));
}

#[tokio::test(start_paused = true)]
async fn a_page_that_names_one_that_was_asked_for_ends_the_run() {
    check(
        |pull| (pull == 2).then_some(Fault::LeadsTo("id000010")),
        20,
        "the page after id000020 leads nowhere: it names neither a new log_id nor a page that was not asked for already",
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_page_that_lies_behind_an_earlier_one_ends_the_run_and_moves_no_checkpoint_back() {
    let faults: [fn(usize) -> Option<Fault>; 2] = [
        |pull| (pull == 2).then_some(Fault::LeadsTo("id000000")),
        |pull| (pull == 2).then_some(Fault::LeadsTo("id000005")),
    ];
    for fault in faults {
        let sentence =
            "the page after id000030 leads back: it holds id000010, which an earlier page had";
        check(fault, 30, sentence).await;
    }
}
