"""The items of one table in the older format, for a table that has items of both formats.

This is what a table's configuration needs of the older format: recognise, read and write items in wire form.
It has no I/O; a materials provider may call KMS.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dynaseal.attributes import Item
from dynaseal.core import actions as current
from dynaseal.errors import ConfigError
from dynaseal.legacy.encrypted import CryptoConfig
from dynaseal.legacy.encrypted.item import decrypt_dynamodb_item, encrypt_dynamodb_item
from dynaseal.legacy.identifiers import CryptoAction
from dynaseal.legacy.internal.identifiers import ReservedAttributes
from dynaseal.legacy.material_providers import CryptographicMaterialsProvider
from dynaseal.legacy.structures import AttributeActions, EncryptionContext, TableIndex

_RESERVED = frozenset(attribute.value for attribute in ReservedAttributes)


def has_older_format(item: Item) -> bool:
    """Return whether an item has one of the attributes that the older format adds.

    An item that has only one of them is damaged; reading it is refused.
    """
    return not _RESERVED.isdisjoint(item)


def older_actions(actions: current.AttributeActions | Mapping[str, current.CryptoAction]) -> AttributeActions:
    """Return a table's attribute actions as the older format has them.

    Raises:
        ConfigError: an action is one that the older format does not have.
    """
    if isinstance(actions, current.AttributeActions):
        default, named = actions.default_action, actions.attribute_actions
    else:
        default, named = current.CryptoAction.ENCRYPT_AND_SIGN, actions
    return AttributeActions(
        _older_action("default_action", default),
        {name: _older_action(name, action) for name, action in named.items()},
    )


def _older_action(name: str, action: current.CryptoAction) -> CryptoAction:
    if action.name not in CryptoAction.__members__:
        raise ConfigError(
            f"The action {action.name} of {name!r} is not one of the older format",
            hint="Give the actions that the older writer had",
        )
    return CryptoAction[action.name]


@dataclass(frozen=True, slots=True)
class OlderItems:
    """Reads and writes a table's items of the older format.

    Args:
        materials_provider: Where their keys come from.
        table_name: The name that the older writer signed.
        key: The table's key attributes. They are signed, whatever the default action is.
        attribute_actions: The actions that the older writer had.

    Raises:
        InvalidArgumentError: a key attribute is to be encrypted.

    Example:
        >>> from dynaseal.legacy.delegated_keys.jce import JceNameLocalDelegatedKey
        >>> from dynaseal.legacy.material_providers.wrapped import WrappedCryptographicMaterialsProvider
        >>> wrapping, signing = (JceNameLocalDelegatedKey.generate(n, 256) for n in ("AES", "HmacSHA256"))
        >>> provider = WrappedCryptographicMaterialsProvider(signing, wrapping, wrapping)
        >>> items = OlderItems(provider, "people", TableIndex("pk"), AttributeActions())
        >>> items.read(items.write({"pk": {"S": "ann"}, "salary": {"N": "9100"}}))
        {'pk': {'S': 'ann'}, 'salary': {'N': '9100'}}
    """

    materials_provider: CryptographicMaterialsProvider
    table_name: str
    key: TableIndex
    attribute_actions: AttributeActions

    def __post_init__(self) -> None:
        actions = self.attribute_actions.copy()
        actions.set_index_keys(self.key.partition, *([self.key.sort] if self.key.sort else ()))
        object.__setattr__(self, "attribute_actions", actions)

    def read(self, item: Item) -> dict[str, Any]:
        """Verify and decrypt a stored item; see `decrypt_dynamodb_item` for the errors."""
        return decrypt_dynamodb_item(item, self._crypto_config(item))

    def write(self, item: Item) -> dict[str, Any]:
        """Encrypt and sign an item; see `encrypt_dynamodb_item` for the errors."""
        return encrypt_dynamodb_item(item, self._crypto_config(item))

    def _crypto_config(self, item: Item) -> CryptoConfig:
        context = EncryptionContext(
            self.table_name, self.key.partition, self.key.sort, {name: dict(item[name]) for name in item}
        )
        return CryptoConfig(self.materials_provider, context, self.attribute_actions)
