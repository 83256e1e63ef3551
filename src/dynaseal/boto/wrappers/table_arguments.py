"""Makes a configuration, and a Table whose client encrypts, of the arguments of `EncryptedTable`."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from dynaseal.boto.interception.attach import Boto3Object, dynamodb_client
from dynaseal.boto.interception.copies import encrypting_copy
from dynaseal.boto.interception.handlers import Handler
from dynaseal.boto.interception.requests import Requests
from dynaseal.boto.interception.table_names import table_name
from dynaseal.boto.wrappers.table_info import TableInfo
from dynaseal.config import TableConfig, UpdateMode
from dynaseal.core.actions import AttributeActions, CryptoAction
from dynaseal.core.arguments import check_instances, check_methods
from dynaseal.errors import ConfigError
from dynaseal.materials.model import AnyKeyring

if TYPE_CHECKING:
    from dynaseal.legacy.items import Legacy


class Boto3Table(Boto3Object, Protocol):
    """A boto3 Table, with or without the types of boto3-stubs."""

    @property
    def name(self) -> str:
        """The table's name."""
        ...


def config_from_arguments(
    table: Boto3Table,
    materials_provider: AnyKeyring | None = None,
    table_info: TableInfo | None = None,
    attribute_actions: AttributeActions | None = None,
    auto_refresh_table_indexes: bool = True,
    *,
    config: TableConfig | None = None,
    legacy: "Legacy | None" = None,
    update_mode: UpdateMode | None = None,
) -> TableConfig:
    """Return the configuration that the arguments of an `EncryptedTable` mean; they are described there.

    Raises:
        ConfigError: the arguments contradict each other or are not enough.
    """
    client = dynamodb_client(table)
    # `dynamodb_client` accepts a client or a resource too, which have no name.
    if not hasattr(table, "name"):
        raise ConfigError(
            f"An object of the type {type(table).__name__} is not a boto3 Table",
            hint="Pass resource.Table(name)",
        )
    if config is not None:
        others = (materials_provider, table_info, attribute_actions, legacy, update_mode)
        return _given_config(config, is_alone=not any(others))
    if materials_provider is None:
        raise ConfigError(
            "An EncryptedTable needs a config or a materials_provider",
            hint="Pass config=TableConfig(...), or a keyring as materials_provider",
        )
    if table_info is not None:
        check_instances("An EncryptedTable", TableInfo, table_info=table_info)
    if attribute_actions is not None:
        check_instances("An EncryptedTable", AttributeActions, attribute_actions=attribute_actions)
    info = table_info or TableInfo(table.name)
    if auto_refresh_table_indexes and not info.is_complete:
        info.refresh_indexed_attributes(client)
    actions = attribute_actions or AttributeActions()
    mode = update_mode or UpdateMode.UNSIGNED_ONLY
    return _config(info, materials_provider, actions, legacy=legacy, update_mode=mode)


def encrypting_table(table: Boto3Table, config: TableConfig, wrap: Callable[[Handler], Handler]) -> Any:
    """Return a Table of the same class and name whose client encrypts, and takes Python values.

    Args:
        table: A Table whose client does not encrypt; it is not changed.
        config: The table's configuration.
        wrap: Returns what is registered in place of a handler that may have to wait.
    """
    client = encrypting_copy(
        dynamodb_client(table), Requests({table.name: config}), python_values=True, wrap=wrap
    )
    table_class: Any = type(table)
    return table_class(table.name, client=client)


def _given_config(config: TableConfig, *, is_alone: bool) -> TableConfig:
    check_methods("An EncryptedTable", (), "a TableConfig", config=config)  # refuses the class itself
    check_instances("An EncryptedTable", TableConfig, config=config)
    if not is_alone:
        raise ConfigError(
            "A config replaces materials_provider, table_info, attribute_actions, legacy and update_mode",
            hint="Pass it alone, or pass the others without it",
        )
    return config


def _config(
    info: TableInfo,
    keyring: AnyKeyring,
    actions: AttributeActions,
    *,
    legacy: "Legacy | None",
    update_mode: UpdateMode,
) -> TableConfig:
    """Build a table's configuration as the older library would have: keys of indexes are signed."""
    key = info.key()
    indexed = dict.fromkeys(info.index_attributes() - key.attributes, CryptoAction.SIGN_ONLY)
    if legacy is not None and isinstance(legacy.attribute_actions, AttributeActions):
        legacy = replace(legacy, attribute_actions=_with_indexed(legacy.attribute_actions, indexed))
    return TableConfig(
        # The name, also where the Table was made from an ARN: it is bound to every item, and programs that
        # use the table by its name must be able to read them.
        table_name(info.name),
        key.partition,
        key.sort,
        attribute_actions=_with_indexed(actions, indexed),
        keyring=keyring,
        update_mode=update_mode,
        legacy=legacy,
    )


def _with_indexed(actions: AttributeActions, indexed: Mapping[str, CryptoAction]) -> AttributeActions:
    return replace(actions, attribute_actions={**indexed, **actions.attribute_actions})
