"""The canonical path of an attribute, and the order of strings by UTF-16 code units.

- A path is the table's name, the depth, `$`, the length of the attribute's name and the name.
- The length counts UTF-16 code units, and strings in sets and maps are ordered by UTF-16 code units. The
  specification speaks of bytes in some places; AWS's releases use code units.

Source: specification `header.md`, "Canonical Path"; `string-ordering.md`.
"""

from dynaseal.core.wire import u64

_DEPTH_ONE = u64(1) + b"$"


def canonical_path(table_name: str, attribute_name: str) -> bytes:
    r"""Return the canonical path of a top-level attribute, by which signed attributes are ordered.

    Raises:
        UnicodeEncodeError: a name holds a lone surrogate.

    Example:
        >>> canonical_path("t", "id")
        b't\x00\x00\x00\x00\x00\x00\x00\x01$\x00\x00\x00\x00\x00\x00\x00\x02id'
    """
    name = attribute_name.encode()
    return table_name.encode() + _DEPTH_ONE + u64(utf16_length(attribute_name)) + name


def utf16_length(string: str) -> int:
    """Return the number of UTF-16 code units in a string."""
    return len(string) if string.isascii() else len(string.encode("utf-16-be")) // 2


def utf16_order(string: str) -> bytes:
    """Return a sort key for the order by UTF-16 code units, in which U+10000 and above precede U+E000."""
    return string.encode("utf-16-be")
