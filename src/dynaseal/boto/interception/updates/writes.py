"""The request that writes an updated item, on condition that nothing of what was read has changed.

- An encrypted item is written by an UpdateItem. It sets what the new encryption changed and removes what is
  gone; the other unsigned attributes are left to DynamoDB, where others may be changing them.
- A clause of the caller's on an unsigned attribute that needs nothing else is passed on. Where its value was
  computed here, or anything was read from an unsigned attribute, that attribute must be as it was read.
- The footer stands for the rest: it is different in each version of an item, and an item that was deleted,
  or put anew, does not have it.
- Where the expressions would exceed DynamoDB's limits, the item is put as a whole, on condition that every
  unsigned attribute is as it was read.
- An item that is not encrypted has no footer. The condition is then that it still has none, and that every
  attribute that will be signed is as it was read. An attribute that another writer adds meanwhile, and that
  no condition can name, stays in the item.
- An item of the older format is put as a whole, on condition that it is as it was read: which of its
  attributes the older writer encrypted, only the older actions say.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from dynaseal.attributes import AttributeValue, Item
from dynaseal.boto.interception.updates.unsigned_clauses import UnsignedClauses
from dynaseal.config import TableConfig
from dynaseal.core.header import FOOTER_NAME, HEADER_NAME, LEGACY_SIGNATURE_NAME, RESERVED_PREFIX
from dynaseal.core.traces import is_older_item
from dynaseal.errors import UnsupportedOperationError
from dynaseal.expressions.refusals import DYNAMODB_OPERATORS
from dynaseal.expressions.tokens import MAX_EXPRESSION_BYTES
from dynaseal.expressions.tree import Path
from dynaseal.expressions.update import Arithmetic, IfNotExists, ListAppend, SetSource


def is_left_to_dynamodb(config: TableConfig, name: str) -> bool:
    """Return whether an attribute is unsigned, so that others may change it without this library."""
    return config.is_unsigned(name) and not name.startswith(RESERVED_PREFIX)


@dataclass
class Expression:
    """The placeholders of one request, and the expressions that use them."""

    names: dict[str, str] = field(default_factory=dict[str, str])
    values: dict[str, AttributeValue] = field(default_factory=dict[str, AttributeValue])
    sets: list[str] = field(default_factory=list[str])
    removes: list[str] = field(default_factory=list[str])
    adds: list[str] = field(default_factory=list[str])
    deletes: list[str] = field(default_factory=list[str])
    conditions: list[str] = field(default_factory=list[str])
    functions: int = 0
    _placeholders: dict[str, str] = field(default_factory=dict[str, str])

    def name(self, name: str) -> str:
        """Return the placeholder of a name."""
        placeholder = self._placeholders.setdefault(name, f"#{len(self._placeholders)}")
        self.names[placeholder] = name
        return placeholder

    def value(self, value: AttributeValue) -> str:
        """Return a placeholder for a value."""
        placeholder = f":{len(self.values)}"
        self.values[placeholder] = value
        return placeholder

    def path(self, path: Path, names: Mapping[str, str]) -> str:
        """Return a path of the caller's with placeholders."""
        parts = [
            f"[{step}]" if isinstance(step, int) else f".{self.name(names.get(step, step))}"
            for step in path.steps
        ]
        return "".join(parts)[1:]

    def source(
        self, source: SetSource, names: Mapping[str, str], values: Mapping[str, AttributeValue]
    ) -> str:
        """Return a right side of the caller's with placeholders."""
        if isinstance(source, Path):
            return self.path(source, names)
        if isinstance(source, Arithmetic):
            self.functions += 1
            left, right = (self.source(each, names, values) for each in (source.left, source.right))
            return f"{left} {source.sign} {right}"
        if isinstance(source, IfNotExists):
            self.functions += 1
            path, other = self.path(source.path, names), self.source(source.otherwise, names, values)
            return f"if_not_exists({path},{other})"
        if isinstance(source, ListAppend):
            self.functions += 1
            first, second = (self.source(each, names, values) for each in (source.first, source.second))
            return f"list_append({first},{second})"
        return self.value(values[source.name])

    def require(self, name: str, value: AttributeValue | None) -> None:
        """Require an attribute to be as it was read."""
        placeholder = self.name(name)
        self.conditions.append(
            f"attribute_not_exists({placeholder})" if value is None else f"{placeholder}={self.value(value)}"
        )

    def require_item(self, name: str) -> None:
        """Require that there is an item, by one of its key attributes."""
        self.conditions.append(f"attribute_exists({self.name(name)})")

    @property
    def update_text(self) -> str:
        """The UpdateExpression."""
        clauses = (("SET", self.sets), ("REMOVE", self.removes), ("ADD", self.adds), ("DELETE", self.deletes))
        return " ".join(f"{clause} {','.join(actions)}" for clause, actions in clauses if actions)

    @property
    def condition_text(self) -> str:
        """The ConditionExpression."""
        return " AND ".join(self.conditions)

    @property
    def fits(self) -> bool:
        """Whether the expressions are within DynamoDB's limits."""
        return (
            max(len(self.update_text), len(self.condition_text)) <= MAX_EXPRESSION_BYTES
            and self.functions <= DYNAMODB_OPERATORS
            and 2 * len(self.conditions) <= DYNAMODB_OPERATORS
        )

    def placeholders(self) -> dict[str, Any]:
        """Return the request's members for placeholders."""
        members: dict[str, Any] = {"ExpressionAttributeNames": self.names}
        return {**members, "ExpressionAttributeValues": self.values} if self.values else members


