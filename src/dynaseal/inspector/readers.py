"""Reading items as a principal: with a configuration that was given, or with the keys that the items name.

A configuration has its keyring, and the keyring its KMS client, with the ambient credentials. To read as a
lab's user, the keyring of an item whose data key KMS wrapped is replaced by one with the user's client.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Any

from dynaseal.boto.discovered_config import discovered_config
from dynaseal.config import TableConfig
from dynaseal.encryptor import ItemEncryptor
from dynaseal.inspection.item import ExplainedItem, Refusal, explain_item, read_item
from dynaseal.inspection.tables import TableFacts
from dynaseal.inspector.accounts import Actor
from dynaseal.materials.keyrings.names import KMS_PROVIDER
from dynaseal.report import describe_item

_AWS_PREFIX = "aws-kms"
_MAX_ENCRYPTORS = 256


@dataclass(frozen=True, slots=True)
class Readers:
    """Explains items as a principal sees them. Safe for many threads.

    Args:
        configs: The configurations that were given.
    """

    configs: Sequence[TableConfig]
    _encryptors: dict[tuple[str, str, bool], ItemEncryptor] = field(
        default_factory=dict[tuple[str, str, bool], ItemEncryptor], init=False, repr=False
    )
    _lock: Lock = field(default_factory=Lock, init=False, repr=False)

    def config(self, actor: Actor, facts: TableFacts) -> TableConfig:
        """Return a table's configuration: one that was given, or one that may be able to read its items.

        A configuration belongs to the table with its logical name; where there is only one, it belongs to
        every table with its key attributes, because a table can have another name than the logical one.
        """
        for config in self.configs:
            if config.logical_table_name == facts.name and config.key_names == facts.key_names:
                return config
        if len(self.configs) == 1 and self.configs[0].key_names == facts.key_names:
            return self.configs[0]
        return discovered_config(facts, actor.kms)

    def explain(
        self,
        actor: Actor,
        facts: TableFacts,
        item: Mapping[str, Any],
        also_refused: tuple[type[Exception], ...],
    ) -> ExplainedItem:
        """Explain an item as a principal sees it."""
        config = self.config(actor, facts)
        if actor.user and config in self.configs:
            providers = {key.provider for key in describe_item(item).wrapped_keys}
            if KMS_PROVIDER in providers:
                return self._read(actor, facts, item, self._with_client(config, actor, facts), also_refused)
            if any(provider.startswith(_AWS_PREFIX) for provider in providers):
                refusal = Refusal(
                    "other-credentials",
                    f"The configuration's keyring has credentials of its own, which are not {actor.user}'s",
                    "Switch to the ambient credentials, or start the inspector with this user's",
                )
                return explain_item(item, config, refusal)
        return self._read(actor, facts, item, config, also_refused)

    def _read(
        self,
        actor: Actor,
        facts: TableFacts,
        item: Mapping[str, Any],
        config: TableConfig,
        also_refused: tuple[type[Exception], ...],
    ) -> ExplainedItem:
        encryptor = self._encryptor((actor.user, facts.name, config in self.configs), config)
        return explain_item(item, config, read_item(item, encryptor.decrypt_item, also_refused))

    def _encryptor(self, key: tuple[str, str, bool], config: TableConfig) -> ItemEncryptor:
        with self._lock:
            if key not in self._encryptors:
                if len(self._encryptors) >= _MAX_ENCRYPTORS:
                    self._encryptors.clear()
                self._encryptors[key] = ItemEncryptor(config)
            return self._encryptors[key]

    def _with_client(self, config: TableConfig, actor: Actor, facts: TableFacts) -> TableConfig:
        keyring = discovered_config(facts, actor.kms).keyring
        return replace(config, keyring=keyring, cmm=None)
