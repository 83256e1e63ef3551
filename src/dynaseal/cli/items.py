"""Reads the items that a command needs as a sample: from the lines of a file, or from a table.

A line of a file is an item in DynamoDB JSON (`{"pk": {"S": "x"}}`, also under `Item` as in an export), or in
ordinary JSON (`{"pk": "x"}`).
"""

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

from boto3.dynamodb.types import TypeSerializer

from dynaseal.attributes import TYPE_NAMES
from dynaseal.cli.main import FailedError
from dynaseal.core.stream_images import from_stream_image
from dynaseal.errors import FormatError


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the items of a file with one item per line, values as botocore's client has them.

    Raises:
        FailedError: a line is not an item.
    """
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                try:
                    yield _item(json.loads(line, parse_float=Decimal))
                except (AttributeError, FormatError, TypeError, ValueError) as error:
                    raise FailedError(
                        f"{path}, line {number}, is not an item: {error}",
                        'Write one JSON object per line, such as {"pk": "x"} or {"pk": {"S": "x"}}.',
                    ) from None


def scan(client: Any, table: str, limit: int) -> list[dict[str, Any]]:
    """Read at most `limit` items of a table, which are a sample: a Scan's order is a hash of partition keys.

    Raises:
        botocore.exceptions.ClientError: DynamoDB refused the Scan.
    """
    pages = client.get_paginator("scan").paginate(
        TableName=table, PaginationConfig={"MaxItems": limit, "PageSize": min(limit, 1000)}
    )
    return [item for page in pages for item in page["Items"]]


def _item(parsed: Any) -> dict[str, Any]:
    if not isinstance(parsed, dict):
        raise TypeError("not an object")
    members = cast("dict[str, Any]", parsed)
    if members.keys() == {"Item"}:
        return _item(members["Item"])
    if all(map(_is_wire, members.values())):
        return from_stream_image(members)
    serializer = TypeSerializer()
    return {name: serializer.serialize(value) for name, value in members.items()}


def _is_wire(value: Any) -> bool:
    names = cast("dict[str, Any]", value).keys() if isinstance(value, dict) else frozenset[str]()
    return len(names) == 1 and TYPE_NAMES.issuperset(names)
