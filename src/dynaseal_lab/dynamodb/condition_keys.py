"""The condition keys that DynamoDB adds to a question, read from the request.

* `dynamodb:LeadingKeys`: the partition key values that the request names; absent where it names none.
* `dynamodb:Attributes`: the top-level attributes that it names anywhere.
* `dynamodb:Select` of a read: what it says, or what saying nothing means, so that a policy can demand
  SPECIFIC_ATTRIBUTES.

Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, cast

from dynaseal_lab.dynamodb.expressions import attribute_names, partition_value
from dynaseal_lab.dynamodb.required_permissions import RequiredPermission
from dynaseal_lab.dynamodb.table_facts import TableFacts
from dynaseal_lab.dynamodb.table_names import as_list, as_object, as_string
from dynaseal_lab.model import Params

Values = dict[str, list[str]]

_READS = frozenset({"BatchGetItem", "GetItem", "Query", "Scan"})
_WRITES = frozenset({"DeleteItem", "PutItem", "UpdateItem"})
_EXPRESSIONS = (
    "ConditionExpression",
    "FilterExpression",
    "KeyConditionExpression",
    "ProjectionExpression",
    "UpdateExpression",
)
_NAMED = ("AttributeUpdates", "Expected", "KeyConditions", "QueryFilter", "ScanFilter")


def condition_keys(permission: RequiredPermission, facts: TableFacts | None) -> Values:
    """Every DynamoDB condition key that has a value for this permission.

    Args:
        permission: the permission, with the part of the request it stands for.
        facts: what is known of the table; None where there is none.
    """
    operation = permission.action.removeprefix("dynamodb:")
    values = _tag_keys(operation, permission.request)
    if facts is not None:
        values |= {f"aws:ResourceTag/{key}": [value] for key, value in facts.tags.items()}
        if leading := list(_leading_keys(permission, facts)):
            values["dynamodb:LeadingKeys"] = leading
    if names := sorted(set(_attributes(permission))):
        values["dynamodb:Attributes"] = names
    if operation in _READS:
        values["dynamodb:Select"] = [_select(permission)]
    if operation in _WRITES:
        values["dynamodb:ReturnValues"] = [as_string(permission.request.get("ReturnValues", "NONE"))]
    if operation in _READS | _WRITES:
        consumed = permission.request.get("ReturnConsumedCapacity", "NONE")
        values["dynamodb:ReturnConsumedCapacity"] = [as_string(consumed)]
    if permission.statement is not None and permission.statement.verb == "Select":
        values["dynamodb:FullTableScan"] = ["false" if "dynamodb:LeadingKeys" in values else "true"]
    if permission.enclosing is not None:
        values["dynamodb:EnclosingOperation"] = [permission.enclosing]
    return values


def _leading_keys(permission: RequiredPermission, facts: TableFacts) -> Iterator[str]:
    key = facts.partition_key_of(permission.index)
    if key is None:
        return
    if permission.statement is not None:
        yield from map(_value_text, permission.statement.partitions(key) or ())
    elif permission.action == "dynamodb:Query":
        if (value := _queried(permission.request, key)) is not None:
            yield _value_text(value)
    else:
        yield from (_value_text(item[key]) for item in permission.keys if key in item)


def _queried(request: Params, key: str) -> Any:
    if (expression := request.get("KeyConditionExpression")) is not None:
        names = as_object(request.get("ExpressionAttributeNames") or {})
        values = as_object(request.get("ExpressionAttributeValues") or {})
        return partition_value(as_string(expression), key, names, values)
    condition = as_object(as_object(request.get("KeyConditions") or {}).get(key) or {})
    if condition.get("ComparisonOperator") != "EQ":
        return None
    return next(iter(as_list(condition.get("AttributeValueList") or [])), None)


def _value_text(value: Any) -> str:
    """A key's value as a policy writes it: text, digits, or base64; what is no key, as JSON."""
    content: Any = value
    if isinstance(value, Mapping):
        content = next(iter(cast("Mapping[str, Any]", value).values()), None)
    return content if isinstance(content, str) else json.dumps(content)


def _attributes(permission: RequiredPermission) -> Iterator[str]:
    request = permission.request
    names = as_object(request.get("ExpressionAttributeNames") or {})
    for expression in _EXPRESSIONS:
        if request.get(expression) is not None:
            yield from attribute_names(as_string(request[expression]), names)
    for parameter in _NAMED:
        yield from as_object(request.get(parameter) or {})
    yield from map(as_string, as_list(request.get("AttributesToGet") or []))
    for item in permission.keys:
        yield from item
    if permission.statement is not None:
        tokens = (*permission.statement.selected, *permission.statement.where)
        yield from (token.text for token in tokens if token.kind == "quoted")


def _select(permission: RequiredPermission) -> str:
    request = permission.request
    if request.get("Select") is not None:
        return as_string(request["Select"])
    if request.get("ProjectionExpression") is not None or request.get("AttributesToGet") is not None:
        return "SPECIFIC_ATTRIBUTES"
    return "ALL_ATTRIBUTES" if permission.index is None else "ALL_PROJECTED_ATTRIBUTES"


def _tag_keys(operation: str, request: Params) -> Values:
    if operation == "UntagResource":
        return {"aws:TagKeys": [as_string(key) for key in as_list(request.get("TagKeys") or [])]}
    if operation not in {"CreateTable", "TagResource"} or not request.get("Tags"):
        return {}
    tags = [as_object(tag) for tag in as_list(request["Tags"])]
    pairs = [(as_string(tag.get("Key")), as_string(tag.get("Value", ""))) for tag in tags]
    values: Values = {f"aws:RequestTag/{key}": [value] for key, value in pairs}
    return values | {"aws:TagKeys": [key for key, _ in pairs]}
