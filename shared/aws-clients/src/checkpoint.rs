//! How far a tenant's log is delivered: one item of a table, which only whoever has read it replaces.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::AttributeValue;
use relay::poll::{CheckpointStore, StoredCheckpoint};
use relay::settings::Reader;
use relay::{CallError, PortError, Tries, call_with_retry};
use tenant_logs::TenantName;
use tokio::time::Instant;

use crate::boxed_call::BoxedCall;
use crate::connection::AwsConnection;
use crate::error::call_error;
use crate::ledger::table_name;

/// Tries of each call.
const TRIES: Tries = Tries {
    max: 6,
    max_time: Duration::from_secs(5),
};

/// Which table; it may be the ledger's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckpointSettings {
    table: String,
}

impl CheckpointSettings {
    /// Reads `CHECKPOINT_TABLE`; `None` if the reader noted a problem.
    pub fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let want = "the name or ARN of a DynamoDB table";
        let table = reader.required_parsed("CHECKPOINT_TABLE", want, table_name)?;
        Some(Self { table })
    }
}

/// A tenant's checkpoint in a table.
#[derive(Debug)]
pub struct TableCheckpoint {
    client: Client,
    table: String,
    target: String,
    key: String,
    tenant: TenantName,
}

impl TableCheckpoint {
    /// A table that is reached through this connection; nothing is sent yet.
    pub fn new(
        connection: &AwsConnection,
        settings: CheckpointSettings,
        tenant: TenantName,
    ) -> Self {
        Self {
            client: connection.dynamodb(),
            target: format!("checkpoint table `{}`", settings.table),
            table: settings.table,
            key: format!("checkpoint#{tenant}"),
            tenant,
        }
    }

    /// Writes the value under its condition; returns whether that held.
    async fn put(
        &self,
        value: &str,
        found: Option<&Option<AttributeValue>>,
    ) -> Result<bool, CallError> {
        let call = self
            .client
            .put_item()
            .table_name(self.table.clone())
            .item("pk", AttributeValue::S(self.key.clone()))
            .item("n", AttributeValue::N("0".to_owned()))
            .item("value", AttributeValue::S(value.to_owned()));
        // `value` is a word of DynamoDB's own, so conditions name it by a placeholder.
        let call = match found {
            None => call.condition_expression("attribute_not_exists(pk)"),
            Some(None) => call
                .condition_expression("attribute_exists(pk) AND attribute_not_exists(#value)")
                .expression_attribute_names("#value", "value"),
            Some(Some(old)) => call
                .condition_expression("#value = :old")
                .expression_attribute_names("#value", "value")
                .expression_attribute_values(":old", old.clone()),
        };
        match call.send_boxed().await {
            Ok(_) => Ok(true),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(_)) => Ok(false),
                Some(_) | None => Err(call_error(&self.target, error)),
            },
        }
    }

    /// Reads the item's value, where there is an item, and one in it.
    async fn get(&self) -> Result<Option<Option<AttributeValue>>, CallError> {
        let call = self
            .client
            .get_item()
            .table_name(self.table.clone())
            .key("pk", AttributeValue::S(self.key.clone()))
            .key("n", AttributeValue::N("0".to_owned()))
            .consistent_read(true);
        let answer = call.send_boxed().await;
        let answer = answer.map_err(|error| call_error(&self.target, error))?;
        Ok(answer.item.map(|mut item| item.remove("value")))
    }

    fn step(&self, verb: &str) -> String {
        format!("{verb} the checkpoint of tenant `{}`", self.tenant)
    }
}

impl CheckpointStore for TableCheckpoint {
    /// The stored value itself, whatever it is; `None` if the item has none.
    type Tag = Option<AttributeValue>;

    async fn load(&self, until: Instant) -> Result<Option<StoredCheckpoint<Self::Tag>>, PortError> {
        let found = call_with_retry(&self.target, TRIES, until, |_| self.get()).await;
        let found = found.map_err(|error| error.at(self.step("read")))?;
        Ok(found.map(|tag| {
            let text = tag.as_ref().and_then(|value| value.as_s().ok());
            let value = text.filter(|text| !text.is_empty()).cloned();
            StoredCheckpoint { value, tag }
        }))
    }

    async fn save(
        &self,
        value: &str,
        found: Option<&Self::Tag>,
        until: Instant,
    ) -> Result<Option<Self::Tag>, PortError> {
        let put = |_| self.put(value, found);
        let is_saved = call_with_retry(&self.target, TRIES, until, put).await;
        let ours = Some(AttributeValue::S(value.to_owned()));
        if is_saved.map_err(|error| error.at(self.step("save")))? {
            return Ok(Some(ours));
        }
        // A write whose answer was lost is refused the second time; what is there tells.
        let stored = self.load(until).await?;
        let tag = stored.map(|stored| stored.tag);
        Ok(tag.filter(|tag| *tag == ours))
    }
}

#[cfg(test)]
mod tests;
