"""Where `dynaseal inspect` takes its item from: a file or standard input with one item in DynamoDB JSON.

Binary is decoded from base64. What cannot be decoded stays as it is, because a damaged item is to be shown.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from dynaseal.cli.main import FailedError
from dynaseal.core.stream_images import from_stream_image
from dynaseal.errors import FormatError

STDIN = "-"
_HINT = 'Give one item in DynamoDB JSON, such as {"Item": {"pk": {"S": "x"}}}.'


def read_stored_item(source: str) -> dict[str, Any]:
    """Return the item in a file, or in standard input for `-`.

    Raises:
        FailedError: it does not have one JSON object.
        OSError: the file cannot be read.
    """
    content = sys.stdin.buffer.read() if source == STDIN else Path(source).read_bytes()
    name = "Standard input" if source == STDIN else source
    try:
        parsed: Any = json.loads(content)
    except RecursionError:
        raise FailedError(f"{name} is not an item: it is nested too deep", _HINT) from None
    except ValueError as error:
        raise FailedError(f"{name} is not one JSON object: {error}", _HINT) from None
    if isinstance(parsed, dict):
        members = cast("dict[str, Any]", parsed)
        inner = members.get("Item")
        if members.keys() <= {"Item", "ConsumedCapacity"} and isinstance(inner, dict):
            return _decoded(cast("dict[str, Any]", inner))
        return _decoded(members)
    raise FailedError(f"{name} is not one JSON object", _HINT)


def _decoded(image: Mapping[str, Any]) -> dict[str, Any]:
    item: dict[str, Any] = {}
    for name, value in image.items():
        try:
            item |= from_stream_image({name: value})
        except FormatError:
            item[name] = value
    return item
