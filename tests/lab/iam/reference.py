"""A second evaluator, written from AWS's documentation alone: slow, plain, without any of the lab's code.

It takes documents as dictionaries, finds wildcards by trying every split, and follows the sentences of
reference_policies_evaluation-logic.html one after the other. What it does not know it does not cover: KMS
grants, services as principals, roots.
"""

import ipaddress
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

Document = dict[str, Any]
Context = dict[str, list[str]]


@dataclass(frozen=True)
class Case:
    """One question and every policy that bears on it."""

    account: str
    arns: tuple[str, ...]
    """Of the caller: a user's own; a session's, then its role's."""
    action: str
    resource: str
    owner: str
    context: Context
    identity: list[Document] = field(default_factory=list)
    on_resource: Document | None = None
    boundary: Document | None = None
    session: Document | None = None


def allowed(case: Case) -> bool:
    """Whether AWS would allow it."""
    identity = [statement for document in case.identity for statement in document["Statement"]]
    documents = [case.on_resource, case.boundary, case.session]
    on_resource, boundary, session = [document["Statement"] if document else [] for document in documents]
    everything = [*identity, *on_resource, *boundary, *session]
    if any(applies(statement, "Deny", case) for statement in everything):
        return False
    by_identity = any(applies(statement, "Allow", case) for statement in identity)
    means = [how_named(statement, case) for statement in on_resource if applies(statement, "Allow", case)]
    within = boundary_allows(case, boundary) and session_allows(case, session)
    if case.owner != case.account:
        return bool(means) and by_identity and within
    if "itself" in means:
        return True
    if case.action.startswith(("kms:", "sts:")):
        return within and ("role" in means or ("account" in means and by_identity))
    return within and ("role" in means or by_identity)


def boundary_allows(case: Case, statements: list[Document]) -> bool:
    return case.boundary is None or any(applies(one, "Allow", case) for one in statements)


def session_allows(case: Case, statements: list[Document]) -> bool:
    return case.session is None or any(applies(one, "Allow", case) for one in statements)


def applies(statement: Document, effect: str, case: Case) -> bool:
    return (
        statement["Effect"] == effect
        and principal_applies(statement, case)
        and action_applies(statement, case)
        and resource_applies(statement, case)
        and all(
            condition_holds(operator, key, values, effect, case.context)
            for operator, block in statement.get("Condition", {}).items()
            for key, values in block.items()
        )
    )


def principal_applies(statement: Document, case: Case) -> bool:
    if "NotPrincipal" in statement:
        named = set(statement["NotPrincipal"]["AWS"])
        return case.boundary is not None or not named & set(case.arns)
    return "Principal" not in statement or how_named(statement, case) is not None


def how_named(statement: Document, case: Case) -> str | None:
    named = set(statement["Principal"]["AWS"])
    if named & {"*", case.arns[0]}:
        return "itself"
    if named & set(case.arns):
        return "role"
    return "account" if named & {case.account, f"arn:aws:iam::{case.account}:root"} else None


def action_applies(statement: Document, case: Case) -> bool:
    patterns = statement.get("Action", statement.get("NotAction"))
    listed = any(like(pattern.lower(), case.action.lower()) for pattern in patterns)
    return listed == ("Action" in statement)


def resource_applies(statement: Document, case: Case) -> bool:
    if "Resource" not in statement and "NotResource" not in statement:
        return True
    patterns = statement.get("Resource", statement.get("NotResource"))
    listed = any(is_resource(pattern, case) for pattern in patterns)
    return listed == ("Resource" in statement)


def is_resource(pattern: str, case: Case) -> bool:
    filled = fill(pattern, case.context)
    if filled is None:
        return False
    pairs = list(zip(filled.split(":", 5), case.resource.split(":", 5), strict=False))
    return pattern == "*" or all(like(wanted, given) for wanted, given in pairs)


def like(pattern: str, text: str) -> bool:
    """Wildcards by trying every split; a character after a backslash stands for itself."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(like(pattern[1:], text[cut:]) for cut in range(len(text) + 1))
    if pattern[0] == "\\":
        return text[:1] == pattern[1] and like(pattern[2:], text[1:])
    return bool(text) and pattern[0] in ("?", text[0]) and like(pattern[1:], text[1:])


def fill(text: str, context: Context) -> str | None:
    """A text with its variables replaced; special characters of their values marked with a backslash."""
    for found in re.findall(r"\$\{[^}]*\}", text):
        name, _, default = found[2:-1].partition(", ")
        values = {key.lower(): value for key, value in context.items()}.get(name.lower(), [])
        value = name if name in "*?$" else values[0] if len(values) == 1 else default.strip("'") or None
        if value is None:
            return None
        text = text.replace(found, "".join(f"\\{one}" if one in "*?\\" else one for one in value))
    return text


def plain(text: str, context: Context) -> str | None:
    filled = fill(text, context)
    return None if filled is None else re.sub(r"\\(.)", r"\1", filled)


def condition_holds(operator: str, key: str, values: list[str], effect: str, context: Context) -> bool:
    given = {name.lower(): value for name, value in context.items()}.get(key.lower(), [])
    prefix, _, name = operator.rpartition(":")
    if name == "Null":
        return any((value == "true") == (not given) for value in values)
    base = name.removesuffix("IfExists")
    inverted = "Not" in base
    if not given:
        return base != name or prefix == "ForAllValues" or (inverted and prefix == "")
    positive = base.replace("Not", "")
    outcomes = [any(compare(positive, value, one, context) for value in values) != inverted for one in given]
    if prefix == "ForAllValues":
        return all(outcomes)
    if prefix == "ForAnyValue" or len(given) == 1:
        return any(outcomes)
    return effect == "Deny" and any(outcomes)


def compare(operator: str, wanted: str, given: str, context: Context) -> bool:
    if operator.startswith("Numeric"):
        return ordered(operator.removeprefix("Numeric"), float(given), float(wanted))
    if operator.startswith("Date"):
        return ordered(operator.removeprefix("Date"), moment(given), moment(wanted))
    if operator == "IpAddress":
        return ipaddress.ip_address(given) in ipaddress.ip_network(wanted)
    if operator == "Bool":
        return wanted.lower() == given.lower()
    return compare_texts(operator, wanted, given, context)


def compare_texts(operator: str, wanted: str, given: str, context: Context) -> bool:
    filled, exact = fill(wanted, context), plain(wanted, context)
    if filled is None or exact is None:
        return False
    if operator.startswith("Arn"):
        return all(like(*pair) for pair in zip(filled.split(":", 5), given.split(":", 5), strict=False))
    return {
        "StringEquals": exact == given,
        "StringEqualsIgnoreCase": exact.lower() == given.lower(),
        "StringLike": like(filled, given),
    }[operator]


def moment(text: str) -> float:
    parsed = datetime.fromisoformat(text)
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()


def ordered(relation: str, given: float, wanted: float) -> bool:
    return {
        "Equals": given == wanted,
        "LessThan": given < wanted,
        "LessThanEquals": given <= wanted,
        "GreaterThan": given > wanted,
        "GreaterThanEquals": given >= wanted,
    }[relation]
