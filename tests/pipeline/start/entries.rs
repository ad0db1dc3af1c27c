//! What `REDACT` and `RAW` refuse, entry by entry.

use super::{INGEST, TARGET, azure_command, check_changed, run};

const WANT: &str =
    "want a dotted path, `=` and drop, mask or hmac; a backslash escapes a dot, comma, equals sign";

/// Both functions refuse these rules with exactly this problem.
async fn check_rules(rules: &str, problem: &str) {
    for function in [INGEST, TARGET] {
        let message = format!("1 setting is wrong:\n  REDACT: {problem}");
        check_changed(function, &[("REDACT", rules)], &message).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_of_redact_that_can_match_nothing_is_refused() {
    for entry in [
        // An empty step.
        "details..body=mask",
        ".ip=mask",
        "ip.=mask",
        // Nothing before the action.
        "=mask",
        // No action, or an unknown one.
        "ip",
        "ip=",
        "ip=hide",
        "ip=mask=drop",
        // A backslash at the end, or before what it does not escape.
        r"ip\",
        r"ip=mask\",
        r"ip\=mask",
        r"details\body=mask",
    ] {
        check_rules(entry, &format!("cannot read `{entry}` ({WANT})")).await;
    }
    check_rules(
        r"user_name=mask,ip\",
        &format!(r"cannot read `ip\` ({WANT})"),
    )
    .await;
    let around = "paths begin in the record (`ip`, not `data.ip`)";
    for (rules, problem) in [
        (
            "ip=mask,,user_name=drop",
            "entry 2 is empty: there is a comma too many".to_owned(),
        ),
        (
            "ip=mask,",
            "entry 2 is empty: there is a comma too many".to_owned(),
        ),
        (
            "data.ip=mask",
            format!("`data.ip=mask` can match nothing: a record has no `data`, and {around}"),
        ),
        (
            "details.*=mask",
            "`details.*=mask` has a `*` or brackets, and paths have neither: each step is one name, or the index of an array (`details.prompts.0.name`); in a name a backslash escapes them".to_owned(),
        ),
        (
            "log_id=mask",
            "`log_id=mask` cannot be hidden: by its log_id an event is known wherever it goes".to_owned(),
        ),
    ] {
        check_rules(rules, &problem).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_at_or_below_one_that_another_entry_treats_is_refused_in_either_order() {
    let below = "`details.request.body` is below `details`, which is treated as a whole";
    for (rules, problem) in [
        ("ip=mask,user_name=drop,ip=drop", "names `ip` twice"),
        (r"a\.b=mask,a\.b=mask", r"names `a\.b` twice"),
        ("details=drop,details.request.body=mask", below),
        ("details.request.body=mask,details=drop", below),
        (
            "details.0=mask,details=mask",
            "`details.0` is below `details`, which is treated as a whole",
        ),
    ] {
        check_rules(rules, problem).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_function_with_rows_of_its_own_refuses_an_unknown_raw() {
    let problem = "RAW: cannot read `all` (want whole, rest or none)";
    let message = format!("1 setting is wrong:\n  {problem}");
    check_changed(TARGET, &[("RAW", "all")], &message).await;
    for function in [
        "azure-eventgrid-subscriber",
        "azure-log-poller",
        "aws-log-poller",
    ] {
        let command = azure_command(function, &[("RAW", "all"), ("SINKS", "stdout")]).await;
        let output = run(command);
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(told.contains(&format!("\n  {problem}\n")), "{told}");
        assert_eq!(output.status.code(), Some(64));
    }
}
