"""The estimate: KMS calls by key and operation, units of DynamoDB, and what they cost per month."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from math import ceil
from typing import Any

from dynaseal.attributes import Item
from dynaseal.boto.cost.prices import (
    KMS_ASYMMETRIC_REQUEST,
    KMS_KEY,
    KMS_REQUEST,
    PRICES,
    READ_UNIT,
    STORAGE,
    WRITE_UNIT,
    Price,
)
from dynaseal.boto.cost.sizes import ItemSizes, measure
from dynaseal.boto.keys.uses import KeyKind, KeyUse, StoreUse, Uses, uses_of
from dynaseal.config import TableConfig
from dynaseal.core.arguments import check_at_least, check_instances, check_integers
from dynaseal.errors import ConfigError

_SECONDS_PER_MONTH = 730 * 3600
_READ_UNIT_BYTES, _WRITE_UNIT_BYTES = 4096, 1024
_EVENTUALLY_CONSISTENT = 0.5
_CHEAP_RSA_BITS = 2048
"""Requests with an RSA key of this size cost as much as those with a symmetric key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KmsUsage:
    """The calls of one operation with one key, per month.

    Attributes:
        keyring: What makes the calls.
        key_id: The key.
        operation: Such as `Decrypt`.
        calls: How many; for a key store the largest number that is possible.
        dollars: What they cost.
    """

    keyring: str
    key_id: str
    operation: str
    calls: int
    dollars: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """Request units and storage of DynamoDB per month, as on a plaintext table and as stored.

    Attributes:
        read_units: Units of the reads, without and with encryption.
        write_units: Units of the writes, without and with encryption.
        storage_bytes: Bytes stored, without and with encryption.
        dollars: What all of that costs, without and with encryption.
    """

    read_units: tuple[float, float]
    write_units: tuple[float, float]
    storage_bytes: tuple[int, int]
    dollars: tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What a table costs per month; see `estimate_cost`.

    Attributes:
        kms: The calls of KMS.
        keys: How many KMS keys are used.
        keys_dollars: What they cost, used or not.
        sizes: The size of an item.
        capacity: What DynamoDB counts.
        prices: The prices, with dates and sources.
    """

    kms: Sequence[KmsUsage]
    keys: int
    keys_dollars: float
    sizes: ItemSizes
    capacity: Capacity
    prices: Sequence[Price] = PRICES

    @property
    def kms_dollars(self) -> float:
        """What all calls of KMS cost."""
        return sum(usage.dollars for usage in self.kms)

    @property
    def added_dollars(self) -> float:
        """What encryption adds: KMS, and the larger items in DynamoDB."""
        plain, stored = self.capacity.dollars
        return self.kms_dollars + self.keys_dollars + stored - plain

    def to_dict(self) -> dict[str, Any]:
        """Return the estimate with JSON's types."""
        sizes = {**asdict(self.sizes), "ciphertext": self.sizes.ciphertext}
        totals = {"kms_dollars": self.kms_dollars, "added_dollars": self.added_dollars}
        return {**asdict(self), "sizes": sizes, **totals}


def estimate_cost(
    config: TableConfig,
    *,
    items: int,
    reads: int,
    writes: int,
    item: Item | None = None,
    processes: int = 1,
    tenants: int = 1,
) -> Estimate:
    """Estimate what a table costs per month; calls nothing.

    Args:
        config: The table's configuration.
        items: How many items the table has.
        reads: How many items are read per month, each by an eventually consistent read of its own.
        writes: How many items are written per month.
        item: An item of the table, in wire form; by default one with a short string for each attribute that
            the configuration names.
        processes: How many processes use the table, each with caches of its own.
        tenants: How many branch keys are used.

    Raises:
        ConfigError: the calls of a keyring are not known, the configuration can only read, or a number is
            too small.
        EncryptError: the item does not fit the configuration.

    Example:
        >>> from dynaseal import AttributeActions, AwsKmsKeyring, TableConfig
        >>> arn = "arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
        >>> config = TableConfig("t", "pk", attribute_actions=AttributeActions(), keyring=AwsKmsKeyring(arn))
        >>> estimate = estimate_cost(config, items=1000, reads=1_000_000, writes=10_000)
        >>> [(usage.operation, usage.calls, usage.dollars) for usage in estimate.kms]
        [('Decrypt', 1000000, 3.0), ('GenerateDataKey', 10000, 0.03)]
    """
    check_instances("estimate_cost", TableConfig, config=config)
    check_integers(
        "estimate_cost", items=items, reads=reads, writes=writes, processes=processes, tenants=tenants
    )
    check_at_least("estimate_cost", 0, items=items, reads=reads, writes=writes)
    check_at_least("estimate_cost", 1, processes=processes, tenants=tenants)
    uses = _known_uses(config)
    sizes = measure(config, item)
    keys = {use.key_id for use in uses.keys} | {use.store.kms_key_arn for use in uses.stores}
    return Estimate(
        kms=[*_kms_calls(uses, reads, writes, loaders=processes * tenants)],
        keys=len(keys),
        keys_dollars=KMS_KEY.of(len(keys)),
        sizes=sizes,
        capacity=_capacity(sizes, items, reads, writes),
    )


