//! Scripts that only sleep stand in for the handler's process; the test listens on the handler's port in their place.

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
use crate::client;
use crate::function::script::Script;

const SLEEPER: &str = "echo \"port=$FUNCTIONS_CUSTOMHANDLER_PORT\"; exec sleep 60";
const EVENTS: &str = r#"[{"id":"1","eventType":"t","data":{"type":"s"}},{"id":"2","eventType":"t","data":{"type":"f"}}]"#;

/// An app of three functions, one of each kind, around a script.
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
        let text = json!({ "bindings": bindings }).to_string();
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
        let script = Script::new(lines);
        let root = app(&script, &custom_handler);
        let options = HostOptions {
            timeout: Some(timeout),
            grace: Duration::from_millis(10),
            ..HostOptions::new(root.path())
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
        let port: u16 = until("the port", || {
            let output = self.host.output();
            output
                .lines()
                .find_map(|line| line.strip_prefix("port="))?
                .parse()
                .ok()
        })
        .await;
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
    for name in ["One", "web", "none"] {
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
async fn an_answer_without_content_hangs_until_the_handler_is_killed_and_started_anew() {
    let mut rig = Rig::start(SLEEPER, json!({}), Duration::from_millis(100)).await;
    rig.listen(|| async { Answer::json(200, "") }).await;
    let begun = Instant::now();
    assert_eq!(rig.deliver("many").await, 500);
    assert!(begun.elapsed() >= Duration::from_millis(110));
    until("the next handler", || {
        (rig.host.starts() >= 2).then_some(())
    })
    .await;
    // Its own kills do not end the host.
    for starts in 3..6 {
        assert_eq!(rig.deliver("many").await, 500);
        until("the next handler", || {
            (rig.host.starts() >= starts).then_some(())
        })
        .await;
    }
    assert!(!rig.host.is_shut_down());
}

#[tokio::test]
async fn three_failures_end_the_host_and_an_orderly_end_is_not_followed_by_a_start() {
    let failing = Rig::start("exit 1", json!({}), LONG).await;
    assert!(!failing.host.is_ready().await);
    assert_eq!(
        (failing.host.starts(), failing.host.is_shut_down()),
        (3, true)
    );

    let ended = Rig::start("exit 0", json!({}), LONG).await;
    assert!(!ended.host.is_ready().await);
    assert_eq!((ended.host.starts(), ended.host.is_shut_down()), (1, false));
    assert_eq!(ended.deliver("one").await, 500);

    let file = tempfile::NamedTempFile::new().unwrap();
    let count = file.path().display();
    let lines = format!("echo x >> {count}; [ $(wc -l < {count}) -gt 4 ] && exit 0; exit 200");
    let asking = Rig::start(&lines, json!({}), LONG).await;
    assert!(!asking.host.is_ready().await);
    assert_eq!(
        (asking.host.starts(), asking.host.is_shut_down()),
        (5, false)
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
        let wire = wire::Wire::to(port.parse().unwrap());
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
