"""One item of 12 attributes: encrypted and decrypted, beside AWS's older Python library."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dynamodb_encryption_sdk.delegated_keys.jce import JceNameLocalDelegatedKey
from dynamodb_encryption_sdk.encrypted import CryptoConfig
from dynamodb_encryption_sdk.encrypted.item import decrypt_dynamodb_item, encrypt_dynamodb_item
from dynamodb_encryption_sdk.identifiers import CryptoAction as OlderAction
from dynamodb_encryption_sdk.identifiers import EncryptionKeyType, KeyEncodingType
from dynamodb_encryption_sdk.material_providers.wrapped import WrappedCryptographicMaterialsProvider
from dynamodb_encryption_sdk.structures import AttributeActions as OlderActions
from dynamodb_encryption_sdk.structures import EncryptionContext

from benchmarks.measure import microseconds
from benchmarks.wire import wire_item
from dynaseal import AlgorithmSuite, CryptoAction, ItemEncryptor, RawAesKeyring, TableConfig

ITEM_FILE = Path(__file__).parents[1] / "vectors" / "bench-item.json"


def rows(*, quick: bool) -> list[tuple[str, float, float]]:
    """Measure; return each library's name and the microseconds to encrypt and to decrypt an item."""
    spec = json.loads(ITEM_FILE.read_text())
    item = wire_item(spec["item"])
    pairs = {f"dynaseal {suite.value:#x}": _ours(suite, spec, item) for suite in AlgorithmSuite}
    pairs["dynamodb-encryption-sdk 3.3.0"] = _older(spec, item)
    rounds, repeat = (5, 40) if quick else (25, 200)
    encrypt = microseconds({name: pair[0] for name, pair in pairs.items()}, rounds=rounds, repeat=repeat)
    decrypt = microseconds({name: pair[1] for name, pair in pairs.items()}, rounds=rounds, repeat=repeat)
    return [(name, encrypt[name], decrypt[name]) for name in pairs]


type_of_pair = tuple[Callable[[], object], Callable[[], object]]


def _ours(suite: AlgorithmSuite, spec: Any, item: dict[str, Any]) -> type_of_pair:
    encryptor = ItemEncryptor(
        TableConfig(
            "bench",
            spec["partition_key"],
            spec["sort_key"],
            attribute_actions={name: CryptoAction[action] for name, action in spec["actions"].items()},
            keyring=RawAesKeyring("bench", "one", bytes(range(32))),
            algorithm_suite=suite,
        )
    )
    stored = encryptor.encrypt_item(item)
    if encryptor.decrypt_item(stored) != item:
        raise AssertionError("the item did not come back")
    return lambda: encryptor.encrypt_item(item), lambda: encryptor.decrypt_item(stored)


def _older(spec: Any, item: dict[str, Any]) -> type_of_pair:
    def key(algorithm: str, data: bytes) -> JceNameLocalDelegatedKey:
        return JceNameLocalDelegatedKey(data, algorithm, EncryptionKeyType.SYMMETRIC, KeyEncodingType.RAW)

    wrapping = key("AESWrap", bytes(range(32)))
    provider = WrappedCryptographicMaterialsProvider(
        signing_key=key("HmacSHA256", bytes(range(32))), wrapping_key=wrapping, unwrapping_key=wrapping
    )
    config = CryptoConfig(
        materials_provider=provider,
        encryption_context=EncryptionContext(
            table_name="bench", partition_key_name=spec["partition_key"], sort_key_name=spec["sort_key"]
        ),
        attribute_actions=OlderActions(
            attribute_actions={name: getattr(OlderAction, action) for name, action in spec["actions"].items()}
        ),
    )
    stored = encrypt_dynamodb_item(item, config.with_item(item))
    # Its own `put_item` and `get_item` put each item's attributes into the configuration. Reading takes two
    # attributes out of the caller's item, hence the copy.
    return (
        lambda: encrypt_dynamodb_item(item, config.with_item(item)),
        lambda: decrypt_dynamodb_item(dict(stored), config.with_item(stored)),
    )
