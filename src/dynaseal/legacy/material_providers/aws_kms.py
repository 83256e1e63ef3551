"""The provider with a KMS data key for each item.

- One GenerateDataKey for each item written and one Decrypt for each item read. The attribute key and the
  signing key are derived from the data key.
- The KMS encryption context holds the algorithms, the item's key values and the table's name, so that KMS
  itself refuses an item under another key or in another table.
- Decrypt names no KMS key, as in the older library: items stay readable after the provider's key was changed.
  Which keys may decrypt is decided by the caller's IAM policy; it should name them.
"""

import base64
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from threading import Lock
from typing import Any

import boto3
import botocore.client
import botocore.config
import botocore.session
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from dynaseal.attributes import AttributeValue
from dynaseal.legacy.delegated_keys.jce import JceNameLocalDelegatedKey
from dynaseal.legacy.exceptions import UnknownRegionError, UnwrappingError, WrappingError
from dynaseal.legacy.identifiers import LOGGER_NAME, USER_AGENT_SUFFIX, EncryptionKeyType, KeyEncodingType
from dynaseal.legacy.internal.identifiers import MaterialDescriptionKeys
from dynaseal.legacy.internal.str_ops import to_bytes
from dynaseal.legacy.internal.validators import check_mapping, check_members, check_type
from dynaseal.legacy.material_providers import CryptographicMaterialsProvider
from dynaseal.legacy.materials.raw import RawDecryptionMaterials, RawEncryptionMaterials
from dynaseal.legacy.structures import EncryptionContext

__all__ = ("AwsKmsCryptographicMaterialsProvider",)

_LOGGER = logging.getLogger(LOGGER_NAME)

_DEFAULT_CONTENT_ENCRYPTION_ALGORITHM = "AES/256"
_DEFAULT_SIGNING_ALGORITHM = "HmacSHA256/256"
_DEFAULT_KEY_LENGTH = 256
_DATA_KEY_LENGTH = 32
_CONTENT_ALGORITHM = MaterialDescriptionKeys.CONTENT_ENCRYPTION_ALGORITHM.value
_SIGNING_ALGORITHM = MaterialDescriptionKeys.ITEM_SIGNATURE_ALGORITHM.value
_WRAPPED_KEY = MaterialDescriptionKeys.WRAPPED_DATA_KEY.value


class HkdfInfo(Enum):
    """What a derived key is for, as HKDF is told."""

    ENCRYPTION = b"Encryption"
    SIGNING = b"Signing"


class EncryptionContextKeys(Enum):
    """Names in the KMS encryption context beside the item's keys."""

    CONTENT_ENCRYPTION_ALGORITHM = f"*{MaterialDescriptionKeys.CONTENT_ENCRYPTION_ALGORITHM.value}*"
    SIGNATURE_ALGORITHM = f"*{MaterialDescriptionKeys.ITEM_SIGNATURE_ALGORITHM.value}*"
    TABLE_NAME = "*aws-kms-table*"


@dataclass
class KeyInfo:
    """An algorithm and the length of its keys.

    Args:
        description: Both as a material description has them, such as `AES/256`.
        algorithm: The Java name of the algorithm.
        length: The length in bits.

    Raises:
        TypeError: an argument has another type.
    """

    description: str
    algorithm: str
    length: int

    def __post_init__(self) -> None:
        check_type("description", self.description, str)
        check_type("algorithm", self.algorithm, str)
        check_type("length", self.length, int)

    @classmethod
    def from_description(cls, description: str, default_key_length: int | None = None) -> "KeyInfo":
        """Take a description apart.

        Raises:
            ValueError: it has no length and there is no default, or its length is not a number.
        """
        algorithm, _, length = description.partition("/")
        if length:
            return cls(description, algorithm, int(length))
        if default_key_length is None:
            raise ValueError(
                f'Description "{description}" does not contain key length and no default key length is '
                "provided"
            )
        return cls(description, algorithm, default_key_length)

    @classmethod
    def from_material_description(
        cls,
        material_description: Mapping[str, str],
        description_key: str,
        default_algorithm: str,
        default_key_length: int,
    ) -> "KeyInfo":
        """Take an entry of a material description apart, or a default where it is not there."""
        return cls.from_description(
            material_description.get(description_key, default_algorithm), default_key_length
        )


def _content_key_info(description: Mapping[str, str]) -> KeyInfo:
    return KeyInfo.from_material_description(
        description, _CONTENT_ALGORITHM, _DEFAULT_CONTENT_ENCRYPTION_ALGORITHM, _DEFAULT_KEY_LENGTH
    )


def _signing_key_info(description: Mapping[str, str]) -> KeyInfo:
    return KeyInfo.from_material_description(
        description, _SIGNING_ALGORITHM, _DEFAULT_SIGNING_ALGORITHM, _DEFAULT_KEY_LENGTH
    )


