"""Single items of the older format, written and read.

Written: attributes are encrypted one by one, the stored values are signed, and signature and material
description are added. Read: the signature is verified first, always, and only then is anything decrypted.

An item of which nothing is encrypted or signed passes as it is, in both directions; that is what DO_NOTHING
for every attribute means.
"""

import logging
from typing import Any

from dynaseal.attributes import Item
from dynaseal.legacy.delegated_keys import DelegatedKey
from dynaseal.legacy.encrypted import CryptoConfig
from dynaseal.legacy.exceptions import DecryptionError, DeserializationError, EncryptionError, SigningError
from dynaseal.legacy.identifiers import LOGGER_NAME, CryptoAction
from dynaseal.legacy.internal.crypto.authentication import sign_item, verify_item_signature
from dynaseal.legacy.internal.crypto.encryption import decrypt_attribute, encrypt_attribute
from dynaseal.legacy.internal.crypto.jce_bridge.encryption import JavaCipher
from dynaseal.legacy.internal.formatting import material_description as description_format
from dynaseal.legacy.internal.identifiers import (
    MaterialDescriptionKeys,
    MaterialDescriptionValues,
    ReservedAttributes,
)
from dynaseal.legacy.internal.results import algorithm_of, description_of, key_of
from dynaseal.legacy.internal.spelling import as_stored
from dynaseal.legacy.materials import CryptographicMaterials
from dynaseal.legacy.transform import ddb_to_dict, dict_to_ddb

__all__ = ("decrypt_dynamodb_item", "decrypt_python_item", "encrypt_dynamodb_item", "encrypt_python_item")

_LOGGER = logging.getLogger(LOGGER_NAME)
_DESCRIPTION = ReservedAttributes.MATERIAL_DESCRIPTION.value
_SIGNATURE = ReservedAttributes.SIGNATURE.value
_MODE = MaterialDescriptionKeys.ATTRIBUTE_ENCRYPTION_MODE.value
_SIGNING_ALGORITHM = MaterialDescriptionKeys.SIGNING_KEY_ALGORITHM.value
_CBC = MaterialDescriptionValues.CBC_PKCS5_ATTRIBUTE_ENCRYPTION.value


def encrypt_dynamodb_item(item: Item, crypto_config: CryptoConfig) -> dict[str, Any]:
    """Encrypt and sign an item in wire form.

    Args:
        item: The item.
        crypto_config: Its provider, context and actions. With a KMS provider, the context should have the
            item's attributes: its keys are bound to the data key. The encrypting clients see to that.

    Returns:
        The item to store. Numbers of key attributes are spelled as DynamoDB spells them.

    Raises:
        EncryptionError: the item has one of the format's own attributes, or there is no key to encrypt with.
        WrappingError: no data key can be made.
        SerializationError: a value has a type that is not known, or a content that does not fit its type.
    """
    if crypto_config.attribute_actions.take_no_actions:
        return dict(item)
    for name in (_DESCRIPTION, _SIGNATURE):
        if name in item:
            raise EncryptionError(f'Reserved attribute name "{name}" is not allowed in plaintext item.')
    plaintext, config = as_stored(item, crypto_config)
    return write_item(plaintext, config.encryption_materials(), config)


def write_item(item: Item, materials: CryptographicMaterials, crypto_config: CryptoConfig) -> dict[str, Any]:
    """Encrypt and sign an item with materials that are at hand.

    Args:
        item: The item in wire form, without the format's own attributes.
        materials: Its keys, and the entries for its description.
        crypto_config: The table's name and the actions; its provider is not asked.

    Raises:
        EncryptionError: there is no key to encrypt with.
        SigningError: there is no key to sign with, or it does not sign.
    """
    description = dict(description_of(materials))
    key = _encryption_key(materials, crypto_config)
    if key is None:
        encrypted = dict(item)
    else:
        description[_MODE] = _CBC
        algorithm = algorithm_of(key, EncryptionError) + _CBC
        encrypted = {
            name: encrypt_attribute(name, value, key, algorithm)
            if _is_encrypted(name, crypto_config)
            else value
            for name, value in item.items()
        }
    signing_key = key_of(materials, "signing_key", SigningError)
    if signing_key is None:
        raise SigningError("No signing key is available")
    signature = sign_item(encrypted, signing_key, crypto_config)
    try:
        description[_SIGNING_ALGORITHM] = signing_key.signing_algorithm()
    except NotImplementedError:
        # A delegated key need not say; readers take the algorithm from their own key.
        _LOGGER.debug("The signing key names no algorithm for the material description")
    return {**encrypted, _SIGNATURE: signature, _DESCRIPTION: description_format.serialize(description)}


