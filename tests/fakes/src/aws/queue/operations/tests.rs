//! The SDK itself against the endpoint.

use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sqs::types::{
    DeleteMessageBatchRequestEntry, MessageSystemAttributeName, QueueAttributeName,
    SendMessageBatchRequestEntry,
};

use super::*;
use crate::aws::queue::{QueueOptions, SqsEndpoint};
use crate::faults::{Fault, Faults};

struct Setup {
    client: Client,
    queue: Arc<Queue>,
    url: String,
    faults: Faults,
    _endpoint: SqsEndpoint,
}

async fn start() -> Setup {
    let faults = Faults::seeded(1);
    let endpoint = SqsEndpoint::start(faults.clone()).await.unwrap();
    let queue = Queue::new("events", QueueOptions::default());
    let url = endpoint.add(Arc::clone(&queue));
    let config = aws_sdk_sqs::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("id", "secret", None, None, "test"))
        .retry_config(aws_sdk_sqs::config::retry::RetryConfig::disabled())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .endpoint_url(endpoint.url())
        .build();
    Setup {
        client: Client::from_conf(config),
        queue,
        url,
        faults,
        _endpoint: endpoint,
    }
}

fn entry(id: &str, body: &str) -> SendMessageBatchRequestEntry {
    let entry = SendMessageBatchRequestEntry::builder()
        .id(id)
        .message_body(body);
    entry.build().unwrap()
}

fn code<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> String {
    error.code().unwrap_or("none").to_owned()
}

#[tokio::test]
async fn a_message_goes_through_the_sdk_and_back() {
    let Setup {
        client, queue, url, ..
    } = &start().await;
    let body = "{\"name\":\"Åsa 🦀\"}";
    let sent = client
        .send_message()
        .queue_url(url)
        .message_body(body)
        .send()
        .await
        .unwrap();
    assert_eq!(sent.md5_of_message_body(), Some(md5_of_body(body).as_str()));

    let received = client
        .receive_message()
        .queue_url(url)
        .message_system_attribute_names(MessageSystemAttributeName::ApproximateReceiveCount)
        .send()
        .await
        .unwrap();
    let message = &received.messages()[0];
    assert_eq!(message.body(), Some(body));
    assert_eq!(message.message_id(), sent.message_id());
    let attributes = message.attributes().unwrap();
    assert_eq!(attributes.len(), 1);
    assert_eq!(
        attributes[&MessageSystemAttributeName::ApproximateReceiveCount],
        "1"
    );

    let handle = message.receipt_handle().unwrap();
    let change = client
        .change_message_visibility()
        .queue_url(url)
        .receipt_handle(handle);
    change.visibility_timeout(0).send().await.unwrap();
    assert_eq!(queue.depth().visible, 1);
    let again = client
        .receive_message()
        .queue_url(url)
        .send()
        .await
        .unwrap();
    let handle = again.messages()[0].receipt_handle().unwrap();
    client
        .delete_message()
        .queue_url(url)
        .receipt_handle(handle)
        .send()
        .await
        .unwrap();
    assert_eq!(queue.depth().total(), 0);
}

#[tokio::test]
async fn a_batch_tells_what_it_took_and_what_not() {
    let Setup {
        client, queue, url, ..
    } = &start().await;
    let sent = client
        .send_message_batch()
        .queue_url(url)
        .entries(entry("a", "one"))
        .entries(entry("b", "\u{1}"))
        .send()
        .await
        .unwrap();
    assert_eq!(sent.successful()[0].id(), "a");
    assert_eq!(
        (sent.failed()[0].id(), sent.failed()[0].code()),
        ("b", "InvalidMessageContents")
    );
    assert!(sent.failed()[0].sender_fault());

    let received = client
        .receive_message()
        .queue_url(url)
        .send()
        .await
        .unwrap();
    let handle = received.messages()[0].receipt_handle().unwrap();
    let delete = |id: &str, handle: &str| {
        DeleteMessageBatchRequestEntry::builder()
            .id(id)
            .receipt_handle(handle)
            .build()
            .unwrap()
    };
    let deleted = client
        .delete_message_batch()
        .queue_url(url)
        .entries(delete("a", handle))
        .entries(delete("b", "x"))
        .send()
        .await
        .unwrap();
    assert_eq!(
        (deleted.successful().len(), deleted.failed()[0].code()),
        (1, "ReceiptHandleIsInvalid")
    );
    assert_eq!(queue.depth().total(), 0);
}

