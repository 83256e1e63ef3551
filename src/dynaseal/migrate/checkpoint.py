"""The checkpoint of a migration: where each segment is, what was counted, and which items failed.

- It is readable JSON, and readable by its owner only. It has the keys of items that failed and of the last
  item that each segment read, and nothing else of any item.
- It is written whole to another file, which then replaces it. So it is never half written, and what it says
  was done is done: a page of a scan is added after each of its items was written or failed.
- It belongs to one table and one pair of configurations, and is refused for any other.
- A file beside it is locked while a migration uses it.
"""

import json
import os
import re
from collections import Counter
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import IO, Any, Protocol, cast

from dynaseal.attributes import Item
from dynaseal.config import TableConfig
from dynaseal.core.actions import AttributeActions
from dynaseal.core.stream_images import from_stream_image
from dynaseal.errors import ConfigError, FormatError
from dynaseal.materials.kms_calls import KmsCall
from dynaseal.migrate.reports import Consumed, Failure, Handled, Totals, key_to_json

DEFAULT_SEGMENTS = 4
"""How many segments a scan has that is not told how many."""

_VERSION = 1
_ABOUT = "A checkpoint of dynaseal migrate: run the same command again to go on. Delete it to start again."
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


class _Locking(Protocol):
    """The module `fcntl`, which is not on every system."""

    LOCK_EX: int
    LOCK_NB: int

    def flock(self, fd: int, operation: int, /) -> None:
        """Lock a file."""
        ...


@dataclass(slots=True)
class Segment:
    """How far one segment of the scan is.

    Attributes:
        next: The key after which the next page begins; None for the first page.
        done: Whether all its pages were read.
    """

    next: Item | None = None
    done: bool = False


@dataclass
class Checkpoint:
    """The state of a migration; safe for use by many threads.

    Args:
        path: The file; None to keep the state in memory only.
        table: The table's name.
        fingerprint: Of the table and the configurations, from `fingerprint`.
        segments: How many segments the scan has.

    Attributes:
        totals: The counts, without items that failed.
        failures: The items that failed, by their keys.
        consumed: What the migration consumed.
    """

    path: Path | None
    table: str
    fingerprint: str
    segments: list[Segment]
    totals: Totals = field(default_factory=Totals)
    failures: dict[str, Failure] = field(default_factory=dict[str, Failure])
    consumed: Consumed = field(default_factory=Consumed)
    _lock: Lock = field(default_factory=Lock, repr=False)

    @property
    def is_complete(self) -> bool:
        """Whether every segment was read."""
        return all(segment.done for segment in self.segments)

    def begin_again_if_finished(self) -> None:
        """Begin a new scan if the last one is complete and nothing of it failed.

        Other programs may have written items since that are to be moved.
        """
        with self._lock:
            if self.is_complete and not self.failures:
                self.segments = [Segment() for _ in self.segments]
                self.totals = Totals()
                self.consumed = Consumed()

    def states(self) -> Counter[str]:
        """Return how many items were changed, skipped, failed, deleted and unselected so far."""
        with self._lock:
            states = Counter(self.totals.states)
            if self.failures:
                states["failed"] = len(self.failures)
            return states

    def finish_page(
        self, segment: int, next_key: Item | None, handled: Iterable[Handled], consumed: Consumed
    ) -> None:
        """Add a page of a segment whose items were all handled, and save the checkpoint.

        Args:
            segment: The segment's number.
            next_key: The key after which the next page begins; None if this was the last one.
            handled: The page's items.
            consumed: What the whole migration has consumed.
        """
        with self._lock:
            self.segments[segment] = Segment(next_key, next_key is None)
            self._finish(handled, consumed)

    def finish_retries(self, handled: Iterable[Handled], consumed: Consumed) -> None:
        """Add items that had failed before and were tried again, and save the checkpoint."""
        with self._lock:
            self._finish(handled, consumed)

    def _finish(self, handled: Iterable[Handled], consumed: Consumed) -> None:
        self._add(handled)
        self.consumed = consumed
        self._save()

    def _add(self, handled: Iterable[Handled]) -> None:
        for each in handled:
            name = json.dumps(key_to_json(each.key), sort_keys=True)
            if each.reason is not None:
                self.failures[name] = Failure(key=each.key, form=each.form, reason=each.reason)
                continue
            self.failures.pop(name, None)
            self.totals.add(each)

    def _save(self) -> None:
        if self.path is None:
            return
        new = self.path.with_name(f".{self.path.name}.new")
        # One of a killed process may be there. The lock excludes one that is in use.
        with suppress(FileNotFoundError):
            new.unlink()
        handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(self._to_dict(), file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self.path)
        _sync_folder(self.path.parent)

    def _to_dict(self) -> dict[str, Any]:
        return {
            "about": _ABOUT,
            "version": _VERSION,
            "table": self.table,
            "fingerprint": self.fingerprint,
            "segments": [
                {"next": None if each.next is None else key_to_json(each.next), "done": each.done}
                for each in self.segments
            ],
            "states": dict(self.totals.states),
            "forms": dict(self.totals.forms),
            "keys": dict(self.totals.keys),
            "kms_calls": [[*call, number] for call, number in sorted(self.consumed.kms_calls.items())],
            "read_units": self.consumed.read_units,
            "write_units": self.consumed.write_units,
            "seconds": self.consumed.seconds,
            "failures": [failure.to_dict() for failure in self.failures.values()],
        }


