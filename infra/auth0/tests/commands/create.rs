//! What a new log stream is, and that there is never a second one.

use fakes::auth0::{RateLimit, TenantOptions};
use fakes::faults::Fault;
use serde_json::{Value, json};

use crate::rig::{OLD_TOKEN, Rig, TOKEN, changed, webhook_stream};

const URL: &str = "https://logs.example.com/";
const WEBHOOK: &str = "create webhook --url https://logs.example.com/";
const EVENT_BRIDGE: &str = "create eventbridge --account 123456789012 --region eu-central-1";
const EVENT_GRID: &str = "create event-grid --subscription 0f3c1c8e-6b0e-4b52-9a53-0d6a3f2c7f11 --region westeurope \
                          --resource-group auth0-logs";

/// The only log stream of the tenant, without its identifier.
fn only_stream(rig: &Rig) -> Value {
    let [mut stream] = rig.tenant.log_streams().try_into().unwrap();
    stream.as_object_mut().unwrap().remove("id").unwrap();
    stream
}

fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap()
}

#[tokio::test]
async fn a_webhook_gets_everything_as_a_json_array_with_its_newest_token() {
    let rig = Rig::start().await;
    let ran = rig.run(WEBHOOK).await;
    ran.expect(
        0,
        &[
            "Made lst_0000000000000001 (auth0-log-relay).",
            "Next: `auth0-stream check --id lst_0000000000000001`",
        ],
    );
    let expected = json!({
        "name": "auth0-log-relay",
        "type": "http",
        "status": "active",
        "sink": {
            "httpEndpoint": URL,
            "httpContentType": "application/json",
            "httpContentFormat": "JSONARRAY",
            "httpAuthorization": format!("Bearer {TOKEN}"),
        },
    });
    assert_eq!(only_stream(&rig), expected);
}

#[tokio::test]
async fn a_token_comes_from_a_file_or_from_standard_input_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, format!("Bearer {OLD_TOKEN}\n")).unwrap();
    for (from, input) in [(file.to_str().unwrap(), ""), ("-", OLD_TOKEN)] {
        let mut rig = Rig::start().await;
        rig.set("WEBHOOK_TOKENS_SECRET_ARN", "arn:aws:secretsmanager:x");
        let line = format!("{WEBHOOK} --token-file {from}");
        rig.run_with_input(&line, input).await.expect(0, &["Made "]);
        let authorization = format!("Bearer {OLD_TOKEN}");
        assert_eq!(
            text(&only_stream(&rig), "/sink/httpAuthorization"),
            authorization
        );
    }
}

#[tokio::test]
async fn without_a_token_that_the_webhook_would_take_nothing_is_made() {
    for (setting, line, part) in [
        ("", WEBHOOK.to_owned(), "WEBHOOK_TOKENS: required, not set"),
        ("short", WEBHOOK.to_owned(), "fewer than 16 characters"),
        (
            "",
            format!("{WEBHOOK} --token-file /nowhere"),
            "cannot read the webhook's token from /nowhere",
        ),
    ] {
        let mut rig = Rig::start().await;
        rig.set("WEBHOOK_TOKENS", setting);
        rig.run(&line).await.expect(2, &[part]);
        assert_eq!(rig.tenant.requests().len(), 0);
    }
}

#[tokio::test]
async fn an_eventbridge_stream_tells_the_bus_that_is_to_be_made() {
    let rig = Rig::start().await;
    let ran = rig.run(EVENT_BRIDGE).await;
    let made = only_stream(&rig);
    assert_eq!(text(&made, "/type"), "eventbridge");
    assert_eq!(text(&made, "/sink/awsAccountId"), "123456789012");
    assert_eq!(text(&made, "/sink/awsRegion"), "eu-central-1");
    let source = text(&made, "/sink/awsPartnerEventSource");
    let named = format!("Partner event source: {source}\n");
    ran.expect(
        0,
        &[&named, "EventSourceName", "Events are dropped until then."],
    );
}

