//! Calls in boxes: what the SDK does for a call is compiled here, once.
//!
//! A future is compiled wherever it is polled from. What a port asks for is polled from the functions' own packages, by
//! `relay`'s generic flow, and the whole of the SDK's orchestration came along there a second time.

use std::pin::Pin;

use aws_sdk_dynamodb::operation::get_item::builders::GetItemFluentBuilder;
use aws_sdk_dynamodb::operation::get_item::{GetItemError, GetItemOutput};
use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use aws_sdk_dynamodb::operation::put_item::{PutItemError, PutItemOutput};
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::operation::query::{QueryError, QueryOutput};
use aws_sdk_secretsmanager::operation::get_secret_value::builders::GetSecretValueFluentBuilder;
use aws_sdk_secretsmanager::operation::get_secret_value::{
    GetSecretValueError, GetSecretValueOutput,
};
use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::http::HttpResponse;
use aws_sdk_sqs::error::SdkError;
use aws_sdk_sqs::operation::send_message::{SendMessageError, SendMessageOutput};
use aws_sdk_sqs::operation::send_message_batch::builders::SendMessageBatchFluentBuilder;
use aws_sdk_sqs::operation::send_message_batch::{SendMessageBatchError, SendMessageBatchOutput};

use crate::written_body::WrittenBody;

/// What a call's answer will be.
pub(crate) type Answering<T, E> =
    Pin<Box<dyn Future<Output = Result<T, SdkError<E, HttpResponse>>> + Send>>;

/// A call that has all that it needs.
pub(crate) trait BoxedCall {
    type Output;
    type Error;

    /// Makes the call.
    fn send_boxed(self) -> Answering<Self::Output, Self::Error>;
}

macro_rules! boxed_call {
    ($builder:ty, $output:ty, $error:ty) => {
        impl BoxedCall for $builder {
            type Output = $output;
            type Error = $error;

            // Inlined, it would be compiled elsewhere again.
            #[inline(never)]
            fn send_boxed(self) -> Answering<Self::Output, Self::Error> {
                Box::pin(self.send())
            }
        }
    };
}

/// Sends a message in a call that has nothing but this body, which is written here.
#[inline(never)]
pub(crate) fn send_message(
    client: &Client,
    body: WrittenBody,
) -> Answering<SendMessageOutput, SendMessageError> {
    let call = client.send_message().customize();
    Box::pin(call.interceptor(body).send())
}

boxed_call!(GetItemFluentBuilder, GetItemOutput, GetItemError);
boxed_call!(PutItemFluentBuilder, PutItemOutput, PutItemError);
boxed_call!(QueryFluentBuilder, QueryOutput, QueryError);
boxed_call!(
    GetSecretValueFluentBuilder,
    GetSecretValueOutput,
    GetSecretValueError
);
boxed_call!(
    SendMessageBatchFluentBuilder,
    SendMessageBatchOutput,
    SendMessageBatchError
);
