"""The plan of one update, without I/O.

- An update of unsigned attributes, whose condition DynamoDB can evaluate, is one UpdateItem, on condition
  that there is an item. Only if there is none, the plan goes on.
- Any other is: a consistent read; verify and decrypt; evaluate the condition, apply the update; encrypt; and
  write on condition that nothing of what was read has changed. If something has, it starts again after a
  pause. It reads again after the pause: what the failed write returned may be old by then.
- A write whose reply was lost is repeated by botocore, and its condition is then false, because of itself.
  The item that this failure returns has the footer that was just made: the write took place.
- An item that is not there is created, encrypted. One that was deleted meanwhile is not.
- What DynamoDB would refuse is refused with its code and its words.

Source: `docs/decisions/`, on the form of the write and what an update returns.
"""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import Any

from dynaseal.attributes import AttributeValue, Item
from dynaseal.boto.interception.configured_table import ConfiguredTable
from dynaseal.boto.interception.expression_rules import reserved_objection
from dynaseal.boto.interception.item_operations import failed_update, updated_attributes
from dynaseal.boto.interception.replies import Message, SentPart
from dynaseal.boto.interception.update_conditions import (
    CONDITION,
    require_encrypted_item,
    require_plaintext_item,
    with_requirement,
)
from dynaseal.boto.interception.updates.errors import UpdateConflictError
from dynaseal.boto.interception.updates.late_attributes import sign_late_attributes
from dynaseal.boto.interception.updates.steps import (
    CONDITION_IS_FALSE,
    CONFLICTS,
    MAX_ATTEMPTS,
    Consumption,
    DynamoDbCall,
    Pause,
    Steps,
    error_code,
    error_reply,
)
from dynaseal.boto.interception.updates.unsigned_clauses import UnsignedClauses
from dynaseal.boto.interception.updates.writes import (
    ItemVersions,
    is_left_to_dynamodb,
    returned_kind,
    with_unsigned,
    write_request,
)
from dynaseal.core.header import HEADER_NAME, RESERVED_PREFIX
from dynaseal.core.numbers import normalize
from dynaseal.errors import UnsupportedOperationError
from dynaseal.expressions import apply_update, matches
from dynaseal.expressions.refusals import InvalidExpressionError
from dynaseal.expressions.returned import returned_attributes, updated_paths
from dynaseal.expressions.validation import UpdateRequest, check_update_request

_FIRST_PAUSE = 0.025
_LONGEST_PAUSE = 0.5
_RETURN_VALUES = frozenset({"NONE", "ALL_OLD", "UPDATED_OLD", "ALL_NEW", "UPDATED_NEW"})
_PASSED_TO_READS = ("ReturnConsumedCapacity",)
_PASSED_TO_WRITES = ("ReturnConsumedCapacity", "ReturnItemCollectionMetrics")
_RETURN_OLD_ON_FAILURE = "ReturnValuesOnConditionCheckFailure"


def update_plan(table: ConfiguredTable, request: Message, jitter: Callable[[], float]) -> Steps:
    """Return the plan of an UpdateItem request.

    Args:
        table: The table.
        request: The request as the caller wrote it, values in wire form.
        jitter: Returns a random number from 0 to 1, for each pause anew.

    Raises:
        DecryptError: the item does not verify; nothing was written.
        EncryptError: the updated item cannot be encrypted; nothing was written.
        UnsupportedOperationError: the update cannot be made safely; nothing was written.
        UpdateConflictError: other writers changed the item in every attempt; nothing was written.
    """
    try:
        update = ItemUpdate(table, request)
    except InvalidExpressionError as error:
        return error_reply("ValidationException", error.dynamodb_message)
    return (yield from update.steps(jitter))


def pause_before(attempt: int, jitter: Callable[[], float]) -> Pause:
    """Return the pause before an attempt other than the first: full jitter under a bound that doubles."""
    return Pause(jitter() * min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**attempt))


