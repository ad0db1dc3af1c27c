//! What an entry of the table looks like, and the conditions under which it may be written.
//!
//! `pk` is `<sink>#<log_id>`, `expires_at` the table's TTL attribute in seconds since 1970. A claim also has `owner` and
//! `lease_ends`, in milliseconds; what is settled has neither, so nobody owns it.

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::delete_item::builders::DeleteItemFluentBuilder;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use relay::{Claim, Lease, Settled};
use tenant_logs::{Timestamp, sha256_hex};

/// A key or an attribute with its value.
pub(super) type Item = HashMap<String, AttributeValue>;

/// Bytes that DynamoDB takes as a partition key.
const MAX_KEY_BYTES: usize = 2_048;

const CLAIMED: &str = "claimed";
const DELIVERED: &str = "delivered";
const SET_ASIDE: &str = "set_aside";

/// `state` and `owner` are words of DynamoDB's own, so conditions name them by a placeholder.
const MAY_CLAIM: &str = "attribute_not_exists(pk) OR expires_at <= :now OR #owner = :owner \
    OR (#state = :claimed AND lease_ends <= :begins)";
const MAY_RETAKE: &str = "attribute_not_exists(pk) OR expires_at <= :now OR #owner = :owner \
    OR (#state = :claimed AND lease_ends <= :begins) OR #state = :set_aside";
const IS_NOT_DELIVERED: &str =
    "attribute_not_exists(pk) OR expires_at <= :now OR #state <> :delivered";
const IS_OURS: &str = "#owner = :owner";

/// The partition key of a log event at a sink.
pub(super) fn key(sink: &str, log_id: &str) -> String {
    let key = format!("{sink}#{log_id}");
    if key.len() <= MAX_KEY_BYTES {
        return key;
    }
    format!("{sink}#{}", sha256_hex(log_id.as_bytes()))
}

/// Claims an entry that is free, lapsed, expired or ours; a refusal brings the entry as it is.
///
/// DynamoDB deletes what has expired days later, so that is compared here.
pub(super) fn claim(
    call: PutItemFluentBuilder,
    key: String,
    lease: &Lease,
    keep_seconds: i64,
) -> PutItemFluentBuilder {
    let begins = lease.begins;
    let call = entry(call, key, CLAIMED, expiry(begins, keep_seconds))
        .item("owner", number(lease.owner))
        .item("lease_ends", number(lease.ends.as_millisecond()))
        .expression_attribute_names("#owner", "owner")
        .expression_attribute_names("#state", "state")
        .expression_attribute_values(":now", number(begins.as_second()))
        .expression_attribute_values(":begins", number(begins.as_millisecond()))
        .expression_attribute_values(":owner", number(lease.owner))
        .expression_attribute_values(":claimed", text(CLAIMED))
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
    if lease.may_reclaim_dead_lettered {
        call.condition_expression(MAY_RETAKE)
            .expression_attribute_values(":set_aside", text(SET_ASIDE))
    } else {
        call.condition_expression(MAY_CLAIM)
    }
}

/// Notes what became of a log event.
///
/// "Delivered" is written over whatever is there: it is true whoever holds the entry by now, and a worker that took the
/// claim over releases nothing but its own. "Set aside" never covers "delivered", or the dead letter, when it comes back,
/// would be sent a second time. Covering another's claim harms nobody: the dead letter exists, and that worker's own
/// "delivered" covers ours.
pub(super) fn commit(
    call: PutItemFluentBuilder,
    key: String,
    settled: Settled,
    (now, keep_seconds): (Timestamp, i64),
) -> PutItemFluentBuilder {
    let expires_at = expiry(now, keep_seconds);
    match settled {
        Settled::Delivered => entry(call, key, DELIVERED, expires_at),
        Settled::SetAside => entry(call, key, SET_ASIDE, expires_at)
            .condition_expression(IS_NOT_DELIVERED)
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":now", number(now.as_second()))
            .expression_attribute_values(":delivered", text(DELIVERED)),
    }
}

/// Deletes a claim that is still ours.
pub(super) fn release(
    call: DeleteItemFluentBuilder,
    key: String,
    owner: u64,
) -> DeleteItemFluentBuilder {
    call.key("pk", text(key))
        .condition_expression(IS_OURS)
        .expression_attribute_names("#owner", "owner")
        .expression_attribute_values(":owner", number(owner))
}

/// What an entry that could not be claimed says. One that nobody here wrote is left alone: its log event is handed back.
pub(super) fn read(item: Option<&Item>) -> Claim {
    let state = item.and_then(|item| item.get("state"));
    match state
        .and_then(|state| state.as_s().ok())
        .map(String::as_str)
    {
        Some(DELIVERED) => Claim::Known(Settled::Delivered),
        Some(SET_ASIDE) => Claim::Known(Settled::SetAside),
        _ => Claim::Busy,
    }
}

fn entry(
    call: PutItemFluentBuilder,
    key: String,
    state: &str,
    expires_at: i64,
) -> PutItemFluentBuilder {
    call.item("pk", text(key))
        .item("state", text(state))
        .item("expires_at", number(expires_at))
}

fn expiry(now: Timestamp, keep_seconds: i64) -> i64 {
    now.as_second().saturating_add(keep_seconds)
}

fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

fn number(value: impl Into<i128>) -> AttributeValue {
    let value: i128 = value.into();
    AttributeValue::N(value.to_string())
}
