"""What was counted: how much each side read of what the other wrote, as a table and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass
class Tally:
    """One kind of keyring, key store or search: how much was tried each way, and how much was right."""

    group: str
    kind: str
    tried: int
    by_java: int = 0
    by_dynaseal: int = 0
    failures: list[str] = field(default_factory=list)


def total(tallies: Sequence[Tally], group: str) -> Tally:
    """The sum of tallies."""
    return Tally(
        group,
        "sum",
        sum(each.tried for each in tallies),
        sum(each.by_java for each in tallies),
        sum(each.by_dynaseal for each in tallies),
        [failure for each in tallies for failure in each.failures],
    )


def by_group(tallies: Sequence[Tally]) -> list[Tally]:
    """The sum of each group, in order."""
    groups = dict.fromkeys(each.group for each in tallies)
    return [total([each for each in tallies if each.group == group], group) for group in groups]


def as_markdown(tallies: Sequence[Tally]) -> str:
    """Two tables: a row a kind, then the sums of the groups and of all."""
    sums = [*by_group(tallies), total(tallies, "all")]
    return "\n".join([*_rows(tallies), "", *_rows(sums)])


def as_json(tallies: Sequence[Tally], **about: Any) -> dict[str, Any]:
    """The counts for programs; `about` says what was run."""
    return {
        **about,
        "groups": [_counts(each) for each in by_group(tallies)],
        "kinds": [_counts(each) for each in tallies],
        "total": _counts(total(tallies, "all")),
    }


def _rows(tallies: Sequence[Tally]) -> Iterator[str]:
    yield "| | kind | Java reads dynaseal's | dynaseal reads Java's |"
    yield "|---|---|---:|---:|"
    for each in tallies:
        ways = (f"{count} of {each.tried}" for count in (each.by_java, each.by_dynaseal))
        yield f"| {each.group} | {each.kind} | {' | '.join(ways)} |"


def _counts(tally: Tally) -> dict[str, Any]:
    return {**asdict(tally), "failures": len(tally.failures)}
