"""The items of replies, parsed in one pass; botocore parses the rest of each reply.

botocore looks for each of the ten types in each attribute value, which takes most of the time of a query. In
the body of a reply, an attribute value has the form in which botocore returns it, but for binary content,
which is base64. So there is nothing to look for: each value has one type, which says what its content is.

Whatever is not the usual case is left to botocore, which decides about it: values with no type or several, an
unknown type, content that does not fit its type, an error, a body that is not JSON.

Source: botocore's `endpoint.py` (`before-parse`) and `parsers.py` (`BaseJSONParser`).
"""

import json
from binascii import a2b_base64
from collections.abc import Callable, Mapping
from typing import Any, cast


class _UnusualError(Exception):
    """A part of a reply that botocore must parse."""


def parse_items(
    response_dict: dict[str, Any],
    operation_model: Any,
    customized_response_dict: dict[str, Any] | None = None,
    **_: Any,
) -> None:
    """Parse the items of a reply; a handler of botocore's event `before-parse`.

    Args:
        response_dict: The reply as it was received; its items are taken out of its body.
        operation_model: botocore's definition of the operation.
        customized_response_dict: What botocore will add to the parsed reply; older releases have no such.
    """
    if customized_response_dict is None or not _is_json_reply(response_dict):
        return
    member, parse = _MEMBERS[operation_model.name]
    try:
        reply = json.loads(response_dict["body"].decode())
        items = reply[member]
        parsed = parse(items)
    except (_UnusualError, AttributeError, KeyError, RecursionError, TypeError, ValueError):
        return
    reply[member] = type(items)()
    response_dict["body"] = json.dumps(reply).encode()
    customized_response_dict[member] = parsed


def _is_json_reply(response_dict: Mapping[str, Any]) -> bool:
    content_type: str = response_dict["headers"].get("content-type", "")
    return response_dict["status_code"] < 300 and content_type.startswith("application/x-amz-json")


def _item(item: Any) -> dict[str, Any]:
    return {name: _value(value) for name, value in _mapping(item).items()}


def _items(items: Any) -> list[dict[str, Any]]:
    return [_item(each) for each in _list(items)]


def _items_of_tables(tables: Any) -> dict[str, list[dict[str, Any]]]:
    return {name: _items(items) for name, items in _mapping(tables).items()}


def _value(value: Any) -> dict[str, Any]:
    entries = _mapping(value)
    if len(entries) != 1:
        raise _UnusualError
    ((kind, content),) = entries.items()
    return {kind: _CONTENTS[kind](content)}


def _values(values: Any) -> list[dict[str, Any]]:
    return [_value(each) for each in _list(values)]


def _string(content: Any) -> str:
    if type(content) is not str:
        raise _UnusualError
    return content


def _strings(contents: Any) -> list[str]:
    return [_string(each) for each in _list(contents)]


def _binaries(contents: Any) -> list[bytes]:
    return [a2b_base64(each) for each in _list(contents)]


def _boolean(content: Any) -> bool:
    if type(content) is not bool:
        raise _UnusualError
    return content


def _mapping(value: Any) -> dict[str, Any]:
    if type(value) is not dict:
        raise _UnusualError
    return cast("dict[str, Any]", value)


def _list(value: Any) -> list[Any]:
    if type(value) is not list:
        raise _UnusualError
    return cast("list[Any]", value)


_CONTENTS: dict[str, Callable[[Any], Any]] = {
    "S": _string,
    "N": _string,
    "B": a2b_base64,
    "SS": _strings,
    "NS": _strings,
    "BS": _binaries,
    "M": _item,
    "L": _values,
    "NULL": _boolean,
    "BOOL": _boolean,
}
_MEMBERS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "GetItem": ("Item", _item),
    "BatchGetItem": ("Responses", _items_of_tables),
    "Query": ("Items", _items),
    "Scan": ("Items", _items),
}
OPERATIONS_WITH_ITEMS = tuple(_MEMBERS)
"""The operations whose replies `parse_items` parses."""
