//! The ledger's table against a fake one and against moto's server; then what only a fake can do.

pub(crate) mod backend;
mod faults;
#[path = "../../../relay/tests/journal/faulty_store.rs"]
mod faulty_store;
#[path = "../../../relay/tests/journal/scenarios.rs"]
mod scenarios;

use super::*;
use crate::test_endpoint::read_settings;
use backend::Tables;

scenarios::on!(on_the_fake_table, cfg(test), Tables::fake());
scenarios::on!(on_moto, ignore = "needs MOTO_URL", Tables::moto());

/// Runs what is about faults against both.
macro_rules! faulty {
    ($($name:ident)+) => {
        mod faulty_on_the_fake_table {
            use super::{Tables, faulty_store};
            $(#[tokio::test]
            async fn $name() {
                faulty_store::$name(&Tables::fake().await).await;
            })+
        }

        mod faulty_on_moto {
            use super::{Tables, faulty_store};
            $(#[tokio::test]
            #[ignore = "needs MOTO_URL"]
            async fn $name() {
                faulty_store::$name(&Tables::moto().await).await;
            })+
        }
    };
}

faulty! {
    a_busy_or_silent_table_is_asked_again
    of_many_claims_the_one_that_cannot_pass_hands_back_its_own_and_the_others_go_on
    a_claim_whose_answer_never_came_lapses
    a_table_that_hangs_ends_the_claim_in_time
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
