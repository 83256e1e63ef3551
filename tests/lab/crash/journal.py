"""What a lab has acknowledged to one writer, and what may or may not have happened when it was killed."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field


class LostError(AssertionError):
    """The lab has something else than what it acknowledged."""


@dataclass
class Journal:
    """The values of one writer's records by name; a record that does not exist has no value.

    Args:
        acknowledged: The values that the lab has acknowledged.
        doubtful: What a change without a reply would have made of each record; None: deleted.
        changes: How many changes the lab has acknowledged.
    """

    acknowledged: dict[str, str] = field(default_factory=dict)
    doubtful: dict[str, str | None] = field(default_factory=dict)
    changes: int = 0

    @contextmanager
    def change(self, values: Mapping[str, str | None]) -> Iterator[None]:
        """Record a change that is made during a `with` block; it is in doubt if the block raises an error."""
        self.doubtful |= values
        yield
        for name, value in values.items():
            del self.doubtful[name]
            if value is None:
                self.acknowledged.pop(name, None)
            else:
                self.acknowledged[name] = value
        self.changes += 1

    def check(self, stored: Mapping[str, str]) -> None:
        """Compare with what the lab has after a restart, and go on from there.

        Raises:
            LostError: A record has neither its acknowledged value nor that of a change in doubt.
        """
        for name in self.acknowledged.keys() | self.doubtful.keys() | stored.keys():
            allowed = [self.acknowledged.get(name)]
            if name in self.doubtful:
                allowed.append(self.doubtful[name])
            if stored.get(name) not in allowed:
                raise LostError(f"{name} is {stored.get(name)!r}, but should be one of {allowed}")
        self.acknowledged, self.doubtful = dict(stored), {}
