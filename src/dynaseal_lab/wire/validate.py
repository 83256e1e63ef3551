"""Checks a request's parameters against botocore's models, as AWS does, with AWS's messages.

Rules:
- Required members, enumerations, ranges, lengths and patterns are checked; one message counts and lists all
  violations.
- The values of shapes that the model marks as sensitive are not repeated in it.
- One pattern in the models contains UTF-16 surrogates, which Python's `re` cannot express; it is not checked.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape

from dynaseal_lab.model import Fault, Params
from dynaseal_lab.wire.models import members, operation_model

_SPACES = "\\u0020\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000"
_JAVA_CLASSES = {
    r"\p{L}": r"\w",
    r"\p{N}": r"\d",
    r"\p{Z}": _SPACES,
    r"\p{Print}": r"[\x20-\x7e]",
}
_ENUM_ORDERS: Mapping[str, Sequence[str]] = {
    "MacAlgorithmSpec": ("HMAC_SHA_384", "HMAC_SHA_256", "HMAC_SHA_224", "HMAC_SHA_512"),
    "ReturnConsumedCapacity": ("INDEXES", "TOTAL", "NONE"),
    "ScalarAttributeType": ("B", "N", "S"),
    "Select": ("SPECIFIC_ATTRIBUTES", "COUNT", "ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES"),
}
"""The order in which AWS lists the values of an enumeration, where it is known and not the model's."""

_IAM_NAMES = r"[\w+=,.@-]+"


def validate(
    service: str, operation: str, params: Params, code: str, unchecked: frozenset[str] = frozenset()
) -> None:
    """Refuse parameters that the operation's input shape does not allow.

    Args:
        service: Its name in botocore.
        operation: Its name.
        params: The parameters, in the form of the input shape.
        code: The service's code for this error: `ValidationException` or `ValidationError`.
        unchecked: The names of shapes that are not checked.

    Raises:
        Fault: There are violations; the message lists them all.
    """
    model = operation_model(service, operation)
    if model is None or model.input_shape is None:
        return
    violations = list(_checker(service, unchecked).violations(model.input_shape, params, ""))
    if violations:
        errors = "error" if len(violations) == 1 else "errors"
        raise Fault(code, f"{len(violations)} validation {errors} detected: {'; '.join(violations)}")


@dataclass(frozen=True, slots=True)
class _Checker:
    """Finds violations of one service's model.

    Whether a shape has any rules is computed once, so that values which cannot violate any are not searched.
    """

    unchecked: frozenset[str]
    _has_rules: dict[str, bool] = field(default_factory=dict[str, bool])
    _members: dict[str, Mapping[str, Shape]] = field(default_factory=dict[str, Mapping[str, Shape]])
    """The members of each structure that may be violated."""

    def violations(self, shape: Shape, value: Any, path: str) -> Iterator[str]:
        """Yield a description of each violation in a value of a shape."""
        if not self._may_be_violated(shape):
            return
        if isinstance(shape, StructureShape):
            yield from self._structure_violations(shape, value, path)
        elif isinstance(shape, ListShape):
            yield from _size_violations(shape, value, path)
            for number, item in enumerate(value, start=1):
                yield from self.violations(shape.member, item, f"{path}.{number}.member")
        elif isinstance(shape, MapShape):
            yield from _size_violations(shape, value, path)
            for key, item in value.items():
                yield from self.violations(shape.key, key, f"{path}.key")
                yield from self.violations(shape.value, item, f"{path}.{key}.member")
        else:
            yield from _scalar_violations(shape, value, path)

    def _structure_violations(self, shape: StructureShape, value: Params, path: str) -> Iterator[str]:
        required: Sequence[str] = shape.required_members
        for name in required:
            if value.get(name) is None:
                step = _step(path, name)
                yield f"Value null at '{step}' failed to satisfy constraint: Member must not be null"
        shapes = self._members.get(shape.name)
        if shapes is None:
            checked = (
                (name, member) for name, member in members(shape).items() if self._may_be_violated(member)
            )
            shapes = self._members[shape.name] = dict(checked)
        for name, item in value.items():
            if name in shapes and item is not None:
                yield from self.violations(shapes[name], item, _step(path, name))

    def _may_be_violated(self, shape: Shape) -> bool:
        found = self._has_rules.get(shape.name)
        if found is None:
            self._has_rules[shape.name] = False  # for shapes that contain themselves
            found = self._has_rules[shape.name] = shape.name not in self.unchecked and self._find_rules(shape)
        return found

    def _find_rules(self, shape: Shape) -> bool:
        metadata: Mapping[str, Any] = shape.metadata
        if any(name in metadata for name in ("min", "max", "pattern", "enum")):
            return True
        if isinstance(shape, StructureShape):
            required: Sequence[str] = shape.required_members
            return bool(required) or any(map(self._may_be_violated, members(shape).values()))
        if isinstance(shape, ListShape):
            return self._may_be_violated(shape.member)
        if isinstance(shape, MapShape):
            return self._may_be_violated(shape.key) or self._may_be_violated(shape.value)
        return False