def _known_uses(config: TableConfig) -> Uses:
    uses = uses_of(config)
    if uses.unknown:
        raise ConfigError(
            f"What {uses.unknown[0]!r} calls is not known, so its cost cannot be estimated",
            hint="Estimate with one of dynaseal's keyrings",
        )
    return uses


def _kms_calls(uses: Uses, reads: int, writes: int, *, loaders: int) -> Iterator[KmsUsage]:
    yield from _item_calls(uses.keys, reads, writes)
    for use in uses.stores:
        yield _store_calls(use, reads, writes, loaders=loaders)


def _item_calls(keys: Sequence[KeyUse], reads: int, writes: int) -> Iterator[KmsUsage]:
    for number, use in enumerate(keys):
        operations: dict[str, int] = {}
        if number == 0:  # The first key unwraps the data key, and the others are not called.
            operations["Decrypt" if use.kind is not KeyKind.ECDH else "DeriveSharedSecret"] = reads
        for operation in use.writing:
            if operation != "GetPublicKey":  # once per process
                operations[operation] = operations.get(operation, 0) + writes
        costs_more = use.kind is KeyKind.ECDH or (use.kind is KeyKind.RSA and use.rsa_bits != _CHEAP_RSA_BITS)
        price = KMS_ASYMMETRIC_REQUEST if costs_more else KMS_REQUEST
        for operation, calls in operations.items():
            yield KmsUsage(
                keyring=f"the keyring of {use.kind.value}",
                key_id=use.key_id,
                operation=operation,
                calls=calls,
                dollars=price.of(calls),
            )


def _store_calls(use: StoreUse, reads: int, writes: int, *, loaders: int) -> KmsUsage:
    """Return the calls that fetch a key store's keys: at most one per TTL for each process and branch key."""
    loads = loaders * ceil(_SECONDS_PER_MONTH / use.ttl_seconds)
    if use.keyring is None:
        calls = min(reads + writes, loads)
        name = "beacon keys"
    else:
        # The active version, for writing, is fetched and kept apart from the versions for reading.
        calls = min(reads, loads) + min(writes, loads)
        name = "the hierarchical keyring"
    return KmsUsage(
        keyring=name,
        key_id=use.store.kms_key_arn,
        operation="Decrypt",
        calls=calls,
        dollars=KMS_REQUEST.of(calls),
    )


def _capacity(sizes: ItemSizes, items: int, reads: int, writes: int) -> Capacity:
    plain, stored = (_units_of(size, items, reads, writes) for size in (sizes.plain, sizes.stored))
    return Capacity(
        read_units=(plain[0], stored[0]),
        write_units=(plain[1], stored[1]),
        storage_bytes=(plain[2], stored[2]),
        dollars=(_dollars(*plain), _dollars(*stored)),
    )


def _units_of(size: int, items: int, reads: int, writes: int) -> tuple[float, float, int]:
    read_units = reads * ceil(size / _READ_UNIT_BYTES) * _EVENTUALLY_CONSISTENT
    return read_units, float(writes * ceil(size / _WRITE_UNIT_BYTES)), items * size


def _dollars(read_units: float, write_units: float, storage_bytes: int) -> float:
    return READ_UNIT.of(read_units) + WRITE_UNIT.of(write_units) + STORAGE.of(storage_bytes)
