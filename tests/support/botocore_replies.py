"""Replies of DynamoDB as botocore parses them, with the items parsed in one pass or by botocore."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import botocore.session
from botocore.parsers import create_parser

from dynaseal.boto.interception.reply_parser import parse_items

SERVICE = botocore.session.Session().get_service_model("dynamodb")
JSON = "application/x-amz-json-1.0"


def outcome(operation: str, response: dict[str, Any], *, in_one_pass: bool) -> Any:
    """Do what botocore's endpoint does with a reply: the parsed reply, or the type of the error."""
    model, customized = SERVICE.operation_model(operation), dict[str, Any]()
    shape: Any = model.output_shape
    response = deepcopy(response)
    try:
        if in_one_pass:
            parse_items(response_dict=response, operation_model=model, customized_response_dict=customized)
        parsed = create_parser("json").parse(response, shape)
    except Exception as error:  # noqa: BLE001 whatever botocore's parser raises
        return type(error)
    return {**parsed, **customized}


def response(body: bytes, *, status: int = 200, content_type: str = JSON) -> dict[str, Any]:
    return {"headers": {"content-type": content_type}, "status_code": status, "body": body}
