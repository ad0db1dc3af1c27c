//! Real processes of little scripts; the test speaks to the Runtime API in their place.

use std::net::SocketAddr;
use std::time::Instant;

use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::fake_process::FakeProcess;
use super::*;
use crate::lambda::script::Script;

/// Tells where its Runtime API is, then does nothing.
const SLEEPER: &str = "echo \"api=$AWS_LAMBDA_RUNTIME_API\"; exec sleep 60";

fn function(script: &Script, timeout: Duration, concurrency: usize) -> Arc<Function> {
    let options = FunctionOptions {
        timeout,
        concurrency,
        ..FunctionOptions::new("a-function", &script.path)
    };
    Arc::new(Function::start(options).unwrap())
}

const LONG: Duration = Duration::from_secs(30);

fn invoke(
    function: &Arc<Function>,
    payload: &'static str,
) -> JoinHandle<Result<Bytes, InvocationError>> {
    let function = Arc::clone(function);
    tokio::spawn(async move { function.invoke(payload).await })
}

async fn until<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(Instant::now() < deadline, "{what} did not come in time");
        sleep(Duration::from_millis(10)).await;
    }
}

/// The Runtime API of the process that started as number `index`.
async fn process(function: &Function, index: usize) -> FakeProcess {
    let address: SocketAddr = until("the process", || {
        let output = function.output();
        let mut addresses = output.lines().filter_map(|line| line.strip_prefix("api="));
        addresses.nth(index)?.parse().ok()
    })
    .await;
    FakeProcess::at(address)
}

#[tokio::test]
async fn a_second_process_starts_when_the_first_is_busy_and_then_invocations_are_throttled() {
    let script = Script::new(SLEEPER);
    let function = function(&script, LONG, 2);
    let invoked = [invoke(&function, "1"), invoke(&function, "1")];
    let processes = [process(&function, 0).await, process(&function, 1).await];
    let throttled = function.invoke("1").await;
    assert_eq!(throttled.unwrap_err(), InvocationError::Throttled);
    for process in processes {
        let next = process.next().await;
        process.respond(&FakeProcess::id(&next), "done").await;
    }
    for invoked in invoked {
        assert_eq!(invoked.await.unwrap().unwrap(), "done");
    }
    assert_eq!(function.starts(), 2);
}

#[tokio::test]
async fn a_reported_error_fails_the_invocation_and_keeps_the_process() {
    let script = Script::new(SLEEPER);
    let function = function(&script, LONG, 1);
    for _ in 0..2 {
        let invoked = invoke(&function, "1");
        let process = process(&function, 0).await;
        let id = FakeProcess::id(&process.next().await);
        let body = r#"{"errorType":"SinkDown","errorMessage":"no sink"}"#;
        process.post(&format!("invocation/{id}/error"), body).await;
        let expected = InvocationError::Function {
            body: body.to_owned(),
            error_type: "SinkDown".to_owned(),
            message: "no sink".to_owned(),
        };
        assert_eq!(invoked.await.unwrap().unwrap_err(), expected);
    }
    assert_eq!(function.starts(), 1);
}

#[tokio::test]
async fn an_invocation_without_an_answer_times_out_and_its_process_is_killed() {
    let script = Script::new(SLEEPER);
    let function = function(&script, Duration::from_secs(2), 1);
    let invoked = invoke(&function, "1");
    process(&function, 0).await.next().await;
    assert_eq!(
        invoked.await.unwrap().unwrap_err(),
        InvocationError::Timeout
    );
    assert!(lock(&function.processes)[0].has_ended());

    let again = invoke(&function, "2");
    let next = process(&function, 1).await.next().await;
    assert_eq!(next.body(), "2");
    assert_eq!(again.await.unwrap().unwrap_err(), InvocationError::Timeout);
    assert_eq!(function.starts(), 2);
}

#[tokio::test]
async fn a_process_that_dies_fails_its_invocation_and_the_next_one_starts_another() {
    let script = Script::new(
        "echo \"api=$AWS_LAMBDA_RUNTIME_API\"
         while [ ! -e \"$0.die\" ]; do sleep 0.05; done
         rm \"$0.die\"; echo last words; exit 3",
    );
    let function = function(&script, LONG, 1);
    let invoked = invoke(&function, "1");
    process(&function, 0).await.next().await;
    std::fs::write(script.folder.path().join("script.die"), "").unwrap();
    let InvocationError::Crashed { exit } = invoked.await.unwrap().unwrap_err() else {
        panic!("not a crash");
    };
    assert_eq!(exit.unwrap().code(), Some(3));
    assert!(function.output().ends_with("last words\n"));

    let invoked = invoke(&function, "2");
    let process = process(&function, 1).await;
    let id = FakeProcess::id(&process.next().await);
    process.respond(&id, "done").await;
    assert_eq!(invoked.await.unwrap().unwrap(), "done");
}

#[tokio::test]
async fn a_process_that_ends_before_it_asks_for_work_has_failed_to_start() {
    let script = Script::new("echo 'EVENT_BUS_NAME: required, not set' >&2; exit 1");
    let function = function(&script, LONG, 1);
    let error = function.invoke("1").await.unwrap_err();
    let InvocationError::InitFailed {
        exit, error_type, ..
    } = error
    else {
        panic!("{error}");
    };
    assert_eq!(exit.unwrap().code(), Some(1));
    assert_eq!(error_type, "Runtime.ExitError");
    assert!(function.output().contains("EVENT_BUS_NAME"));
}

#[tokio::test]
async fn an_init_error_fails_the_invocation_with_its_own_words() {
    let script = Script::new(SLEEPER);
    let function = function(&script, LONG, 1);
    let invoked = invoke(&function, "1");
    let process = process(&function, 0).await;
    let body = r#"{"errorType":"Settings","errorMessage":"2 settings are wrong"}"#;
    process.post("init/error", body).await;
    let expected = InvocationError::InitFailed {
        exit: None,
        error_type: "Settings".to_owned(),
        message: "2 settings are wrong".to_owned(),
    };
    assert_eq!(invoked.await.unwrap().unwrap_err(), expected);
}

#[tokio::test]
async fn a_process_gets_lambdas_variables_and_the_functions_own() {
    let script = Script::new("env; exit 1");
    let options = FunctionOptions {
        environment: vec![
            ("SINKS".to_owned(), "stdout".to_owned()),
            ("AWS_REGION".to_owned(), "eu-north-1".to_owned()),
        ],
        ..FunctionOptions::new("a-function", &script.path)
    };
    let function = Function::start(options).unwrap();
    assert!(function.invoke("1").await.is_err());
    let output = function.output();
    for line in [
        "AWS_LAMBDA_FUNCTION_NAME=a-function",
        "AWS_LAMBDA_FUNCTION_VERSION=$LATEST",
        "AWS_LAMBDA_LOG_GROUP_NAME=/aws/lambda/a-function",
        "AWS_REGION=eu-north-1",
        "SINKS=stdout",
        "TZ=:UTC",
    ] {
        assert!(
            output.lines().any(|found| found == line),
            "{line} not in {output}"
        );
    }
    assert!(!output.contains("CARGO"), "{output}");
}
