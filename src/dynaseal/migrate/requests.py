"""The requests that write a migrated item, on condition that nothing of what was read has changed. No I/O.

- An item is changed in place by an UpdateItem, which sets what the migration changed and removes what is
  gone. Attributes that stay unsigned are left to DynamoDB, where others may be changing them.
- The footer is different in each version of an encrypted item, so it stands for all that it covers. It does
  not cover attributes that were unsigned; each of them that the new signature covers must be as it was read.
- A plaintext item and one of the older format have nothing that stands for the rest: each attribute must be
  as it was read, and the attributes that the configurations name and the item lacks must still be absent.
- Each condition is false for an item that was deleted, so a deleted item stays deleted.
- Into another table, an item is put in a transaction: if there is none with its key yet, and if the item that
  was read has not changed.

DynamoDB allows 4 KB and 300 operators in an expression. An encrypted item with more attributes than that is
put as a whole, if the configurations name every unsigned attribute. Any other is refused.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from dynaseal.attributes import Item
from dynaseal.boto.interception.updates.writes import Expression
from dynaseal.config import TableConfig
from dynaseal.core.header import FOOTER_NAME, HEADER_NAME, RESERVED_PREFIX
from dynaseal.core.traces import is_older_item
from dynaseal.errors import UnsupportedOperationError
from dynaseal.legacy.identifiers import CryptoAction


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """An item that is to be written.

    Attributes:
        read: The item as it was read.
        written: The item to store.
        source: The configuration that items are read with.
        target: The configuration that items are written with; None if they become plaintext.
        unchanged: Attributes that must be as they were read, whatever the configurations say.
    """

    read: Item
    written: Item
    source: TableConfig
    target: TableConfig | None
    unchanged: frozenset[str] = frozenset()

    @property
    def key(self) -> dict[str, Any]:
        """The key of the item that was read."""
        return {name: self.read[name] for name in self.source.key_names}

    def in_place(self) -> tuple[str, dict[str, Any]]:
        """Return the operation and the request, without the table's name, that changes the item in place.

        Raises:
            UnsupportedOperationError: its expressions would exceed DynamoDB's limits.
        """
        expression = self._condition()
        for name in sorted({*self.read, *self.written}):
            if name not in self.written:
                expression.removes.append(expression.name(name))
            elif self.read.get(name) != self.written[name]:
                expression.sets.append(f"{expression.name(name)}={expression.value(self.written[name])}")
        if expression.fits:
            return "UpdateItem", {
                "Key": self.key,
                "UpdateExpression": expression.update_text,
                "ConditionExpression": expression.condition_text,
                **expression.placeholders(),
            }
        return "PutItem", self._put()

    def into_another_table(self, table: str, target_table: str) -> dict[str, Any]:
        """Return the request of TransactWriteItems that copies the item.

        Args:
            table: The table that the item was read from.
            target_table: The table that it is put into.

        Raises:
            UnsupportedOperationError: its expressions would exceed DynamoDB's limits.
        """
        check = self._condition(of_copy=True)
        if not check.fits:
            raise self._too_large()
        is_new = Expression()
        is_new.require((self.target or self.source).partition_key_name, None)
        return {
            "TransactItems": [
                {
                    "ConditionCheck": {
                        "TableName": table,
                        "Key": self.key,
                        "ConditionExpression": check.condition_text,
                        **check.placeholders(),
                    }
                },
                {
                    "Put": {
                        "TableName": target_table,
                        "Item": dict(self.written),
                        "ConditionExpression": is_new.condition_text,
                        **is_new.placeholders(),
                    }
                },
            ]
        }

    def unexpected(self, stored: Item) -> dict[str, Any]:
        """Return the attributes that another program added and that the new signature should have covered."""
        if self.target is None:
            return {}
        return {
            name: value
            for name, value in stored.items()
            if name not in self.written
            and not name.startswith(RESERVED_PREFIX)
            and not self.target.is_unsigned(name)
        }

    def was_unsigned(self, name: str) -> bool:
        """Return whether any program could add an attribute to the item that was read, and it still verified.

        To sign any other attribute would make a forged one look genuine.
        """
        if self._was_encrypted:
            return self.source.is_unsigned(name)
        older = self.source.older_items
        if older is None or not is_older_item(self.read):
            return True
        return older.attribute_actions.action(name) is CryptoAction.DO_NOTHING

    @property
    def _was_encrypted(self) -> bool:
        return FOOTER_NAME in self.read

    def _condition(self, *, of_copy: bool = False) -> Expression:
        """Return an expression whose condition is that nothing of what was read has changed.

        Args:
            of_copy: Whether unsigned attributes are copied too, and not left where they are.
        """
        if self._was_encrypted:
            expression = Expression()
            expression.require_item(self.source.partition_key_name)
            expression.require(FOOTER_NAME, self.read[FOOTER_NAME])
            required = self.source.is_unsigned if of_copy else self._must_be_unchanged
            _require(expression, self.read, {*filter(required, self._names), *self.unchanged})
            return expression
        keys = {*self.source.key_names}
        with_absent = self._condition_of_all({*self.read, *self._names} - keys)
        return with_absent if with_absent.fits else self._condition_of_all({*self.read} - keys)

    def _condition_of_all(self, names: Iterable[str]) -> Expression:
        expression = Expression()
        expression.require_item(self.source.partition_key_name)
        expression.require(HEADER_NAME, None)
        _require(expression, self.read, names)
        return expression

    @property
    def _names(self) -> frozenset[str]:
        """The attributes that the item has and those that the configurations name."""
        named = self.source.named_attributes | (self.target or self.source).named_attributes
        return named | {name for name in self.read if not name.startswith(RESERVED_PREFIX)}

    def _must_be_unchanged(self, name: str) -> bool:
        """Return whether an attribute was outside the old signature, and is inside the new one or changes."""
        if not self.source.is_unsigned(name):
            return False
        stays_unsigned = self.target is None or self.target.is_unsigned(name)
        return not stays_unsigned or self.read.get(name) != self.written.get(name)

    def _put(self) -> dict[str, Any]:
        configs = [self.source] if self.target is None else [self.source, self.target]
        expression = Expression()
        expression.require_item(self.source.partition_key_name)
        if not self._was_encrypted or not all(config.names_every_unsigned_attribute for config in configs):
            raise self._too_large()
        expression.require(FOOTER_NAME, self.read[FOOTER_NAME])
        unsigned = {name for name in self._names if any(config.is_unsigned(name) for config in configs)}
        _require(expression, self.read, unsigned | self.unchanged)
        if not expression.fits:
            raise self._too_large()
        return {
            "Item": dict(self.written),
            "ConditionExpression": expression.condition_text,
            **expression.placeholders(),
        }

    def _too_large(self) -> UnsupportedOperationError:
        return UnsupportedOperationError(
            f"The item has {len(self.read)} attributes: the condition that none of them has changed since it "
            "was read exceeds DynamoDB's limits of 4 KB and 300 operators",
            hint="Write it with a program of your own while no other program changes it",
        )


def _require(expression: Expression, read: Mapping[str, Any], names: Iterable[str]) -> None:
    for name in sorted(names):
        expression.require(name, read.get(name))
