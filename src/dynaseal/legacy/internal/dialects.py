"""How the two clients of the older format order and spell what they sign.

The Python and the Java client agree on most items. Where order or spelling shows, each refuses the other's:

- Python orders names, map keys and string sets by code point, Java by UTF-16 unit: they differ between
  U+E000..U+FFFF and characters beyond U+FFFF.
- Python orders binary sets as unsigned bytes, Java as signed ones.
- Python rounds signed numbers to 28 digits and keeps minus zero, Java does neither.
- Without a table name, Python writes `None` and Java `null`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from dynaseal.legacy.internal import numbers
from dynaseal.legacy.internal.identifiers import TEXT_ENCODING

SortKey = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One client's order and spelling.

    Attributes:
        order_of_text: From UTF-8 to the bytes by which names, map keys and string sets are sorted.
        order_of_binary: From a binary set's member to the bytes by which it is sorted.
        number: From a number as an `N` value has it to its spelling.
        no_table: What is signed in place of a table name where there is none.
    """

    order_of_text: SortKey
    order_of_binary: SortKey
    number: Callable[[Any], str]
    no_table: str


def _as_it_is(data: bytes) -> bytes:
    return data


def _as_utf_16(data: bytes) -> bytes:
    return data.decode(TEXT_ENCODING).encode("utf-16-be")


_SIGNED_BYTES = bytes((byte + 128) % 256 for byte in range(256))


def _as_signed(data: bytes) -> bytes:
    return data.translate(_SIGNED_BYTES)


PYTHON = Dialect(
    order_of_text=_as_it_is, order_of_binary=_as_it_is, number=numbers.signed_by_python, no_table="None"
)
"""What the Python client signs, and what is signed here."""

JAVA = Dialect(
    order_of_text=_as_utf_16, order_of_binary=_as_signed, number=numbers.signed_by_java, no_table="null"
)
"""What the Java client signs, and AWS Database Encryption SDK for Java in its legacy mode."""

CONTENT = Dialect(order_of_text=_as_it_is, order_of_binary=_as_it_is, number=numbers.exact, no_table="None")
"""What is encrypted here: the Python client's order, and every digit of a number. Both clients read it."""
