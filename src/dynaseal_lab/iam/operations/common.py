"""What every topic needs: pages, tags, checked documents, and the errors that all of IAM words alike."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from dynaseal_lab.iam.policy import Kind, PolicyError, parse
from dynaseal_lab.model import Call, Fault, Reply

NOTHING: Reply = {}
_PAGE = 100
_MOST_TAGS = 50


def missing(message: str) -> Fault:
    """Something that is asked for by name is not there."""
    return Fault("NoSuchEntity", message, status=404)


def exists(message: str) -> Fault:
    """Something of that name is there already."""
    return Fault("EntityAlreadyExists", message, status=409)


def conflict(message: str) -> Fault:
    """Something must go before this can."""
    return Fault("DeleteConflict", message, status=409)


def exceeded(message: str) -> Fault:
    """One more than there may be."""
    return Fault("LimitExceeded", message, status=409)


def check_document(text: str, kind: Kind) -> None:
    """Refuse a text that is no policy.

    Raises:
        Fault: MalformedPolicyDocument, with the reason.
    """
    try:
        parse(text, kind)
    except PolicyError as error:
        raise Fault("MalformedPolicyDocument", str(error)) from error


def encoded(document: str) -> str:
    """A document as IAM's answers carry it: percent-encoded (RFC 3986)."""
    return quote(document, safe="-_.~")


def check_size(document: str, most: int, message: str) -> None:
    """Refuse a document with more than `most` characters, white space not counted.

    Raises:
        Fault: LimitExceeded, with `message`.
    """
    if len("".join(document.split())) > most:
        raise exceeded(message)


def page(call: Call, name: str, items: Sequence[Any]) -> dict[str, Any]:
    """One page of a list: `Marker` is where to go on.

    Raises:
        Fault: ValidationError, where the request's marker is none of ours.
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
    """Whether a path lies under the request's `PathPrefix`."""
    return path.startswith(call.params.get("PathPrefix", "/"))


def tags_from(tags: Iterable[Mapping[str, str]], before: Mapping[str, str] | None = None) -> dict[str, str]:
    """The tags of a request over those that were there before.

    Raises:
        Fault: InvalidInput for a key that stands twice, LimitExceeded for too many.
    """
    given: dict[str, str] = {}
    for tag in tags:
        if tag["Key"].lower() in map(str.lower, given):
            raise Fault(
                "InvalidInput",
                "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
            )
        given[tag["Key"]] = tag["Value"]
    merged = {**(before or {}), **given}
    if len(merged) > _MOST_TAGS:
        raise exceeded(f"The number of tags has reached the maximum limit of {_MOST_TAGS}.")
    return merged


def tag_list(tags: Mapping[str, str]) -> list[Reply]:
    """Tags as IAM lists them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def boundary_of(arn: str | None) -> Reply | None:
    """A permissions boundary as IAM describes it."""
    return None if arn is None else {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn}
