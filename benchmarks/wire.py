"""DynamoDB JSON to the values of botocore's client."""

from base64 import b64decode
from typing import Any


def wire_item(item: dict[str, Any]) -> dict[str, Any]:
    """Decode the base64 of an item."""
    return {name: _value(value) for name, value in item.items()}


def _value(value: dict[str, Any]) -> dict[str, Any]:
    ((kind, content),) = value.items()
    match kind:
        case "B":
            return {kind: b64decode(content)}
        case "BS":
            return {kind: [b64decode(member) for member in content]}
        case "L":
            return {kind: [_value(member) for member in content]}
        case "M":
            return {kind: wire_item(content)}
    return {kind: content}