def encrypt_python_item(item: dict[str, Any], crypto_config: CryptoConfig) -> dict[str, Any]:
    """Encrypt and sign an item of Python values; see `encrypt_dynamodb_item`."""
    return ddb_to_dict(encrypt_dynamodb_item(dict_to_ddb(item), crypto_config))


def decrypt_dynamodb_item(item: Item, crypto_config: CryptoConfig) -> dict[str, Any]:
    """Verify and decrypt an item in wire form.

    Args:
        item: The stored item. It is not changed.
        crypto_config: Its provider, context and actions. With a KMS provider, the context must have the
            attributes that it had when the item was written.

    Returns:
        The item, without the format's own attributes.

    Raises:
        DecryptionError: the item is not signed, or cannot be decrypted.
        SignatureVerificationError: the item was changed, or written for another table, key or set of actions.
        UnwrappingError: its data key cannot be unwrapped.
        DeserializationError: its description or a decrypted value is malformed.
    """
    if crypto_config.attribute_actions.take_no_actions:
        return dict(item)
    if _SIGNATURE not in item:
        raise DecryptionError("No signature attribute found in item")
    config = crypto_config.copy()
    if _DESCRIPTION in item:
        config.encryption_context.material_description = description_format.deserialize(item[_DESCRIPTION])
    return read_item(item, config.decryption_materials(), config)


def read_item(item: Item, materials: CryptographicMaterials, crypto_config: CryptoConfig) -> dict[str, Any]:
    """Verify and decrypt an item with materials that are at hand.

    Args:
        item: The stored item in wire form, with its signature.
        materials: Its keys.
        crypto_config: The table's name, the actions, and the item's description; its provider is not asked.

    Raises:
        SignatureVerificationError: the item does not verify.
        DecryptionError: it cannot be decrypted.
    """
    signed = {name: value for name, value in item.items() if name not in (_SIGNATURE, _DESCRIPTION)}
    verification_key = key_of(materials, "verification_key", DecryptionError)
    if verification_key is None:
        raise DecryptionError("No verification key is available")
    verify_item_signature(item[_SIGNATURE], signed, verification_key, crypto_config)
    key = _decryption_key(materials, crypto_config)
    if key is None:
        return signed
    # Without the entry this is a TypeError, as in the older library: there is no algorithm to decrypt by.
    mode: Any = crypto_config.encryption_context.material_description.get(_MODE)
    algorithm: str = algorithm_of(key, DecryptionError) + mode
    _check_mode(mode)
    return {
        name: decrypt_attribute(name, value, key, algorithm) if _is_encrypted(name, crypto_config) else value
        for name, value in signed.items()
    }


def decrypt_python_item(item: dict[str, Any], crypto_config: CryptoConfig) -> dict[str, Any]:
    """Verify and decrypt an item of Python values; see `decrypt_dynamodb_item`."""
    return ddb_to_dict(decrypt_dynamodb_item(dict_to_ddb(item), crypto_config))


def _is_encrypted(name: str, crypto_config: CryptoConfig) -> bool:
    return crypto_config.attribute_actions.action(name) is CryptoAction.ENCRYPT_AND_SIGN


def _encryption_key(materials: CryptographicMaterials, crypto_config: CryptoConfig) -> DelegatedKey | None:
    key = key_of(materials, "encryption_key", EncryptionError)
    if key is None and crypto_config.attribute_actions.contains_action(CryptoAction.ENCRYPT_AND_SIGN):
        raise EncryptionError(
            "Attribute actions ask for some attributes to be encrypted but no encryption key is available"
        )
    return key


def _decryption_key(materials: CryptographicMaterials, crypto_config: CryptoConfig) -> DelegatedKey | None:
    key = key_of(materials, "decryption_key", DecryptionError)
    if key is None and crypto_config.attribute_actions.contains_action(CryptoAction.ENCRYPT_AND_SIGN):
        raise DecryptionError(
            "Attribute actions ask for some attributes to be decrypted but no decryption key is available"
        )
    return key


def _check_mode(mode: str) -> None:
    """Refuse every mode but the one that both clients write.

    The description is not signed. Under another mode an attacker could turn a verified ciphertext into bytes
    that its writer never encrypted.
    """
    if mode != _CBC:
        JavaCipher.from_transformation(f"AES{mode}")  # Names that are not known have an error of their own.
        raise DeserializationError(f'Attributes are not written in the mode "{mode}"')
