"""Targets of the expression grammar: any string is refused with the documented error, or has one meaning.

A tree written as text is the same tree when it is read again; paths stand where their spans say. What was
compiled is evaluated on, or applied to, an item of every type, with the same error for what cannot be.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from zlib import crc32

from dynaseal.errors import UnsupportedOperationError
from dynaseal.expressions import apply_update, matches, parse_condition, parse_projection, parse_update
from dynaseal.expressions.tokens import MAX_EXPRESSION_BYTES, tokenize
from dynaseal.expressions.tree import Path, Value

ITEM: dict[str, Any] = {
    "s": {"S": "a\U00010080é"},
    "n": {"N": "5"},
    "b": {"B": b"abc"},
    "t": {"BOOL": True},
    "z": {"NULL": True},
    "l": {"L": [{"S": "x"}, {"N": "1"}, {"L": [{"S": "y"}]}]},
    "m": {"M": {"a": {"S": "q"}, "b": {"L": [{"N": "1.0"}]}}},
    "ss": {"SS": ["x", "y"]},
    "ns": {"NS": ["1", "2"]},
    "bs": {"BS": [b"1", b"2"]},
}


def condition(data: bytes) -> bool:
    try:
        compiled = parse_condition.__wrapped__(_text(data))
        written = str(compiled.condition)
        if len(written) <= MAX_EXPRESSION_BYTES:
            assert parse_condition.__wrapped__(written).condition == compiled.condition
        _check_spans(compiled.text, compiled.paths)
        matches(compiled, ITEM, _names(compiled.paths), _values(compiled.values))
    except UnsupportedOperationError:
        return False
    return True


def projection(data: bytes) -> bool:
    text = _text(data)
    try:
        paths = parse_projection.__wrapped__(text)
    except UnsupportedOperationError:
        return False
    assert parse_projection.__wrapped__(",".join(map(str, paths))) == paths
    _check_spans(text, paths)
    return True


def update(data: bytes) -> bool:
    try:
        compiled = parse_update.__wrapped__(_text(data))
        _check_spans(compiled.text, compiled.paths)
        apply_update(compiled, ITEM, _names(compiled.paths), _values(compiled.values))
    except UnsupportedOperationError:
        return False
    return True


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _check_spans(text: str, paths: Iterable[Path]) -> None:
    for path in paths:
        start, end = path.span
        assert "".join(token.text for token in tokenize(text[start:end], "test")) == str(path)


def _names(paths: Iterable[Path]) -> dict[str, str]:
    """Assign an attribute of the item to each name placeholder."""
    steps = {step for path in paths for step in path.steps if isinstance(step, str) and step.startswith("#")}
    return {step: _chosen(list(ITEM), step) for step in steps}


def _values(values: Iterable[Value]) -> dict[str, Any]:
    """Assign a value of the item to each value placeholder."""
    return {value.name: _chosen(list(ITEM.values()), value.name) for value in values}


def _chosen(choices: list[Any], by: str) -> Any:
    return choices[crc32(by.encode()) % len(choices)]