#[tokio::test]
async fn an_event_grid_stream_tells_the_topic_that_is_to_be_activated() {
    let rig = Rig::start().await;
    let ran = rig.run(EVENT_GRID).await;
    let made = only_stream(&rig);
    assert_eq!(text(&made, "/type"), "eventgrid");
    assert_eq!(text(&made, "/sink/azureRegion"), "westeurope");
    assert_eq!(text(&made, "/sink/azureResourceGroup"), "auth0-logs");
    let topic = text(&made, "/sink/azurePartnerTopic");
    ran.expect(
        0,
        &[&format!("Partner topic: {topic}\n"), "--partner-topic"],
    );
}

#[tokio::test]
async fn name_priority_filters_and_begin_reach_auth0() {
    let rig = Rig::start().await;
    let traits = "--name production --priority --filter auth.login.fail --filter user.fail --start-from 2026-11-20T00:00:00Z";
    let ran = rig.run(&format!("{EVENT_BRIDGE} {traits}")).await;
    ran.expect(
        0,
        &[
            "Made lst_0000000000000001 (production).",
            "`other`, which holds detections: pwd_leak",
        ],
    );
    let made = only_stream(&rig);
    assert_eq!(text(&made, "/name"), "production");
    assert_eq!(made["isPriority"], true);
    assert_eq!(text(&made, "/startFrom"), "2026-11-20T00:00:00Z");
    let category = |name: &str| json!({ "type": "category", "name": name });
    assert_eq!(
        made["filters"],
        json!([category("auth.login.fail"), category("user.fail")])
    );
}

#[tokio::test]
async fn filters_with_other_lose_no_detection() {
    let rig = Rig::start().await;
    let ran = rig
        .run(&format!("{WEBHOOK} --filter other --filter user.fail"))
        .await;
    ran.expect(0, &["Made "]);
    assert!(!ran.output.contains("leave out"), "{ran:?}");
}

#[tokio::test]
async fn a_second_run_makes_no_second_stream() {
    for line in [WEBHOOK, EVENT_BRIDGE, EVENT_GRID] {
        let rig = Rig::start().await;
        rig.run(line).await.expect(0, &["Made "]);
        let ran = rig.run(line).await;
        ran.expect(3, &["lst_0000000000000001 (auth0-log-relay) leads there already, as asked for; none was made."]);
        assert_eq!(rig.asked("create_log_stream"), 1, "{line}");
    }
}

#[tokio::test]
async fn another_destination_is_another_stream() {
    let rig = Rig::start().await;
    for line in [
        WEBHOOK,
        "create webhook --url https://logs.example.com/other",
        "create webhook --url https://logs.example.com/OTHER",
        EVENT_BRIDGE,
        "create eventbridge --account 123456789012 --region eu-central-2",
        "create eventbridge --account 123456789013 --region eu-central-1",
        EVENT_GRID,
        &EVENT_GRID.replace("7f11", "7f12"),
        &EVENT_GRID.replace("westeurope", "eastus2"),
        &EVENT_GRID.replace("auth0-logs", "auth0-test"),
    ] {
        rig.run(line).await.expect(0, &["Made "]);
    }
    assert_eq!(rig.tenant.log_streams().len(), 10);
    let ran = rig.run(&EVENT_GRID.replace("0f3c1c8e", "0F3C1C8E")).await;
    ran.expect(
        3,
        &["lst_0000000000000007 (auth0-log-relay) leads there already"],
    );
}

