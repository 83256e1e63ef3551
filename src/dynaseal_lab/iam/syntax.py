"""The first reading of a policy document: is it JSON of the right shape, nothing unknown in it.

Rules:
- Of an identity policy IAM says "Syntax errors in policy." and no more. Of a trust policy or a resource's
  policy it names the element.
- `null` in a list of texts is passed over; an operator whose block is empty is not looked at.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

import json
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, cast

from dynaseal_lab.iam.conditions import find_operator

VERSIONS = ("2012-10-17", "2008-10-17")
"""The newest first; only it has policy variables."""

SYNTAX = "Syntax errors in policy."
_DOCUMENT = frozenset({"Version", "Id", "Statement"})
_TEXT_LISTS = ("Action", "NotAction", "Resource", "NotResource")
_STATEMENT = frozenset({"Sid", "Effect", "Principal", "NotPrincipal", "Condition", *_TEXT_LISTS})
_PAIRS = (("Action", "NotAction"), ("Resource", "NotResource"), ("Principal", "NotPrincipal"))


class Kind(Enum):
    """Which policy it is: attached to somebody, to a thing, or to a role that is assumed."""

    IDENTITY = 1
    RESOURCE = 2
    TRUST = 3
    MANAGED = 4
    """An identity policy on its own, which IAM takes in the newest version of the language only."""


class PolicyError(ValueError):
    """Why a document is no policy, in AWS's words."""


Statements = Sequence[Mapping[str, Any]]


def read(text: str, kind: Kind) -> tuple[str, Statements]:
    """The version and the statements of a document, each element of a permitted type.

    Raises:
        PolicyError: The document's shape is wrong.
    """
    document = _json(text, kind)
    _known(document, _DOCUMENT, kind)
    version = document.get("Version", VERSIONS[1])
    if version not in VERSIONS or not isinstance(document.get("Id", ""), str):
        raise PolicyError(SYNTAX)
    written = document.get("Statement")
    items = cast("list[Any]", written) if isinstance(written, list) else [written]
    if not items or not all(isinstance(item, dict) for item in items):
        raise PolicyError(SYNTAX)
    statements = cast("list[Mapping[str, Any]]", items)
    for statement in statements:
        _check_statement(statement, kind)
    return version, statements


def texts(value: Any) -> tuple[str, ...]:
    """An element's texts, whether it is one or a list.

    Example:
        >>> texts("a:b"), texts(["a:b", None])
        (('a:b',), ('a:b',))
    """
    items = cast("list[Any]", value) if isinstance(value, list) else [value]
    return tuple(item for item in items if item is not None)


def _json(text: str, kind: Kind) -> Mapping[str, Any]:
    try:
        document = json.loads(text, object_pairs_hook=_no_repeats)
    except (ValueError, RecursionError) as error:
        raise _fault(kind, "This policy contains invalid Json") from error
    if not isinstance(document, dict):
        raise PolicyError(SYNTAX)
    return cast("dict[str, Any]", document)


def _no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) != len(pairs):
        raise ValueError("An element stands twice")
    return content


def _fault(kind: Kind, named: str) -> PolicyError:
    return PolicyError(named if kind in (Kind.TRUST, Kind.RESOURCE) else SYNTAX)


def _known(content: Mapping[str, Any], names: frozenset[str], kind: Kind) -> None:
    unknown = sorted(set(content) - names)
    if unknown:
        raise _fault(kind, f"Unknown field {unknown[0]}")


def _check_statement(statement: Mapping[str, Any], kind: Kind) -> None:
    _known(statement, _STATEMENT, kind)
    if any(first in statement and second in statement for first, second in _PAIRS):
        raise PolicyError(SYNTAX)
    if not isinstance(statement.get("Sid", ""), str):
        raise PolicyError(SYNTAX)
    effect = statement.get("Effect")
    if effect is None:
        raise _fault(kind, "Missing required field Effect")
    if not isinstance(effect, str) or effect.lower() not in ("allow", "deny"):
        raise _fault(kind, f"Invalid effect: {effect}")
    for name in _TEXT_LISTS:
        if name in statement and not _is_texts(statement[name]):
            raise PolicyError(SYNTAX)
    _check_conditions(statement.get("Condition", {}), kind)


def _is_texts(value: object) -> bool:
    if isinstance(value, list):
        return all(isinstance(item, str | None) for item in cast("list[object]", value))
    return isinstance(value, str)


def _check_conditions(written: object, kind: Kind) -> None:
    if not isinstance(written, dict):
        raise PolicyError(SYNTAX)
    for operator, block in cast("dict[str, object]", written).items():
        if not isinstance(block, dict):
            raise PolicyError(SYNTAX)
        values = cast("dict[str, object]", block).values()
        if not all(_is_value(value) for value in values):
            raise PolicyError(SYNTAX)
        if not values:
            continue
        try:
            find_operator(operator)
        except ValueError as error:
            raise _fault(kind, str(error)) from error


def _is_value(value: object) -> bool:
    items = cast("list[object]", value) if isinstance(value, list) else [value]
    return all(isinstance(item, str | int | float) for item in items)
