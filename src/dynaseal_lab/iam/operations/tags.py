"""The operations on tags, which are the same for every kind of resource that has tags."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from dynaseal_lab.iam.backend import IamBackend, Operation, Operations, ResourceOf
from dynaseal_lab.iam.operations.common import NOTHING, merged_tags, page, remaining_tags, tag_list
from dynaseal_lab.model import Call, Reply

Find = Callable[[IamBackend, Call], Any]


def tag_operations(
    noun: str,
    arn: ResourceOf,
    find: Find,
    put: Callable[[IamBackend, Any], None],
    *,
    find_changeable: Find | None = None,
) -> Operations:
    """Return the operations that tag, untag and list the tags of one kind of resource.

    Args:
        noun: The kind, as the operations' names have it, such as `User`.
        arn: Returns the ARN of the resource that a call names.
        find: Returns the resource that a call names.
        put: Stores a changed resource.
        find_changeable: Returns it if it may be changed; `find` if left out.
    """
    find_changeable = find_changeable or find

    def tag(iam: IamBackend, call: Call) -> Reply:
        resource = find_changeable(iam, call)
        put(iam, replace(resource, tags=merged_tags(call, resource.tags)))
        return NOTHING

    def untag(iam: IamBackend, call: Call) -> Reply:
        resource = find_changeable(iam, call)
        put(iam, replace(resource, tags=remaining_tags(call, resource.tags)))
        return NOTHING

    def list_tags(iam: IamBackend, call: Call) -> Reply:
        return page(call, "Tags", tag_list(find(iam, call).tags))

    return {
        f"Tag{noun}": Operation(tag, arn),
        f"Untag{noun}": Operation(untag, arn),
        f"List{noun}Tags": Operation(list_tags, arn),
    }
