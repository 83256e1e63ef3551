"""What the encrypting client, table and resource share: configurations by request, and the calls themselves.

Each function encrypts an item, calls the method of boto3's client or Table that it is given, and decrypts
what comes back. The request that the caller gave is not changed.
"""

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, cast

import botocore.client
from botocore.exceptions import ClientError

from dynaseal.legacy.encrypted import CryptoConfig
from dynaseal.legacy.encrypted.item import decrypt_python_item, encrypt_python_item
from dynaseal.legacy.exceptions import InvalidArgumentError
from dynaseal.legacy.identifiers import CryptoAction
from dynaseal.legacy.internal.validators import check_type
from dynaseal.legacy.material_providers import CryptographicMaterialsProvider
from dynaseal.legacy.structures import AttributeActions, EncryptionContext, TableInfo
from dynaseal.legacy.transform import dict_to_ddb

__all__ = (
    "TableInfoCache",
    "crypto_config_from_cache",
    "crypto_config_from_kwargs",
    "crypto_config_from_table_info",
    "decrypt_batch_get_item",
    "decrypt_get_item",
    "decrypt_list_of_items",
    "decrypt_multi_get",
    "encrypt_batch_write_item",
    "encrypt_put_item",
    "validate_get_arguments",
    "write_and_decrypt_old_item",
)

ItemMethod = Callable[..., dict[str, Any]]
"""One of the four functions on items."""

ConfigMethod = Callable[..., tuple[CryptoConfig, dict[str, Any]]]
"""From a request's arguments to its configuration and the arguments without it."""


class TableInfoCache:
    """What is known about the tables of a client.

    Args:
        client: A botocore client of DynamoDB.
        auto_refresh_table_indexes: Whether a table's keys are read from DynamoDB when it is first used.

    Raises:
        TypeError: an argument has another type.
    """

    def __init__(self, client: Any, auto_refresh_table_indexes: bool) -> None:
        check_type("_client", client, botocore.client.BaseClient)
        check_type("_auto_refresh_table_indexes", auto_refresh_table_indexes, bool)
        self._client = client
        self._auto_refresh_table_indexes = auto_refresh_table_indexes
        self._all_tables_info: dict[str, TableInfo] = {}

    def table_info(self, table_name: str) -> TableInfo:
        """Return what is known about a table."""
        if table_name not in self._all_tables_info:
            info = TableInfo(name=table_name)
            if self._auto_refresh_table_indexes:
                info.refresh_indexed_attributes(self._client)
            self._all_tables_info[table_name] = info
        return self._all_tables_info[table_name]

    def remember(self, table_name: str, info: TableInfo) -> None:
        """Keep what is known about a table; its name is what is signed, and may be another."""
        self._all_tables_info[table_name] = info


def validate_get_arguments(kwargs: Mapping[str, Any]) -> None:
    """Refuse to read a part of an item: what is left could not be verified.

    Raises:
        InvalidArgumentError: a projection is asked for.
    """
    for name in ("AttributesToGet", "ProjectionExpression"):
        if name in kwargs:
            raise InvalidArgumentError(f'"{name}" is not supported for this operation')
    if kwargs.get("Select") in ("SPECIFIC_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES"):
        raise InvalidArgumentError(f'Scan "Select" value of "{kwargs["Select"]}" is not supported')


def crypto_config_from_kwargs(
    fallback: Callable[..., CryptoConfig], **kwargs: Any
) -> tuple[CryptoConfig, dict[str, Any]]:
    """Take the configuration out of a request's arguments; where it is not there, make it for the table."""
    config = kwargs.pop("crypto_config", None)
    if config is None:
        table = {"table_name": kwargs["TableName"]} if "TableName" in kwargs else {}
        config = fallback(**table)
    return config, kwargs


def crypto_config_from_table_info(
    materials_provider: CryptographicMaterialsProvider,
    attribute_actions: AttributeActions,
    table_info: TableInfo,
) -> CryptoConfig:
    """Make a table's configuration from what is known about it."""
    return CryptoConfig(
        materials_provider, EncryptionContext(**table_info.encryption_context_values), attribute_actions
    )


