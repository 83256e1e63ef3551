"""Items as JSON carries them, where binary is base64: images of streams, Lambda, Kinesis and exports.

botocore decodes base64 in replies. Events of AWS Lambda, records of Kinesis and files of an export are plain
JSON, in which nobody has decoded it.
"""

from base64 import b64decode
from collections.abc import Mapping
from typing import Any, cast

from dynaseal.attributes import TYPE_NAMES
from dynaseal.core.quoting import quoted
from dynaseal.core.values.types import MAX_DEPTH
from dynaseal.errors import FormatError

_HINT = (
    "Pass an item as JSON has it, such as {'pk': {'S': 'ann'}, 'photo': {'B': 'base64'}}; in a record it is "
    "the member NewImage, OldImage or Keys"
)


def from_stream_image(image: Mapping[str, Any]) -> dict[str, Any]:
    r"""Return an item in wire form, given its image in a stream record or an export.

    Binary is decoded from base64 at every depth. Binary that is decoded already stays as it is, as botocore's
    `dynamodbstreams` client returns it. The argument is not changed.

    Args:
        image: `NewImage`, `OldImage` or `Keys` of a record, or `Item` of a line of an export.

    Raises:
        FormatError: a value is not an attribute value, or its binary is not base64.
        TypeError: the image is not a mapping.

    Example:
        >>> from_stream_image({"pk": {"S": "ann"}, "photo": {"B": "AAE="}, "tags": {"L": [{"B": "/w=="}]}})
        {'pk': {'S': 'ann'}, 'photo': {'B': b'\x00\x01'}, 'tags': {'L': [{'B': b'\xff'}]}}
    """
    if not isinstance(image, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance] untyped callers
        raise TypeError(f"an image is a mapping of attribute names to values, not {type(image).__name__}")
    decoded: dict[str, Any] = {}
    for name, value in image.items():
        try:
            decoded[name] = _decoded(value, 1)
        except (AttributeError, KeyError, TypeError, ValueError):
            problem = (
                f"The attribute {quoted(name)} of the image is not an attribute value, or its binary is not "
                "base64"
            )
        else:
            continue
        # Raised outside the handler: the error there can show the value, and must not become the context.
        raise FormatError(problem, hint=_HINT)
    return decoded


def has_base64_binary(value: Any, depth: int = 1) -> bool:
    """Return whether an attribute value holds binary that is a string: base64 that was not decoded."""
    try:
        ((kind, content),) = value.items()
        if kind == "B":
            return isinstance(content, str)
        if kind == "BS":
            return any(isinstance(member, str) for member in content)
        if depth > MAX_DEPTH or kind not in ("L", "M"):
            return False
        members = content.values() if kind == "M" else content
        return any(has_base64_binary(member, depth + 1) for member in members)
    except (AttributeError, TypeError, ValueError):
        return False  # not an attribute value


def _decoded(value: Mapping[str, Any], depth: int) -> dict[str, Any]:
    if depth > MAX_DEPTH + 1:
        raise ValueError("nested too deep")
    ((kind, content),) = value.items()
    if kind not in TYPE_NAMES:
        raise ValueError("not a type of DynamoDB")
    if kind == "B":
        return {kind: _binary(content)}
    if kind == "BS":
        return {kind: [_binary(member) for member in content]}
    if kind == "L":
        return {kind: [_decoded(member, depth + 1) for member in content]}
    if kind == "M":
        members = cast("Mapping[str, Any]", content)
        return {kind: {name: _decoded(member, depth + 1) for name, member in members.items()}}
    return {kind: content}


def _binary(content: Any) -> Any:
    if isinstance(content, str):
        return b64decode(content, validate=True)
    return memoryview(content).tobytes()
