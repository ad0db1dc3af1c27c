//! Any bytes, as a webhook gets them: reading never panics, says nothing false, and what it reads can be read again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::value::RawValue;
use tenant_logs::{Parsed, RejectReason, decode, parse};

const MAX_BYTES: usize = 1_000_000;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = decode(bytes, MAX_BYTES) else {
        return;
    };
    match parse(&text) {
        Ok(parsed) => check(&parsed),
        Err(unreadable) => {
            if let Some(offset) = unreadable.offset() {
                assert!(offset <= text.len(), "{unreadable} is behind the end");
            }
        }
    }
});

fn check(parsed: &Parsed<'_>) {
    for log_event in &parsed.log_events {
        let detail = log_event.detail();
        assert!(is_json(&detail), "no JSON: {detail}");
        let again = parse(&detail).expect("a detail is an object");
        let [same] = again.log_events.as_slice() else {
            panic!("not one log event: {detail}");
        };
        assert_eq!(same.log_id(), log_event.log_id());
        assert_eq!(same.event_type(), log_event.event_type());
        assert_eq!(same.date(), log_event.date());
        assert_eq!(same.record(), log_event.record());
    }
    for reject in &parsed.rejects {
        let has_syntax_error = matches!(reject.reason, RejectReason::Syntax { .. });
        assert_eq!(is_json(&reject.text), !has_syntax_error, "{}", reject.text);
    }
}

/// As `serde_json` reads it, so that our own scanner is never more tolerant.
fn is_json(text: &str) -> bool {
    serde_json::from_str::<&RawValue>(text).is_ok()
}
