//! Moto's server, which `.ci/with-moto` starts: the calls that make what a stack would have, and those that look into it.

use fakes::client;
use hyper::Request;
use relay::settings::environment;
use serde_json::{Map, Value, json};

use crate::kit::target::record;

/// A running server.
pub(crate) struct Moto {
    pub(crate) url: String,
    /// A server that serves two runs keeps the resources of the first, so every name is new.
    suffix: String,
}

/// A message as SQS hands it out.
pub(crate) struct Message {
    pub(crate) handle: String,
    pub(crate) body: String,
    pub(crate) attributes: Value,
    pub(crate) own_attributes: Value,
}

impl Message {
    /// The record that Lambda makes of it, named by its handle.
    pub(crate) fn record(&self, queue_arn: &str) -> Value {
        let mut record = record(&self.handle, Some(&self.body));
        record["eventSourceARN"] = queue_arn.into();
        record["attributes"] = self.attributes.clone();
        let own = self.own_attributes.as_object().into_iter().flatten();
        for (name, value) in own {
            record["messageAttributes"][name] = json!({
                "stringValue": value["StringValue"], "dataType": value["DataType"],
            });
        }
        record
    }
}

/// A service of the JSON protocols: its name in a signature, what its operations begin with, the protocol's version.
struct Service(&'static str, &'static str, &'static str);

const DYNAMODB: Service = Service("dynamodb", "DynamoDB_20120810", "1.0");
const EVENTS: Service = Service("events", "AWSEvents", "1.1");
const FIREHOSE: Service = Service("firehose", "Firehose_20150804", "1.1");
const SECRETS: Service = Service("secretsmanager", "secretsmanager", "1.1");
const SQS: Service = Service("sqs", "AmazonSQS", "1.0");

/// Nobody checks a signature here; the service is told by its scope.
fn authorization(service: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/{service}/aws4_request, \
         SignedHeaders=host, Signature=test"
    )
}

impl Moto {
    /// The server that `MOTO_URL` names.
    pub(crate) fn at_url() -> Self {
        let suffix = format!("{:016x}", fastrand::u64(..));
        Self {
            url: environment("MOTO_URL").unwrap(),
            suffix,
        }
    }

    /// A name that nobody had before.
    pub(crate) fn name(&self, what: &str) -> String {
        format!("{what}-{}", self.suffix)
    }

    async fn call(&self, service: &Service, operation: &str, input: &Value) -> Value {
        let Service(name, prefix, version) = service;
        let headers = [
            ("content-type", format!("application/x-amz-json-{version}")),
            ("x-amz-target", format!("{prefix}.{operation}")),
            ("authorization", authorization(name)),
        ];
        let headers = headers
            .each_ref()
            .map(|(name, value)| (*name, value.as_str()));
        let answer = client::post(&self.url, &headers, input.to_string()).await;
        let answer = answer.unwrap();
        let text = String::from_utf8_lossy(answer.body()).into_owned();
        assert_eq!(answer.status(), 200, "{operation}: {text}");
        serde_json::from_str(&text).unwrap_or_default()
    }

    async fn s3(&self, method: &str, path: &str) -> String {
        let request = Request::builder()
            .method(method)
            .uri(format!("{}/{path}", self.url))
            .header("authorization", authorization("s3"));
        let answer = client::send(request.body(bytes::Bytes::new()).unwrap()).await;
        let answer = answer.unwrap();
        let text = String::from_utf8_lossy(answer.body()).into_owned();
        assert_eq!(answer.status(), 200, "{method} {path}: {text}");
        text
    }