def crypto_config_from_cache(
    materials_provider: CryptographicMaterialsProvider,
    attribute_actions: AttributeActions,
    table_info_cache: TableInfoCache,
    table_name: str,
) -> CryptoConfig:
    """Make a table's configuration, and find out about the table if it is used for the first time.

    Raises:
        InvalidArgumentError: a key attribute of the table is to be encrypted.
    """
    info = table_info_cache.table_info(table_name)
    actions = attribute_actions.copy()
    actions.set_index_keys(*info.protected_index_keys())
    return crypto_config_from_table_info(materials_provider, actions, info)


def decrypt_list_of_items(
    crypto_config: CryptoConfig, decrypt_method: ItemMethod, items: Iterable[Any]
) -> Iterator[dict[str, Any]]:
    """Decrypt items one by one."""
    return (_item(decrypt_method, item, crypto_config) for item in items)


def decrypt_multi_get(
    decrypt_method: ItemMethod, crypto_config_method: ConfigMethod, read_method: ItemMethod, **kwargs: Any
) -> dict[str, Any]:
    """Query or scan, and decrypt the items. A count has none."""
    validate_get_arguments(kwargs)
    config, request = crypto_config_method(**kwargs)
    return decrypt_page(decrypt_method, config, read_method(**request))


def decrypt_page(
    decrypt_method: ItemMethod, crypto_config: CryptoConfig, page: dict[str, Any]
) -> dict[str, Any]:
    """Decrypt the items of a reply to Query or Scan."""
    if "Items" in page:
        page["Items"] = list(decrypt_list_of_items(crypto_config, decrypt_method, page["Items"]))
    return page


def decrypt_get_item(
    decrypt_method: ItemMethod, crypto_config_method: ConfigMethod, read_method: ItemMethod, **kwargs: Any
) -> dict[str, Any]:
    """Read an item, and decrypt it if it is there."""
    validate_get_arguments(kwargs)
    config, request = crypto_config_method(**kwargs)
    reply = read_method(**request)
    if "Item" in reply:
        reply["Item"] = _item(decrypt_method, reply["Item"], config)
    return reply


def decrypt_batch_get_item(
    decrypt_method: ItemMethod,
    crypto_config_method: Callable[..., CryptoConfig],
    read_method: ItemMethod,
    **kwargs: Any,
) -> dict[str, Any]:
    """Read items of several tables, and decrypt them."""
    request_config: CryptoConfig | None = kwargs.pop("crypto_config", None)
    for table_request in kwargs["RequestItems"].values():
        validate_get_arguments(table_request)
    reply = read_method(**kwargs)
    for table_name, items in reply["Responses"].items():
        config = request_config or crypto_config_method(table_name=table_name)
        items[:] = decrypt_list_of_items(config, decrypt_method, items)
    return reply


def encrypt_put_item(
    encrypt_method: ItemMethod, crypto_config_method: ConfigMethod, write_method: ItemMethod, **kwargs: Any
) -> dict[str, Any]:
    """Encrypt an item and put it."""
    config, request = crypto_config_method(**kwargs)
    return write_method(**{**request, "Item": _item(encrypt_method, request["Item"], config)})


_OLD_ITEM_PARAMETERS = ("ReturnValues", "ReturnValuesOnConditionCheckFailure")


def write_and_decrypt_old_item(
    decrypt_method: ItemMethod,
    wire_decrypt_method: ItemMethod,
    crypto_config_method: ConfigMethod,
    write_method: ItemMethod,
    **kwargs: Any,
) -> dict[str, Any]:
    """Put or delete an item, and decrypt the old one where it is asked for.

    Args:
        decrypt_method: For the item in a reply.
        wire_decrypt_method: For the item in an error, which boto3 leaves in wire form.
        crypto_config_method: From the arguments to the configuration.
        write_method: What sends the request; it is given the arguments with their `crypto_config`.
        **kwargs: The request's arguments.
    """
    if not any(kwargs.get(name) == "ALL_OLD" for name in _OLD_ITEM_PARAMETERS):
        return write_method(**kwargs)
    config, request = crypto_config_method(**kwargs)
    try:
        reply = write_method(**{**request, "crypto_config": config})
    except ClientError as error:
        response = cast("dict[str, Any]", error.response)
        if "Item" in response:
            response["Item"] = _item(wire_decrypt_method, response["Item"], config)
        raise
    if reply.get("Attributes"):
        reply["Attributes"] = _item(decrypt_method, reply["Attributes"], config)
    return reply


