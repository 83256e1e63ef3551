r"""Attribute values as bytes: what is encrypted, and what the signature covers.

A value is a zero byte, its type's tag, and its content. A set is the number of its members and each of them
with its length, sorted; a map is the number of its entries and each key and value as values of their own,
sorted by key; a list is the number of its members and each as a value of its own.

Neither DynamoDB nor botocore sees what is encrypted, so a content of the wrong Python type is refused here:
`bytes(5)` would be zeros, a string would be a set of its characters, and "false" would be true.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from dynaseal.legacy.exceptions import SerializationError
from dynaseal.legacy.internal.dialects import CONTENT, PYTHON, Dialect
from dynaseal.legacy.internal.formatting.serialize import encode_length, encode_value
from dynaseal.legacy.internal.identifiers import TEXT_ENCODING, Tag, TagValues
from dynaseal.legacy.internal.str_ops import to_bytes
from dynaseal.legacy.internal.validators import is_collection, is_dictionary, is_mapping, is_number

__all__ = ("encode_text", "serialize_attribute")

_RESERVED = b"\x00"

MAX_DEPTH = 100
"""Nesting beyond any that DynamoDB stores (32 levels), and well within Python's own limit."""


def serialize_attribute(attribute: Mapping[str, Any], dialect: Dialect = PYTHON) -> bytes:
    r"""Turn an attribute value in wire form into bytes.

    Args:
        attribute: The value.
        dialect: Whose order and spelling of numbers.

    Raises:
        TypeError: it is not a dictionary.
        SerializationError: it has no type that is known, its content is not of the Python type that this one
            needs, or it is nested too deeply. The message does not show the content.
        decimal.DecimalException, ValueError: a number is not one that DynamoDB stores.

    Example:
        >>> serialize_attribute({"S": "x"})
        b'\x00s\x00\x00\x00\x01x'
    """
    pieces: list[bytes] = []
    _write(attribute, dialect, pieces.append, 1)
    return b"".join(pieces)


_Append = Callable[[bytes], None]


def _write(attribute: Any, dialect: Dialect, append: _Append, depth: int) -> None:
    if not is_dictionary(attribute):
        raise TypeError(f'Invalid attribute type "{type(attribute)}": must be dict')
    if len(attribute) != 1:
        raise SerializationError(
            f"cannot serialize attribute: incorrect number of members {len(attribute)} != 1"
        )
    if depth > MAX_DEPTH:
        raise SerializationError(f"cannot serialize attribute: more than {MAX_DEPTH} levels of nesting")
    ((kind, content),) = attribute.items()
    writer = _WRITERS.get(kind)
    if writer is None:
        raise SerializationError(f'Unsupported DynamoDB data type: "{kind}"')
    writer(content, dialect, append, depth)


def _string(content: Any, _dialect: Dialect, append: _Append, _depth: int) -> None:
    _append_text(encode_text(content), append)


def _append_text(text: bytes, append: _Append) -> None:
    append(_RESERVED + Tag.STRING.tag + encode_value(text))


def _number(content: Any, dialect: Dialect, append: _Append, _depth: int) -> None:
    append(_RESERVED + Tag.NUMBER.tag + encode_value(_digits(content, dialect)))


def _binary(content: Any, _dialect: Dialect, append: _Append, _depth: int) -> None:
    append(_RESERVED + Tag.BINARY.tag + encode_value(_bytes(content)))


def _boolean(content: Any, _dialect: Dialect, append: _Append, _depth: int) -> None:
    if not isinstance(content, bool):
        raise _wrong_content("a boolean", "bool", content)
    append(_RESERVED + Tag.BOOLEAN.tag + (TagValues.TRUE if content else TagValues.FALSE).value)


def _null(content: Any, _dialect: Dialect, append: _Append, _depth: int) -> None:
    if content is not True:
        # It has no bytes of its own, so it would be read as a NULL that is true.
        raise SerializationError("cannot serialize attribute: the content of a null must be True")
    append(_RESERVED + Tag.NULL.tag)


