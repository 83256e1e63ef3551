"""Sets within attribute values: sorted, so that values compare equal, and empty, which cannot be written."""

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


def has_empty_set(value: dict[str, Any]) -> bool:
    """Return whether the value is or contains an empty set: it can be read, and DynamoDB has no such set."""
    ((kind, content),) = value.items()
    match kind:
        case "SS" | "NS" | "BS":
            return not content
        case "L":
            return any(map(has_empty_set, content))
        case "M":
            return any(map(has_empty_set, content.values()))
    return False
