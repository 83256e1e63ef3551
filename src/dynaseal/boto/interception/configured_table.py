"""One configured table: which requests it allows, and what is done with its items.

- What is written is encrypted; what is read is verified and decrypted, or nothing of it is returned.
- What expressions may touch is decided by `expression_rules`, and in a search of a table with beacons by
  `dynaseal.beacons.requests.analysis`, before they or their values are sent.

Source: specification `ddb-support.md`.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn, cast

from botocore.exceptions import BotoCoreError

from dynaseal import drivers
from dynaseal.boto.interception.expression_rules import (
    Objection,
    beacon_objection,
    ciphertext_objection,
    plaintext_update_objection,
    projection_objection,
    unused_values,
    update_objection,
)
from dynaseal.boto.interception.index_projections import IndexProjections
from dynaseal.boto.interception.key_rules import (
    INDEX_KEY_HINT,
    key_condition_objection,
    key_objection,
    partial_item_objection,
)
from dynaseal.boto.interception.replies import (
    Message,
    PrimaryKey,
    SentPart,
    has_key,
    key_condition_check,
    primary_key,
    refuse_other_item,
    without_members,
)
from dynaseal.boto.interception.unreadable import (
    UnreadableItem,
    is_refusal_of_keys,
    key_attributes,
    raise_first,
    with_unreadable,
)
from dynaseal.config import TableConfig, Unreadable, UpdateMode
from dynaseal.core.actions import CryptoAction
from dynaseal.core.header import RESERVED_PREFIX
from dynaseal.core.lazy import LazyModule
from dynaseal.core.shapes import no_action_error
from dynaseal.core.traces import find_trace
from dynaseal.encryptor import ItemEncryptor, describe_location
from dynaseal.errors import (
    DecryptError,
    DynasealError,
    EncryptError,
    UnsupportedOperationError,
)

if TYPE_CHECKING:
    from dynaseal import expressions
    from dynaseal.beacons.compiled import standard
    from dynaseal.beacons.requests import prepared
    from dynaseal.beacons.requests.prepared import PreparedSearch
    from dynaseal.boto.interception import older_refusals
    from dynaseal.expressions.tree import Path
else:
    expressions = LazyModule("dynaseal.expressions")
    standard = LazyModule("dynaseal.beacons.compiled.standard")
    prepared = LazyModule("dynaseal.beacons.requests.prepared")
    older_refusals = LazyModule("dynaseal.boto.interception.older_refusals")

PROJECTIONS = ("ProjectionExpression", "AttributesToGet")


class ConfiguredTable:
    """One configured table.

    Args:
        name: The table's name in DynamoDB.
        config: How its items are encrypted and signed.
    """

    def __init__(self, name: str, config: TableConfig) -> None:
        self.name = name
        self.config = config
        self._encryptor = ItemEncryptor(config)
        self._search = self._encryptor.search
        self._writes_plaintext = config.plaintext_policy.forces_write
        self._reads_plaintext = config.plaintext_policy.allows_read
        self._surrogate_sources = frozenset(key.source for key in config.surrogate_keys)
        sources = {key.name: key.source for key in config.surrogate_keys}
        self.caller_key_names: tuple[str, ...] = tuple(sources.get(name, name) for name in config.key_names)
        self._caller_key_set = frozenset(self.caller_key_names)
        self.reports_unreadable: bool = config.unreadable is Unreadable.REPORT

    @property
    def holds_encrypted_items_only(self) -> bool:
        """Whether the configuration lets no unencrypted item be written or read."""
        return not (self._writes_plaintext or self._reads_plaintext)

    @property
    def updates_signed_attributes(self) -> bool:
        """Whether an update is made by reading, changing and writing the item where it has to be."""
        return self.config.update_mode is UpdateMode.READ_MODIFY_WRITE

    @property
    def writes_plaintext(self) -> bool:
        """Whether items are written as plaintext."""
        return self._writes_plaintext

    def write(self, item: Message) -> dict[str, Any]:
        """Encrypt an item that a request writes.

        Raises:
            EncryptError: it does not fit the configuration, or a keyring failed.
        """
        try:
            return self._encryptor.encrypt_item(item)
        except EncryptError as error:
            refusal = older_refusals.older_refusal(self.config, error)
            if refusal is None:
                raise
            raise refusal from error

    def refuse_without_action(self, names: Iterable[str], key: Message) -> None:
        """Refuse attributes that are to be written and have no action, as writing the item would.

        Args:
            names: The attributes.
            key: The item's key, for the message.

        Raises:
            EncryptError: one has no action.
        """
        for name in names:
            if not self._writes_plaintext and self.config.find_action(name) is None:
                error = no_action_error(name)
                error.where = describe_location(self.config, key)
                raise error

    def read(self, item: Message, request: Message) -> dict[str, Any]:
        """Verify and decrypt an item of the reply to `request`.

        Raises:
            DecryptError: it does not verify; if the request asked for a part of it, the hint says so.
        """
        try:
            return self._encryptor.decrypt_item(item)
        except DecryptError as error:
            advice = _partial_read_advice(request)
            if advice is not None:
                error.hint = advice
            refusal = older_refusals.older_refusal(self.config, error)
            if refusal is None:
                raise
            raise refusal from error

    def write_usual(self, items: Sequence[Message]) -> list[dict[str, Any] | None]:
        """Encrypt at once what the native engine can; None for each item that `write` must encrypt."""
        return self._encryptor.usual_encrypted(items)

    def read_usual(self, items: Sequence[Message]) -> list[dict[str, Any] | None]:
        """Decrypt at once what the native engine can; None for each item that `read` must decrypt."""
        return self._encryptor.usual_decrypted(items) if self._encryptor.reads_many else [None] * len(items)

    def read_member(self, reply: Message, member: str, part: SentPart) -> dict[str, Any]:
        """Return a reply with the item in one of its members decrypted, if there is one.

        Raises:
            DecryptError: it does not verify, or has another key than the one that was sent.
        """
        stored = reply.get(member)
        if not stored:
            return dict(reply)
        item = self.read(stored, part.caller_request)
        self._check_item_key(stored, part)
        return {**reply, member: item}

    def _check_item_key(self, stored: Message, part: SentPart) -> None:
        if not has_key(self.config.key_names, stored, part.key):
            refuse_other_item(part.operation, self.name)

    def read_after_write(self, reply: Message, member: str, part: SentPart) -> dict[str, Any]:
        """Return the reply to a write that was made, with the item in one of its members decrypted.

        An item that cannot be read is reported and never raised: an error would look as if nothing had been
        written.

        Raises:
            DecryptError: the item has another key than the one that was sent, so that it is not known which
                write the reply is about.
        """
        stored = reply.get(member)
        if not stored:
            return dict(reply)
        try:
            item = self.read(stored, part.caller_request)
        except (DynasealError, BotoCoreError, TypeError) as error:
            self._check_item_key(stored, part)
            unreadable = UnreadableItem(
                Key=self._caller_key(part), TableName=self._name_in(part), Error=error
            )
            remaining = {name: value for name, value in reply.items() if name != member}
            return with_unreadable(remaining, part.operation, [unreadable], returned=1)
        self._check_item_key(stored, part)
        return {**reply, member: item}

    def _caller_key(self, part: SentPart) -> dict[str, Any]:
        """Return the key that the caller's request has, by itself or in the item to put."""
        request = part.caller_request
        return key_attributes(self.caller_key_names, request["Key"] if "Key" in request else request["Item"])

    def _name_in(self, part: SentPart) -> str:
        return str(part.caller_request.get("TableName", self.name))

    def primary_key(self, item: Message) -> PrimaryKey:
        """Return an item's primary key in a form that is the same however the key is written."""
        return primary_key(self.config.key_names, item)

    def with_surrogate_keys(self, operation: str, request: Message) -> Message:
        """Return a request, or one item's part of it, that names items by surrogate keys.

        Raises:
            UnsupportedOperationError: it needs something that no surrogate key's token supports, or its key
                does not have the configured key attributes.
            KeyStoreError: the tokens' key cannot be fetched.
        """
        if "Key" in request:
            self._check_primary_key(operation, request["Key"])
        return request if self._search is None else self._search.with_surrogate_keys(operation, request)

    def key_with_surrogate_keys(self, operation: str, key: Message) -> Message:
        """Return an item's primary key with surrogate keys in place of real values.

        Raises:
            UnsupportedOperationError: it does not have the configured key attributes, or has a surrogate
                key's token or a value that a key cannot have.
            KeyStoreError: the tokens' key cannot be fetched.
        """
        self._check_primary_key(operation, key)
        return key if self._search is None else self._search.key_with_surrogate_keys(operation, key)

    def _check_primary_key(self, operation: str, key: Message) -> None:
        """Refuse a primary key whose attributes are not the configured ones."""
        if isinstance(key, dict) and key.keys() == self._caller_key_set:
            return
        self._check_key(operation, key)
        if any(surrogate.name in key for surrogate in self.config.surrogate_keys):
            return  # refused where tokens are written into the key, in better words
        objection = key_objection(key, self.caller_key_names)
        if objection is not None:
            self._refuse(f"{operation} {objection.problem}", objection.reason, objection.hint)

    def _check_key(self, operation: str, key: Message) -> None:
        """Refuse a key with an encrypted attribute: DynamoDB would refuse it too, after seeing its value."""
        check_names(operation, key)
        if self._writes_plaintext:
            return
        for name in key:
            action = self.config.find_action(name)
            if action in (None, CryptoAction.ENCRYPT_AND_SIGN) and name not in self._surrogate_sources:
                self._refuse(
                    f"{operation} has the attribute {name!r} in a key",
                    "that attribute is not a key of this table, and its value would be sent unencrypted",
                    f"Give the key attributes only: {', '.join(self.config.key_names)}",
                )

    def check_read(self, operation: str, request: Message) -> None:
        """Refuse a projection that returns parts of items: they cannot be verified.

        Where plaintext items may be read, a part of an encrypted item could even be taken for one of them.

        Raises:
            UnsupportedOperationError: it has a projection, and the table's plaintext items may be read, or
                the projection leaves out what every encrypted item has, or goes below an encrypted attribute.
        """
        projections = [name for name in PROJECTIONS if request.get(name)]
        if projections and self._reads_plaintext:
            self._refuse(
                f"{operation} has a projection ({projections[0]})",
                "its plaintext policy lets unencrypted items be read, and a part of an encrypted item looks "
                "like one",
                f"Leave out {projections[0]} and pick the attributes from the result",
            )
        if not projections:
            return
        names, (parameter, *_) = _names(request), projections
        paths = (
            expressions.parse_projection(request[parameter]) if parameter == "ProjectionExpression" else ()
        )
        projected = {path.root(names) for path in paths if len(path.steps) == 1} or set(request[parameter])
        objection = projection_objection(paths, names, self.config.is_encrypted) or partial_item_objection(
            projected, self.config.key_names
        )
        if objection is not None:
            self.refuse_expression(operation, parameter, objection)

    def check_values(self, operation: str, request: Message) -> None:
        """Refuse values that no expression of a request uses.

        Raises:
            UnsupportedOperationError: there is one.
        """
        if not request.get("ExpressionAttributeValues"):
            return
        unused = unused_values(request)
        if unused:
            prepared.refuse_unused(operation, unused)

    def check_condition(self, operation: str, request: Message) -> None:
        """Refuse a condition on the value of an encrypted attribute; one on its existence is allowed.

        Raises:
            UnsupportedOperationError: the condition needs such a value.
        """
        self._check_expression(operation, "ConditionExpression", request)

    def check_update(self, operation: str, request: Message) -> None:
        """Refuse an update of what a put would refuse or sign, unless items are written as plaintext.

        Raises:
            UnsupportedOperationError: the update expression touches such an attribute.
        """
        text = request.get("UpdateExpression")
        if not text:
            return
        update, names = expressions.parse_update(text, "UpdateExpression"), _names(request)
        objection = (
            plaintext_update_objection(update, names)
            if self._writes_plaintext
            else update_objection(update, names, self.config.find_action)
        )
        if objection is not None:
            self.refuse_expression(operation, "UpdateExpression", objection)

    def harms_encrypted_items(self, request: Message) -> bool:
        """Return whether an update would make an encrypted item unreadable."""
        text = request.get("UpdateExpression")
        if not text:
            return False
        update = expressions.parse_update(text, "UpdateExpression")
        return update_objection(update, _names(request), self.config.find_action) is not None

    def prepare_search(
        self, operation: str, request: Message, indexes: IndexProjections | None
    ) -> tuple[Message, "PreparedSearch | None"]:
        """Return the Query or Scan request to send, and in a table with beacons the prepared search.

        Args:
            operation: The operation's name.
            request: The caller's request.
            indexes: Knows what indexes project; None if nothing can be asked.

        Raises:
            UnsupportedOperationError: an expression touches an encrypted attribute and no beacon supports it,
                or the request could return parts of items as plaintext.
        """
        self.check_read(operation, request)
        if self._search is None or self._writes_plaintext:
            self.check_filter(operation, request)
            self.check_values(operation, request)
            self._check_key(operation, request.get("ExclusiveStartKey") or {})
            sent_request, search = request, None
        else:
            search = self._search.requests.prepare(operation, request)
            sent_request = search.sent_request()
        if not request.get("IndexName"):
            self._check_key_condition_names(operation, request)
        if self._reads_plaintext and sent_request.get("IndexName"):
            self._check_index(operation, sent_request, indexes)
        return sent_request, search

    def _check_key_condition_names(self, operation: str, request: Message) -> None:
        text = request.get("KeyConditionExpression")
        if not text:
            return
        names = _names(request)
        for path in expressions.parse_condition(text, "KeyConditionExpression").paths:
            name = path.root(names)
            if name not in self._caller_key_set:
                objection = key_condition_objection(name, self.caller_key_names)
                self.refuse_expression(operation, "KeyConditionExpression", objection)

    def check_filter(self, operation: str, request: Message) -> None:
        """Refuse key conditions and filters that touch an encrypted attribute.

        Raises:
            UnsupportedOperationError: one of them does.
        """
        for parameter in ("KeyConditionExpression", "FilterExpression"):
            self._check_expression(operation, parameter, request)

    def _check_expression(self, operation: str, parameter: str, request: Message) -> None:
        """Refuse a condition that DynamoDB cannot decide by what is stored."""
        text = request.get(parameter)
        if not text:
            return
        expression, names = expressions.parse_condition(text, parameter), _names(request)
        if not self._writes_plaintext:
            compiled = self.config.compiled_search
            objection = beacon_objection(expression, names, compiled) or ciphertext_objection(
                expression.value_paths, names, self.config.is_encrypted
            )
            if objection is not None and request.get("IndexName") and parameter == "KeyConditionExpression":
                objection = objection._replace(hint=INDEX_KEY_HINT)
            if objection is not None:
                self.refuse_expression(operation, parameter, objection)
        elif parameter != "ConditionExpression":
            self._refuse_beacons(operation, parameter, expression.paths, request)

    def _check_index(self, operation: str, sent_request: Message, indexes: IndexProjections | None) -> None:
        """Refuse an index with parts of items where such a part could be taken for an unencrypted item.

        Args:
            operation: The operation's name.
            sent_request: The Query or Scan that will be sent.
            indexes: Knows what indexes project; None if nothing can be asked.

        Raises:
            UnsupportedOperationError: the index does not project all attributes, or that is not known.
        """
        index = sent_request["IndexName"]
        # With ALL_ATTRIBUTES, DynamoDB refuses a global index that has parts of items, and for a local one it
        # reads the whole items from the table. A count returns no items.
        if sent_request.get("Select") in ("ALL_ATTRIBUTES", "COUNT"):
            return
        projects_all = (
            None
            if indexes is None
            else indexes.projects_all(operation, sent_request["TableName"], str(index))
        )
        if projects_all:
            return
        problem = (
            "does not project all attributes" if projects_all is False else "is not known to DescribeTable"
        )
        self._refuse(
            f"{operation} through the index {index!r}, which {problem},",
            "its plaintext policy lets unencrypted items be read, and a part of an encrypted item looks like "
            "one",
            "Query the table or an index that projects all attributes; for a local index pass "
            "Select=ALL_ATTRIBUTES",
        )

    def finish_search(
        self, search: "PreparedSearch | None", part: SentPart, reply: Message
    ) -> dict[str, Any]:
        """Return a Query's or Scan's reply with its items decrypted, or its error.

        False matches of beacons are left out, and `Count` counts what is left. For `Select=COUNT` the items
        are left out too, after they are counted. Where the configuration says so, items that do not verify
        are left out and listed in `UnreadableItems`.

        Raises:
            DecryptError: an item does not verify, or does not fulfil the key condition that was sent.
        """
        if "Error" in reply:
            return without_members(reply, "Item", "CancellationReasons")
        items = reply.get("Items")
        only_counts = search is not None and search.only_counts
        if not items:
            finished = {name: value for name, value in reply.items() if name != "Items" or not only_counts}
            if self.reports_unreadable and "Items" in reply:
                return with_unreadable(finished, part.operation, (), returned=0)
            return finished
        if search is None:
            read, unreadable = self._read_items(items, part, reply)
            self._check_key_condition(part, items)
            return self._reply_with(reply, part, [item for _, item in read], unreadable)
        # The order matters. Items of other tenants go first: the caller may have no key to read them. Then
        # every other item is read, false matches as well, so that no tampered item goes unnoticed. Only
        # decrypted items show which of them are false matches.
        candidates = items if search.tenant is None else search.items_of_tenant(items)
        # What a key condition on a beacon found, and does not fulfil the caller's, is a false match.
        may_have_other_keys = _has_beacon_key(part.sent_request)
        read, unreadable = self._read_items(candidates, part, reply)
        if not may_have_other_keys:
            self._check_key_condition(part, candidates)
        finished = self._reply_with(reply, part, search.without_false_matches(read), unreadable)
        if only_counts:
            del finished["Items"]
        return finished

    def _read_items(
        self, items: Sequence[Message], part: SentPart, reply: Message
    ) -> tuple[list[tuple[Message, dict[str, Any]]], list[UnreadableItem]]:
        """Return the items that verify, each as it is stored and decrypted, and the others.

        Raises:
            DecryptError: an item does not verify, and the configuration does not say to report it.
        """
        read: list[tuple[Message, dict[str, Any]]] = []
        unreadable: list[UnreadableItem] = []
        for stored, usual in zip(items, self.read_usual(items), strict=True):
            if read:
                drivers.let_others_run()
            try:
                item = self.read(stored, part.caller_request) if usual is None else usual
                read.append((stored, item))
            except DecryptError as error:
                key = key_attributes(self.config.key_names, stored)
                unreadable.append(UnreadableItem(Key=key, TableName=self._name_in(part), Error=error))
                # The other items are read too, so that the error says how many of them verify. They are not
                # if KMS does not help: each would wait for another call.
                if not self.reports_unreadable and is_refusal_of_keys(error):
                    break
        if unreadable and not self.reports_unreadable:
            raise_first(
                unreadable,
                verified=len(read),
                returned=len(items),
                last_evaluated_key=reply.get("LastEvaluatedKey"),
            )
        return read, unreadable

    def _reply_with(
        self, reply: Message, part: SentPart, found: list[dict[str, Any]], unreadable: list[UnreadableItem]
    ) -> dict[str, Any]:
        """Return the reply to a search with the items that were found."""
        counted = {"Count": len(found)} if "Count" in reply else {}
        finished = {**reply, **counted, "Items": found}
        if not self.reports_unreadable:
            return finished
        return with_unreadable(finished, part.operation, unreadable, returned=len(reply["Items"]))

    def _check_key_condition(self, part: SentPart, items: Iterable[Message]) -> None:
        """Refuse items that do not fulfil the key condition that was sent."""
        if not all(map(key_condition_check(part.sent_request), items)):
            refuse_other_item(part.operation, self.name)

    def find_unreadable(self, attributes: Message) -> str | None:
        """Return the first attribute of a part of an item that cannot be returned; None if there is none.

        Unsigned attributes can be returned, and where items are written as plaintext, whatever has no trace
        of encryption.
        """
        trace = find_trace(attributes, self.config.is_encrypted)
        if trace is not None:
            return trace.attribute_name
        signed = () if self._writes_plaintext else filter(self.config.is_signed, attributes)
        return min(signed, default=None)

    def without_replaced_parameters(
        self, operation: str, request: Message, parameters: Iterable[str]
    ) -> dict[str, Any]:
        """Return a request without those parameters that expressions replaced, which must be empty.

        Raises:
            UnsupportedOperationError: one of them is not empty.
        """
        remaining = dict(request)
        for parameter in parameters:
            if remaining.pop(parameter, None):
                self._refuse(
                    f"{operation} has the parameter {parameter}, which expressions have replaced,",
                    "the attributes that it touches are not checked",
                    f"Use {_REPLACEMENTS[parameter]} instead",
                )
        return remaining

    def refuse_expression(self, operation: str, parameter: str, objection: Objection) -> NoReturn:
        """Refuse an expression.

        Raises:
            UnsupportedOperationError: always.
        """
        self._refuse(f"{operation}'s {parameter} {objection.problem}", objection.reason, objection.hint)

    def _refuse_beacons(
        self, operation: str, parameter: str, paths: "Iterable[Path]", request: Message
    ) -> None:
        """Refuse beacons where items are written as plaintext: such items have none."""
        compiled = self.config.compiled_search
        names = _names(request)
        for path in paths:
            name = path.root(names)
            beacon = None if compiled is None else compiled.beacon_at(path, names)
            if beacon is None and not name.startswith(RESERVED_PREFIX):
                continue
            # A beacon with the name of its attribute: plaintext items have the attribute.
            if not (isinstance(beacon, standard.CompiledStandardBeacon) and beacon.is_over_attribute(name)):
                self._refuse(
                    f"{operation}'s {parameter} uses the beacon {name!r}",
                    "its plaintext policy writes items without beacons, so none would be found",
                    "Compare the attributes themselves",
                )

    def _refuse(self, problem: str, reason: str, hint: str) -> NoReturn:
        raise UnsupportedOperationError(f"{problem} on the table {self.name!r}: {reason}", hint=hint)


