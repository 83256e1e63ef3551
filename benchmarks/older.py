"""AWS's older Python library, `dynamodb-encryption-sdk`, on the same items."""

from collections.abc import Callable
from typing import Any

from dynamodb_encryption_sdk.delegated_keys.jce import JceNameLocalDelegatedKey
from dynamodb_encryption_sdk.encrypted import CryptoConfig
from dynamodb_encryption_sdk.encrypted.item import decrypt_dynamodb_item, encrypt_dynamodb_item
from dynamodb_encryption_sdk.encrypted.table import EncryptedTable
from dynamodb_encryption_sdk.identifiers import CryptoAction as OlderAction
from dynamodb_encryption_sdk.identifiers import EncryptionKeyType, KeyEncodingType
from dynamodb_encryption_sdk.material_providers.wrapped import WrappedCryptographicMaterialsProvider
from dynamodb_encryption_sdk.structures import AttributeActions as OlderActions
from dynamodb_encryption_sdk.structures import EncryptionContext, TableIndex, TableInfo

from benchmarks.samples import KEY, Sample


def calls(sample: Sample) -> tuple[Callable[[], object], Callable[[], object]]:
    """Return what encrypts an item and what decrypts it."""
    config, item = _config(sample), sample.item
    stored = encrypted(sample, item)
    # Its own `put_item` and `get_item` put each item's attributes into the configuration. Reading takes two
    # attributes out of the caller's item, hence the copy.
    return (
        lambda: encrypt_dynamodb_item(item, config.with_item(item)),
        lambda: decrypt_dynamodb_item(dict(stored), config.with_item(stored)),
    )


def encrypted(sample: Sample, item: dict[str, Any]) -> dict[str, Any]:
    """Return an item of the sample's table, encrypted."""
    return encrypt_dynamodb_item(item, _config(sample).with_item(item))


def table(plain_table: Any, sample: Sample) -> Any:
    """Return this library's own table over a boto3 Table."""
    info = TableInfo(name="bench", primary_index=TableIndex(partition="pk", sort="sk"))
    return EncryptedTable(plain_table, _provider(), info, _actions(sample), auto_refresh_table_indexes=False)


def _config(sample: Sample) -> CryptoConfig:
    return CryptoConfig(
        materials_provider=_provider(),
        encryption_context=EncryptionContext(table_name="bench", partition_key_name="pk", sort_key_name="sk"),
        attribute_actions=_actions(sample),
    )


def _actions(sample: Sample) -> OlderActions:
    return OlderActions(
        attribute_actions={name: getattr(OlderAction, action) for name, action in sample.actions.items()}
    )


def _provider() -> WrappedCryptographicMaterialsProvider:
    wrapping = _key("AESWrap", KEY)
    return WrappedCryptographicMaterialsProvider(
        wrapping_key=wrapping, unwrapping_key=wrapping, signing_key=_key("HmacSHA256", KEY)
    )


def _key(algorithm: str, data: bytes) -> JceNameLocalDelegatedKey:
    return JceNameLocalDelegatedKey(data, algorithm, EncryptionKeyType.SYMMETRIC, KeyEncodingType.RAW)
