"""One table through boto3, within limits of capacity; throttled requests are repeated."""

import random
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from botocore import xform_name
from botocore.exceptions import ClientError

from dynaseal.attributes import Item
from dynaseal.migrate.limits import UnitLimit

PAGE_ITEMS = 100
"""How many items a page of the scan has: what an interrupted migration looks at again is at most one page of
each segment."""

_THROTTLED = frozenset(
    {
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ThrottlingException",
        "ThrottlingError",
        "ProvisionedThroughputExceeded",
    }
)
_CONFLICTS = frozenset(
    {
        "ConditionalCheckFailed",
        "ConditionalCheckFailedException",
        "TransactionConflict",
        "TransactionConflictException",
    }
)
_MAX_THROTTLED = 30
_FIRST_PAUSE, _LONGEST_PAUSE = 0.025, 20.0


class Conflict(NamedTuple):
    """A write whose condition was false.

    Attributes:
        item: The item that made it false; None if it was not returned, or there is none.
    """

    item: Item | None


class TableAccess:
    """Reads and writes one table.

    Args:
        client: A client that takes and returns wire values, and does not encrypt.
        name: The table's name.
        reads: Limits the read units.
        writes: Limits the write units.
        sleep: Waits for a number of seconds.
    """

    def __init__(
        self,
        client: Any,
        name: str,
        *,
        reads: UnitLimit,
        writes: UnitLimit,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self.name = name
        self.reads = reads
        self.writes = writes
        self.sleep = sleep

    def scan(
        self, segment: int, segments: int, start: Item | None, *, consistent: bool
    ) -> tuple[list[Item], Item | None]:
        """Return a page of a segment, and the key after which the next one begins; None after the last."""
        request: dict[str, Any] = {
            "TableName": self.name,
            "Segment": segment,
            "TotalSegments": segments,
            "Limit": PAGE_ITEMS,
            "ConsistentRead": consistent,
        }
        if start is not None:
            request["ExclusiveStartKey"] = start
        page = self._call("Scan", self.reads, request)
        return page["Items"], page.get("LastEvaluatedKey") or None

    def get(self, key: Item) -> Item | None:
        """Return an item, read consistently, or None if there is none."""
        request = {"TableName": self.name, "Key": dict(key), "ConsistentRead": True}
        return self._call("GetItem", self.reads, request).get("Item") or None

    def change(self, operation: str, request: Mapping[str, Any]) -> Item | Conflict:
        """Make a conditional UpdateItem or PutItem.

        Returns:
            After an UpdateItem the whole stored item, after a PutItem an empty one; or a conflict.
        """
        sent_request: dict[str, Any] = {
            "TableName": self.name,
            **request,
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        if operation == "UpdateItem":
            sent_request["ReturnValues"] = "ALL_NEW"
        try:
            return self._call(operation, self.writes, sent_request).get("Attributes") or {}
        except ClientError as error:
            return self._conflict(error)

    def transact(self, request: Mapping[str, Any]) -> Conflict | None:
        """Make a TransactWriteItems, and return a conflict, or None if there was none."""
        try:
            self._call("TransactWriteItems", self.writes, request)
        except ClientError as error:
            return self._conflict(error)
        return None

    def item_count(self) -> int | None:
        """Return how many items the table has, as DynamoDB counted them in the last six hours."""
        return self._client.describe_table(TableName=self.name)["Table"].get("ItemCount")

    def key_names(self) -> tuple[str, ...]:
        """Return the names of the table's key attributes, the partition key first."""
        schema = self._client.describe_table(TableName=self.name)["Table"]["KeySchema"]
        return tuple(
            entry["AttributeName"] for entry in sorted(schema, key=lambda entry: entry["KeyType"] != "HASH")
        )

    def _conflict(self, error: ClientError) -> Conflict:
        if not _CONFLICTS.intersection(_codes(error)):
            raise error
        # A write whose condition is false consumes units all the same, and the error does not say how many.
        self.writes.spend(1)
        response: Any = error.response
        return Conflict(response.get("Item"))

    def _call(self, operation: str, limit: UnitLimit, request: Mapping[str, Any]) -> dict[str, Any]:
        method = getattr(self._client, xform_name(operation))
        throttled = 0
        while True:
            limit.wait()
            try:
                reply = method(**request, ReturnConsumedCapacity="TOTAL")
            except ClientError as error:
                throttled += 1
                if not _THROTTLED.intersection(_codes(error)) or throttled > _MAX_THROTTLED:
                    raise
                limit.slow_down()
                self.sleep(random.random() * min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**throttled))  # noqa: S311 jitter
                continue
            limit.spend(_consumed(reply))
            if reply.get("ResponseMetadata", {}).get("RetryAttempts"):
                # botocore repeats throttled requests too, and does not say why it repeated one.
                limit.slow_down()
            return reply


def _codes(error: ClientError) -> set[str]:
    """Return an error's code and, of a canceled transaction, the code of each reason."""
    response: Any = error.response
    reasons = response.get("CancellationReasons") or ()
    return {str(response.get("Error", {}).get("Code")), *(str(each.get("Code")) for each in reasons)}


def _consumed(reply: Mapping[str, Any]) -> float:
    consumed: Any = reply.get("ConsumedCapacity") or ()
    entries: Any = [consumed] if isinstance(consumed, Mapping) else consumed
    return sum(float(entry.get("CapacityUnits", 0)) for entry in entries)