#[tokio::test]
async fn a_malformed_batch_is_refused_as_a_whole() {
    let Setup {
        client, queue, url, ..
    } = &start().await;
    let send = |entries: Vec<SendMessageBatchRequestEntry>| {
        client
            .send_message_batch()
            .queue_url(url)
            .set_entries(Some(entries))
            .send()
    };
    let eleven = (0..11)
        .map(|number| entry(&number.to_string(), "x"))
        .collect();
    let half = "x".repeat(MESSAGE_LIMIT_BYTES / 2 + 1);
    for (entries, expected) in [
        (vec![], "EmptyBatchRequest"),
        (eleven, "TooManyEntriesInBatchRequest"),
        (
            vec![entry("a", "x"), entry("a", "y")],
            "BatchEntryIdsNotDistinct",
        ),
        (vec![entry("a b", "x")], "InvalidBatchEntryId"),
        (
            vec![entry("a", &half), entry("b", &half)],
            "BatchRequestTooLong",
        ),
    ] {
        let error = send(entries).await.unwrap_err();
        assert_eq!(code(&error), format!("AWS.SimpleQueueService.{expected}"));
    }
    assert_eq!(queue.depth().total(), 0);
}

#[tokio::test]
async fn an_unknown_queue_is_known_to_the_sdk_as_such() {
    let Setup { client, url, .. } = &start().await;
    let unknown = url.replace("events", "other");
    let error = client
        .send_message()
        .queue_url(unknown)
        .message_body("x")
        .send()
        .await
        .unwrap_err();
    assert!(error.into_service_error().is_queue_does_not_exist());
    let found = client
        .get_queue_url()
        .queue_name("events")
        .send()
        .await
        .unwrap();
    assert_eq!(found.queue_url(), Some(url.as_str()));
    let error = client
        .get_queue_url()
        .queue_name("other")
        .send()
        .await
        .unwrap_err();
    assert!(error.into_service_error().is_queue_does_not_exist());
}

#[tokio::test]
async fn parameters_outside_their_range_are_refused() {
    let Setup { client, url, .. } = &start().await;
    for receive in [
        client.receive_message().max_number_of_messages(11),
        client.receive_message().max_number_of_messages(0),
        client.receive_message().wait_time_seconds(21),
        client.receive_message().visibility_timeout(43_201),
    ] {
        let error = receive.queue_url(url).send().await.unwrap_err();
        assert_eq!(code(&error), "InvalidParameterValue");
    }
    let empty = client
        .send_message()
        .queue_url(url)
        .message_body("")
        .send()
        .await
        .unwrap_err();
    assert_eq!(code(&empty), "InvalidParameterValue");
}

#[tokio::test]
async fn attributes_tell_the_depth() {
    let Setup {
        client, queue, url, ..
    } = &start().await;
    queue.send("x").unwrap();
    let asked = QueueAttributeName::ApproximateNumberOfMessages;
    let get = client.get_queue_attributes().queue_url(url);
    let told = get.attribute_names(asked.clone()).send().await.unwrap();
    assert_eq!(told.attributes().unwrap()[&asked], "1");
    assert_eq!(told.attributes().unwrap().len(), 1);
}

#[tokio::test]
async fn an_ill_endpoint_fails_as_it_was_told() {
    let Setup {
        client,
        queue,
        url,
        faults,
        ..
    } = &start().await;
    let send = || {
        client
            .send_message()
            .queue_url(url)
            .message_body("x")
            .send()
    };
    faults.script([
        Fault::Status(500),
        Fault::Throttle,
        Fault::DropBefore,
        Fault::DropAfter,
    ]);
    assert_eq!(code(&send().await.unwrap_err()), "InternalFailure");
    assert_eq!(code(&send().await.unwrap_err()), "RequestThrottled");
    assert!(matches!(
        send().await.unwrap_err(),
        SdkError::DispatchFailure(_)
    ));
    assert_eq!(queue.depth().total(), 0);
    assert!(matches!(
        send().await.unwrap_err(),
        SdkError::DispatchFailure(_)
    ));
    assert_eq!(queue.depth().total(), 1);

    faults.always(Fault::RefuseEntries {
        share: 1.0,
        code: "InternalError".to_owned(),
    });
    let output = client
        .send_message_batch()
        .queue_url(url)
        .entries(entry("a", "x"))
        .send();
    let output = output.await.unwrap();
    assert_eq!(
        (output.failed()[0].code(), output.failed()[0].sender_fault()),
        ("InternalError", false)
    );
    assert_eq!(queue.depth().total(), 1);
}
