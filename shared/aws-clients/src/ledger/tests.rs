//! The ledger against a fake table and against moto's server; then what only a fake can do.

mod backend;
mod faults;
mod injected;
mod scenarios;

use super::*;
use crate::test_endpoint::read_settings;

/// Runs every scenario against both.
macro_rules! scenarios {
    ($($module:ident::$name:ident),+ $(,)?) => {
        mod on_the_fake_table {
            use super::{backend::Backend, injected, scenarios};
            $(#[tokio::test]
            async fn $name() {
                $module::$name(&Backend::fake().await).await;
            })+
        }

        mod on_moto {
            use super::{backend::Backend, injected, scenarios};
            $(#[tokio::test]
            #[ignore = "needs MOTO_URL"]
            async fn $name() {
                $module::$name(&Backend::moto(stringify!($name)).await).await;
            })+
        }
    };
}

scenarios! {
    scenarios::a_delivered_event_is_known_at_its_sink_only,
    scenarios::a_live_claim_is_busy_and_a_lapsed_one_is_taken_over,
    scenarios::an_owner_claims_again_what_it_holds,
    scenarios::a_claim_that_another_took_over_is_not_released,
    scenarios::only_a_dead_letter_that_comes_back_claims_what_is_set_aside,
    scenarios::what_is_delivered_is_never_set_aside_by_a_slow_worker,
    scenarios::what_is_delivered_is_noted_even_after_another_took_over,
    scenarios::an_entry_is_forgotten_after_its_days_although_it_is_still_there,
    scenarios::a_long_log_id_is_known_by_its_hash,
    scenarios::a_missing_table_is_named_and_nothing_is_claimed,
    scenarios::of_many_workers_on_two_ledgers_each_event_is_claimed_by_one,
    injected::a_busy_or_silent_table_is_asked_again,
    injected::a_claim_fails_as_a_whole_and_what_it_got_is_released,
    injected::a_table_that_hangs_ends_the_claim_while_there_is_time_to_answer,
}

fn check(values: &[(&str, &str)], expected: &str) {
    let shown = match read_settings(values, read_ledger) {
        Ok(settings) => format!("{settings:?}"),
        Err(error) => error.to_string(),
    };
    assert_eq!(shown, expected);
}

#[test]
fn a_table_is_named_by_its_name_or_its_arn() {
    let shown = |name: &str| format!(r#"LedgerSettings {{ table: Some(("{name}", 35)) }}"#);
    let arn = "arn:aws:dynamodb:eu-central-1:123456789012:table/auth0-ledger";
    for name in ["auth0-ledger", arn] {
        check(&[("LEDGER_TABLE", name)], &shown(name));
    }
    check(
        &[("LEDGER_TABLE", "a table")],
        "1 setting is wrong:\n  LEDGER_TABLE: cannot read `a table` (want the name or ARN of a DynamoDB table)",
    );
}
