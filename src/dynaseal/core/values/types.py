"""Type ids, limits and errors that writing and reading attribute values share.

Source: specification `ddb-attribute-serialization.md`.
"""

from struct import Struct

Field = tuple[bytes, bytes]
"""A value as the format has it: its type id and its bytes."""

MAX_DEPTH = 32
MAX_NAME_LENGTH = 65_535
SECOND_LEVEL = 2
TYPE_ID_LENGTH = 2

NULL = b"\x00\x00"
STRING = b"\x00\x01"
NUMBER = b"\x00\x02"
BOOLEAN = b"\x00\x04"
STRING_SET = b"\x01\x01"
NUMBER_SET = b"\x01\x02"
BINARY_SET = b"\x01\xff"
MAP = b"\x02\x00"
LIST = b"\x03\x00"
BINARY = b"\xff\xff"

entry_head = Struct(">2sI").pack
"""Writes what precedes the bytes of a member of a list or map: its type id and its length."""


class MalformedValueError(ValueError):
    """A value that the format cannot hold, or bytes that are not a value.

    The message says why, and does not show the value.
    """


class MalformedAttributeError(MalformedValueError):
    """An attribute whose value the format cannot hold; `name` is its name."""

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        super().__init__(reason)


def too_deep() -> MalformedValueError:
    """Return the error for a list or map whose members are nested deeper than DynamoDB's 32 levels."""
    return MalformedValueError("a value nested deeper than DynamoDB's 32 levels")
