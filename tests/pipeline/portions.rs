//! A batch of more log events than are delivered at once, through the real target: what happens in one portion of it counts
//! for the others, and keeps none from being tried.

use std::time::Duration;

use cargo_local::cloud::{Cloud, CloudOptions};
use fakes::faults::Fault;
use fakes::invocation::InvocationError;
use tenant_logs::ElementLimits;

use crate::kit::cloud;
use crate::kit::target::{event, once_each};

/// More than one portion.
const COUNT: usize = ElementLimits::AT_ONCE + 1_000;

async fn start() -> Cloud {
    cloud(CloudOptions {
        timeout: Duration::from_secs(12),
        ..CloudOptions::default()
    })
    .await
}

/// Invokes the target as a rule does, which brings all of it again: not all is delivered.
async fn fail(cloud: &Cloud) {
    let events: Vec<String> = (0..COUNT)
        .map(|number| event(&number.to_string()))
        .collect();
    let answer = cloud.target.invoke(format!("[{}]", events.join(","))).await;
    match answer {
        Err(InvocationError::Function { error_type, .. }) => assert_eq!(error_type, "NotDelivered"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_hangs_keeps_no_later_portion_from_the_collector() {
    let cloud = start().await;
    cloud.collector_faults.by_body(|body| {
        let first = br#""log_id":"0""#;
        if body.windows(first.len()).any(|part| part == first) {
            Fault::Hang
        } else {
            Fault::Healthy
        }
    });
    // A call carries a thousand; those that share the one that hangs pass in ever smaller ones.
    for passed in [COUNT - 1_000, COUNT - 500] {
        fail(&cloud).await;
        let log_ids = cloud.collector.log_ids();
        assert_eq!(log_ids.len(), passed);
        assert!(log_ids.values().all(|copies| *copies == 1));
    }
    cloud.collector_faults.clear();
    let events = format!("[{},{}]", event("0"), event("1"));
    assert_eq!(cloud.target.invoke(events).await.unwrap(), "{}");
    let passed = (0..COUNT).filter(|number| !(2..500).contains(number));
    assert_eq!(
        cloud.collector.log_ids(),
        once_each(passed.map(|number| number.to_string()))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_asks_to_be_left_alone_is_left_alone_by_later_portions() {
    let cloud = start().await;
    cloud.collector_faults.always(Fault::Busy {
        status: 429,
        retry_after_secs: 600,
    });
    fail(&cloud).await;
    // So many are made at once before the first answer.
    assert!(
        cloud.collector.counts().calls <= 4,
        "{:?}",
        cloud.collector.counts()
    );
}