def encrypt_batch_write_item(
    encrypt_method: ItemMethod,
    crypto_config_method: Callable[..., CryptoConfig],
    write_method: ItemMethod,
    **kwargs: Any,
) -> dict[str, Any]:
    """Encrypt the items of a batch and write it.

    What DynamoDB did not process comes back as the caller gave it, so that sending it again encrypts it once.
    """
    request_config: CryptoConfig | None = kwargs.pop("crypto_config", None)
    batches: dict[str, _Batch] = {}
    for table_name, requests in kwargs["RequestItems"].items():
        config = request_config or crypto_config_method(table_name=table_name)
        batches[table_name] = _Batch(config, encrypt_method, requests)
    sent_items = {table_name: list(batch.sent_requests) for table_name, batch in batches.items()}
    reply = write_method(**{**kwargs, "RequestItems": sent_items})
    for table_name, unprocessed in reply.get("UnprocessedItems", {}).items():
        unprocessed[:] = [batches[table_name].caller_request(request) for request in unprocessed]
    return reply


class _Batch:
    """One table's part of a batch: each request as the caller gave it, and as it is sent."""

    def __init__(
        self, crypto_config: CryptoConfig, encrypt_method: ItemMethod, requests: Iterable[dict[str, Any]]
    ) -> None:
        self._config = crypto_config
        self._encrypt_method = encrypt_method
        self._pairs = [(request, self._encrypted(request)) for request in requests]

    @property
    def sent_requests(self) -> Iterator[dict[str, Any]]:
        return (sent for _, sent in self._pairs)

    def _encrypted(self, request: dict[str, Any]) -> dict[str, Any]:
        """Encrypt the item of a put. A deletion has only key attributes, which are never encrypted."""
        if "PutRequest" not in request:
            return request
        put = request["PutRequest"]
        item = _item(self._encrypt_method, put["Item"], self._config)
        return {**request, "PutRequest": {**put, "Item": item}}

    def caller_request(self, unprocessed: dict[str, Any]) -> dict[str, Any]:
        """Return a request that DynamoDB did not process, as the caller gave it."""
        if "PutRequest" not in unprocessed:
            return unprocessed
        puts = [pair for pair in self._pairs if "PutRequest" in pair[0]]
        for caller_request, sent in puts:
            if sent == unprocessed:
                return copy.copy(caller_request)
        for caller_request, sent in puts:
            if self._is_same_item(caller_request, sent, unprocessed["PutRequest"]["Item"]):
                return copy.copy(caller_request)
        # Sent again as it is, it would be refused for its reserved attributes: nothing is encrypted twice.
        return unprocessed

    def _is_same_item(
        self, caller_request: dict[str, Any], sent: dict[str, Any], unprocessed_item: Mapping[str, Any]
    ) -> bool:
        """Compare the keys; where they are not known, everything that is not encrypted."""
        context, actions = self._config.encryption_context, self._config.attribute_actions
        if context.partition_key_name:
            names = [name for name in (context.partition_key_name, context.sort_key_name) if name]
        else:
            caller_item: Mapping[str, Any] = caller_request["PutRequest"]["Item"]
            names = [
                name for name in caller_item if actions.action(name) is not CryptoAction.ENCRYPT_AND_SIGN
            ]
        sent_item: Mapping[str, Any] = sent["PutRequest"]["Item"]
        return all(
            name in unprocessed_item and sent_item.get(name) == unprocessed_item[name] for name in names
        )


def _item(method: ItemMethod, item: Any, crypto_config: CryptoConfig) -> dict[str, Any]:
    """Apply a function on items to one, with its attributes in the encryption context."""
    takes_python_values = method in (decrypt_python_item, encrypt_python_item)
    attributes = dict_to_ddb(item) if takes_python_values else item
    return method(item=item, crypto_config=crypto_config.with_item(attributes))
