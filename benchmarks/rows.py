"""One line of the table, and what its columns are."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from benchmarks.measure import Figure


class Column(StrEnum):
    """What a figure is of."""

    FLOOR = "floor"
    """What cannot be left out: the calls of `cryptography`, boto3 alone, the engine behind the lab."""
    CORE = "native core"
    """The native engine, called without `ItemEncryptor`."""
    PURE = "python"
    NATIVE = "native"
    OLDER = "older library"
    RUST = "AWS's Rust"
    JAVA = "AWS's Java"


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line: what was measured in which unit, what its floor is, and the figures.

    Attributes:
        section: The benchmark that it is of.
        what: What was measured.
        unit: The figures' unit. All but `/s` are better if they are smaller.
        floor: What the column `floor` is of here.
        figures: By column; a column that was not measured is missing.
    """

    section: str
    what: str
    unit: str
    floor: str
    figures: Mapping[Column, Figure]

    def ratio(self, column: Column, to: Column = Column.FLOOR) -> float | None:
        """Return a figure divided by another one of this line; None if one is missing."""
        ours, theirs = self.figures.get(column), self.figures.get(to)
        return None if ours is None or theirs is None or not theirs.median else ours.median / theirs.median

    def as_json(self) -> dict[str, Any]:
        """Return the line for `--json`."""
        return {
            "section": self.section,
            "what": self.what,
            "unit": self.unit,
            "floor": self.floor,
            "figures": {column: each._asdict() for column, each in self.figures.items()},
        }

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> "Row":
        """Return the line that `as_json` returned."""
        figures = {Column(column): Figure(**each) for column, each in row["figures"].items()}
        return cls(**{**row, "figures": figures})
