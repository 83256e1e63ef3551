"""Where keys, their material, aliases and grants are kept: frozen records in dictionaries, one lab's own.

Every change goes through one of the few `put_` and `drop_` methods, so that a store which survives a restart
replaces just those. A key whose deletion window has run out is forgotten when it is next looked for, and its
aliases and grants with it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from dynaseal_lab.kms.grants import Grant
from dynaseal_lab.kms.keys import KeyMaterial, KeyRecord, arn_prefix


@dataclass(frozen=True, slots=True)
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


class KmsStore:
    """All keys of all accounts and Regions of one lab, in memory.

    `now` says the lab's time, by which deletion windows run out.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._keys: dict[tuple[str, str], KeyRecord] = {}
        self._material: dict[str, KeyMaterial] = {}
        self._aliases: dict[tuple[str, str, str], Alias] = {}
        self._grants: dict[str, Grant] = {}

    def key(self, region: str, key_id: str) -> KeyRecord | None:
        """The key with this id in this Region, whichever account owns it."""
        record = self._keys.get((region, key_id))
        if record is not None and record.gone(self._now()):
            self._forget(record)
            return None
        if record is not None and record.state == "PendingReplicaDeletion":
            return self._still_waiting(record)
        return record

    def keys(self, account: str, region: str) -> list[KeyRecord]:
        """An account's keys in a Region, by key id."""
        found = [self.key(*place) for place in sorted(self._keys) if place[0] == region]
        return [record for record in found if record is not None and record.account == account]

    def copies(self, key_id: str) -> tuple[KeyRecord, ...]:
        """The copies of a multi-Region key in all Regions (of any other key: itself)."""
        found = (self.key(*place) for place in sorted(self._keys) if place[1] == key_id)
        return tuple(record for record in found if record is not None)

    def put_key(self, record: KeyRecord) -> None:
        """Add a key or replace its record."""
        self._keys[record.region, record.key_id] = record

    def material(self, key_id: str) -> KeyMaterial:
        """The material of a key that exists."""
        return self._material[key_id]

    def put_material(self, material: KeyMaterial) -> None:
        """Add or replace key material."""
        self._material[material.key_id] = material

    def alias(self, account: str, region: str, name: str) -> Alias | None:
        """The alias of this name."""
        return self._aliases.get((account, region, name))

    def aliases(self, account: str, region: str) -> list[Alias]:
        """An account's aliases in a Region, by name."""
        return [alias for place, alias in sorted(self._aliases.items()) if place[:2] == (account, region)]

    def alias_names(self, record: KeyRecord) -> list[str]:
        """The names of a key's aliases."""
        place = (record.account, record.region)
        return [
            alias.name
            for alias in self._aliases.values()
            if alias.key_id == record.key_id and (alias.account, alias.region) == place
        ]

    def put_alias(self, alias: Alias) -> None:
        """Add an alias or point it elsewhere."""
        self._aliases[alias.account, alias.region, alias.name] = alias

    def drop_alias(self, alias: Alias) -> None:
        """Remove an alias."""
        del self._aliases[alias.account, alias.region, alias.name]

    def grants(self, record: KeyRecord) -> Iterator[Grant]:
        """The grants on a key, oldest first."""
        return (
            grant
            for grant in list(self._grants.values())
            if grant.key_id == record.key_id and grant.region == record.region
        )

    def all_grants(self) -> list[Grant]:
        """Every grant of the lab, oldest first."""
        return list(self._grants.values())

    def put_grant(self, grant: Grant) -> None:
        """Add a grant."""
        self._grants[grant.grant_id] = grant

    def drop_grant(self, grant: Grant) -> None:
        """Remove a grant."""
        del self._grants[grant.grant_id]

    def _still_waiting(self, record: KeyRecord) -> KeyRecord:
        """A primary key that waits for its replicas' deletion; its own window starts when they are gone."""
        if len(self._regions_of(record.key_id)) == 1 and record.deletion_window is not None:
            record = replace(record, deletion_date=self._now() + timedelta(days=record.deletion_window))
            self.put_key(record)
        return record

    def _regions_of(self, key_id: str) -> list[str]:
        """Where copies of a key are, after those have been forgotten whose time has come."""
        now = self._now()
        copies = [record for record in self._keys.values() if record.key_id == key_id]
        for copy in copies:
            if copy.gone(now):
                self._forget(copy)
        return [copy.region for copy in copies if not copy.gone(now)]

    def _forget(self, record: KeyRecord) -> None:
        for alias in self.aliases(record.account, record.region):
            if alias.key_id == record.key_id:
                self.drop_alias(alias)
        for grant in self.grants(record):
            self.drop_grant(grant)
        del self._keys[record.region, record.key_id]
        if not any(key_id == record.key_id for _, key_id in self._keys):
            del self._material[record.key_id]
