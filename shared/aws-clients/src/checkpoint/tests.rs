mod on_tables;

use std::collections::VecDeque;
use std::sync::Mutex;

use relay::chain;
use serde_json::{Value, json};

use super::*;
use crate::test_endpoint::{Answer, TestEndpoint, read_settings};

fn soon() -> Instant {
    Instant::now() + Duration::from_mins(1)
}

fn stored(value: &Value) -> Answer {
    let item = json!({ "pk": { "S": "checkpoint#acme" }, "n": { "N": "0" }, "value": value });
    Answer::Json(200, json!({ "Item": item }))
}

fn refused(code: &str) -> Answer {
    let error_type = format!("com.amazonaws.dynamodb.v20120810#{code}");
    Answer::Json(400, json!({ "__type": error_type, "message": "no" }))
}

/// A table that gives these answers in their order.
async fn table(answers: impl IntoIterator<Item = Answer>) -> (TestEndpoint, TableCheckpoint) {
    let answers = Mutex::new(answers.into_iter().collect::<VecDeque<_>>());
    let endpoint = TestEndpoint::start(move |_| answers.lock().unwrap().pop_front().unwrap()).await;
    let settings = CheckpointSettings {
        table: "relay".to_owned(),
    };
    let tenant = TenantName::parse("acme").unwrap();
    let table = TableCheckpoint::new(&endpoint.connection(), settings, tenant);
    (endpoint, table)
}

#[tokio::test]
async fn a_checkpoint_is_read_as_it_is_now() {
    let (endpoint, table) = table([
        stored(&json!({ "S": "log-1" })),
        Answer::Json(200, json!({})),
    ])
    .await;
    let found = table.load(soon()).await.unwrap().unwrap();
    assert_eq!(found.value.as_deref(), Some("log-1"));
    assert_eq!(table.load(soon()).await.unwrap(), None);
    let call = &endpoint.calls()[0];
    assert!(call.operation.ends_with(".GetItem"), "{}", call.operation);
    let key = json!({ "pk": { "S": "checkpoint#acme" }, "n": { "N": "0" } });
    let expected = json!({ "TableName": "relay", "Key": key, "ConsistentRead": true });
    assert_eq!(call.body, expected);
}

#[tokio::test]
async fn a_checkpoint_is_saved_over_the_one_that_was_found_or_over_none() {
    let old = AttributeValue::S("log-1".to_owned());
    for (found, condition, values) in [
        (None, "attribute_not_exists(pk)", Value::Null),
        (
            Some(None),
            "attribute_exists(pk) AND attribute_not_exists(#value)",
            Value::Null,
        ),
        (
            Some(Some(old)),
            "#value = :old",
            json!({ ":old": { "S": "log-1" } }),
        ),
    ] {
        let (endpoint, table) = table([Answer::Json(200, json!({}))]).await;
        let tag = table.save("log-2", found.as_ref(), soon()).await.unwrap();
        assert_eq!(tag, Some(Some(AttributeValue::S("log-2".to_owned()))));
        let body = &endpoint.calls()[0].body;
        let item = json!({ "pk": { "S": "checkpoint#acme" }, "n": { "N": "0" }, "value": { "S": "log-2" } });
        assert_eq!(body["Item"], item);
        assert_eq!(body["ConditionExpression"], condition);
        assert_eq!(body["ExpressionAttributeValues"], values);
    }
}

#[tokio::test]
async fn a_checkpoint_that_another_run_has_moved_is_left_alone() {
    let refusal = || refused("ConditionalCheckFailedException");
    let (_, changed) = table([refusal(), stored(&json!({ "S": "log-9" }))]).await;
    assert_eq!(changed.save("log-2", None, soon()).await.unwrap(), None);
    let (_, gone) = table([refusal(), Answer::Json(200, json!({}))]).await;
    assert_eq!(gone.save("log-2", None, soon()).await.unwrap(), None);
}

#[tokio::test]
async fn a_save_whose_answer_was_lost_is_known_by_what_is_there() {
    let (endpoint, table) = table([
        Answer::Drop,
        refused("ConditionalCheckFailedException"),
        stored(&json!({ "S": "log-2" })),
    ])
    .await;
    assert!(table.save("log-2", None, soon()).await.unwrap().is_some());
    assert_eq!(endpoint.calls().len(), 3);
}

#[tokio::test]
async fn what_is_no_text_is_an_item_without_a_readable_value() {
    for value in [json!({ "N": "7" }), json!({ "S": "" })] {
        let (_, table) = table([stored(&value)]).await;
        let found = table.load(soon()).await.unwrap().unwrap();
        assert_eq!(found.value, None);
        assert!(found.tag.is_some());
    }
}

#[tokio::test]
async fn what_passes_by_itself_is_tried_again_and_a_table_that_is_missing_is_named() {
    let (_, busy) = table([
        refused("ThrottlingException"),
        Answer::Json(500, json!({})),
        stored(&json!({ "S": "log-1" })),
    ])
    .await;
    assert!(busy.load(soon()).await.unwrap().is_some());
    let (_, missing) = table([refused("ResourceNotFoundException")]).await;
    let error = missing.load(soon()).await.unwrap_err();
    let text = chain(&error).to_string();
    assert!(
        text.starts_with("read the checkpoint of tenant `acme`"),
        "{text}"
    );
    assert!(text.contains("checkpoint table `relay`"), "{text}");
}

#[test]
fn the_table_is_required() {
    let error = read_settings(&[], CheckpointSettings::read).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("CHECKPOINT_TABLE: required, not set")
    );
}
