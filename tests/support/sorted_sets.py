"""Attribute values with sorted sets, so that they compare equal whatever order the sets had."""

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
