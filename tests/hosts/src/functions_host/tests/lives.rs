//! Handlers that hang, fail, race and go, connections that idle, and the host's own end.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;

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
async fn the_loser_of_a_race_does_no_harm_unless_it_fails() {
    for (code, is_shut_down) in [(0, false), (1, true)] {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().display();
        // Each has a number of its own. The first one lives; of two later ones one ends at once, as without the port.
        let number = format!("n=1; while ! mkdir {folder}/$n 2>/dev/null; do n=$((n + 1)); done");
        let lines = format!("{number}; [ $((n % 2)) = 0 ] && exit {code}; {SLEEPER}");
        let options = HostOptions {
            timeout: Some(Duration::from_millis(50)),
            grace: Duration::from_millis(10),
            races_restarts: true,
            ..HostOptions::new("")
        };
        let mut rig = Rig::start_with(&lines, json!({}), options).await;
        rig.listen(|| async { Answer::Hang }).await;
        if is_shut_down {
            let deadline = Instant::now() + PATIENCE;
            while rig.host.is_ready().await {
                assert!(Instant::now() < deadline, "the host goes on");
                let headers = [("aeg-event-type", "Notification")];
                let url = rig.host.event_grid_url("many");
                // The host may end meanwhile.
                let _any = client::post(&url, &headers, EVENTS).await;
            }
            assert!(rig.host.is_shut_down());
        } else {
            for races in 1..4 {
                assert_eq!(rig.deliver("many").await, 500);
                until("the end of the loser", || {
                    let host = &rig.host;
                    (host.starts() == 1 + 2 * races && host.live_handlers() == 1).then_some(())
                })
                .await;
                assert!(rig.host.is_ready().await);
            }
            assert!(!rig.host.is_shut_down());
        }
    }
}

#[tokio::test]
async fn an_idle_connection_is_closed_and_another_one_opened() {
    let options = HostOptions {
        idle_limit: Duration::from_millis(100),
        ..HostOptions::new("")
    };
    let rig = Rig::start_with(SLEEPER, json!({}), options).await;
    let listener = TcpListener::bind(("127.0.0.1", port_of(&rig.host).await))
        .await
        .unwrap();
    let opened = Arc::new(AtomicUsize::new(0));
    let closed = Arc::new(AtomicUsize::new(0));
    let counted = (Arc::clone(&opened), Arc::clone(&closed));
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            counted.0.fetch_add(1, Ordering::SeqCst);
            let closed = Arc::clone(&counted.1);
            tokio::spawn(async move {
                let mut bytes = [0; 8_192];
                while let Ok(count @ 1..) = stream.read(&mut bytes).await {
                    let text = String::from_utf8_lossy(&bytes[..count]).into_owned();
                    if text.starts_with("GET") || text.ends_with("0\r\n\r\n") {
                        let answer = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
                        stream.write_all(answer.as_bytes()).await.unwrap();
                    }
                }
                closed.fetch_add(1, Ordering::SeqCst);
            });
        }
    });
    assert!(rig.host.is_ready().await);
    let of_pings = opened.load(Ordering::SeqCst);
    for calls in 1..3 {
        assert_eq!(rig.deliver("many").await, 202);
        let connections = of_pings + calls;
        assert_eq!(opened.load(Ordering::SeqCst), connections);
        until("the end of every connection", || {
            (closed.load(Ordering::SeqCst) == connections).then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn a_handler_that_leads_elsewhere_is_followed_by_get() {
    let calls = Arc::new(AtomicUsize::new(0));
    let mut rig = Rig::start(SLEEPER, json!({}), LONG).await;
    rig.listen(move || {
        let call = calls.fetch_add(1, Ordering::SeqCst);
        async move {
            if call > 0 {
                return Answer::json(200, "{}");
            }
            let moved = Response::builder().status(302).header("location", "/there");
            Answer::Respond(moved.body(Bytes::new()).unwrap())
        }
    })
    .await;
    assert_eq!(rig.deliver("many").await, 202);
    let seen = rig.seen.lock().await;
    let seen = seen
        .iter()
        .map(|request| (request.method().as_str(), request.uri().path()));
    assert_eq!(
        seen.collect::<Vec<_>>(),
        [("POST", "/many"), ("GET", "/there")]
    );
}

#[tokio::test]
async fn a_host_that_ends_lets_calls_finish_and_takes_no_more() {
    let mut rig = Rig::start(SLEEPER, json!({}), LONG).await;
    let (arrive, mut arrived) = watch::channel(false);
    let (finish, finished) = watch::channel(false);
    rig.listen(move || {
        arrive.send_replace(true);
        let mut finished = finished.clone();
        async move {
            finished.wait_for(|is_so| *is_so).await.unwrap();
            Answer::json(200, "{}")
        }
    })
    .await;
    let (under_way, ()) = tokio::join!(rig.deliver("many"), async {
        arrived.wait_for(|is_so| *is_so).await.unwrap();
        let ((), ()) = tokio::join!(rig.host.shut_down(), async {
            let headers = [("aeg-event-type", "Notification")];
            let url = rig.host.event_grid_url("many");
            assert!(client::post(&url, &headers, EVENTS).await.is_err());
            finish.send_replace(true);
        });
    });
    assert_eq!(under_way, 202);
    assert!(rig.host.is_shut_down());
    let headers = [("aeg-event-type", "Notification")];
    let url = rig.host.event_grid_url("many");
    assert!(client::post(&url, &headers, EVENTS).await.is_err());
}
