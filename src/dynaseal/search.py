"""The beacons and tokens of one table: its compiled search together with the keys, which are cached.

- A key is fetched when a beacon or token is first made, and cached for the configured time.
- With one key per tenant, an item's beacons use the branch key that the item is encrypted under.

Source: specification `search-config.md`, "Beacon Keys".
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dynaseal import drivers
from dynaseal.attributes import Item
from dynaseal.beacons.compiled.hashes import BEACON_PREFIX, HmacKeys, derive_keys
from dynaseal.beacons.compiled.item_beacons import partition_of, stored_beacons, with_signed_beacons
from dynaseal.beacons.compiled.search import CompiledSearch
from dynaseal.beacons.key_sources import MultiKeySource, SingleKeySource
from dynaseal.beacons.requests.prepared import SearchRequests
from dynaseal.beacons.surrogates.keys import TokenKeys
from dynaseal.beacons.surrogates.requests import key_with_tokens, with_tokens
from dynaseal.core.header import EncryptedDataKey
from dynaseal.errors import EncryptError, KeyStoreError
from dynaseal.materials.key_store.branch_keys import check_beacon_key
from dynaseal.materials.key_store.cache import BranchKeyCache
from dynaseal.materials.keyrings.names import HIERARCHY_PROVIDER


@dataclass(frozen=True, slots=True, repr=False)
class _Keys:
    """All that is derived from one beacon key."""

    beacons: HmacKeys
    tokens: TokenKeys


class TableSearch:
    """Makes the beacons and tokens of one table's items, and prepares its requests. Safe for many threads.

    Args:
        compiled: The table's beacons and surrogate keys.

    Attributes:
        requests: Prepares the table's Query and Scan requests.
        has_tokens: Whether items have surrogate keys, and so tokens to add and to remove.
    """

    def __init__(self, compiled: CompiledSearch) -> None:
        self._compiled = compiled
        self._source = compiled.key_source
        self._cache = BranchKeyCache(
            self._source.max_tenants if isinstance(self._source, MultiKeySource) else 1
        )
        self.has_tokens: bool = bool(compiled.surrogates.keys)
        self.requests: SearchRequests = SearchRequests(compiled, self._beacon_keys, self._token_keys)

    def with_signed_attributes(self, item: Item) -> dict[str, Any]:
        """Return the item to encrypt for the caller's item: with its signed beacons and tokens.

        Raises:
            EncryptError: the item has a value that contradicts one of them, or one cannot be made.
        """
        prepared = with_signed_beacons(self._compiled, item)
        if self.has_tokens:
            try:
                keys = self._token_keys()
            except KeyStoreError as error:
                raise error.as_encrypt_error() from error
            self._compiled.surrogates.add_tokens(item, prepared, keys)
        return prepared

    def without_tokens(self, item: dict[str, Any]) -> dict[str, Any]:
        """Check the tokens of a decrypted item and remove them from it.

        Raises:
            SignatureError: a token does not belong to its value.
            UnwrapError: the tokens' key cannot be fetched.
        """
        try:
            keys = self._token_keys()
        except KeyStoreError as error:
            raise error.as_unwrap_error() from error
        self._compiled.surrogates.remove_tokens(item, keys)
        return item

    def with_surrogate_keys(self, operation: str, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return a request, or one item's part of it, that names items by surrogate keys.

        Raises:
            UnsupportedOperationError: it needs something that no token supports.
            KeyStoreError: the tokens' key cannot be fetched.
        """
        if not self.has_tokens:
            return request
        return with_tokens(self._compiled.surrogates, operation, request, self._token_keys())

    def key_with_surrogate_keys(self, operation: str, key: Item) -> Item:
        """Return an item's primary key with surrogate keys in place of real values.

        Raises:
            UnsupportedOperationError: it has a token, or a value that a key cannot have.
            KeyStoreError: the tokens' key cannot be fetched.
        """
        if not self.has_tokens:
            return key
        return key_with_tokens(self._compiled.surrogates, operation, key, self._token_keys())

    def beacons(self, item: Item, data_keys: Sequence[EncryptedDataKey]) -> dict[str, Any]:
        """Return the attributes to store beside an item that was encrypted.

        Args:
            item: The item as the application wrote it.
            data_keys: The encrypted data keys in its header.

        Raises:
            EncryptError: a beacon cannot be made, or its key cannot be fetched.
        """
        keys = self._keys_to_write(data_keys)
        return stored_beacons(self._compiled, item, keys, partition_of(self._compiled, item))

    def has_beacons(self, stored: Item, item: Item, data_keys: Sequence[EncryptedDataKey]) -> bool:
        """Return whether a stored item has exactly the beacons that it would have if it were written now.

        Args:
            stored: The encrypted item.
            item: The same item as the application wrote it.
            data_keys: The encrypted data keys in its header.

        Raises:
            EncryptError: a beacon cannot be made, or its key cannot be fetched.
        """
        present = _without_order({n: v for n, v in stored.items() if n.startswith(BEACON_PREFIX)})
        possible = self.possible_beacons(item, data_keys)
        return any(_without_order(beacons) == present for beacons in possible)

    def possible_beacons(self, item: Item, data_keys: Sequence[EncryptedDataKey]) -> Iterator[dict[str, Any]]:
        """Yield the beacons that an item would have if it were written now, for each partition it may get.

        Args:
            item: The item as the application wrote it.
            data_keys: The encrypted data keys in its header.

        Raises:
            EncryptError: a beacon cannot be made, or its key cannot be fetched.
        """
        keys = self._keys_to_write(data_keys)
        compiled = self._compiled
        chosen_at_random = compiled.partitions > 1 and compiled.partition_selector is None
        partitions = range(compiled.partitions) if chosen_at_random else (partition_of(compiled, item),)
        for partition in partitions:
            yield stored_beacons(compiled, item, keys, partition)

    def _keys_to_write(self, data_keys: Sequence[EncryptedDataKey]) -> HmacKeys:
        try:
            return self._beacon_keys(self._key_id_of(data_keys))
        except KeyStoreError as error:
            raise error.as_encrypt_error() from error

    def _key_id_of(self, data_keys: Sequence[EncryptedDataKey]) -> str:
        if isinstance(self._source, SingleKeySource):
            return self._source.beacon_key_id
        if len(data_keys) != 1 or data_keys[0].provider_id != HIERARCHY_PROVIDER:
            raise EncryptError(
                "The beacon key of the item is not known: with a MultiKeySource it is that of the item's "
                "branch key, and this item is not encrypted under exactly one branch key",
                hint="Encrypt the table with AwsKmsHierarchicalKeyring alone",
            )
        return data_keys[0].provider_info.decode()

    def _beacon_keys(self, key_id: str) -> HmacKeys:
        return self._keys(key_id).beacons

    def _token_keys(self) -> TokenKeys:
        assert isinstance(self._source, SingleKeySource)  # noqa: S101 checked when the search was compiled
        return self._keys(self._source.beacon_key_id).tokens

    def _keys(self, key_id: str) -> _Keys:
        return self._cache.get(key_id, self._source.ttl_seconds, lambda: self._load(key_id))

    def _load(self, key_id: str) -> _Keys:
        key_store = drivers.driven(self._compiled.key_store)
        beacon_key = check_beacon_key(key_store.get_beacon_key(key_id), key_id).beacon_key
        return _Keys(
            derive_keys(beacon_key, self._compiled.standard_beacons),
            self._compiled.surrogates.derive_keys(beacon_key),
        )


def _without_order(beacons: Item) -> dict[str, Any]:
    """Return beacons in a form in which sets are equal whatever the order that DynamoDB returns them in."""
    return {name: frozenset(value["SS"]) if "SS" in value else value for name, value in beacons.items()}
