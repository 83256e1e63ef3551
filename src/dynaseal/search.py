"""A table's searchable encryption at work: the plan of its beacons, and their keys, fetched and kept.

- Keys are asked for when a beacon is first made and kept for the configured time.
- With one key for each tenant, an item's beacons use the branch key that the item is encrypted under.

Source: specification `search-config.md`, "Beacon Keys".
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from dynaseal.beacons.key_source import MultiKeySource, SingleKeySource
from dynaseal.beacons.plan import SearchPlan
from dynaseal.beacons.rewrite import reply_check, rewrite
from dynaseal.beacons.values import HmacKeys, derive_keys
from dynaseal.beacons.write import partition_of, stored_beacons, with_signed_beacons
from dynaseal.core import header
from dynaseal.core.header import HEADER_NAME, EncryptedDataKey
from dynaseal.core.values import Item
from dynaseal.errors import EncryptError, FormatError, KeyStoreError
from dynaseal.materials.cache import BranchKeyCache
from dynaseal.materials.names import HIERARCHY_PROVIDER


class TableSearch:
    """Makes the beacons of one table's items and rewrites its queries. Safe for use by many threads.

    Args:
        plan: The table's beacons.
    """

    def __init__(self, plan: SearchPlan) -> None:
        self._plan = plan
        self._source = plan.key_source
        self._cache = BranchKeyCache(
            self._source.max_tenants if isinstance(self._source, MultiKeySource) else 1
        )

    def prepare(self, item: Item) -> dict[str, Any]:
        """Give the item to encrypt for one that the application writes: with its signed beacons.

        Raises:
            EncryptError: they contradict the item, or cannot be made.
        """
        return with_signed_beacons(self._plan, item)

    def beacons(self, item: Item, data_keys: Sequence[EncryptedDataKey]) -> dict[str, Any]:
        """Give the attributes to store beside an item that was encrypted.

        Args:
            item: The item as the application wrote it.
            data_keys: The encrypted data keys in its header.

        Raises:
            EncryptError: a beacon cannot be made, or its key cannot be had.
        """
        try:
            keys = self._keys(self._key_id_of(data_keys))
        except KeyStoreError as error:
            raise error.for_writing() from error
        return stored_beacons(self._plan, item, keys, partition_of(self._plan, item))

    def rewrite(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Give the Query or Scan request to send for one that the application wrote.

        Raises:
            UnsupportedOperationError: an expression asks what no beacon can answer.
            KeyStoreError: the key that it needs cannot be had.
        """
        return rewrite(self._plan, operation, request, self._keys)

    def filter(
        self, request: Mapping[str, Any], items: Iterable[Item], read: Callable[[Item], dict[str, Any]]
    ) -> list[dict[str, Any]]:
        """Read the items of a reply and keep those that the application asked for.

        Args:
            request: The request as the application wrote it.
            items: The items of the reply, as they are stored.
            read: Verifies and decrypts one.
        """
        check = reply_check(self._plan, request)
        opened = [read(item) for item in items if check.key_id is None or _is_under(item, check.key_id)]
        return [item for item in opened if check.is_wanted(item)]

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

    def _keys(self, key_id: str) -> HmacKeys:
        return self._cache.get(key_id, self._source.ttl_seconds, lambda: self._load(key_id))

    def _load(self, key_id: str) -> HmacKeys:
        return derive_keys(
            self._plan.key_store.get_beacon_key(key_id).beacon_key, self._plan.standard_beacons
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
