"""The provider store in a DynamoDB table.

Each row holds the wrapping and the signing key of one version, encrypted.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from boto3.dynamodb.conditions import Attr, Key
from boto3.dynamodb.types import Binary
from boto3.resources.base import ServiceResource
from botocore.exceptions import ClientError

from dynaseal.legacy.delegated_keys.jce import JceNameLocalDelegatedKey
from dynaseal.legacy.encrypted.table import EncryptedTable
from dynaseal.legacy.exceptions import InvalidVersionError, NoKnownVersionError, VersionAlreadyExistsError
from dynaseal.legacy.identifiers import LOGGER_NAME, EncryptionKeyType, KeyEncodingType
from dynaseal.legacy.internal.validators import check_type
from dynaseal.legacy.material_providers import CryptographicMaterialsProvider
from dynaseal.legacy.material_providers.store import ProviderStore
from dynaseal.legacy.material_providers.wrapped import WrappedCryptographicMaterialsProvider

__all__ = ("MetaStore",)

_LOGGER = logging.getLogger(LOGGER_NAME)
_VERSION_ENTRY = "amzn-ddb-meta-id"


class MetaStoreAttributeNames(Enum):
    """The attributes of a row."""

    PARTITION = "N"
    SORT = "V"
    INTEGRITY_ALGORITHM = "intAlg"
    INTEGRITY_KEY = "int"
    ENCRYPTION_ALGORITHM = "encAlg"
    ENCRYPTION_KEY = "enc"
    MATERIAL_TYPE_VERSION = "t"


class MetaStoreValues(Enum):
    """Fixed values of a row."""

    INTEGRITY_ALGORITHM = "HmacSHA256"
    ENCRYPTION_ALGORITHM = "AES"
    MATERIAL_TYPE_VERSION = "0"
    KEY_BITS = 256


_NAME = MetaStoreAttributeNames.PARTITION.value
_VERSION = MetaStoreAttributeNames.SORT.value
_Keys = tuple[JceNameLocalDelegatedKey, JceNameLocalDelegatedKey]


@dataclass(init=False)
class MetaStore(ProviderStore):
    """Keeps materials in a DynamoDB table, each row encrypted and signed by another provider.

    Args:
        table: A boto3 Table with the keys `N` (string) and `V` (number).
        materials_provider: What the rows are encrypted with.

    Raises:
        TypeError: an argument has another type.
    """

    _table: Any
    _materials_provider: CryptographicMaterialsProvider

    def __init__(self, table: Any, materials_provider: CryptographicMaterialsProvider) -> None:
        check_type("_table", table, ServiceResource)
        check_type("_materials_provider", materials_provider, CryptographicMaterialsProvider)
        self._table = table
        self._materials_provider = materials_provider
        self._encrypted_table = EncryptedTable(table=table, materials_provider=materials_provider)

    @classmethod
    def create_table(cls, client: Any, table_name: str, read_units: int, write_units: int) -> None:
        """Create the table for a meta store.

        Raises:
            Exception: DynamoDB refused; its answer is the second argument.
        """
        try:
            client.create_table(
                TableName=table_name,
                AttributeDefinitions=[
                    {"AttributeName": _NAME, "AttributeType": "S"},
                    {"AttributeName": _VERSION, "AttributeType": "N"},
                ],
                KeySchema=[
                    {"AttributeName": _NAME, "KeyType": "HASH"},
                    {"AttributeName": _VERSION, "KeyType": "RANGE"},
                ],
                ProvisionedThroughput={"ReadCapacityUnits": read_units, "WriteCapacityUnits": write_units},
            )
        except ClientError as error:
            raise Exception("Could not create table", error) from error  # noqa: TRY002 the older library's class

    def _load_materials(self, material_name: str, version: int) -> _Keys:
        """Return the wrapping and the signing key of a version.

        Raises:
            InvalidVersionError: the store does not have it, or in a form that is not known.
        """
        _LOGGER.debug('Loading material "%s" version %d from MetaStore table', material_name, version)
        # Consistent: another writer may have just made the version that this one could not.
        reply = self._encrypted_table.get_item(
            Key={_NAME: material_name, _VERSION: version}, ConsistentRead=True
        )
        if "Item" not in reply:
            raise InvalidVersionError(f'Version not found: "{material_name}#{version}"')
        row = reply["Item"]
        names = MetaStoreAttributeNames
        try:
            encryption_key = row[names.ENCRYPTION_KEY.value].value, row[names.ENCRYPTION_ALGORITHM.value]
            signing_key = row[names.INTEGRITY_KEY.value].value, row[names.INTEGRITY_ALGORITHM.value]
        except KeyError:
            raise Exception("Invalid record") from None  # noqa: TRY002 the older library's class
        if row[names.MATERIAL_TYPE_VERSION.value] != MetaStoreValues.MATERIAL_TYPE_VERSION.value:
            raise InvalidVersionError("Unsupported material type")
        return _raw_key(*encryption_key), _raw_key(*signing_key)

    def _save_materials(
        self,
        material_name: str,
        version: int,
        encryption_key: JceNameLocalDelegatedKey,
        signing_key: JceNameLocalDelegatedKey,
    ) -> None:
        """Store a new version.

        Raises:
            VersionAlreadyExistsError: the store has it already.
        """
        _LOGGER.debug('Saving material "%s" version %d to MetaStore table', material_name, version)
        names = MetaStoreAttributeNames
        item = {
            _NAME: material_name,
            _VERSION: version,
            names.MATERIAL_TYPE_VERSION.value: MetaStoreValues.MATERIAL_TYPE_VERSION.value,
            names.ENCRYPTION_ALGORITHM.value: encryption_key.algorithm,
            names.ENCRYPTION_KEY.value: Binary(encryption_key.key),
            names.INTEGRITY_ALGORITHM.value: signing_key.algorithm,
            names.INTEGRITY_KEY.value: Binary(signing_key.key),
        }
        try:
            self._encrypted_table.put_item(
                Item=item,
                ConditionExpression=Attr(_NAME).not_exists() & Attr(_VERSION).not_exists(),
            )
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") != "ConditionalCheckFailedException":
                # The older library goes on, and encrypts items under a key that was never stored.
                raise
            raise VersionAlreadyExistsError(f'Version already exists: "{material_name}#{version}"') from error

    def _save_or_load_materials(
        self,
        material_name: str,
        version: int,
        encryption_key: JceNameLocalDelegatedKey,
        signing_key: JceNameLocalDelegatedKey,
    ) -> _Keys:
        try:
            self._save_materials(material_name, version, encryption_key, signing_key)
        except VersionAlreadyExistsError:
            return self._load_materials(material_name, version)
        return encryption_key, signing_key

    @staticmethod
    def _material_description(material_name: str, version: int) -> dict[str, str]:
        return {_VERSION_ENTRY: f"{material_name}#{version}"}

    def _provider_of(
        self, material_name: str, version: int, keys: _Keys
    ) -> WrappedCryptographicMaterialsProvider:
        encryption_key, signing_key = keys
        return WrappedCryptographicMaterialsProvider(
            signing_key=signing_key,
            wrapping_key=encryption_key,
            unwrapping_key=encryption_key,
            material_description=self._material_description(material_name, version),
        )

    def get_or_create_provider(self, material_name: str, version: int) -> CryptographicMaterialsProvider:
        """Store new keys as a version, or read that version if it is there, and return its provider."""
        bits = MetaStoreValues.KEY_BITS.value
        encryption_key = JceNameLocalDelegatedKey.generate(MetaStoreValues.ENCRYPTION_ALGORITHM.value, bits)
        signing_key = JceNameLocalDelegatedKey.generate(MetaStoreValues.INTEGRITY_ALGORITHM.value, bits)
        keys = self._save_or_load_materials(material_name, version, encryption_key, signing_key)
        return self._provider_of(material_name, version, keys)

    def provider(self, material_name: str, version: int | None = None) -> CryptographicMaterialsProvider:
        """Return the provider of a version; of the newest, which may be made now, where none is named.

        Raises:
            InvalidVersionError: the store does not have the version.
        """
        if version is None:
            return super().provider(material_name)
        return self._provider_of(material_name, version, self._load_materials(material_name, version))

    def version_from_material_description(self, material_description: Mapping[str, str]) -> int:
        """Return the version that an item's description names.

        Raises:
            Exception: it names none.
        """
        try:
            info = material_description[_VERSION_ENTRY]
        except KeyError:
            raise Exception("No info found") from None  # noqa: TRY002 the older library's class
        try:
            return int(info.split("#", 1)[1])
        except (IndexError, ValueError):
            raise Exception("Malformed info") from None  # noqa: TRY002 the older library's class

    def max_version(self, material_name: str) -> int:
        """Return the newest version of a material.

        Raises:
            NoKnownVersionError: there is none.
        """
        reply = self._encrypted_table.query(
            KeyConditionExpression=Key(_NAME).eq(material_name), ScanIndexForward=False, Limit=1
        )
        if not reply["Items"]:
            raise NoKnownVersionError(f'No known version for name: "{material_name}"')
        return int(reply["Items"][0][_VERSION])


def _raw_key(key: bytes, algorithm: str) -> JceNameLocalDelegatedKey:
    return JceNameLocalDelegatedKey(
        key=bytes(key),
        algorithm=algorithm,
        key_type=EncryptionKeyType.SYMMETRIC,
        key_encoding=KeyEncodingType.RAW,
    )