def _string_set(content: Any, dialect: Dialect, append: _Append, _depth: int) -> None:
    members = sorted(map(encode_text, _members(content)), key=dialect.order_of_text)
    _set(Tag.STRING_SET, members, dialect, append)


def _number_set(content: Any, dialect: Dialect, append: _Append, _depth: int) -> None:
    # Sorted as text by both clients: 10 before 9.
    members = sorted(_digits(member, dialect) for member in _members(content))
    _set(Tag.NUMBER_SET, members, dialect, append)


def _binary_set(content: Any, dialect: Dialect, append: _Append, _depth: int) -> None:
    members = sorted(map(_bytes, _members(content)), key=dialect.order_of_binary)
    _set(Tag.BINARY_SET, members, dialect, append)


def _set(tag: Tag, members: list[bytes], dialect: Dialect, append: _Append) -> None:
    # DynamoDB compares the members of a set that is only signed, and two of them may be signed as one number.
    if dialect is CONTENT and len(set(members)) != len(members):
        raise SerializationError("cannot serialize attribute: a set that holds a member twice")
    append(_RESERVED + tag.tag + encode_length(members))
    for member in members:
        append(encode_value(member))


def _list(content: Any, dialect: Dialect, append: _Append, depth: int) -> None:
    members = _members(content)
    append(_RESERVED + Tag.LIST.tag + encode_length(members))
    for member in members:
        _write(member, dialect, append, depth + 1)


def _map(content: Any, dialect: Dialect, append: _Append, depth: int) -> None:
    if not is_mapping(content):
        raise _wrong_content("a map", "a dictionary", content)
    entries = sorted_entries(content.items(), encode_text, dialect.order_of_text)
    append(_RESERVED + Tag.MAP.tag + encode_length(entries))
    for key, value, _ in entries:
        _append_text(key, append)
        _write(value, dialect, append, depth + 1)


def encode_text(content: Any) -> bytes:
    """Return the bytes of a string, map key or name.

    Raises:
        SerializationError: it is not a string, or has no UTF-8.
    """
    if not isinstance(content, str):
        raise _wrong_content("a string, map key or name", "str", content)
    try:
        return content.encode(TEXT_ENCODING)
    except UnicodeEncodeError:
        raise SerializationError("cannot serialize attribute: a string with a lone surrogate") from None


def _digits(content: Any, dialect: Dialect) -> bytes:
    if not is_number(content):
        raise _wrong_content("a number", "str", content)
    return dialect.number(content).encode(TEXT_ENCODING)


def _bytes(content: Any) -> bytes:
    """Return a binary value's bytes; boto3's Binary has them in `value`."""
    try:
        return memoryview(getattr(content, "value", content)).tobytes()
    except TypeError:
        raise _wrong_content("a binary value", "bytes", content) from None


def _members(content: Any) -> Sequence[Any]:
    if not is_collection(content):
        raise _wrong_content("a list or set", "a list, tuple or set", content)
    return tuple(content)


def _wrong_content(of_what: str, expected: str, content: object) -> SerializationError:
    return SerializationError(
        f"cannot serialize attribute: the content of {of_what} must be {expected}, "
        f"not {type(content).__name__}"
    )


def sorted_entries(
    entries: Iterable[tuple[Any, Any]],
    transform: Callable[[Any], Any] = to_bytes,
    order: Callable[[Any], Any] = lambda key: key,
) -> list[tuple[Any, Any, Any]]:
    """Return a map's entries in the order of their keys, each as transformed key, value and key as given."""
    return sorted(((transform(key), value, key) for key, value in entries), key=lambda entry: order(entry[0]))


def _sorted_key_map(  # pyright: ignore[reportUnusedFunction] the older library's tests call it
    item: Mapping[Any, Any], transform: Callable[[Any], Any] = to_bytes
) -> list[tuple[Any, Any, Any]]:
    return sorted_entries(item.items(), transform)


_WRITERS: dict[str, Callable[[Any, Dialect, _Append, int], None]] = {
    "S": _string,
    "N": _number,
    "B": _binary,
    "BOOL": _boolean,
    "NULL": _null,
    "SS": _string_set,
    "NS": _number_set,
    "BS": _binary_set,
    "L": _list,
    "M": _map,
}
