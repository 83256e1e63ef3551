"""Which items a migration takes: all of them, those under certain keys, or those under old branch keys.

An item has no date. The only date that it leads to is that of its branch key's version, which the key store
has. Items under any other key have none, and are not taken when a date is given.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import Protocol, runtime_checkable

from dynaseal import drivers
from dynaseal.core.arguments import check_string_collection
from dynaseal.errors import ConfigError, KeyStoreError
from dynaseal.materials.keyrings.hierarchical import AwsKmsHierarchicalKeyring
from dynaseal.materials.keyrings.multi import MultiKeyring
from dynaseal.materials.model import AnyKeyring
from dynaseal.migrate.forms import branch_key_version


@runtime_checkable
class DatedBranchKeys(Protocol):
    """A key store that knows when a version of a branch key was made."""

    def get_creation_time(self, branch_key_id: str, version: str, /) -> datetime:
        """Return when a version of a branch key was made, with a time zone."""
        ...


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Which items a migration takes.

    Attributes:
        keys: Raw keys' names, ARNs, branch key ids or branch key versions; empty for every key.
        older_than: Take only items whose branch key version was made before this; None for all.
        key_store: Where the versions are; needed for `older_than`.
    """

    keys: frozenset[str] = frozenset()
    older_than: datetime | None = None
    key_store: DatedBranchKeys | None = None
    _dates: dict[tuple[str, str], datetime] = field(
        default_factory=dict[tuple[str, str], datetime], repr=False, compare=False
    )
    _lock: Lock = field(default_factory=Lock, repr=False, compare=False)

    @property
    def is_everything(self) -> bool:
        """Whether every item is selected."""
        return not self.keys and self.older_than is None

    def includes(self, names: Iterable[str]) -> bool:
        """Return whether an item is selected, given the names of its keys as `forms.key_names` makes them.

        Raises:
            ConfigError: the key store is asynchronous.
            KeyStoreError: the date of a branch key's version cannot be read.
        """
        listed = list(names)
        if self.keys and not any(map(self._is_named, listed)):
            return False
        return self.older_than is None or any(map(self._is_old, listed))

    def _is_named(self, name: str) -> bool:
        return any(f" {key} " in f" {name} " for key in self.keys)

    def _is_old(self, name: str) -> bool:
        key = branch_key_version(name)
        if key is None:
            return False
        assert self.key_store is not None  # noqa: S101 checked when the selection was made
        assert self.older_than is not None  # noqa: S101 checked by the caller
        with self._lock:
            if key not in self._dates:
                self._dates[key] = _creation_time(self.key_store, *key)
            return self._dates[key] < self.older_than


def _creation_time(key_store: DatedBranchKeys, branch_key_id: str, version: str) -> datetime:
    made = drivers.call(key_store.get_creation_time, branch_key_id, version)
    if not isinstance(made, datetime) or made.utcoffset() is None:
        raise KeyStoreError(
            f"The key store returned an object of the type {type(made).__name__} as the creation time of the "
            f"version {version!r} of the branch key {branch_key_id!r}, not a datetime with a time zone"
        )
    return made


ALL_ITEMS = Selection()


def select(keys: Iterable[str], older_than: datetime | None, *keyrings: AnyKeyring | None) -> Selection:
    """Return a selection.

    Args:
        keys: Raw keys' names, ARNs, branch key ids or branch key versions; empty for every key.
        older_than: Take only items whose branch key version was made before this; None for all.
        keyrings: The keyrings of the source and the target, one of which has the key store.

    Raises:
        ConfigError: `keys` is a string, there is no key store to ask for dates, or the time has no time zone.
    """
    keys = check_string_collection("A migration", "keys", keys)
    if older_than is None:
        return Selection(keys=frozenset(keys))
    if older_than.tzinfo is None:
        raise ConfigError("older_than needs a time zone", hint="Write datetime(2026, 1, 1, tzinfo=UTC)")
    stores = [store for keyring in keyrings for store in _key_stores(keyring)]
    if not stores:
        raise ConfigError(
            "older_than needs a hierarchical keyring: only the versions of branch keys have dates",
            hint="Select items by key instead: keys=[...], or --key",
        )
    return Selection(keys=frozenset(keys), older_than=older_than, key_store=stores[0])


def _key_stores(keyring: AnyKeyring | None) -> Iterator[DatedBranchKeys]:
    if isinstance(keyring, MultiKeyring):
        for each in keyring.keyrings:
            yield from _key_stores(each)
    elif isinstance(keyring, AwsKmsHierarchicalKeyring) and isinstance(keyring.key_store, DatedBranchKeys):
        yield keyring.key_store
