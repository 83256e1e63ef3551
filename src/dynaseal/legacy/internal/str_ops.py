"""Strings and bytes in the format's encoding."""

from typing import Any

from dynaseal.legacy.internal.identifiers import TEXT_ENCODING

__all__ = ("to_bytes", "to_str")


def to_str(data: Any) -> Any:
    """Decode bytes; anything else is returned as it is."""
    return data.decode(TEXT_ENCODING) if isinstance(data, bytes) else data


def to_bytes(data: Any) -> Any:
    """Encode a string; anything else is returned as it is."""
    return data.encode(TEXT_ENCODING) if isinstance(data, str) else data
