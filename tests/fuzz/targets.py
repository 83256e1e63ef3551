"""All targets: functions that return whether an input was accepted, and raise if a rule is broken."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from fuzz import corpus, expressions, items, older_items, readers, replies


class Target(NamedTuple):
    """A function to run, and the inputs to begin with."""

    run: Callable[[bytes], bool]
    seeds: Callable[[], Iterator[bytes]]


TARGETS: Mapping[str, Target] = {
    "header": Target(readers.read_header, corpus.headers),
    "footer": Target(readers.read_footer, corpus.footers),
    "value": Target(readers.read_value, corpus.values),
    "object": Target(readers.write_value, corpus.objects),
    "item": Target(items.change_item, corpus.stored_items),
    "sealed": Target(items.seal_item, corpus.sealed_items),
    "older-item": Target(older_items.change_item, corpus.older_items),
    "older-value": Target(older_items.read_value, corpus.older_values),
    "older-description": Target(older_items.read_description, corpus.older_descriptions),
    "reply": Target(replies.parse_reply, corpus.replies),
    "line": Target(replies.transform_line, corpus.lines),
    "describe": Target(items.describe, corpus.described_items),
    "condition": Target(expressions.condition, corpus.conditions),
    "projection": Target(expressions.projection, corpus.projections),
    "update": Target(expressions.update, corpus.updates),
}
