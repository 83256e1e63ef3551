"""What a configuration uses of KMS and of key stores: which keys, for which calls, through which clients.

A policy allows it, a diagnosis checks it, and an estimate counts it. All three start here, so that a new kind
of keyring has to be described in one place.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from dynaseal.boto.keys.key_store import KeyStore
from dynaseal.boto.keys.kms import BotoKms
from dynaseal.config import TableConfig
from dynaseal.materials.arn import KmsArn
from dynaseal.materials.keyrings.hierarchical import AwsKmsHierarchicalKeyring
from dynaseal.materials.keyrings.kms import KmsKeyring, KmsMrkKeyring
from dynaseal.materials.keyrings.kms_discovery import KmsDiscoveryKeyring
from dynaseal.materials.keyrings.kms_ecdh import KmsEcdhKeyring
from dynaseal.materials.keyrings.kms_rsa import KmsRsaKeyring
from dynaseal.materials.keyrings.multi import MultiKeyring
from dynaseal.materials.keyrings.raw_aes import RawAesKeyring
from dynaseal.materials.keyrings.raw_ecdh import RawEcdhKeyring
from dynaseal.materials.keyrings.raw_rsa import RawRsaKeyring
from dynaseal.materials.managers.default import DefaultMaterialsManager
from dynaseal.materials.managers.required_context import RequiredContextMaterialsManager
from dynaseal.materials.model import CryptographicMaterialsManager

_RAW = (RawAesKeyring, RawEcdhKeyring, RawRsaKeyring)


class KeyKind(Enum):
    """How a KMS key is used; the value is how a sentence calls it."""

    SYMMETRIC = "a symmetric key"
    MULTI_REGION = "a multi-Region key"
    RSA = "an RSA key"
    ECDH = "a key for key agreement"
    KEY_STORE = "a symmetric key for the key store"
    STORAGE = "a symmetric key for the table's storage"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyUse:
    """A KMS key that a keyring names, and the calls that are made with it.

    Attributes:
        key_id: The key's ARN; for a keyring that only writes perhaps an alias or a key id.
        kind: How it is used.
        reading: The operations that reading an item takes.
        writing: The operations that writing an item takes.
        binds_context: Whether KMS gets the encryption context.
        algorithm: KMS's name for the encryption algorithm of an RSA key.
        rsa_bits: How many bits an RSA key has, where its public key is known.
        client: Returns the client that calls KMS; None if the caller's keyring calls KMS in its own way.
    """

    key_id: str
    kind: KeyKind
    reading: Sequence[str] = ()
    writing: Sequence[str] = ()
    binds_context: bool = True
    algorithm: str | None = None
    rsa_bits: int | None = None
    client: Callable[[], Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreUse:
    """A key store, and whose keys are fetched from it.

    Attributes:
        store: The key store.
        ttl_seconds: How long a key is used before it is fetched again.
        keyring: The keyring that fetches branch keys; None if beacon keys are fetched.
        beacon_key_id: The one beacon key that is fetched; None if each tenant has its own, or none is.
    """

    store: KeyStore
    ttl_seconds: float
    keyring: AwsKmsHierarchicalKeyring | None = None
    beacon_key_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Uses:
    """Everything that a configuration uses of KMS and of key stores.

    Attributes:
        keys: The KMS keys that its keyrings name.
        discoveries: Its keyrings that read with the keys that items name.
        stores: Its key stores.
        unknown: Keyrings and materials managers of other kinds, whose calls are not known.
        keyrings: All of its keyrings, without those that only combine others.
        can_write: Whether items can be written with it, also if only as plaintext or in the older format.
    """

    keys: Sequence[KeyUse]
    discoveries: Sequence[KmsDiscoveryKeyring]
    stores: Sequence[StoreUse]
    unknown: Sequence[object]
    keyrings: Sequence[object]
    can_write: bool

    @property
    def is_local(self) -> bool:
        """Whether neither KMS nor a key store is used."""
        return not (self.keys or self.discoveries or self.stores or self.unknown)


def uses_of(config: TableConfig) -> Uses:
    """Return what a configuration uses of KMS and of key stores.

    Example:
        >>> from dynaseal import AttributeActions, AwsKmsKeyring
        >>> arn = "arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
        >>> config = TableConfig("t", "pk", attribute_actions=AttributeActions(), keyring=AwsKmsKeyring(arn))
        >>> (key,) = uses_of(config).keys
        >>> key.reading, key.writing
        (('Decrypt',), ('GenerateDataKey',))
    """
    root = root_keyring(config)
    keyrings = [*_flatten(root)]
    known = (KmsKeyring, KmsRsaKeyring, KmsEcdhKeyring, KmsDiscoveryKeyring, *_RAW)
    hierarchical = [keyring for keyring in keyrings if isinstance(keyring, AwsKmsHierarchicalKeyring)]
    with_store = [keyring for keyring in hierarchical if isinstance(keyring.key_store, KeyStore)]
    return Uses(
        keys=[use for keyring in keyrings if (use := _key_use(keyring)) is not None],
        discoveries=[keyring for keyring in keyrings if isinstance(keyring, KmsDiscoveryKeyring)],
        stores=[*_branch_key_stores(with_store), *_beacon_key_stores(config)],
        unknown=[each for each in keyrings if not isinstance(each, known) and each not in with_store],
        keyrings=keyrings,
        can_write=config.plaintext_policy.forces_write
        or config.writes_older_items
        or _can_write(root, has_data_key=False),
    )


def root_keyring(config: TableConfig) -> object:
    """Return a configuration's keyring, or its materials manager if that is not one of dynaseal's."""
    return config.keyring if config.keyring is not None else _keyring_of(config.cmm)


def discovered_key(keyring: KmsDiscoveryKeyring, arn: KmsArn) -> KeyUse | None:
    """Return the key with which a discovery keyring reads a data key; None if it does not read it.

    Args:
        keyring: The keyring.
        arn: The key that the data key names.
    """
    key = keyring.key_for(arn)
    if key is None:
        return None
    kind = KeyKind.MULTI_REGION if key.is_multi_region else KeyKind.SYMMETRIC
    return KeyUse(key_id=str(key), kind=kind, reading=("Decrypt",), client=_client(keyring.kms))


def _keyring_of(manager: CryptographicMaterialsManager | None) -> object:
    """Return the keyring below a materials manager, or the manager itself if it is of another kind."""
    while isinstance(manager, RequiredContextMaterialsManager):
        manager = manager.underlying
    return manager.keyring if isinstance(manager, DefaultMaterialsManager) else manager


def _flatten(keyring: object) -> Iterator[object]:
    if not isinstance(keyring, MultiKeyring):
        yield keyring
        return
    for each in keyring.keyrings:
        yield from _flatten(each)


def _can_write(keyring: object, *, has_data_key: bool) -> bool:
    """Return whether a keyring can wrap a data key; without one, it has to make it."""
    if isinstance(keyring, MultiKeyring):
        if (keyring.generator is None) is not has_data_key:
            return False
        first, *others = keyring.keyrings
        return _can_write(first, has_data_key=has_data_key) and all(
            _can_write(other, has_data_key=True) for other in others
        )
    if isinstance(keyring, KmsRsaKeyring | KmsEcdhKeyring | RawRsaKeyring | RawEcdhKeyring):
        return keyring.can_write
    return not isinstance(keyring, KmsDiscoveryKeyring)


def _key_use(keyring: object) -> KeyUse | None:
    if isinstance(keyring, KmsKeyring):
        kind = KeyKind.MULTI_REGION if isinstance(keyring, KmsMrkKeyring) else KeyKind.SYMMETRIC
        client = _client(keyring.kms)
        reading, writing = ("Decrypt",), ("GenerateDataKey",)
        return KeyUse(key_id=keyring.key_id, kind=kind, reading=reading, writing=writing, client=client)
    if isinstance(keyring, KmsRsaKeyring):
        return KeyUse(
            key_id=keyring.key_id,
            kind=KeyKind.RSA,
            reading=("Decrypt",),
            binds_context=False,
            algorithm=keyring.algorithm,
            rsa_bits=keyring.key_size,
            client=_client(keyring.kms),
        )
    if isinstance(keyring, KmsEcdhKeyring):
        operations = ("DeriveSharedSecret", *(["GetPublicKey"] if keyring.fetches_public_key else []))
        return KeyUse(
            key_id=keyring.key_id,
            kind=KeyKind.ECDH,
            reading=operations,
            writing=operations if keyring.can_write else (),
            binds_context=False,
            client=_client(keyring.kms),
        )
    return None


def _branch_key_stores(keyrings: Sequence[AwsKmsHierarchicalKeyring]) -> Iterator[StoreUse]:
    for keyring in keyrings:
        if isinstance(keyring.key_store, KeyStore):
            yield StoreUse(store=keyring.key_store, ttl_seconds=keyring.ttl_seconds, keyring=keyring)


def _beacon_key_stores(config: TableConfig) -> Iterator[StoreUse]:
    compiled = config.compiled_search
    if compiled is not None and isinstance(compiled.key_store, KeyStore):
        yield StoreUse(
            store=compiled.key_store,
            ttl_seconds=compiled.key_source.ttl_seconds,
            beacon_key_id=getattr(compiled.key_source, "beacon_key_id", None),
        )


def _client(kms: object) -> Callable[[], Any] | None:
    return kms.client if isinstance(kms, BotoKms) else None
