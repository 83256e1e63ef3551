"""Encrypting and decrypting single attributes.

The ciphertext has no check of its own: verify the item first.
"""

from typing import Any

from dynaseal.attributes import AttributeValue
from dynaseal.legacy.delegated_keys import DelegatedKey
from dynaseal.legacy.exceptions import DecryptionError, EncryptionError
from dynaseal.legacy.internal.dialects import CONTENT
from dynaseal.legacy.internal.formatting.deserialize.attribute import deserialize_attribute
from dynaseal.legacy.internal.formatting.serialize.attribute import serialize_attribute
from dynaseal.legacy.internal.identifiers import Tag
from dynaseal.legacy.internal.results import bytes_from

__all__ = ("decrypt_attribute", "encrypt_attribute")


def encrypt_attribute(
    attribute_name: str, attribute: AttributeValue, encryption_key: DelegatedKey, algorithm: str
) -> dict[str, bytes]:
    """Encrypt one attribute value.

    Raises:
        SerializationError: the value cannot be turned into bytes.
        EncryptionError: the key cannot encrypt.
    """
    ciphertext = encryption_key.encrypt(
        algorithm=algorithm, name=attribute_name, plaintext=serialize_attribute(attribute, CONTENT)
    )
    return {Tag.BINARY.dynamodb_tag: bytes_from("encrypt", ciphertext, EncryptionError)}


def decrypt_attribute(
    attribute_name: str, attribute: AttributeValue, decryption_key: DelegatedKey, algorithm: str
) -> dict[str, Any]:
    """Decrypt one attribute of an item that was verified.

    Raises:
        DecryptionError: the key cannot decrypt it.
        DeserializationError: what it decrypts to is not an attribute value.
    """
    plaintext = decryption_key.decrypt(
        algorithm=algorithm, name=attribute_name, ciphertext=attribute[Tag.BINARY.dynamodb_tag]
    )
    return deserialize_attribute(bytes_from("decrypt", plaintext, DecryptionError, may_be_empty=True))
