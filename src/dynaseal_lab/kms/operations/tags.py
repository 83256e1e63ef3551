"""Tags of keys."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from dynaseal_lab.kms.access import KeyAccess
from dynaseal_lab.kms.condition_keys import request_tag_keys
from dynaseal_lab.kms.key_checks import require_not_pending
from dynaseal_lab.kms.paging import page
from dynaseal_lab.model import Call, Fault, Reply

Tags = tuple[tuple[str, str], ...]
_MAX_TAGS = 50


def checked_tags(tags: Iterable[Mapping[str, Any]]) -> Tags:
    """Return the tags of a request as pairs.

    Raises:
        Fault: TagException for a reserved or repeated key.
    """
    pairs = tuple((str(tag["TagKey"]), str(tag["TagValue"])) for tag in tags)
    if any(key.lower().startswith("aws:") for key, _ in pairs):
        raise Fault("TagException", "Tags beginning with aws: are reserved")
    if len(dict(pairs)) != len(pairs):
        raise Fault("TagException", "Duplicate tag keys")
    if len(pairs) > _MAX_TAGS:
        raise Fault("TagException", "Too many tags")
    return pairs


def tag_resource(access: KeyAccess, call: Call) -> Reply:
    """Add tags, or give tags new values."""
    tags = call.params["Tags"]
    pairs = checked_tags(tags)
    key = access.find_and_authorize(call, "kms:TagResource", call.params["KeyId"], request_tag_keys(tags)).key
    require_not_pending(key)
    merged = dict(key.tags) | dict(pairs)
    if len(merged) > _MAX_TAGS:
        raise Fault("LimitExceededException", "Too many tags")
    access.store.put_key(replace(key, tags=tuple(merged.items())))
    return {}


def untag_resource(access: KeyAccess, call: Call) -> Reply:
    """Remove tags; a tag that the key does not have is ignored."""
    names = list(call.params["TagKeys"])
    key = access.find_and_authorize(
        call, "kms:UntagResource", call.params["KeyId"], {"aws:TagKeys": names}
    ).key
    require_not_pending(key)
    access.store.put_key(replace(key, tags=tuple(pair for pair in key.tags if pair[0] not in names)))
    return {}


def list_resource_tags(access: KeyAccess, call: Call) -> Reply:
    """List a key's tags."""
    key = access.find_and_authorize(call, "kms:ListResourceTags", call.params["KeyId"]).key
    return page([{"TagKey": name, "TagValue": value} for name, value in key.tags], call.params, "Tags")
