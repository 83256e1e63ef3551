"""Checks a request's parameters against botocore's models, as AWS does, with AWS's messages.

Rules:
- Required members, enumerations, ranges, lengths and patterns are checked; one message counts and lists all
  violations.
- The values of shapes that the model marks as sensitive are not repeated in it.
- One pattern in the models contains UTF-16 surrogates, which Python's `re` cannot express; it is not checked.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
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
_IAM_NAMES = r"[\w+=,.@-]+"


def validate(service: str, operation: str, params: Params, code: str) -> None:
    """Refuse parameters that the operation's input shape does not allow.

    Args:
        service: Its name in botocore.
        operation: Its name.
        params: The parameters, in the form of the input shape.
        code: The service's code for this error: `ValidationException` or `ValidationError`.

    Raises:
        Fault: There are violations; the message lists them all.
    """
    model = operation_model(service, operation)
    if model is None or model.input_shape is None:
        return
    violations = list(_violations(model.input_shape, params, ""))
    if violations:
        errors = "error" if len(violations) == 1 else "errors"
        raise Fault(code, f"{len(violations)} validation {errors} detected: {'; '.join(violations)}")


def _violations(shape: Shape, value: Any, path: str) -> Iterator[str]:
    if isinstance(shape, StructureShape):
        yield from _structure_violations(shape, value, path)
    elif isinstance(shape, ListShape):
        yield from _size_violations(shape, value, path)
        for number, item in enumerate(value, start=1):
            yield from _violations(shape.member, item, f"{path}.{number}.member")
    elif isinstance(shape, MapShape):
        yield from _size_violations(shape, value, path)
        for key, item in value.items():
            yield from _violations(shape.key, key, f"{path}.key")
            yield from _violations(shape.value, item, f"{path}.{key}.member")
    else:
        yield from _scalar_violations(shape, value, path)


def _structure_violations(shape: StructureShape, value: Params, path: str) -> Iterator[str]:
    required: Sequence[str] = shape.required_members
    for name in required:
        if value.get(name) is None:
            yield f"Value null at '{_step(path, name)}' failed to satisfy constraint: Member must not be null"
    shapes = members(shape)
    for name, item in value.items():
        yield from _violations(shapes[name], item, _step(path, name))


def _step(path: str, name: str) -> str:
    """Return the path of a member as AWS's messages have it: `tags.1.member.key`."""
    step = name[0].lower() + name[1:]
    return f"{path}.{step}" if path else step


def _scalar_violations(shape: Shape, value: Any, path: str) -> Iterator[str]:
    if isinstance(shape, StringShape):
        allowed: Sequence[str] = shape.enum
        if allowed and value not in allowed:
            yield _violation(shape, value, path, f"satisfy enum value set: [{', '.join(allowed)}]")
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
        if isinstance(value, str | int) and not metadata.get("sensitive")
        else "Value at"
    )
    return f"{shown} '{path}' failed to satisfy constraint: Member must {constraint}"