#[tokio::test]
async fn what_differs_in_the_stream_that_is_there_is_named() {
    let rig = Rig::start().await;
    let changes = json!({
        "status": "paused",
        "isPriority": true,
        "filters": [{ "type": "category", "name": "user.fail" }],
        "sink": { "httpAuthorization": "Bearer others-key-91", "httpContentFormat": "JSONLINES" },
    });
    rig.tenant
        .add_log_stream(changed(webhook_stream(URL), &changes));
    let ran = rig
        .run(&format!(
            "{WEBHOOK} --name production --start-from 2026-11-20T00:00:00Z"
        ))
        .await;
    ran.expect(
        3,
        &[
            "leads there already; none was made. It differs",
            "its name is `relay`",
            "it is paused, not active",
            "it is a priority stream",
            "it passes only user.fail",
            "--start-from counts at creation only",
            "its Authorization is none of the webhook's tokens",
            "its content format is JSONLINES (the webhook reads each)",
        ],
    );
    assert_eq!(rig.asked("create_log_stream"), 0);
}

#[tokio::test]
async fn an_older_token_without_the_word_bearer_is_no_difference() {
    let rig = Rig::start().await;
    let changes = json!({ "sink": { "httpAuthorization": OLD_TOKEN } });
    rig.tenant.add_log_stream(changed(
        webhook_stream("https://logs.example.com"),
        &changes,
    ));
    rig.run(WEBHOOK)
        .await
        .expect(3, &["as asked for; none was made."]);
}

#[tokio::test]
async fn an_answer_that_is_lost_leads_to_no_second_stream() {
    let rig = Rig::start().await;
    rig.faults
        .script([Fault::Healthy, Fault::Healthy, Fault::DropAfter]);
    let ran = rig.run(WEBHOOK).await;
    ran.expect(
        4,
        &["cannot tell whether the log stream was made (run it again: what was made is found): "],
    );
    assert_eq!(rig.asked("create_log_stream"), 1);
    rig.run(WEBHOOK).await.expect(3, &["leads there already"]);
    assert_eq!(rig.tenant.log_streams().len(), 1);
}

#[tokio::test]
async fn a_plan_that_is_full_is_named_and_a_priority_stream_goes_beside_it() {
    let options = TenantOptions {
        max_log_streams: Some(1),
        ..TenantOptions::default()
    };
    let rig = Rig::with(options).await;
    rig.run(EVENT_BRIDGE).await.expect(0, &["Made "]);
    let ran = rig.run(WEBHOOK).await;
    ran.expect(
        4,
        &[
            "cannot create the log stream: Auth0 answered 409",
            "as many log streams as its plan allows",
        ],
    );
    rig.run(&format!("{WEBHOOK} --priority"))
        .await
        .expect(0, &["Made "]);
}

#[tokio::test]
async fn the_rate_limit_is_waited_out_and_not_met() {
    let one_a_second = RateLimit {
        burst: 1,
        per_second: 1,
    };
    let options = TenantOptions {
        rate_limit: Some(one_a_second),
        ..TenantOptions::default()
    };
    let rig = Rig::with(options).await;
    rig.run(WEBHOOK).await.expect(0, &["Made "]);
    assert_eq!(rig.asked("limited"), 0);
}

#[tokio::test]
async fn a_wrong_command_line_is_told_and_asks_nobody() {
    let rig = Rig::start().await;
    for (line, part) in [
        (
            "create webhook --url http://logs.example.com/",
            "want an https URL",
        ),
        (
            "create webhook --url https://user:x@logs.example.com/",
            "want an https URL, without a user",
        ),
        ("create webhook", "--url <URL>"),
        (
            "create webhook --url https://logs.example.com/ --token x",
            "unexpected argument '--token'",
        ),
        (
            "create eventbridge --account 1234 --region eu-central-1",
            "want twelve digits",
        ),
        (
            "create event-grid --subscription 1 --region westeurope --resource-group a",
            "want a UUID",
        ),
        (
            "create eventbridge --account 123456789012 --region eu-central-1 --filter login",
            "auth.login.fail",
        ),
        (
            "create eventbridge --account 123456789012 --region eu-central-1 --start-from yesterday",
            "--start-from",
        ),
        ("delete", "unrecognized subcommand"),
    ] {
        rig.run(line).await.expect(2, &[part]);
    }
    assert_eq!(rig.tenant.requests().len(), 0);
}
