"""What is done with the items and expressions of one table; every operation's entry goes through it.

- What is written is encrypted; what is read is verified and decrypted, or nothing of it is returned.
- DynamoDB holds only the ciphertext of an encrypted attribute, so it can answer no question about its value:
  such conditions, filters and key conditions are refused before anything is sent, values and all.
- An update would leave the signature behind, so it may touch unsigned attributes only.

Source: specification `ddb-support.md`.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from dynaseal.config import TableConfig
from dynaseal.core.actions import CryptoAction
from dynaseal.core.values.writing import serialize
from dynaseal.encryptor import ItemEncryptor
from dynaseal.errors import DecryptError, UnsupportedOperationError
from dynaseal.expressions import parse_condition, parse_update
from dynaseal.expressions.tree import Path

Message = Mapping[str, Any]
PrimaryKey = tuple[tuple[bytes, bytes], ...]
PROJECTIONS = ("ProjectionExpression", "AttributesToGet")


class TablePipeline:
    """The way of one table's requests and replies.

    Args:
        table_name: The table's name in DynamoDB.
        config: How its items are encrypted and signed.
    """

    def __init__(self, table_name: str, config: TableConfig) -> None:
        self.table_name = table_name
        self.config = config
        self._encryptor = ItemEncryptor(config)

    def write(self, item: Message) -> dict[str, Any]:
        """Encrypt an item that a request writes.

        Raises:
            EncryptError: it does not fit the configuration, or a keyring failed.
        """
        return self._encryptor.encrypt_item(item)

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
            raise

    def read_member(self, reply: Message, member: str, request: Message) -> dict[str, Any]:
        """Give a reply with the item that one of its members holds decrypted, if it holds one."""
        item = reply.get(member)
        return {**reply, member: self.read(item, request)} if item else dict(reply)

    def primary_key(self, item: Message) -> PrimaryKey:
        """Give an item's primary key in a form that is the same for the same key, however it is spelled."""
        return tuple(serialize(item[name]) for name in self.config.key_names if name in item)

    def with_surrogate_keys(self, operation: str, part: Message) -> Message:
        """Give a request, or one item's part of it, that names items by what DynamoDB has for their keys.

        Raises:
            UnsupportedOperationError: it asks what a surrogate key's token cannot answer.
            KeyStoreError: the tokens' key cannot be had.
        """
        search = self._encryptor.search
        return part if search is None else search.with_surrogate_keys(operation, part)

    def key_with_surrogate_keys(self, operation: str, key: Message) -> Message:
        """Give an item's key as DynamoDB has it.

        Raises:
            UnsupportedOperationError: it has a surrogate key's token, or a value that no key can have.
            KeyStoreError: the tokens' key cannot be had.
        """
        search = self._encryptor.search
        return key if search is None else search.key_with_surrogate_keys(operation, key)

    def check_read(self, operation: str, request: Message) -> None:
        """Refuse a projection where a partial item could pass for one that was never encrypted.

        Elsewhere it is sent, as AWS's libraries do, and `read` refuses an item that lacks what it takes.

        Raises:
            UnsupportedOperationError: it asks for a projection, and the table's plaintext items may be read.
        """
        asked = [name for name in PROJECTIONS if request.get(name)]
        if asked and self.config.plaintext_policy.allows_read:
            self._refuse(
                f"{operation} asks for a projection ({asked[0]})",
                "its plaintext policy lets unencrypted items be read, and a part of an encrypted item looks "
                "like one",
                f"Leave out {asked[0]} and pick the attributes from the result",
            )

    def check_condition(self, operation: str, request: Message) -> None:
        """Refuse a condition on the value of an encrypted attribute; its existence may be asked.

        Raises:
            UnsupportedOperationError: the condition needs such a value.
        """
        text = request.get("ConditionExpression")
        if text:
            expression = parse_condition(text, "ConditionExpression")
            self._refuse_encrypted(operation, "ConditionExpression", expression.value_paths, request)

    def check_update(self, operation: str, request: Message) -> None:
        """Refuse an update that writes or reads a signed attribute.

        Raises:
            UnsupportedOperationError: the update expression touches one.
        """
        text = request.get("UpdateExpression")
        if not text:
            return
        names = _names(request)
        for path in parse_update(text, "UpdateExpression").paths:
            name = path.root(names)
            if self.is_signed(name):
                self._refuse(
                    f"{operation}'s UpdateExpression touches {name!r}",
                    "that attribute is signed, and an update in place would leave the signature behind",
                    "Read the item, change it and put it back, or configure the attribute as unsigned",
                )

    def prepare_search(self, operation: str, request: Message) -> dict[str, Any]:
        """Give the Query or Scan request to send.

        Raises:
            UnsupportedOperationError: an expression touches an encrypted attribute and no beacon answers it.
        """
        if self._encryptor.search is not None:
            return self._encryptor.search.rewrite(operation, request)
        self.check_filter(operation, request)
        return dict(request)

    def check_filter(self, operation: str, request: Message) -> None:
        """Refuse key conditions and filters that touch an encrypted attribute.

        Raises:
            UnsupportedOperationError: one of them does.
        """
        for parameter in ("KeyConditionExpression", "FilterExpression"):
            text = request.get(parameter)
            if text:
                self._refuse_encrypted(operation, parameter, parse_condition(text, parameter).paths, request)

    def finish_search(self, request: Message, reply: Message) -> dict[str, Any]:
        """Give a Query's or Scan's reply with its items decrypted; `Select=COUNT` has none.

        With beacons, what shares a hash with what was asked is taken out, and counted no more.
        """
        items = reply.get("Items")
        if not items:
            return dict(reply)
        search = self._encryptor.search
        if search is None:
            return {**reply, "Items": [self.read(item, request) for item in items]}
        found = search.filter(request, items, lambda item: self.read(item, request))
        counted = {"Count": len(found)} if "Count" in reply else {}
        return {**reply, **counted, "Items": found}

    def is_signed(self, attribute_name: str) -> bool:
        """Tell whether an attribute is configured as signed; one without an action is not."""
        return self.config.find_action(attribute_name) not in (None, CryptoAction.DO_NOTHING)

    def refuse_legacy(self, operation: str, request: Message, parameters: Iterable[str]) -> dict[str, Any]:
        """Give a request without empty legacy parameters.

        Raises:
            UnsupportedOperationError: one that says something is there.
        """
        kept = dict(request)
        for parameter in parameters:
            if kept.pop(parameter, None):
                self._refuse(
                    f"{operation} has the legacy parameter {parameter}",
                    "what it touches is not checked",
                    f"Use {_REPLACEMENTS[parameter]} instead",
                )
        return kept

    def _refuse_encrypted(
        self, operation: str, parameter: str, paths: Iterable[Path], request: Message
    ) -> None:
        names = _names(request)
        for path in paths:
            name = path.root(names)
            if self.config.is_encrypted(name):
                self._refuse(
                    f"{operation}'s {parameter} needs the value of {name!r}",
                    "that attribute is encrypted and DynamoDB has only its ciphertext",
                    "Ask about signed or unsigned attributes, or filter what you have read",
                )

    def _refuse(self, asked: str, reason: str, hint: str) -> None:
        raise UnsupportedOperationError(f"{asked} on the table {self.table_name!r}: {reason}", hint=hint)


_REPLACEMENTS = {
    "Expected": "ConditionExpression",
    "ConditionalOperator": "AND and OR in an expression",
    "AttributeUpdates": "UpdateExpression",
    "KeyConditions": "KeyConditionExpression",
    "QueryFilter": "FilterExpression",
    "ScanFilter": "FilterExpression",
    "AttributesToGet": "the whole item",
}


def _names(request: Message) -> Mapping[str, str]:
    return request.get("ExpressionAttributeNames") or {}


def _partial_read_advice(request: Message) -> str | None:
    """Say what to change in a request whose reply may hold parts of items, which cannot be verified."""
    for parameter in PROJECTIONS:
        if request.get(parameter):
            return f"Only whole items can be verified: leave out {parameter}"
    if request.get("IndexName"):
        return (
            "Only whole items can be verified: query an index that projects all attributes, or get the items "
            "from the table by their keys"
        )
    return None
