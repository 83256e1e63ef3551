"""The condition keys that DynamoDB adds to an access request, read from the call.

* `dynamodb:LeadingKeys`: the partition key values that the request names; absent where it names none.
* `dynamodb:Attributes`: the top-level attributes that it names anywhere.
* `dynamodb:Select` of a read: the parameter's value, or the one that its absence implies, so that a policy
  can demand SPECIFIC_ATTRIBUTES.

Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, cast

from dynaseal_lab.dynamodb.expressions import attribute_names, partition_value
from dynaseal_lab.dynamodb.json_values import as_list, as_object, as_string
from dynaseal_lab.dynamodb.numbers import shortest_form
from dynaseal_lab.dynamodb.operations import OPERATIONS, Operation
from dynaseal_lab.dynamodb.partiql import Statement
from dynaseal_lab.dynamodb.request_parts import Part
from dynaseal_lab.dynamodb.required_permissions import RequiredPermission
from dynaseal_lab.dynamodb.table_facts import TableFacts
from dynaseal_lab.model import Call, Params

ConditionValues = dict[str, list[str]]

_EXPRESSIONS = (
    "ConditionExpression",
    "FilterExpression",
    "KeyConditionExpression",
    "ProjectionExpression",
    "UpdateExpression",
)
_KEY_TYPES = ("S", "N", "B")
_EMPTY = {"S": ""}
_BY_ATTRIBUTE = ("AttributeUpdates", "Expected", "KeyConditions", "QueryFilter", "ScanFilter")
"""Parameters replaced by expressions: objects whose members are named after attributes."""


def condition_keys(call: Call, permission: RequiredPermission, facts: TableFacts | None) -> ConditionValues:
    """Return every DynamoDB condition key that has a value for this permission.

    Args:
        call: The call that needs the permission.
        permission: The permission, with the part of the request that needs it.
        facts: What is known of the table; None where there is no such table.

    Raises:
        Fault: A value has the wrong type.
    """
    part = permission.part
    # A transaction's Put needs the permission to PutItem and has that operation's keys. Some actions are not
    # operations: ConditionCheckItem, PartiQLSelect.
    operation = OPERATIONS.get(permission.action.removeprefix("dynamodb:"))
    values = _operation_keys(operation, part) if operation is not None else {}
    if facts is not None:
        values |= {f"aws:ResourceTag/{key}": [value] for key, value in facts.tags.items()}
        if leading := list(_leading_keys(part, facts)):
            values["dynamodb:LeadingKeys"] = leading
    if names := sorted(set(_attributes(part))):
        values["dynamodb:Attributes"] = names
    if part.statement is not None and part.statement.verb == "Select":
        values["dynamodb:FullTableScan"] = ["false" if "dynamodb:LeadingKeys" in values else "true"]
        values["dynamodb:Select"] = [_select(part)]
    if part.enclosed:
        values["dynamodb:EnclosingOperation"] = [call.operation]
    return values


def _operation_keys(operation: Operation, part: Part) -> ConditionValues:
    """Return the keys that only some operations have."""
    params = part.params
    values: ConditionValues = {}
    if operation.items == "reads":
        values["dynamodb:Select"] = [_select(part)]
    if operation.return_values:
        values["dynamodb:ReturnValues"] = [as_string(params.get("ReturnValues", "NONE"))]
    if operation.items == "reads" or operation.return_values:
        consumed = params.get("ReturnConsumedCapacity", "NONE")
        values["dynamodb:ReturnConsumedCapacity"] = [as_string(consumed)]
    if operation.tags == "removes":
        values["aws:TagKeys"] = [as_string(key) for key in as_list(params.get("TagKeys") or [])]
    elif operation.tags == "adds" and params.get("Tags"):
        tags = [as_object(tag) for tag in as_list(params["Tags"])]
        pairs = [(as_string(tag.get("Key")), as_string(tag.get("Value", ""))) for tag in tags]
        values |= {f"aws:RequestTag/{key}": [value] for key, value in pairs}
        values["aws:TagKeys"] = [key for key, _ in pairs]
    return values


def _leading_keys(part: Part, facts: TableFacts) -> Iterator[str]:
    key = facts.partition_key_of(part.index)
    if key is None:
        return
    if part.statement is not None:
        yield from map(_value_string, _partitions(part.statement, key))
    elif part.queried:
        if (value := _queried_value(part.params, key)) is not None:
            yield _value_string(value)
    else:
        yield from (_value_string(item[key]) for item in part.keys if key in item)


def _partitions(statement: Statement, key: str) -> list[Any]:
    """Return the partitions that a statement names, which may be none if it reads.

    One that writes is about one item. If it does not name that item's partition, the engine refuses it; until
    then it has the empty partition, which no key is and no permission on some partitions allows.
    """
    partitions = statement.partitions(key)
    if partitions is None and statement.verb != "Select":
        return [_EMPTY]
    return partitions or []


def _queried_value(params: Params, key: str) -> Any:
    """Return the value that a Query demands of the partition key."""
    if (expression := params.get("KeyConditionExpression")) is not None:
        names = as_object(params.get("ExpressionAttributeNames") or {})
        values = as_object(params.get("ExpressionAttributeValues") or {})
        return partition_value(as_string(expression), key, names, values)
    condition = as_object(as_object(params.get("KeyConditions") or {}).get(key) or {})
    if condition.get("ComparisonOperator") != "EQ":
        return None
    return next(iter(as_list(condition.get("AttributeValueList") or [])), None)


def _value_string(value: Any) -> str:
    """Return a key's value as policies write it: a string, digits, or base64; any other value as JSON.

    Only the types that a key can have count. An engine may ignore a member of another name, and a permission
    must not rest on that. A number is in its shortest form, because 1 and 1.0 are the same key.
    """
    if isinstance(value, Mapping):
        for kind in _KEY_TYPES:
            content = cast("Mapping[str, Any]", value).get(kind)
            if isinstance(content, str):
                return shortest_form(content) if kind == "N" else content
    return json.dumps(value)


def _attributes(part: Part) -> Iterator[str]:
    params = part.params
    names = as_object(params.get("ExpressionAttributeNames") or {})
    for expression in _EXPRESSIONS:
        if params.get(expression) is not None:
            yield from attribute_names(as_string(params[expression]), names)
    for parameter in _BY_ATTRIBUTE:
        yield from as_object(params.get(parameter) or {})
    yield from map(as_string, as_list(params.get("AttributesToGet") or []))
    for item in part.keys:
        yield from item
    if part.statement is not None:
        yield from part.statement.attributes


def _select(part: Part) -> str:
    params = part.params
    if params.get("Select") is not None:
        return as_string(params["Select"])
    statement = part.statement
    if statement is not None and not statement.selects_all:
        return "SPECIFIC_ATTRIBUTES"
    if params.get("ProjectionExpression") is not None or params.get("AttributesToGet") is not None:
        return "SPECIFIC_ATTRIBUTES"
    return "ALL_ATTRIBUTES" if part.index is None else "ALL_PROJECTED_ATTRIBUTES"
