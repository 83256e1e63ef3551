"""What DynamoDB checks of the tags in a request, before any engine reads them.

Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TaggingRestrictions.html
"""

import re
from collections.abc import Mapping
from typing import Any, Literal

from dynaseal_lab.model import Call, Fault
from dynaseal_lab.wire.validate import validate

_MAX_TAGS = 50
_ALLOWED = re.compile(r"[\w\s+\-=.:/@]*")
# Whether the request's own ARN is valid is checked elsewhere.
_ANY_TABLE = "arn:aws:dynamodb:us-east-1:111122223333:table/any"


def check_tags(call: Call, effect: Literal["adds", "removes"]) -> None:
    """Refuse tags, or keys of tags, that DynamoDB refuses; before permissions, which may rest on them.

    Args:
        call: The call. One that creates a table need not have tags; one that names a table by its ARN must.
        effect: What the operation does with tags.

    Raises:
        Fault: ValidationException.
    """
    required = "ResourceArn" in call.params
    if effect == "removes":
        keys = _checked(call, "TagKeys", "UntagResource")
        if not keys:
            raise Fault("ValidationException", "Atleast one Tag Key needs to be provided as Input.")
    elif required or call.params.get("Tags") is not None:
        tags = _checked(call, "Tags", "TagResource")
        if not tags and required:
            raise Fault("ValidationException", "Atleast one Tag needs to be provided as Input.")
        _check_pairs([(tag["Key"], tag["Value"]) for tag in tags])


def check_number_of_tags(call: Call, existing: Mapping[str, str]) -> None:
    """Refuse tags with which the table would have too many.

    Raises:
        Fault: ValidationException.
    """
    keys = {tag["Key"] for tag in call.params.get("Tags", ())}
    if len(keys | existing.keys()) > _MAX_TAGS:
        raise _invalid(f"Too many tags: a table can have at most {_MAX_TAGS}")


def _checked(call: Call, member: str, operation: str) -> list[Any]:
    """Return a member of the request that botocore's model of the operation allows."""
    params = {member: call.params[member]} if call.params.get(member) is not None else {}
    validate("dynamodb", operation, {"ResourceArn": _ANY_TABLE, **params}, "ValidationException")
    return call.params[member]


def _check_pairs(pairs: list[tuple[str, str]]) -> None:
    keys = [key for key, _ in pairs]
    if len(set(keys)) < len(keys):
        raise _invalid("Duplicate tag keys")
    for key, value in pairs:
        if key.lower().startswith("aws:"):
            raise _invalid(f"Tag key {key}: keys that begin with aws: are reserved")
        if not (_ALLOWED.fullmatch(key) and _ALLOWED.fullmatch(value)):
            raise _invalid(f"Tag {key}: only letters, digits, white space and + - = . _ : / @ are allowed")
    if len(keys) > _MAX_TAGS:
        raise _invalid(f"Too many tags: a table can have at most {_MAX_TAGS}")


def _invalid(reason: str) -> Fault:
    return Fault("ValidationException", f"One or more parameter values were invalid: {reason}")
