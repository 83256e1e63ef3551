"""Material descriptions as bytes: a version, then each name and value with its length.

The description is not signed. Whoever can write to the table can change every entry, so an entry may only
choose between ways of reading that are safe with the reader's own keys.
"""

import logging
from collections.abc import Mapping
from typing import Any

from dynaseal.legacy.exceptions import (
    DeserializationError,
    InvalidMaterialDescriptionError,
    InvalidMaterialDescriptionVersionError,
)
from dynaseal.legacy.identifiers import LOGGER_NAME
from dynaseal.legacy.internal.formatting.deserialize import ByteReader
from dynaseal.legacy.internal.formatting.serialize import encode_value
from dynaseal.legacy.internal.identifiers import TEXT_ENCODING, Tag
from dynaseal.legacy.internal.str_ops import to_str

__all__ = ("deserialize", "serialize")

_LOGGER = logging.getLogger(LOGGER_NAME)
_VERSION = b"\x00" * 4


def serialize(material_description: Mapping[str, Any]) -> dict[str, bytes]:
    """Turn a material description into the attribute value that holds it.

    Raises:
        InvalidMaterialDescriptionError: a name or value is not a string, or has no UTF-8.
    """
    pieces = [_VERSION]
    entries = {_encoded(name): _encoded(value) for name, value in material_description.items()}
    for name in sorted(entries):
        pieces += encode_value(name), encode_value(entries[name])
    return {Tag.BINARY.dynamodb_tag: b"".join(pieces)}


def _encoded(text: Any) -> bytes:
    """Return the bytes of a name or value, which must be UTF-8: no reader takes others."""
    try:
        if isinstance(text, bytes):
            text.decode(TEXT_ENCODING)
            return text
        if isinstance(text, str):
            return text.encode(TEXT_ENCODING)
    except UnicodeError:
        pass
    raise InvalidMaterialDescriptionError(
        f"Invalid name or value in material description: {type(text).__name__}"
    )


def deserialize(serialized_material_description: Mapping[str, Any]) -> dict[str, str]:
    """Read a material description. Of two entries with one name, the later one counts.

    Raises:
        InvalidMaterialDescriptionError: it is malformed.
        InvalidMaterialDescriptionVersionError: it has another version.
        UnicodeDecodeError: a name or value is not UTF-8.
    """
    try:
        reader = ByteReader(bytes(memoryview(serialized_material_description[Tag.BINARY.dynamodb_tag])))
    except (TypeError, KeyError):
        raise _malformed("Invalid material description") from None
    _read_version(reader)
    material_description: dict[str, str] = {}
    try:
        while not reader.is_at_end:
            name = to_str(reader.value())
            material_description[name] = to_str(reader.value())
    except DeserializationError:
        raise _malformed("Invalid material description") from None
    return material_description


def _read_version(reader: ByteReader) -> None:
    try:
        version = reader.take(len(_VERSION))
    except DeserializationError:
        raise _malformed("Malformed material description version") from None
    if version != _VERSION:
        raise InvalidMaterialDescriptionVersionError(f"Invalid material description version: {version!r}")


def _malformed(message: str) -> InvalidMaterialDescriptionError:
    _LOGGER.error(message)
    return InvalidMaterialDescriptionError(message)
