//! Scripts that only sleep stand in for the handler's process; the test listens on the handler's port in their place.

mod lives;

use std::fs;
use std::time::Instant;

use hyper::StatusCode;
use hyper::header::TRANSFER_ENCODING;
use serde_json::json;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::Mutex;
use tokio::time::sleep;

use super::*;
use crate::lambda::script::Script;
use fakes::client;

const SLEEPER: &str = "echo \"port=$FUNCTIONS_CUSTOMHANDLER_PORT\"; exec sleep 60";
const EVENTS: &str = r#"[{"id":"1","eventType":"t","data":{"type":"s"}},{"id":"2","eventType":"t","data":{"type":"f"}}]"#;

/// An app with functions of each kind, around a script.
fn app(script: &Script, custom_handler: &Value) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    let mut handler = json!({ "description": { "defaultExecutablePath": "handler" } });
    for (name, value) in custom_handler.as_object().unwrap() {
        handler[name] = value.clone();
    }
    let host = json!({
        "version": "2.0",
        "extensionBundle": { "id": "Microsoft.Azure.Functions.ExtensionBundle", "version": "[4.*, 5.0.0)" },
        "customHandler": handler,
        "extensions": { "http": { "routePrefix": "" } },
    });
    fs::write(root.path().join("host.json"), host.to_string()).unwrap();
    let functions = [
        (
            "one",
            json!([{ "type": "eventGridTrigger", "name": "event", "direction": "in" }]),
        ),
        (
            "retried",
            json!([{ "type": "eventGridTrigger", "name": "event", "direction": "in", "cardinality": "many" }]),
        ),
        (
            "disabled",
            json!([{ "type": "eventGridTrigger", "name": "event", "direction": "in" }]),
        ),
        (
            "many",
            json!([{ "type": "eventGridTrigger", "name": "event", "direction": "in", "cardinality": "many" }]),
        ),
        (
            "daily",
            json!([{ "type": "timerTrigger", "name": "timer", "direction": "in", "schedule": "0 0 3 * * *" }]),
        ),
        (
            "web",
            json!([
                { "type": "httpTrigger", "name": "req", "direction": "in", "authLevel": "function", "route": "web" },
                { "type": "http", "name": "res", "direction": "out" },
            ]),
        ),
    ];
    for (name, bindings) in functions {
        fs::create_dir(root.path().join(name)).unwrap();
        let mut function = json!({ "bindings": bindings });
        match name {
            "retried" => {
                let delay = "00:00:00";
                function["retry"] =
                    json!({ "strategy": "fixedDelay", "maxRetryCount": 2, "delayInterval": delay });
            }
            "disabled" => function["disabled"] = json!(true),
            _ => {}
        }
        let text = function.to_string();
        fs::write(root.path().join(name).join("function.json"), text).unwrap();
    }
    std::os::unix::fs::symlink(&script.path, root.path().join("handler")).unwrap();
    root
}

/// A host around a script, with what the handler was sent.
struct Rig {
    host: FunctionsHost,
    seen: Arc<Mutex<Vec<Request<Bytes>>>>,
    /// The handler in the place of the process.
    server: Option<Server>,
    _files: (Script, TempDir),
}

const PATIENCE: Duration = Duration::from_secs(20);

async fn until<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(Instant::now() < deadline, "{what} did not come in time");
        sleep(Duration::from_millis(10)).await;
    }
}

impl Rig {
    async fn start(lines: &str, custom_handler: Value, timeout: Duration) -> Self {
        let options = HostOptions {
            timeout: Some(timeout),
            grace: Duration::from_millis(10),
            ..HostOptions::new("")
        };
        Self::start_with(lines, custom_handler, options).await
    }

    /// The same with other options than the app's folder.
    async fn start_with(lines: &str, custom_handler: Value, options: HostOptions) -> Self {
        let script = Script::new(lines);
        let root = app(&script, &custom_handler);
        let options = HostOptions {
            root: root.path().to_owned(),
            ..options
        };
        Self {
            host: FunctionsHost::start(options).await.unwrap(),
            seen: Arc::default(),
            server: None,
            _files: (script, root),
        }
    }

