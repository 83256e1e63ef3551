"""A table's searchable encryption at work: its beacons and surrogate keys, and their keys, fetched and kept.

- Keys are asked for when a beacon is first made and kept for the configured time.
- With one key for each tenant, an item's beacons use the branch key that the item is encrypted under.
- The queries of a table's partitions are sent one by one, and hashes of two partitions may fall together:
  what an earlier one finds is left out of a later one's reply.

Source: specification `search-config.md`, "Beacon Keys".
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dynaseal.attributes import Item
from dynaseal.beacons.compiled.hashes import HmacKeys, derive_keys
from dynaseal.beacons.compiled.search import CompiledSearch
from dynaseal.beacons.compiled.stored import partition_of, stored_beacons, with_signed_beacons
from dynaseal.beacons.key_sources import MultiKeySource, SingleKeySource
from dynaseal.beacons.requests.rewrite import found_earlier, reply_check, rewrite
from dynaseal.beacons.surrogates.keys import TokenKeys
from dynaseal.beacons.surrogates.requests import key_with_tokens, with_tokens
from dynaseal.core import header
from dynaseal.core.header import HEADER_NAME, EncryptedDataKey
from dynaseal.errors import EncryptError, FormatError, KeyStoreError
from dynaseal.materials.key_store.cache import BranchKeyCache
from dynaseal.materials.keyrings.names import HIERARCHY_PROVIDER


@dataclass(frozen=True, slots=True, repr=False)
class _Keys:
    """All that is derived from one beacon key."""

    beacons: HmacKeys
    tokens: TokenKeys


class TableSearch:
    """Makes the beacons and tokens of one table's items and rewrites its requests. Safe for many threads.

    Args:
        compiled: The table's beacons.
    """

    def __init__(self, compiled: CompiledSearch) -> None:
        self._compiled = compiled
        self._source = compiled.key_source
        self._cache = BranchKeyCache(
            self._source.max_tenants if isinstance(self._source, MultiKeySource) else 1
        )

    def with_signed_attributes(self, item: Item) -> dict[str, Any]:
        """Give the item to encrypt for one that the application writes: with signed beacons and tokens.

        Raises:
            EncryptError: they contradict the item, or cannot be made.
        """
        prepared = with_signed_beacons(self._compiled, item)
        if self._compiled.surrogates.keys:
            try:
                keys = self._token_keys()
            except KeyStoreError as error:
                raise error.as_encrypt_error() from error
            self._compiled.surrogates.add_tokens(item, prepared, keys)
        return prepared

    def without_tokens(self, item: dict[str, Any]) -> dict[str, Any]:
        """Give a decrypted item as the application wrote it: its tokens are checked and taken out.

        Raises:
            SignatureError: one is not that of its value.
            UnwrapError: the tokens' key cannot be had.
        """
        if self._compiled.surrogates.keys:
            try:
                keys = self._token_keys()
            except KeyStoreError as error:
                raise error.as_unwrap_error() from error
            self._compiled.surrogates.take_tokens(item, keys)
        return item

    def with_surrogate_keys(self, operation: str, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """Give a request, or one item's part of it, that names items by what DynamoDB has for their keys.

        Raises:
            UnsupportedOperationError: it asks what no token can answer.
            KeyStoreError: the tokens' key cannot be had.
        """
        if not self._compiled.surrogates.keys:
            return request
        return with_tokens(self._compiled.surrogates, operation, request, self._token_keys())

    def key_with_surrogate_keys(self, operation: str, key: Item) -> Item:
        """Give an item's key as DynamoDB has it.

        Raises:
            UnsupportedOperationError: it has a token, or a value that no key can have.
            KeyStoreError: the tokens' key cannot be had.
        """
        if not self._compiled.surrogates.keys:
            return key
        return key_with_tokens(self._compiled.surrogates, operation, key, self._token_keys())

    def beacons(self, item: Item, data_keys: Sequence[EncryptedDataKey]) -> dict[str, Any]:
        """Give the attributes to store beside an item that was encrypted.

        Args:
            item: The item as the application wrote it.
            data_keys: The encrypted data keys in its header.

        Raises:
            EncryptError: a beacon cannot be made, or its key cannot be had.
        """
        try:
            keys = self._beacon_keys(self._key_id_of(data_keys))
        except KeyStoreError as error:
            raise error.as_encrypt_error() from error
        return stored_beacons(self._compiled, item, keys, partition_of(self._compiled, item))

    def rewrite(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Give the Query or Scan request to send for one that the application wrote.

        Raises:
            UnsupportedOperationError: an expression asks what no beacon can answer.
            KeyStoreError: the key that it needs cannot be had.
        """
        return rewrite(
            self._compiled, operation, self.with_surrogate_keys(operation, request), self._beacon_keys
        )

    def filter(
        self, request: Mapping[str, Any], items: Iterable[Item], read: Callable[[Item], dict[str, Any]]
    ) -> list[dict[str, Any]]:
        """Read the items of a reply and keep those that the application asked for.

        Args:
            request: The request as the application wrote it.
            items: The items of the reply, as they are stored.
            read: Verifies and decrypts one.
        """
        check = reply_check(self._compiled, request)
        opened = [
            (stored, read(stored))
            for stored in items
            if check.key_id is None or _is_under(stored, check.key_id)
        ]
        wanted = [(stored, item) for stored, item in opened if check.is_wanted(item)]
        if wanted and check.partition:
            is_old = found_earlier(
                self._compiled, self.with_surrogate_keys("Query", request), check.partition, self._beacon_keys
            )
            return [item for stored, item in wanted if not is_old(stored)]
        return [item for _, item in wanted]

    def _key_id_of(self, data_keys: Sequence[EncryptedDataKey]) -> str:
        if isinstance(self._source, SingleKeySource):
            return self._source.beacon_key_id
        if len(data_keys) != 1 or data_keys[0].provider_id != HIERARCHY_PROVIDER:
            raise EncryptError(
                "A table with a MultiKeySource takes an item's beacon key by the branch key that the item is "
                "encrypted under, and this item is not under exactly one",
                hint="Encrypt the table with AwsKmsHierarchicalKeyring alone",
            )
        return data_keys[0].provider_info.decode()

    def _beacon_keys(self, key_id: str) -> HmacKeys:
        return self._keys(key_id).beacons

    def _token_keys(self) -> TokenKeys:
        assert isinstance(self._source, SingleKeySource)  # noqa: S101 checked when the plan was made
        return self._keys(self._source.beacon_key_id).tokens

    def _keys(self, key_id: str) -> _Keys:
        return self._cache.get(key_id, self._source.ttl_seconds, lambda: self._load(key_id))

    def _load(self, key_id: str) -> _Keys:
        beacon_key = self._compiled.key_store.get_beacon_key(key_id).beacon_key
        return _Keys(
            derive_keys(beacon_key, self._compiled.standard_beacons),
            self._compiled.surrogates.derive_keys(beacon_key),
        )


def _is_under(item: Item, key_id: str) -> bool:
    """Tell whether a stored item is encrypted under a branch key; one that is not encrypted counts as if."""
    value = item.get(HEADER_NAME, {}).get("B")
    if value is None:
        return True
    try:
        data_keys = header.parse(bytes(value)).encrypted_data_keys
    except FormatError:
        return True
    return len(data_keys) == 1 and data_keys[0].provider_info == key_id.encode()