@dataclass(init=False)
class AwsKmsCryptographicMaterialsProvider(CryptographicMaterialsProvider):
    """Gives each item a KMS data key of its own.

    Args:
        key_id: The KMS key: its ARN or id, or an alias.
        botocore_session: A botocore session to make KMS clients from.
        grant_tokens: Grant tokens for each call.
        material_description: The algorithms, where they are not `AES/256` and `HmacSHA256/256`. Other entries
            are not written.
        regional_clients: KMS clients by Region, for those that are not to be made.

    Raises:
        TypeError: an argument has another type.
        ValueError: the length of an algorithm is not a number.
    """

    _key_id: str
    _botocore_session: Any
    _grant_tokens: tuple[str, ...] = field(repr=False)
    _material_description: dict[str, str]
    _regional_clients: dict[str, Any]

    def __init__(
        self,
        key_id: str,
        botocore_session: Any = None,
        grant_tokens: tuple[str, ...] | list[str] | None = None,
        material_description: dict[str, str] | None = None,
        regional_clients: dict[str, Any] | None = None,
    ) -> None:
        self._key_id = key_id
        self._botocore_session = botocore.session.Session() if botocore_session is None else botocore_session
        self._material_description = {} if material_description is None else material_description
        self._regional_clients = {} if regional_clients is None else regional_clients
        check_type("_key_id", key_id, str)
        check_type("_botocore_session", self._botocore_session, botocore.session.Session)
        check_members("_grant_tokens", grant_tokens or (), (tuple, list), str)
        check_mapping("_material_description", self._material_description, str, str)
        check_mapping("_regional_clients", self._regional_clients, str, botocore.client.BaseClient)
        self._grant_tokens = tuple(grant_tokens or ())
        self._user_agent_adding_config = botocore.config.Config(user_agent_extra=USER_AGENT_SUFFIX)
        self._content_key_info = _content_key_info(self._material_description)
        self._signing_key_info = _signing_key_info(self._material_description)
        self._making_client = Lock()

    def _add_regional_client(self, region_name: str) -> Any:
        """Return the KMS client of a Region, and make it if there is none."""
        # boto3 sessions are not safe to make clients from in several threads at once.
        with self._making_client:
            if region_name not in self._regional_clients:
                session: Any = boto3.session.Session(
                    region_name=region_name, botocore_session=self._botocore_session
                )
                self._regional_clients[region_name] = session.client(
                    "kms", config=self._user_agent_adding_config
                )
            return self._regional_clients[region_name]

    def _client(self, key_id: str) -> Any:
        """Return the KMS client for a key: of the Region in its ARN, otherwise of the session's Region."""
        parts = key_id.split(":", 4)
        region = parts[3] if len(parts) > 3 else self._botocore_session.get_config_variable("region")
        if region is None:
            raise UnknownRegionError(
                f"No region determinable from key id: {key_id} and no default region found in session"
            )
        return self._add_regional_client(region)

    def _select_key_id(self, encryption_context: EncryptionContext) -> str:  # noqa: ARG002 a subclass's
        """Return the KMS key for an item. A subclass may choose another by the item's attributes."""
        return self._key_id

    def _validate_key_id(self, key_id: str, encryption_context: EncryptionContext) -> None:
        """Check the chosen KMS key. A subclass may refuse it; here every key passes."""

    def _attribute_to_value(self, attribute: AttributeValue) -> str:
        ((kind, content),) = attribute.items()
        if kind == "B":
            return base64.b64encode(content).decode()
        if kind in ("S", "N"):
            return content
        raise ValueError(f'Attribute of type "{kind}" cannot be used in KMS encryption context.')

    def _kms_encryption_context(
        self, encryption_context: EncryptionContext, encryption_description: Any, signing_description: Any
    ) -> dict[str, Any]:
        """Return the KMS encryption context, without key attributes and a table name that are not known."""
        kms_encryption_context: dict[str, Any] = {
            EncryptionContextKeys.CONTENT_ENCRYPTION_ALGORITHM.value: encryption_description,
            EncryptionContextKeys.SIGNATURE_ALGORITHM.value: signing_description,
        }
        for name in (encryption_context.partition_key_name, encryption_context.sort_key_name):
            if name is not None and name in encryption_context.attributes:
                attribute = encryption_context.attributes[name]
                kms_encryption_context[name] = self._attribute_to_value(attribute)
        if encryption_context.table_name is not None:
            kms_encryption_context[EncryptionContextKeys.TABLE_NAME.value] = encryption_context.table_name
        return kms_encryption_context

    def _checked_key_id(self, encryption_context: EncryptionContext) -> str:
        key_id = self._select_key_id(encryption_context)
        self._validate_key_id(key_id, encryption_context)
        return key_id

    def _with_grant_tokens(self, request: dict[str, Any]) -> dict[str, Any]:
        return {**request, "GrantTokens": self._grant_tokens} if self._grant_tokens else request

    def _generate_initial_material(self, encryption_context: EncryptionContext) -> tuple[bytes, bytes]:
        """Call GenerateDataKey, and return the data key and the data key encrypted."""
        key_id = self._checked_key_id(encryption_context)
        request = {
            "KeyId": key_id,
            "NumberOfBytes": _DATA_KEY_LENGTH,
            "EncryptionContext": self._kms_encryption_context(
                encryption_context, self._content_key_info.description, self._signing_key_info.description
            ),
        }
        try:
            reply = self._client(key_id).generate_data_key(**self._with_grant_tokens(request))
            return reply["Plaintext"], reply["CiphertextBlob"]
        except (ClientError, KeyError) as error:
            message = "Failed to generate materials using AWS KMS"
            _LOGGER.exception(message)
            raise WrappingError(message) from error

    def _decrypt_initial_material(self, encryption_context: EncryptionContext) -> bytes:
        """Call Decrypt, and return the item's data key."""
        key_id = self._checked_key_id(encryption_context)
        # A description without an entry leads to a request that botocore refuses, or to a TypeError here.
        description: Mapping[str, Any] = encryption_context.material_description
        request = {
            "CiphertextBlob": base64.b64decode(to_bytes(description.get(_WRAPPED_KEY))),
            "EncryptionContext": self._kms_encryption_context(
                encryption_context, description.get(_CONTENT_ALGORITHM), description.get(_SIGNING_ALGORITHM)
            ),
        }
        try:
            return self._client(key_id).decrypt(**self._with_grant_tokens(request))["Plaintext"]
        except (ClientError, KeyError) as error:
            message = "Failed to unwrap AWS KMS protected materials"
            _LOGGER.exception(message)
            raise UnwrappingError(message) from error

    def _derive_delegated_key(
        self, initial_material: bytes, key_info: KeyInfo, hkdf_info: HkdfInfo
    ) -> JceNameLocalDelegatedKey:
        derivation = HKDF(hashes.SHA256(), key_info.length // 8, salt=None, info=hkdf_info.value)
        return JceNameLocalDelegatedKey(
            key=derivation.derive(initial_material),
            algorithm=key_info.algorithm,
            key_type=EncryptionKeyType.SYMMETRIC,
            key_encoding=KeyEncodingType.RAW,
        )

    def _encryption_key(self, initial_material: bytes, key_info: KeyInfo) -> JceNameLocalDelegatedKey:
        return self._derive_delegated_key(initial_material, key_info, HkdfInfo.ENCRYPTION)

    def _mac_key(self, initial_material: bytes, key_info: KeyInfo) -> JceNameLocalDelegatedKey:
        return self._derive_delegated_key(initial_material, key_info, HkdfInfo.SIGNING)

    def decryption_materials(self, encryption_context: EncryptionContext) -> RawDecryptionMaterials:
        """Return the materials for reading an item, by one call of Decrypt.

        Raises:
            UnwrappingError: KMS refused; its answer is this error's cause.
            UnknownRegionError: neither the key id nor the session names a Region.
        """
        description = dict(encryption_context.material_description)
        initial_material = self._decrypt_initial_material(encryption_context)
        return RawDecryptionMaterials(
            verification_key=self._mac_key(initial_material, _signing_key_info(description)),
            decryption_key=self._encryption_key(initial_material, _content_key_info(description)),
            material_description=description,
        )

    def encryption_materials(self, encryption_context: EncryptionContext) -> RawEncryptionMaterials:
        """Return the materials for writing an item, by one call of GenerateDataKey.

        Raises:
            WrappingError: KMS refused; its answer is this error's cause.
            UnknownRegionError: neither the key id nor the session names a Region.
        """
        initial_material, encrypted_initial_material = self._generate_initial_material(encryption_context)
        return RawEncryptionMaterials(
            signing_key=self._mac_key(initial_material, self._signing_key_info),
            encryption_key=self._encryption_key(initial_material, self._content_key_info),
            material_description={
                **encryption_context.material_description,
                "aws-kms-ec-attr": "*keys*",
                MaterialDescriptionKeys.CONTENT_KEY_WRAPPING_ALGORITHM.value: "kms",
                _CONTENT_ALGORITHM: self._content_key_info.description,
                _SIGNING_ALGORITHM: self._signing_key_info.description,
                _WRAPPED_KEY: base64.b64encode(encrypted_initial_material).decode(),
            },
        )