@dataclass(frozen=True, kw_only=True)
class ItemVersions:
    """One item, before and after an update.

    Attributes:
        read: The stored item as it was read; None if there was none.
        written: The item to store.
        after: The item after the update, in plaintext.
        clauses: What the update does to unsigned attributes.
    """

    read: Item | None
    written: Item
    after: Item
    clauses: UnsignedClauses

    @property
    def was_encrypted(self) -> bool:
        """Whether an encrypted item was read."""
        return self.read is not None and HEADER_NAME in self.read

    @property
    def was_older(self) -> bool:
        """Whether an item of the older format was read."""
        return self.read is not None and is_older_item(self.read)

    def is_written(self, stored: Item) -> bool:
        """Return whether a stored item is what was written: no two written items have the same footer."""
        marks = (name for name in (FOOTER_NAME, LEGACY_SIGNATURE_NAME) if name in self.written)
        return any(stored.get(name) == self.written[name] for name in marks)


def write_request(config: TableConfig, key: Item, versions: ItemVersions) -> tuple[str, dict[str, Any]]:
    """Return the operation that writes an item, and its request without the table's name.

    Args:
        config: The table's configuration.
        key: The item's key as it is stored.
        versions: The item.

    Raises:
        UnsupportedOperationError: no request within DynamoDB's limits can have the condition.
    """
    if versions.read is not None and not versions.was_older:
        expression = _update(config, versions, versions.read)
        if expression.fits:
            return "UpdateItem", {
                "Key": dict(key),
                "UpdateExpression": expression.update_text,
                "ConditionExpression": expression.condition_text,
                **expression.placeholders(),
            }
    return "PutItem", _put(config, versions)


def _update(config: TableConfig, versions: ItemVersions, read: Item) -> Expression:
    written, clauses = versions.written, versions.clauses
    expression = Expression()
    if versions.was_encrypted:
        expression.require(FOOTER_NAME, read.get(FOOTER_NAME))
    else:
        expression.require_item(config.partition_key_name)
        expression.require(HEADER_NAME, None)
        known = {*read, *config.named_attributes, *clauses.named}
        for name in sorted(known - {*config.key_names}):
            if not is_left_to_dynamodb(config, name):
                expression.require(name, read.get(name))
    for name in sorted(clauses.required):
        expression.require(name, read.get(name))
    replaced = {
        name
        for name in {*read, *written}
        if name not in config.key_names and not is_left_to_dynamodb(config, name)
    } | clauses.computed
    for name in sorted(replaced):
        if name not in written:
            if name in read:
                expression.removes.append(expression.name(name))
        elif read.get(name) != written[name]:
            expression.sets.append(f"{expression.name(name)}={expression.value(written[name])}")
    clauses.add_to(expression)
    return expression


def _put(config: TableConfig, versions: ItemVersions) -> dict[str, Any]:
    expression = Expression()
    read = versions.read
    if read is None:
        expression.require(config.partition_key_name, None)
    elif versions.was_encrypted:
        expression.require(FOOTER_NAME, read.get(FOOTER_NAME))
        _require_all(expression, read, _unsigned_names(config, read))
    elif versions.was_older:
        _require_all(expression, read, {*read} - {*config.key_names})
    else:
        raise UnsupportedOperationError(
            f"An update on the table {config.logical_table_name!r} cannot be made: the item is not encrypted "
            "and has too many attributes for one UpdateItem, and a PutItem could overwrite an attribute that "
            "another writer has added",
            hint="Encrypt the table's items first, with `dynaseal migrate`",
        )
    if not expression.fits:
        raise UnsupportedOperationError(
            f"An update on the table {config.logical_table_name!r} cannot be made: its condition, that no "
            "attribute has changed since it was read, exceeds DynamoDB's limits of 4 KB and 300 operators",
            hint="Put the item with a condition on a version number",
        )
    return {
        "Item": dict(versions.written),
        "ConditionExpression": expression.condition_text,
        **expression.placeholders(),
    }


def _require_all(expression: Expression, read: Item, names: Iterable[str]) -> None:
    for name in sorted(names):
        expression.require(name, read.get(name))


def _unsigned_names(config: TableConfig, read: Item) -> set[str]:
    """Return the unsigned attributes that an item has, or that others may have added to it meanwhile.

    Raises:
        UnsupportedOperationError: they are not all known by name.
    """
    if not config.names_every_unsigned_attribute:
        raise UnsupportedOperationError(
            f"An update on the table {config.logical_table_name!r} cannot be made: it changes more "
            "attributes than one UpdateItem can, and a PutItem could overwrite an unsigned attribute that "
            "another writer has added, because the configuration does not name each of them",
            hint="Put the item with a condition on a version number",
        )
    present = {name for name in read if is_left_to_dynamodb(config, name)}
    return present | frozenset(config.allowed_unsigned_attributes)


def returned_kind(return_values: str) -> str:
    """Return which whole item a write has to return for the caller's ReturnValues."""
    kinds = {
        "ALL_OLD": "ALL_OLD",
        "UPDATED_OLD": "ALL_OLD",
        "ALL_NEW": "ALL_NEW",
        "UPDATED_NEW": "ALL_NEW",
    }
    return kinds.get(return_values, "NONE")


def with_unsigned(config: TableConfig, item: Item, returned: Item) -> dict[str, Any]:
    """Return an item with the unsigned attributes that DynamoDB returned; others may have set them."""
    signed = {name: value for name, value in item.items() if not is_left_to_dynamodb(config, name)}
    return signed | {name: value for name, value in returned.items() if is_left_to_dynamodb(config, name)}
