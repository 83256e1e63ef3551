"""One item between DynamoDB's values and the engine's fields.

- Signed values keep the caller's spelling; what is signed is their normal form.
- An encrypted attribute is stored as binary: the type id, then the ciphertext.

Source: specification `ddb-item-conversion.md`, `encrypt-path-structure.md`, "Terminal Data Encryption".
"""

from collections.abc import Sequence
from typing import Any

from dynaseal.core.context import ATTRIBUTE_PREFIX, version_1_entry, version_2_entries
from dynaseal.core.engine import Field, Sealed
from dynaseal.core.header import FOOTER_NAME, HEADER_NAME
from dynaseal.core.plan import Plan
from dynaseal.core.values import (
    BINARY,
    Item,
    MalformedAttributeError,
    MalformedValueError,
    serialize,
    serialize_attributes,
)
from dynaseal.core.values_reading import deserialize
from dynaseal.errors import EncryptError, FormatError, SignatureError

TYPE_ID_LENGTH = 2


def fields_to_seal(plan: Plan, item: Item) -> list[Field]:
    """Serialise the signed attributes of an item that is to be encrypted.

    Raises:
        EncryptError: an attribute holds what DynamoDB or the format cannot; the text names it.
    """
    try:
        return serialize_attributes(item, plan.names)
    except MalformedAttributeError as error:
        raise EncryptError(f"The attribute {error.name!r} cannot be stored: it holds {error}") from None


def fields_to_unseal(plan: Plan, item: Item) -> list[Field]:
    """Serialise the signed attributes of a stored item: encrypted ones are split from their type ids.

    Raises:
        FormatError: an attribute holds what DynamoDB or the format cannot.
        SignatureError: an attribute that is encrypted, says the header, is not binary.
    """
    try:
        fields = serialize_attributes(item, plan.names)
    except MalformedAttributeError as error:
        raise FormatError(f"The attribute {error.name!r} holds {error}") from None
    for name, at in plan.encrypted:
        type_id, data = fields[at]
        if len(data) < TYPE_ID_LENGTH:
            raise FormatError(f"The encrypted attribute {name!r} is shorter than its type id")
        if type_id != BINARY:
            raise SignatureError
        fields[at] = data[:TYPE_ID_LENGTH], data[TYPE_ID_LENGTH:]
    return fields


def context_entries(plan: Plan, fields: Sequence[Field]) -> dict[str, str]:
    """Give the entries that an item's own attributes add to its encryption context."""
    if plan.layout.version == 1:
        return {ATTRIBUTE_PREFIX + name: version_1_entry(*fields[at]) for name, at in plan.context}
    return version_2_entries([(name, *fields[at]) for name, at in plan.context])


def sealed_item(plan: Plan, item: Item, sealed: Sealed) -> dict[str, Any]:
    """Put an encrypted item together from the caller's item and what sealing made."""
    result: dict[str, Any] = dict(item)
    for (name, _), stored in zip(plan.encrypted, sealed.stored, strict=True):
        result[name] = {"B": stored}
    result[HEADER_NAME] = {"B": sealed.head}
    result[FOOTER_NAME] = {"B": sealed.foot}
    return result


def unsealed_item(
    plan: Plan, item: Item, fields: Sequence[Field], plaintexts: Sequence[bytes]
) -> dict[str, Any]:
    """Put a decrypted item together from the stored item and the plaintexts.

    Raises:
        FormatError: a plaintext is not a value of its type: its writer, who had the key, wrote it so.
    """
    result: dict[str, Any] = dict(item)
    for name in plan.dropped:
        del result[name]
    for (name, at), data in zip(plan.encrypted, plaintexts, strict=True):
        type_id = fields[at][0]
        try:
            result[name] = deserialize(type_id, data)
        except MalformedValueError as error:
            raise FormatError(f"The attribute {name!r} was encrypted from {error}") from None
    return result


def bookkeeping(item: Item) -> tuple[bytes, bytes]:
    """Take the header and footer of an encrypted item.

    Raises:
        FormatError: one is missing or not binary.
    """
    if not is_encrypted(item):
        raise FormatError(
            f"The item is not encrypted: it has neither {HEADER_NAME} nor {FOOTER_NAME}",
            hint="A plaintext_policy that allows reading would let it through",
        )
    return _binary(item, HEADER_NAME), _binary(item, FOOTER_NAME)


def is_encrypted(item: Item) -> bool:
    """Tell whether an item has any trace of encryption (`decrypt-item.md`, "Determining Plaintext Items")."""
    return HEADER_NAME in item or FOOTER_NAME in item


def _binary(item: Item, name: str) -> bytes:
    value = item.get(name)
    if value is None:
        raise FormatError(f"The item has no {name}")
    try:
        content = value.get("B")
    except AttributeError:
        raise TypeError(f"the attribute {name!r} is not an attribute value") from None
    if content is None or len(value) != 1:
        raise FormatError(f"The attribute {name!r} is not binary")
    return content if type(content) is bytes else serialize(value)[1]
