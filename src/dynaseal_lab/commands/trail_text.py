"""Format an event of the trail for a person: a line of columns, and below it why the call was denied."""

from collections.abc import Iterator, Mapping
from typing import Any

import click

from dynaseal_lab.printing import printable

_WIDTHS = {"time": 12, "outcome": 8, "action": 26, "resource": 48, "principal": 28}
HEADING = "  ".join([*(name.upper().ljust(width) for name, width in _WIDTHS.items()), "SOURCE"])
_REASONS: Mapping[str, str] = {
    "explicit-deny-identity": "an identity policy denies it",
    "explicit-deny-resource": "the resource's policy denies it",
    "explicit-deny-boundary": "the permissions boundary denies it",
    "explicit-deny-session": "the session policy denies it",
    "no-identity-policy": "no identity policy allows it",
    "no-resource-policy": "the resource's policy does not allow it",
    "no-boundary": "the permissions boundary does not allow it",
    "no-session-policy": "the session policy does not allow it",
}
_COLORS = {"allowed": "green", "denied": "red", "failed": "yellow"}
_MARGIN = " " * (_WIDTHS["time"] + 2)


def format_event(event: Mapping[str, Any]) -> str:
    """Return an event in one or more lines, without the control characters that its caller sent."""
    explanation = (f"{_MARGIN}{printable(line)}" for line in _explanation(event))
    return "\n".join([_columns(event), *explanation])


def short_arn(arn: str) -> str:
    """Return an ARN without its partition, service, Region and account.

    Example:
        >>> short_arn("arn:aws:kms:eu-west-1:111122223333:key/a"), short_arn("*")
        ('key/a', '*')
    """
    return arn.split(":", 5)[-1] if arn.startswith("arn:") else arn


def _columns(event: Mapping[str, Any]) -> str:
    outcome = event["outcome"]
    values = {
        "time": event["time"][11:23],
        "outcome": "DENIED" if outcome == "denied" else outcome,
        "action": event["action"],
        "resource": short_arn(event["resource"]),
        "principal": short_arn(event["principal"]),
    }
    cells = [printable(value).ljust(_WIDTHS[name]) for name, value in values.items()]
    cells[1] = click.style(cells[1], fg=_COLORS.get(outcome))
    source = printable(event["source"])
    return "  ".join([*cells, source if source == "direct" else f"via {source.partition('.')[0]}"])


def _explanation(event: Mapping[str, Any]) -> Iterator[str]:
    context = event["encryption_context"]
    if context:
        yield "encryption context: " + ", ".join(f"{name}={value}" for name, value in context.items())
    if event["outcome"] == "allowed":
        return
    yield f"{_REASONS.get(event['reason'], event['reason'])} (request {event['request_id']})"
    yield from event["statements"]
