"""The canonical path of an attribute, and the orders that the format knows.

- A path is the table's name, the depth, `$`, the length of the attribute's name and the name.
- The length counts UTF-16 code units, not bytes, and text in sets and maps is ordered by UTF-16 code units:
  AWS's libraries do so, whatever the specification says of bytes.

Source: specification `header.md`, "Canonical Path"; `string-ordering.md`.
"""

from dynaseal.core.wire import u64

_DEPTH_ONE = u64(1) + b"$"


def canonical_path(table_name: str, attribute_name: str) -> bytes:
    r"""Make the path of a top-level attribute, by which signed attributes are ordered.

    Raises:
        UnicodeEncodeError: a name holds a lone surrogate.

    Example:
        >>> canonical_path("t", "id")
        b't\x00\x00\x00\x00\x00\x00\x00\x01$\x00\x00\x00\x00\x00\x00\x00\x02id'
    """
    name = attribute_name.encode()
    return table_name.encode() + _DEPTH_ONE + u64(utf16_length(attribute_name)) + name


def utf16_length(text: str) -> int:
    """Count the UTF-16 code units of `text`."""
    return len(text) if text.isascii() else len(text.encode("utf-16-be")) // 2


def utf16_order(text: str) -> bytes:
    """Give the key that sorts texts by UTF-16 code units (astral characters before U+E000)."""
    return text.encode("utf-16-be")
