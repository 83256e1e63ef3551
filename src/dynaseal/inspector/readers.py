"""Reading items as a principal: with a configuration that was given, or with the keys that the items name.

A configuration has its keyring, and the keyring its clients, with the ambient credentials. To read as a lab's
user, a keyring over KMS is replaced by one with the user's clients.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Any

from dynaseal.boto.discovered_config import discovered_config
from dynaseal.boto.keys.key_store import KeyStore
from dynaseal.boto.keys.uses import root_keyring
from dynaseal.config import TableConfig
from dynaseal.encryptor import ItemEncryptor
from dynaseal.inspection.item import ExplainedItem, Refusal, explain_item, read_item
from dynaseal.inspection.tables import TableFacts
from dynaseal.inspector.accounts import Actor
from dynaseal.materials.keyrings.hierarchical import AwsKmsHierarchicalKeyring
from dynaseal.materials.keyrings.kms import KmsKeyring
from dynaseal.materials.keyrings.kms_discovery import KmsDiscoveryKeyring
from dynaseal.materials.keyrings.multi import MultiKeyring
from dynaseal.materials.keyrings.names import KMS_PROVIDER
from dynaseal.materials.keyrings.raw_aes import RawAesKeyring
from dynaseal.materials.keyrings.raw_ecdh import RawEcdhKeyring
from dynaseal.materials.keyrings.raw_rsa import RawRsaKeyring
from dynaseal.materials.model import AnyKeyring
from dynaseal.report import ItemFormat, describe_item

_AWS_PREFIX = "aws-kms"
_MAX_ENCRYPTORS = 256

Refused = tuple[type[Exception], ...]
"""Errors that mean that a principal may not read an item, besides those of dynaseal."""


@dataclass(frozen=True, slots=True)
class Readers:
    """Explains items as a principal sees them. Safe for many threads.

    Args:
        configs: The configurations that were given.
    """

    configs: Sequence[TableConfig]
    # By the KMS client, because a user gets another one with each new access key.
    _encryptors: dict[tuple[object, str], ItemEncryptor] = field(
        default_factory=dict[tuple[object, str], ItemEncryptor], init=False, repr=False
    )
    _lock: Lock = field(default_factory=Lock, init=False, repr=False)

    def config(self, actor: Actor, facts: TableFacts) -> TableConfig:
        """Return a table's configuration: one that was given, or one that may be able to read its items."""
        return self._given_config(facts) or discovered_config(facts, actor.kms)

    def explain(
        self, actor: Actor, facts: TableFacts, item: Mapping[str, Any], also_refused: Refused
    ) -> ExplainedItem:
        """Explain an item as a principal sees it."""
        table_config = self._given_config(facts)
        if table_config is None:
            encryptor = self._cached((actor.kms, facts.name), discovered_config(facts, actor.kms))
        elif not actor.user:
            encryptor = self._cached((None, facts.name), table_config)
        else:
            config = _with_clients_of(actor, facts, table_config, item)
            if config is None:
                refusal = Refusal(
                    "other-credentials",
                    f"The configuration has clients of its own for this item, which are not {actor.user}'s",
                    "Look as the ambient principal, or start the inspector with this user's credentials",
                )
                return explain_item(item, table_config, refusal)
            # Not cached: a hierarchical keyring would keep a branch key after the permission is gone.
            encryptor = ItemEncryptor(config)
        return explain_item(item, encryptor.config, read_item(item, encryptor.decrypt_item, also_refused))

    def stored_key(self, facts: TableFacts, key: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return an item's key as it is stored: with tokens in place of surrogate keys' real values."""
        table_config = self._given_config(facts)
        search = None if table_config is None else self._cached((None, facts.name), table_config).search
        return key if search is None else search.key_with_surrogate_keys("GetItem", key)

    def _given_config(self, facts: TableFacts) -> TableConfig | None:
        """Return the configuration that was given for a table, if one was.

        It belongs to the table with its logical name. Where there is only one, it belongs to every table with
        its key attributes, because a table can have another name than the logical one.
        """
        fitting = [config for config in self.configs if config.key_names == facts.key_names]
        by_name = [config for config in fitting if config.logical_table_name == facts.name]
        return next(iter(by_name or (fitting if len(self.configs) == 1 else ())), None)

    def _cached(self, key: tuple[object, str], config: TableConfig) -> ItemEncryptor:
        with self._lock:
            if key not in self._encryptors:
                if len(self._encryptors) >= _MAX_ENCRYPTORS:
                    self._encryptors.clear()
                self._encryptors[key] = ItemEncryptor(config)
            return self._encryptors[key]


def _with_clients_of(
    actor: Actor, facts: TableFacts, config: TableConfig, item: Mapping[str, Any]
) -> TableConfig | None:
    """Return the configuration with a lab user's clients; None if its keyring cannot be replaced.

    A keyring that does not use KMS stays as it is: no permission is needed for it.
    """
    report = describe_item(item)
    if report.format is ItemFormat.ENCRYPTION_CLIENT:
        return None  # a provider of the older format has clients of its own
    providers = {key.provider for key in report.wrapped_keys}
    if not any(provider.startswith(_AWS_PREFIX) for provider in providers):
        return config
    keyring = _with_clients(actor, facts, root_keyring(config))
    if keyring is None and KMS_PROVIDER in providers:
        keyring = _discovery_keyring(actor, facts)
    return None if keyring is None else replace(config, keyring=keyring, cmm=None)


def _with_clients(actor: Actor, facts: TableFacts, keyring: object) -> AnyKeyring | None:
    """Return a keyring that reads the same items with a user's clients; None if there is none."""
    if isinstance(keyring, AwsKmsHierarchicalKeyring):
        return _hierarchical_keyring(actor, keyring)
    if isinstance(keyring, KmsKeyring | KmsDiscoveryKeyring):
        return _discovery_keyring(actor, facts)
    if isinstance(keyring, MultiKeyring):
        children = [_with_clients(actor, facts, child) for child in keyring.keyrings]
        known = [child for child in children if child is not None]
        return MultiKeyring(children=known) if len(known) == len(children) else None
    return keyring if isinstance(keyring, RawAesKeyring | RawEcdhKeyring | RawRsaKeyring) else None


def _discovery_keyring(actor: Actor, facts: TableFacts) -> AnyKeyring | None:
    return discovered_config(facts, actor.kms).keyring


def _hierarchical_keyring(actor: Actor, keyring: AwsKmsHierarchicalKeyring) -> AnyKeyring | None:
    store = keyring.key_store
    if not isinstance(store, KeyStore):
        return None
    own_store = KeyStore(
        store.table_name,
        store.logical_key_store_name,
        store.kms_key_arn,
        dynamodb_client=actor.dynamodb,
        kms_client=actor.kms,
    )
    return AwsKmsHierarchicalKeyring(
        own_store,
        branch_key_id=keyring.branch_key_id,
        branch_key_id_supplier=keyring.branch_key_id_supplier,
        ttl_seconds=keyring.ttl_seconds,
    )
