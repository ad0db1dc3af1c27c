//! Dead letters in our container and in Azurite's; then what only ours can do.

use std::time::Duration;

use fakes::azure::blobs::BlobStorage;
use fakes::faults::{Fault, Faults};
use http_clients::{DeadLetterContainer, DeadLetterContainerSettings};
use relay::settings::environment;
use relay::{DeadLetters, Delivery, Learned, Patience, Remedy, Sending, chain};
use tenant_logs::{DeadLetter, DeadLetterEvent};
use tokio::time::Instant;

use crate::app::{App, read};

fn until() -> Instant {
    Instant::now() + Duration::from_mins(1)
}

fn once() -> Sending {
    Sending {
        until: until(),
        patience: Patience::Shares,
        max_tries: 1,
        learned: Learned::default(),
    }
}

fn container(app: &App, endpoint: &str) -> DeadLetterContainer {
    let name = "DEAD_LETTER_CONTAINER_ENDPOINT".to_owned();
    let settings = read(
        &vec![(name, endpoint.to_owned())],
        DeadLetterContainerSettings::read,
    );
    DeadLetterContainer::new(&app.identity, settings)
}

fn dead_letter(log_id: &str) -> DeadLetter<'static> {
    DeadLetter {
        reason: "the sink says no".into(),
        at: "2026-11-21T10:00:00Z".parse().unwrap(),
        function: "azure-eventgrid-subscriber",
        sink: Some("log-analytics"),
        tenant: "acme",
        log_id: Some(log_id.to_owned().into()),
        event: DeadLetterEvent::Json(
            format!(r#"{{"log_id":"{log_id}","data":{{"type":"s"}}}}"#).into(),
        ),
    }
}

async fn names(container: &DeadLetterContainer) -> Vec<String> {
    let mut names = Vec::new();
    let mut next = None;
    loop {
        let page = container.list(next.as_deref(), until()).await.unwrap();
        names.extend(
            page.dead_letters
                .into_iter()
                .map(|dead_letter| dead_letter.name),
        );
        next = page.next;
        if next.is_none() {
            return names;
        }
    }
}

/// Puts dead letters twice, lists, reads and deletes them.
async fn check_whole_life(container: &DeadLetterContainer, id: &str) {
    let dead_letters: Vec<DeadLetter<'_>> = (0..20)
        .map(|number| dead_letter(&format!("{id}-{number}")))
        .collect();
    for _ in 0..2 {
        let mut delivery = container.set_aside(&dead_letters, &once()).await;
        delivery.delivered.sort_unstable();
        assert_eq!(delivery, Delivery::all_delivered(20));
    }
    let mut found = 0;
    for name in names(container).await {
        let bytes = container.get(&name, until()).await.unwrap().unwrap();
        let text = String::from_utf8(bytes).unwrap();
        if !text.contains(&format!("{id}-")) {
            continue;
        }
        let dead_letter = DeadLetter::read(&text).unwrap();
        assert!(dead_letters.contains(&dead_letter), "{text}");
        found += 1;
        for _ in 0..2 {
            container.delete(&name, until()).await.unwrap();
        }
        assert_eq!(container.get(&name, until()).await.unwrap(), None);
    }
    assert_eq!(found, 20);
}

#[tokio::test]
async fn dead_letters_are_put_listed_read_and_deleted() {
    let app = App::start().await;
    let storage = BlobStorage::start("letters", app.tokens(), Faults::healthy()).await;
    let storage = storage.unwrap();
    // As Event Grid names what it sets aside.
    let own = "a & b/SUBSCRIPTION/2026/11/21/10/é%41.json";
    storage.put(own, "[]");
    let container = container(&app, &storage.endpoint());
    check_whole_life(&container, "a").await;
    assert_eq!(names(&container).await, [own]);
    assert_eq!(container.get(own, until()).await.unwrap().unwrap(), b"[]");
    container.delete(own, until()).await.unwrap();
    assert_eq!(storage.blobs().len(), 0);
}

#[tokio::test]
#[ignore = "needs AZURITE_CONTAINER_ENDPOINT"]
async fn on_azurite_dead_letters_are_put_listed_read_and_deleted() {
    let endpoint = environment("AZURITE_CONTAINER_ENDPOINT").unwrap();
    let app = App::start().await;
    let container = container(&app, &endpoint);
    check_whole_life(&container, &fastrand::u64(..).to_string()).await;
    // One stays for Microsoft's own client to read.
    let stays = container
        .set_aside(&[dead_letter("stays é / %")], &once())
        .await;
    assert_eq!(stays, Delivery::all_delivered(1));
    let missing = container_of(&app, &format!("{endpoint}-missing"));
    let error = missing.list(None, until()).await.unwrap_err();
    let error = chain(&error).to_string();
    assert!(
        error.contains("answered 404 ContainerNotFound: check"),
        "{error}"
    );
}

fn container_of(app: &App, endpoint: &str) -> DeadLetterContainer {
    container(app, endpoint)
}

#[tokio::test]
async fn many_dead_letters_are_listed_page_by_page() {
    let app = App::start().await;
    let storage = BlobStorage::start("letters", app.tokens(), Faults::healthy()).await;
    let storage = storage.unwrap();
    for number in 0..2_500 {
        storage.put(&format!("letter {number}"), "{}");
    }
    let container = container(&app, &storage.endpoint());
    assert_eq!(names(&container).await.len(), 2_500);
}

#[tokio::test]
async fn a_dead_letter_that_cannot_be_stored_is_tried_again_and_never_dead_lettered() {
    let faults = Faults::healthy();
    let app = App::start().await;
    let storage = BlobStorage::start("letters", app.tokens(), faults.clone()).await;
    let storage = storage.unwrap();
    let container = container(&app, &storage.endpoint());
    for (fault, remedy, reason) in [
        (
            Fault::Denied,
            Remedy::Stop,
            "dead-letter container `letters` answered 403 AuthorizationPermissionMismatch: check \
             DEAD_LETTER_CONTAINER_ENDPOINT, that the container is there, and that the identity has the role Storage Blob \
             Data Contributor on it",
        ),
        (
            Fault::Status(400),
            Remedy::Stop,
            "dead-letter container `letters` answered 400 ServerBusy",
        ),
        (
            Fault::Throttle,
            Remedy::Retry,
            "dead-letter container `letters` answered 503 ServerBusy",
        ),
    ] {
        faults.always(fault);
        let delivery = container.set_aside(&[dead_letter("a")], &once()).await;
        assert_eq!(delivery, Delivery::all_refused(1, remedy, reason));
    }
    faults.script([Fault::Throttle, Fault::DropBefore]);
    assert_eq!(
        container.list(None, until()).await.unwrap().dead_letters,
        []
    );
}