def check_names(operation: str, part: Any) -> None:
    """Check that a part of a request is a mapping whose names are strings, so that an error can show them.

    Raises:
        TypeError: it is something else; botocore refuses it.
    """
    if not isinstance(part, Mapping) or not all(
        isinstance(name, str) for name in cast("Mapping[Any, Any]", part)
    ):
        raise TypeError(f"{operation} has a part that is not a mapping with strings as names")


_REPLACEMENTS = {
    "Expected": "ConditionExpression",
    "ConditionalOperator": "AND and OR in an expression",
    "AttributeUpdates": "UpdateExpression",
    "KeyConditions": "KeyConditionExpression",
    "QueryFilter": "FilterExpression",
    "ScanFilter": "FilterExpression",
    "AttributesToGet": "the whole item",
}


def _has_beacon_key(sent_request: Message) -> bool:
    """Return whether a request's key condition names a beacon by its stored name."""
    names: Mapping[str, str] = sent_request.get("ExpressionAttributeNames") or {}
    text: str = sent_request.get("KeyConditionExpression") or ""
    return RESERVED_PREFIX in text or any(
        placeholder in text and name.startswith(RESERVED_PREFIX) for placeholder, name in names.items()
    )


def _names(request: Message) -> Mapping[str, str]:
    return request.get("ExpressionAttributeNames") or {}


def _partial_read_advice(request: Message) -> str | None:
    """Return what to change in a request whose reply may hold parts of items, which cannot be verified."""
    for parameter in PROJECTIONS:
        if request.get(parameter):
            return f"Only whole items can be verified: leave out {parameter}"
    if request.get("IndexName"):
        return (
            "Only whole items can be verified: query an index that projects all attributes, or get the items "
            "from the table by their keys"
        )
    return None
