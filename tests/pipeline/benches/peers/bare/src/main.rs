//! A bare `lambda_runtime` program: parses nothing, puts one entry, answers.
//!
//! What one writes who takes AWS's client as it comes: with AWS's own connector, HTTP/2 and all, where the functions have
//! theirs (docs/decisions/0003), and without `SSL_CERT_FILE` with the system's roots, where theirs are built in.

use aws_sdk_eventbridge::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use aws_sdk_eventbridge::{Client, Config};
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let client = client()?;
    let bus = std::env::var("EVENT_BUS_NAME")?;
    let put = async |event: LambdaEvent<Value>| {
        let detail = event.payload.get("body").and_then(Value::as_str);
        let entry = PutEventsRequestEntry::builder()
            .event_bus_name(&bus)
            .source("auth0.com/acme/auth0.logs")
            .detail_type("Auth0 log")
            .detail(detail.unwrap_or_default())
            .build();
        let answer = client.put_events().entries(entry).send().await?;
        Ok::<Value, Error>(
            json!({"statusCode": 200, "body": answer.failed_entry_count().to_string()}),
        )
    };
    lambda_runtime::run(service_fn(put)).await
}

fn client() -> Result<Client, Error> {
    let mut tls = TlsContext::builder();
    if let Ok(path) = std::env::var("SSL_CERT_FILE") {
        let roots = TrustStore::empty().with_pem_certificate(std::fs::read(path)?);
        tls = tls.with_trust_store(roots);
    }
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .tls_context(tls.build()?)
        .build_https();
    let credentials = Credentials::new(
        std::env::var("AWS_ACCESS_KEY_ID")?,
        std::env::var("AWS_SECRET_ACCESS_KEY")?,
        std::env::var("AWS_SESSION_TOKEN").ok(),
        None,
        "environment",
    );
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(std::env::var("AWS_REGION")?))
        .credentials_provider(credentials)
        .http_client(http)
        .endpoint_url(std::env::var("AWS_ENDPOINT_URL_EVENTBRIDGE")?)
        .build();
    Ok(Client::from_conf(config))
}
