"""Policy documents, parsed: an element that the lab does not know is refused in AWS's words, never skipped.

`syntax` checks that the document has the right shape, and `rules` what else IAM checks; here the document
becomes statements that can be matched. Only version 2012-10-17 has policy variables.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, cast

from dynaseal_lab.iam import rules, syntax
from dynaseal_lab.iam.conditions import Condition, make_condition, string_of
from dynaseal_lab.iam.match import Template, template
from dynaseal_lab.iam.principals import Principals, parse_principals
from dynaseal_lab.iam.syntax import PolicyError, PolicyKind

__all__ = ["Policy", "PolicyError", "PolicyKind", "Statement", "parse"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement. If `not_actions` is true, `actions` are from `NotAction`; likewise for the others."""

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
    """A parsed policy document."""

    version: str
    statements: tuple[Statement, ...]


@lru_cache(maxsize=4096)
def parse(document: str, kind: PolicyKind) -> Policy:
    """Parse a policy document.

    Args:
        document: The JSON.
        kind: Which kind of policy it must be.

    Raises:
        PolicyError: It is not such a policy; the message is that of AWS's MalformedPolicyDocument.
    """
    version, elements = syntax.read(document, kind)
    rules.check(version, elements, kind)
    variables = version == syntax.VERSIONS[0]
    try:
        statements = tuple(_statement(item, kind, index, variables) for index, item in enumerate(elements))
    except ValueError as error:
        raise PolicyError(str(error)) from error
    return Policy(version, statements)


def _statement(item: Mapping[str, Any], kind: PolicyKind, index: int, variables: bool) -> Statement:
    return Statement(
        name=item.get("Sid") or f"#{index}",
        effect=item["Effect"],
        actions=rules.listed(item, "Action"),
        not_actions="NotAction" in item,
        resources=None if kind is PolicyKind.TRUST else _resources(item, kind, variables),
        not_resources="NotResource" in item,
        principals=_principals(item),
        not_principals="NotPrincipal" in item,
        conditions=tuple(_conditions(item.get("Condition", {}), variables)),
    )


def _resources(item: Mapping[str, Any], kind: PolicyKind, variables: bool) -> tuple[Template, ...]:
    """Return the resources; a short ARN is completed, in a resource policy only if it has a `*`."""
    return tuple(
        template(
            rules.completed(resource) if kind is not PolicyKind.RESOURCE or "*" in resource else resource,
            variables=variables,
        )
        for resource in rules.listed(item, "Resource")
    )


def _principals(item: Mapping[str, Any]) -> Principals | None:
    element = item.get("Principal", item.get("NotPrincipal"))
    return None if element is None else parse_principals(element)


def _conditions(element: Mapping[str, Any], variables: bool) -> Iterator[Condition]:
    for operator, block in element.items():
        for key, values in block.items():
            items = cast("list[Any]", values) if isinstance(values, list) else [values]
            yield make_condition(operator, key, [string_of(item) for item in items], variables=variables)
