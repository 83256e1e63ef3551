"""The steps of a plan: calls of DynamoDB and pauses, which a driver makes."""

from collections.abc import Generator
from typing import Any, NamedTuple

from dynaseal.boto.interception.replies import Message

MAX_ATTEMPTS = 60
CONDITION_IS_FALSE = "ConditionalCheckFailedException"
CONFLICTS = frozenset({CONDITION_IS_FALSE, "TransactionConflictException"})


class DynamoDbCall(NamedTuple):
    """A call that the driver makes; it sends the reply back into the plan.

    An error of DynamoDB is a reply with the member `Error`.
    """

    operation: str
    request: dict[str, Any]

    def __repr__(self) -> str:
        return f"DynamoDbCall({self.operation})"


class Pause(NamedTuple):
    """A pause before the next call."""

    seconds: float


Steps = Generator[DynamoDbCall | Pause, Message, dict[str, Any]]
"""A plan: it yields its steps, receives their replies, and returns the reply for the caller."""


def error_code(reply: Message) -> str | None:
    """Return the code of the error in a reply, or None if it has none."""
    error = reply.get("Error")
    return None if error is None else str(error.get("Code"))


def error_reply(code: str, message: str, **members: Any) -> dict[str, Any]:
    """Return the reply of a refusal that is decided here, in the form of DynamoDB's."""
    metadata: dict[str, Any] = {"RequestId": "", "HTTPStatusCode": 400, "HTTPHeaders": {}, "RetryAttempts": 0}
    return {"Error": {"Code": code, "Message": message}, "ResponseMetadata": metadata, **members}


class Consumption:
    """The capacity that the calls of one plan consumed, added up per table."""

    def __init__(self) -> None:
        self._by_table: dict[str, dict[str, Any]] = {}

    def add(self, reply: Message) -> None:
        """Add what a reply says: of one table, or in a list of several."""
        consumed: Any = reply.get("ConsumedCapacity") or []
        parts: list[Message] = [consumed] if isinstance(consumed, dict) else consumed
        for each in parts:
            name = str(each.get("TableName"))
            self._by_table[name] = _sum(self._by_table.get(name, {}), each)

    def in_reply(self, reply: dict[str, Any]) -> dict[str, Any]:
        """Return the reply of a call about one item with the sum in place of its own consumption."""
        totals = list(self._by_table.values())
        return {**reply, "ConsumedCapacity": totals[0]} if totals else reply

    def in_transaction_reply(self, reply: dict[str, Any]) -> dict[str, Any]:
        """Return a transaction's reply with the sum for each table in place of its own consumption."""
        return {**reply, "ConsumedCapacity": list(self._by_table.values())} if self._by_table else reply


def _sum(total: Message, more: Message) -> dict[str, Any]:
    result = dict(total)
    for name, value in more.items():
        if isinstance(value, int | float):
            result[name] = result.get(name, 0.0) + value
        elif isinstance(value, dict):
            result[name] = _sum(result.get(name, {}), value)  # pyright: ignore[reportUnknownArgumentType]
        else:
            result[name] = value
    return result
