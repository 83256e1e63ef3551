"""Policy documents, parsed closed: what is not known here is refused with AWS's reason, never skipped.

Rules:
- A document is one JSON object: Version, Id, Statement. An older version than 2012-10-17 has no variables.
- A statement has Effect, one of Action and NotAction, and what its kind of document demands: an identity
  policy one of Resource and NotResource and no principal; a resource policy one of Principal and
  NotPrincipal; a trust policy a principal and no resource.
- Elements, operators, principals and values outside the grammar are errors. Where IAM says no more than
  "Syntax errors in policy.", the offending element is named if there is one.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Any, Literal, cast

from dynaseal_lab.iam.conditions import Condition, make_condition, text_of
from dynaseal_lab.iam.match import Template, template
from dynaseal_lab.iam.principals import Principals, parse_principals


class Kind(Enum):
    """Which policy it is: attached to somebody, to a thing, or to a role that is assumed."""

    IDENTITY = 1
    RESOURCE = 2
    TRUST = 3


_PARTITIONS = ("aws", "aws-cn", "aws-us-gov", "*")
_SERVICE = re.compile(r"[a-z0-9-]+", re.ASCII)
_VERSIONS = ("2012-10-17", "2008-10-17")
_DOCUMENT = {"Version", "Id", "Statement"}
_STATEMENT = {
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
}


class PolicyError(ValueError):
    """Why a document is no policy, in AWS's words."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement; `not_` before actions, resources or principals says that all others are meant."""

    name: str
    effect: Literal["Allow", "Deny"]
    actions: tuple[str, ...]
    not_actions: bool
    resources: tuple[Template, ...] | None
    not_resources: bool
    principals: Principals | None
    not_principals: bool
    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """A parsed document; only one of the newest version has variables."""

    version: str
    statements: tuple[Statement, ...]


@lru_cache(maxsize=4096)
def parse(text: str, kind: Kind) -> Policy:
    """Read a policy document.

    Args:
        text: The JSON text.
        kind: Which kind of policy it must be.

    Raises:
        PolicyError: It is none; its text is the message of AWS's MalformedPolicyDocument.
    """
    document = _json(text)
    unknown = set(document) - _DOCUMENT
    if unknown:
        raise PolicyError(f"Unknown field {min(unknown)}")
    version = document.get("Version", "2008-10-17")
    if version not in _VERSIONS:
        raise PolicyError("Syntax errors in policy.")
    if "Id" in document and not isinstance(document["Id"], str):
        raise PolicyError("Syntax errors in policy.")
    written = document.get("Statement")
    items = cast("list[Any]", written) if isinstance(written, list) else [written]
    if not items or written is None:
        raise PolicyError("Syntax errors in policy.")
    variables = version == _VERSIONS[0]
    statements = tuple(_statement(item, kind, place, variables) for place, item in enumerate(items))
    _check_sids(items)
    return Policy(version, statements)


def _json(text: str) -> Mapping[str, Any]:
    try:
        document = json.loads(text, object_pairs_hook=_no_repeats)
    except (ValueError, RecursionError) as error:
        raise PolicyError("The policy is not in the valid JSON format.") from error
    if not isinstance(document, dict):
        raise PolicyError("Syntax errors in policy.")
    return cast("dict[str, Any]", document)


def _no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) != len(pairs):
        raise ValueError("An element stands twice")
    return content


def _check_sids(items: Sequence[Any]) -> None:
    sids = [item["Sid"] for item in items if item.get("Sid")]
    if len(sids) != len(set(sids)):
        raise PolicyError("Statement IDs (SID) in a single policy must be unique.")


def _statement(item: Any, kind: Kind, place: int, variables: bool) -> Statement:
    if not isinstance(item, dict):
        raise PolicyError("Syntax errors in policy.")
    content = cast("dict[str, Any]", item)
    unknown = set(content) - _STATEMENT
    if unknown:
        raise PolicyError(f"Unknown field {min(unknown)}")
    sid = content.get("Sid", "")
    if not isinstance(sid, str):
        raise PolicyError("Syntax errors in policy.")
    effect = content.get("Effect")
    if effect not in ("Allow", "Deny"):
        raise PolicyError(f"Invalid effect: {effect}" if effect else "Missing required field Effect")
    actions, not_actions = _actions(content)
    resources, not_resources = _resources(content, kind, variables)
    principals, not_principals = _principals(content, kind)
    return Statement(
        name=sid or f"#{place}",
        effect=effect,
        actions=actions,
        not_actions=not_actions,
        resources=resources,
        not_resources=not_resources,
        principals=principals,
        not_principals=not_principals,
        conditions=tuple(_conditions(content.get("Condition", {}), variables)),
    )


