"""A dry run: every item is read and counted, a few are transformed, and nothing is written.

- What an item is shows without keys, so counting makes no call of KMS.
- Of each group, items of one form under the same keys, up to `SAMPLE` are transformed, and so is each item
  that might grow past DynamoDB's limit. From the sample follow the calls of KMS, the time and the sizes.
- A sampled item that fails is a failure of the report, as in a migration.
"""

import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

from dynaseal.attributes import Item
from dynaseal.boto.cost.prices import KMS_REQUEST, READ_UNIT, WRITE_UNIT
from dynaseal.materials.kms_calls import KmsCall
from dynaseal.migrate.forms import ItemForm, find_form
from dynaseal.migrate.moving import ItemMover
from dynaseal.migrate.reports import Estimate, Handled
from dynaseal.migrate.sizes import MAX_ITEM_SIZE, item_size, write_units
from dynaseal.migrate.transforming import Outcome

SAMPLE = 20
_MOST_GROWTH = 16 * 1024
"""An item that is closer than this to DynamoDB's limit is transformed, to see whether it grows past it."""
_CALL_SECONDS = 0.008
"""A write or a read of DynamoDB, or a call of KMS, from the same Region takes about this long."""
_BRANCH_KEY_SECONDS = 3600
"""How long a hierarchical keyring is assumed to cache a branch key."""
_Group = tuple[ItemForm, tuple[str, ...]]


@dataclass
class _Sample:
    """What is known of one group of items.

    Attributes:
        items: How many items the group has.
        size: The size of all of them, in bytes.
        outcomes: What became of each sampled item.
        growth: How many bytes each sampled item that would be written grows.
        kms_calls: How many calls of KMS the sampled items needed.
        seconds: How long the sampled items took.
    """

    items: int = 0
    size: int = 0
    outcomes: list[Outcome] = field(default_factory=list[Outcome])
    growth: list[int] = field(default_factory=list[int])
    kms_calls: int = 0
    seconds: float = 0.0

    @property
    def sampled(self) -> int:
        """How many items were sampled; 1 if none was, so that it can divide."""
        return max(len(self.outcomes), 1)

    @property
    def writes(self) -> float:
        """How many of the group's items would be written."""
        return self.items * sum(outcome.state == "changed" for outcome in self.outcomes) / self.sampled

    @property
    def write_units(self) -> float:
        """How many write units that would consume."""
        growth = sum(self.growth) / max(len(self.growth), 1)
        return self.writes * write_units(round(self.size / self.items + growth))

    @property
    def all_kms_calls(self) -> float:
        """How many calls of KMS the group's items would need.

        With fewer calls than one for two items, a cache answered, and more items need no more calls.
        """
        per_item = self.kms_calls / self.sampled
        return self.items * per_item if per_item >= 0.5 else self.kms_calls

    @property
    def all_seconds(self) -> float:
        """How long it would take to transform the group's items."""
        return self.items * self.seconds / self.sampled


class Survey:
    """Counts the items of a table, and estimates what their migration would cost. Safe for many threads.

    Args:
        mover: Transforms the sample.
        kms_calls: Returns the calls of KMS that were made so far.
    """

    def __init__(
        self,
        mover: ItemMover,
        *,
        kms_calls: Callable[[], Counter[KmsCall]],
    ) -> None:
        self._mover = mover
        self._kms_calls = kms_calls
        self._lock = Lock()
        self._groups: defaultdict[_Group, _Sample] = defaultdict(_Sample)

    def look_at(self, item: Item) -> Handled:
        """Count an item, and transform it if its group needs more examples."""
        found = find_form(item, self._mover.is_encrypted)
        key, size = self._mover.key_of(item), item_size(item)
        if found.damage is not None:
            return Handled(state="failed", key=key, form=found.form, reason=found.damage)
        left = self._mover.left(key, found.form, found.keys)
        if left is not None:
            return left
        reason = None
        # One sample at a time: the calls of KMS that others make meanwhile would be counted with it.
        with self._lock:
            group = self._groups[found.form, found.keys]
            group.items += 1
            group.size += size
            if len(group.outcomes) < SAMPLE or size > MAX_ITEM_SIZE - _MOST_GROWTH:
                reason = self._add_to_sample(group, item, size).reason
        state = "failed" if reason is not None else "skipped"
        return Handled(state=state, key=key, form=found.form, keys=found.keys, reason=reason)

    def _add_to_sample(self, group: _Sample, item: Item, size: int) -> Outcome:
        calls, began = self._kms_calls().total(), time.monotonic()
        outcome = self._mover.transform(item)
        group.seconds += time.monotonic() - began
        group.kms_calls += self._kms_calls().total() - calls
        group.outcomes.append(outcome)
        if outcome.state == "changed" and outcome.item is not None:
            group.growth.append(item_size(outcome.item) - size)
        return outcome

    def estimate(
        self,
        *,
        read_units: float,
        segments: int,
        max_read_units: float | None,
        max_write_units: float | None,
        is_copy: bool,
    ) -> Estimate:
        """Return the estimate, when every item was looked at.

        Args:
            read_units: What the scan consumed; a migration's consumes the same.
            segments: How many segments are read at the same time.
            max_read_units: The limit of read units per second.
            max_write_units: The limit of write units per second.
            is_copy: Whether items are copied into another table, in transactions.
        """
        groups = self._groups.values()
        writes = sum(group.writes for group in groups)
        kms = sum(group.all_kms_calls for group in groups)
        busy = sum(group.all_seconds for group in groups)
        # Each of the two actions of a transaction consumes twice what a write of its size does.
        units_written = sum(group.write_units for group in groups) * (4 if is_copy else 1)
        seconds = max(
            # Python computes in one thread at a time, whatever the number of segments.
            busy,
            busy / segments + (writes + kms) * _CALL_SECONDS / segments,
            read_units / max_read_units if max_read_units else 0,
            units_written / max_write_units if max_write_units else 0,
        )
        calls = round(kms)
        fewer = 2 * (1 + int(seconds // _BRANCH_KEY_SECONDS))
        outcomes = [outcome for group in groups for outcome in group.outcomes]
        return Estimate(
            writes=round(writes),
            kms_calls=calls,
            kms_calls_with_hierarchy=fewer if fewer < calls else None,
            read_units=read_units,
            write_units=units_written,
            seconds=round(seconds, 1),
            dollars=READ_UNIT.of(read_units) + WRITE_UNIT.of(units_written) + KMS_REQUEST.of(calls),
            sampled=len(outcomes),
            sampled_failures=sum(outcome.state == "failed" for outcome in outcomes),
        )
