"""The one difference to the updates that AWS's library sends: they must not create an unencrypted item."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

HEADER_EXISTS = "attribute_exists(aws_dbe_head)"


def with_added_conditions(operation: str, sent: Mapping[str, Any]) -> dict[str, Any]:
    """The request that AWS's library sends, as it is sent here."""
    if operation == "UpdateItem":
        return _with_condition(sent)
    if operation == "TransactWriteItems":
        parts = [
            {name: _with_condition(part) if name == "Update" else part for name, part in entry.items()}
            for entry in sent["TransactItems"]
        ]
        return {**sent, "TransactItems": parts}
    return dict(sent)


def _with_condition(sent: Mapping[str, Any]) -> dict[str, Any]:
    condition = sent.get("ConditionExpression")
    return {
        **sent,
        "ConditionExpression": f"({condition}) AND {HEADER_EXISTS}" if condition else HEADER_EXISTS,
    }
