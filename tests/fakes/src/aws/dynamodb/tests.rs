use super::*;
use crate::client;
use crate::faults::Fault;

const SIGNATURE: &str =
    "AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/dynamodb/aws4_request, Signature=x";

async fn call(table: &Table, operation: &str, input: &Value) -> (u16, Value) {
    let target = format!("DynamoDB_20120810.{operation}");
    let headers = [
        ("content-type", "application/x-amz-json-1.0"),
        ("x-amz-target", target.as_str()),
        ("authorization", SIGNATURE),
    ];
    let body = input.to_string().into_bytes();
    let answer = client::post(&table.url(), &headers, body).await.unwrap();
    let output = serde_json::from_slice(answer.body()).unwrap();
    (answer.status().as_u16(), output)
}

async fn start() -> Table {
    Table::start("ledger", Faults::seeded(1)).await.unwrap()
}

fn put(number: &str) -> Value {
    json!({
        "TableName": "ledger",
        "Item": {"pk": {"S": "a"}, "number": {"N": number}, "kind": {"S": "small"}},
    })
}

/// The same with a condition.
fn put_if(condition: &str, names: &Value, values: &Value) -> Value {
    let mut input = put("2");
    for (member, value) in [
        ("ConditionExpression", &Value::from(condition)),
        ("ExpressionAttributeNames", names),
        ("ExpressionAttributeValues", values),
    ] {
        if !value.is_null() {
            input[member] = value.clone();
        }
    }
    input
}

/// The code of what the table answers to a put under a condition, where it has the item with number 10.
async fn check(condition: &str, names: Value, values: Value, expected: &str) {
    let table = start().await;
    assert_eq!(call(&table, "PutItem", &put("10")).await.0, 200);
    let (_, output) = call(&table, "PutItem", &put_if(condition, &names, &values)).await;
    let code = output["__type"].as_str().unwrap_or("done");
    let code = code.rsplit('#').next().unwrap();
    assert_eq!(code, expected, "{condition}");
}

const FAILED: &str = "ConditionalCheckFailedException";
const INVALID: &str = "ValidationException";

#[tokio::test]
async fn a_condition_is_evaluated_as_dynamodb_does() {
    let none = Value::Null;
    check(
        "attribute_not_exists(pk)",
        none.clone(),
        none.clone(),
        FAILED,
    )
    .await;
    check(
        "attribute_not_exists(gone)",
        none.clone(),
        none.clone(),
        "done",
    )
    .await;
    let values = |number: &str| json!({":n": {"N": number}});
    // As numbers, not as texts.
    check("number <= :n", none.clone(), values("9"), FAILED).await;
    check("number <= :n", none.clone(), values("10"), "done").await;
    check("number = :n", none.clone(), values("010"), "done").await;
    check("number <> :n", none.clone(), values("10"), FAILED).await;
    check("gone = :n", none.clone(), values("10"), FAILED).await;
    check("gone <= :n", none.clone(), values("10"), FAILED).await;
    check("gone <> :n", none.clone(), values("10"), "done").await;
    check("kind <= :n", none.clone(), values("10"), FAILED).await;
    let names = json!({"#k": "kind"});
    let small = json!({":k": {"S": "small"}, ":n": {"N": "9"}});
    check(
        "#k = :k AND number = :n",
        names.clone(),
        small.clone(),
        FAILED,
    )
    .await;
    check(
        "#k = :k OR number = :n",
        names.clone(),
        small.clone(),
        "done",
    )
    .await;
    let both = "attribute_not_exists(pk) OR (#k = :k AND number <= :n)";
    check(both, names, small, FAILED).await;
}

#[tokio::test]
async fn a_condition_that_dynamodb_would_not_read_is_refused() {
    let none = Value::Null;
    let value = json!({":n": {"N": "1"}});
    check("state = :n", none.clone(), value.clone(), INVALID).await;
    check("number ~ :n", none.clone(), value.clone(), INVALID).await;
    check("number = :n AND", none.clone(), value.clone(), INVALID).await;
    check("(number = :n", none.clone(), value.clone(), INVALID).await;
    check("number = :m", none.clone(), value.clone(), INVALID).await;
    check("attribute_not_exists(pk)", none.clone(), value, INVALID).await;
    check("#k = :n", none.clone(), json!({":n": {"N": "1"}}), INVALID).await;
    let (names, values) = (json!({"#k": "kind"}), Value::Null);
    check("attribute_not_exists(pk)", names, values, INVALID).await;
}

#[tokio::test]
async fn a_call_that_dynamodb_would_not_read_is_refused() {
    let table = start().await;
    let check = async |operation: &str, member: &str, value: Value, code: &str| {
        let mut input = put("1");
        input[member] = value;
        let (status, output) = call(&table, operation, &input).await;
        let expected = format!("com.amazonaws.dynamodb.v20120810#{code}");
        assert_eq!((status, &output["__type"]), (400, &json!(expected)));
    };
    check(
        "PutItem",
        "TableName",
        "other".into(),
        "ResourceNotFoundException",
    )
    .await;
    check("Scan", "Limit", 1.into(), "UnknownOperationException").await;
    check("PutItem", "Items", json!({}), INVALID).await;
    check("PutItem", "Item", json!({"kind": {"S": "a"}}), INVALID).await;
    check("PutItem", "Item", json!({"pk": {"S": ""}}), INVALID).await;
    check("PutItem", "Item", json!({"pk": {"N": "1"}}), INVALID).await;
    check(
        "PutItem",
        "Item",
        json!({"pk": {"S": "a"}, "n": {"N": 1}}),
        INVALID,
    )
    .await;
    check(
        "DeleteItem",
        "Key",
        json!({"pk": {"S": "a"}, "k": {"S": "a"}}),
        INVALID,
    )
    .await;
    let long = "x".repeat(2_049);
    check("PutItem", "Item", json!({"pk": {"S": long}}), INVALID).await;
    assert_eq!(table.text("a", "kind"), None);
}

#[tokio::test]
async fn a_refusal_brings_the_item_where_the_call_asks_for_it() {
    let table = start().await;
    call(&table, "PutItem", &put("10")).await;
    let mut again = put_if("attribute_not_exists(pk)", &Value::Null, &Value::Null);
    let (_, output) = call(&table, "PutItem", &again).await;
    assert_eq!(output.get("Item"), None);
    again["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD".into();
    let (status, output) = call(&table, "PutItem", &again).await;
    assert_eq!(
        (status, &output["Item"]["number"]["N"]),
        (400, &json!("10"))
    );
    let counts = table.counts();
    assert_eq!((counts.calls, counts.conditions_failed), (3, 2));
}

#[tokio::test]
async fn a_deleted_item_is_gone_and_an_ill_table_does_nothing() {
    let table = start().await;
    call(&table, "PutItem", &put("1")).await;
    assert_eq!(table.text("a", "kind").as_deref(), Some("small"));
    let delete = json!({"TableName": "ledger", "Key": {"pk": {"S": "a"}}});
    table.shared.faults.script([Fault::Throttle]);
    let (status, output) = call(&table, "DeleteItem", &delete).await;
    assert_eq!(
        (status, &output["__type"]),
        (400, &json!("ProvisionedThroughputExceededException"))
    );
    assert_eq!(table.text("a", "kind").as_deref(), Some("small"));
    call(&table, "DeleteItem", &delete).await;
    assert_eq!(table.text("a", "kind"), None);
}