def open_checkpoint(path: Path | None, table: str, identity: str, segments: int | None) -> Checkpoint:
    """Return the checkpoint in a file, or a new one if there is no such file.

    Args:
        path: The file; None to keep the state in memory only.
        table: The table's name.
        identity: The fingerprint of the table and the configurations.
        segments: How many segments the scan has; None for as many as the file says, or the default.

    Raises:
        ConfigError: the file is not a checkpoint, or is one of another table, of other configurations or of
            another number of segments.
    """
    count = DEFAULT_SEGMENTS if segments is None else segments
    new = Checkpoint(path, table, identity, [Segment() for _ in range(count)])
    if path is None:
        return new
    try:
        content = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return new
    try:
        saved = json.loads(content)
        checkpoint = _from_dict(path, saved)
    except (AttributeError, FormatError, KeyError, TypeError, ValueError):
        raise ConfigError(f"{path} is not a checkpoint of a migration", hint="Name another file") from None
    if (checkpoint.table, checkpoint.fingerprint) != (table, identity):
        raise ConfigError(
            f"{path} is the checkpoint of another migration: of the table {checkpoint.table!r}, or with "
            "other configurations or options",
            hint="Name another file, or delete this one to start again",
        )
    if segments is not None and segments != len(checkpoint.segments):
        raise ConfigError(
            f"{path} is the checkpoint of a scan with {len(checkpoint.segments)} segments, not {segments}",
            hint="Leave the number of segments out, or name another file",
        )
    return checkpoint


def _from_dict(path: Path, saved: Any) -> Checkpoint:
    if saved["version"] != _VERSION:
        raise ValueError("another version")
    failures: dict[str, Failure] = {}
    for each in saved["failures"]:
        name = json.dumps(each["key"], sort_keys=True)
        failures[name] = Failure(key=from_stream_image(each["key"]), form=each["form"], reason=each["reason"])
    return Checkpoint(
        path,
        saved["table"],
        saved["fingerprint"],
        [
            Segment(None if each["next"] is None else from_stream_image(each["next"]), each["done"])
            for each in saved["segments"]
        ],
        totals=Totals(Counter(saved["states"]), Counter(saved["forms"]), Counter(saved["keys"])),
        failures=failures,
        consumed=Consumed(
            kms_calls=Counter({KmsCall(operation, key): n for operation, key, n in saved["kms_calls"]}),
            read_units=saved["read_units"],
            write_units=saved["write_units"],
            seconds=saved["seconds"],
        ),
    )


@contextmanager
def locked(path: Path | None) -> Generator[None]:
    """Hold the lock of a checkpoint's file, so that two migrations do not overwrite each other's.

    Raises:
        ConfigError: another process holds it.
    """
    if path is None:
        yield
        return
    lock = path.with_name(f"{path.name}.lock")
    with lock.open("w", encoding="utf-8") as file:
        _lock(file, path)
        yield
    with suppress(OSError):
        lock.unlink()


def _lock(file: IO[str], path: Path) -> None:
    try:
        import fcntl  # noqa: PLC0415 - not on Windows, where there is no lock
    except ModuleNotFoundError:
        return
    locking = cast("_Locking", fcntl)
    try:
        locking.flock(file.fileno(), locking.LOCK_EX | locking.LOCK_NB)
    except OSError:
        raise ConfigError(
            f"Another process is using the checkpoint {path}", hint="Wait for it, or stop it first"
        ) from None


def _sync_folder(folder: Path) -> None:
    """Make the new name of a file durable, where the system can."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def fingerprint(parts: Mapping[str, Any]) -> str:
    """Return a fingerprint of values that are the same in each process.

    Example:
        >>> fingerprint({"table": "people"}) == fingerprint({"table": "people"})
        True
    """
    return sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def describe_config(config: TableConfig) -> dict[str, Any]:
    """Return what a configuration is, with JSON's types and the same in each process. It shows no key."""
    actions = config.attribute_actions
    default, named = (
        (actions.default_action, actions.attribute_actions)
        if isinstance(actions, AttributeActions)
        else (None, actions)
    )
    return {
        "table": config.logical_table_name,
        "keys": list(config.key_names),
        "default": None if default is None else default.name,
        "actions": {name: action.name for name, action in named.items()},
        "unsigned": sorted(config.allowed_unsigned_attributes),
        "unsigned prefix": config.allowed_unsigned_attribute_prefix,
        "suite": config.algorithm_suite.name,
        "policy": config.plaintext_policy.name,
        # Objects of the caller's, such as a supplier of branch keys, may show their addresses.
        "objects": _ADDRESS.sub(
            "", repr((config.keyring, config.cmm, config.search, config.surrogate_keys, config.legacy))
        ),
    }
