"""Functions for AWS's Bulk Executor for DynamoDB, which loads exports and updates tables on AWS Glue.

The Bulk Executor imports a module by its name and takes functions with certain names from it. It sends them
to other processes by reference, so the module must define them; they call the methods here. Items have Python
values, as boto3's Table has them.

Source: https://github.com/awslabs/amazon-dynamodb-tools, `tools/bulk_executor`: `load_export/README.md` and
`update`.
"""

from collections.abc import Mapping
from typing import Any, Protocol, TypeVar

from boto3.dynamodb.types import TypeSerializer

from dynaseal.attributes import Item
from dynaseal.config import TableConfig
from dynaseal.core.arguments import ProcessBound
from dynaseal.core.quoting import quoted
from dynaseal.encryptor import python_deserializer
from dynaseal.migrate.transforming import OutcomeState, Plaintext, make_encryptors, transformer

PythonItem = Mapping[str, Any]


class FullRecord(Protocol):
    """A record of a full export, as the Bulk Executor passes it."""

    item: Any


class IncrementalRecord(Protocol):
    """A record of an incremental export, as the Bulk Executor passes it."""

    new_image: Any
    old_image: Any


_Full = TypeVar("_Full", bound=FullRecord)
_Incremental = TypeVar("_Incremental", bound=IncrementalRecord)


class BulkExecutorError(Exception):
    """An item that cannot be transformed; the Bulk Executor reports the message, and its job fails."""


class BulkExecutorHooks(ProcessBound):
    """What the functions of a Bulk Executor module call. Make one per module, so that its caches are kept.

    Args:
        source: The configuration that the items were written with.
        target: The configuration to write them with; or `PLAINTEXT`.

    Raises:
        ConfigError: an argument has the wrong type.
    """

    def __init__(self, source: TableConfig, target: TableConfig | Plaintext) -> None:
        self._transform = transformer(*make_encryptors("A BulkExecutorHooks", source, target)).transform
        self._key_names = source.key_names
        self._serializer = TypeSerializer()
        self._deserializer = python_deserializer()

    def transform_full_record(self, record: _Full) -> list[_Full]:
        """Transform the item of a full export's record, for `bulk load-export --transform`.

        Raises:
            BulkExecutorError: the item cannot be transformed.
        """
        record.item = self._python_item(record.item)
        return [record]

    def transform_incremental_record(self, record: _Incremental) -> list[_Incremental]:
        """Transform both images of an incremental export's record, for `bulk load-export --transform`.

        Raises:
            BulkExecutorError: an image cannot be transformed.
        """
        new, old = (
            self._python_item(image) if image else image for image in (record.new_image, record.old_image)
        )
        record.new_image, record.old_image = new, old
        return [record]

    def generate(self, item: PythonItem) -> dict[str, Any]:
        """Return the arguments of an `update_item` that transforms an item in place, for `bulk update`.

        The update's condition is that every attribute is as it was read, so a concurrent change is not lost:
        the item is then counted as failed, and the next run transforms it. An attribute that another program
        adds to an item that is not encrypted is not noticed: stop such writers first, or use `Migration`.

        Returns:
            The arguments; empty if the item is already as the target would write it.

        Raises:
            BulkExecutorError: the item cannot be transformed, or its key would change.
        """
        before = self._wire(item)
        state, after = self._transformed(before)
        if state == "skipped":
            return {}
        if any(before[name] != after.get(name) for name in self._key_names):
            raise BulkExecutorError(
                f"{self._describe(before)}: its key would change, and an update cannot change a key"
            )
        return self._update(before, after)

    def _update(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
        sets: list[str] = []
        removed: list[str] = []
        conditions: list[str] = []
        names: dict[str, str] = {}
        values: dict[str, Any] = {}
        for at, name in enumerate(sorted({*before, *after} - {*self._key_names})):
            names[f"#{at}"] = name
            if name in before:
                values[f":r{at}"] = self._deserializer.deserialize(before[name])
                conditions.append(f"#{at} = :r{at}")
            else:
                conditions.append(f"attribute_not_exists(#{at})")
            if name not in after:
                removed.append(f"#{at}")
            elif after[name] != before.get(name):
                values[f":w{at}"] = self._deserializer.deserialize(after[name])
                sets.append(f"#{at} = :w{at}")
        clauses = (("SET", sets), ("REMOVE", removed))
        return {
            "Key": {name: self._deserializer.deserialize(before[name]) for name in self._key_names},
            "UpdateExpression": " ".join(f"{word} {', '.join(parts)}" for word, parts in clauses if parts),
            "ConditionExpression": " AND ".join(conditions),
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": values,
        }

    def _python_item(self, item: PythonItem) -> dict[str, Any]:
        """Return the item to store in place of an item."""
        _, stored = self._transformed(self._wire(item))
        return {name: self._deserializer.deserialize(value) for name, value in stored.items()}

    def _transformed(self, item: Item) -> tuple[OutcomeState, dict[str, Any]]:
        """Return what became of an item in wire form, and the item to store.

        Raises:
            BulkExecutorError: the item cannot be transformed.
        """
        outcome = self._transform(item)
        if outcome.item is None:
            raise BulkExecutorError(f"{self._describe(item)}: {outcome.reason}")
        return outcome.state, outcome.item

    def _describe(self, item: Mapping[str, Any]) -> str:
        key = ", ".join(f"{name}={quoted(str(item.get(name)))}" for name in self._key_names)
        return f"The item {key} cannot be transformed"

    def _wire(self, item: PythonItem) -> dict[str, Any]:
        return {name: self._serializer.serialize(value) for name, value in item.items()}
