"""One item, converted between DynamoDB's values and the engine's fields.

- A value that is signed and not encrypted is stored as the caller wrote it; its normal form is
  what is signed.
- An encrypted attribute is stored as binary: the type id, then the ciphertext.

Source: specification `ddb-item-conversion.md`, `encrypt-path-structure.md`, "Terminal Data Encryption".
"""

from collections.abc import Callable, Sequence
from typing import Any

from dynaseal.attributes import Item
from dynaseal.core.context import ATTRIBUTE_PREFIX, version_1_entry, version_2_entries
from dynaseal.core.header import FOOTER_NAME, HEADER_NAME
from dynaseal.core.quoting import quoted
from dynaseal.core.shapes import Shape
from dynaseal.core.stream_images import has_base64_binary
from dynaseal.core.traces import find_trace
from dynaseal.core.values.reading import deserialize, deserialize_all
from dynaseal.core.values.types import (
    BINARY,
    TYPE_ID_LENGTH,
    Field,
    MalformedAttributeError,
    MalformedValueError,
)
from dynaseal.core.values.writing import serialize, serialize_attributes
from dynaseal.errors import EncryptError, FormatError, SignatureError

_IMAGE_HINT = "Pass dynaseal.from_stream_image(image), which decodes the binary at every depth"


def plaintext_fields(shape: Shape, item: Item) -> tuple[list[Field], list[Field]]:
    """Serialise the signed attributes of an item that is to be encrypted.

    Returns:
        The fields to encrypt, and the fields that are only signed.

    Raises:
        EncryptError: DynamoDB or the format cannot store an attribute's value; the message names it.
    """
    try:
        fields = serialize_attributes(item, shape.names)
    except MalformedAttributeError as error:
        raise EncryptError(f"The attribute {quoted(error.name)} cannot be stored: it holds {error}") from None
    count = len(shape.encrypted)
    return fields[:count], fields[count:]


def stored_fields(shape: Shape, item: Item) -> tuple[list[Field], list[Field]]:
    """Take the encrypted fields of a stored item, and serialise its other signed attributes.

    Returns:
        The encrypted fields, and the fields that are only signed.

    Raises:
        FormatError: DynamoDB or the format cannot store an attribute's value.
        SignatureError: an attribute is not binary, and the header says that it is encrypted.
    """
    encrypted: list[Field] = []
    try:
        for name in shape.encrypted:
            value = item[name]
            try:
                (kind,) = value
                content = value[kind]
            except (LookupError, TypeError, ValueError):
                kind = content = None
            # The usual case without a call; `_ciphertext` converts or refuses every other.
            if kind != "B" or type(content) is not bytes or len(content) < TYPE_ID_LENGTH:
                content = _ciphertext(item, name)
            encrypted.append((content[:TYPE_ID_LENGTH], content[TYPE_ID_LENGTH:]))
        signed = serialize_attributes(item, shape.only_signed)
    except MalformedAttributeError as error:
        raise FormatError(f"The attribute {quoted(error.name)} holds {error}") from None
    return encrypted, signed


def _ciphertext(item: Item, name: str) -> bytes:
    """Return an encrypted value's bytes, whatever Python type holds them, or say what is wrong with it."""
    ((type_id, data),) = serialize_attributes(item, [name])
    if len(data) < TYPE_ID_LENGTH:
        raise FormatError(f"The encrypted attribute {quoted(name)} is shorter than its type id")
    if type_id != BINARY:
        raise SignatureError
    return data


def context_entries(shape: Shape, signed: Sequence[Field]) -> dict[str, str]:
    """Return the entries that an item's attributes add to its encryption context, in order of their keys.

    Args:
        shape: The item's shape.
        signed: The fields that are only signed.
    """
    if shape.layout.version != 1:
        return version_2_entries([(name, *signed[position]) for name, position in shape.context])
    entries: dict[str, str] = {}
    for name, position in shape.context:
        type_id, data = signed[position]
        entries[ATTRIBUTE_PREFIX + name] = version_1_entry(type_id, data)
    return entries


def encrypted_item(
    shape: Shape, item: Item, encrypted: Sequence[Field], *, head: bytes, foot: bytes
) -> dict[str, Any]:
    """Return the item to store: the caller's item with encrypted values, header and footer."""
    result: dict[str, Any] = dict(item)
    for name, (type_id, data) in zip(shape.encrypted, encrypted, strict=True):
        result[name] = {"B": type_id + data}
    result[HEADER_NAME] = {"B": head}
    result[FOOTER_NAME] = {"B": foot}
    return result


def decrypted_item(shape: Shape, item: Item, fields: Sequence[Field]) -> dict[str, Any]:
    """Return the item for the caller: the stored item with decrypted values and without header and footer.

    Raises:
        FormatError: a plaintext is not a value of its type. A writer who had the key wrote it like that.
    """
    result: dict[str, Any] = dict(item)
    for name in shape.dropped:
        del result[name]
    try:
        result.update(zip(shape.encrypted, deserialize_all(fields), strict=True))
    except MalformedValueError:
        _raise_for_attribute(shape.encrypted, fields)
        raise
    return result


def _raise_for_attribute(names: Sequence[str], fields: Sequence[Field]) -> None:
    """Raise the error of the first malformed field, with its attribute's name."""
    for name, field in zip(names, fields, strict=True):
        try:
            deserialize(*field)
        except MalformedValueError as error:
            raise FormatError(f"The attribute {quoted(name)} was encrypted from {error}") from None


def header_and_footer(item: Item, is_encrypted: Callable[[str], bool]) -> tuple[bytes, bytes]:
    """Return the header and the footer of an encrypted item.

    Args:
        item: The stored item.
        is_encrypted: Whether the configuration encrypts an attribute, by its name.

    Raises:
        FormatError: one is missing or not binary, or the item is of the older format.
    """
    if HEADER_NAME not in item and FOOTER_NAME not in item:
        trace = find_trace(item, is_encrypted)
        if trace is not None:
            raise trace.as_error()
        refuse_base64_binary(item)
        raise FormatError(
            f"The item is not encrypted: it has neither {HEADER_NAME} nor {FOOTER_NAME}",
            hint="To read plaintext items too, set plaintext_policy=PlaintextPolicy.FORBID_WRITE_ALLOW_READ",
        )
    return _binary(item, HEADER_NAME), _binary(item, FOOTER_NAME)


def refuse_base64_binary(item: Item) -> None:
    """Refuse an item whose binary is base64, as in JSON: it is not in wire form.

    Raises:
        FormatError: one of its attributes has such binary.
    """
    for name, value in item.items():
        if has_base64_binary(value):
            raise _not_decoded(name)


def _not_decoded(name: str) -> FormatError:
    return FormatError(
        f"The attribute {quoted(name)} holds binary as a string, which is base64 as in the records of "
        "streams, Lambda, Kinesis and exports",
        hint=_IMAGE_HINT,
    )


def _binary(item: Item, name: str) -> bytes:
    value = item.get(name)
    if value is None:
        raise FormatError(
            f"The item has no {name}", hint="Read the whole item: only whole items can be verified"
        )
    try:
        content = value.get("B")
    except AttributeError:
        raise TypeError(f"the attribute {quoted(name)} is not an attribute value") from None
    if content is None or len(value) != 1:
        raise FormatError(f"The attribute {quoted(name)} is not binary")
    if isinstance(content, str):
        raise _not_decoded(name)
    return content if type(content) is bytes else serialize(value)[1]
