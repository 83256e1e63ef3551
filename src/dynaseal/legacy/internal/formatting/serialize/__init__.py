"""The parts of serialized values: lengths, and bytes with their length."""

from collections.abc import Sized
from struct import Struct

__all__ = ("encode_length", "encode_value")

_length = Struct(">I").pack


def encode_length(attribute: Sized) -> bytes:
    """Return a container's length in four bytes."""
    return _length(len(attribute))


def encode_value(value: bytes) -> bytes:
    """Return bytes after their length."""
    return _length(len(value)) + value
