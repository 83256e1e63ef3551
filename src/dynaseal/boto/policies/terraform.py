"""Policies as Terraform configuration: policy documents, and an IAM policy made of one of them.

The documents for a key or a table are data sources: a key has one policy, in which each role's document is
one of the `source_policy_documents`.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence

from dynaseal.boto.policies.documents import Policies, Statement


def to_terraform(policies: Policies, name: str) -> str:
    """Return policies as Terraform configuration, formatted as `terraform fmt` does.

    Args:
        policies: The policies.
        name: The IAM policy's name, from which the names of blocks are made: `customers-reader`.
    """
    label = re.sub(r"[^A-Za-z0-9_]", "_", name)
    label = label if label[:1].isalpha() else f"_{label}"
    lines = [*_document(label, policies.iam), ""]
    lines += [
        f'resource "aws_iam_policy" "{label}" {{',
        f"  name   = {_string(name)}",
        f"  policy = data.aws_iam_policy_document.{label}.json",
        "}",
    ]
    for suffix, documents in (("key", policies.keys), ("table", policies.tables)):
        for number, (arn, statements) in enumerate(documents.items(), 1):
            block_name = f"{label}_{suffix}" if len(documents) == 1 else f"{label}_{suffix}_{number}"
            lines += ["", f"# For the policy of {arn}: add this to its source_policy_documents."]
            lines += _document(block_name, statements)
    return "\n".join(lines) + "\n"


def _document(label: str, statements: Sequence[Statement]) -> Iterator[str]:
    yield f'data "aws_iam_policy_document" "{label}" {{'
    for number, statement in enumerate(statements):
        if number:
            yield ""
        yield from (f"  {line}" if line else "" for line in _statement(statement))
    yield "}"


def _statement(statement: Statement) -> Iterator[str]:
    yield "statement {"
    yield f"  sid       = {_string(statement.sid)}"
    yield f"  actions   = {_list(statement.actions)}"
    yield f"  resources = {_list(statement.resources)}"
    if statement.principal is not None:
        principals = {"type": _string("AWS"), "identifiers": _list([statement.principal])}
        yield from _block("principals", principals)
    for operator, entries in statement.conditions.items():
        for key, values in entries.items():
            condition = {"test": _string(operator), "variable": _string(key), "values": _list(values)}
            yield from _block("condition", condition)
    yield "}"


def _block(name: str, arguments: Mapping[str, str]) -> Iterator[str]:
    width = max(map(len, arguments))
    yield ""
    yield f"  {name} {{"
    for key, value in arguments.items():
        yield f"    {key:{width}} = {value}"
    yield "  }"


def _list(values: Sequence[str]) -> str:
    return f"[{', '.join(map(_string, values))}]"


def _string(value: str) -> str:
    """Return a string as Terraform writes it: as JSON does, and without templates."""
    return json.dumps(value).replace("${", "$${").replace("%{", "%%{")
