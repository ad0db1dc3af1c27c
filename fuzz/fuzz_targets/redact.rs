//! Any log events, redacted: what is left is a log event without what was to go, and a second time changes nothing.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use tenant_logs::{LogEvent, Redaction, Secret, decode, parse};

const MAX_BYTES: usize = 1_000_000;
const RULES: &str =
    "user_name=hmac,ip=mask,user_id=drop,details.request.body=drop,details.prompts.user_name=mask";

static REDACTION: LazyLock<Redaction> = LazyLock::new(|| {
    let key = Secret::new("a key of a fuzzer");
    Redaction::parse(RULES, Some(key)).expect("the rules are right")
});

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = decode(bytes, MAX_BYTES) else {
        return;
    };
    let Ok(parsed) = parse(&text) else {
        return;
    };
    for log_event in parsed.log_events {
        check(log_event);
    }
    for reject in parsed.rejects {
        if let Some(redacted) = REDACTION.redact_anywhere(&reject.text) {
            let again = REDACTION.redact_anywhere(&redacted);
            assert!(again.is_some(), "no object any more: {redacted}");
        }
    }
});

fn check(mut log_event: LogEvent<'_>) {
    let before = log_event.clone();
    let knew = |path: &str| before.redacted().iter().any(|known| known == path);
    let is_changed = REDACTION.redact(&mut log_event);
    assert_eq!(is_changed, log_event != before);
    if !knew("user_id") {
        let record: Result<Value, _> = serde_json::from_str(log_event.record());
        // A number that fits no float, or a lone surrogate, is text that only we keep.
        if let Ok(record) = record {
            assert_eq!(record.get("user_id"), None, "{}", log_event.text());
        }
    }
    let detail = log_event.detail().into_owned();
    let again = parse(&detail).expect("a redacted event is an object");
    let [same] = again.log_events.as_slice() else {
        panic!("not one log event: {detail}");
    };
    assert_eq!(same.log_id(), log_event.log_id());
    let mut twice = same.clone();
    REDACTION.redact(&mut twice);
    assert_eq!(twice.detail(), detail);
}
