"""The stored keys of one lab, with their material, aliases and grants.

A key whose deletion date has passed is removed when it is next looked up, with its aliases and grants. Its
material is removed with its last copy.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from dynaseal_lab.kms.grants import Grant
from dynaseal_lab.kms.keys import KeyMaterial, KeyRecord, arn_prefix
from dynaseal_lab.record_store import InMemoryRecordStore, RecordStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Alias:
    """A name (`alias/...`) for a key, in one account and Region."""

    account: str
    region: str
    name: str
    key_id: str
    created: datetime
    updated: datetime

    @property
    def arn(self) -> str:
        """The alias's ARN."""
        return arn_prefix(self.account, self.region) + self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportParameters:
    """What GetParametersForImport has handed out: the private key to a public key, under an import token."""

    token: str = field(repr=False)
    region: str
    key_id: str
    algorithm: str
    private_key: bytes = field(repr=False)
    valid_to: datetime


class KmsStore:
    """All keys of all accounts and Regions of one lab.

    Args:
        now: Returns the lab's time, which decides whether a deletion date has passed.
        record_store: Keeps the records; in memory unless given.
    """

    def __init__(self, now: Callable[[], datetime], record_store: RecordStore | None = None) -> None:
        record_store = record_store or InMemoryRecordStore()
        self._now = now
        self._keys = record_store.mapping("kms-key", KeyRecord)
        self._material = record_store.mapping("kms-material", KeyMaterial)
        self._aliases = record_store.mapping("kms-alias", Alias)
        self._imports = record_store.mapping("kms-import", ImportParameters)
        self._grants = record_store.mapping("kms-grant", Grant)
        # Indexes for what is looked up at every call, so that a lab full of keys is as fast as an empty one.
        self._regions: defaultdict[str, set[str]] = defaultdict(set)
        self._names: defaultdict[tuple[str, str], set[tuple[str, ...]]] = defaultdict(set)
        self._granted: defaultdict[tuple[str, str], dict[str, Grant]] = defaultdict(dict)
        for record in self._keys.values():
            self._regions[record.key_id].add(record.region)
        for alias in self._aliases.values():
            self._names[alias.region, alias.key_id].add((alias.account, alias.region, alias.name))
        for grant in sorted(self._grants.values(), key=lambda grant: grant.created):
            self._granted[grant.region, grant.key_id][grant.grant_id] = grant

    def key(self, region: str, key_id: str) -> KeyRecord | None:
        """Return the key with this id in this Region, whichever account owns it."""
        record = self._keys.get((region, key_id))
        if record is not None and record.gone(self._now()):
            self._forget(record)
            return None
        if record is not None and record.origin == "EXTERNAL":
            record = self._without_expired_material(record)
        if record is not None and record.state == "PendingReplicaDeletion":
            return self._with_started_window(record)
        return record

    def keys(self, account: str, region: str) -> list[KeyRecord]:
        """Return an account's keys in a Region, sorted by key id."""
        record_keys = sorted(
            (record.region, record.key_id)
            for record in self._keys.values()
            if (record.account, record.region) == (account, region)
        )
        found = (self.key(*record_key) for record_key in record_keys)
        return [record for record in found if record is not None]

    def copies(self, key_id: str) -> tuple[KeyRecord, ...]:
        """Return the copies of a multi-Region key in all Regions; of any other key, the key itself."""
        found = (self.key(region, key_id) for region in sorted(self._regions[key_id]))
        return tuple(record for record in found if record is not None)

    def put_key(self, record: KeyRecord) -> None:
        """Add a key or replace its record."""
        self._keys[record.region, record.key_id] = record
        self._regions[record.key_id].add(record.region)

    def material(self, key_id: str) -> KeyMaterial:
        """Return the material of a key that exists."""
        return self._material[key_id,]

    def put_material(self, material: KeyMaterial) -> None:
        """Add or replace key material."""
        self._material[material.key_id,] = material

    def import_parameters(self, token: str) -> ImportParameters | None:
        """Return what was handed out under this import token."""
        return self._imports.get((token,))

    def put_import_parameters(self, parameters: ImportParameters) -> None:
        """Store import parameters, and remove those that expired more than a day ago."""
        for (token,), old in list(self._imports.items()):
            if self._now() - old.valid_to > timedelta(days=1):
                del self._imports[token,]
        self._imports[parameters.token,] = parameters

    def alias(self, account: str, region: str, name: str) -> Alias | None:
        """Return the alias of this name."""
        return self._aliases.get((account, region, name))

    def aliases(self, account: str, region: str) -> list[Alias]:
        """Return an account's aliases in a Region, sorted by name."""
        return [
            alias
            for record_key, alias in sorted(self._aliases.items())
            if record_key[:2] == (account, region)
        ]

    def alias_names(self, record: KeyRecord) -> list[str]:
        """Return the names of a key's aliases, in the key's own account and Region."""
        record_keys = self._names.get((record.region, record.key_id), set())
        return sorted(name for account, _, name in record_keys if account == record.account)

    def put_alias(self, alias: Alias) -> None:
        """Add an alias, or make it an alias of another key."""
        record_key = (alias.account, alias.region, alias.name)
        previous = self._aliases.get(record_key)
        if previous is not None:
            self._names[previous.region, previous.key_id].discard(record_key)
        self._aliases[record_key] = alias
        self._names[alias.region, alias.key_id].add(record_key)

    def drop_alias(self, alias: Alias) -> None:
        """Remove an alias."""
        record_key = (alias.account, alias.region, alias.name)
        del self._aliases[record_key]
        self._names[alias.region, alias.key_id].discard(record_key)

    def grants(self, record: KeyRecord) -> list[Grant]:
        """Return the grants on a key, oldest first."""
        return list(self._granted.get((record.region, record.key_id), {}).values())

    def all_grants(self) -> list[Grant]:
        """Return every grant of the lab."""
        return list(self._grants.values())

    def put_grant(self, grant: Grant) -> None:
        """Add a grant."""
        self._grants[grant.grant_id,] = grant
        self._granted[grant.region, grant.key_id][grant.grant_id] = grant

    def drop_grant(self, grant: Grant) -> None:
        """Remove a grant."""
        del self._grants[grant.grant_id,]
        del self._granted[grant.region, grant.key_id][grant.grant_id]

    def _without_expired_material(self, record: KeyRecord) -> KeyRecord:
        """Remove imported material that has expired, and return the key with its state."""
        material = self.material(record.key_id)
        remaining = material.without_expired(self._now())
        if remaining is material:
            return record
        self.put_material(remaining)
        record = replace(record, pending_import=not remaining.complete)
        self.put_key(record)
        return record

    def _with_started_window(self, record: KeyRecord) -> KeyRecord:
        """Start the deletion window of a primary key whose replicas are gone, and return the key."""
        if not self._has_other_copies(record) and record.deletion_window is not None:
            record = replace(record, deletion_date=self._now() + timedelta(days=record.deletion_window))
            self.put_key(record)
        return record

    def _has_other_copies(self, record: KeyRecord) -> bool:
        """Return whether other Regions still have copies, after removing those whose date has passed."""
        others = [
            self.key(region, record.key_id) for region in self._regions[record.key_id] - {record.region}
        ]
        return any(copy is not None for copy in others)

    def _forget(self, record: KeyRecord) -> None:
        for name in self.alias_names(record):
            self.drop_alias(self._aliases[record.account, record.region, name])
        for grant in self.grants(record):
            self.drop_grant(grant)
        del self._keys[record.region, record.key_id]
        self._regions[record.key_id].discard(record.region)
        if not self._regions[record.key_id]:
            del self._regions[record.key_id]
            del self._material[record.key_id,]
