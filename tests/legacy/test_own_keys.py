"""Providers, materials and keys that a program defines itself, and that do not keep to their interface."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from dynaseal import DecryptError, EncryptError
from dynaseal.legacy import decrypt_dynamodb_item, encrypt_dynamodb_item
from dynaseal.legacy.delegated_keys import DelegatedKey
from dynaseal.legacy.delegated_keys.jce import JceNameLocalDelegatedKey
from dynaseal.legacy.exceptions import DynamodbEncryptionSdkError, SignatureVerificationError
from dynaseal.legacy.items import OlderItems, older_actions
from dynaseal.legacy.material_providers import CryptographicMaterialsProvider
from dynaseal.legacy.material_providers.wrapped import WrappedCryptographicMaterialsProvider
from dynaseal.legacy.materials import CryptographicMaterials
from dynaseal.legacy.structures import EncryptionContext, TableIndex
from support.legacy import DYNASEAL, crypto_config, static_provider

ITEM = {"pk": {"S": "ann"}, "secret": {"S": "hunter2"}}
ACTIONS = {"pk": "SIGN_ONLY"}
STORED = encrypt_dynamodb_item(
    ITEM,
    crypto_config(
        DYNASEAL,
        {"table": {"name": "people", "partition_key": "pk"}, "actions": ACTIONS},
        static_provider(DYNASEAL),
        ITEM,
    ),
)


class Key(DelegatedKey):
    """A key that answers whatever it is told to, and otherwise as another key does."""

    def __init__(self, key: DelegatedKey, **answers: Any) -> None:
        self._key, self._answers = key, answers

    def _call(self, method: str, *args: Any, **kwargs: Any) -> Any:
        if method in self._answers:
            return self._answers[method]
        return getattr(self._key, method)(*args, **kwargs)

    @property
    def algorithm(self) -> str:
        return self._answers.get("algorithm", self._key.algorithm)

    def encrypt(self, *args: Any, **kwargs: Any) -> bytes:
        return self._call("encrypt", *args, **kwargs)

    def decrypt(self, *args: Any, **kwargs: Any) -> bytes:
        return self._call("decrypt", *args, **kwargs)

    def wrap(self, *args: Any, **kwargs: Any) -> bytes:
        return self._call("wrap", *args, **kwargs)

    def unwrap(self, *args: Any, **kwargs: Any) -> DelegatedKey:
        return self._call("unwrap", *args, **kwargs)

    def sign(self, *args: Any, **kwargs: Any) -> bytes:
        return self._call("sign", *args, **kwargs)

    def verify(self, *args: Any, **kwargs: Any) -> None:
        return self._call("verify", *args, **kwargs)

    def signing_algorithm(self) -> str:
        return self._call("signing_algorithm")


class Materials(CryptographicMaterials):
    """Materials of these keys; a value in their place is returned as it is."""

    def __init__(self, encryption: Any, signing: Any, description: Any) -> None:
        self._encryption, self._signing, self._description = encryption, signing, description

    @property
    def material_description(self) -> dict[str, str]:
        return self._description

    @property
    def encryption_key(self) -> DelegatedKey:
        return self._encryption

    @property
    def decryption_key(self) -> DelegatedKey:
        return self._encryption

    @property
    def signing_key(self) -> DelegatedKey:
        return self._signing

    @property
    def verification_key(self) -> DelegatedKey:
        return self._signing


class Provider(CryptographicMaterialsProvider):
    """Gives these materials."""

    def __init__(self, materials: Any) -> None:
        self._materials = materials

    def encryption_materials(self, encryption_context: EncryptionContext) -> CryptographicMaterials:  # noqa: ARG002 an override
        return self._materials

    decryption_materials = encryption_materials


_STATIC = static_provider(DYNASEAL)
AES = _STATIC.encryption_materials(EncryptionContext()).encryption_key
MAC = _STATIC.encryption_materials(EncryptionContext()).signing_key


def giving(encryption: Any = AES, signing: Any = MAC, description: Any = None) -> Provider:
    return Provider(Materials(encryption, signing, {} if description is None else description))


def aes(**answers: Any) -> Key:
    return Key(AES, **answers)


def mac(**answers: Any) -> Key:
    return Key(MAC, **answers)


def wrapped(**answers: Any) -> WrappedCryptographicMaterialsProvider:
    wrapping = Key(JceNameLocalDelegatedKey.generate("AES", 256), **answers)
    return WrappedCryptographicMaterialsProvider(MAC, wrapping, wrapping)


NOT_BYTES: dict[str, Any] = {"None": None, "text": "text", "a number": 5, "a list": [1, 2], "no bytes": b""}
WRITERS: dict[str, Callable[[], Any]] = {
    "no materials": lambda: Provider(None),
    "bytes as materials": lambda: Provider(b"k" * 32),
    "no encryption key": lambda: giving(encryption=None),
    "bytes as an encryption key": lambda: giving(encryption=b"k" * 32),
    "no signing key": lambda: giving(signing=None),
    "bytes as a signing key": lambda: giving(signing=b"k" * 32),
    "a list as the description": lambda: giving(description=[("a", "b")]),
    "a number in the description": lambda: giving(description={"a": 5}),
    "a number as a name in the description": lambda: giving(description={5: "a"}),
    "a lone surrogate in the description": lambda: giving(description={"a": "\ud800"}),
    "bytes in the description that are not UTF-8": lambda: giving(description={"a": b"\xff"}),
    "an encryption key without an algorithm": lambda: giving(encryption=aes(algorithm=None)),
    "a signing algorithm that is a number": lambda: giving(signing=mac(signing_algorithm=5)),
    **{
        f"encrypt returns {name}": lambda v=v: giving(encryption=aes(encrypt=v))
        for name, v in NOT_BYTES.items()
    },
    **{f"sign returns {name}": lambda v=v: giving(signing=mac(sign=v)) for name, v in NOT_BYTES.items()},
    **{f"wrap returns {name}": lambda v=v: wrapped(wrap=v) for name, v in NOT_BYTES.items()},
}
READERS: dict[str, Callable[[], Any]] = {
    "no materials": lambda: Provider(None),
    "bytes as materials": lambda: Provider(b"k" * 32),
    "no decryption key": lambda: giving(encryption=None),
    "bytes as a decryption key": lambda: giving(encryption=b"k" * 32),
    "no verification key": lambda: giving(signing=None),
    "bytes as a verification key": lambda: giving(signing=b"k" * 32),
    "a decryption key without an algorithm": lambda: giving(encryption=aes(algorithm=None)),
    **{
        f"decrypt returns {name}": lambda v=v: giving(encryption=aes(decrypt=v))
        for name, v in NOT_BYTES.items()
    },
}


def config(provider: Any, item: dict[str, Any]) -> Any:
    case = {"table": {"name": "people", "partition_key": "pk"}, "actions": ACTIONS}
    return crypto_config(DYNASEAL, case, provider, item)


def older_items(provider: Any) -> OlderItems:
    return OlderItems(provider, "people", TableIndex("pk"), older_actions({}))


@pytest.mark.parametrize("writer", WRITERS.values(), ids=WRITERS)
def test_nothing_is_written_that_nobody_could_read(writer: Callable[[], Any]) -> None:
    with pytest.raises(DynamodbEncryptionSdkError) as raised:
        encrypt_dynamodb_item(ITEM, config(writer(), ITEM))
    assert "hunter2" not in str(raised.value)
    with pytest.raises(EncryptError) as refused:
        older_items(writer()).write(ITEM)
    assert "a value cannot be stored" not in str(refused.value), "the item's values are not to blame"


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
def test_nothing_is_read_that_is_not_decrypted(reader: Callable[[], Any]) -> None:
    with pytest.raises(DynamodbEncryptionSdkError):
        decrypt_dynamodb_item(STORED, config(reader(), STORED))
    with pytest.raises(DecryptError):
        older_items(reader()).read(STORED)


@pytest.mark.parametrize("content_key", [None, b"k" * 32, "text"])
def test_a_content_key_that_is_not_a_key_is_refused(content_key: Any) -> None:
    stored = encrypt_dynamodb_item(ITEM, config(wrapped(wrap=b"wrapped"), ITEM))
    with pytest.raises(DynamodbEncryptionSdkError):
        decrypt_dynamodb_item(stored, config(wrapped(unwrap=content_key), stored))


@pytest.mark.parametrize("result", [False, 0, b"", 1, "yes", object])
def test_a_verification_that_returns_neither_nothing_nor_true_does_not_verify(result: Any) -> None:
    with pytest.raises(SignatureVerificationError):
        decrypt_dynamodb_item(STORED, config(giving(signing=mac(verify=result)), STORED))


def test_a_verification_that_has_not_run_does_not_verify() -> None:
    async def verify() -> bool:
        return True

    with pytest.raises(SignatureVerificationError):
        decrypt_dynamodb_item(STORED, config(giving(signing=mac(verify=verify())), STORED))


def test_keys_of_a_program_that_keep_to_their_interface_are_used() -> None:
    provider = giving(encryption=aes(), signing=mac(), description={"a": "b"})
    stored = encrypt_dynamodb_item(ITEM, config(provider, ITEM))
    assert decrypt_dynamodb_item(stored, config(provider, stored)) == ITEM
    assert decrypt_dynamodb_item(stored, config(giving(signing=mac(verify=True)), stored)) == ITEM


def test_bytes_like_answers_are_stored_as_bytes() -> None:
    ciphertext = memoryview(AES.encrypt("AES/CBC/PKCS5Padding", "secret", b"\x00s\x00\x00\x00\x01x"))
    provider = giving(encryption=aes(encrypt=ciphertext), signing=mac(sign=bytearray(b"signature")))
    stored = encrypt_dynamodb_item(ITEM, config(provider, ITEM))
    assert type(stored["secret"]["B"]) is bytes
    assert type(stored["*amzn-ddb-map-sig*"]["B"]) is bytes
