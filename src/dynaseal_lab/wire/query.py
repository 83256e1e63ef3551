"""The query protocol of IAM and STS: requests are HTML forms, replies are XML, both by botocore's shapes.

The name of a form field is a path in the input shape: `Tags.member.1.Key=team`. A field that the shape does
not have is dropped, as AWS does; a value of the wrong type is MalformedInput.

Source: https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
"""

import base64
import binascii
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from botocore.model import ListShape, MapShape, Shape, StructureShape
from botocore.utils import parse_timestamp

from dynaseal_lab.model import Fault, Params, Reply
from dynaseal_lab.wire.faults import xml_text
from dynaseal_lab.wire.http import Request, Response
from dynaseal_lab.wire.models import members, operation_model, serialization, service_model

Node = dict[str, Any]
"""A path in the form: what is under it by name, and its own value under the empty name."""


def form(request: Request) -> Mapping[str, str]:
    """Return a request's form fields, from its body, or from the query string of a GET.

    Raises:
        Fault: MalformedInput, if they are not a form in UTF-8.
    """
    try:
        encoded = request.query if request.method == "GET" else request.body.decode()
        return dict(parse_qsl(encoded, keep_blank_values=True, errors="strict", max_num_fields=10_000))
    except ValueError as error:
        raise Fault("MalformedInput", "The form cannot be read") from error


def operation_of(service: str, fields: Mapping[str, str]) -> str:
    """Return the operation that the field `Action` names.

    Raises:
        Fault: MissingAction or InvalidAction.
    """
    action = fields.get("Action")
    if not action:
        raise Fault("MissingAction", "The request must contain the parameter Action")
    if operation_model(service, action) is None:
        version = fields.get("Version") or service_model(service).api_version
        raise Fault("InvalidAction", f"Could not find operation {action} for version {version}")
    return action


def namespace(service: str) -> str:
    """Return the XML namespace of a service's replies."""
    return str(service_model(service).metadata.get("xmlNamespace"))


def read(service: str, operation: str, fields: Mapping[str, str]) -> Params:
    """Return a request's parameters, in the form of botocore's input shape."""
    model = operation_model(service, operation)
    if model is None or model.input_shape is None:
        return {}
    return _read_structure(model.input_shape, _tree(fields))


def write(service: str, operation: str, reply: Reply, request_id: str) -> Response:
    """Return a reply as an HTTP response with an XML document."""
    model = operation_model(service, operation)
    shape = model.output_shape if model else None
    result = ""
    if shape is not None:
        wrapper = serialization(shape).get("resultWrapper", f"{operation}Result")
        result = "".join(_element(wrapper, shape, reply))
    body = (
        f'<{operation}Response xmlns="{namespace(service)}">{result}<ResponseMetadata><RequestId>{request_id}'
        f"</RequestId></ResponseMetadata></{operation}Response>"
    )
    return Response(200, body.encode(), {"content-type": "text/xml", "x-amzn-requestid": request_id})


def _malformed(message: str) -> Fault:
    return Fault("MalformedInput", message)


def _tree(fields: Mapping[str, str]) -> Node:
    root: Node = {}
    for name, value in fields.items():
        parts = name.split(".")
        if "" in parts:
            continue  # no member has an empty name
        node = root
        for part in parts:
            node = node.setdefault(part, {})
        node[""] = value
    return root


def _read(shape: Shape, node: Node) -> Any:
    if isinstance(shape, StructureShape):
        return _read_structure(shape, node)
    if isinstance(shape, ListShape):
        return _read_list(shape, node)
    if isinstance(shape, MapShape):
        return _read_map(shape, node)
    value = node.get("")
    if value is None:
        raise _malformed("Unexpected complex element termination")
    return _read_scalar(shape.type_name, value)


def _read_structure(shape: StructureShape, node: Node) -> Params:
    content: dict[str, Any] = {}
    for name, member in members(shape).items():
        child = node.get(serialization(member).get("name", name))
        if child is not None:
            content[name] = _read(member, child)
    return content


def _read_list(shape: ListShape, node: Node) -> Sequence[Any]:
    if not serialization(shape).get("flattened"):
        node = node.get(serialization(shape.member).get("name", "member"), {})
    return [_read(shape.member, child) for child in _numbered(node)]


def _read_map(shape: MapShape, node: Node) -> Mapping[str, Any]:
    entries = node if serialization(shape).get("flattened") else node.get("entry", {})
    key_name = serialization(shape.key).get("name", "key")
    value_name = serialization(shape.value).get("name", "value")
    return {
        _read(shape.key, child.get(key_name, {})): _read(shape.value, child.get(value_name, {}))
        for child in _numbered(entries)
    }


def _numbered(node: Node) -> Iterator[Node]:
    """Return what is under the names `1`, `2` and so on, in their order."""
    numbers = [name for name in node if name.isascii() and name.isdigit() and len(name) < 6]
    return (node[number] for number in sorted(numbers, key=int))


def _read_scalar(type_name: str, value: str) -> Any:
    try:
        if type_name in ("integer", "long"):
            return int(value)
        if type_name in ("float", "double"):
            return float(value)
        if type_name == "timestamp":
            return parse_timestamp(value)
        if type_name == "blob":
            return base64.b64decode(value, validate=True)
    except (ValueError, binascii.Error, OverflowError) as error:
        raise _malformed(f"{type_name} expected") from error
    if type_name != "boolean":
        return value
    if value.lower() not in ("true", "false"):
        raise _malformed("boolean expected")
    return value.lower() == "true"


def _element(name: str, shape: Shape, value: Any) -> Iterator[str]:
    yield f"<{name}>"
    if isinstance(shape, StructureShape):
        for member_name, member in members(shape).items():
            if value.get(member_name) is not None:
                yield from _member(serialization(member).get("name", member_name), member, value[member_name])
    elif isinstance(shape, ListShape):
        for item in value:
            yield from _element(serialization(shape.member).get("name", "member"), shape.member, item)
    elif isinstance(shape, MapShape):
        for key, item in value.items():
            yield from _entry("entry", shape, key, item)
    else:
        yield _scalar_text(value)
    yield f"</{name}>"


def _member(name: str, shape: Shape, value: Any) -> Iterator[str]:
    """Write a member; the items of a flattened list or map take the place of the list or map."""
    flattened = bool(serialization(shape).get("flattened"))
    if flattened and isinstance(shape, ListShape):
        for item in value:
            yield from _element(name, shape.member, item)
    elif flattened and isinstance(shape, MapShape):
        for key, item in value.items():
            yield from _entry(name, shape, key, item)
    else:
        yield from _element(name, shape, value)


def _entry(name: str, shape: MapShape, key: Any, value: Any) -> Iterator[str]:
    yield f"<{name}>"
    yield from _element(serialization(shape.key).get("name", "key"), shape.key, key)
    yield from _element(serialization(shape.value).get("name", "value"), shape.value, value)
    yield f"</{name}>"


def _scalar_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return xml_text(str(value))
