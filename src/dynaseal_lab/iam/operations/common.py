"""What several subjects need: pages, tags, checked documents, and the errors that all of IAM shares."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from dynaseal_lab.iam.policy import PolicyError, PolicyKind, parse
from dynaseal_lab.model import Call, Fault, Reply

NOTHING: Reply = {}
"""The reply of an operation that returns nothing."""
_PAGE = 100
_MOST_TAGS = 50


def missing(message: str) -> Fault:
    """Return the error for a request that names something that does not exist."""
    return Fault("NoSuchEntity", message, status=404)


def already_exists(message: str) -> Fault:
    """Return the error for a request that would create a second thing of the same name."""
    return Fault("EntityAlreadyExists", message, status=409)


def conflict(message: str) -> Fault:
    """Return the error for deleting something that is still in use."""
    return Fault("DeleteConflict", message, status=409)


def exceeded(message: str) -> Fault:
    """Return the error for a request that would exceed a quota."""
    return Fault("LimitExceeded", message, status=409)


def check_document(document: str, kind: PolicyKind) -> None:
    """Refuse a string that is not a policy document of this kind.

    Raises:
        Fault: MalformedPolicyDocument, with the reason.
    """
    try:
        parse(document, kind)
    except PolicyError as error:
        raise Fault("MalformedPolicyDocument", str(error)) from error


def size_of(document: str) -> int:
    """Return how many characters of a document count towards its quota: all but white space."""
    return len("".join(document.split()))


def encoded(document: str) -> str:
    """Return a document as IAM's replies have it: percent-encoded (RFC 3986)."""
    return quote(document, safe="-_.~")


def page(call: Call, name: str, items: Sequence[Any]) -> dict[str, Any]:
    """Return one page of a list, under `name`; `Marker` says where the next page starts.

    Raises:
        Fault: ValidationError, if the request's marker is not one that a previous page returned.
    """
    marker, size = call.params.get("Marker", "0"), call.params.get("MaxItems", _PAGE)
    if not (marker.isascii() and marker.isdigit()):
        raise Fault("ValidationError", "Invalid Marker.")
    start = int(marker)
    end = start + size
    if end >= len(items):
        return {name: items[start:], "IsTruncated": False}
    return {name: items[start:end], "IsTruncated": True, "Marker": str(end)}


def in_path(call: Call, path: str) -> bool:
    """Return whether a path is under the request's `PathPrefix`."""
    return path.startswith(call.params.get("PathPrefix", "/"))


def merged_tags(call: Call, before: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the tags in the request, added to those that were there before.

    Keys that differ only in case are one key: the new tag replaces the old one.

    Raises:
        Fault: InvalidInput, if a key occurs twice; LimitExceeded, if there are too many tags.
    """
    tags: Iterable[Mapping[str, str]] = call.params.get("Tags", ())
    added: dict[str, str] = {}
    for tag in tags:
        if tag["Key"].lower() in map(str.lower, added):
            raise Fault(
                "InvalidInput",
                "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
            )
        added[tag["Key"]] = tag["Value"]
    merged = {**_without(before or {}, added), **added}
    if len(merged) > _MOST_TAGS:
        raise exceeded(f"The number of tags has reached the maximum limit of {_MOST_TAGS}.")
    return merged


def remaining_tags(call: Call, before: Mapping[str, str]) -> dict[str, str]:
    """Return the tags that are left when the request's `TagKeys` have been removed."""
    return _without(before, call.params["TagKeys"])


def _without(tags: Mapping[str, str], keys: Iterable[str]) -> dict[str, str]:
    removed = {key.lower() for key in keys}
    return {key: value for key, value in tags.items() if key.lower() not in removed}


def tag_list(tags: Mapping[str, str]) -> list[Reply]:
    """Return tags as IAM's replies list them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]
