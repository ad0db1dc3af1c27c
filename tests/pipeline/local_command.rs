//! `cargo local` itself: one command, one table, its files, and the address for one's own events.
//!
//! A debug build of it starts debug builds of the functions, so that nothing is built a second time here.

use std::fs;
use std::path::Path;
use std::process::{ExitStatus, Output, Stdio};

use cargo_local::cloud::TOKEN;
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

use crate::kit::target::{event, log_ids_in, once_each};
use crate::kit::{PATIENCE, binaries, eventually, say, twice_count};

async fn command(folder: &TempDir, arguments: &[&str]) -> Command {
    let mut command = Command::new(binaries().await.path("cargo-local").unwrap());
    command
        .current_dir(folder)
        .args(arguments)
        .kill_on_drop(true);
    command
}

async fn run(folder: &TempDir, arguments: &[&str]) -> Output {
    let running = command(folder, arguments).await.output().await;
    running.unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// The numbers of a sink's line in the table, by their heads.
fn cells(output: &str, sink: &str) -> Vec<(String, String)> {
    let line_of = |first: &str| {
        let line = output
            .lines()
            .find(|line| line.split_whitespace().next() == Some(first));
        line.unwrap_or_else(|| panic!("no line `{first}`:\n{output}"))
    };
    let heads = line_of("sink").replace("set aside", "set_aside");
    let heads = heads.split_whitespace().skip(1);
    let cells = line_of(sink).split_whitespace().skip(1);
    heads
        .zip(cells)
        .map(|(head, cell)| (head.to_owned(), cell.to_owned()))
        .collect()
}

fn check_cells(output: &str, expected: &[(&str, &str)]) {
    for sink in ["http", "file", "log-analytics"] {
        let cells = cells(output, sink);
        for (head, number) in expected {
            let cell = cells.iter().find(|(other, _)| other == head).unwrap();
            assert_eq!(cell.1, *number, "{head} of {sink}:\n{output}");
        }
    }
}

/// Each cloud's stream lost batches on purpose, and each of their log events is listed as lost and as a gap.
fn check_gaps(output: &str) {
    let gap_of = |sink| {
        let cells = cells(output, sink);
        let cell = cells.iter().find(|(head, _)| head == "gap").unwrap();
        cell.1.parse::<usize>().unwrap()
    };
    let listed = |line: &&str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        matches!(words.as_slice(), [log_id, "lost", "gap"] if log_id.starts_with("900"))
    };
    let listed = output.lines().filter(listed).count();
    assert_eq!(gap_of("http"), gap_of("file"));
    assert_eq!(listed, gap_of("http") + gap_of("log-analytics"), "{output}");
    assert!(
        gap_of("http") > 0 && gap_of("log-analytics") > 0,
        "{output}"
    );
    for cloud in ["AWS", "Azure"] {
        let line = format!("{cloud}: Auth0's stream sent ");
        assert!(output.contains(&line), "{output}");
    }
}

fn dead_letters_in(folder: &Path) -> Vec<Value> {
    let text = fs::read_to_string(folder.join("local-out/dead-letters.ndjson")).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_of_the_sample_loses_nothing_and_ends_with_success() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("local-out");
    // What an earlier run left is not counted.
    fs::create_dir(&out).unwrap();
    fs::write(out.join("http.ndjson"), "{\"log_id\":\"old\"}\n").unwrap();
    let ended = run(&folder, &["--once", "--events", "700"]).await;
    let output = text(&ended.stdout);
    say(&output);
    assert!(ended.status.success(), "{output}\n{}", text(&ended.stderr));

    // 700 distinct, fourteen sent again, one poison; 500 of a stream, a part of which the poller brings.
    let expected = [
        ("received", "1215"),
        ("delivered", "1200"),
        ("duplicate", "14"),
        ("set_aside", "1"),
        ("lost", "0"),
        ("twice", "0"),
    ];
    check_cells(&output, &expected);
    for cost in ["would have cost", "AWS           $0.", "Azure         $0."] {
        assert!(output.contains(cost), "{cost}: {output}");
    }
    check_gaps(&output);
    for path in [
        "webhook, queue, target",
        "partner bus, queue, target",
        "partner bus, target",
        "webhook app, topic, subscriber app",
        "partner topic, subscriber app",
    ] {
        assert!(output.contains(path), "{output}");
    }
    for file in ["http.ndjson", "file.ndjson"] {
        let log_ids = log_ids_in(&out.join(file));
        assert_eq!((log_ids.len(), twice_count(&log_ids)), (1_200, 0), "{file}");
        assert!(!log_ids.contains_key("old"));
    }
    let rows = fs::read_to_string(out.join("log-analytics.ndjson")).unwrap();
    assert_eq!(rows.lines().count(), 1_200);
    for function in function_names() {
        let log = fs::read_to_string(out.join(format!("{function}.log"))).unwrap();
        assert!(log.contains("lag_seconds"), "{function}: {log}");
    }
    let dead_letters = dead_letters_in(folder.path());
    // One on each cloud.
    assert_eq!(dead_letters.len(), 2);
    let poison: Value = serde_json::from_str(cargo_local::sample::POISON).unwrap();
    for dead_letter in dead_letters {
        let reason = "not a log event: neither `type` nor `log_id`";
        assert_eq!(
            (&dead_letter["reason"], &dead_letter["event"]),
            (&reason.into(), &poison)
        );
    }
}

