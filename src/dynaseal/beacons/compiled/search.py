"""A table's beacons and surrogate keys, checked and ready for use."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from dynaseal.beacons.compiled.compound import CompiledCompoundBeacon
from dynaseal.beacons.compiled.hashes import BEACON_PREFIX
from dynaseal.beacons.compiled.standard import CompiledStandardBeacon
from dynaseal.beacons.compiled.virtual_fields import CompiledVirtualField
from dynaseal.beacons.definitions import PartitionSelector
from dynaseal.beacons.key_sources import BeaconKeyStore, MultiKeySource, SingleKeySource
from dynaseal.beacons.surrogates.keys import Surrogates
from dynaseal.core.actions import CryptoAction
from dynaseal.expressions.tree import Path

Beacon = CompiledStandardBeacon | CompiledCompoundBeacon


@dataclass(frozen=True, kw_only=True)
class CompiledSearch:
    """One table's search configuration and surrogate keys, checked and resolved.

    Attributes:
        standard_beacons: By name.
        compound_beacons: By name.
        virtual_fields: By name.
        key_store: Where beacon keys are stored.
        key_source: Which beacon key is used.
        drops_key_field: Whether the key field of a MultiKeySource is dropped when an item is written.
        partitions: How many partitions items are divided into; 1 if none are configured.
        partition_selector: Chooses an item's partition; None for a random one.
        signed_beacons: The compound beacons that are signed attributes under their own names.
        stored_beacons: The beacons that are stored beside an item, outside its signature.
        is_encrypted: Returns whether an attribute of the table is encrypted.
        surrogates: The table's surrogate keys.
    """

    standard_beacons: Mapping[str, CompiledStandardBeacon]
    compound_beacons: Mapping[str, CompiledCompoundBeacon]
    virtual_fields: Mapping[str, CompiledVirtualField]
    key_store: BeaconKeyStore
    key_source: SingleKeySource | MultiKeySource
    drops_key_field: bool
    partitions: int
    partition_selector: PartitionSelector | None
    signed_beacons: tuple[CompiledCompoundBeacon, ...]
    stored_beacons: tuple[Beacon, ...]
    is_encrypted: Callable[[str], bool]
    surrogates: Surrogates

    @property
    def key_field(self) -> str | None:
        """The attribute by which searches name the tenant's key, in a table of tenants."""
        return self.key_source.key_field_name if isinstance(self.key_source, MultiKeySource) else None

    @cached_property
    def signed_attributes(self) -> Mapping[str, CryptoAction]:
        """The actions of the signed beacons, which the table's attribute actions do not name."""
        return {beacon.name: CryptoAction.SIGN_ONLY for beacon in self.signed_beacons}

    def beacon(self, name: str) -> Beacon | None:
        """Return the beacon with a name in expressions, if there is one."""
        return self.standard_beacons.get(name) or self.compound_beacons.get(name)

    def beacon_at(self, path: Path, names: Mapping[str, str]) -> Beacon | None:
        """Return the beacon that a document path names by its name or its stored name, if there is one.

        Args:
            path: From an expression.
            names: The request's ExpressionAttributeNames.
        """
        if len(path.steps) > 1:
            return None
        name = path.root(names)
        return self.beacon(name) or self.beacon(name.removeprefix(BEACON_PREFIX))
