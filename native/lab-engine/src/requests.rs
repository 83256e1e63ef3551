//! Requests and replies as JSON.
//!
//! A request that cannot be read is refused in DynamoDB's words. The types of its members have been checked
//! before: the lab reads every request by botocore's model.

use dynoxide::{DynoxideError, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;

const EMPTY_VALUE: &str =
    "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes";

type MakeError = fn(String) -> DynoxideError;

/// The reader of attribute values names the kind of error in front of its message.
const KINDS: [(&str, MakeError); 5] = [
    (
        "SERIALIZATION_AS_READ:",
        DynoxideError::SerializationException,
    ),
    ("VALIDATION_AS_READ:", DynoxideError::ValidationException),
    ("SERIALIZATION:", DynoxideError::SerializationException),
    ("VALIDATION_REQUEST:", DynoxideError::EnvelopedValidation),
    ("VALIDATION:", DynoxideError::ValidationException),
];

/// Read a request.
pub fn parse<T: DeserializeOwned>(request: &[u8]) -> Result<T> {
    serde_json::from_slice(request).map_err(|error| refusal(&error.to_string()))
}

/// Write a reply, with the members of every object in alphabetical order.
///
/// The database has them in no order, so that an item would look different in each reply.
pub fn serialize<T: Serialize>(reply: &T) -> Result<String> {
    serde_json::to_value(reply)
        .map(|value| value.to_string())
        .map_err(|error| DynoxideError::InternalServerError(error.to_string()))
}

fn refusal(message: &str) -> DynoxideError {
    for (kind, error) in KINDS {
        if let Some(rest) = message.strip_prefix(kind) {
            let keeps_position = kind.ends_with("AS_READ:");
            return error(
                (if keeps_position {
                    rest
                } else {
                    without_position(rest)
                })
                .to_owned(),
            );
        }
    }
    let message = without_position(message);
    if message.contains("empty AttributeValue") {
        return DynoxideError::ValidationException(EMPTY_VALUE.to_owned());
    }
    // What remains is a member without a value, which is invalid, or a value of the wrong type.
    let is_invalid = [
        "missing field",
        "unknown variant",
        "invalid type: null",
        "Supplied AttributeValue",
    ]
    .iter()
    .any(|words| message.contains(words));
    if is_invalid {
        DynoxideError::ValidationException(message.to_owned())
    } else {
        DynoxideError::SerializationException(message.to_owned())
    }
}

/// Remove what the JSON reader adds: ` at line 1 column 42`.
fn without_position(message: &str) -> &str {
    match message.rfind(" at line ") {
        Some(start) if message[start..].contains(" column ") => &message[..start],
        _ => message,
    }
}
