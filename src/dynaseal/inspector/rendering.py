"""Turns what the pages return into HTML. Everything that comes from an item or a policy is escaped as text.

The templates have no inline script and no inline style, so that none has to be allowed.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, cast
from urllib.parse import quote, unquote

from jinja2 import Environment, PackageLoader, StrictUndefined

from dynaseal.core.quoting import escaped
from dynaseal.core.stream_images import from_stream_image
from dynaseal.errors import FormatError
from dynaseal.inspection.byte_ranges import ByteRange
from dynaseal.inspection.values import json_value, show_bytes, show_value

_MAX_SHOWN = 4096
"""How many characters of a value the page shows."""

MAX_ROWS = 400
"""How many attributes or byte ranges of one item the page shows; a hostile item has thousands."""

_MAX_SHORT = 66
_MAX_RANGE_BYTES = 192


@dataclass(frozen=True, slots=True)
class Cut:
    """The first rows of a table, and how many rows there are more."""

    rows: Sequence[Any]
    more: int


def environment() -> Environment:
    """Return the templates, with the filters that they use."""
    templates = Environment(
        loader=PackageLoader("dynaseal.inspector"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: dict[str, Any] = cast("Any", templates).filters
    filters |= {
        "printable": _printable,
        "value": partial(show_value, limit=_MAX_SHOWN),
        "short_value": partial(show_value, limit=_MAX_SHORT),
        "bytes": partial(show_bytes, limit=_MAX_SHORT),
        "hex_groups": _hex_groups,
        "cut": _cut,
        "form_name": encode_name,
    }
    return templates


def encode_key(key: Mapping[str, Any]) -> str:
    r"""Return a key as one part of a URL.

    Example:
        >>> decode_key(encode_key({"pk": {"B": b"\x00"}}))
        {'pk': {'B': b'\x00'}}
    """
    return urlsafe_b64encode(json.dumps(json_value(key)).encode()).decode().rstrip("=")


def decode_key(encoded: str) -> dict[str, Any]:
    """Return the key that `encode_key` encoded.

    Raises:
        ValueError: it is something else.
    """
    padded = encoded + "=" * (-len(encoded) % 4)
    try:
        parsed: Any = json.loads(urlsafe_b64decode(padded.encode("ascii")))
        if isinstance(parsed, dict):
            return from_stream_image(cast("dict[str, Any]", parsed))
    except (FormatError, RecursionError, ValueError):
        pass
    raise ValueError("The address does not name a key")


def encode_name(name: str) -> str:
    r"""Return an attribute's name for a form's field.

    Forms change some characters that a name may have: a carriage return, and the character 0.

    Example:
        >>> encode_name("a\r"), decode_name("a%0D") == "a\r", encode_name("secret")
        ('a%0D', True, 'secret')
    """
    return quote(name, safe="", errors="surrogatepass")


def decode_name(encoded: str) -> str:
    """Return the name that `encode_name` encoded."""
    return unquote(encoded, errors="surrogatepass")


def _printable(text: object) -> str:
    return escaped(str(text), _MAX_SHOWN)


def _cut(rows: Sequence[Any]) -> Cut:
    return Cut(rows[:MAX_ROWS], max(0, len(rows) - MAX_ROWS))


def _hex_groups(each: ByteRange) -> str:
    """Return a range's bytes in hexadecimal, two bytes in a group, cut after some."""
    shown = each.data[:_MAX_RANGE_BYTES].hex()
    groups = " ".join(shown[at : at + 4] for at in range(0, len(shown), 4))
    return groups if len(each.data) <= _MAX_RANGE_BYTES else f"{groups} ... ({len(each.data)} bytes)"
