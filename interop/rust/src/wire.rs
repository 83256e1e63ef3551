//! DynamoDB JSON, with binary values as base64, to the SDK's values.

use std::collections::HashMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::Failure;

/// Convert an item.
pub fn to_item(item: &Value) -> Result<HashMap<String, AttributeValue>, Failure> {
    item.as_object()
        .ok_or("an item is an object")?
        .iter()
        .map(|(name, value)| Ok((name.clone(), to_value(value)?)))
        .collect()
}

fn to_value(value: &Value) -> Result<AttributeValue, Failure> {
    let (kind, content) = value
        .as_object()
        .and_then(|members| members.iter().next())
        .ok_or("a value is an object with one member")?;
    Ok(match kind.as_str() {
        "S" => AttributeValue::S(string(content)?),
        "N" => AttributeValue::N(string(content)?),
        "B" => AttributeValue::B(blob(content)?),
        "BOOL" => AttributeValue::Bool(content == &Value::Bool(true)),
        "NULL" => AttributeValue::Null(true),
        "SS" => AttributeValue::Ss(list(content, string)?),
        "NS" => AttributeValue::Ns(list(content, string)?),
        "BS" => AttributeValue::Bs(list(content, blob)?),
        "L" => AttributeValue::L(list(content, to_value)?),
        "M" => AttributeValue::M(to_item(content)?),
        _ => return Err(format!("DynamoDB does not have a type {kind}").into()),
    })
}

fn list<T>(content: &Value, convert: fn(&Value) -> Result<T, Failure>) -> Result<Vec<T>, Failure> {
    content
        .as_array()
        .ok_or("a list or set is an array")?
        .iter()
        .map(convert)
        .collect()
}

/// Return a string.
pub fn string(content: &Value) -> Result<String, Failure> {
    Ok(content.as_str().ok_or("a string is missing")?.to_owned())
}

fn blob(content: &Value) -> Result<Blob, Failure> {
    Ok(Blob::new(STANDARD.decode(string(content)?)?))
}