@cache
def _checker(_service: str, unchecked: frozenset[str]) -> _Checker:
    return _Checker(unchecked)


def _step(path: str, name: str) -> str:
    """Return the path of a member as AWS's messages have it: `tags.1.member.key`."""
    step = name[0].lower() + name[1:]
    return f"{path}.{step}" if path else step


def _scalar_violations(shape: Shape, value: Any, path: str) -> Iterator[str]:
    if isinstance(shape, StringShape):
        allowed: Sequence[str] = shape.enum
        if allowed and value not in allowed:
            order = _ENUM_ORDERS.get(shape.name, allowed)
            yield _violation(shape, value, path, f"satisfy enum value set: [{', '.join(order)}]")
    if isinstance(value, str | bytes):
        yield from _size_violations(shape, value, path)
    elif not isinstance(value, bool) and isinstance(value, int | float):
        yield from _range_violations(shape, value, path)
    if isinstance(value, str):
        yield from _pattern_violations(shape, value, path)


def _size_violations(shape: Shape, value: Any, path: str) -> Iterator[str]:
    least, most = _limits(shape)
    if least is not None and len(value) < least:
        yield _violation(shape, value, path, f"have length greater than or equal to {least}")
    if most is not None and len(value) > most:
        yield _violation(shape, value, path, f"have length less than or equal to {most}")


def _range_violations(shape: Shape, value: float, path: str) -> Iterator[str]:
    least, most = _limits(shape)
    if least is not None and value < least:
        yield _violation(shape, value, path, f"have value greater than or equal to {least}")
    if most is not None and value > most:
        yield _violation(shape, value, path, f"have value less than or equal to {most}")


def _limits(shape: Shape) -> tuple[Any, Any]:
    metadata: Mapping[str, Any] = shape.metadata
    return metadata.get("min"), metadata.get("max")


def _pattern_violations(shape: Shape, value: str, path: str) -> Iterator[str]:
    metadata: Mapping[str, Any] = shape.metadata
    java_pattern = metadata.get("pattern")
    if java_pattern is None or value == "":
        return
    pattern = _compiled(java_pattern)
    if pattern is None or pattern.fullmatch(value):
        return
    if java_pattern == _IAM_NAMES:
        yield (
            f"The specified value for {path} is invalid. It must contain only alphanumeric characters "
            "and/or the following: +=,.@_-"
        )
    else:
        yield _violation(shape, value, path, f"satisfy regular expression pattern: {java_pattern}")


@cache
def _compiled(java_pattern: str) -> re.Pattern[str] | None:
    """Return one of the models' patterns for Python's `re`, or None if `re` cannot express it."""
    translated = java_pattern
    for java, python in _JAVA_CLASSES.items():
        translated = translated.replace(java, python)
    try:
        # The patterns are Java's, whose \w is ASCII only. Where \w has replaced one of Unicode's classes, it
        # must match the letters of every script.
        return re.compile(translated, re.ASCII if translated == java_pattern else 0)
    except re.error:
        return None


def _violation(shape: Shape, value: Any, path: str, constraint: str) -> str:
    metadata: Mapping[str, Any] = shape.metadata
    shown = (
        f"Value '{value}' at"
        if (isinstance(value, str | int) or value == []) and not metadata.get("sensitive")
        else "Value at"
    )
    return f"{shown} '{path}' failed to satisfy constraint: Member must {constraint}"
