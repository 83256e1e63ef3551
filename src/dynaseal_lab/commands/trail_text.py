"""Format events of the trail for a person, in lines of at most 80 columns."""

import json
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

import click

from dynaseal_lab.printing import printable

WIDTH = 80
_TIME, _OUTCOME = 8, 7
_MARGIN = " " * (_TIME + 1)
_COLORS = {"allowed": "green", "denied": "red", "failed": "yellow"}


def format_event(event: Mapping[str, Any]) -> str:
    """Return an event in one or more lines: what was decided, about whom, and for a refusal why.

    Control characters that its caller sent are escaped.
    """
    first, *rest = _summary(event)
    return "\n".join([_colored(first, event["outcome"]), *rest, *_wrapped(_explanation(event))])


def explain_event(event: Mapping[str, Any]) -> str:
    """Return everything that is known about one event, one fact per line, with full ARNs."""
    context = event["encryption_context"]
    facts = {
        "outcome": event["outcome"],
        "time": event["time"],
        "principal": event["principal"],
        "action": event["action"],
        "resource": event["resource"],
        "Region": event["region"],
        "from": event["source_ip"] if event["source"] == "direct" else event["source"],
        "context": json.dumps(context) if context else "",
        "request": event["request_id"],
        "reason": event["reason_in_words"] if event["outcome"] != "allowed" else "",
    }
    lines = [f"{name:9}  {printable(value)}" for name, value in facts.items() if value]
    title = "allowed by" if event["outcome"] == "allowed" else "because"
    if event["statements"]:
        lines += [title, *wrapped_statements(event["statements"])]
    return "\n".join(lines)


def wrapped_statements(statements: list[str], margin: str = "  ") -> Iterator[str]:
    """Yield the lines of statements, each beginning at the margin and continuing further in."""
    for statement in statements:
        yield from textwrap.wrap(
            printable(statement),
            WIDTH,
            initial_indent=margin,
            subsequent_indent=margin + "  ",
            break_long_words=False,
            break_on_hyphens=False,
        )


def short_arn(arn: str) -> str:
    """Return an ARN without its partition, service, Region and account.

    Example:
        >>> short_arn("arn:aws:kms:eu-west-1:111122223333:key/a"), short_arn("*")
        ('key/a', '*')
    """
    return arn.split(":", 5)[-1] if arn.startswith("arn:") else arn


def _summary(event: Mapping[str, Any]) -> list[str]:
    """Return one line, or two if one would be too long."""
    outcome = "DENIED" if event["outcome"] == "denied" else event["outcome"]
    action = f"{event['time'][11:19]} {outcome:{_OUTCOME}} {event['action']}"
    source = event["source"]
    through = "" if source == "direct" else f", via {source.partition('.')[0]}"
    whom = f"{short_arn(event['principal'])} on {short_arn(event['resource'])}{through}"
    one_line = printable(f"{action}  {whom}")
    return [one_line] if len(one_line) <= WIDTH else [printable(action), *_wrapped([whom])]


def _colored(line: str, outcome: str) -> str:
    start, end = _TIME + 1, _TIME + 1 + _OUTCOME
    return line[:start] + click.style(line[start:end], fg=_COLORS.get(outcome)) + line[end:]


def _wrapped(lines: Iterator[str] | list[str]) -> Iterator[str]:
    return wrapped_statements(list(lines), _MARGIN)


def _explanation(event: Mapping[str, Any]) -> Iterator[str]:
    context = event["encryption_context"]
    if context:
        yield "encryption context: " + ", ".join(f"{name}={value}" for name, value in context.items())
    if event["outcome"] == "allowed":
        return
    yield event["reason_in_words"]
    yield from event["statements"]
    yield f"request {event['request_id']}"
