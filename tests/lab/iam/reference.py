"""A second evaluator, written from AWS's documentation alone: slow and simple, without any of the lab's code.

It takes documents as dictionaries, matches wildcards by trying every split, and follows the sentences of
reference_policies_evaluation-logic.html one by one. It does not know KMS grants, services as principals and
root users.
"""

import ipaddress
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

Document = dict[str, Any]
ConditionKeys = dict[str, list[str]]


@dataclass(frozen=True)
class Case:
    """An action on a resource, and every policy that applies."""

    account: str
    arns: tuple[str, ...]
    """The caller's: a user's own ARN; or a session's, then its role's."""
    action: str
    resource: str
    owner: str
    condition_keys: ConditionKeys
    identity: list[Document] = field(default_factory=list)
    on_resource: Document | None = None
    boundary: Document | None = None
    session: Document | None = None


def allowed(case: Case) -> bool:
    """Return whether AWS would allow it."""
    identity = [statement for document in case.identity for statement in document["Statement"]]
    documents = [case.on_resource, case.boundary, case.session]
    on_resource, boundary, session = [document["Statement"] if document else [] for document in documents]
    everything = [*identity, *on_resource, *boundary, *session]
    if any(applies(statement, "Deny", case) for statement in everything):
        return False
    by_identity = any(applies(statement, "Allow", case) for statement in identity)
    named_as = [how_named(statement, case) for statement in on_resource if applies(statement, "Allow", case)]
    within = boundary_allows(case, boundary) and session_allows(case, session)
    if case.owner != case.account:
        return bool(named_as) and by_identity and within
    if "itself" in named_as:
        return True
    if case.action.startswith(("kms:", "sts:")):
        return within and ("role" in named_as or ("account" in named_as and by_identity))
    return within and ("role" in named_as or by_identity)


def boundary_allows(case: Case, statements: list[Document]) -> bool:
    return case.boundary is None or any(applies(statement, "Allow", case) for statement in statements)


def session_allows(case: Case, statements: list[Document]) -> bool:
    return case.session is None or any(applies(statement, "Allow", case) for statement in statements)


def applies(statement: Document, effect: str, case: Case) -> bool:
    return (
        statement["Effect"] == effect
        and principal_applies(statement, case)
        and action_applies(statement, case)
        and resource_applies(statement, case)
        and all(
            condition_holds(operator, key, values, effect, case.condition_keys)
            for operator, block in statement.get("Condition", {}).items()
            for key, values in block.items()
        )
    )


def principal_applies(statement: Document, case: Case) -> bool:
    if "NotPrincipal" in statement:
        names = set(statement["NotPrincipal"]["AWS"])
        return case.boundary is not None or not names & set(case.arns)
    return "Principal" not in statement or how_named(statement, case) is not None


def how_named(statement: Document, case: Case) -> str | None:
    names = set(statement["Principal"]["AWS"])
    if names & {"*", case.arns[0]}:
        return "itself"
    if names & set(case.arns):
        return "role"
    return "account" if names & {case.account, f"arn:aws:iam::{case.account}:root"} else None


def action_applies(statement: Document, case: Case) -> bool:
    patterns = statement.get("Action", statement.get("NotAction", []))
    listed = any(like(pattern.lower(), case.action.lower()) for pattern in patterns)
    return listed == ("Action" in statement)


def resource_applies(statement: Document, case: Case) -> bool:
    if "Resource" not in statement and "NotResource" not in statement:
        return True
    patterns = statement.get("Resource", statement.get("NotResource", []))
    listed = any(is_resource(pattern, case) for pattern in patterns)
    return listed == ("Resource" in statement)


def is_resource(pattern: str, case: Case) -> bool:
    filled = fill(pattern, case.condition_keys)
    if filled is None:
        return False
    pairs = list(zip(filled.split(":", 5), case.resource.split(":", 5), strict=False))
    return pattern == "*" or all(like(wanted, segment) for wanted, segment in pairs)


def like(pattern: str, string: str) -> bool:
    """Match wildcards by trying every split; a character after a backslash matches itself only."""
    if not pattern:
        return not string
    if pattern[0] == "*":
        return any(like(pattern[1:], string[cut:]) for cut in range(len(string) + 1))
    if pattern[0] == "\\":
        return string[:1] == pattern[1] and like(pattern[2:], string[1:])
    return bool(string) and pattern[0] in ("?", string[0]) and like(pattern[1:], string[1:])


def fill(string: str, condition_keys: ConditionKeys) -> str | None:
    """Replace the variables in a string; special characters in their values get a backslash."""
    for variable in re.findall(r"\$\{[^}]*\}", string):
        name, _, default = variable[2:-1].partition(", ")
        values = {key.lower(): value for key, value in condition_keys.items()}.get(name.lower(), [])
        value = name if name in "*?$" else values[0] if len(values) == 1 else default.strip("'") or None
        if value is None:
            return None
        escaped = "".join(f"\\{letter}" if letter in "*?\\" else letter for letter in value)
        string = string.replace(variable, escaped)
    return string


def fill_without_escapes(string: str, condition_keys: ConditionKeys) -> str | None:
    filled = fill(string, condition_keys)
    return None if filled is None else re.sub(r"\\(.)", r"\1", filled)


def condition_holds(
    operator: str, key: str, values: list[str], effect: str, condition_keys: ConditionKeys
) -> bool:
    present = {name.lower(): value for name, value in condition_keys.items()}.get(key.lower(), [])
    prefix, _, name = operator.rpartition(":")
    if name == "Null":
        return any((value == "true") == (not present) for value in values)
    base = name.removesuffix("IfExists")
    inverted = "Not" in base
    if not present:
        return base != name or prefix == "ForAllValues" or (inverted and prefix == "")
    positive = base.replace("Not", "")
    outcomes = [
        any(compare(positive, wanted, value, condition_keys) for wanted in values) != inverted
        for value in present
    ]
    if prefix == "ForAllValues":
        return all(outcomes)
    if prefix == "ForAnyValue" or len(present) == 1:
        return any(outcomes)
    return effect == "Deny" and any(outcomes)


def compare(operator: str, wanted: str, value: str, condition_keys: ConditionKeys) -> bool:
    if operator.startswith("Numeric"):
        return ordered(operator.removeprefix("Numeric"), float(value), float(wanted))
    if operator.startswith("Date"):
        return ordered(operator.removeprefix("Date"), moment(value), moment(wanted))
    if operator == "IpAddress":
        return ipaddress.ip_address(value) in ipaddress.ip_network(wanted)
    if operator == "Bool":
        return wanted.lower() == value.lower()
    return compare_strings(operator, wanted, value, condition_keys)


def compare_strings(operator: str, wanted: str, value: str, condition_keys: ConditionKeys) -> bool:
    filled, exact = fill(wanted, condition_keys), fill_without_escapes(wanted, condition_keys)
    if filled is None or exact is None:
        return False
    if operator.startswith("Arn"):
        return all(like(*pair) for pair in zip(filled.split(":", 5), value.split(":", 5), strict=False))
    return {
        "StringEquals": exact == value,
        "StringEqualsIgnoreCase": exact.lower() == value.lower(),
        "StringLike": like(filled, value),
    }[operator]


def moment(date: str) -> float:
    parsed = datetime.fromisoformat(date)
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()


def ordered(relation: str, value: float, wanted: float) -> bool:
    return {
        "Equals": value == wanted,
        "LessThan": value < wanted,
        "LessThanEquals": value <= wanted,
        "GreaterThan": value > wanted,
        "GreaterThanEquals": value >= wanted,
    }[relation]
