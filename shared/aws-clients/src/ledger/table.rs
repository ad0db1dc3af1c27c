//! The rows of the journal as a DynamoDB table: `pk` is a bucket's key, `n` a row's number, `expires_at` the TTL attribute
//! in seconds since 1970. `Query` and `PutItem` are all that is asked for.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use relay::journal::{Added, Row, SeenRow, Store, StoreError, Wanted};
use relay::{CallError, Tries, call_with_retry};
use tokio::time::Instant;

use super::row::{self, Item, number, text};
use crate::boxed_call::BoxedCall;
use crate::connection::AwsConnection;
use crate::error::call_error;

/// Most time one call may take before it counts as unanswered. Many first handshakes share the CPU, which at 128 MB is a
/// fourteenth of one.
const MAX_CALL_TIME: Duration = Duration::from_secs(5);
/// Of what a claim asks: nothing is sent yet, so the trigger may as well bring it again.
const CLAIM_TRIES: Tries = Tries {
    max: 6,
    max_time: MAX_CALL_TIME,
};
/// What became of an event is worth every try: one that cannot be noted is sent again later.
const SETTLE_TRIES: Tries = Tries {
    max: u32::MAX,
    max_time: MAX_CALL_TIME,
};

/// A table of rows, which every copy of a function shares.
#[derive(Debug)]
pub struct JournalTable {
    client: Client,
    table: String,
    target: String,
}

impl JournalTable {
    /// A table that is reached through this connection.
    pub fn new(connection: &AwsConnection, table: String) -> Self {
        Self {
            client: connection.dynamodb(),
            target: format!("ledger table `{table}`"),
            table,
        }
    }

    /// A page of a bucket, from a number on, or from where the page before ended.
    async fn page(
        &self,
        bucket: &str,
        from: u32,
        begin: Option<&Item>,
    ) -> Result<QueryOutput, CallError> {
        let call = self.client.query().table_name(self.table.clone());
        let call = call
            .key_condition_expression("pk = :bucket AND n >= :from")
            .expression_attribute_values(":bucket", text(bucket))
            .expression_attribute_values(":from", number(from))
            .consistent_read(true)
            .set_exclusive_start_key(begin.cloned());
        let answer = call.send_boxed().await;
        answer.map_err(|error| call_error(&self.target, error))
    }

    async fn put(&self, item: &Item, is_new: bool) -> Result<Put, CallError> {
        let call = self.client.put_item().table_name(self.table.clone());
        let mut call = call.set_item(Some(item.clone()));
        if is_new {
            call = call
                .condition_expression("attribute_not_exists(pk)")
                .return_values_on_condition_check_failure(
                    ReturnValuesOnConditionCheckFailure::AllOld,
                );
        }
        let Err(error) = call.send_boxed().await else {
            return Ok(Put::Done);
        };
        match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(refusal)) => {
                Ok(Put::Refused(refusal.item().cloned()))
            }
            Some(_) | None => Err(call_error(&self.target, error)),
        }
    }

    fn unreadable(&self) -> CallError {
        CallError::Unreadable {
            target: self.target.clone(),
        }
    }
}

/// What became of a put.
enum Put {
    Done,
    Refused(Option<HashMap<String, AttributeValue>>),
}

impl Store for JournalTable {
    async fn read(
        &self,
        bucket: &str,
        from: u32,
        wanted: &Wanted,
        until: Instant,
    ) -> Result<Vec<SeenRow>, StoreError> {
        let mut rows = Vec::new();
        let mut begin: Option<Item> = None;
        loop {
            let page = |_| self.page(bucket, from, begin.as_ref());
            let page = call_with_retry(&self.target, CLAIM_TRIES, until, page).await?;
            for item in page.items() {
                rows.push(row::seen(item, wanted).ok_or_else(|| self.unreadable())?);
            }
            begin = page.last_evaluated_key;
            if begin.is_none() {
                return Ok(rows);
            }
        }
    }

    async fn add(&self, bucket: &str, row: &Row, until: Instant) -> Result<Added, StoreError> {
        let item = row::item(bucket, row);
        let put = |_| self.put(&item, true);
        match call_with_retry(&self.target, CLAIM_TRIES, until, put).await? {
            Put::Done => Ok(Added::Done),
            Put::Refused(None) => Ok(Added::Refused(None)),
            Put::Refused(Some(found)) => {
                let seen = row::seen(&found, &row.wanted());
                Ok(Added::Refused(Some(seen.ok_or_else(|| self.unreadable())?)))
            }
        }
    }

    async fn write(&self, bucket: &str, row: &Row, until: Instant) -> Result<(), StoreError> {
        let item = row::item(bucket, row);
        let put = |_| self.put(&item, false);
        call_with_retry(&self.target, SETTLE_TRIES, until, put).await?;
        Ok(())
    }
}
