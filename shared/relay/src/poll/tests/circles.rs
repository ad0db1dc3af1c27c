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
        let sentence = "the page after id000030 leads back to id000010";
        check(fault, 30, sentence).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_page_that_lies_before_the_begin_of_the_run_moves_no_checkpoint_back() {
    let at = |hour: usize| {
        let log_id = format!("90020260501{hour:02}0000001");
        let json = format!(r#"{{"_id":"{log_id}","type":"s"}}"#);
        Logged { log_id, json }
    };
    let mut poller = poller(TestLog::new([0, 1, 5, 6].map(at)), takes_all);
    poller.source.page_size = 1;
    let stored_at = format!(r#"{{"after":"{}"}}"#, at(5).log_id);
    poller.checkpoints.put(Some(&stored_at));
    poller.source.fault = |pull| (pull == 0).then_some(Fault::LeadsTo("90020260501000000001"));
    let error = failed(&poller).await;
    assert_eq!(
        error.to_string(),
        "the page after 90020260501060000001 leads back to 90020260501010000001"
    );
    assert_eq!(stored(&poller).position, Position::After(at(6).log_id));
}
