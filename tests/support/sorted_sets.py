"""Attribute values as they compare: the members of a set in one order, which its bytes need not have."""

from __future__ import annotations

from typing import Any


def with_sorted_sets(value: dict[str, Any]) -> dict[str, Any]:
    """The value with its sets in order."""
    ((kind, content),) = value.items()
    match kind:
        case "SS" | "NS" | "BS":
            return {kind: sorted(content)}
        case "L":
            return {kind: [with_sorted_sets(member) for member in content]}
        case "M":
            return {kind: {key: with_sorted_sets(member) for key, member in content.items()}}
    return value
