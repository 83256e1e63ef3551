"""The size of items as DynamoDB counts it, and of an item before and after it is encrypted.

The item is really encrypted, so that header, footer, beacons and ciphertext have their true sizes. What would
take a call of KMS or of a key store is replaced by something of the same size.

Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from dynaseal.attributes import Item
from dynaseal.boto.keys.uses import root_keyring
from dynaseal.config import TableConfig
from dynaseal.core.header import FOOTER_NAME, HEADER_NAME, RESERVED_PREFIX, EncryptedDataKey
from dynaseal.encryptor import ItemEncryptor
from dynaseal.errors import ConfigError
from dynaseal.materials.key_store.branch_keys import BeaconKeyMaterials
from dynaseal.materials.keyrings import wrapping
from dynaseal.materials.keyrings.curves import Curve
from dynaseal.materials.keyrings.hierarchical import AwsKmsHierarchicalKeyring
from dynaseal.materials.keyrings.kms import KmsKeyring
from dynaseal.materials.keyrings.kms_discovery import KmsDiscoveryKeyring
from dynaseal.materials.keyrings.kms_ecdh import KmsEcdhKeyring
from dynaseal.materials.keyrings.multi import MultiKeyring
from dynaseal.materials.keyrings.names import HIERARCHY_PROVIDER, KMS_ECDH_PROVIDER, KMS_PROVIDER
from dynaseal.materials.model import DecryptionMaterials, EncryptionMaterials, Keyring, NoDataKeyError

_KMS_CIPHERTEXT_LENGTH = 184
"""How long KMS's ciphertext of 32 bytes is under a symmetric key."""
_AGREED_LENGTH = 112
"""Salt, commitment and wrapped intermediate key of a data key wrapped by ECDH."""
_BRANCH_KEY_LENGTH = 92
"""Salt, nonce, version and wrapped intermediate key of a data key wrapped under a branch key."""
_BRANCH_KEY_ID = "00000000-0000-0000-0000-000000000000"
_POINT_LENGTHS: Mapping[Curve, int] = {Curve.P256: 33, Curve.P384: 49, Curve.P521: 67}
_VALUE_LENGTH = 16
"""How many characters each attribute of the example item has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemSizes:
    """The size of an item in bytes, as the application has it and as it is stored.

    Attributes:
        plain: The item as the application has it.
        stored: The item as it is stored.
        header: The attribute `aws_dbe_head`.
        footer: The attribute `aws_dbe_foot`.
        beacons: All beacons, with their names.
    """

    plain: int
    stored: int
    header: int
    footer: int
    beacons: int

    @property
    def ciphertext(self) -> int:
        """How much longer encrypted values are than plain ones, and what surrogate keys and parts add."""
        return self.stored - self.plain - self.header - self.footer - self.beacons


def measure(config: TableConfig, item: Item | None = None) -> ItemSizes:
    """Encrypt an item without any call, and return its sizes.

    Args:
        config: The table's configuration.
        item: An item of the table, in wire form; by default one that has a string of 16 characters for each
            attribute that the configuration names.

    Raises:
        ConfigError: the configuration can only read.
        EncryptError: the item does not fit the configuration.
    """
    plain = example_item(config) if item is None else item
    search = config.search
    if search is not None:
        versions = [replace(version, key_store=_NoKeyStore()) for version in search.versions]
        search = replace(search, versions=versions)
    keyring = _without_calls(root_keyring(config))
    stored = ItemEncryptor(replace(config, keyring=keyring, cmm=None, search=search)).encrypt_item(plain)
    beacons = {
        name: value
        for name, value in stored.items()
        if name.startswith(RESERVED_PREFIX) and name not in (HEADER_NAME, FOOTER_NAME)
    }
    return ItemSizes(
        plain=item_size(plain),
        stored=item_size(stored),
        header=item_size({HEADER_NAME: stored[HEADER_NAME]}) if HEADER_NAME in stored else 0,
        footer=item_size({FOOTER_NAME: stored[FOOTER_NAME]}) if FOOTER_NAME in stored else 0,
        beacons=item_size(beacons),
    )


def example_item(config: TableConfig) -> dict[str, Any]:
    """Return an item with a string for each attribute that the configuration names."""
    tokens = {key.name for key in config.surrogate_keys}
    sources = {key.source for key in config.surrogate_keys}
    names = sorted((config.named_attributes - tokens) | sources)
    return {name: {"S": "x" * _VALUE_LENGTH} for name in names}


def item_size(item: Item) -> int:
    """Return the size of an item in bytes, as DynamoDB counts it.

    Example:
        >>> item_size({"pk": {"S": "ann"}, "n": {"N": "12"}})
        8
    """
    return sum(len(name.encode()) + _value_size(value) for name, value in item.items())


def _value_size(value: Any) -> int:
    ((kind, content),) = value.items()
    if kind in ("S", "B"):
        return len(content.encode() if kind == "S" else content)
    if kind == "N":
        return (len(content.strip("+-").replace(".", "")) + 1) // 2 + 1
    if kind in ("SS", "NS", "BS"):
        return sum(_value_size({kind[0]: each}) for each in content)
    if kind == "L":
        return 3 + sum(1 + _value_size(each) for each in content)
    if kind == "M":
        return 3 + sum(1 + len(name.encode()) + _value_size(each) for name, each in content.items())
    return 1


class _NoKeyStore:
    """Has a beacon key that nobody uses: the length of a beacon does not depend on its key."""

    def get_beacon_key(self, branch_key_id: str) -> BeaconKeyMaterials:
        """Return a key of zeros."""
        return BeaconKeyMaterials(branch_key_id, bytes(32), {})


@dataclass(frozen=True, slots=True)
class _OfSameSize:
    """Wraps data keys to the size that another keyring wraps them to."""

    provider: str
    info: bytes
    length: int

    def on_encrypt(self, materials: EncryptionMaterials) -> EncryptionMaterials:
        """Add a data key of the right size."""
        data_key = materials.plaintext_data_key or wrapping.new_data_key()
        wrapped, tag_key = wrapping.wrap(data_key, wrapping.new_intermediate_key(), materials.aad)
        encrypted = EncryptedDataKey(self.provider, self.info, wrapped + bytes(self.length))
        return materials.with_wrapped_key(data_key, encrypted, tag_key)

    def on_decrypt(self, *_arguments: Any) -> DecryptionMaterials:
        """Refuse: there is nothing to read.

        Raises:
            NoDataKeyError: always.
        """
        raise NoDataKeyError("A keyring that measures sizes cannot read")


def _without_calls(keyring: object) -> Keyring:
    """Return a keyring that wraps data keys to the same size as another one, without any call."""
    match keyring:
        case MultiKeyring():
            generator = None if keyring.generator is None else _without_calls(keyring.generator)
            children = [each for each in keyring.keyrings if each is not keyring.generator]
            return MultiKeyring(generator, [_without_calls(child) for child in children])
        case KmsKeyring():
            return _OfSameSize(KMS_PROVIDER, keyring.key_id.encode(), _KMS_CIPHERTEXT_LENGTH)
        case KmsEcdhKeyring():
            info_length = 1 + 2 * (4 + _POINT_LENGTHS[keyring.curve])
            return _OfSameSize(KMS_ECDH_PROVIDER, bytes(info_length), _AGREED_LENGTH)
        case AwsKmsHierarchicalKeyring():
            branch_key_id = keyring.branch_key_id or _BRANCH_KEY_ID
            return _OfSameSize(HIERARCHY_PROVIDER, branch_key_id.encode(), _BRANCH_KEY_LENGTH)
        case KmsDiscoveryKeyring():
            raise ConfigError(
                "A discovery keyring can only read, so it has no size of items",
                hint="Pass the configuration with which the items are written",
            )
        case _:
            return _as_keyring(keyring)


def _as_keyring(keyring: Any) -> Keyring:
    """Return a keyring that makes no call, or of which nothing is known."""
    if not hasattr(keyring, "on_encrypt"):
        raise ConfigError(
            f"The size of items that {keyring!r} writes is not known: it is not one of dynaseal's managers",
            hint="Pass the same configuration with its keyring",
        )
    return keyring
