"""Attribute values whose sets are sorted, so that they compare equal; and values that can only be read."""

from __future__ import annotations

from typing import Any


def with_sorted_sets(value: dict[str, Any]) -> dict[str, Any]:
    """Return the value with its sets sorted."""
    ((kind, content),) = value.items()
    match kind:
        case "SS" | "NS" | "BS":
            return {kind: sorted(content)}
        case "L":
            return {kind: [with_sorted_sets(member) for member in content]}
        case "M":
            return {kind: {key: with_sorted_sets(member) for key, member in content.items()}}
    return value


def can_only_be_read(value: dict[str, Any]) -> bool:
    """Return whether the value has an empty set or an empty map key: DynamoDB does not have them."""
    ((kind, content),) = value.items()
    match kind:
        case "SS" | "NS" | "BS":
            return not content
        case "L":
            return any(map(can_only_be_read, content))
        case "M":
            return "" in content or any(map(can_only_be_read, content.values()))
    return False
