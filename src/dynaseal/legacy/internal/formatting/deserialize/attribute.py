r"""Attribute values from decrypted bytes.

Both clients accept more than they write, and so does this: sets in any order, `NULL` without content, and
bytes after the value, which are ignored.
"""

from collections.abc import Callable
from typing import Any

from dynaseal.legacy.exceptions import DeserializationError
from dynaseal.legacy.internal import numbers
from dynaseal.legacy.internal.formatting.deserialize import ByteReader
from dynaseal.legacy.internal.formatting.serialize.attribute import MAX_DEPTH
from dynaseal.legacy.internal.identifiers import TEXT_ENCODING, Tag, TagValues

__all__ = ("deserialize_attribute",)


def deserialize_attribute(serialized_attribute: bytes) -> dict[str, Any]:
    r"""Turn bytes into an attribute value in wire form.

    Raises:
        DeserializationError: the bytes are not those of a value.
        KeyError: a boolean is neither 0 nor 1.
        UnicodeDecodeError: a string is not UTF-8.
        decimal.InvalidOperation: a number is not one.

    Example:
        >>> deserialize_attribute(b"\x00s\x00\x00\x00\x01x")
        {'S': 'x'}
    """
    if not serialized_attribute:
        raise DeserializationError("Empty serialized attribute data")
    return _read(ByteReader(serialized_attribute), 1)


def _read(reader: ByteReader, depth: int) -> dict[str, Any]:
    if depth > MAX_DEPTH:
        raise DeserializationError(f"Malformed serialized data: more than {MAX_DEPTH} levels of nesting")
    tag = reader.tag()
    entry = _READERS.get(tag)
    if entry is None:
        raise DeserializationError(f'Unsupported tag: "{tag}"')
    kind, read = entry
    return {kind: read(reader, depth)}


def _text(data: bytes) -> str:
    return data.decode(TEXT_ENCODING)


def _number(data: bytes) -> str:
    try:
        return numbers.read(_text(data))
    except UnicodeDecodeError:
        raise
    except ValueError as error:
        raise DeserializationError(f"Malformed serialized number: {error}") from None


def _binary(data: bytes) -> bytes:
    return data


def _single(convert: Callable[[bytes], Any]) -> Callable[[ByteReader, int], Any]:
    return lambda reader, _depth: convert(reader.value())


def _set(convert: Callable[[bytes], Any]) -> Callable[[ByteReader, int], list[Any]]:
    return lambda reader, _depth: sorted(convert(reader.value()) for _ in range(reader.length()))


_BOOLEANS = {TagValues.FALSE.value: False, TagValues.TRUE.value: True}


def _boolean(reader: ByteReader, _depth: int) -> bool:
    return _BOOLEANS[reader.take(1)]


def _null(_reader: ByteReader, _depth: int) -> bool:
    return True


def _list(reader: ByteReader, depth: int) -> list[Any]:
    return [_read(reader, depth + 1) for _ in range(reader.length())]


def _map(reader: ByteReader, depth: int) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for _ in range(reader.length()):
        key = _read(reader, depth)
        if "S" not in key:
            raise DeserializationError(f'Malformed serialized map: found "{next(iter(key))}" as map key.')
        members[key["S"]] = _read(reader, depth + 1)
    return members


_READERS: dict[bytes, tuple[str, Callable[[ByteReader, int], Any]]] = {
    Tag.STRING.tag: ("S", _single(_text)),
    Tag.NUMBER.tag: ("N", _single(_number)),
    Tag.BINARY.tag: ("B", _single(_binary)),
    Tag.BOOLEAN.tag: ("BOOL", _boolean),
    Tag.NULL.tag: ("NULL", _null),
    Tag.STRING_SET.tag: ("SS", _set(_text)),
    Tag.NUMBER_SET.tag: ("NS", _set(_number)),
    Tag.BINARY_SET.tag: ("BS", _set(_binary)),
    Tag.LIST.tag: ("L", _list),
    Tag.MAP.tag: ("M", _map),
}
