//! From an operation's name to the database's method, and from its errors to DynamoDB's.

use dynoxide::{Database, DynoxideError, Result};

use crate::requests::{parse, serialize};

/// Calls one method of the database with the request that it expects.
macro_rules! call {
    ($database:expr, $method:ident, $request:expr) => {
        $database
            .$method(parse($request)?)
            .and_then(|reply| serialize(&reply))
    };
}

/// Answer one request.
pub fn execute(database: &Database, operation: &str, request: &[u8]) -> Result<String> {
    call_method(database, operation, request).map_err(|error| in_words_of(operation, error))
}

fn call_method(database: &Database, operation: &str, request: &[u8]) -> Result<String> {
    match operation {
        "BatchExecuteStatement" => call!(database, batch_execute_statement, request),
        "BatchGetItem" => call!(database, batch_get_item, request),
        "BatchWriteItem" => call!(database, batch_write_item, request),
        "CreateTable" => call!(database, create_table, request),
        "DeleteItem" => call!(database, delete_item, request),
        "DeleteTable" => call!(database, delete_table, request),
        "DescribeStream" => call!(database, describe_stream, request),
        "DescribeTable" => call!(database, describe_table, request),
        "DescribeTimeToLive" => call!(database, describe_time_to_live, request),
        "ExecuteStatement" => call!(database, execute_statement, request),
        "ExecuteTransaction" => call!(database, execute_transaction, request),
        "GetItem" => call!(database, get_item, request),
        "GetRecords" => call!(database, get_records, request),
        "GetShardIterator" => call!(database, get_shard_iterator, request),
        "ListStreams" => call!(database, list_streams, request),
        "ListTables" => call!(database, list_tables, request),
        "ListTagsOfResource" => call!(database, list_tags_of_resource, request),
        "PutItem" => call!(database, put_item, request),
        "Query" => call!(database, query, request),
        "Scan" => call!(database, scan, request),
        "TagResource" => call!(database, tag_resource, request),
        "TransactGetItems" => call!(database, transact_get_items, request),
        "TransactWriteItems" => call!(database, transact_write_items, request),
        "UntagResource" => call!(database, untag_resource, request),
        "UpdateItem" => call!(database, update_item, request),
        "UpdateTable" => call!(database, update_table, request),
        "UpdateTimeToLive" => call!(database, update_time_to_live, request),
        _ => Err(DynoxideError::UnsupportedCapability(operation.to_owned())),
    }
}

/// Put an error as DynamoDB words it for this operation.
///
/// The error of a whole request gets a preamble on the three writes of single items, and nowhere else.
fn in_words_of(operation: &str, error: DynoxideError) -> DynoxideError {
    match (operation, error) {
        ("PutItem" | "UpdateItem" | "DeleteItem", DynoxideError::EnvelopedValidation(message)) => {
            DynoxideError::ValidationException(format!("1 validation error detected: {message}"))
        }
        (_, DynoxideError::EnvelopedValidation(message)) => {
            DynoxideError::ValidationException(message)
        }
        (
            "ExecuteStatement",
            DynoxideError::ConditionalCheckFailedException(message, Some(item)),
        ) => DynoxideError::StatementConditionalCheckFailed(message, item),
        (_, error) => error,
    }
}
