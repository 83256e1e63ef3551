"""What a migration tells its caller: its progress, its failures and its report."""

from base64 import b64encode
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from dynaseal.attributes import Item
from dynaseal.materials.kms_calls import KmsCall
from dynaseal.migrate.forms import ItemForm

HandledState = Literal["changed", "skipped", "failed", "deleted", "unselected"]
MAX_KEYS = 256
OTHER_KEYS = "other keys"
"""The name under which further keys are counted: items can name anything as their keys."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handled:
    """What a migration did with one item of a table.

    Attributes:
        state: `changed`, `skipped` or `failed` as in `Outcome`; `deleted` if another program deleted the item
            before it was written; `unselected` if it is not encrypted under a selected key.
        key: The item's key, in wire form.
        form: What it was.
        keys: The keys that it named.
        reason: Why it failed; None otherwise.
    """

    state: HandledState
    key: Item
    form: ItemForm
    keys: tuple[str, ...] = ()
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """An item that failed; it was left as it was.

    Attributes:
        key: The item's key, in wire form.
        form: What the item is: `plaintext`, `older`, `current` or `damaged`.
        reason: Why it failed. It shows no plaintext.
    """

    key: Item
    form: ItemForm
    reason: str

    def to_dict(self) -> dict[str, Any]:
        """Return the failure with JSON's types; binary keys are base64."""
        return {"key": key_to_json(self.key), "form": self.form, "reason": self.reason}


@dataclass(slots=True)
class Totals:
    """Counts of items; they can be added.

    Attributes:
        states: By what was done with them.
        forms: By what they were.
        keys: By the keys that they named, if they were of the current format.
    """

    states: Counter[str] = field(default_factory=Counter[str])
    forms: Counter[str] = field(default_factory=Counter[str])
    keys: Counter[str] = field(default_factory=Counter[str])

    def add(self, handled: Handled) -> None:
        """Count one item."""
        self.states[handled.state] += 1
        self.forms[handled.form] += 1
        for key in handled.keys:
            self.keys[key if key in self.keys or len(self.keys) < MAX_KEYS else OTHER_KEYS] += 1

    def update(self, more: "Totals") -> None:
        """Add other counts."""
        self.states.update(more.states)
        self.forms.update(more.forms)
        self.keys.update(more.keys)


@dataclass(frozen=True, slots=True, kw_only=True)
class Consumed:
    """What a migration consumed.

    Attributes:
        kms_calls: How many calls of KMS were made, by operation and key.
        read_units: How many read units were consumed.
        write_units: How many write units were consumed.
        seconds: How long it took.
    """

    kms_calls: Counter[KmsCall] = field(default_factory=Counter[KmsCall])
    read_units: float = 0.0
    write_units: float = 0.0
    seconds: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return the same with JSON's types."""
        return {
            "kms_calls": [
                {"operation": call.operation, "key": call.key_id, "calls": number}
                for call, number in sorted(self.kms_calls.items())
            ],
            "read_units": self.read_units,
            "write_units": self.write_units,
            "seconds": round(self.seconds, 3),
        }

    def __add__(self, other: "Consumed") -> "Consumed":
        return Consumed(
            kms_calls=self.kms_calls + other.kms_calls,
            read_units=self.read_units + other.read_units,
            write_units=self.write_units + other.write_units,
            seconds=self.seconds + other.seconds,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a migration is.

    Attributes:
        items: How many items were looked at, including those before an interruption.
        states: How many of them were changed, skipped, failed, deleted and unselected.
        total: How many items the table has by DescribeTable, which DynamoDB counts every six hours; None if
            it does not say.
        consumed: What the migration has consumed.
    """

    items: int
    states: Mapping[str, int]
    total: int | None
    consumed: Consumed

    def to_dict(self) -> dict[str, Any]:
        """Return the progress with JSON's types."""
        return {
            "type": "progress",
            "items": self.items,
            "total": self.total,
            "states": dict(self.states),
            **self.consumed.to_dict(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What a migration would do and cost, by a dry run. Prices are those of `boto/cost/prices`.

    Attributes:
        writes: How many items would be written.
        kms_calls: How many calls of KMS the migration would make.
        kms_calls_with_hierarchy: How many it would make if both configurations had a hierarchical keyring;
            None if they make no more already.
        read_units: How many read units it would consume.
        write_units: How many write units it would consume, without those of secondary indexes.
        seconds: How long it would take, at least.
        dollars: What the calls and the capacity cost on demand.
        sampled: How many items were transformed for the estimate.
        sampled_failures: How many of those failed.
    """

    writes: int
    kms_calls: int
    kms_calls_with_hierarchy: int | None
    read_units: float
    write_units: float
    seconds: float
    dollars: float
    sampled: int
    sampled_failures: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationReport:
    """What a migration did, including what it did before an interruption.

    Attributes:
        table: The table's name.
        mode: `run`, `dry-run` or `verify`.
        complete: Whether the whole table was read.
        states: How many items were changed, skipped, failed, deleted and unselected; after a dry run empty.
        forms: How many items were plaintext, older, current and damaged.
        keys: How many items of the current format named each key.
        failures: The items that failed, with their keys and the reasons.
        consumed: What it consumed.
        estimate: What a migration would do and cost; only after a dry run.
    """

    table: str
    mode: Literal["run", "dry-run", "verify"]
    complete: bool
    states: Mapping[str, int]
    forms: Mapping[str, int]
    keys: Mapping[str, int]
    failures: tuple[Failure, ...]
    consumed: Consumed
    estimate: Estimate | None = None

    @property
    def succeeded(self) -> bool:
        """Whether the whole table was read and no item failed."""
        return self.complete and not self.failures

    def to_dict(self) -> dict[str, Any]:
        """Return the report with JSON's types, without the failures, which are objects of their own."""
        return {
            "type": "report",
            "table": self.table,
            "mode": self.mode,
            "complete": self.complete,
            "states": dict(self.states),
            "forms": dict(self.forms),
            "keys": dict(self.keys),
            "failures": len(self.failures),
            **self.consumed.to_dict(),
            "estimate": None if self.estimate is None else asdict(self.estimate),
        }


def key_to_json(key: Item) -> dict[str, Any]:
    """Return an item's key in DynamoDB JSON: binary as base64.

    Example:
        >>> key_to_json({"pk": {"B": b"ann"}, "sk": {"N": "1"}})
        {'pk': {'B': 'YW5u'}, 'sk': {'N': '1'}}
    """
    return {
        name: {kind: b64encode(content).decode() if isinstance(content, bytes) else content}
        for name, value in key.items()
        for kind, content in value.items()
    }
