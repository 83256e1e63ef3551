"""EncryptedClient: a DynamoDB client that writes and reads the older format."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import botocore.client
import botocore.paginate
import jmespath

from dynaseal.legacy.encrypted import CryptoConfig
from dynaseal.legacy.encrypted.item import (
    decrypt_dynamodb_item,
    decrypt_python_item,
    encrypt_dynamodb_item,
    encrypt_python_item,
)
from dynaseal.legacy.internal import operations
from dynaseal.legacy.internal.utils import (
    ConfigMethod,
    ItemMethod,
    TableInfoCache,
    crypto_config_from_cache,
    crypto_config_from_kwargs,
    decrypt_batch_get_item,
    decrypt_get_item,
    decrypt_multi_get,
    decrypt_page,
    encrypt_batch_write_item,
    encrypt_put_item,
    validate_get_arguments,
    write_and_decrypt_old_item,
)
from dynaseal.legacy.internal.validators import check_type
from dynaseal.legacy.material_providers import CryptographicMaterialsProvider
from dynaseal.legacy.structures import AttributeActions, TableInfo

__all__ = ("EncryptedClient", "EncryptedPaginator")


class EncryptedPages:
    """The pages of a Query or Scan, decrypted as they come.

    It is its own iterator, as the older library's generator is, and has what botocore's page iterator has.

    Args:
        page_iterator: botocore's.
        pages: Its pages, decrypted.
    """

    def __init__(self, page_iterator: Any, pages: Iterator[dict[str, Any]]) -> None:
        self._page_iterator = page_iterator
        self._pages = pages

    def __iter__(self) -> "EncryptedPages":
        return self

    def __next__(self) -> dict[str, Any]:
        return next(self._pages)

    @property
    def resume_token(self) -> Any:
        """Where a further request would go on, if the pages were cut short."""
        return self._page_iterator.resume_token

    def search(self, expression: str) -> Iterator[Any]:
        """Yield what a JMESPath expression finds in the pages."""
        compiled = jmespath.compile(expression)
        for page in self:
            found: Any = compiled.search(page)
            if isinstance(found, list):
                yield from found
            else:
                yield found

    def build_full_result(self) -> dict[str, Any]:
        """Return one reply with the items and counts of all pages."""
        result: dict[str, Any] = {"Items": [], "Count": 0, "ScannedCount": 0}
        for page in self:
            result["Items"] += page.get("Items", [])
            result["Count"] += page.get("Count", 0)
            result["ScannedCount"] += page.get("ScannedCount", 0)
        if self.resume_token is not None:
            result["NextToken"] = self.resume_token
        return result


class EncryptedPaginator:
    """A paginator of Query or Scan whose pages are decrypted; made by `EncryptedClient.get_paginator`.

    Args:
        paginator: botocore's paginator.
        decrypt_method: `decrypt_dynamodb_item` or `decrypt_python_item`.
        crypto_config_method: From a request's arguments to its configuration.

    Raises:
        TypeError: an argument has another type.
        ValueError: `decrypt_method` is another function.
    """

    def __init__(
        self, paginator: Any, decrypt_method: ItemMethod, crypto_config_method: ConfigMethod
    ) -> None:
        check_type("_paginator", paginator, botocore.paginate.Paginator)
        if not callable(crypto_config_method):
            raise TypeError('"_crypto_config_method" must be callable')
        self._paginator = paginator
        self._decrypt_method = decrypt_method
        self._crypto_config_method = crypto_config_method
        self.validate_decrypt_method(None, decrypt_method)

    def validate_decrypt_method(self, attribute: Any, value: Any) -> None:  # noqa: ARG002 the older signature
        """Check the function that decrypts.

        Raises:
            ValueError: it is not one of this package's.
        """
        if value not in (decrypt_python_item, decrypt_dynamodb_item):
            raise ValueError(
                '"_decrypt_method" must be an item decryptor from dynamodb_encryption_sdk.encrypted.item'
            )

    def paginate(self, **kwargs: Any) -> EncryptedPages:
        """Return the pages of a request, as an iterator.

        Raises:
            InvalidArgumentError: a projection is asked for.
        """
        validate_get_arguments(kwargs)
        config, request = self._crypto_config_method(**kwargs)
        page_iterator = self._paginator.paginate(**request)
        pages = (decrypt_page(self._decrypt_method, config, page) for page in page_iterator)
        return EncryptedPages(page_iterator, pages)

    def __getattr__(self, name: str) -> Any:
        return getattr(_wrapped(self, "_paginator", name), name)


class EncryptedClient:
    """A DynamoDB client that encrypts and signs what it writes, and verifies and decrypts what it reads.

    It has the methods of botocore's client. Those about tables pass through. Those that could carry items and
    are not defined here are refused when they are called: update_item, transactions and PartiQL among them.

    Each method on items also takes `crypto_config`, a CryptoConfig in place of the provider, context and
    actions.

    Args:
        client: A botocore client of DynamoDB. It is not changed.
        materials_provider: Where the keys come from.
        attribute_actions: What is done with each attribute; left out, everything but keys is encrypted.
        auto_refresh_table_indexes: Whether a table's keys are read from DynamoDB when it is first used.
        expect_standard_dictionaries: True for Python values, as the client of a boto3 resource takes them.

    Raises:
        TypeError: an argument has another type.
    """

    def __init__(
        self,
        client: Any,
        materials_provider: CryptographicMaterialsProvider,
        attribute_actions: AttributeActions | None = None,
        auto_refresh_table_indexes: bool = True,
        expect_standard_dictionaries: bool = False,
    ) -> None:
        actions = AttributeActions() if attribute_actions is None else attribute_actions
        check_type("_client", client, botocore.client.BaseClient)
        check_type("_materials_provider", materials_provider, CryptographicMaterialsProvider)
        check_type("_attribute_actions", actions, AttributeActions)
        check_type("_auto_refresh_table_indexes", auto_refresh_table_indexes, bool)
        check_type("_expect_standard_dictionaries", expect_standard_dictionaries, bool)
        self._client = client
        self._materials_provider = materials_provider
        self._attribute_actions = actions
        self._auto_refresh_table_indexes = auto_refresh_table_indexes
        self._expect_standard_dictionaries = expect_standard_dictionaries
        if expect_standard_dictionaries:
            self._encrypt_item, self._decrypt_item = encrypt_python_item, decrypt_python_item
        else:
            self._encrypt_item, self._decrypt_item = encrypt_dynamodb_item, decrypt_dynamodb_item
        self._table_info_cache = TableInfoCache(client, auto_refresh_table_indexes)

    @classmethod
    def for_table(cls, table_name: str, table_info: TableInfo, **kwargs: Any) -> "EncryptedClient":
        """Make a client that knows one table already, and signs the name in `table_info` for it."""
        client = cls(**kwargs)
        client._table_info_cache.remember(table_name, table_info)
        return client

    def _table_crypto_config(self, table_name: str) -> CryptoConfig:
        return crypto_config_from_cache(
            self._materials_provider, self._attribute_actions, self._table_info_cache, table_name
        )

    @property
    def _item_crypto_config(self) -> ConfigMethod:
        return partial(crypto_config_from_kwargs, self._table_crypto_config)

    def get_item(self, **kwargs: Any) -> dict[str, Any]:
        """Read an item, verify and decrypt it."""
        return decrypt_get_item(self._decrypt_item, self._item_crypto_config, self._client.get_item, **kwargs)

    def put_item(self, **kwargs: Any) -> dict[str, Any]:
        """Encrypt and store an item; an old one that is asked for is decrypted."""
        put = partial(encrypt_put_item, self._encrypt_item, self._item_crypto_config, self._client.put_item)
        return self._write(put, kwargs)

    def delete_item(self, **kwargs: Any) -> dict[str, Any]:
        """Delete an item; an old one that is asked for is decrypted."""

        def delete(**kwargs: Any) -> dict[str, Any]:
            kwargs.pop("crypto_config", None)
            return self._client.delete_item(**kwargs)

        return self._write(delete, kwargs)

    def _write(self, write: ItemMethod, kwargs: dict[str, Any]) -> dict[str, Any]:
        return write_and_decrypt_old_item(
            self._decrypt_item, decrypt_dynamodb_item, self._item_crypto_config, write, **kwargs
        )

    def query(self, **kwargs: Any) -> dict[str, Any]:
        """Query items, verify and decrypt them. Expressions see what is stored."""
        return decrypt_multi_get(self._decrypt_item, self._item_crypto_config, self._client.query, **kwargs)

    def scan(self, **kwargs: Any) -> dict[str, Any]:
        """Scan items, verify and decrypt them. Expressions see what is stored."""
        return decrypt_multi_get(self._decrypt_item, self._item_crypto_config, self._client.scan, **kwargs)

    def batch_get_item(self, **kwargs: Any) -> dict[str, Any]:
        """Read items of several tables, verify and decrypt them."""
        return decrypt_batch_get_item(
            self._decrypt_item, self._table_crypto_config, self._client.batch_get_item, **kwargs
        )

    def batch_write_item(self, **kwargs: Any) -> dict[str, Any]:
        """Encrypt and store items of several tables; what was not processed comes back unencrypted."""
        return encrypt_batch_write_item(
            self._encrypt_item, self._table_crypto_config, self._client.batch_write_item, **kwargs
        )

    def update_item(self, **kwargs: Any) -> dict[str, Any]:
        """Refuse: a change of a part of an item cannot be signed.

        Raises:
            NotImplementedError: always.
        """
        raise NotImplementedError('"update_item" is not yet implemented')

    def get_paginator(self, operation_name: str) -> Any:
        """Return the paginator of an operation by its method's name; those of query and scan decrypt.

        Raises:
            NotImplementedError: it could carry items and is neither of them.
        """
        paginator = self._client.get_paginator(operation_name)
        if operation_name in ("scan", "query"):
            return EncryptedPaginator(paginator, self._decrypt_item, self._item_crypto_config)
        if self._client.meta.method_to_api_mapping.get(operation_name) not in operations.ABOUT_TABLES:
            operations.refusal(operation_name)()
        return paginator

    def __getattr__(self, name: str) -> Any:
        return operations.of_client(_wrapped(self, "_client", name), name)


def _wrapped(wrapper: object, attribute: str, name: str) -> Any:
    """Return what a wrapper wraps, to look an attribute up there.

    Raises:
        AttributeError: it is not set yet, as while copying or unpickling the wrapper.
    """
    try:
        return vars(wrapper)[attribute]
    except KeyError:
        raise AttributeError(f"{type(wrapper).__name__!r} object has no attribute {name!r}") from None