fn function_names() -> impl Iterator<Item = String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../functions");
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap())
}

/// Sends a captured file, which ends well and with these cells; returns the folder of the run.
async fn check_captured(content: &str, expected: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("captured"), content).unwrap();
    let ended = run(&folder, &["--once", "--input", "captured"]).await;
    let output = text(&ended.stdout);
    assert!(ended.status.success(), "{output}\n{}", text(&ended.stderr));
    check_cells(&output, expected);
    folder
}

#[tokio::test(flavor = "multi_thread")]
async fn a_captured_file_is_sent_instead_of_the_sample() {
    let seven = || "7".to_owned();
    let joined = event("1") + &event("2");
    let arrays = format!("[{}][{}]{}", event("4"), event("5"), event("6"));
    let lines = [joined, event("2"), arrays, seven(), event("3")].join("\n");
    let expected = [
        ("received", "8"),
        ("delivered", "6"),
        ("duplicate", "1"),
        ("set_aside", "1"),
        ("lost", "0"),
    ];
    let folder = check_captured(&lines, &expected).await;
    let arrived = log_ids_in(&folder.path().join("local-out/http.ndjson"));
    assert_eq!(arrived, once_each(["1", "2", "3", "4", "5", "6"]));
    assert_eq!(
        dead_letters_in(folder.path())[0]["reason"],
        "not a log event: not a JSON object"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_without_a_log_event_ends_with_the_table_too() {
    for (content, poison_count) in [("\u{feff}", "0"), ("{\"logs\":[]}", "0"), ("[{\"lo", "1")] {
        let expected = [
            ("received", poison_count),
            ("delivered", "0"),
            ("set_aside", poison_count),
            ("lost", "0"),
        ];
        check_captured(content, &expected).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_no_bus_takes_is_set_aside_and_not_lost() {
    let large = event("2").replacen(
        '{',
        &format!("{{\"note\":\"{}\",", "n".repeat(1_100_000)),
        1,
    );
    let lines = [event("1"), large, event("3")].join("\n");
    let expected = [
        ("received", "3"),
        ("delivered", "2"),
        ("set_aside", "1"),
        ("lost", "0"),
    ];
    check_captured(&lines, &expected).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_no_partner_can_put_goes_by_the_webhook_whosever_turn_it_is() {
    let body = |log_id: usize| format!(r#"[{{"log_id":"{log_id}","type":"s","number":1e999}}]"#);
    let lines: Vec<String> = (0..8).map(body).collect();
    let expected = [("received", "8"), ("lost", "0"), ("twice", "0")];
    let folder = check_captured(&lines.join("\n"), &expected).await;
    // A queue takes any number, a topic does not.
    let arrived = fs::read_to_string(folder.path().join("local-out/file.ndjson"));
    assert_eq!(arrived.unwrap().lines().count(), 8);
    let dead_letters = fs::read_to_string(folder.path().join("local-out/dead-letters.ndjson"));
    let of_topic = dead_letters
        .unwrap()
        .matches(r#""sink":"event-topic""#)
        .count();
    assert_eq!(of_topic, 8);
}

/// Reads lines up to the next one that begins so; returns it.
async fn line_with(lines: &mut Lines<BufReader<ChildStdout>>, beginning: &str) -> String {
    let reading = async {
        loop {
            let line = lines.next_line().await.unwrap().unwrap();
            if line.trim_start().starts_with(beginning) {
                return line;
            }
        }
    };
    timeout(PATIENCE, reading).await.unwrap()
}

/// Does what a `curl` line says, with an event of this identifier and one more element.
async fn send_own(curl: &str, log_id: &str) {
    let token = format!("-H 'Authorization: {TOKEN}'");
    assert!(curl.contains(&token), "{curl}");
    let mut words = curl.split_whitespace();
    let url = words.find(|word| word.starts_with("http://")).unwrap();
    let (_, data) = curl.split_once("--data '").unwrap();
    let data = data.trim_end().strip_suffix('\'').unwrap();
    let data = data.replace("\"1\"", &format!("\"{log_id}\""));
    let data = data.replace("}]", "},7]");
    let answer = fakes::client::post(url, &[("authorization", TOKEN)], data);
    assert_eq!(answer.await.unwrap().status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_once_it_stays_up_for_ones_own_events_on_both_clouds() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("captured.json"), event("1")).unwrap();
    let mut command = command(&folder, &["--input", "captured.json"]).await;
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    for log_id in ["on-aws", "on-azure"] {
        send_own(&line_with(&mut lines, "curl ").await, log_id).await;
    }
    let out = folder.path().join("local-out");
    let file = out.join("file.ndjson");
    eventually("the event is in the file", || {
        log_ids_in(&file).contains_key("on-aws")
    })
    .await;
    assert_eq!(log_ids_in(&file), once_each(["1", "on-aws"]));
    let rows = || fs::read_to_string(out.join("log-analytics.ndjson")).unwrap();
    eventually("the row is in the file", || rows().contains("\"on-azure\"")).await;
    assert_eq!(rows().lines().count(), 2);
    eventually("both dead letters are in the file", || {
        dead_letters_in(folder.path()).len() == 2
    })
    .await;
    assert!(end(&mut child, "INT").await.success());
}

/// Sends a signal; returns how the program ended.
async fn end(child: &mut Child, signal: &str) -> ExitStatus {
    let kill = format!("kill -{signal} {}", child.id().unwrap());
    let sent = Command::new("/bin/sh").args(["-c", &kill]).status().await;
    assert!(sent.unwrap().success());
    timeout(PATIENCE, child.wait()).await.unwrap().unwrap()
}

/// Processes that work in a folder below this one, as far as the system tells.
fn processes_below(folder: &Path) -> usize {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let folders = processes.filter_map(|process| fs::read_link(process.path().join("cwd")).ok());
    folders.filter(|path| path.starts_with(folder)).count()
}

/// Sends the signal once a line of output begins so, and looks for what is left.
async fn check_nothing_is_left(signal: &str, arguments: &[&str], at_line: &str) -> ExitStatus {
    let folder = tempfile::tempdir().unwrap();
    let temporary = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("captured.json"), event("1")).unwrap();
    let mut command = command(&folder, arguments).await;
    command.env("TMPDIR", temporary.path());
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    line_with(&mut lines, at_line).await;
    if cfg!(target_os = "linux") {
        eventually("both handlers run", || {
            processes_below(temporary.path()) == 2
        })
        .await;
    }
    assert_eq!(fs::read_dir(temporary.path()).unwrap().count(), 2);
    let status = end(&mut child, signal).await;
    eventually("no handler runs", || processes_below(temporary.path()) == 0).await;
    assert_eq!(fs::read_dir(temporary.path()).unwrap().count(), 0);
    status
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_ends_the_processes_and_folders_too() {
    let stays_up = &["--input", "captured.json"];
    for signal in ["TERM", "HUP"] {
        let status = check_nothing_is_left(signal, stays_up, "curl ").await;
        assert!(status.success(), "{signal}: {status}");
    }
    // In the middle of a run, as long as this test is not slower than the run is.
    check_nothing_is_left("TERM", &["--events", "5000"], "sending on Azure").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn help_names_the_options_and_a_wrong_one_is_a_usage_error() {
    let folder = tempfile::tempdir().unwrap();
    let help = run(&folder, &["--help"]).await;
    assert!(help.status.success());
    let output = text(&help.stdout);
    for part in ["cargo local", "--once", "--input <FILE>", "--events <N>"] {
        assert!(output.contains(part), "{part}:\n{output}");
    }
    for arguments in [
        &["--twice"][..],
        &["--events", "ten"],
        &["--events", "0"],
        &["--input", "a", "--events", "1"],
    ] {
        let ended = run(&folder, arguments).await;
        assert_eq!(ended.status.code(), Some(2), "{arguments:?}");
        assert!(text(&ended.stderr).contains("--help"), "{arguments:?}");
    }
    fs::create_dir(folder.path().join("a.folder")).unwrap();
    for unreadable in ["missing.json", "a.folder"] {
        let ended = run(&folder, &["--once", "--input", unreadable]).await;
        assert_eq!(ended.status.code(), Some(1));
        let output = text(&ended.stdout);
        let words = format!("cargo local failed: cannot read {unreadable}: ");
        assert!(output.starts_with(&words), "{output}");
    }
    assert!(!folder.path().join("local-out").exists());
}
