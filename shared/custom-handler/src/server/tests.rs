use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{Notify, oneshot};

use super::*;

/// Answers by path: the size of the body, a panic, never, or once the gate is open.
struct Paths {
    gate: Arc<Notify>,
    reached: Arc<Notify>,
    free: std::sync::Mutex<std::sync::mpsc::Receiver<()>>,
}

impl Handler for Paths {
    async fn answer(&self, mut call: Call) -> Reply {
        match call.path() {
            "/panic" => panic!("on purpose"),
            "/hang" => std::future::pending().await,
            "/gate" => {
                self.reached.notify_one();
                self.gate.notified().await;
                Reply::done()
            }
            "/busy" => {
                self.reached.notify_one();
                // It works without a pause, as unpacking and mapping do.
                let free = self.free.lock().unwrap();
                free.recv().unwrap();
                Reply::done()
            }
            "/polls" => {
                let mut polls = 0;
                let mut body = std::pin::pin!(call.body(10_000_000));
                let body = std::future::poll_fn(|context| {
                    polls += 1;
                    body.as_mut().poll(context)
                });
                let bytes = body.await.unwrap().len();
                // It asks, and is woken with the whole of it, which may be there as soon as it has asked.
                assert!(polls <= 2, "woken {polls} times");
                Reply::new(200, format!(r#"{{"bytes":{bytes}}}"#))
            }
            "/twice" => {
                let _first = call.body(100).await.unwrap();
                Reply::failure(500, &call.body(100).await.unwrap_err().to_string())
            }
            "/unread" => {
                call.discard_body().await;
                Reply::failure(401, "no")
            }
            _ => match call.body(100).await {
                Ok(body) => Reply::new(200, format!(r#"{{"bytes":{}}}"#, body.len())),
                Err(error) => Reply::failure(413, &error.to_string()),
            },
        }
    }
}

/// The same, with bodies that come with their calls.
struct BodyFirst(Paths);

impl Handler for BodyFirst {
    const READS_FIRST: Option<usize> = Some(2_000_000);

    async fn answer(&self, call: Call) -> Reply {
        self.0.answer(call).await
    }
}

struct Running {
    port: u16,
    stop: oneshot::Sender<()>,
    served: JoinHandle<Result<(), ServeError>>,
    gate: Arc<Notify>,
    reached: Arc<Notify>,
    let_go: std::sync::mpsc::Sender<()>,
}

/// A handler, and what frees it when it is busy.
fn paths() -> (Paths, std::sync::mpsc::Sender<()>) {
    let (let_go, free) = std::sync::mpsc::channel();
    let paths = Paths {
        gate: Arc::default(),
        reached: Arc::default(),
        free: free.into(),
    };
    (paths, let_go)
}

async fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap().port()
}

async fn start(invocation: Duration) -> Running {
    start_as(|paths| paths, invocation).await
}

async fn start_as<H: Handler + Send>(
    handler: impl FnOnce(Paths) -> H,
    invocation: Duration,
) -> Running {
    let port = free_port().await;
    let (stop, stopped) = oneshot::channel();
    let (paths, let_go) = paths();
    let (gate, reached) = (Arc::clone(&paths.gate), Arc::clone(&paths.reached));
    let settings = HandlerSettings { port, invocation };
    let served = serving(handler(paths), settings, async move {
        drop(stopped.await);
    });
    Running {
        port,
        stop,
        served,
        gate,
        reached,
        let_go,
    }
}

/// Serves in a thread of its own, as a process does.
fn serving(
    handler: impl Handler + Send,
    settings: HandlerSettings,
    stop: impl Future<Output = ()> + Send + 'static,
) -> JoinHandle<Result<(), ServeError>> {
    std::thread::spawn(move || {
        let mut runtime = runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().build().unwrap();
        runtime.block_on(serve_until(handler, settings, stop))
    })
}

/// How the serving ended.
async fn ended(served: JoinHandle<Result<(), ServeError>>) -> Result<(), ServeError> {
    while !served.is_finished() {
        sleep(Duration::from_millis(5)).await;
    }
    served.join().unwrap()
}

const LONG: Duration = Duration::from_mins(5);

/// Connects as soon as the server listens.
async fn connect(port: u16) -> TcpStream {
    loop {
        match TcpStream::connect(("127.0.0.1", port)).await {
            Ok(stream) => return stream,
            Err(_refused) => sleep(Duration::from_millis(5)).await,
        }
    }
}

/// Sends a request on a connection of its own and reads the answer to the end.
async fn exchange(port: u16, request: &str) -> String {
    let mut stream = connect(port).await;
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

fn post(path: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nhost: h\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
    )
}

const PING: &str = "GET / HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n";

fn check(answer: &str, status: u16, body: &str) {
    assert!(
        answer.starts_with(&format!("HTTP/1.1 {status} ")),
        "{answer}"
    );
    assert!(
        answer.contains("content-type: application/json\r\n"),
        "{answer}"
    );
    assert!(answer.ends_with(&format!("\r\n\r\n{body}")), "{answer}");
}

#[tokio::test]
async fn readiness_is_answered_with_a_json_object_while_calls_wait() {
    let running = start(LONG).await;
    let waiting = tokio::spawn(async move { exchange(running.port, &post("/gate", "")).await });
    running.reached.notified().await;
    check(&exchange(running.port, PING).await, 200, "{}");
    running.gate.notify_one();
    check(&waiting.await.unwrap(), 200, &Reply::done().json);
}

#[tokio::test]
async fn readiness_is_answered_while_the_handler_works_without_a_pause() {
    let running = start(LONG).await;
    let busy = tokio::spawn(async move { exchange(running.port, &post("/busy", "")).await });
    running.reached.notified().await;
    for _ in 0..3 {
        check(&exchange(running.port, PING).await, 200, "{}");
    }
    assert!(!busy.is_finished());
    running.let_go.send(()).unwrap();
    check(&busy.await.unwrap(), 200, &Reply::done().json);
}

#[tokio::test]
async fn a_chunked_body_is_read_whole_and_one_over_the_limit_is_refused() {
    let running = start(LONG).await;
    let head = "POST /f HTTP/1.1\r\nhost: h\r\nconnection: close\r\ntransfer-encoding: chunked";
    let chunked = format!("{head}\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
    check(
        &exchange(running.port, &chunked).await,
        200,
        r#"{"bytes":5}"#,
    );
    let large = post("/f", &"x".repeat(101));
    let answer = exchange(running.port, &large).await;
    check(
        &answer,
        413,
        r#"{"error":"the body is larger than 100 bytes"}"#,
    );
}

#[tokio::test]
async fn a_body_in_many_chunks_wakes_the_handler_once() {
    let running = start(LONG).await;
    let head = "POST /polls HTTP/1.1\r\nhost: h\r\nconnection: close\r\ntransfer-encoding: chunked";
    let chunk = format!("400\r\n{}\r\n", "x".repeat(0x400));
    let chunked = format!("{head}\r\n\r\n{}0\r\n\r\n", chunk.repeat(1_000));
    let answer = exchange(running.port, &chunked).await;
    check(&answer, 200, r#"{"bytes":1024000}"#);
}

#[tokio::test]
async fn a_body_can_be_had_once() {
    for running in [start(LONG).await, start_as(BodyFirst, LONG).await] {
        let answer = exchange(running.port, &post("/twice", "abc")).await;
        check(&answer, 500, r#"{"error":"the body is not whole"}"#);
    }
}

#[tokio::test]
async fn a_body_that_comes_with_its_call_is_as_any_other() {
    let running = start_as(BodyFirst, LONG).await;
    let answer = exchange(running.port, &post("/f", "abc")).await;
    check(&answer, 200, r#"{"bytes":3}"#);
    let refused = r#"{"error":"the body is larger than 100 bytes"}"#;
    let answer = exchange(running.port, &post("/f", &"x".repeat(101))).await;
    check(&answer, 413, refused);
    let answer = exchange(running.port, &post("/unread", &"x".repeat(1_000_000))).await;
    check(&answer, 401, r#"{"error":"no"}"#);
}

#[tokio::test]
async fn the_handler_is_told_that_a_body_is_too_large_to_come_with_its_call() {
    let running = start_as(BodyFirst, LONG).await;
    let mut stream = connect(running.port).await;
    let head = "POST /f HTTP/1.1\r\nhost: h\r\ncontent-length: 2000001\r\n\r\n";
    let mut request = head.as_bytes().to_vec();
    request.resize(head.len() + 2_000_001, b'x');
    stream.write_all(&request).await.unwrap();
    let mut answer = [0; 1_000];
    let length = stream.read(&mut answer).await.unwrap();
    let answer = str::from_utf8(&answer[..length]).unwrap();
    let refused = r#"{"error":"the body is larger than 2000000 bytes"}"#;
    check(answer, 413, refused);
}

#[tokio::test]
async fn a_body_that_does_not_come_to_its_end_is_answered_all_the_same() {
    let limit = Duration::from_millis(300);
    for running in [start(limit).await, start_as(BodyFirst, limit).await] {
        let half = post("/f", "abc").replace("content-length: 3", "content-length: 4");
        let answer = exchange(running.port, &half).await;
        // Told by the handler, or by the server where the machine is so slow that the whole call is over.
        let refused = answer.starts_with("HTTP/1.1 413 ") || answer.starts_with("HTTP/1.1 500 ");
        assert!(refused, "{answer}");
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_is_not_whole() {
    for running in [start(LONG).await, start_as(BodyFirst, LONG).await] {
        let half = post("/f", "abc").replace("content-length: 3", "content-length: 4");
        let mut stream = connect(running.port).await;
        stream.write_all(half.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        check(&answer, 413, r#"{"error":"the body is not whole"}"#);
    }
}

#[tokio::test]
async fn who_is_refused_unread_still_sees_the_answer() {
    let running = start(LONG).await;
    let answer = exchange(running.port, &post("/unread", &"x".repeat(5_000_000))).await;
    check(&answer, 401, r#"{"error":"no"}"#);
}

#[tokio::test]
async fn a_panic_ends_one_call_and_the_connection_goes_on() {
    let running = start(LONG).await;
    let mut stream = connect(running.port).await;
    let open = |path: &str| post(path, "").replace("connection: close\r\n", "");
    stream.write_all(open("/panic").as_bytes()).await.unwrap();
    let mut answer = vec![0; 1_000];
    let length = stream.read(&mut answer).await.unwrap();
    let answer = str::from_utf8(&answer[..length]).unwrap();
    check(answer, 500, r#"{"error":"the call failed"}"#);
    stream.write_all(post("/f", "").as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    check(&answer, 200, r#"{"bytes":0}"#);
}

#[tokio::test]
async fn a_call_that_is_never_answered_is_answered_at_its_deadline() {
    let running = start(Duration::from_millis(50)).await;
    let answer = exchange(running.port, &post("/hang", "")).await;
    check(&answer, 500, r#"{"error":"no answer in time"}"#);
}

#[tokio::test]
async fn an_address_in_use_is_tried_again() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = taken.local_addr().unwrap().port();
    let settings = HandlerSettings {
        port,
        invocation: LONG,
    };
    let served = serving(paths().0, settings, std::future::pending());
    // Whether it tried once or often by now, it has not given up.
    sleep(TRY_AGAIN_AFTER * 2).await;
    assert!(!served.is_finished());
    drop(taken);
    check(&exchange(port, PING).await, 200, "{}");
}

#[tokio::test]
async fn the_end_waits_for_calls_under_way_and_takes_no_new_ones() {
    let running = start(LONG).await;
    let idle = connect(running.port).await;
    let port = running.port;
    let waiting = tokio::spawn(async move { exchange(port, &post("/gate", "")).await });
    running.reached.notified().await;
    running.stop.send(()).unwrap();
    // The port closes while the call goes on.
    while TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
        sleep(Duration::from_millis(5)).await;
    }
    assert!(!running.served.is_finished());
    running.gate.notify_one();
    check(&waiting.await.unwrap(), 200, &Reply::done().json);
    ended(running.served).await.unwrap();
    drop(idle);
}

#[tokio::test]
async fn a_caller_that_goes_away_does_not_end_its_call() {
    let running = start(LONG).await;
    let mut stream = connect(running.port).await;
    stream
        .write_all(post("/gate", "").as_bytes())
        .await
        .unwrap();
    running.reached.notified().await;
    drop(stream);
    running.stop.send(()).unwrap();
    while TcpStream::connect(("127.0.0.1", running.port))
        .await
        .is_ok()
    {
        sleep(Duration::from_millis(5)).await;
    }
    assert!(!running.served.is_finished());
    running.gate.notify_one();
    ended(running.served).await.unwrap();
}

mod pieces;