def _check_return_values(request: Message) -> None:
    message = None
    if request.get("ReturnValues", "NONE") not in _RETURN_VALUES:
        message = "Return values set to invalid value"
    if request.get(_RETURN_OLD_ON_FAILURE, "NONE") not in ("ALL_OLD", "NONE"):
        message = (
            "1 validation error detected: Value at 'returnValuesOnConditionCheckFailure' failed to satisfy "
            "constraint: Member must satisfy enum value set: [ALL_OLD, NONE]"
        )
    if message is not None:
        raise InvalidExpressionError(message, dynamodb_message=message)


@dataclass(frozen=True, slots=True)
class Prepared:
    """What was read and computed in one attempt.

    Attributes:
        before: The decrypted item; None if there was none.
        versions: The item as it was read and as it is to be written.
    """

    before: dict[str, Any] | None
    versions: ItemVersions


class ItemUpdate:
    """One update in progress.

    Args:
        table: The table.
        request: The update as the caller wrote it, in a request of its own or in a transaction.

    Raises:
        InvalidExpressionError: DynamoDB would refuse the request.
        UnsupportedOperationError: it cannot be made safely.
    """

    def __init__(self, table: ConfiguredTable, request: Message) -> None:
        self._table = table
        self._request = request
        self._checked: UpdateRequest = check_update_request(request)
        _check_return_values(request)
        self._key = table.key_with_surrogate_keys("UpdateItem", request["Key"])
        self._consumption = Consumption()
        self._return_values = str(request.get("ReturnValues", "NONE"))
        self._refuse_names()

    def steps(self, jitter: Callable[[], float]) -> Steps:
        """Yield the steps of the update, and return the reply.

        Raises:
            UpdateConflictError: other writers changed the item in every attempt; nothing was written.
        """
        straight = self.straight_request()
        if straight is not None:
            reply = yield DynamoDbCall("UpdateItem", straight)
            if error_code(reply) != CONDITION_IS_FALSE or not self.needs_reading(reply.get("Item")):
                return self._finish_straight(straight, reply)
            self._consumption.add(reply)
        for attempt in range(MAX_ATTEMPTS):
            if attempt:
                yield pause_before(attempt, jitter)
            reply = yield DynamoDbCall("GetItem", self._read_request())
            if "Error" in reply:
                return dict(reply)
            self._consumption.add(reply)
            stored: Item | None = reply.get("Item") or None
            try:
                work = self.prepare(stored)
            except InvalidExpressionError as error:
                return error_reply("ValidationException", error.dynamodb_message)
            if work is None:
                return self.condition_is_false(stored)
            operation, sent = self._write_request(work)
            reply = yield DynamoDbCall(operation, sent)
            if error_code(reply) not in CONFLICTS:
                finished = self._finish(work, reply, reply.get("Attributes") or {})
                if "Error" not in reply:
                    yield from self.sign_late_attributes(work)
                return finished
            current: Item = reply.get("Item") or {}
            if work.versions.is_written(current):
                # The write itself, repeated by botocore after its reply was lost.
                metadata = {**reply.get("ResponseMetadata", {}), "HTTPStatusCode": 200}
                returned = current if self._return_values.endswith("_NEW") else {}
                return self._finish(work, {"ResponseMetadata": metadata}, returned)
        raise UpdateConflictError(self._table.name, "UpdateItem", MAX_ATTEMPTS)

    # An update of unsigned attributes.

    def straight_request(self) -> dict[str, Any] | None:
        """Return the UpdateItem that makes the update in one call where there is an item, or None.

        If its condition is false, its error has the item that made it so.
        """
        update, names = self._checked.update, self._checked.names
        roots = {path.root(names) for path in update.paths} if update is not None else set[str]()
        if not (self._table.writes_plaintext or all(self._is_left(root) for root in roots)):
            return None
        try:
            request = dict(self._table.with_surrogate_keys("UpdateItem", self._request))
            self._table.check_condition("UpdateItem", request)
        except UnsupportedOperationError:
            return None
        request[_RETURN_OLD_ON_FAILURE] = "ALL_OLD"
        if self._table.writes_plaintext:
            return require_plaintext_item(request)
        if self._table.holds_encrypted_items_only:
            return require_encrypted_item(request)
        names = dict(request.get("ExpressionAttributeNames") or {})
        placeholder = next(f"#k{n}" for n in range(len(names) + 1) if f"#k{n}" not in names)
        names[placeholder] = self._table.config.partition_key_name
        requirement = f"attribute_exists({placeholder})"
        return {
            **request,
            CONDITION: with_requirement(request.get(CONDITION), requirement),
            "ExpressionAttributeNames": names,
        }

    def needs_reading(self, returned: Message | None) -> bool:
        """Return whether a straight update has to be made by a read and a write, its condition being false.

        Args:
            returned: The item for which it was false; None if there was none.
        """
        if self._table.writes_plaintext:
            return HEADER_NAME in (returned or {})
        return not returned or (self._table.holds_encrypted_items_only and HEADER_NAME not in returned)

    def _finish_straight(self, sent: Message, reply: Message) -> dict[str, Any]:
        part = SentPart("UpdateItem", self._request, sent)
        if "Error" not in reply:
            return updated_attributes(self._table, part, reply)
        if not self.returns_item_on_failure:
            return {name: member for name, member in reply.items() if name != "Item"}
        return failed_update(self._table, part, reply)

    # Any other update.

    def key_request(self) -> dict[str, Any]:
        """Return the part of a read that names the item."""
        return {"TableName": self._request["TableName"], "Key": dict(self._key)}

    def transaction_entry(self, work: Prepared) -> dict[str, Any]:
        """Return the action of a transaction that writes the updated item."""
        operation, request = write_request(self._table.config, self._key, work.versions)
        request = {"TableName": self._request["TableName"], **request}
        return {"Update" if operation == "UpdateItem" else "Put": request}

    def sign_late_attributes(self, work: Prepared) -> Generator[DynamoDbCall | Pause, Message, None]:
        """Sign what another writer added to an item while it was being encrypted."""
        return sign_late_attributes(self._table, self.key_request(), work.versions)

    def request_that_fails(self) -> dict[str, Any]:
        """Return an update of the item whose condition is false for every item."""
        return {
            **self.key_request(),
            "UpdateExpression": "REMOVE #n",
            "ConditionExpression": "attribute_exists(#n) AND attribute_not_exists(#n)",
            "ExpressionAttributeNames": {"#n": HEADER_NAME},
        }

    def _read_request(self) -> dict[str, Any]:
        return {
            **self.key_request(),
            "ConsistentRead": True,
            **_members(self._request, _PASSED_TO_READS),
        }

    def prepare(self, stored: Item | None) -> Prepared | None:
        """Decrypt, evaluate, apply and encrypt; return None if the caller's condition is false."""
        update, _, names, values = self._checked
        before = None if stored is None else self._read(stored)
        if not self._condition_holds(stored or {}, before or {}):
            return None
        self._refuse_keys()
        start: Item = self._request["Key"] if before is None else before
        after = dict(start) if update is None else apply_update(update, start, names, values)
        versions = ItemVersions(
            read=stored,
            written=self._table.write(after),
            after=after,
            clauses=UnsignedClauses.of(self._checked, self._is_left),
        )
        return Prepared(before, versions)

    def is_made_without_item(self) -> bool:
        """Return whether the caller's condition is true where there is no item."""
        return self._condition_holds({}, {})

    def _condition_holds(self, stored: Item, before: Item) -> bool:
        _, condition, names, values = self._checked
        # As DynamoDB has them: what encryption adds, and keys, which may be tokens of surrogate keys.
        keys = self._table.config.key_names
        shown = {name: value for name, value in stored.items() if _is_reserved(name) or name in keys}
        return condition is None or matches(condition, {**shown, **before}, names, values)

    def _read(self, stored: Item) -> dict[str, Any]:
        part = SentPart("UpdateItem", self._request, {"Key": self._key})
        return self._table.read_member({"Item": stored}, "Item", part)["Item"]

    def _write_request(self, work: Prepared) -> tuple[str, dict[str, Any]]:
        operation, request = write_request(self._table.config, self._key, work.versions)
        request = {
            "TableName": self._request["TableName"],
            **request,
            **_members(self._request, _PASSED_TO_WRITES),
            _RETURN_OLD_ON_FAILURE: "ALL_OLD",
        }
        if operation == "UpdateItem":
            request["ReturnValues"] = returned_kind(self._return_values)
        return operation, request

    def condition_is_false(self, stored: Item | None) -> dict[str, Any]:
        """Return the refusal of an update whose condition is false for a stored item."""
        reply = error_reply(CONDITION_IS_FALSE, "The conditional request failed")
        if stored is not None and self.returns_item_on_failure:
            reply["Item"] = self._read(stored)
        return reply

    def _finish(self, work: Prepared, reply: Message, returned: Message) -> dict[str, Any]:
        """Return the reply to the caller, given the reply to the write.

        Args:
            work: The attempt.
            reply: DynamoDB's reply.
            returned: The stored item that it returned, before or after; empty if it returned none.
        """
        if "Error" in reply:
            return dict(reply)
        self._consumption.add(reply)
        before, after = work.before, work.versions.after
        if returned and self._return_values.endswith("_NEW"):
            after = with_unsigned(self._table.config, after, returned)
        elif returned and before is not None:
            before = with_unsigned(self._table.config, before, returned)
        attributes = returned_attributes(
            self._return_values, before, _normal_item(after), self._checked.update, self._checked.names
        )
        finished = {name: member for name, member in reply.items() if name != "Attributes"}
        if attributes is not None:
            finished["Attributes"] = attributes
        return self._consumption.in_reply(finished)

    def _refuse_keys(self) -> None:
        """Refuse an update of a key attribute, as DynamoDB does when the condition is true."""
        update, names = self._checked.update, self._checked.names
        keys = {*self._table.config.key_names, *self._request["Key"]}
        for path in updated_paths(update) if update is not None else ():
            root = path.root(names)
            if root in keys:
                message = (
                    f"One or more parameter values were invalid: Cannot update attribute {root}. "
                    "This attribute is part of the key"
                )
                raise InvalidExpressionError(message, dynamodb_message=message)

    def _refuse_names(self) -> None:
        """Refuse reserved names, and attributes without an action that would be written."""
        update, names = self._checked.update, self._checked.names
        for path in update.paths if update is not None else ():
            root = path.root(names)
            if _is_reserved(root):
                self._table.refuse_expression("UpdateItem", "UpdateExpression", reserved_objection(root))
        written = (*update.sets, *update.adds) if update is not None else ()
        self._table.refuse_without_action((path.root(names) for path, _ in written), self._request["Key"])

    def _is_left(self, name: str) -> bool:
        return is_left_to_dynamodb(self._table.config, name)

    @property
    def returns_item_on_failure(self) -> bool:
        """Whether the caller wants the item for which the condition is false."""
        return self._request.get(_RETURN_OLD_ON_FAILURE) == "ALL_OLD"


def _members(request: Message, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: request[name] for name in names if name in request}


def _is_reserved(name: str) -> bool:
    return name.startswith(RESERVED_PREFIX)


def _normal_item(item: Item) -> dict[str, Any]:
    """Return an item with its numbers in their normal form, in which a read returns them."""
    return {name: _normal(value) for name, value in item.items()}


def _normal(value: AttributeValue) -> Mapping[str, Any]:
    ((kind, content),) = value.items()
    if kind == "N":
        return {"N": normalize(content)}
    if kind == "NS":
        return {"NS": [normalize(member) for member in content]}
    if kind == "L":
        return {"L": [_normal(element) for element in content]}
    if kind == "M":
        return {"M": {name: _normal(member) for name, member in content.items()}}
    return value
