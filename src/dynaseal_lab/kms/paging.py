"""Pages of a list: `Limit`, `Marker`, `NextMarker`, `Truncated`."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from dynaseal_lab.model import Fault

T = TypeVar("T")


def page(entries: Sequence[T], params: Mapping[str, Any], name: str, default: int = 50) -> dict[str, Any]:
    """Return the page of `entries` that a request asks for, in the member `name` of KMS's reply.

    A marker is the position of the next entry, encoded so that clients do not compute with it.

    Raises:
        Fault: InvalidMarkerException.
    """
    start = _position(params["Marker"]) if params.get("Marker") else 0
    end = start + int(params.get("Limit") or default)
    reply: dict[str, Any] = {name: list(entries[start:end]), "Truncated": end < len(entries)}
    if end < len(entries):
        reply["NextMarker"] = base64.urlsafe_b64encode(f"next:{end}".encode()).decode()
    return reply


def _position(marker: str) -> int:
    try:
        label, _, number = base64.urlsafe_b64decode(marker).decode().partition(":")
    except (binascii.Error, ValueError) as error:
        raise _invalid() from error
    if label != "next" or not number.isdecimal():
        raise _invalid()
    return int(number)


def _invalid() -> Fault:
    return Fault("InvalidMarkerException", "Could not deserialize token.")
