"""Policy documents, parsed closed: what is not known here is refused with AWS's reason, never skipped.

`syntax` reads the shape and `rules` asks what IAM asks; here the document becomes statements that can be
matched. An older version than 2012-10-17 has no policy variables.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, cast

from dynaseal_lab.iam import rules, syntax
from dynaseal_lab.iam.conditions import Condition, make_condition, text_of
from dynaseal_lab.iam.match import Template, template
from dynaseal_lab.iam.principals import Principals, parse_principals
from dynaseal_lab.iam.syntax import Kind, PolicyError

__all__ = ["Kind", "Policy", "PolicyError", "Statement", "parse"]


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
    version, written = syntax.read(text, kind)
    rules.check(version, written, kind)
    variables = version == syntax.VERSIONS[0]
    try:
        statements = tuple(_statement(item, kind, place, variables) for place, item in enumerate(written))
    except ValueError as error:
        raise PolicyError(str(error)) from error
    return Policy(version, statements)


def _statement(item: Mapping[str, Any], kind: Kind, place: int, variables: bool) -> Statement:
    return Statement(
        name=item.get("Sid") or f"#{place}",
        effect=item["Effect"],
        actions=rules.listed(item, "Action"),
        not_actions="NotAction" in item,
        resources=None if kind is Kind.TRUST else _resources(item, kind, variables),
        not_resources="NotResource" in item,
        principals=_principals(item),
        not_principals="NotPrincipal" in item,
        conditions=tuple(_conditions(item.get("Condition", {}), variables)),
    )


def _resources(item: Mapping[str, Any], kind: Kind, variables: bool) -> tuple[Template, ...]:
    """An ARN that is too short is completed; a resource's own policy demands a wildcard for that."""
    return tuple(
        template(
            rules.completed(written) if kind is not Kind.RESOURCE or "*" in written else written,
            variables=variables,
        )
        for written in rules.listed(item, "Resource")
    )


def _principals(item: Mapping[str, Any]) -> Principals | None:
    written = item.get("Principal", item.get("NotPrincipal"))
    return None if written is None else parse_principals(written)


def _conditions(written: Mapping[str, Any], variables: bool) -> Iterator[Condition]:
    for operator, block in written.items():
        for key, values in block.items():
            items = cast("list[Any]", values) if isinstance(values, list) else [values]
            yield make_condition(operator, key, [text_of(item) for item in items], variables=variables)
