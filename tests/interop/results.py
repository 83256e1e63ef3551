"""The results: how much each library read of what the other wrote, as a Markdown table and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass
class Result:
    """The result for one kind of keyring, key store or search: attempts and successes in each direction."""

    group: str
    kind: str
    tried: int
    by_java: int = 0
    by_dynaseal: int = 0
    failures: list[str] = field(default_factory=list)


def total(results: Sequence[Result], group: str) -> Result:
    """Return the sum of results."""
    return Result(
        group,
        "sum",
        sum(result.tried for result in results),
        sum(result.by_java for result in results),
        sum(result.by_dynaseal for result in results),
        [failure for result in results for failure in result.failures],
    )


def by_group(results: Sequence[Result]) -> list[Result]:
    """Return the sum of each group, in order of first appearance."""
    groups = dict.fromkeys(result.group for result in results)
    return [total([result for result in results if result.group == group], group) for group in groups]


def as_markdown(results: Sequence[Result]) -> str:
    """Return two tables: one row per kind, then the sums of the groups and of everything."""
    sums = [*by_group(results), total(results, "all")]
    return "\n".join([*_rows(results), "", *_rows(sums)])


def as_json(results: Sequence[Result], **about: Any) -> dict[str, Any]:
    """Return the counts for programs, with `about` describing the run."""
    return {
        **about,
        "groups": [_counts(result) for result in by_group(results)],
        "kinds": [_counts(result) for result in results],
        "total": _counts(total(results, "all")),
    }


def _rows(results: Sequence[Result]) -> Iterator[str]:
    yield "| | kind | Java reads dynaseal's | dynaseal reads Java's |"
    yield "|---|---|---:|---:|"
    for result in results:
        counts = (f"{count} of {result.tried}" for count in (result.by_java, result.by_dynaseal))
        yield f"| {result.group} | {result.kind} | {' | '.join(counts)} |"


def _counts(result: Result) -> dict[str, Any]:
    return {**asdict(result), "failures": len(result.failures)}
