"""What DynamoDB refuses before it looks at any item, checked in front of every engine.

* Requests are held against botocore's model: required members, enumerations, ranges, lengths.
* Expressions and values have limits of nesting, so that none is deep enough to exhaust an engine's stack.
* The definitions of tables and indexes are checked as a whole.
* A Query or Scan of an index asks only for what the index has.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any, cast

from dynaseal_lab.dynamodb.expressions import attribute_names, tokens
from dynaseal_lab.dynamodb.json_values import as_list, as_object
from dynaseal_lab.dynamodb.table_facts import TableFacts
from dynaseal_lab.model import Call, Fault, Params
from dynaseal_lab.wire.validate import validate

RequestCheck = Callable[[Params], None]
"""Refuses the parameters of one operation, or returns."""

EXPRESSIONS = (
    "ConditionExpression",
    "FilterExpression",
    "KeyConditionExpression",
    "ProjectionExpression",
    "UpdateExpression",
)
_TABLE_NAME = re.compile(r"[a-zA-Z0-9_.-]+")
_EXPRESSION_SIZE = 4096
_EXPRESSION_DEPTH = 300
_VALUE_DEPTH = 32
_KEY_NAME_SIZE = 255
_INDEXES = ("GlobalSecondaryIndexes", "LocalSecondaryIndexes")


def check_request(
    call: Call, service: str, check: RequestCheck | None, engine_checks: frozenset[str]
) -> None:
    """Refuse a request that DynamoDB would refuse without looking at any table.

    Args:
        call: The call.
        service: The service, as botocore calls it.
        check: The operation's own check.
        engine_checks: The model's shapes that are left to the engine.

    Raises:
        Fault: ValidationException, in DynamoDB's words.
    """
    _check_table_name(call.params.get("TableName"))
    validate(service, call.operation, call.params, "ValidationException", engine_checks)
    body = call.raw_body
    # JSON can write any character as an escape sequence, those of a member's name too.
    escaped = b"\\u" in body
    if escaped or b"Expression" in body:
        for part in parts_with_expressions(call.params):
            for name in EXPRESSIONS:
                if isinstance(expression := part.get(name), str):
                    _check_expression(name, expression)
    if escaped or body.count(b'"M"') + body.count(b'"L"') > _VALUE_DEPTH:
        _check_values(call.params)
    if check is not None:
        check(call.params)


def _check_table_name(name: object) -> None:
    if isinstance(name, str) and name and not name.startswith("arn:") and not _TABLE_NAME.fullmatch(name):
        raise _invalid(
            f"1 validation error detected: Value '{name}' at 'tableName' failed to satisfy constraint: "
            f"Member must satisfy regular expression pattern: {_TABLE_NAME.pattern}"
        )


def check_index_request(params: Params, facts: TableFacts) -> None:
    """Refuse a Query or Scan of an index that does not exist or does not have what is asked for.

    Raises:
        Fault: ValidationException, in DynamoDB's words.
    """
    index = params.get("IndexName")
    if not isinstance(index, str):
        return
    if index not in facts.index_keys:
        raise _invalid(f"The table does not have the specified index: {index}")
    projected = facts.global_projections.get(index)
    if projected is None:
        return
    if params.get("Select") == "ALL_ATTRIBUTES":
        raise _invalid_value(
            f"Select type ALL_ATTRIBUTES is not supported for global secondary index {index} because its "
            "projection type is not ALL"
        )
    missing = [name for name in _requested_attributes(params) if name not in projected]
    if missing:
        raise _invalid_value(f"Global secondary index {index} does not project [{', '.join(missing)}]")


def _requested_attributes(params: Params) -> Iterator[str]:
    yield from params.get("AttributesToGet") or ()
    if projection := params.get("ProjectionExpression"):
        yield from attribute_names(projection, params.get("ExpressionAttributeNames") or {})


def parts_with_expressions(params: Params) -> Iterator[Params]:
    """Return the parts of a request that may have expressions: the request, its actions, its tables."""
    yield params
    for action in _objects(params, "TransactItems"):
        yield from (as_object(content) for content in action.values())
    for table in as_object(params.get("RequestItems") or {}).values():
        if isinstance(table, dict):
            yield cast("dict[str, Any]", table)


def _objects(params: Params, member: str) -> Iterator[Params]:
    """Return the objects in a list of a request, which may be absent."""
    return (as_object(value) for value in as_list(params.get(member) or []))


def _check_expression(name: str, expression: str) -> None:
    size = len(expression.encode())
    if size > _EXPRESSION_SIZE:
        raise _invalid(
            f"Invalid {name}: Expression size has exceeded the maximum allowed size; expression size: {size}"
        )
    if expression.count("(") > _EXPRESSION_DEPTH and _depth(expression) > _EXPRESSION_DEPTH:
        raise _invalid(f"Invalid {name}: The expression is nested too deeply")
    if expression.upper().count("NOT") > _EXPRESSION_DEPTH:
        raise _invalid(f"Invalid {name}: The expression is nested too deeply")


def _depth(expression: str) -> int:
    depth = deepest = 0
    for character in expression:
        if character == "(":
            depth += 1
            deepest = max(deepest, depth)
        elif character == ")":
            depth -= 1
    return deepest


def _check_values(params: Params) -> None:
    """Refuse attribute values with more than 32 levels; the search keeps a list of its own, not a stack."""
    remaining: list[tuple[Any, int]] = [(params, 0)]
    while remaining:
        value, depth = remaining.pop()
        if depth > _VALUE_DEPTH:
            raise _invalid(
                "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels "
                "beyond supported limit"
            )
        if isinstance(value, list):
            remaining.extend((member, depth) for member in cast("list[Any]", value))
        elif isinstance(value, dict):
            members = cast("dict[str, Any]", value)
            is_document = len(members) == 1 and next(iter(members)) in {"L", "M"}
            remaining.extend((member, depth + is_document) for member in members.values())


def check_statements(params: Params) -> None:
    """Refuse PartiQL statements that are nested too deeply."""
    for part in parts_with_statements(params):
        statement: str = part["Statement"]
        opened = sum(map(statement.count, "([{<"))
        if max(opened, statement.upper().count("NOT")) > _EXPRESSION_DEPTH:
            raise _invalid("Statement wasn't well formed, can't be processed: it is nested too deeply")


def parts_with_statements(params: Params) -> Iterator[dict[str, Any]]:
    """Return the parts of a request that have a PartiQL statement: the request, or its statements."""
    for part in (params, *_objects(params, "Statements"), *_objects(params, "TransactStatements")):
        if isinstance(part.get("Statement"), str):
            yield cast("dict[str, Any]", part)


def check_create_table(params: Params) -> None:
    """Refuse a definition of a table that does not hold together."""
    _check_definitions(_objects(params, "AttributeDefinitions"))
    _check_key_names(params)
    if params.get("BillingMode") != "PAY_PER_REQUEST" and not params.get("ProvisionedThroughput"):
        raise _invalid_value(
            "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED"
        )
    for kind in _INDEXES:
        for index in _objects(params, kind):
            _check_index(index)


def check_update_table(params: Params) -> None:
    """Refuse a definition of an index that does not hold together."""
    _check_definitions(_objects(params, "AttributeDefinitions"))
    for update in _objects(params, "GlobalSecondaryIndexUpdates"):
        if index := update.get("Create"):
            _check_key_names(index)
            _check_index(index)


def _check_definitions(definitions: Iterable[Params]) -> None:
    names = [definition["AttributeName"] for definition in definitions]
    for name in names:
        _check_key_name(name)
    for name in _repeated(names):
        raise _invalid_value(f"Duplicate AttributeName in AttributeDefinitions: {name}")


def _check_key_names(params: Params) -> None:
    for element in _objects(params, "KeySchema"):
        _check_key_name(element["AttributeName"])
    for kind in _INDEXES:
        for index in _objects(params, kind):
            _check_key_names(index)
            for name in index.get("Projection", {}).get("NonKeyAttributes") or ():
                _check_key_name(name)


def _check_key_name(name: str) -> None:
    if len(name.encode()) > _KEY_NAME_SIZE:
        raise _invalid(
            f"1 validation error detected: Value '{name}' at 'attributeName' failed to satisfy constraint: "
            f"Member must have length less than or equal to {_KEY_NAME_SIZE}"
        )


def _check_index(index: Params) -> None:
    kinds = [element["KeyType"] for element in _objects(index, "KeySchema")]
    if kinds and kinds[0] != "HASH":
        raise _invalid_value("Invalid KeySchema: The first KeySchemaElement is not a HASH key type")
    names = index.get("Projection", {}).get("NonKeyAttributes") or ()
    for name in _repeated(names):
        raise _invalid_value(f"Duplicate NonKeyAttributes of index {index.get('IndexName')}: {name}")


def _repeated(names: Iterable[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]


def check_transaction(params: Params) -> None:
    """Refuse empty names and values."""
    for action in _objects(params, "TransactItems"):
        for content in action.values():
            for member in ("ExpressionAttributeNames", "ExpressionAttributeValues"):
                if content.get(member) == {}:
                    raise _invalid(f"{member} must not be empty")


def check_batch_get(params: Params) -> None:
    """Refuse names that no expression uses."""
    for table in as_object(params.get("RequestItems") or {}).values():
        names: Params = table.get("ExpressionAttributeNames") or {}
        projection: str | None = table.get("ProjectionExpression")
        if projection is not None:
            used = set(tokens(projection))
            unused = [name for name in names if name not in used]
            if unused:
                raise _invalid(
                    "Value provided in ExpressionAttributeNames unused in expressions: keys: "
                    f"{{{', '.join(unused)}}}"
                )


def _invalid(message: str) -> Fault:
    return Fault("ValidationException", message)


def _invalid_value(reason: str) -> Fault:
    return _invalid(f"One or more parameter values were invalid: {reason}")
