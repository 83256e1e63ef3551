"""What an item's virtual fields and compound beacons are in plain text, so that queries can be written.

Source: AWS Database Encryption SDK for DynamoDB, operation ResolveAttributes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from dynaseal.attributes import Item
from dynaseal.beacons.compiled.search import CompiledSearch


class Searchable(Protocol):
    """A table's configuration, for what beacons need of it."""

    # Declared as TableConfig has it: to a type checker, a cached_property does not match a property.
    @cached_property
    def compiled_search(self) -> CompiledSearch | None:
        """The table's beacons, if it has any."""
        ...


@dataclass(frozen=True, slots=True)
class ResolvedAttributes:
    """An item's virtual fields and compound beacons by name; those that it has no value for are left out."""

    virtual_fields: Mapping[str, str]
    compound_beacons: Mapping[str, str]


def resolve_attributes(config: Searchable, item: Item) -> ResolvedAttributes:
    """Give the text of an item's virtual fields and compound beacons, with nothing hashed.

    Args:
        config: The table's `TableConfig`.
        item: The item in plain text, values as botocore's client has them.

    Raises:
        EncryptError: a value that must be text has none, or a part holds its beacon's split character.
    """
    compiled = config.compiled_search
    if compiled is None:
        return ResolvedAttributes({}, {})
    fields = {name: field.string(item) for name, field in compiled.virtual_fields.items()}
    compounds = {name: beacon.plain_string(item) for name, beacon in compiled.compound_beacons.items()}
    return ResolvedAttributes(_present(fields), _present(compounds))


def _present(texts: Mapping[str, str | None]) -> dict[str, str]:
    return {name: text for name, text in texts.items() if text is not None}