    /// Listens in the place of the process, with one answer to everything but pings.
    async fn listen<F>(&mut self, answer: impl Fn() -> F + Send + Sync + 'static)
    where
        F: Future<Output = Answer> + Send + 'static,
    {
        let port = port_of(&self.host).await;
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let (seen, answer) = (Arc::clone(&self.seen), Arc::new(answer));
        let server = Server::on(listener, move |request: Request<Bytes>| {
            let (seen, answer) = (Arc::clone(&seen), Arc::clone(&answer));
            async move {
                if request.uri().path() == "/" {
                    return Answer::json(404, "");
                }
                seen.lock().await.push(request);
                answer().await
            }
        });
        self.server = Some(server.unwrap());
        assert!(self.host.is_ready().await);
    }

    async fn deliver(&self, function: &str) -> StatusCode {
        let headers = [("aeg-event-type", "Notification")];
        let url = self.host.event_grid_url(function);
        client::post(&url, &headers, EVENTS).await.unwrap().status()
    }
}

/// The port that the handler was told.
async fn port_of(host: &FunctionsHost) -> u16 {
    until("the port", || {
        let output = host.output();
        let mut lines = output.lines();
        lines
            .find_map(|line| line.strip_prefix("port="))?
            .parse()
            .ok()
    })
    .await
}

const LONG: Duration = Duration::from_mins(5);

async fn ready(answer: fn() -> Answer) -> Rig {
    let mut rig = Rig::start(SLEEPER, json!({}), LONG).await;
    rig.listen(move || async move { answer() }).await;
    rig
}

fn body_of(request: &Request<Bytes>) -> Value {
    serde_json::from_slice(request.body()).unwrap()
}

#[tokio::test]
async fn each_event_is_an_invocation_of_its_own_or_all_are_one() {
    let rig = ready(|| Answer::json(200, "{}")).await;
    assert_eq!(rig.deliver("one").await, 202);
    {
        let seen = rig.seen.lock().await;
        assert_eq!(seen.len(), 2);
        let request = &seen[0];
        assert_eq!(
            (request.method().as_str(), request.uri().path()),
            ("POST", "/one")
        );
        assert_eq!(request.headers()[TRANSFER_ENCODING], "chunked");
        let host = request.headers()["host"].to_str().unwrap();
        assert!(host.starts_with("127.0.0.1:"), "{host}");
        let body = body_of(request);
        assert!(body["Data"]["event"]["data"].is_object());
        assert_eq!(body["Metadata"]["data"], body["Data"]["event"]["data"]);
    }
    assert_eq!(rig.deliver("many").await, 202);
    let seen = rig.seen.lock().await;
    assert_eq!(seen.len(), 3);
    let text = body_of(&seen[2])["Data"]["event"]
        .as_str()
        .unwrap()
        .to_owned();
    let events: Vec<Value> = serde_json::from_str(&text).unwrap();
    assert_eq!(events.len(), 2);
}

#[tokio::test]
async fn one_failed_invocation_fails_the_whole_delivery() {
    let mut rig = Rig::start(SLEEPER, json!({}), LONG).await;
    let calls = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    rig.listen(move || {
        let call = calls.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        async move { Answer::json(if call == 0 { 503 } else { 200 }, "{}") }
    })
    .await;
    assert_eq!(rig.deliver("one").await, 500);
    assert_eq!(rig.seen.lock().await.len(), 2);
    assert_eq!(rig.deliver("one").await, 202);
}

#[tokio::test]
async fn event_grid_is_told_apart_by_key_name_and_kind_of_request() {
    let rig = ready(|| Answer::json(200, "{}")).await;
    let url = rig.host.event_grid_url("one");
    let status = async |url: &str, event_type: &str, body: &'static str| {
        let headers = [("aeg-event-type", event_type)];
        client::post(url, &headers, body)
            .await
            .unwrap()
            .status()
            .as_u16()
    };
    let wrong_key = url.replace("code=", "code=x");
    assert_eq!(status(&wrong_key, "Notification", EVENTS).await, 401);
    for name in ["One", "web", "none", "disabled"] {
        let url = rig.host.event_grid_url(name);
        assert_eq!(status(&url, "Notification", EVENTS).await, 404, "{name}");
    }
    assert_eq!(status(&url, "Other", EVENTS).await, 400);
    assert_eq!(status(&url, "Notification", "[]").await, 202);
    assert_eq!(status(&url, "Notification", "").await, 500);
    assert_eq!(status(&url, "Notification", "[{").await, 500);
    assert!(rig.seen.lock().await.is_empty());
    let handshake = r#"[{"data":{"validationCode":"abc"}}]"#;
    let headers = [("aeg-event-type", "SubscriptionValidation")];
    let answer = client::post(&url, &headers, handshake).await.unwrap();
    assert_eq!(answer.body(), r#"{"validationResponse":"abc"}"#);
    let request = Request::options(&url).body(Bytes::new()).unwrap();
    let answer = client::send(request).await.unwrap();
    assert_eq!(
        answer.headers()["webhook-allowed-origin"],
        "eventgrid.azure.net"
    );
}

#[tokio::test]
async fn a_chunked_request_is_streamed_on_where_proxying_is_set_and_fails_where_only_forwarding_is()
{
    for (custom_handler, expected) in [
        (json!({ "enableProxyingHttpRequest": true }), 200),
        (json!({ "enableForwardingHttpRequest": true }), 500),
    ] {
        let mut rig = Rig::start(SLEEPER, custom_handler, LONG).await;
        rig.listen(|| async { Answer::json(200, "{}") }).await;
        let url = rig.host.http_url("web").unwrap();
        let (_, port) = url.split_once("127.0.0.1:").unwrap();
        let (port, path) = port.split_once('/').unwrap();
        let request = Request::post(format!("/{path}")).header("host", "h");
        let request = request.body(Bytes::from_static(b"[1,2]")).unwrap();
        let wire = wire::Wire::to(port.parse().unwrap(), LONG);
        let answer = wire.send_chunked(request).await.unwrap();
        assert_eq!(answer.status(), expected);
        let seen = rig.seen.lock().await;
        let bodies: Vec<&Bytes> = seen.iter().map(Request::body).collect();
        assert_eq!(bodies.len(), usize::from(expected == 200));
        assert!(bodies.iter().all(|body| *body == "[1,2]"));
        let without_key = url.split('?').next().unwrap();
        let refused = client::post(without_key, &[], "[]").await.unwrap();
        assert_eq!(refused.status(), 401);
    }
}

#[tokio::test]
async fn without_passing_on_a_request_is_an_invocation_whose_output_is_the_response() {
    let rig = ready(|| {
        Answer::json(
            200,
            r#"{"Outputs":{"res":{"statusCode":207,"body":"{\"a\":1}","headers":{"content-type":"application/json"}}}}"#,
        )
    })
    .await;
    let url = rig.host.http_url("web").unwrap();
    let answer = client::post(&url, &[("x-a", "b")], "text").await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), answer.body().as_ref()),
        (207, &br#"{"a":1}"#[..])
    );
    let seen = rig.seen.lock().await;
    let data = &body_of(&seen[0])["Data"]["req"];
    assert_eq!(
        (&data["Method"], &data["Body"], &data["Headers"]["x-a"][0]),
        (&json!("POST"), &json!("text"), &json!("b"))
    );
}

#[tokio::test]
async fn a_function_with_a_retry_policy_is_called_again_with_its_context() {
    let rig = ready(|| Answer::json(503, "{}")).await;
    assert_eq!(rig.deliver("retried").await, 500);
    let seen = rig.seen.lock().await;
    let contexts = seen.iter().map(|request| {
        let context = &body_of(request)["Metadata"]["RetryContext"];
        (
            context["RetryCount"].clone(),
            context["MaxRetryCount"].clone(),
        )
    });
    let expected = [0, 1, 2].map(|count| (json!(count), json!(2)));
    assert_eq!(contexts.collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn a_timer_runs_when_it_is_told_to() {
    let rig = ready(|| Answer::json(200, "{}")).await;
    assert_eq!(rig.host.schedule("daily"), Some("0 0 3 * * *"));
    rig.host.run_timer("daily").await.unwrap();
    let seen = rig.seen.lock().await;
    assert_eq!(seen[0].uri().path(), "/daily");
    assert_eq!(
        body_of(&seen[0])["Data"]["timer"]["IsPastDue"],
        json!(false)
    );
}
