"""Signatures of items.

The string to sign is the SHA-256 of the table's name and, for each signed attribute in the order of their
names, the SHA-256 of its name, of whether it is encrypted, and of its stored value, all concatenated.

An item is written in the Python client's dialect and verified under that one first and under the Java
client's second. Both are what an owner of the key signed; no third form is accepted.
"""

import logging
from collections.abc import Iterator, Mapping
from decimal import DecimalException
from hashlib import sha256
from typing import Any

from dynaseal.attributes import Item
from dynaseal.core.callbacks import close_unrun
from dynaseal.legacy.delegated_keys import DelegatedKey
from dynaseal.legacy.encrypted import CryptoConfig
from dynaseal.legacy.exceptions import SignatureVerificationError, SigningError
from dynaseal.legacy.identifiers import LOGGER_NAME, CryptoAction
from dynaseal.legacy.internal.dialects import JAVA, PYTHON, Dialect
from dynaseal.legacy.internal.formatting.serialize.attribute import encode_text, serialize_attribute
from dynaseal.legacy.internal.identifiers import TEXT_ENCODING, SignatureValues, Tag
from dynaseal.legacy.internal.results import bytes_from
from dynaseal.legacy.structures import AttributeActions

__all__ = ("sign_item", "verify_item_signature")

_LOGGER = logging.getLogger(LOGGER_NAME)


def sign_item(
    encrypted_item: Item, signing_key: DelegatedKey, crypto_config: CryptoConfig
) -> dict[str, bytes]:
    """Return the signature of an item, as the attribute value that holds it.

    Raises:
        SerializationError: a name or value cannot be turned into bytes.
        SigningError: the key cannot sign.
    """
    data = _string_to_sign(
        encrypted_item, crypto_config.encryption_context.table_name, crypto_config.attribute_actions
    )
    signature = signing_key.sign(algorithm=signing_key.algorithm, data=data)
    return {Tag.BINARY.dynamodb_tag: bytes_from("sign", signature, SigningError)}


def verify_item_signature(
    signature_attribute: Mapping[str, Any],
    encrypted_item: Item,
    verification_key: DelegatedKey,
    crypto_config: CryptoConfig,
) -> None:
    """Verify the signature of an item.

    Args:
        signature_attribute: The attribute value that holds the signature.
        encrypted_item: The item without the format's own attributes.
        verification_key: The key that verifies.
        crypto_config: The table's name and actions.

    Raises:
        SignatureVerificationError: it was changed, or signed with another key, table name or set of actions.
        KeyError: the signature is not binary.
    """
    signature = signature_attribute[Tag.BINARY.dynamodb_tag]
    refusal: SignatureVerificationError | None = None
    for data in _strings_to_verify(encrypted_item, crypto_config):
        try:
            _verify(verification_key, signature, data)
        except SignatureVerificationError as error:
            refusal = error
        else:
            return
    if refusal is not None:
        _LOGGER.error("Unable to verify signature", exc_info=refusal)
        raise refusal


def _verify(key: DelegatedKey, signature: Any, data: bytes) -> None:
    result: Any = key.verify(algorithm=key.algorithm, signature=signature, data=data)
    # A program's own key should raise, but it may as well return what `hmac.compare_digest` does. Nothing
    # else verifies: a coroutine, for example, has verified nothing yet.
    if result is not None and result is not True:
        close_unrun(result)
        raise SignatureVerificationError("Unable to verify signature")


def _strings_to_verify(item: Item, crypto_config: CryptoConfig) -> Iterator[bytes]:
    """Yield what each dialect signs; the second only if it is needed and differs."""
    table_name = crypto_config.encryption_context.table_name
    failure: Exception | None = None
    python: bytes | None = None
    try:
        python = _string_to_sign(item, table_name, crypto_config.attribute_actions)
    except DecimalException as error:
        # A number of 38 digits near the smallest exponent, which Java can sign and Python cannot.
        failure = error
    else:
        yield python
    try:
        java = _string_to_sign(item, table_name, crypto_config.attribute_actions, JAVA)
    except ValueError as error:
        raise failure or error from None
    if java != python:
        yield java


def _string_to_sign(
    item: Item, table_name: str | None, attribute_actions: AttributeActions, dialect: Dialect = PYTHON
) -> bytes:
    table = dialect.no_table if table_name is None else table_name
    pieces = [_hash(f"TABLE>{table}<TABLE".encode(TEXT_ENCODING))]
    names = {encode_text(name): name for name in item}
    for encoded in sorted(names, key=dialect.order_of_text):
        name = names[encoded]
        action = attribute_actions.action(name)
        if action is CryptoAction.DO_NOTHING:
            continue
        is_encrypted = action is CryptoAction.ENCRYPT_AND_SIGN
        pieces += (
            _hash(encoded),
            (SignatureValues.ENCRYPTED if is_encrypted else SignatureValues.PLAINTEXT).sha256,
            _hash(serialize_attribute(item[name], dialect)),
        )
    return b"".join(pieces)


def _hash(data: bytes) -> bytes:
    return sha256(data).digest()
