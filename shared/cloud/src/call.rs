//! Calls of AWS's services, each compiled once.
//!
//! What `send` of the SDK does is compiled anew wherever it is waited for, and is by far the most of what a function is
//! compiled from. Behind a plain function it is compiled here.

use aws_sdk_dynamodb::error::SdkError;
use futures_util::future::BoxFuture;

/// A request that is ready to be sent.
pub(crate) trait Call {
    /// What is answered.
    type Output;
    /// What the service refuses with.
    type Error;

    /// Sends it, and tries again as the client is configured to.
    fn call(self) -> BoxFuture<'static, Result<Self::Output, SdkError<Self::Error>>>;
}

macro_rules! calls {
    ($($sdk:ident::$operation:ident: $request:ident, $output:ident, $error:ident;)*) => { $(
        impl Call for $sdk::operation::$operation::builders::$request {
            type Output = $sdk::operation::$operation::$output;
            type Error = $sdk::operation::$operation::$error;

            fn call(self) -> BoxFuture<'static, Result<Self::Output, SdkError<Self::Error>>> {
                Box::pin(self.send())
            }
        }
    )* };
}

calls! {
    aws_sdk_dynamodb::batch_get_item: BatchGetItemFluentBuilder, BatchGetItemOutput, BatchGetItemError;
    aws_sdk_dynamodb::batch_write_item: BatchWriteItemFluentBuilder, BatchWriteItemOutput, BatchWriteItemError;
    aws_sdk_dynamodb::delete_item: DeleteItemFluentBuilder, DeleteItemOutput, DeleteItemError;
    aws_sdk_dynamodb::describe_table: DescribeTableFluentBuilder, DescribeTableOutput, DescribeTableError;
    aws_sdk_dynamodb::get_item: GetItemFluentBuilder, GetItemOutput, GetItemError;
    aws_sdk_dynamodb::put_item: PutItemFluentBuilder, PutItemOutput, PutItemError;
    aws_sdk_dynamodb::query: QueryFluentBuilder, QueryOutput, QueryError;
    aws_sdk_dynamodb::scan: ScanFluentBuilder, ScanOutput, ScanError;
    aws_sdk_dynamodb::transact_write_items: TransactWriteItemsFluentBuilder, TransactWriteItemsOutput, TransactWriteItemsError;
    aws_sdk_dynamodb::update_item: UpdateItemFluentBuilder, UpdateItemOutput, UpdateItemError;
    aws_sdk_eventbridge::put_events: PutEventsFluentBuilder, PutEventsOutput, PutEventsError;
    aws_sdk_sqs::delete_message: DeleteMessageFluentBuilder, DeleteMessageOutput, DeleteMessageError;
    aws_sdk_sqs::get_queue_attributes: GetQueueAttributesFluentBuilder, GetQueueAttributesOutput, GetQueueAttributesError;
    aws_sdk_sqs::receive_message: ReceiveMessageFluentBuilder, ReceiveMessageOutput, ReceiveMessageError;
    aws_sdk_sqs::send_message: SendMessageFluentBuilder, SendMessageOutput, SendMessageError;
    aws_sdk_sqs::send_message_batch: SendMessageBatchFluentBuilder, SendMessageBatchOutput, SendMessageBatchError;
}
