"""AWS JSON 1.0 and 1.1: `X-Amz-Target` names the operation, and the body is a JSON object.

The body is read by botocore's input shape: base64 strings become bytes, seconds since 1970 become a datetime,
members that the model does not have are dropped, and a value of the wrong type is a SerializationException.
DynamoDB's bodies are checked in the same way, but handed on unchanged: its engine reads them itself.
"""

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any, cast

from botocore.model import ListShape, MapShape, StructureShape

from dynaseal_lab.model import Fault, Params, RawReply, Reply
from dynaseal_lab.wire.faults import json_headers
from dynaseal_lab.wire.http import Request, Response
from dynaseal_lab.wire.models import TARGETS, members, operation_model, service_model

_HANDED_ON_UNCHANGED = ("dynamodb", "dynamodbstreams")
Reader = Callable[[Any], Any]
"""Turns a JSON value into a value of one shape, or raises `Fault`."""


def target(request: Request) -> tuple[str, str]:
    """Return the service and the operation that `X-Amz-Target` names.

    Raises:
        Fault: UnknownOperationException, if there is no such service or operation.
    """
    prefix, _, operation = request.headers.get("x-amz-target", "").partition(".")
    service = TARGETS.get(prefix)
    if service is None or operation_model(service, operation) is None:
        raise Fault("UnknownOperationException", "")
    return service, operation


def json_version(service: str | None) -> str:
    """Return the version of AWS JSON that the service's model names: 1.0 or 1.1."""
    return str(service_model(service).metadata.get("jsonVersion", "1.0")) if service else "1.0"


def read(service: str, operation: str, body: bytes) -> Params:
    """Return a request's parameters, in the form of botocore's input shape (DynamoDB's: unchanged).

    Raises:
        Fault: SerializationException, if the body is not a JSON object of the input shape.
    """
    content = _parse(body)
    if not isinstance(content, dict):
        raise _misread(_unexpected(content))
    parameters = cast("dict[str, Any]", content)
    typed = decoded(service, operation, parameters)
    return parameters if service in _HANDED_ON_UNCHANGED else typed


def decoded(service: str, operation: str, content: Mapping[str, Any]) -> Params:
    """Return a body's JSON object in the form of the operation's input shape.

    Raises:
        Fault: SerializationException, if a member has the wrong type.
    """
    model = operation_model(service, operation)
    shape = model.input_shape if model else None
    return {} if shape is None else _reader(service, shape.name)(content)


def write(service: str, reply: Reply | RawReply, request_id: str) -> Response:
    """Return a reply as an HTTP response: bytes as base64, times as seconds since 1970."""
    status, body = 200, b""
    if isinstance(reply, RawReply):
        status, body = reply.status, reply.body
    elif reply:
        body = json.dumps(reply, separators=(",", ":"), default=_scalar).encode()
    elif service != "kms":
        body = b"{}"
    return Response(status, body, json_headers(body, request_id, json_version(service)))


def _parse(body: bytes) -> object:
    try:
        content: object = _DECODER.decode(body.decode()) if body else {}
        if b"\\u" in body:
            json.dumps(content, ensure_ascii=False).encode()  # refuses a lone surrogate, which is not Unicode
    except (ValueError, RecursionError) as error:
        raise _misread("The request body is not valid JSON") from error
    return content


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)


def _scalar(value: object) -> object:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, Mapping):
        return dict(cast("Mapping[str, object]", value))
    raise TypeError(f"A JSON reply cannot contain a value of type {type(value).__name__}")


def _misread(message: str) -> Fault:
    return Fault("SerializationException", message)


@cache
def _reader(service: str, shape_name: str) -> Reader:
    shape = service_model(service).shape_for(shape_name)
    if isinstance(shape, StructureShape):
        return _structure_reader(service, {name: member.name for name, member in members(shape).items()})
    if isinstance(shape, MapShape):
        return _map_reader(service, shape.value.name)
    if isinstance(shape, ListShape):
        return _list_reader(service, shape.member.name)
    return _SCALARS.get(shape.type_name, _read_string)


def _structure_reader(service: str, shapes: Mapping[str, str]) -> Reader:
    def read_structure(value: Any) -> Any:
        if not isinstance(value, dict):
            raise _misread(_unexpected(value))
        content = cast("dict[str, Any]", value)
        return {
            name: _reader(service, shapes[name])(member)
            for name, member in content.items()
            if name in shapes and member is not None
        }

    return read_structure


def _map_reader(service: str, shape_name: str) -> Reader:
    def read_map(value: Any) -> Any:
        if not isinstance(value, dict):
            raise _misread(_unexpected(value))
        member = _reader(service, shape_name)
        return {name: member(item) for name, item in cast("dict[str, Any]", value).items()}

    return read_map


def _list_reader(service: str, shape_name: str) -> Reader:
    def read_list(value: Any) -> Any:
        if not isinstance(value, list):
            raise _misread(_unexpected(value))
        return list(map(_reader(service, shape_name), cast("list[Any]", value)))

    return read_list


def _unexpected(value: object) -> str:
    if isinstance(value, dict):
        return "Start of structure or map found where not expected."
    if isinstance(value, list):
        return "Start of list found where not expected"
    return "Unexpected field type"


def _token(value: object) -> str:
    if isinstance(value, bool):
        return "TRUE_VALUE" if value else "FALSE_VALUE"
    return "STRING_VALUE" if isinstance(value, str) else "NUMBER_VALUE"


def _read_string(value: Any) -> Any:
    if isinstance(value, str):
        return value
    if isinstance(value, dict | list):
        raise _misread(_unexpected(cast("object", value)))
    raise _misread(f"{_token(value)} can not be converted to a String")


def _read_blob(value: Any) -> Any:
    try:
        return base64.b64decode(_read_string(value), validate=True)
    except binascii.Error as error:
        raise _misread("Base64 encoded length is unexpected or it holds other characters") from error


def _read_boolean(value: Any) -> Any:
    if isinstance(value, bool):
        return value
    raise _misread(f"{_token(value)} can not be converted to a Boolean")


def _read_integer(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise _misread(f"{_token(value)} can not be converted to an Integer")


def _read_float(value: Any) -> Any:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    raise _misread(f"{_token(value)} can not be converted to a Double")


def _read_time(value: Any) -> Any:
    try:
        return datetime.fromtimestamp(_read_float(value), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise _misread("The number is out of the range of times") from error


_SCALARS: Mapping[str, Reader] = {
    "blob": _read_blob,
    "boolean": _read_boolean,
    "integer": _read_integer,
    "long": _read_integer,
    "float": _read_float,
    "double": _read_float,
    "timestamp": _read_time,
}
"""Every other scalar of the JSON services is a string."""
