"""What another writer adds to an item while an update encrypts it.

An item that is not encrypted has no footer, and no condition can exclude attributes whose names are not
known. A write without them is still made, so that nothing is lost. But an attribute that is signed by default
would make the item unreadable, so the item is read once more and signed together with such attributes.
"""

import logging
from collections.abc import Generator
from typing import Any

from dynaseal.attributes import Item
from dynaseal.boto.interception.configured_table import ConfiguredTable
from dynaseal.boto.interception.replies import Message
from dynaseal.boto.interception.updates.steps import (
    CONFLICTS,
    MAX_ATTEMPTS,
    DynamoDbCall,
    Pause,
    error_code,
)
from dynaseal.boto.interception.updates.unsigned_clauses import UnsignedClauses
from dynaseal.boto.interception.updates.writes import (
    ItemVersions,
    is_left_to_dynamodb,
    with_unsigned,
    write_request,
)
from dynaseal.core.header import FOOTER_NAME, RESERVED_PREFIX
from dynaseal.errors import DynasealError

_logger = logging.getLogger("dynaseal")


def sign_late_attributes(
    table: ConfiguredTable, key_request: Message, versions: ItemVersions
) -> Generator[DynamoDbCall | Pause, Message, None]:
    """Sign what was added to an item between the read and the write of an update that encrypted it.

    The update was made, so a failure is not raised but logged.

    Args:
        table: The table.
        key_request: The part of a request that names the item.
        versions: What the update read and wrote.
    """
    if not _may_have_late_attributes(table, versions):
        return
    for _ in range(MAX_ATTEMPTS):
        reply = yield DynamoDbCall("GetItem", {**key_request, "ConsistentRead": True})
        late = _late_attributes(table, versions, reply.get("Item") or {})
        if not late:
            return
        try:
            operation, sent = _write(table, key_request["Key"], versions, reply["Item"], late)
        except DynasealError as error:
            _log(table, late, type(error).__name__)
            return
        reply = yield DynamoDbCall(operation, {"TableName": key_request["TableName"], **sent})
        code = error_code(reply)
        if code is None:
            return
        if code not in CONFLICTS:
            _log(table, late, code)
            return


def _may_have_late_attributes(table: ConfiguredTable, versions: ItemVersions) -> bool:
    return (
        versions.read is not None
        and not versions.was_encrypted
        and not versions.was_older
        and FOOTER_NAME in versions.written
        and table.config.signs_unnamed_attributes
    )


def _late_attributes(table: ConfiguredTable, versions: ItemVersions, stored: Item) -> Item:
    if stored.get(FOOTER_NAME) != versions.written[FOOTER_NAME]:
        return {}  # another writer has written the item since, or deleted it
    return {
        name: value
        for name, value in stored.items()
        if name not in versions.written
        and not name.startswith(RESERVED_PREFIX)
        and not is_left_to_dynamodb(table.config, name)
    }


def _write(
    table: ConfiguredTable, key: Item, versions: ItemVersions, stored: Item, late: Item
) -> tuple[str, dict[str, Any]]:
    after = {**with_unsigned(table.config, versions.after, stored), **late}
    signed = ItemVersions(
        read=stored,
        written=table.write(after),
        after=after,
        clauses=UnsignedClauses.none(frozenset(late)),
    )
    return write_request(table.config, key, signed)


def _log(table: ConfiguredTable, late: Item, reason: str) -> None:
    _logger.warning(
        "UpdateItem on the table %r encrypted an item to which another program had added %d attributes; they "
        "could not be signed (%s), so the item does not verify",
        table.name,
        len(late),
        reason,
        extra={
            "dynaseal_event": "unsigned-late-attributes",
            "dynaseal_operation": "UpdateItem",
            "dynaseal_table": table.name,
            "dynaseal_attributes": len(late),
            "dynaseal_reason": reason,
        },
    )
