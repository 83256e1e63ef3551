"""An item's virtual fields and compound beacons in plain text, to see how searches for it are written.

Source: AWS Database Encryption SDK for DynamoDB, operation ResolveAttributes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from dynaseal.attributes import Item
from dynaseal.beacons.compiled.search import CompiledSearch


class Searchable(Protocol):
    """The part of a table's configuration that this needs."""

    # Declared as TableConfig has it: to a type checker, a cached_property does not match a property.
    @cached_property
    def compiled_search(self) -> CompiledSearch | None:
        """The table's beacons, if it has any."""
        ...


@dataclass(frozen=True, slots=True)
class ResolvedAttributes:
    """An item's virtual fields and compound beacons by name, without those that have no value."""

    virtual_fields: Mapping[str, str]
    compound_beacons: Mapping[str, str]


def resolve_attributes(config: Searchable, item: Item) -> ResolvedAttributes:
    """Return the strings of an item's virtual fields and compound beacons, with nothing hashed.

    Args:
        config: The table's `TableConfig`.
        item: The decrypted item in wire form.

    Raises:
        EncryptError: a value that is needed as a string has none, or contains its beacon's split character.
        TypeError: a transform returned something else than a string.

    Example:
        >>> from dynaseal import (
        ...     AttributeActions, BeaconVersion, CompoundBeacon, CryptoAction, EncryptedPart, KeyStore,
        ...     RawAesKeyring, SearchConfig, SignedPart, SingleKeySource, StandardBeacon, TableConfig,
        ... )
        >>> place = CompoundBeacon("place", "|", [EncryptedPart("email", "E-")], [SignedPart("city", "C-")])
        >>> store = KeyStore("keys", "keys", "arn:aws:kms:us-west-2:111122223333:key/1234abcd")
        >>> version = BeaconVersion(store, SingleKeySource("people"), [StandardBeacon("email", 24)], [place])
        >>> config = TableConfig(
        ...     "people", "pk",
        ...     attribute_actions=AttributeActions(attribute_actions={"city": CryptoAction.SIGN_ONLY}),
        ...     keyring=RawAesKeyring("payroll", "2026", bytes(32)),
        ...     search=SearchConfig([version]),
        ... )
        >>> item = {"pk": {"S": "1"}, "city": {"S": "Bern"}, "email": {"S": "ann@example.com"}}
        >>> resolve_attributes(config, item).compound_beacons
        {'place': 'C-Bern|E-ann@example.com'}
    """
    compiled = config.compiled_search
    if compiled is None:
        return ResolvedAttributes({}, {})
    fields = {name: field.string(item) for name, field in compiled.virtual_fields.items()}
    compounds = {name: beacon.plain_string(item) for name, beacon in compiled.compound_beacons.items()}
    return ResolvedAttributes(_present(fields), _present(compounds))


def _present(strings: Mapping[str, str | None]) -> dict[str, str]:
    return {name: string for name, string in strings.items() if string is not None}