def _one_of(content: Mapping[str, Any], element: str) -> tuple[Any, bool] | None:
    """The value of `element` or of its `Not` form, and whether it is that; None where neither is written."""
    negated = f"Not{element}"
    if element in content and negated in content:
        raise PolicyError("Syntax errors in policy.")
    if negated in content:
        return content[negated], True
    return (content[element], False) if element in content else None


def _texts(value: Any) -> tuple[str, ...]:
    items = cast("list[Any]", value) if isinstance(value, list) else [value]
    if not all(isinstance(item, str) for item in items):
        raise PolicyError("Syntax errors in policy.")
    return tuple(items)


def _actions(content: Mapping[str, Any]) -> tuple[tuple[str, ...], bool]:
    found = _one_of(content, "Action")
    actions = _texts(found[0]) if found else ()
    if found is None or not actions:
        raise PolicyError("Policy statement must contain actions.")
    for action in actions:
        _check_action(action)
    return actions, found[1]


def _check_action(action: str) -> None:
    if action == "*":
        return
    vendor, colon, name = action.partition(":")
    if not colon or not vendor:
        raise PolicyError("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")
    if not vendor.replace("-", "").isalnum() or not vendor.isascii():
        raise PolicyError(f"Vendor {vendor} is not valid")
    if ":" in name:
        raise PolicyError("Actions/Condition can contain only one colon.")
    if not name:
        raise PolicyError("The policy failed legacy parsing")


def _resources(
    content: Mapping[str, Any], kind: Kind, variables: bool
) -> tuple[tuple[Template, ...] | None, bool]:
    found = _one_of(content, "Resource")
    if kind is Kind.TRUST:
        if found is not None:
            raise PolicyError("Has prohibited field Resource")
        return None, False
    resources = _texts(found[0]) if found else ()
    if found is None or not resources:
        raise PolicyError("Policy statement must contain resources.")
    for resource in resources:
        _check_resource(resource)
    try:
        return tuple(template(resource, variables=variables) for resource in resources), found[1]
    except ValueError as error:
        raise PolicyError(str(error)) from error


def _check_resource(resource: str) -> None:
    """Six segments, or fewer where a wildcard ends the text: `arn:aws:kms:*` goes over the colons."""
    if resource == "*":
        return
    segments = resource.split(":", 5)
    if segments[0] != "arn" or len(segments) < 2:
        raise PolicyError(f'Resource {resource} must be in ARN format or "*".')
    if segments[1] not in _PARTITIONS:
        raise PolicyError(f'Partition "{segments[1]}" is not valid for resource "{resource}".')
    if len(segments) < 3 or not _SERVICE.fullmatch(segments[2]):
        raise PolicyError("Resource vendor must be fully qualified and cannot contain regexes.")
    if len(segments) < 6 and not segments[-1].endswith("*"):
        raise PolicyError("The policy failed legacy parsing")


def _principals(content: Mapping[str, Any], kind: Kind) -> tuple[Principals | None, bool]:
    found = _one_of(content, "Principal")
    if kind is Kind.IDENTITY:
        if found is not None:
            raise PolicyError("Policy document should not specify a principal.")
        return None, False
    if found is None:
        raise PolicyError("Missing required field Principal")
    try:
        return parse_principals(found[0]), found[1]
    except ValueError as error:
        raise PolicyError(str(error)) from error


def _conditions(written: Any, variables: bool) -> Sequence[Condition]:
    if not isinstance(written, dict):
        raise PolicyError("Syntax errors in policy.")
    conditions: list[Condition] = []
    for operator, block in cast("dict[str, Any]", written).items():
        if not isinstance(block, dict):
            raise PolicyError("Syntax errors in policy.")
        for key, values in cast("dict[str, Any]", block).items():
            conditions.append(_condition(operator, key, values, variables))
    return conditions


def _condition(operator: str, key: str, values: Any, variables: bool) -> Condition:
    if ":" not in key:
        raise PolicyError("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")
    items = cast("list[Any]", values) if isinstance(values, list) else [values]
    try:
        return make_condition(operator, key, [text_of(item) for item in items], variables=variables)
    except ValueError as error:
        raise PolicyError(str(error)) from error
