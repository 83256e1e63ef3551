"""Requests as `ministack` needs them: numbers of statements in one form, and refusals that it does not make.

* `ministack` compares the numbers in PartiQL statements as they are written.
* An update expression may use each clause once, and no path twice or inside another. Expressions, and the
  names and values of placeholders, may be missing but not empty.

The messages are those of the native engine, which follows AWS's recorded answers.
"""

import json

from dynaseal_lab.dynamodb.json_values import as_object
from dynaseal_lab.dynamodb.numbers import shortest_form
from dynaseal_lab.dynamodb.partiql_tokens import with_numbers
from dynaseal_lab.dynamodb.request_checks import EXPRESSIONS, parts_with_expressions, parts_with_statements
from dynaseal_lab.dynamodb.update_expressions import mistake
from dynaseal_lab.model import Fault, Params

_PREAMBLE = "1 validation error detected: "
_PLACEHOLDERS = ("ExpressionAttributeNames", "ExpressionAttributeValues")


def corrected(body: bytes, *, single_write: bool) -> bytes:
    """Return a request's body with the numbers of its statements in one form.

    Args:
        body: The request's JSON.
        single_write: Whether it writes one item; AWS gives errors of these a preamble.

    Raises:
        Fault: ValidationException for an expression that DynamoDB refuses.
    """
    if b"Expression" in body:
        _check_expressions(json.loads(body), _PREAMBLE if single_write else "")
    if b'Statement"' in body:
        params = json.loads(body)
        for part in parts_with_statements(params):
            part["Statement"] = with_numbers(part["Statement"], shortest_form)
        body = json.dumps(params).encode()
    return body


def _check_expressions(params: Params, preamble: str) -> None:
    for part in parts_with_expressions(params):
        present = [name for name in EXPRESSIONS if part.get(name) is not None]
        for name in present:
            if part[name] == "":
                before = "" if name == "UpdateExpression" else preamble
                raise _invalid(f"{before}Invalid {name}: The expression can not be empty;")
        reason = "must not be empty" if present else "can only be specified when using expressions"
        for member in _PLACEHOLDERS:
            if part.get(member) == {}:
                raise _invalid(f"{preamble}{member} {reason}")
        if expression := part.get("UpdateExpression"):
            found = mistake(expression, as_object(part.get("ExpressionAttributeNames") or {}))
            if found is not None:
                before = "" if found.startswith("Syntax") else preamble
                raise _invalid(f"{before}Invalid UpdateExpression: {found}")


def _invalid(message: str) -> Fault:
    return Fault("ValidationException", message)