    /// Makes a table like the ledger's; returns its name.
    pub(crate) async fn table(&self) -> String {
        let table = self.name("ledger");
        let input = json!({
            "TableName": table,
            "KeySchema": [
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "n", "KeyType": "RANGE"},
            ],
            "AttributeDefinitions": [
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "n", "AttributeType": "N"},
            ],
            "BillingMode": "PAY_PER_REQUEST",
        });
        self.call(&DYNAMODB, "CreateTable", &input).await;
        table
    }

    /// The rows of a table that smaller than a page is.
    pub(crate) async fn rows(&self, table: &str) -> Vec<Map<String, Value>> {
        let input = json!({ "TableName": table });
        let scanned = self.call(&DYNAMODB, "Scan", &input).await;
        assert_eq!(scanned.get("LastEvaluatedKey"), None);
        let items = scanned["Items"].as_array().unwrap().iter();
        items
            .map(|item| item.as_object().unwrap().clone())
            .collect()
    }

    /// Makes a queue that shows a message once, however slow this machine is; returns its URL.
    pub(crate) async fn queue(&self, what: &str) -> String {
        let attributes = json!({"VisibilityTimeout": "43200"});
        let input = json!({"QueueName": self.name(what), "Attributes": attributes});
        let made = self.call(&SQS, "CreateQueue", &input).await;
        made["QueueUrl"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn send(&self, queue_url: &str, body: &str) {
        let input = json!({"QueueUrl": queue_url, "MessageBody": body});
        self.call(&SQS, "SendMessage", &input).await;
    }

    /// Takes at most ten messages off a queue.
    pub(crate) async fn receive(&self, queue_url: &str) -> Vec<Message> {
        let input = json!({
            "QueueUrl": queue_url, "MaxNumberOfMessages": 10,
            "AttributeNames": ["All"], "MessageAttributeNames": ["All"],
        });
        let received = self.call(&SQS, "ReceiveMessage", &input).await;
        let messages = received["Messages"].as_array().into_iter().flatten();
        let text = |message: &Value, name: &str| message[name].as_str().unwrap().to_owned();
        let messages = messages.map(|message| Message {
            handle: text(message, "ReceiptHandle"),
            body: text(message, "Body"),
            attributes: message["Attributes"].clone(),
            own_attributes: message["MessageAttributes"].clone(),
        });
        messages.collect()
    }

    /// How many messages of a queue nobody sees yet.
    pub(crate) async fn delayed(&self, queue_url: &str) -> String {
        let name = "ApproximateNumberOfMessagesDelayed";
        let input = json!({"QueueUrl": queue_url, "AttributeNames": [name]});
        let attributes = self.call(&SQS, "GetQueueAttributes", &input).await;
        attributes["Attributes"][name].as_str().unwrap().to_owned()
    }

    /// The ARN of a queue.
    pub(crate) async fn queue_arn(&self, queue_url: &str) -> String {
        let input = json!({"QueueUrl": queue_url, "AttributeNames": ["QueueArn"]});
        let attributes = self.call(&SQS, "GetQueueAttributes", &input).await;
        attributes["Attributes"]["QueueArn"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    pub(crate) async fn delete(&self, queue_url: &str, receipt_handle: &str) {
        let input = json!({"QueueUrl": queue_url, "ReceiptHandle": receipt_handle});
        self.call(&SQS, "DeleteMessage", &input).await;
    }

    /// Makes a bus with the stack's rule, which sends to a queue; returns the bus's name.
    pub(crate) async fn bus(&self, queue_url: &str, pattern: &str) -> String {
        let bus = self.name("logs");
        let queue_arn = self.queue_arn(queue_url).await;
        self.call(&EVENTS, "CreateEventBus", &json!({ "Name": bus }))
            .await;
        let rule = json!({"Name": "auth0-logs", "EventBusName": bus, "EventPattern": pattern});
        self.call(&EVENTS, "PutRule", &rule).await;
        let targets = json!({
            "Rule": "auth0-logs", "EventBusName": bus,
            "Targets": [{"Id": "deliver", "Arn": queue_arn}],
        });
        self.call(&EVENTS, "PutTargets", &targets).await;
        bus
    }

    /// Makes a secret; returns its ARN.
    pub(crate) async fn secret(&self, what: &str, text: &str) -> String {
        let input = json!({"Name": self.name(what), "SecretString": text});
        let made = self.call(&SECRETS, "CreateSecret", &input).await;
        made["ARN"].as_str().unwrap().to_owned()
    }

    /// Gives a secret a new version.
    pub(crate) async fn rotate(&self, arn: &str, text: &str) {
        let input = json!({"SecretId": arn, "SecretString": text});
        self.call(&SECRETS, "PutSecretValue", &input).await;
    }

    /// Makes a bucket, and a stream that writes to it; both have the name that is answered.
    pub(crate) async fn stream(&self) -> String {
        let name = self.name("log-files");
        self.s3("PUT", &name).await;
        let input = json!({
            "DeliveryStreamName": name,
            "ExtendedS3DestinationConfiguration": {
                "RoleARN": "arn:aws:iam::123456789012:role/log-files",
                "BucketARN": format!("arn:aws:s3:::{name}"),
            },
        });
        self.call(&FIREHOSE, "CreateDeliveryStream", &input).await;
        name
    }

    /// The text of every file of a bucket, one behind the other.
    pub(crate) async fn files(&self, bucket: &str) -> String {
        let list = self.s3("GET", &format!("{bucket}?list-type=2")).await;
        let keys = list.split("<Key>").skip(1);
        let keys = keys.map(|part| part.split("</Key>").next().unwrap());
        let mut files = String::new();
        for key in keys {
            files += &self.s3("GET", &format!("{bucket}/{key}")).await;
        }
        files
    }
}
