"""The shape of a policy document: JSON with the right elements, of the right types, and no others.

Rules:
- For an identity-based policy IAM says only "Syntax errors in policy."; for a trust policy or a resource
  policy it names the element.
- `null` in a list of strings is ignored. An operator without conditions under it is not checked.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

import json
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, cast

from dynaseal_lab.iam.conditions import find_operator

VERSIONS = ("2012-10-17", "2008-10-17")
"""The newest first; only that one has policy variables."""

SYNTAX = "Syntax errors in policy."
_DOCUMENT = frozenset({"Version", "Id", "Statement"})
_STRING_LISTS = ("Action", "NotAction", "Resource", "NotResource")
_STATEMENT = frozenset({"Sid", "Effect", "Principal", "NotPrincipal", "Condition", *_STRING_LISTS})
_PAIRS = (("Action", "NotAction"), ("Resource", "NotResource"), ("Principal", "NotPrincipal"))


class PolicyKind(Enum):
    """Which kind of policy: identity-based, of a resource, or of a role (who may assume it)."""

    IDENTITY = 1
    RESOURCE = 2
    TRUST = 3
    MANAGED = 4
    """An identity-based policy with an ARN of its own, which IAM accepts in the newest version only."""


class PolicyError(ValueError):
    """A document is not a valid policy; the message is AWS's."""


Statements = Sequence[Mapping[str, Any]]


def read(document: str, kind: PolicyKind) -> tuple[str, Statements]:
    """Return the version and the statements of a document; every element has a permitted type.

    Raises:
        PolicyError: The document's shape is wrong.
    """
    policy = _json(document, kind)
    _refuse_unknown(policy, _DOCUMENT, kind)
    version = policy.get("Version", VERSIONS[1])
    if version not in VERSIONS or not isinstance(policy.get("Id", ""), str):
        raise PolicyError(SYNTAX)
    element = policy.get("Statement")
    items = cast("list[Any]", element) if isinstance(element, list) else [element]
    if not items or not all(isinstance(item, dict) for item in items):
        raise PolicyError(SYNTAX)
    statements = cast("list[Mapping[str, Any]]", items)
    for statement in statements:
        _check_statement(statement, kind)
    return version, statements


def strings(value: Any) -> tuple[str, ...]:
    """Return the strings in an element that is one string or a list.

    Example:
        >>> strings("a:b"), strings(["a:b", None])
        (('a:b',), ('a:b',))
    """
    items = cast("list[Any]", value) if isinstance(value, list) else [value]
    return tuple(item for item in items if item is not None)


def _json(document: str, kind: PolicyKind) -> Mapping[str, Any]:
    try:
        policy = json.loads(document, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise _fault(kind, "This policy contains invalid Json") from error
    if not isinstance(policy, dict):
        raise PolicyError(SYNTAX)
    return cast("dict[str, Any]", policy)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the pairs of a JSON object as a dictionary; a repeated key is refused, not overridden."""
    content = dict(pairs)
    if len(content) != len(pairs):
        raise ValueError("An element occurs twice")
    return content


def _fault(kind: PolicyKind, message: str) -> PolicyError:
    """Return the error with its own message, or with IAM's general one for an identity-based policy."""
    return PolicyError(message if kind in (PolicyKind.TRUST, PolicyKind.RESOURCE) else SYNTAX)


def _refuse_unknown(content: Mapping[str, Any], names: frozenset[str], kind: PolicyKind) -> None:
    unknown = sorted(set(content) - names)
    if unknown:
        raise _fault(kind, f"Unknown field {unknown[0]}")


def _check_statement(statement: Mapping[str, Any], kind: PolicyKind) -> None:
    _refuse_unknown(statement, _STATEMENT, kind)
    if any(first in statement and second in statement for first, second in _PAIRS):
        raise PolicyError(SYNTAX)
    if not isinstance(statement.get("Sid", ""), str):
        raise PolicyError(SYNTAX)
    effect = statement.get("Effect")
    if effect is None:
        raise _fault(kind, "Missing required field Effect")
    if not isinstance(effect, str) or effect.lower() not in ("allow", "deny"):
        raise _fault(kind, f"Invalid effect: {effect}")
    for name in _STRING_LISTS:
        if name in statement and not _is_strings(statement[name]):
            raise PolicyError(SYNTAX)
    _check_conditions(statement.get("Condition", {}), kind)


def _is_strings(value: object) -> bool:
    if isinstance(value, list):
        return all(isinstance(item, str | None) for item in cast("list[object]", value))
    return isinstance(value, str)


def _check_conditions(element: object, kind: PolicyKind) -> None:
    if not isinstance(element, dict):
        raise PolicyError(SYNTAX)
    for operator, block in cast("dict[str, object]", element).items():
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
